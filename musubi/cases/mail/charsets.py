"""Bytes of a mail to text, in the encodings Japanese mail programs really send."""

import codecs
import re

# What says ISO-2022-JP, Shift_JIS or GB2312 on Windows means the larger set that Windows writes under that name.
_MEANT = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "iso-2022-jp-ms": "iso-2022-jp",
    "cp50220": "iso-2022-jp",
    "cp50221": "iso-2022-jp",
    "gb2312": "gb18030",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "cp1252",
    "": "utf-8",
}
# Python's own ways of writing text, which no mail is written in: some take time with the square of the length.
_NO_CHARACTER_SETS = {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ufeff\ud800-\udfff]")


def decode(raw: bytes, charset: str = "") -> str:
    """The text of `raw`; never fails. Line ends become newlines, control characters fall away."""
    charset = _MEANT.get(charset.strip().strip("\"'").lower(), charset.strip().lower())
    return tidy(_decoded(raw, charset))


def tidy(text: str) -> str:
    """Text fit for the database and the page: no control characters, one kind of line end."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _decoded(raw: bytes, charset: str) -> str:
    if charset.startswith("iso-2022-jp") or (charset == "utf-8" and b"\x1b$" in raw):
        return _iso_2022_jp(raw)
    for name in (charset, "utf-8", "cp932", "euc_jp"):
        try:
            codec = codecs.lookup(name)
            # Python also has codecs that are no character sets (zip, base64): not for somebody else's bytes.
            if codec._is_text_encoding and codec.name not in _NO_CHARACTER_SETS:
                return codec.decode(raw)[0]
        except (LookupError, ValueError):
            continue
    return raw.decode("utf-8", "replace")


def _iso_2022_jp(raw: bytes) -> str:
    """ISO-2022-JP with what Windows adds to it (①, ㈱, 髙, half-width kana): Python's own codec knows none of these."""
    found, kanji, kana, start = [], False, False, 0
    for mark in [*re.finditer(rb"\x1b(\$[@B]|\$\(D|\([BJIH])", raw), None]:
        piece = raw[start : mark.start() if mark else len(raw)]
        if kanji:
            found.append(_kanji(piece))
        elif kana:
            found.append(bytes(byte | 128 for byte in piece if byte > 32).decode("cp932", "replace"))
        else:
            found.append(piece.decode("cp932", "replace"))
        if mark:
            kanji, kana, start = mark[1][:1] == b"$", mark[1] == b"(I", mark.end()
    return "".join(found)


def _kanji(piece: bytes) -> str:
    """Pairs of JIS X 0208 as Shift_JIS, and that as Windows reads it."""
    out = bytearray()
    at = 0
    while at < len(piece):
        high, low = piece[at], piece[at + 1] if at + 1 < len(piece) else 0
        if high < 0x21 or low < 0x21:  # a line end without its escape
            out.append(high)
            at += 1
            continue
        low += 0x7E if not high & 1 else 0x1F + (low >= 0x60)
        out.append(((high - 0x21) >> 1) + (0x81 if high < 0x5F else 0xC1))
        out.append(low & 255)
        at += 2
    return out.decode("cp932", "replace")
