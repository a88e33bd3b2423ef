import logging
import signal
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, connection

from musubi.lib import clock
from musubi.notify import tasks
from musubi.notify.queries import waiting_mails
from musubi.services import mail

log = logging.getLogger(__name__)
CHORES_EVERY = timedelta(minutes=1)


class Command(BaseCommand):
    help = "お知らせを作り、メールを送り、定期処理を行う(複数同時に動かしてもよい)"

    stopping = False

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="たまっているものを片づけて終わる")
        parser.add_argument("--sleep", type=float, default=1.0, help="することがないときに待つ秒数(既定 1)")

    def handle(self, *, once: bool, sleep: float, **options):
        tasks.discover()
        self.told = self.mailed = 0
        self.chores_at = self.mail_at = None
        if not settings.MAIL_CONFIGURED:
            log.warning("no mail server is configured (EMAIL_URL): mails wait in their rows")
        with self._signals():
            if once:
                while not self.stopping and self._round():
                    pass
                for do in tasks.BESIDE.values():
                    do(self._stop, once=True)
                self._report()
            else:
                with self._beside():
                    self._loop(sleep)

    def _loop(self, sleep: float) -> None:
        fault = 0
        while not self.stopping:
            try:
                busy, fault = self._round(), 0
            except Error:
                # The database went away or is locked: what was claimed is taken up again, by us or by another.
                log.exception("database trouble; trying again soon")
                connection.close()
                busy, fault = 0, min(fault + 1, 5)
            if not busy:
                self._rest(sleep * 2**fault)

    @contextmanager
    def _beside(self):
        """What goes on beside the rounds, in threads of its own, until they end."""
        threads = [
            threading.Thread(target=do, args=(self._stop,), kwargs={"once": False}, name=name)
            for name, do in tasks.BESIDE.items()
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopping = True
            for thread in threads:
                thread.join()

    def _round(self) -> int:
        """One look at all there is to do; returns how much was taken up."""
        now = clock.now()
        done = 0
        if self.chores_at is None or now >= self.chores_at:
            done += tasks.do_chores(self._stop)
            self.chores_at = now + CHORES_EVERY
        told = tasks.tell_waiting(self._stop)
        mailed = 0
        if self.mail_at is None or now >= self.mail_at:
            try:
                mailed = tasks.send_waiting(self._stop)
            except mail.Unreachable as error:
                log.error("the mail server cannot be reached: %s", error)
                self.mail_at = clock.now() + tasks.MAIL_PAUSE
        self.told += told
        self.mailed += mailed
        return done + told + mailed

    def _report(self) -> None:
        waiting = waiting_mails().count()
        self.stdout.write(f"記録 {self.told} 件、メール {self.mailed} 通を処理しました。")
        if not waiting:
            return
        if settings.MAIL_CONFIGURED:
            self.stdout.write(f"メール {waiting} 通は、あとで送り直すために待っています。")
        else:
            self.stdout.write(
                f"メール {waiting} 通が送信待ちです。メールサーバー(EMAIL_URL)を設定すると送られます。"
            )

    def _stop(self) -> bool:
        return self.stopping

    def _rest(self, seconds: float) -> None:
        # In slices: a sleep is not cut short by a signal.
        end = time.monotonic() + seconds
        while not self.stopping and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    @contextmanager
    def _signals(self):
        """SIGTERM and SIGINT let the item in hand be finished."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number, frame):
            self.stopping = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
