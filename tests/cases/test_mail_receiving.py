"""What becomes of a mail: a message by that person, or a refusal the desk reads."""

import time
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.files.storage import default_storage

from musubi.cases import actions
from musubi.cases.mail import receiving
from musubi.cases.mail.address import reply_address
from musubi.cases.mail.authentic import proof
from musubi.cases.mail.receiving import MOST_AN_HOUR, MOST_ANSWERS_AN_HOUR, receive
from musubi.cases.models import CaseFile, Post, RefusedMail
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.notify.actions import tell
from musubi.notify.models import Delivery
from musubi.services.mail import message, message_id
from tests.cases.mails import PDF, PNG, make_mail
from tests.factories.cases import make_case
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mailbox(settings):
    settings.REPLY_ADDRESS = "reply@city.example"
    settings.TRUSTED_AUTHSERV = ""
    return settings


@pytest.fixture
def city():
    return make_municipality("nagisa")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def person():
    return make_representative(make_organisation())


@pytest.fixture
def case(city, officer, person):
    case = make_case(city, person.represents.get().organisation, officer=officer)
    actions.say(case, by=officer, body="いつ始められますか。")
    return case


def take_in(mail) -> receiving.Received:
    return receive(mail.as_bytes())


def why(received) -> str:
    assert received.what == "refused", received
    assert Post.objects.filter(data__has_key="mail").count() == 0
    return received.refused.why


# --- notices that can be answered -------------------------------------------------------------------------------


def notice_to(person) -> Delivery:
    """The mail about the last thing that happened, as this person gets it."""
    tell(Entry.objects.order_by("-pk").first())
    return Delivery.objects.get(user=person)


def test_notice_about_a_case_carries_an_address_for_the_answer(case, person):
    delivery = notice_to(person)
    mail = message(delivery)
    assert mail.reply_to == [reply_address(case.pk, person.pk)]
    assert delivery.body.startswith("##- 返信はこの線より上に書いてください。")
    assert (
        "このメールに返信すると、案件の参加者全員(団体を含みます)が読むメッセージになります。"
        in delivery.body
    )
    assert (
        mail.extra_headers["References"] == mail.extra_headers["In-Reply-To"] == f"<case-{case.pk}@localhost>"
    )
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"


def test_without_a_mailbox_mails_say_that_nobody_reads_answers(case, person, mailbox):
    mailbox.REPLY_ADDRESS = ""
    delivery = notice_to(person)
    assert message(delivery).reply_to == []
    assert "返信いただいてもお答えできません。" in delivery.body
    assert "##-" not in delivery.body


def test_words_of_a_colleague_are_not_answered_by_mail_to_everybody(case, city, officer, person):
    desk = make_staff(city, "desk")
    actions.hand_ball(case, case.lead, by=desk, next_step="返事をする")
    actions.nudge(case, by=desk, word="市長が急いでいます。団体には言わないでください。")
    delivery = notice_to(officer)
    assert "市長が急いでいます" in delivery.body
    assert (delivery.reply_to, "##-" in delivery.body) == ("", False)
    colleague = make_staff(city, "officer", case.lead)
    actions.change_owner(case, colleague, by=desk, reason="森さんが病気のため")
    assert notice_to(colleague).reply_to == ""


def test_nudge_of_the_organisation_can_be_answered(case, officer, person):
    actions.nudge(case, by=officer, word="いかがでしょうか。")
    assert notice_to(person).reply_to == reply_address(case.pk, person.pk)


def test_notice_about_a_closed_case_cannot_be_answered(case, officer):
    actions.close(case, by=make_staff(case.municipality, "desk"), reason="budget", feedback="来年度に。")
    for entry in Entry.objects.filter(verb="case.closed"):
        tell(entry)
    assert set(Delivery.objects.values_list("reply_to", flat=True)) <= {""}


def test_answer_to_a_real_notice_leaves_only_what_is_new(case, person):
    delivery = notice_to(person)
    quoted = "\n".join(f"> {line}".rstrip() for line in delivery.body.splitlines())
    mail = make_mail(
        case,
        person,
        f"来月から始められます。\n\n2026年11月22日(日) 10:00 Musubi <noreply@localhost>:\n{quoted}\n",
        to=delivery.reply_to,
    )
    post = take_in(mail).post
    assert post.body == "来月から始められます。"
    assert "いつ始められますか。" in post.quoted


# --- taken in ---------------------------------------------------------------------------------------------------


def test_answer_becomes_a_message_and_moves_the_ball(case, person, officer):
    assert case.ball_organisation_id
    received = take_in(make_mail(case, person, "来月から始められます。"))
    case.refresh_from_db()
    post = Post.objects.get(data__has_key="mail")
    assert (received.what, received.post) == ("message", post)
    assert (post.author, post.side, post.body, post.quoted, post.internal) == (
        person,
        "organisation",
        "来月から始められます。",
        "",
        False,
    )
    assert (case.holder, case.last_spoken_at) == (case.lead, post.at)
    entry = Entry.objects.filter(verb="case.spoken").latest("pk")
    assert (entry.actor_id, entry.data["post"]) == (person.pk, post.pk)


def test_answer_of_the_officer_passes_the_ball_to_the_organisation(case, officer, person):
    actions.say(case, by=person, body="来月からです。")
    take_in(make_mail(case, officer, "では日程を教えてください。"))
    case.refresh_from_db()
    assert case.ball_organisation == person.represents.get().organisation


def test_mail_delivered_twice_is_kept_once(case, person):
    mail = make_mail(case, person)
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="見積.pdf")
    first, again = take_in(mail), take_in(mail)
    assert (first.what, again.what) == ("message", "duplicate")
    assert Post.objects.filter(data__has_key="mail").count() == CaseFile.objects.count() == 1


def test_token_in_the_envelope_is_enough(case, person):
    mail = make_mail(case, person, to="reply@city.example")
    assert receive(mail.as_bytes(), recipient=reply_address(case.pk, person.pk)).what == "message"


def test_further_proven_address_of_the_person_is_theirs(case, person):
    EmailAddress.objects.create(user=person, email="tanaka@home.example", verified=True, primary=False)
    assert take_in(make_mail(case, person, sender="Tanaka@Home.example")).what == "message"


def test_address_that_was_never_proven_is_nobodys(case, person):
    EmailAddress.objects.create(user=person, email="tanaka@home.example", verified=False, primary=False)
    assert why(take_in(make_mail(case, person, sender="tanaka@home.example"))) == "not_the_sender"


def test_hostile_markdown_is_as_safe_as_typed(case, person):
    from musubi.lib.markdown import render

    body = "<script>alert(1)</script>\n<img src=x onerror=alert(1)>\n[a](javascript:alert(1))\n![x](http://evil.example/p.gif)"
    html = render(take_in(make_mail(case, person, body)).post.body)
    for bad in ("<script", "<img", 'href="javascript'):
        assert bad not in html


# --- files ------------------------------------------------------------------------------------------------------


def with_files(case, person, *files, text="資料を送ります。"):
    mail = make_mail(case, person, text)
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail


def stored() -> list[str]:
    found = []
    for folder in default_storage.listdir("cases")[0] if default_storage.exists("cases") else []:
        found += default_storage.listdir(f"cases/{folder}")[1]
    return sorted(found)


def test_good_file_comes_onto_the_record(case, person):
    received = take_in(with_files(case, person, ("見積書.pdf", PDF)))
    file = CaseFile.objects.get()
    assert received.files == (file,)
    assert (file.name, file.media_type, file.size, file.added_by) == (
        "見積書.pdf",
        "application/pdf",
        len(PDF),
        person,
    )
    assert (file.internal, file.scanned) == (False, "not_scanned")
    with file.file.open("rb") as content:
        assert content.read() == PDF


def test_file_that_uploads_refuse_is_named_and_the_sender_told(case, person):
    post = take_in(with_files(case, person, ("tool.exe", b"MZ" + b"x" * 50), ("見積書.pdf", PDF))).post
    assert [file.name for file in CaseFile.objects.all()] == ["見積書.pdf"]
    assert [(each["name"], "受け付けていません" in each["why"]) for each in post.data["declined"]] == [
        ("tool.exe", True)
    ]
    mail = Delivery.objects.get()
    assert (mail.address, mail.reply_to) == (person.email, "")
    assert "「tool.exe」の形式は受け付けていません。" in mail.body


@pytest.mark.parametrize("name", ["a.docm", "a.zip", "a.html", "a.svg", "a.eml", "winmail.dat", "a.pdf.exe"])
def test_only_bad_files_refuse_the_mail(case, person, name):
    before = stored()
    received = take_in(with_files(case, person, (name, b"x" * 100), text=""))
    assert why(received) == "empty"
    assert name in received.refused.detail
    assert received.refused.answered
    assert stored() == before


@pytest.mark.parametrize(
    "name", ["..", "../../etc/passwd.pdf", "a/", "/", ".", "a\\b.pdf", "x" * 300 + ".pdf", " .pdf"]
)
def test_name_of_a_file_leads_nowhere(case, person, name):
    received = take_in(with_files(case, person, (name, PDF)))
    assert received.what == "message"
    for file in received.files:
        assert file.file.name.startswith("cases/")
        assert "/" not in file.name
        assert len(file.name) <= 120


@pytest.mark.parametrize(
    "charset", ["utf-7", "unicode_escape", "raw_unicode_escape", "utf-16", "punycode", "idna", "undefined"]
)
def test_no_charset_brings_what_the_database_cannot_keep(case, person, charset):
    raw = make_mail(
        case, person, "x", Subject=None, Content_Type=None, Content_Transfer_Encoding=None
    ).as_bytes()
    head = f"Subject: =?{charset}?Q?a+2AA-=5Cud800=5Cx00?=\r\nContent-Type: text/plain; charset={charset}\r\n".encode()
    received = receive(head + raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\nabc +2AA- \\ud800 \\x00 \xd8\x00")
    assert received.what == "message"
    received.post.refresh_from_db()
    assert not {c for c in received.post.body if c == "\x00" or "\ud800" <= c <= "\udfff"}


def test_files_without_words_are_files(case, person):
    received = take_in(with_files(case, person, ("見積書.pdf", PDF), text=""))
    assert (received.what, received.post, len(received.files)) == ("message", None, 1)
    assert take_in(with_files(case, person, ("a.pdf", PDF), text="")).what == "message"


def test_picture_of_a_signature_is_kept_once(case, person):
    def mail():
        made = make_mail(case, person)
        made.add_related(
            PNG + b"x" * 3000, "image", "png", cid="<logo>", filename="logo.png", disposition="inline"
        )
        return made

    take_in(mail())
    take_in(mail())
    assert (Post.objects.filter(data__has_key="mail").count(), CaseFile.objects.count()) == (2, 1)


def test_picture_in_what_staff_quote_stays_inside(case, officer, person):
    quoted = "火曜にうかがいます。\n\n2026年11月22日(日) 10:00 森 <mori@city.example>:\n> 内々の見積りです。"

    def with_picture(user, text):
        mail = make_mail(case, user, text)
        mail.add_related(
            PNG + b"x" * 3000, "image", "png", cid="<a@b>", filename="図.png", disposition="inline"
        )
        mail.add_attachment(PDF, maintype="application", subtype="pdf", filename="資料.pdf")
        return {file.name: file.internal for file in take_in(mail).files}

    assert with_picture(officer, quoted) == {"図.png": True, "資料.pdf": False}
    assert with_picture(person, quoted) == {"図.png": False, "資料.pdf": False}
    assert with_picture(officer, "図のとおりです。") == {"資料.pdf": False}


def test_refused_action_leaves_no_file_behind(case, person, monkeypatch):
    def no(*args, **kwargs):
        raise receiving.Refused("今は受け付けられません。")

    monkeypatch.setattr(actions, "say", no)
    before = stored()
    received = take_in(with_files(case, person, ("a.pdf", PDF)))
    assert (why(received), CaseFile.objects.count(), stored()) == ("refused", 0, before)


# --- refused ----------------------------------------------------------------------------------------------------


def test_stranger_is_refused_and_never_answered(case, person):
    received = take_in(make_mail(case, person, sender="stranger@evil.example"))
    assert why(received) == "not_the_sender"
    row = received.refused
    assert (row.case, row.municipality, row.user, row.answered) == (case, case.municipality, None, False)
    assert row.sender == "stranger@evil.example"
    assert Delivery.objects.count() == 0


def test_somebody_elses_token_opens_nothing(case, person):
    other = make_representative()
    assert why(take_in(make_mail(case, other, to=reply_address(case.pk, person.pk)))) == "not_the_sender"


@pytest.mark.parametrize("to", ["reply@city.example", "reply+aaaa@city.example", "someone@else.example"])
def test_address_without_a_good_token_is_refused(case, person, to):
    received = take_in(make_mail(case, person, to=to))
    assert why(received) == "no_address"
    assert received.refused.municipality == case.municipality  # the only one there is
    assert Delivery.objects.count() == 0


def test_mail_without_a_token_belongs_to_whose_notice_it_answers(case, person):
    make_municipality("hoka")
    delivery = notice_to(person)
    lost = take_in(make_mail(case, person, to="reply@city.example"))
    known = take_in(make_mail(case, person, to="reply@city.example", In_Reply_To=message_id(delivery)))
    assert (lost.refused.municipality, known.refused.municipality) == (None, case.municipality)


def test_two_authors_are_nobody(case, person):
    assert (
        why(take_in(make_mail(case, person, sender=f"{person.email}, other@example.jp"))) == "not_the_sender"
    )


RESULTS = [
    ("mx.city.example; dmarc=fail header.from=example.jp", "forged"),
    ("mx.city.example; spf=fail smtp.mailfrom=example.jp; dkim=fail header.d=example.jp", "forged"),
    ("mx.city.example; spf=pass smtp.mailfrom=evil.example; dkim=none", "forged"),
    ("mx.city.example; dkim=pass header.d=evil.example; dmarc=none", "forged"),
    ("mx.city.example; none", "unproven"),
    ("mx.evil.example; dmarc=pass header.from=example.jp", "unproven"),
    ("mx.evil.example (mx.city.example); dmarc=pass", "unproven"),
    (None, "unproven"),
    ("mx.city.example; dmarc=pass header.from=example.jp", "message"),
    ("MX.City.Example 1; DMARC=pass (p=reject) header.from=example.jp", "message"),
    ("mx.city.example; spf=pass smtp.mailfrom=user@example.jp; dkim=none", "message"),
    (
        "mx.city.example; spf=softfail smtp.mailfrom=x.example; dkim=pass (2048-bit key) header.d=mail.example.jp",
        "message",
    ),
    ("mx.city.example; auth=pass smtp.auth=tanaka", "message"),
    ("mx.city.example; auth=pass smtp.auth=someone@elsewhere.example", "forged"),
    # What a sender put into a quoted name or a comment is none of the server's words.
    ('mx.city.example; dmarc=none; spf=pass smtp.mailfrom="x; dmarc=pass header.from=example.jp; y"@evil.example', "forged"),
    ('mx.city.example; spf=pass smtp.mailfrom="a("@evil.example; dmarc=fail; dkim=pass header.i="b)"@evil.example header.d=example.jp', "forged"),
    (r'mx.city.example; dkim=fail (said "\) dkim=pass header.d=example.jp" ; dmarc=pass) header.d=example.jp', "forged"),
    ("mx.city.example; dmarc=none; dmarc=pass header.from=example.jp", "forged"),
    ("mx.city.example; dmarc=pass header.from=example.jp (never closed", "forged"),
]  # fmt: skip


@pytest.mark.parametrize(("results", "expected"), RESULTS)
def test_what_the_mail_server_says_of_the_sender_decides(case, person, mailbox, results, expected):
    mailbox.TRUSTED_AUTHSERV = "mx.city.example"
    received = take_in(make_mail(case, person, Authentication_Results=results))
    assert (received.what if received.post else received.refused.why) == expected
    assert Delivery.objects.count() == 0


def test_of_two_results_the_worse_counts(case, person, mailbox):
    mailbox.TRUSTED_AUTHSERV = "mx.city.example"
    raw = make_mail(case, person).as_bytes()
    head = b"Authentication-Results: mx.city.example; dmarc=fail\r\nAuthentication-Results: mx.city.example; dmarc=pass\r\n"
    assert why(receive(head + raw)) == "forged"


def test_comment_within_comment_takes_no_time():
    nested = ["mx.city.example; none " + "(" * 4000 + ")" * 3900] * 20
    began = time.process_time()
    proof(nested, trusted="mx.city.example", sender="tanaka@example.jp")
    assert time.process_time() - began < 1


def test_person_who_left_the_organisation_is_refused_and_told(case, person):
    person.represents.update(ended_at=clock.now())
    received = take_in(make_mail(case, person))
    assert (why(received), received.refused.answered) == ("not_allowed", True)
    mail = Delivery.objects.get()
    assert mail.address == person.email
    assert case.title not in mail.body
    assert case.ref not in mail.body


def test_inactive_account_is_nobody(case, person):
    type(person).objects.filter(pk=person.pk).update(is_active=False)
    assert why(take_in(make_mail(case, person))) == "not_the_sender"
    assert Delivery.objects.count() == 0


def test_auditor_reads_and_does_not_speak(case):
    auditor = make_staff(case.municipality, "auditor")
    assert why(take_in(make_mail(case, auditor))) == "not_allowed"


def test_closed_case_is_refused_with_what_to_do(case, person, officer):
    actions.close(case, by=make_staff(case.municipality, "desk"), reason="budget", feedback="来年度に。")
    received = take_in(make_mail(case, person))
    assert (why(received), received.refused.case) == ("closed", case)
    mail = Delivery.objects.get(notice=None)
    assert mail.subject == "返信を受け付けられませんでした: Re: メッセージ"
    assert "この案件は終了しています。" in mail.body
    assert f"/my/cases/nagisa/{case.ref}/" in mail.body
    assert (mail.reply_to, mail.state) == ("", "queued")


def test_empty_answer_is_refused_with_what_to_do(case, person):
    delivery = notice_to(person)
    quoted = "\n".join(f"> {line}" for line in delivery.body.splitlines())
    assert why(take_in(make_mail(case, person, quoted))) == "empty"
    assert "引用した文より上に書いて" in Delivery.objects.get(notice=None).body


@pytest.mark.parametrize(
    ("name", "value"),
    [("Auto-Submitted", "auto-replied"), ("Precedence", "bulk"), ("Return-Path", "<>"), ("X-Autoreply", "yes"), ("From", "MAILER-DAEMON@mx.example")],
)  # fmt: skip
def test_machines_are_listed_and_never_answered(case, person, name, value):
    received = take_in(make_mail(case, person, **{name.replace("-", "_"): value}))
    assert (why(received), received.refused.case) == ("automatic", case)
    assert received.refused.told_at is not None
    assert Delivery.objects.count() == 0


def test_our_own_mail_coming_back_starts_no_loop(case, person):
    delivery = notice_to(person)
    raw = message(delivery).message().as_bytes()
    before = Delivery.objects.count()
    assert why(receive(raw, recipient=delivery.reply_to)) == "automatic"
    assert Delivery.objects.count() == before


def test_too_many_mails_an_hour_are_refused(case, person, mailbox):
    for _ in range(MOST_AN_HOUR):
        assert take_in(make_mail(case, person)).what == "message"
    assert take_in(make_mail(case, person)).refused.why == "too_many"
    with clock.standing_at(clock.now() + timedelta(hours=2)):
        assert take_in(make_mail(case, person)).what == "message"


def test_mails_of_files_alone_are_counted_too(case, person, monkeypatch):
    monkeypatch.setattr(receiving, "MOST_AN_HOUR", 2)

    def files_alone():
        mail = make_mail(case, person, "")
        for name in ("見積.pdf", "図面.pdf"):
            mail.add_attachment(PDF, maintype="application", subtype="pdf", filename=name)
        return mail

    assert [take_in(files_alone()).what for _ in range(2)] == ["message", "message"]
    assert take_in(files_alone()).refused.why == "too_many"


def test_few_answers_an_hour_go_out(case, person):
    for _ in range(MOST_ANSWERS_AN_HOUR + 3):
        why(take_in(make_mail(case, person, "")))
    assert (
        Delivery.objects.count() == RefusedMail.objects.filter(answered=True).count() == MOST_ANSWERS_AN_HOUR
    )


def test_refused_mail_delivered_twice_is_listed_and_answered_once(case, person):
    mail = make_mail(case, person, "")
    assert [take_in(mail).what, take_in(mail).what] == ["refused", "duplicate"]
    assert (RefusedMail.objects.count(), Delivery.objects.count()) == (1, 1)


def test_mail_above_the_limit_is_refused_unread(case, person, mailbox):
    mailbox.MAIL_IN_MAX_BYTES = 5000
    assert why(take_in(make_mail(case, person, "x" * 6000))) == "too_large"
    assert "メールが大きすぎます" in Delivery.objects.get().body


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"\x00\x01\x02" * 100])
def test_broken_mail_is_listed_once(case, raw):
    assert (why(receive(raw)), receive(raw).what) == ("broken", "duplicate")
    assert RefusedMail.objects.get().municipality == case.municipality


def test_line_ends_in_the_subject_add_no_header_to_our_answer(case, person):
    raw = make_mail(case, person, "", Subject=None).as_bytes()
    receive(b"Subject: =?UTF-8?Q?a=0D=0ABcc:_x@evil.example?=\r\n" + raw)
    mail = message(Delivery.objects.get())
    assert mail.message()["Bcc"] is None
    assert mail.subject == "返信を受け付けられませんでした: a Bcc: x@evil.example"


def test_what_a_refused_mail_says_is_kept_as_plain_text(case, person):
    mail = make_mail(case, person, sender="stranger@evil.example")
    mail.set_content("<b>太字</b><script>alert(1)</script>" + "x" * 5000, subtype="html")
    excerpt = take_in(mail).refused.excerpt
    assert (len(excerpt), excerpt[:3]) == (2000, "太字x")


# --- who sees what ----------------------------------------------------------------------------------------------


def test_answer_of_one_organisation_is_told_to_the_other(case, person, officer):
    other = make_representative()
    actions.add_organisation(
        case, other.represents.get().organisation, by=make_staff(case.municipality, "desk")
    )
    case.refresh_from_db()
    take_in(make_mail(case, person, "来月から始められます。"))
    notices = tell(Entry.objects.filter(verb="case.spoken").latest("pk"))
    told = {notice.user for notice in notices}
    assert {officer, other} <= told
    assert person not in told


def test_trouble_with_the_database_comes_through(case, person, monkeypatch):
    from django.db import OperationalError

    def away(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(actions, "say", away)
    before = stored()
    with pytest.raises(OperationalError):
        take_in(with_files(case, person, ("a.pdf", PDF)))
    assert (RefusedMail.objects.count(), stored()) == (0, before)


def test_what_a_broken_mail_makes_an_error_say_can_be_kept(mailbox):
    # A database that refuses the row would have the same mail come again and again.
    received = receiving.give_up(b"From: a@example.jp\r\n\r\n", ValueError("unknown\x00\udc80 code"))
    assert received.refused.detail == "ValueError: unknown code"
