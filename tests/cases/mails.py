"""Mails as mail programs make them, for the tests of what comes in."""

from email.message import EmailMessage
from email.policy import SMTP
from itertools import count

from musubi.cases.mail.address import reply_address

_number = count(1)


def make_mail(
    case, user, text: str = "来週の火曜はいかがですか。", *, sender: str = "", to: str = "", **headers
) -> EmailMessage:
    """An answer of `user` to a notice about `case`; `headers` are set last, one that is None is taken away."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender or f'"{user.name}" <{user.email}>'
    mail["To"] = to or reply_address(case.pk, user.pk)
    mail["Subject"] = "Re: メッセージ"
    mail["Message-ID"] = f"<answer-{next(_number)}@mail.example.jp>"
    mail["Date"] = "Sun, 22 Nov 2026 10:00:00 +0900"
    mail.set_content(text)
    for name, value in headers.items():
        name = name.replace("_", "-")
        del mail[name]
        if value is not None:
            mail[name] = value
    return mail


PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)
PDF = b"%PDF-1.7\n" + b"x" * 100
