import json
import re
import unicodedata

from django.core.management.base import BaseCommand, CommandError
from django.db import Error
from django.utils.translation import gettext as _

from musubi.lib import fiscal
from musubi.outcomes.figures import figures
from musubi.outcomes.figures_words import lines
from musubi.people.models import Municipality

WRONG_INPUT = 2


def parse_year(text: str) -> int:
    """2024, ２０２４, 2024年度, 令和6, R6, 令和元年度 → the fiscal year. Raises ValueError otherwise."""
    folded = unicodedata.normalize("NFKC", text).strip().upper()
    if match := re.fullmatch(r"(\d{4})(?:年度?)?", folded):
        year = int(match[1])
    elif match := re.fullmatch(r"(?:令和|令|R)(元|\d{1,2})(?:年度?)?", folded):
        year = 2018 + (1 if match[1] == "元" else int(match[1]))
    else:
        raise ValueError(text)
    if not 1900 <= year <= 2200:
        raise ValueError(text)
    return year


class Command(BaseCommand):
    help = "自治体の数字を記録から数えて表示する"

    def add_arguments(self, parser):
        parser.add_argument("city", nargs="?", metavar="CITY", help="自治体のアドレスの名前 (例: hamanagi)")
        parser.add_argument("--fiscal-year", metavar="N", help="年度 (例: 2024、令和6)。なければ全期間")
        parser.add_argument("--json", action="store_true", help="JSONで出力する")

    def handle(self, *args, city, fiscal_year, json: bool, **options):
        try:
            self._print(figures(self._city(city), self._year(fiscal_year)), as_json=json)
        except Error as error:
            raise CommandError(
                f"データベースを読めません。先に script/musubi migrate を実行してください。({error})",
                returncode=WRONG_INPUT,
            ) from error

    def _city(self, slug: str | None) -> Municipality:
        found = Municipality.objects.filter(slug=slug).first() if slug else None
        if found:
            return found
        known = "、".join(Municipality.objects.values_list("slug", flat=True)[:20])
        known = f"登録されている自治体: {known}" if known else "自治体はまだ一つも登録されていません。"
        if not slug:
            problem = "自治体を指定してください(例: script/musubi figures hamanagi)。"
        else:
            problem = f"「{slug}」という自治体はありません。アドレスの名前(英小文字)で指定してください。"
        raise CommandError(f"{problem}{known}", returncode=WRONG_INPUT)

    def _year(self, text: str | None) -> int | None:
        if text is None:
            return None
        try:
            return parse_year(text)
        except ValueError as error:
            raise CommandError(
                f"「{text}」は年度として読めません。--fiscal-year 2024 または --fiscal-year 令和6 のように指定してください。",
                returncode=WRONG_INPUT,
            ) from error

    def _print(self, found: dict, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=2))
            return
        city = Municipality.objects.get(slug=found["municipality"])
        year = found["fiscal_year"]
        self.stdout.write(f"{city.name} {fiscal.label(year) if year else _('全期間')}")
        for line in lines(found):
            self.stdout.write(f"{line.label}\t{line.shown}")
