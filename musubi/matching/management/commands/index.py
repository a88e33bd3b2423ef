import os
import signal
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from musubi.journal import following
from musubi.lib import clock
from musubi.lib.era import format_date
from musubi.matching import documents, feed, live, tending

WRONG, BY_ANOTHER = 1, tending.MADE_BY_ANOTHER
# How long another process may take to mend what `--check` found.
PATIENCE = 60.0


class Command(BaseCommand):
    help = "マッチングの索引の状態を見る。作り直し、反映し続け、データベースと照らし合わせる"

    def add_arguments(self, parser):
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--rebuild", action="store_true", help="データベースから作り直して切り替える")
        what.add_argument(
            "--follow",
            action="store_true",
            help="記録を読んで反映し続ける(ワーカーのいない機械で。ワーカーがいれば要らない)",
        )
        what.add_argument("--check", action="store_true", help="データベースと照らし合わせ、違いを直す")
        parser.add_argument(
            "--beside", action="store_true", help="(ワーカーが使う: 低い優先度で、静かに作り直す)"
        )

    def handle(self, *, rebuild: bool, follow: bool, check: bool, beside: bool, **options):
        from musubi.matching.engine.index import Busy, Preparing

        if settings.INDEX_DIR is None:
            raise CommandError("この機械は索引を持たない設定です(MUSUBI_INDEX が空です)。", returncode=WRONG)
        try:
            if rebuild:
                self._rebuild(beside)
            elif follow:
                self._follow()
            elif check:
                self._check()
            else:
                self._status()
        except Busy as problem:
            raise CommandError(
                "別のプロセスがいま索引を作り直しています。終わるまでお待ちください。", returncode=BY_ANOTHER
            ) from problem
        except Preparing as problem:
            raise CommandError(
                f"索引が使えません({problem})。ワーカーが動いていれば自動で作り直されます。"
                "すぐに作り直すには script/musubi index --rebuild を実行してください。",
                returncode=WRONG,
            ) from problem
        except BrokenPipeError:
            # Whoever read it has seen enough (| head).
            sys.stderr.close()
        except OSError as problem:
            raise CommandError(
                f"索引のフォルダー({live.root()})に書き込めません: {problem.strerror or problem}。"
                "空き容量と権限を確かめてください。索引がなくても、サイトのほかの部分は動きます。",
                returncode=WRONG,
            ) from problem
        except Error as problem:
            raise CommandError(
                f"データベースを読めません。先に script/musubi migrate を実行してください。({problem})",
                returncode=WRONG,
            ) from problem

    # --- made anew

    def _rebuild(self, beside: bool) -> None:
        from musubi.matching.engine.index import Preparing

        if beside:
            _end_with_parent()
            os.nice(10)
        started = time.monotonic()
        told = _Progress(self.stdout, documents.count())
        told.say("文書から学んでいます…")
        try:
            feed.rebuild(told, learning=told.learning)
        except Preparing as problem:
            # What Tantivy could not write.
            raise OSError(str(problem)) from problem
        told.end()
        self.stdout.write(f"索引を作りました: 文書 {told.done:,} 件、{time.monotonic() - started:.1f}秒")

    # --- fed

    def _follow(self) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        self.stdout.write("記録を読んで索引に反映しています。Ctrl-C で終わります。")
        self.stdout.flush()
        tending.tend(stopping.is_set)

    def _check(self) -> None:
        from musubi.matching.engine.index import Busy

        told = _Progress(self.stdout, documents.count())
        keys: set[str] = set()
        feeder = feed.Feeder()
        try:
            feeder.open()
            while feeder.step():
                pass
            mend = feeder.mend
        except Busy:
            mend = None
            self._wait_for_feeder()
        try:
            for looked_at, differing in feed.compared():
                told(looked_at)
                keys |= differing
            told.end()
            if mend:
                mend(keys, compared_at=clock.now())
            elif keys:
                self._have_mended(keys)
        finally:
            feeder.close()
        if keys:
            self.stdout.write(f"{told.done:,} 件を照らし合わせ、違っていた {len(keys):,} 件を直しました。")
        else:
            self.stdout.write(f"{told.done:,} 件を照らし合わせました。違いはありません。")

    def _wait_for_feeder(self) -> None:
        """Until it has read what there is now: what it is about to take in is no difference."""
        from musubi.matching.engine.index import current

        now, end = following.now(), time.monotonic() + PATIENCE
        while time.monotonic() < end and feed.Fed.read(current(live.root())).position.top < now.top:
            time.sleep(0.1)

    def _have_mended(self, keys: set[str]) -> None:
        """By the process that feeds: only one can."""
        path = feed.want_again(keys)
        end = time.monotonic() + PATIENCE
        while path.exists():
            if time.monotonic() > end:
                raise CommandError(
                    f"違っていた {len(keys):,} 件を、索引に反映しているプロセスがまだ直していません。"
                    "あとで script/musubi index --check をもう一度実行してください。",
                    returncode=WRONG,
                )
            time.sleep(0.1)

    # --- how it stands

    def _status(self) -> None:
        from musubi.matching.engine.index import Preparing, Reader, current

        place = live.root()
        if not (place / "CURRENT").exists():
            raise CommandError(
                f"索引はまだありません({place})。ワーカーが動いていれば自動で作られます。"
                "すぐに作るには script/musubi index --rebuild を実行してください。",
                returncode=WRONG,
            )
        folder = current(place)
        reader = Reader(folder, embed=live.embed())
        fed = feed.Fed.read(folder)
        try:
            about = feed.about(folder)
            made_at, learned = datetime.fromisoformat(about["made_at"]), int(about["learned"])
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise Preparing(str(problem)) from problem
        behind = following.behind(fed.position)
        lines = {
            "世代": f"{folder.name}({_when(made_at)}作成、{_age(clock.now() - made_at)}前)",
            "文書": f"{reader.searcher().num_docs:,} 件(データベースでは {documents.count():,} 件)",
            "学習": f"{learned:,} 件の文書から。その後の変更 {fed.changed:,} 件",
            "未反映の記録": f"{behind:,} 件" + ("" if behind else "(最新です)"),
            "最後の照合": _when(fed.compared_at),
            "大きさ": f"{_bytes(folder) / 1_000_000:,.1f} MB",
            "場所": str(folder),
        }
        for name, value in lines.items():
            self.stdout.write(f"{name}: {value}")
        if not fed.position.is_of_this_journal:
            raise CommandError(
                "この索引は別のデータベース(または復元する前のデータベース)のものです。"
                "script/musubi index --rebuild で作り直してください。",
                returncode=WRONG,
            )


class _Progress:
    """How far it is: on a terminal in one line, in a log a line each five seconds."""

    def __init__(self, out, total: int):
        self.out, self.total, self.done = out, total, 0
        self.on_terminal = out.isatty()
        self._said = time.monotonic()

    def __call__(self, done: int) -> None:
        self.done = done
        if self._is_time():
            self.say(f"{min(done / max(self.total, 1), 1):4.0%} {done:,} / {self.total:,} 件")

    def learning(self, done: int) -> None:
        if self._is_time():
            self.say(f"文書から学んでいます… {done:,} 件")

    def _is_time(self) -> bool:
        if time.monotonic() - self._said < (0.2 if self.on_terminal else 5.0):
            return False
        self._said = time.monotonic()
        return True

    def say(self, line: str) -> None:
        self.out.write(f"\r{line}    " if self.on_terminal else line, ending="" if self.on_terminal else None)
        self.out.flush()

    def end(self) -> None:
        if self.on_terminal:
            self.out.write("\r" + " " * 40 + "\r", ending="")


def _end_with_parent() -> None:
    """The parent holds the other end of our input, and never writes: when it has gone, so do we."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _when(moment: datetime) -> str:
    moment = moment.astimezone(clock.TOKYO)
    return f"{format_date(moment.date())} {moment:%H:%M}"


def _age(age) -> str:
    hours, minutes = divmod(int(age.total_seconds()) // 60, 60)
    if hours >= 48:
        return f"{hours // 24}日"
    return f"{hours}時間" if hours else f"{minutes}分"


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # merged away meanwhile
            continue
    return total
