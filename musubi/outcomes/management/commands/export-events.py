import sys
from pathlib import Path

from django.core.management.base import CommandError
from django.db import Error

from musubi.outcomes.event_log import event_log
from musubi.outcomes.management.commands.figures import WRONG_INPUT
from musubi.outcomes.management.commands.figures import Command as Figures


class Command(Figures):
    help = "自治体の記録を、プロセスマイニング用のイベントログ(OCEL 2.0 JSON)に書き出す。人の名前と文章は入らない"

    def add_arguments(self, parser):
        parser.add_argument("city", nargs="?", metavar="CITY", help="自治体のアドレスの名前 (例: hamanagi)")
        parser.add_argument("--fiscal-year", metavar="N", help="年度 (例: 2024、令和6)。なければ全期間")
        parser.add_argument("--out", metavar="FILE", help="書き込むファイル。なければ標準出力")

    def handle(self, *args, city, fiscal_year, out: str | None, **options):
        try:
            pieces = event_log(self._city(city), self._year(fiscal_year))
            if out is None:
                for piece in pieces:
                    self.stdout.write(piece, ending="")
                return
            self._write(Path(out), pieces)
        except BrokenPipeError:
            # Whoever read it has seen enough (| head).
            sys.stderr.close()
        except Error as error:
            raise CommandError(
                f"データベースを読めません。先に script/musubi migrate を実行してください。({error})",
                returncode=WRONG_INPUT,
            ) from error

    def _write(self, path: Path, pieces) -> None:
        """Beside it first: a file that is there is whole."""
        unfinished = path.with_name(path.name + ".part")
        try:
            with unfinished.open("w", encoding="utf-8") as file:
                file.writelines(pieces)
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise CommandError(
                f"「{path}」に書き込めません({error.strerror})。書き込める場所を --out で指定してください。",
                returncode=WRONG_INPUT,
            ) from error
        self.stderr.write(f"{path} に書き出しました。")
