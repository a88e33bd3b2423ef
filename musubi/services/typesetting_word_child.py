"""Fills a Word template with data: as a module for templates of the product, as a child process for anybody else's.

What a template may do is little: name what is there, repeat rows over lists, leave out what is empty. It calls nothing,
reckons nothing, reaches no attribute of Python, and neither fetches nor starts anything when the file is opened. Run as
a file it takes an order as JSON on standard input and puts the .docx on standard output, within narrow limits of time
and memory; a template that is not fit ends it with code 3 and a sentence on standard error. Nothing of this project is
imported.
"""

import base64
import io
import json
import re
import sys
import unicodedata
import zipfile
from urllib.parse import unquote

from jinja2 import TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

UNFIT = 3
MOST_PARTS, MOST_BYTES, MOST_OUT = 400, 30_000_000, 30_000_000
SECONDS, MEMORY = 15, 1_000_000_000
DEEPEST = 3
FILTERS = {"default", "length", "join", "first", "last", "trim"}
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const,
    nodes.For, nodes.If, nodes.Filter, nodes.Compare, nodes.Operand, nodes.Not, nodes.And, nodes.Or,
)  # fmt: skip
_SAFE_LINKS = {
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/hyperlink",
}
_BAD_PARTS = re.compile(
    r"vbaProject|/embeddings/|/activeX/|\.bin$|afchunk|\.(exe|dll|js|vbs|html?)$", re.IGNORECASE
)
_BAD_FIELDS = re.compile(
    r"DDE|INCLUDETEXT|INCLUDEPICTURE|IMPORT|MACROBUTTON|DATABASE|AUTOTEXT|\bLINK\b|\bRD\b", re.IGNORECASE
)
_BAD_LINKS = re.compile(
    r"/(oleObject|package|control|activeX\w*|aFChunk|vbaProject|wordVbaData|attachedTemplate|subDocument|frame"
    r"|mailMerge\w*|recipientData)$",
    re.IGNORECASE,
)
_BAD_ELEMENTS = {"altChunk", "OLEObject", "control", "subDoc", "mailMerge"}
# What a kind of part may be declared as, by how its name ends.
_XML = re.compile(
    r"(application|text)/xml|application/inkml\+xml|application/vnd\.(openxmlformats-(officedocument|package)|ms-word"
    r"|ms-office)\.(?!\S*(macro|vba|activeX|oleObject|toolbars|html))[\w.+-]*\+xml",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"image/(png|x-png|p?jpe?g|gif|bmp|tiff?|(x-)?[ew]mf)", re.IGNORECASE)
_FONT = re.compile(
    r"application/(vnd\.openxmlformats-officedocument\.obfuscatedFont|x-fontdata)", re.IGNORECASE
)
_KINDS = (
    dict.fromkeys(("xml", "rels"), _XML)
    | dict.fromkeys(("png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "emf", "wmf"), _IMAGE)
    | {"odttf": _FONT}
)
_JUDGED = ("instr", "fldCharType", "Target", "TargetMode", "Type", "ContentType", "PartName", "Extension")
_ELSEWHERE = re.compile(r"\s*([a-z][a-z0-9+.-]*:|//|\\)", re.IGNORECASE)
_VML = "urn:schemas-microsoft-com:vml"
_EMBEDDED = "マクロや、ほかのファイルの埋め込みがあります。取り除いてから、もう一度選んでください。"
_LINKED = "外部のファイルや画像へのリンクがあります。文書の中に取り込んでください。"
_CALLS = "ほかのファイルやプログラムを呼び出すフィールドがあります。取り除いてください。"


class Unfit(Exception):
    """A template that is not filled, with a sentence that says why."""


def check_package(raw: bytes) -> None:
    """Raises Unfit for anything that is no plain Word document: bombs, programs, foreign parts, what fetches by itself."""
    try:
        package = zipfile.ZipFile(io.BytesIO(raw))
        parts = package.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
            raise Unfit("中身が大きすぎます。画像を小さくするか、使っていないものを消してください。")
        if "word/document.xml" not in {part.filename for part in parts}:
            raise Unfit("Wordの文書(.docx)ではありません。Wordで開き、docx形式で保存し直してください。")
        names = [part.filename for part in parts if not part.is_dir()]
        # Two parts of one name, and one reader takes the first, another the last.
        if len({name.lower() for name in names}) < len(names):
            raise Unfit("文書の中に、同じ名前の部品があります。Wordで開き、docx形式で保存し直してください。")
        _check_kinds(names, package)
        for name in names:
            _check_part(name, package)
    except (zipfile.BadZipFile, ValueError, KeyError, RuntimeError, NotImplementedError, EOFError) as error:
        raise Unfit(
            "Wordの文書(.docx)として読めません。Wordで開き、docx形式で保存し直してください。"
        ) from error


def _check_kinds(names: list[str], package: zipfile.ZipFile) -> None:
    """Every part is of a kind that is known by how its name ends, and declared as nothing else."""
    ends, parts = set(), set()
    for one in _read("[Content_Types].xml", package).iter():
        said = _attributes(one)
        where = unquote(said.get("PartName") or "." + said.get("Extension", "")).lower()
        if "ContentType" not in said:
            continue
        (parts if "PartName" in said else ends).add(where)
        kind = _KINDS.get(where.rpartition(".")[2])
        if kind and not kind.fullmatch(said["ContentType"].strip()):
            raise Unfit(_EMBEDDED)
    for name in names:
        if _BAD_PARTS.search(name):
            raise Unfit(_EMBEDDED)
        end = name.lower().rpartition(".")[2]
        is_declared = f".{end}" in ends or f"/{name}".lower() in parts
        if end not in _KINDS or not (is_declared or name == "[Content_Types].xml"):
            raise Unfit(
                f"使えない種類の部品が中にあります({name[:80]})。画像はPNGかJPEGにし、ほかの埋め込みは取り除いてください。"
            )


def _check_part(name: str, package: zipfile.ZipFile) -> None:
    if _KINDS[name.lower().rpartition(".")[2]] is not _XML:
        return
    root = _read(name, package)
    for one in root.iter():
        space, local = _named(one.tag)
        said = _attributes(one)
        if local in _BAD_ELEMENTS:
            raise Unfit(_EMBEDDED if local != "mailMerge" else _LINKED)
        if local == "Relationship":
            _check_link(said)
        if space == _VML and _ELSEWHERE.match(said.get("src", "")):
            raise Unfit(_LINKED)
    for code in _instructions(root):
        # As Word would read it: full-width letters are letters, what has no width is nothing.
        plain = "".join(c for c in unicodedata.normalize("NFKC", code) if unicodedata.category(c) != "Cf")
        if _BAD_FIELDS.search(plain):
            raise Unfit(_CALLS)


def _check_link(said: dict[str, str]) -> None:
    kind = said.get("Type", "").strip()
    if _BAD_LINKS.search(kind):
        is_away = said.get("TargetMode", "").strip().lower() == "external"
        raise Unfit(_LINKED if is_away else _EMBEDDED)
    is_inside = said.get("TargetMode", "Internal").strip().lower() == "internal"
    if is_inside and _ELSEWHERE.match(said.get("Target", "")):
        raise Unfit(_LINKED)
    if not is_inside and kind not in _SAFE_LINKS:
        raise Unfit(_LINKED)


def _read(name: str, package: zipfile.ZipFile):
    """The root of a part, as any reader of XML understands it; nothing is fetched and no entity is filled in."""
    from lxml import etree

    # Comments and instructions to programs would cut words in two.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    raw = package.read(name)
    try:
        # Another encoding may be read differently elsewhere.
        raw.decode("utf-8-sig")
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, UnicodeDecodeError) as error:
        raise ValueError(name) from error
    about = root.getroottree().docinfo
    if about.doctype or about.internalDTD is not None:
        raise Unfit("文書の中に、使えない宣言があります。Wordで開き、docx形式で保存し直してください。")
    if (about.encoding or "UTF-8").upper() not in ("UTF-8", "US-ASCII", "ASCII"):
        raise ValueError(name)
    return root


def _named(name: str) -> tuple[str, str]:
    """The namespace and the local name, whatever prefix the document calls it by."""
    space, _brace, local = name.rpartition("}")
    return space[1:], local


def _attributes(one) -> dict[str, str]:
    """By local name. One that is judged and stands there twice, in two namespaces, is left to nobody's choice."""
    names = [_named(name)[1] for name in one.attrib]
    if len(set(names)) < len(names) and any(names.count(name) > 1 for name in _JUDGED):
        raise ValueError(one.tag)
    return dict(zip(names, one.attrib.values(), strict=True))


def _instructions(root) -> list[str]:
    """What each field of a part tells Word to do, however it is cut into runs: with and without what stands between.

    A field begins and ends with `fldChar`, may lie in another, and its code reaches as far as `separate`. Raises Unfit
    where the code lies in what one version of Word reads and another leaves out.
    """
    alone, loose, begun = [], [], []
    found = [loose]
    for one in root.iter():
        local = _named(one.tag)[1]
        said = _attributes(one)
        if "instr" in said:
            alone.append(said["instr"])
        in_code = [field for field, is_code in begun if is_code]
        if local == "fldChar":
            kind = said.get("fldCharType", "")
            if kind == "begin":
                begun.append(([], True))
                found.append(begun[-1][0])
            elif kind == "separate" and begun:
                begun[-1] = (begun[-1][0], False)
            elif kind == "end" and begun:
                begun.pop()
        elif local in ("AlternateContent", "txbxContent") and in_code:
            raise Unfit(_CALLS)
        elif local in ("instrText", "delInstrText"):
            where = begun[-1][0] if begun else loose
            where.append((_sort(one), "".join(one.itertext())))
        elif local in ("t", "delText"):
            for field in in_code:
                field.append(("shown" if _sort(one) == "code" else "gone", "".join(one.itertext())))
        elif local in ("p", "tab", "br", "cr"):
            for field in [loose, *in_code]:
                field.append(("code", " "))
    for kinds in (("code",), ("code", "shown"), ("code", "shown", "gone")):
        joined = ["".join(text for kind, text in field if kind in kinds) for field in found]
        alone += [*joined, "".join(joined)]
    return alone


def _sort(text) -> str:
    """Whether a run of code counts, or is marked as deleted. Raises Unfit for one that lies in what is not Word's own."""
    space, local = _named(text.tag)
    is_gone = local.startswith("del")
    if len(text):
        raise Unfit(_CALLS)
    for above in text.iterancestors():
        around, name = _named(above.tag)
        if name == "p":
            break
        if local in ("instrText", "delInstrText") and around != space:
            raise Unfit(_CALLS)
        is_gone = is_gone or name in ("del", "moveFrom")
    return "gone" if is_gone else "code"


class Environment(ImmutableSandboxedEnvironment):
    """Compiles only what is allowed, and knows no name but those given."""

    def __init__(self, names) -> None:
        super().__init__(autoescape=True)
        self.known = set(names)
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.tests.clear()

    def compile(self, source, name=None, filename=None, raw=False, defer_init=False):
        if isinstance(source, str):
            self._check(self._parse(source, name, filename))
        return super().compile(source, name, filename, raw, defer_init)

    def _check(self, tree: nodes.Template) -> None:
        unknown: list[str] = []
        self._walk(tree, frozenset(), 0, unknown)
        if unknown:
            named = "、".join(f"{{{{{name}}}}}" for name in dict.fromkeys(unknown))
            raise Unfit(f"{named} は差し込めません。差し込める名前の一覧から選び、つづりを確かめてください。")

    def _walk(self, node: nodes.Node, local: frozenset, depth: int, unknown: list[str]) -> None:
        if not isinstance(node, _ALLOWED):
            raise Unfit(
                f"使えない書き方があります({type(node).__name__})。使えるのは、差し込み、繰り返し(for)、条件(if)だけです。"
            )
        if isinstance(node, nodes.Name) and node.name not in self.known | local:
            unknown.append(node.name)
        if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            raise Unfit("「_」で始まる名前は使えません。")
        if isinstance(node, nodes.Filter) and (node.name not in FILTERS or node.kwargs):
            raise Unfit(f"「{node.name}」は使えません。使えるのは {'、'.join(sorted(FILTERS))} です。")
        if isinstance(node, nodes.For):
            if depth >= DEEPEST or node.recursive or not isinstance(node.target, nodes.Name):
                raise Unfit(f"繰り返し(for)は{DEEPEST}重までで、名前1つずつにしてください。")
            if not isinstance(node.iter, nodes.Name | nodes.Getattr):
                raise Unfit("繰り返し(for)には、差し込める名前を指定してください。")
            local = local | {node.target.name, "loop"}
            depth += 1
        for child in node.iter_child_nodes():
            self._walk(child, local, depth, unknown)


def fill(raw: bytes, data: dict, names=()) -> bytes:
    """The template's bytes filled with `data`; `names` may be named though they have no value here. Raises Unfit."""
    from docxtpl import DocxTemplate

    environment = Environment({*data, *names})
    try:
        template = DocxTemplate(io.BytesIO(raw))
        template.render(data, environment, autoescape=True)
        made = io.BytesIO()
        template.save(made)
    except TemplateError as error:
        raise Unfit(
            f"差し込みの書き方が正しくありません({error.message})。かっこの組を確かめてください。"
        ) from error
    except (KeyError, ValueError, AttributeError, TypeError, IndexError) as error:
        raise Unfit(
            "Wordの文書として組み立てられませんでした。Wordで開き、docx形式で保存し直してください。"
        ) from error
    if made.tell() > MOST_OUT:
        raise Unfit("できあがる文書が大きすぎます。画像を小さくしてください。")
    return made.getvalue()


def main() -> int:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    order = json.load(sys.stdin.buffer)
    raw = base64.b64decode(order["template"])
    try:
        check_package(raw)
        made = fill(raw, order["data"], order["names"])
        # What was filled in, or left out, may have put together what the template did not show.
        check_package(made)
    except Unfit as error:
        print(error, file=sys.stderr)
        return UNFIT
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
