"""Finds the strings that people read on the public pages and on their own pages, straight from the sources."""

import ast
import re
from pathlib import Path

from django.utils.translation import override
from django.utils.translation.template import templatize

from musubi.cases.states import CASE, TRIAL, AgreementKind
from musubi.challenges.models import Challenge
from musubi.fund import states as fund
from musubi.people.models import Organisation, Staff
from musubi.proposals.states import DeclineReason, Track

ROOT = Path(__file__).resolve().parents[3] / "musubi"
SOURCES = [
    "www/public/*.py",
    "www/public/fund/*.py",
    "fund/shown.py",
    "fund/open_data/*.py",
    "www/accounts/*.py",
    "www/templatetags/*.py",
    "www/templates/*.html",
    "www/templates/public/*.html",
    "www/templates/public/fund/*.html",
    "www/templates/account/*.html",
    "www/templates/accounts/*.html",
    "www/templates/django/forms/*.html",
    "www/templates/allauth/**/*.html",
    "people/own_account.py",
    "*/notices.py",
    "challenges/states.py",
    "gatherings/states.py",
    "outcomes/states.py",
    "outcomes/figures*.py",
    "outcomes/figures/*.py",
]
# Pieces that only staff and partners see; the gallery is for those who build screens.
NOT_PUBLIC = {"gallery.html", "base_staff.html", "base_partner.html"}
PIECES = [
    "art_knot",
    "art_waves",
    "breadcrumbs",
    "chain",
    "challenge_card",
    "demo_banner",
    "empty",
    "error_summary",
    "facts",
    "filter_form",
    "gathering_row",
    "hero",
    "hero_city",
    "jumps",
    "list_head",
    "member_card",
    "messages",
    "nav_public",
    "note",
    "notices",
    "page_head",
    "pagination",
    "role_cards",
    "section_head",
    "similar",
    "site_footer",
    "site_header",
    "stats",
    "story_card",
    "tabs",
    "user_menu",
    "funnel",
    "bars",
    "columns",
    "dot_plot",
    "number_table",
    "figures",
    "tiles",
    "table",
]
STRING = r"""u?(?:'''.*?'''|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\b(n?gettext|_)\(({STRING})", re.S)
NAMES = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}


def files() -> list[Path]:
    found = [
        path for pattern in SOURCES for path in sorted(ROOT.glob(pattern)) if path.name not in NOT_PUBLIC
    ]
    return found + [ROOT / "www/templates/parts" / f"{name}.html" for name in PIECES]


def messages() -> dict[str, bool]:
    """Every string to translate, and whether it is counted (has a plural)."""
    found: dict[str, bool] = {}
    for path in files():
        for name, text in _in_template(path) if path.suffix == ".html" else _in_python(path):
            found[text] = found.get(text, False) or name.startswith("n")
    found |= {str(label): False for label in _labels()}
    return found


def _labels() -> list[str]:
    """Labels of models that public pages show."""
    offers = [
        Challenge._meta.get_field(f"offers_{name}") for name in ("field", "data", "publicity", "budget")
    ]
    states = [
        state.public
        for table in (CASE, TRIAL, fund.CALL, fund.CONTRIBUTION)
        for state in table.states.values()
        if state.public
    ]
    with override("ja"):
        return [
            str(label)
            for label in [
                *Organisation.Kind.labels,
                *Staff.Role.labels,
                *Track.labels,
                *DeclineReason.labels,
                *AgreementKind.labels,
                *fund.Account.labels,
                *fund.Source.labels,
                *fund.Stage.labels,
                *states,
            ]
            + [field.verbose_name for field in offers]
        ]


def _in_template(path: Path) -> list[tuple[str, str]]:
    # templatize leaves calls of gettext, one by one, and blanks out the rest.
    return [(name, ast.literal_eval(text)) for name, text in CALL.findall(templatize(path.read_text()))]


def _in_python(path: Path) -> list[tuple[str, str]]:
    return [
        (node.func.id, node.args[0].value)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in NAMES
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
