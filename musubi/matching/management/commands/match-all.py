import time

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from musubi.matching import batch

WRONG, INTERRUPTED = 1, 130


class Command(BaseCommand):
    help = (
        "公開中のすべての課題について、ソリューションと団体の候補を選び直す(途中で止めても、続きから始まる)"
    )

    def add_arguments(self, parser):
        parser.add_argument("--limit", type=int, metavar="N", help="今回は N 件の課題まで")
        parser.add_argument("--again", action="store_true", help="続きからではなく、はじめから")

    def handle(self, *, limit: int | None, again: bool, **options):
        from musubi.matching.engine.index import Preparing

        if limit is not None and limit < 1:
            raise CommandError("--limit には1以上の数を指定してください。", returncode=2)
        try:
            before = batch.began(again=again)
            total = batch.left(before)
            if not total:
                self.stdout.write(
                    "すべての課題が済んでいます。はじめからやり直すには --again を付けてください。"
                )
                return
            told = _Progress(self.stdout, min(total, limit or total))
            done = batch.run(before, limit=limit, progress=told)
            told.end()
            left = batch.left(before)
        except Preparing as problem:
            raise CommandError(
                f"索引が使えません({problem})。script/musubi index --rebuild で作ってから、もう一度実行してください。",
                returncode=WRONG,
            ) from problem
        except KeyboardInterrupt as stopped:
            raise CommandError(
                "止めました。もう一度実行すると、続きから始まります。", returncode=INTERRUPTED
            ) from stopped
        except Error as problem:
            raise CommandError(
                f"データベースを使えません。先に script/musubi migrate を実行してください。({problem})",
                returncode=WRONG,
            ) from problem
        rest = f"残り {left:,} 件(もう一度実行すると続けます)" if left else "残りはありません"
        self.stdout.write(f"課題 {done:,} 件の候補を選びました: {told.speed:.1f} 件/秒。{rest}。")


class _Progress:
    """How fast it goes and how much is left: on a terminal in one line, in a log a line each five seconds."""

    def __init__(self, out, total: int):
        self.out, self.total, self.done = out, total, 0
        self.on_terminal = out.isatty()
        self._began = self._said = time.monotonic()

    @property
    def speed(self) -> float:
        return self.done / max(time.monotonic() - self._began, 1e-6)

    def __call__(self, done: int) -> None:
        self.done = done
        if time.monotonic() - self._said < (0.2 if self.on_terminal else 5.0):
            return
        self._said = time.monotonic()
        left = max(self.total - done, 0)
        line = (
            f"{min(done / self.total, 1):4.0%} {done:,} / {self.total:,} 件、"
            f"{self.speed:.1f} 件/秒、残り {left:,} 件(約{_minutes(left / max(self.speed, 1e-6))})"
        )
        self.out.write(f"\r{line}    " if self.on_terminal else line, ending="" if self.on_terminal else None)
        self.out.flush()

    def end(self) -> None:
        if self.on_terminal:
            self.out.write("\r" + " " * 60 + "\r", ending="")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f}秒" if seconds < 90 else f"{seconds / 60:.0f}分"
