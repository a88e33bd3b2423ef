from datetime import date, datetime

import pytest

from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.notify import actions, queries
from musubi.notify.models import Delivery, Notice, Preference
from musubi.notify.registry import Letter
from tests.factories.notify import make_delivery, make_entry, make_notice, registered
from tests.factories.people import make_municipality, make_user

pytestmark = pytest.mark.django_db


def test_tell_makes_a_notice_and_a_mail_and_marks_the_entry_done(kind, settings):
    settings.ORIGIN = "https://musubi.example.jp"
    a, b = make_user("青木"), make_user("馬場")
    with clock.standing_at(date(2024, 5, 1)) as then:
        entry = make_entry("test.done", a, b)
    notices = actions.tell(entry)
    assert [(n.user, n.kind, n.entry_id, n.title, n.path, n.at, n.read_at) for n in notices] == [
        (user, "test.done", entry.pk, f"お知らせ {entry.pk}", "/here/", then, None) for user in (a, b)
    ]
    mails = Delivery.objects.order_by("id")
    assert [(m.user, m.address, m.subject, m.state, m.created_at) for m in mails] == [
        (user, user.email, f"お知らせ {entry.pk}", "queued", then) for user in (a, b)
    ]
    assert mails[0].body == (
        "青木 様\n\n本文です。\n\nくわしくは、次のページをご覧ください。\nhttps://musubi.example.jp/here/\n\n"
        "――――――――――\nこのメールは自動でお送りしています。返信いただいてもお答えできません。\n"
        "メールで受け取るお知らせは、サインインして「お知らせの設定」で選べます。\n"
    )
    entry.refresh_from_db()
    assert entry.done_at is not None


def test_tell_twice_tells_once(kind):
    entry = make_entry("test.done", make_user())
    assert len(actions.tell(entry)) == 1
    assert actions.tell(entry) == []
    assert (Notice.objects.count(), Delivery.objects.count()) == (1, 1)


def test_tell_again_after_the_mark_was_lost_tells_only_who_was_not_told(kind):
    a, b = make_user(), make_user()
    entry = make_entry("test.done", a)
    actions.tell(entry)
    Entry.objects.filter(pk=entry.pk).update(done_at=None, data={"to": [a.pk, b.pk]})
    entry.refresh_from_db()
    assert [notice.user for notice in actions.tell(entry)] == [b]


def test_tell_without_a_kind_only_marks_the_entry(kind):
    entry = make_entry("test.unheard", make_user())
    assert actions.tell(entry) == []
    entry.refresh_from_db()
    assert entry.done_at is not None


def test_tell_leaves_out_the_one_who_did_it_and_who_is_gone(kind):
    actor, gone, other = make_user(), make_user(is_active=False), make_user()
    notices = actions.tell(make_entry("test.done", actor, gone, other, by=actor))
    assert [notice.user for notice in notices] == [other]


def test_tell_of_an_always_kind_includes_the_one_who_did_it():
    actor = make_user()
    Preference.objects.create(user=actor, kind="test.receipt", by_mail=False)
    with registered("test.receipt", mail=False, always=True):
        actions.tell(make_entry("test.receipt", actor, by=actor))
    assert Delivery.objects.get().user == actor
    assert "お知らせの設定" not in Delivery.objects.get().body


def test_tell_names_a_person_once_and_skips_a_missing_one(kind):
    user = make_user()

    def twice(entry):
        yield Letter(None, "x", "", "")
        yield Letter(user, "一通目\r\nBcc: x@example.jp", "", "")
        yield Letter(user, "二通目", "", "")

    with registered("test.twice", twice):
        actions.tell(make_entry("test.twice"))
    assert Notice.objects.get().title == "一通目 Bcc: x@example.jp"


def test_tell_cuts_a_title_that_is_too_long():
    user = make_user()
    with registered("test.long", lambda entry: [Letter(user, "あ" * 300, "", "")]):
        actions.tell(make_entry("test.long"))
    assert Notice.objects.get().title == "あ" * 199 + "…"
    assert Delivery.objects.get().subject == "あ" * 199 + "…"


def test_tell_changes_nothing_when_the_writer_raises():
    user = make_user()

    def broken(entry):
        yield Letter(user, "x", "", "")
        raise RuntimeError("こわれた")

    with registered("test.broken", broken):
        entry = make_entry("test.broken")
        with pytest.raises(RuntimeError, match="こわれた"):
            actions.tell(entry)
    entry.refresh_from_db()
    assert (entry.done_at, Notice.objects.count(), Delivery.objects.count()) == (None, 0, 0)


def test_tell_mails_by_preference_else_by_the_kind():
    wants, wants_not, silent = make_user(), make_user(), make_user()
    with registered("test.loud", mail=True), registered("test.quiet", mail=False):
        for kind in ("test.loud", "test.quiet"):
            actions.set_preference(wants, kind, by_mail=True)
            actions.set_preference(wants_not, kind, by_mail=False)
            actions.tell(make_entry(kind, wants, wants_not, silent))
    mailed = Delivery.objects.order_by("id").values_list("notice__kind", "user_id")
    assert list(mailed) == [("test.loud", wants.pk), ("test.loud", silent.pk), ("test.quiet", wants.pk)]
    assert Notice.objects.count() == 6


def test_set_preference_replaces_the_one_before(kind):
    user = make_user()
    assert (kind, True) in queries.preferences_of(user)
    actions.set_preference(user, "test.done", by_mail=False)
    assert (kind, False) in queries.preferences_of(user)
    actions.set_preference(user, "test.done", by_mail=True)
    assert (kind, True) in queries.preferences_of(user)
    assert Preference.objects.count() == 1


def test_set_preference_refuses_an_unknown_kind_and_switching_off_what_always_comes():
    user = make_user()
    with pytest.raises(Refused, match="この種類のお知らせはありません"):
        actions.set_preference(user, "no.such", by_mail=True)
    with registered("test.receipt", always=True) as receipt:
        with pytest.raises(Refused, match="「試験のお知らせ」は大切な控えのため"):
            actions.set_preference(user, "test.receipt", by_mail=False)
        assert (receipt, True) in queries.preferences_of(user)
    assert not Preference.objects.exists()


def test_mark_read_keeps_the_first_time():
    notice = make_notice()
    with clock.standing_at(date(2025, 1, 6)) as first:
        actions.mark_read(notice, by=notice.user)
    actions.mark_read(Notice.objects.get(), by=notice.user)
    assert Notice.objects.get().read_at == first


def test_mark_read_of_somebody_elses_notice_is_not_allowed():
    notice = make_notice()
    with pytest.raises(NotAllowed):
        actions.mark_read(notice, by=make_user())
    assert Notice.objects.get().read_at is None


def test_mark_all_read_leaves_others_alone():
    user, other = make_user(), make_user()
    for who in (user, user, other):
        make_notice(who)
    assert queries.unread_count(user) == 2
    assert actions.mark_all_read(user) == 2
    assert (queries.unread_count(user), queries.unread_count(other)) == (0, 1)


def test_notices_of_a_person_are_newest_first():
    user = make_user()
    days = [datetime(2025, 1, day, tzinfo=clock.TOKYO) for day in (2, 3, 1)]
    for day in days:
        make_notice(user, at=day)
    make_notice()
    assert [notice.at for notice in queries.notices_of(user)] == sorted(days, reverse=True)


def test_outbox_of_a_municipality_shows_what_happened_there(kind):
    here, there = make_municipality(), make_municipality()
    user = make_user()
    for city in (here, there):
        actions.tell(make_entry("test.done", user, thing=city))
    account_mail = actions.queue_mail("a@example.jp", "件名", "本文")
    assert [mail.notice.entry_id for mail in queries.outbox(here)] == [
        Entry.objects.get(municipality=here.code).pk
    ]
    assert queries.outbox().count() == 3
    assert queries.outbox().first() == account_mail


def test_queue_mail_takes_a_person_or_an_address():
    user = make_user(email="taro@example.jp")
    with clock.standing_at(date(2025, 2, 3)) as now:
        mine = actions.queue_mail(user, "件\n名", "本文")
        free = actions.queue_mail("b@example.jp", "件名", "本文")
    assert (mine.user, mine.address, mine.subject, mine.state, mine.next_try_at) == (
        user,
        "taro@example.jp",
        "件 名",
        "queued",
        now,
    )
    assert (free.user, free.address) == (None, "b@example.jp")


def test_retry_queues_a_failed_mail_anew():
    operator = make_user(is_operator=True)
    mail = make_delivery(state="failed", attempts=6, error="550 no such user")
    with clock.standing_at(date(2025, 2, 3)) as now:
        actions.retry(mail, by=operator)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.error, mail.next_try_at) == ("queued", 0, "", now)
    assert [(entry.verb, entry.actor_id) for entry in history(mail)] == [("delivery.retried", operator.pk)]


def test_retry_is_for_who_runs_the_installation():
    mail = make_delivery(state="failed")
    with pytest.raises(NotAllowed):
        actions.retry(mail, by=make_user())
    assert not history(mail).exists()


def test_retry_of_a_mail_that_has_not_failed_is_refused():
    mail = make_delivery(state="sent", sent_at=clock.now())
    with pytest.raises(Refused, match="このメールは「送信済」のため、「送信待ち」にはできません。"):
        actions.retry(mail, by=None)
    assert not history(mail).exists()


def test_state_text_says_why_a_mail_waits(settings):
    mail = make_delivery()
    settings.MAIL_CONFIGURED = False
    assert mail.state_text == "送信待ち(メールサーバーが設定されていません)"
    settings.MAIL_CONFIGURED = True
    assert mail.state_text == "送信待ち"
    mail.error = "ConnectionRefusedError"
    assert mail.state_text == "送信待ち(メールサーバーにつながりません)"
    mail.attempts = 2
    assert mail.state_text == "再送待ち(2回失敗)"
