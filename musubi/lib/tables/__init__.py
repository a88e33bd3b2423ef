"""Municipalities' tables: read as they have them, written so that Excel opens them safely.

    tables = read(data, "一覧.xlsx")     # one Table per sheet that holds anything
    tables[0].columns[3].name           # "公益法人の場合 公益法人の区分"
    tables[0].rows[0].number            # 5, the row number the person sees
    cell_address(row, column)           # "D5"

Files here: `table` what a table is · `csv_text` and `workbook` (with `workbook_child`) a file to a grid of cells ·
`header` a grid to a table · `writing` the way out.
"""

from musubi.lib.tables.reading import read
from musubi.lib.tables.table import Cell, Column, Row, Table, cell_address, column_letter
from musubi.lib.tables.writing import write_csv, write_xlsx

__all__ = [
    "Cell",
    "Column",
    "Row",
    "Table",
    "cell_address",
    "column_letter",
    "read",
    "write_csv",
    "write_xlsx",
]
