import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.lib.tables import Column, cell_address, column_letter, read, write_csv
from tests.lib.shared_data import shared

PLAIN = "課題名,担当課,締切\n海ごみを減らす,環境課,令和６年６月１５日\n講座を開く,教育課,R6.9.1\n"


def _refusal(data: bytes, filename: str = "一覧.csv") -> str:
    with pytest.raises(ValueError) as caught:
        read(data, filename)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize(
    ("delimiter", "filename"), [(",", "a.csv"), ("\t", "a.tsv"), ("\t", "a.csv"), (",", "a.txt")]
)
def test_csv_in_each_encoding_and_delimiter(encoding, delimiter, filename):
    (table,) = read(PLAIN.replace(",", delimiter).encode(encoding), filename)
    assert table.columns == [Column("課題名", "A"), Column("担当課", "B"), Column("締切", "C")]
    assert table.header_rows == (1,)
    assert [(row.number, row.cells) for row in table.rows] == [
        (2, ["海ごみを減らす", "環境課", "令和６年６月１５日"]),
        (3, ["講座を開く", "教育課", "R6.9.1"]),
    ]


def test_csv_skips_titles_and_blank_rows_and_keeps_the_row_numbers():
    text = '課題一覧,,\r\n令和6年4月1日現在,,\r\n\r\n課題名,担当課,詳細\r\nごみ,環境課,"一行目\r\n二行目"\r\n,,\r\n\r\n道,土木課,\r\n※詳細は各課へ,,\r\n'
    (table,) = read(text.encode("cp932"), "a.csv")
    assert [row.number for row in table.title_rows] == [1, 2]
    assert table.header_rows == (4,)
    assert [(row.number, row.cells) for row in table.rows] == [
        (5, ["ごみ", "環境課", "一行目\r\n二行目"]),
        (8, ["道", "土木課", None]),
    ]
    assert [row.number for row in table.notes] == [9]
    assert table.blank_rows == 3
    assert table.total_rows == 9


def test_csv_joins_a_second_header_row_that_fills_the_gaps():
    text = "名称,連絡先,,備考,分類,\n,電話,メール,,大,小\nA社,03,a@example.jp,,環境,海\n"
    (table,) = read(text.encode(), "a.csv")
    assert table.header_rows == (1, 2)
    assert table.names == ["名称", "連絡先 電話", "連絡先 メール", "備考", "分類 大", "分類 小"]
    assert [row.number for row in table.rows] == [3]


def test_csv_first_data_row_is_not_taken_for_a_second_header_row():
    text = "名称,担当,備考,\nA社,田中,要連絡,済\nB社,佐藤,,\n"
    (table,) = read(text.encode(), "a.csv")
    assert table.header_rows == (1,)
    assert table.names == ["名称", "担当", "備考", ""]
    assert [row.number for row in table.rows] == [2, 3]


def test_csv_with_a_header_only_has_no_rows():
    (table,) = read("課題名,担当課\n".encode(), "a.csv")
    assert (table.names, table.rows, table.total_rows) == (["課題名", "担当課"], [], 1)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "「一覧.csv」: ファイルが空です。"),
        (b"\xef\xbb\xbf", "表に何も入っていません。"),
        (b"\r\n\r\n", "ファイルが空です。"),
        (PLAIN.encode("utf-16"), "文字コードがUTF-16です。"),
        (PLAIN.encode("euc_jp"), "文字コードがEUC-JPのようです。"),
        ("テスト,カナ\n".encode("euc_jp"), "文字コードがEUC-JPのようです。"),
        (PLAIN.encode("iso2022_jp"), "文字として読めません。"),
        (
            PLAIN.encode() + b"\xe6\xb5",
            "文字コードがUTF-8でもShift_JIS(CP932)でもありません(UTF-8として読むと4行目で",
        ),
        (PLAIN.encode("cp932") + b"\x81", "(Shift_JISとして読むと4行目で"),
        (b"a,b\n\x00\x01,c\n", "文字として読めません。"),
        ('a,b\n1,"開いたまま\n2,3\n'.encode(), "2行目(ファイルの3行目付近)の引用符"),
        (b'a,b\n1,"x"y\n', "2行目(ファイルの2行目付近)の引用符"),
        (b"%PDF-1.7 ...", "PDFは表として読めません。"),
        (b"<html><table></table></html>", "HTMLかXMLです。"),
    ],
)
def test_csv_refuses_with_a_sentence(data, sentence):
    assert sentence in _refusal(data)


def test_csv_too_large_is_refused():
    assert "ファイルが大きすぎます(20.0MB)。20MBまでに" in _refusal(b"a,b\n" + b"1,2\n" * 5_000_001)
    assert "表が大きすぎます(100,001行目、1列)。100,000行" in _refusal(b"a\n" * 100_001)
    assert "10,000,000セルまでに" in _refusal(b"," * 2000 + b"\n" + b"a\n" * 6000)


def test_csv_of_a_hundred_thousand_rows_is_read():
    (table,) = read("名称\n".encode() + b"a\n" * 99_999, "a.csv")
    assert len(table.rows) == 99_999


@pytest.mark.parametrize(
    ("relative", "rows", "columns"),
    [
        ("needs/municipal_needs_shared.csv", None, 13),
        ("members/organisations_shinagawa_shared.csv", 195, 9),
        ("importer/yaizu_event_standard_dataset_utf8.csv", 16, 80),
        ("importer/yaizu_event_standard_dataset_cp932.csv", 16, 80),
        ("importer/municipalities_2017_cp932.csv", 1916, 9),
        ("calendar_ids/syukujitsu_cp932.csv", 1067, 2),
    ],
)
def test_real_csv_files_lose_no_row(relative, rows, columns):
    data = shared(relative).read_bytes()
    (table,) = read(data, relative)
    text = data.decode("cp932" if "cp932" in relative else "utf-8-sig")
    records = list(csv.reader(io.StringIO(text, newline="")))
    assert len(table.columns) == columns
    assert [table.names, *([cell or "" for cell in row.cells] for row in table.rows)] == records
    assert rows in (None, len(table.rows))


def test_real_files_in_two_encodings_are_the_same_table():
    utf8, cp932 = (
        read(shared(f"importer/yaizu_event_standard_dataset_{encoding}.csv").read_bytes(), "a.csv")[0]
        for encoding in ("utf8", "cp932")
    )
    assert utf8 == cp932


CELLS = st.text(alphabet="あ課A1,\"'\n =※-", max_size=6)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=12))
def test_no_csv_row_is_ever_lost(records):
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(records)
    data = b"\xef\xbb\xbf" + buffer.getvalue().encode()
    if not any(cell.strip() for record in records for cell in record):
        return
    (table,) = read(data, "a.csv")
    read_back = list(csv.reader(io.StringIO(buffer.getvalue(), newline="")))
    blank = {i for i, record in enumerate(read_back, 1) if not any(cell.strip() for cell in record)}
    seen = [row.number for row in (*table.title_rows, *table.rows, *table.notes)]
    assert table.total_rows == len(read_back)
    assert table.blank_rows == len(blank)
    assert {*seen, *table.header_rows} == set(range(1, len(read_back) + 1)) - blank
    assert len(seen) + len(table.header_rows) == len(read_back) - len(blank)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_every_csv_value_stands_where_it_stood(records):
    records = [["名称", "所在地", "業種"], *records, ["A社", "汐風区", "小売"]]
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(records)
    (table,) = read(buffer.getvalue().encode(), "a.csv")
    assert table.names == records[0]
    assert [[cell or "" for cell in row.cells] for row in table.rows] == [
        record for record in records[1:] if any(cell.strip() for cell in record)
    ]


def test_column_letters_and_cell_addresses():
    assert [column_letter(i) for i in (0, 25, 26, 51, 52, 701, 702, 16383)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
        "XFD",
    ]
    (table,) = read(PLAIN.encode(), "a.csv")
    assert cell_address(table.rows[1], table.columns[1]) == "B3"
    assert cell_address(12, 1) == "B12"
    assert cell_address(12, "AB") == "AB12"


def test_written_csv_reads_back():
    rows = [["海ごみ", 3, None], ['改行\nと"引用"', -5, "a,b"]]
    (table,) = read(write_csv(["名称", "件数", "備考"], rows), "a.csv")
    assert table.names == ["名称", "件数", "備考"]
    assert [row.cells for row in table.rows] == [["海ごみ", "3", None], ['改行\nと"引用"', "-5", "a,b"]]
