"""CSV bytes to a grid: encoding, delimiter, records. Nothing is guessed that would lose a character or a row."""

import csv
import io
from collections import Counter

from musubi.lib.tables.limits import MAX_CELLS, MAX_ROWS
from musubi.lib.tables.table import Cell, Grid

_SAVE_AS = "Excelの「名前を付けて保存」で「CSV UTF-8」を選んで保存し直してください。"
_SNIFFED_RECORDS = 50


def read_csv(data: bytes, tab: bool = False) -> Grid:
    """UTF-8 (with or without BOM) or CP932, separated by commas or tabs (`tab`: which to take when both fit).

    Raises ValueError with a Japanese sentence.
    """
    text = decode(data)
    delimiter = _delimiter(text, tab)
    records: list[list[Cell]] = []
    width = 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for record in reader:
            records.append([cell if cell else None for cell in record])
            width = max(width, len(record))
            if len(records) > MAX_ROWS or width * len(records) > MAX_CELLS:
                raise ValueError(
                    f"表が大きすぎます({len(records):,}行目、{width:,}列)。{MAX_ROWS:,}行、{MAX_CELLS:,}セルまでに分けてください。"
                )
    except csv.Error as error:
        raise ValueError(
            f'{len(records) + 1}行目(ファイルの{reader.line_num}行目付近)の引用符「"」の対応が合わないか、'
            "1つのセルが長すぎます。その行を直してください。"
        ) from error
    for record in records:
        record.extend([None] * (width - len(record)))
    return Grid(sheet="CSV", rows=records)


def decode(data: bytes) -> str:
    """The text of a CSV file. Raises ValueError where it is neither UTF-8 nor CP932."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"文字コードがUTF-16です。{_SAVE_AS}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as utf8:
        text = _decode_cp932(data, utf8)
    if "\x00" in text or "\x1b" in text:  # binary data, or ISO-2022-JP from a mail
        raise ValueError(f"文字として読めません。{_SAVE_AS}")
    return text


def _decode_cp932(data: bytes, utf8: UnicodeDecodeError) -> str:
    try:
        text = data.decode("cp932")
    except UnicodeDecodeError as error:
        if _decodes_as_euc(data):
            raise ValueError(f"文字コードがEUC-JPのようです。{_SAVE_AS}") from error
        # The one that got further is the encoding that was meant; the sentence shows where it breaks.
        name, place = ("UTF-8", utf8.start) if utf8.start > error.start else ("Shift_JIS", error.start)
        line = data.count(b"\n", 0, place) + 1
        raise ValueError(
            f"文字コードがUTF-8でもShift_JIS(CP932)でもありません({name}として読むと{line}行目で読めなくなります)。{_SAVE_AS}"
        ) from error
    # EUC-JP that happens to pass as CP932 is mostly half-width katakana, in which hardly anybody writes a whole table.
    half_width = sum("｡" <= letter <= "ﾟ" for letter in text)
    if 2 * half_width > sum(letter > "\x7f" for letter in text) and _decodes_as_euc(data):
        raise ValueError(f"文字コードがEUC-JPのようです。{_SAVE_AS}")
    return text


def _decodes_as_euc(data: bytes) -> bool:
    try:
        data.decode("euc_jp")
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(text: str, tab: bool) -> str:
    """The one that cuts most of the first records into the same number of cells."""

    def agreeing(delimiter: str) -> int:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        counts: Counter[int] = Counter()
        try:
            for record, _ in zip(reader, range(_SNIFFED_RECORDS), strict=False):
                counts[len(record)] += len(record) > 1
        except csv.Error:
            return 0
        return max(counts.values(), default=0)

    commas, tabs = agreeing(","), agreeing("\t")
    return "\t" if tabs > commas or (tab and tabs == commas and tabs) else ","
