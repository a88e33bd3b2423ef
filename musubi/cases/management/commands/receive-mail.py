import json
import logging
import sys
from collections import Counter
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from musubi.cases.mail.maildir import deal_with
from musubi.cases.mail.receiving import Received, give_up, receive

# From sysexits.h: what a mail server takes as "try again later".
TRY_AGAIN = 75
log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "返信メールを受け取る(標準入力の1通、または --maildir の新着すべて)"

    def add_arguments(self, parser):
        parser.add_argument(
            "--maildir", type=Path, metavar="PATH", help="この Maildir の new/ にあるメールをすべて受け取る"
        )
        parser.add_argument(
            "--recipient", default="", metavar="ADDRESS", help="封筒の宛先(Postfix の ${recipient} など)"
        )
        parser.add_argument("--json", action="store_true", help="結果を1通1行のJSONで書く")

    def handle(self, *, maildir: Path | None, recipient: str, json: bool, **options):
        self.as_json = json
        if not settings.REPLY_ADDRESS:
            raise CommandError(
                "返信用のアドレスがありません。MUSUBI_REPLY_ADDRESS を設定してください。",
                returncode=TRY_AGAIN,
            )
        try:
            if maildir:
                self._maildir(maildir)
            else:
                raw = sys.stdin.buffer.read(settings.MAIL_IN_MAX_BYTES + 1)
                while sys.stdin.buffer.read(1 << 20):
                    pass  # a mail server whose pipe breaks would take the mail for undelivered
                self._tell("", receive(raw, recipient=recipient))
        except (Error, OSError) as error:
            log.exception("mail cannot be dealt with now")
            raise CommandError(
                f"今は受け取れません。あとでもう一度渡してください: {error}", returncode=TRY_AGAIN
            ) from error
        except CommandError:
            raise
        except Exception as error:
            # Our own mistake must not cost a mail: the mail server keeps it and tries again.
            log.exception("mail could not be dealt with")
            raise CommandError(f"{type(error).__name__}: {error}", returncode=TRY_AGAIN) from error

    def _maildir(self, maildir: Path) -> None:
        if not (maildir / "new").is_dir():
            raise CommandError(f"{maildir} は Maildir ではありません(new/ がありません)。")
        counts = Counter()
        mails = deal_with(
            maildir,
            receive,
            most_bytes=settings.MAIL_IN_MAX_BYTES,
            is_broken=lambda result: result.is_broken,
            give_up=give_up,
        )
        for name, result in mails:
            counts[self._tell(name, result)] += 1
            if result.is_broken:
                self.stderr.write(f"{name}: 読めないため .failed に移しました: {result.refused.detail}")
        if not self.as_json:
            self.stdout.write(
                f"メッセージ {counts['message']} 通、受け付けなかったもの {counts['refused']} 通、"
                f"すでに届いていたもの {counts['duplicate']} 通"
            )

    def _tell(self, name: str, result: Received) -> str:
        if self.as_json:
            said = {"file": name} if name else {}
            said["what"] = result.what
            if result.post:
                said |= {"case": result.post.case.ref, "post": result.post.pk}
            if result.files:
                said |= {"case": result.files[0].case.ref, "files": len(result.files)}
            if result.refused:
                said |= {"why": result.refused.why, "refused": result.refused.pk}
            self.stdout.write(json.dumps(said, ensure_ascii=False))
        return result.what
