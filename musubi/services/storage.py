"""Files that people send: what is accepted, and under which names it is kept.

Accepted are plain documents, tables, slides and pictures. A file must be what its extension says; macros, archives
and programs are refused. Files lie outside every web root under random names and are only ever served as
downloads.
"""

import re
import secrets
import unicodedata
import zipfile
from codecs import getincrementaldecoder
from pathlib import PurePosixPath
from typing import NamedTuple

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.utils.translation import gettext as _

from musubi.lib.errors import Refused
from musubi.services.virus_scan import Verdict, scan

_OFFICE = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "docx": _OFFICE + "wordprocessingml.document",
    "xlsx": _OFFICE + "spreadsheetml.sheet",
    "pptx": _OFFICE + "presentationml.presentation",
    "odt": _ODF + "text",
    "ods": _ODF + "spreadsheet",
    "odp": _ODF + "presentation",
    "csv": "text/csv",
    "txt": "text/plain",
}
# For a form's `accept` attribute.
ACCEPT = ",".join(f".{extension}" for extension in MEDIA_TYPES)
_KINDS = (
    "PDF、画像(PNG・JPEG・GIF・WebP)、Word・Excel・PowerPoint(docx・xlsx・pptx)、OpenDocument、CSV、テキスト"
)
_SIGNATURES = {
    "pdf": re.compile(rb"%PDF-\d"),
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpg": re.compile(rb"\xff\xd8\xff"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "gif": re.compile(rb"GIF8[79]a"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_MAIN_FOLDER = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
_ODF_KINDS = ("odt", "ods", "odp")
_MACRO_EXTENSIONS = {"docm", "dotm", "xlsm", "xltm", "xlsb", "xlam", "pptm", "potm", "ppsm", "ppam"}
_OLD_OFFICE = {"doc": "docx", "xls": "xlsx", "ppt": "pptx"}
_MACRO_PARTS = re.compile(
    r"(^|/)vba[^/]*\.bin$|(^|/)macrosheets/|^basic/|^scripts/|\.(cls|bas)$", re.IGNORECASE
)
_MOST_PARTS = 5000
_NAME_LENGTH = 120


class Upload(NamedTuple):
    """An accepted file: its name as people read it, its media type, its size in bytes."""

    name: str
    media_type: str
    size: int


def accept_upload(uploaded: UploadedFile) -> Upload:
    """Look through a file somebody sent.

    Raises Refused with a sentence for the person. Afterwards `uploaded.name` is a random one, under which a
    FileField stores it; keep the returned name beside it.
    """
    name = clean_name(uploaded.name or "")
    extension = PurePosixPath(name).suffix[1:].lower()
    if extension in _MACRO_EXTENSIONS:
        raise _macros(name)
    if extension in _OLD_OFFICE:
        raise Refused(
            _("「%(name)s」は古い形式です。Officeで開き、%(new)s形式で保存し直してから載せてください。")
            % {"name": name, "new": _OLD_OFFICE[extension]}
        )
    if extension not in MEDIA_TYPES:
        raise Refused(
            _("「%(name)s」の形式は受け付けていません。次の形式にしてください: %(kinds)s。")
            % {"name": name, "kinds": _KINDS}
        )
    if not uploaded.size:
        raise Refused(
            _("「%(name)s」は空のファイルです。中身を確かめて、もう一度選んでください。") % {"name": name}
        )
    if uploaded.size > settings.UPLOAD_MAX_BYTES:
        raise Refused(
            _(
                "「%(name)s」は大きすぎます(%(size)s MB)。%(limit)s MB までに分けるか、圧縮して載せてください。"
            )
            % {
                "name": name,
                "size": _megabytes(uploaded.size),
                "limit": f"{settings.UPLOAD_MAX_BYTES / 2**20:g}",
            }
        )
    uploaded.seek(0)
    try:
        if extension in _SIGNATURES:
            fits = bool(_SIGNATURES[extension].match(uploaded.read(16)))
        elif extension in ("csv", "txt"):
            fits = _is_text(uploaded)
        else:
            fits = _is_office(uploaded, name, extension)
    finally:
        uploaded.seek(0)
    if not fits:
        raise Refused(
            _(
                "「%(name)s」の中身は%(kind)sではないようです。壊れていないか、パスワードがかかっていないか、"
                "元のソフトで開いて保存し直してから、もう一度選んでください。"
            )
            % {"name": name, "kind": extension.upper()}
        )
    uploaded.name = random_name(extension)
    return Upload(name, MEDIA_TYPES[extension], uploaded.size)


def keep(model: type[models.Model], uploaded: UploadedFile) -> dict:
    """Look through a file somebody sent and store it: `stored`, `name`, `size`, `media_type` for the action that
    follows, and `scanned` where the model says of each file whether it was looked through for viruses.

    Never inside a transaction: asking the virus scanner may take seconds. Raises Refused with a sentence for the
    person; then nothing was stored.
    """
    accepted = accept_upload(uploaded)
    verdict = scan(uploaded).verdict
    if verdict == Verdict.INFECTED:
        raise Refused(
            _(
                "「%(name)s」からウイルスが見つかったため、受け付けませんでした。お使いの機器を確かめてください。"
            )
            % {"name": accepted.name}
        )
    field = model._meta.get_field("file")
    kept = {"stored": field.storage.save(field.generate_filename(None, uploaded.name), uploaded)}
    if any(each.name == "scanned" for each in model._meta.fields):
        kept["scanned"] = verdict
    return {**kept, **accepted._asdict()}


def discard(model: type[models.Model], kept: dict) -> None:
    """Take off the disk what `keep` stored, where nothing came of it."""
    model._meta.get_field("file").storage.delete(kept["stored"])


def random_name(extension: str) -> str:
    """A name nobody can guess, for the disk."""
    return f"{secrets.token_hex(16)}.{extension}"


def clean_name(name: str) -> str:
    """The file's name without folders, invisible characters and what file systems trip over; Japanese is kept.

    Never empty, at most 120 characters, its extension kept.
    """
    # Some send decomposed letters (か + ゛); compatibility characters such as ① stay what they are.
    name = unicodedata.normalize("NFC", name)
    name = "".join(
        c for c in name if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    name = re.split(r"[/\\]", name)[-1]
    name = re.sub(r'[<>:"|?*]', "_", " ".join(name.split())).strip(" .")
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    stem = stem.rstrip(" .") or _("資料")
    if re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", stem, re.IGNORECASE):
        stem = "_" + stem
    extension = extension.strip()[:10]
    return stem[: _NAME_LENGTH - len(extension) - 1].rstrip(" .") + (f".{extension}" if extension else "")


def _is_text(file: UploadedFile) -> bool:
    """Whether the whole file is text in UTF-8, UTF-16 with its mark, or CP932."""
    start = file.read(2)
    encodings = ["utf-16"] if start in (b"\xff\xfe", b"\xfe\xff") else ["utf-8", "cp932"]
    return any(_decodes(file, encoding) for encoding in encodings)


def _decodes(file: UploadedFile, encoding: str) -> bool:
    decoder = getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while chunk := file.read(1 << 16):
            if re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", decoder.decode(chunk)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_office(file: UploadedFile, name: str, extension: str) -> bool:
    """Whether the file is an office document of this kind; macros are refused. Nothing large is unpacked."""
    try:
        with zipfile.ZipFile(file) as parts:
            names = parts.namelist()
            if len(names) > _MOST_PARTS or any(part.flag_bits & 1 for part in parts.infolist()):
                return False
            if any(_MACRO_PARTS.search(part) for part in names):
                raise _macros(name)
            if extension in _ODF_KINDS:
                return (
                    "content.xml" in names
                    and _part(parts, "mimetype", 200) == MEDIA_TYPES[extension].encode()
                )
            types = _part(parts, "[Content_Types].xml", 2**20)
            if b"macroenabled" in types.lower() or b"vbaproject" in types.lower():
                raise _macros(name)
            return bool(types) and any(part.startswith(_MAIN_FOLDER[extension]) for part in names)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, KeyError, ValueError):
        return False


def _part(parts: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """At most `limit` bytes of one part; empty where there is more, or no such part."""
    if name not in parts.NameToInfo or parts.getinfo(name).file_size > limit:
        return b""
    with parts.open(name) as part:
        return part.read(limit)


def _macros(name: str) -> Refused:
    return Refused(
        _(
            "「%(name)s」にはマクロが含まれているため、載せられません。マクロのない形式(docx・xlsx・pptx)で保存し直してください。"
        )
        % {"name": name}
    )


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f}"
