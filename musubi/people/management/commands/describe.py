"""Writes what the code says about permissions and states as pages that people read."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import models
from django.utils import translation

from musubi.lib.lifecycle import Lifecycle
from musubi.people.permissions import ROLES, Can

MADE = "<!-- コードから作ったページです。直すときはコードを直し、`script/musubi describe --write` を実行してください。 -->"


class Command(BaseCommand):
    help = "権限の表と状態の表を出力します。--write で docs/ のページを書き直します。"

    def add_arguments(self, parser):
        parser.add_argument("page", nargs="?", choices=PAGES, help="出力するページ(省略するとすべて)")
        parser.add_argument("--write", action="store_true", help="出力せずに、docs/ のファイルに書く")

    def handle(self, *args, page=None, write=False, **options):
        for name, text in pages().items():
            if page not in (None, name):
                continue
            if write:
                path(name).write_text(text, encoding="utf-8")
                self.stderr.write(f"docs/{name}.md")
            else:
                self.stdout.write(text, ending="")


def pages() -> dict[str, str]:
    """The text of every page by its name, in Japanese whatever language is active."""
    with translation.override("ja"):
        return {name: write() for name, write in PAGES.items()}


def path(name: str) -> Path:
    return Path(settings.BASE_DIR) / "docs" / f"{name}.md"


# --- permissions ----------------------------------------------------------------------------------------------


def permissions() -> str:
    head = ["できること", "code", *(str(role.name) for role in ROLES)]
    rows = [[str(can.label), f"`{can.value}`", *(_reach(role, can) for role in ROLES)] for can in Can]
    return "\n".join(
        [
            MADE,
            "",
            "# 権限の表",
            "",
            "役割ごとに、できることと、その範囲です。範囲は「自治体全体」「自分の部署」(その下の部署を含む)「自団体」の三つで、"
            "「—」はできないことを表します。",
            "状態や公開範囲による条件は、各アプリの `rules.py` と `queries.py` の `visible_to` にあります。",
            "",
            *_table(head, rows),
            "",
            "役割のコード: " + "、".join(f"{role.name} `{role.code}`" for role in ROLES),
            "",
            "- 一人が複数の役割をもてます。できることは、その合計です。",
            "- 役割を終えた人と、利用を停止された人は、何もできません。",
            "- **運営者**(`is_operator`)は、自治体を登録し、その自治体の部署・職員・設定を変えられます。"
            "提案や連携案件の中身は見られません。",
            "- 登録していない人は、公開された情報だけを読めます。",
            "- 責任者のいない団体(紙の申込みなど)に限り、その団体が会員である自治体のデスクが、"
            "団体の情報を直し、最初の責任者を招けます。",
            "",
        ]
    )


def _reach(role, can: Can) -> str:
    reach = role.grants.get(can)
    return str(reach.label) if reach else "—"


# --- states ---------------------------------------------------------------------------------------------------


def states() -> str:
    lines = [
        MADE,
        "",
        "# 状態の表",
        "",
        "それぞれの記録がとる状態と、進める先です。ここにない進み方はできません。",
        "「公開での表示」は、団体や住民に見せる呼び名です。空の状態は見せません。",
    ]
    for app, lifecycle in lifecycles():
        lines += ["", f"## {lifecycle.subject} `{lifecycle.name}`", "", *_lifecycle(app, lifecycle)]
    return "\n".join([*lines, ""])


def lifecycles() -> Iterator[tuple[AppConfig, Lifecycle]]:
    """Every table of every app, lowest app first, as each `states.py` has them."""
    installed = [app for app in apps.get_app_configs() if app.name.startswith("musubi.")]
    for app in installed:
        if find_spec(f"{app.name}.states") is None:
            continue
        for thing in vars(import_module(f"{app.name}.states")).values():
            if isinstance(thing, Lifecycle):
                yield app, thing


def _lifecycle(app: AppConfig, lifecycle: Lifecycle) -> list[str]:
    model = _model(app, lifecycle)
    rows = [
        [
            f"{state.label} `{state.value}`",
            str(state.public),
            "、".join(str(lifecycle[there].label) for there in state.to),
            "、".join(_label(model, name) for name in state.requires),
            "○" if state.closing else "",
        ]
        for state in lifecycle.states.values()
    ]
    return _table(["状態", "公開での表示", "進める先", "この状態にするとき必要な入力", "終わりの状態"], rows)


def _model(app: AppConfig, lifecycle: Lifecycle) -> type[models.Model]:
    """The model that moves along the table: the one with a column of exactly its values."""
    for model in app.get_models():
        for field in model._meta.concrete_fields:
            if [value for value, _label in field.choices or ()] == list(lifecycle.states):
                return model
    raise LookupError(f"no model of {app.name} has the states of {lifecycle.name}")


def _label(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).verbose_name)


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


PAGES = {"permissions": permissions, "states": states}
