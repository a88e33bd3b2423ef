import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from musubi.lib.era import format_date
from musubi.matching import feed, live
from musubi.www.accounts.demo import people
from musubi.www.demo.building import CannotBuild, build, is_built
from musubi.www.demo.matching import suggest

EVERY = 1.0


class Command(BaseCommand):
    help = "デモの2自治体を、製品の操作を日付順に行って作る(あれば何もしない)"

    def add_arguments(self, parser):
        parser.add_argument("--rebuild", action="store_true", help="あっても、はじめから作り直す")

    def handle(self, *, rebuild: bool, **options):
        was_built = is_built() and not rebuild
        if was_built:
            self.stdout.write("デモはできています。(作り直すには --rebuild)")
        else:
            self._build(rebuild)
        self._index(anew=not was_built)
        self._introduce()

    def _build(self, rebuild: bool) -> None:
        started = self.said = time.monotonic()
        self.stdout.write("デモの2自治体(汐風区・浜凪市)を、記録から作っています…")
        try:
            steps = build(rebuild=rebuild, progress=self._progress)
        except CannotBuild as error:
            raise CommandError(str(error), returncode=2) from error
        if self.stdout.isatty():
            self.stdout.write("\r", ending="")
        self.stdout.write(f"100% できました: {steps}の場面、{time.monotonic() - started:.0f}秒")

    def _progress(self, share: float, moment) -> None:
        """About once a second; on a terminal in one line, in a log one line each five seconds."""
        on_terminal = self.stdout.isatty()
        if time.monotonic() - self.said < (EVERY if on_terminal else 5 * EVERY):
            return
        self.said = time.monotonic()
        line = f"{share:4.0%} {format_date(moment)}"
        self.stdout.write(f"\r{line}    " if on_terminal else line, ending="" if on_terminal else None)
        self.stdout.flush()

    def _index(self, *, anew: bool) -> None:
        """The demo shows suggestions from its first page on, not from when the worker has made their index."""
        if settings.INDEX_DIR is None:
            return
        from musubi.matching.engine.index import Busy, Preparing

        try:
            try:
                if anew:
                    feed.rebuild()
                feed.follow()
            except Preparing:
                feed.rebuild()
            live.forget()
            suggest()
            # What was decided there is in the journal, too.
            feed.follow()
        except (Busy, Preparing, OSError) as problem:
            self.stderr.write(f"マッチングの索引は、ワーカーがあとで作ります({problem})。")

    def _introduce(self) -> None:
        places: dict[str, dict[str, str]] = {}
        for one in people():
            places.setdefault(one.place, {}).setdefault(one.title, f"{one.name}({one.title})")
        self.stdout.write(
            "\n".join(
                [
                    "",
                    "見るところ",
                    f"  自治体の一覧      {settings.ORIGIN}/",
                    f"  汐風区の数字      {settings.ORIGIN}/shiokaze/figures/",
                    f"  浜凪市の数字      {settings.ORIGIN}/hamanagi/figures/",
                    "",
                    "サインイン: パスワードはありません。次の画面で人を選びます。",
                    f"  {settings.ORIGIN}/accounts/demo/",
                    *(f"  {place}: {_some(list(names.values()))}" for place, names in places.items()),
                ]
            )
        )


def _some(names: list[str], most: int = 6) -> str:
    rest = len(names) - most
    return "、".join(names[:most]) + (f"、ほか{rest}人" if rest > 0 else "")
