"""Whether the files of an index are as they were written.

Tantivy ends each of its files with a footer that holds the checksum of what is before it, and does not look at it when
it opens them: a file that a full disk or a power cut has spoilt then gives wrong answers, or a panic that fills the
log. So the checksums are compared before the index is opened; of each file once a process.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

_END = struct.Struct("<II")
_MAGIC = 1337
_LONGEST_FOOTER = 4096
_AT_ONCE = 1 << 20

_known: set[tuple[int, int, int, int]] = set()


def check(folder: Path) -> None:
    """Raises ValueError, KeyError or OSError where a file of the index in a folder is not whole. One that is not there
    is left for Tantivy to find: a writer may just have merged it into another."""
    looked_at = set()
    for path in _files(folder):
        try:
            stat = path.stat()
            stamp = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if stamp not in _known and not _is_whole(path, stat.st_size):
                raise ValueError(f"{path.name} is not whole")
        except FileNotFoundError:
            continue
        looked_at.add(stamp)
    _known.update(looked_at)


def _files(folder: Path) -> Iterator[Path]:
    """The files the last commit speaks of."""
    names = [path.name for path in folder.iterdir()]
    for segment in json.loads((folder / "meta.json").read_text(encoding="utf-8"))["segments"]:
        start = segment["segment_id"].replace("-", "") + "."
        # A `.del` of another commit may be in the making.
        yield from (folder / name for name in names if name.startswith(start) and not name.endswith(".del"))
        if deleted := segment["deletes"]:
            yield folder / f"{start}{deleted['opstamp']}.del"


def _is_whole(path: Path, size: int) -> bool:
    if size < _END.size:
        return False
    with path.open("rb") as file:
        file.seek(-_END.size, 2)
        length, magic = _END.unpack(file.read())
        body = size - _END.size - length
        if magic != _MAGIC or length > _LONGEST_FOOTER or body < 0:
            return False
        file.seek(body)
        footer = file.read(length)
        file.seek(0)
        found = 0
        while body > 0 and (piece := file.read(min(body, _AT_ONCE))):
            found = zlib.crc32(piece, found)
            body -= len(piece)
    try:
        return body == 0 and json.loads(footer)["crc"] == found
    except (ValueError, KeyError, TypeError):
        return False
