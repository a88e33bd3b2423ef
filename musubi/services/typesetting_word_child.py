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
import zipfile

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
_SAFE_LINKS = ("/hyperlink",)
_BAD_PARTS = re.compile(
    r"vbaProject|/embeddings/|/activeX/|\.bin$|afchunk|\.(exe|dll|js|vbs|html?)$", re.IGNORECASE
)
_BAD_FIELDS = re.compile(
    r"DDE|INCLUDETEXT|INCLUDEPICTURE|IMPORT|MACROBUTTON|DATABASE|AUTOTEXT|\bLINK\b|\bRD\b", re.IGNORECASE
)
_EXTERNAL = re.compile(r"<Relationship\b[^>]*TargetMode\s*=\s*[\"']External[\"'][^>]*>", re.IGNORECASE)
_TYPE = re.compile(r"\bType\s*=\s*[\"']([^\"']*)[\"']")
_INSTRUCTION = re.compile(r"<w:instrText[^>]*>([^<]*)</w:instrText>|w:instr\s*=\s*\"([^\"]*)\"")


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
        for part in parts:
            _check_part(part.filename, package)
    except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise Unfit(
            "Wordの文書(.docx)として読めません。Wordで開き、docx形式で保存し直してください。"
        ) from error


def _check_part(name: str, package: zipfile.ZipFile) -> None:
    if _BAD_PARTS.search(name):
        raise Unfit("マクロや、ほかのファイルの埋め込みがあります。取り除いてから、もう一度選んでください。")
    if not name.endswith((".xml", ".rels")):
        return
    # Another encoding would hide what is looked for here.
    text = package.read(name).decode("utf-8-sig")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unfit("文書の中に、使えない宣言があります。Wordで開き、docx形式で保存し直してください。")
    for link in _EXTERNAL.findall(text) if name.endswith(".rels") else ():
        kind = _TYPE.search(link)
        if kind is None or not kind[1].endswith(_SAFE_LINKS):
            raise Unfit("外部のファイルや画像へのリンクがあります。文書の中に取り込んでください。")
    fields = "".join(first or second for first, second in _INSTRUCTION.findall(text))
    if _BAD_FIELDS.search(fields):
        raise Unfit("ほかのファイルやプログラムを呼び出すフィールドがあります。取り除いてください。")


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
    except Unfit as error:
        print(error, file=sys.stderr)
        return UNFIT
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
