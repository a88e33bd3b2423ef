from datetime import date, datetime, timedelta

import pytest
from django.core import mail as django_mail
from django.core.management import call_command
from django.utils.translation import gettext_lazy, override

from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.notify import queries, tasks
from musubi.notify.actions import queue_mail
from musubi.notify.models import Chore, Delivery, Notice
from musubi.notify.registry import Letter
from musubi.notify.states import LEASE
from musubi.services import mail
from tests.factories.notify import make_delivery, make_entry, make_notice, registered
from tests.factories.people import make_user

pytestmark = pytest.mark.django_db
START = datetime(2025, 4, 1, 9, tzinfo=clock.TOKYO)


def at(**later):
    return clock.standing_at(START + timedelta(**later))


# --- journal entries


def test_waiting_entries_are_told_in_order_and_once(kind):
    user = make_user()
    entries = [make_entry("test.done", user), make_entry("test.unheard"), make_entry("test.done", user)]
    assert tasks.tell_waiting() == 3
    assert tasks.tell_waiting() == 0
    told = Notice.objects.order_by("id").values_list("entry_id", flat=True)
    assert list(told) == [entries[0].pk, entries[2].pk]
    assert not Entry.objects.filter(done_at=None).exists()


def test_entry_of_a_dead_worker_is_taken_up_after_the_lease(kind):
    with at():
        entry = make_entry("test.done", make_user())
        Entry.objects.update(claimed_at=clock.now(), attempts=1)
    with at(seconds=LEASE.total_seconds() - 1):
        assert tasks.tell_waiting() == 0
    with at(seconds=LEASE.total_seconds()):
        assert tasks.tell_waiting() == 1
    assert Notice.objects.get().entry_id == entry.pk


def test_entry_that_cannot_be_told_waits_longer_each_time_and_blocks_nobody(kind):
    user = make_user()
    tries = []

    def broken(entry):
        tries.append(clock.now() - START)
        raise RuntimeError("こわれた")

    with registered("test.broken", broken):
        with at():
            bad, good = make_entry("test.broken"), make_entry("test.done", user)
        for second in range(0, 5000, 5):
            with at(seconds=second):
                tasks.tell_waiting()
    assert tries == [timedelta(seconds=s) for s in (0, 10, 70, 670, 4270)]
    assert Notice.objects.get().entry_id == good.pk
    bad.refresh_from_db()
    assert (bad.done_at, bad.attempts, bad.error) == (None, 5, "RuntimeError: こわれた")
    assert list(queries.given_up()) == [bad]


def test_entry_that_kills_its_worker_is_given_up_and_its_neighbours_are_not(kind):
    class Killed(BaseException):
        pass

    def deadly(entry):
        raise Killed

    with registered("test.deadly", deadly):
        with at():
            bad, good = make_entry("test.deadly"), make_entry("test.done", make_user())
        for round_ in range(8):
            with at(minutes=6 * round_):
                try:
                    tasks.tell_waiting()
                except Killed:
                    continue
    assert Notice.objects.get().entry_id == good.pk
    assert list(queries.given_up()) == [bad]
    bad.refresh_from_db()
    assert bad.error == tasks.DIED
    good.refresh_from_db()
    assert good.attempts == 1


def test_stopped_worker_gives_back_what_it_has_not_begun(kind):
    entries = [make_entry("test.done", make_user()) for _ in range(3)]
    answers = iter([False, True])
    tasks.tell_waiting(lambda: next(answers))
    left = Entry.objects.filter(done_at=None).order_by("id")
    assert [(e.pk, e.claimed_at, e.attempts) for e in left] == [(e.pk, None, 0) for e in entries[1:]]


# --- mails


def test_due_mail_is_sent_and_marked(configured):
    with at():
        row = make_delivery(address="a@example.jp", subject="件名", body="本文")
        assert tasks.send_waiting() == 1
        assert tasks.send_waiting() == 0
    row.refresh_from_db()
    assert (row.state, row.sent_at, row.attempts, row.error) == ("sent", START, 1, "")
    [sent] = django_mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["a@example.jp"], "件名", "本文")


def test_mail_before_its_time_waits(configured):
    with at():
        make_delivery(next_try_at=START + timedelta(seconds=1))
        assert tasks.send_waiting() == 0
    with at(seconds=1):
        assert tasks.send_waiting() == 1


def test_mails_wait_in_their_rows_without_a_mail_server(settings):
    settings.MAIL_CONFIGURED = False
    row = make_delivery()
    assert tasks.send_waiting() == 0
    row.refresh_from_db()
    assert (row.state, row.attempts, django_mail.outbox) == ("queued", 0, [])


def test_account_mail_is_emptied_once_sent_but_kept_in_the_demo(configured, settings):
    queue_mail("a@example.jp", "再設定", "https://example.jp/secret")
    told = make_delivery(notice=make_notice(), body="本文")
    tasks.send_waiting()
    assert [m.body for m in django_mail.outbox] == ["https://example.jp/secret", "本文"]
    assert Delivery.objects.exclude(pk=told.pk).get().body == ""
    told.refresh_from_db()
    assert told.body == "本文"
    settings.DEMO = True
    shown = queue_mail("a@example.jp", "再設定", "https://example.jp/secret")
    tasks.send_waiting()
    shown.refresh_from_db()
    assert (shown.state, shown.body) == ("sent", "https://example.jp/secret")


def test_mail_to_a_person_who_is_gone_is_cancelled(configured):
    row = make_delivery(user=make_user(is_active=False))
    tasks.send_waiting()
    row.refresh_from_db()
    assert (row.state, row.error, row.attempts) == ("cancelled", "宛先の利用者は無効になっています。", 0)
    assert django_mail.outbox == []


def test_mail_of_a_dead_worker_is_taken_up_after_the_lease(configured):
    with at():
        row = make_delivery(state="sending", claimed_at=START, attempts=1)
    with at(minutes=4, seconds=59):
        assert tasks.send_waiting() == 0
    with at(minutes=5):
        assert tasks.send_waiting() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 2)


def test_mail_that_outlived_all_its_workers_fails_visibly(configured):
    row = make_delivery(state="sending", claimed_at=clock.now() - LEASE, attempts=6)
    tasks.send_waiting()
    row.refresh_from_db()
    assert (row.state, row.error) == ("failed", tasks.DIED)
    assert list(queries.never_arrived()) == [row]
    assert django_mail.outbox == []


def test_mail_not_taken_now_is_tried_with_longer_waits_and_then_fails(smtp):
    smtp.answers["full@example.jp"] = b"451 later please"
    with at():
        row = make_delivery(address="full@example.jp")
        other = make_delivery()
    waits = []
    now = START
    for _ in range(6):
        with clock.standing_at(now):
            tasks.send_waiting()
        row.refresh_from_db()
        if row.state == "queued":
            waits.append(row.next_try_at - now)
            now = row.next_try_at
    assert (row.state, row.attempts, row.error) == ("failed", 6, "451 later please")
    for wait, least in zip(waits, (60, 300, 1800, 7200, 43200), strict=True):
        assert timedelta(seconds=least) <= wait <= timedelta(seconds=least * 1.25)
    other.refresh_from_db()
    assert (other.state, [to for to, _ in smtp.mails]) == ("sent", [other.address])


def test_mail_refused_for_good_fails_at_once(smtp):
    smtp.answers["nobody@example.jp"] = b"550 no such user"
    rows = [make_delivery(address=a) for a in ("nobody@example.jp", "not an address", "ok@example.jp")]
    tasks.send_waiting()
    for row in rows:
        row.refresh_from_db()
    assert [(row.state, row.attempts) for row in rows] == [("failed", 1), ("failed", 1), ("sent", 1)]
    assert rows[0].error == "550 no such user"


def test_mails_wait_without_losing_tries_while_the_server_is_away(smtp):
    rows = [make_delivery(), make_delivery()]
    smtp.shutdown()
    smtp.server_close()
    with at():
        Delivery.objects.update(next_try_at=START)
        with pytest.raises(mail.Unreachable):
            tasks.send_waiting()
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempts, row.next_try_at) == ("queued", 0, START + tasks.MAIL_PAUSE)
        assert row.error.startswith("ConnectionRefusedError")


def test_server_that_hangs_up_costs_one_mail_a_try_and_the_others_none(smtp):
    def hang_up():
        raise ConnectionError

    rows = [make_delivery(), make_delivery()]
    smtp.on_data = hang_up
    with pytest.raises(mail.Unreachable):
        tasks.send_waiting()
    for row in rows:
        row.refresh_from_db()
    assert [(row.state, row.attempts) for row in rows] == [("queued", 1), ("queued", 0)]
    smtp.on_data = lambda: None
    Delivery.objects.update(next_try_at=clock.now())
    assert tasks.send_waiting() == 2
    assert Delivery.objects.filter(state="sent").count() == 2


# --- periodic work


@pytest.fixture
def chore():
    """Periodic work that notes when it was done; `chore.fault` is raised where it is set."""
    before = dict(tasks.PERIODIC)
    tasks.PERIODIC.clear()

    def do():
        do.times.append(clock.now())
        if do.fault:
            raise do.fault

    do.times, do.fault = [], None
    tasks.periodic("試験", timedelta(days=1))(do)
    yield do
    tasks.PERIODIC.clear()
    tasks.PERIODIC.update(before)


def test_periodic_work_is_done_once_a_day_in_japan(chore):
    hours = (0, 1, 14, 15, 16, 38, 39)  # from nine in the morning: midnights after 15 and 39 hours
    for hour in hours:
        with at(hours=hour):
            tasks.do_chores()
    assert chore.times == [START + timedelta(hours=h) for h in (0, 15, 39)]
    assert Chore.objects.get().last_run_at == chore.times[-1]


def test_periodic_work_that_fails_is_done_again_after_half_an_hour(chore):
    chore.fault = RuntimeError("こわれた")
    with at():
        tasks.do_chores()
    assert Chore.objects.get().error == "RuntimeError: こわれた"
    chore.fault = None
    for minute in (29, 30, 31):
        with at(minutes=minute):
            tasks.do_chores()
    assert chore.times == [START, START + timedelta(minutes=30)]
    assert Chore.objects.get().error == ""


def test_periodic_work_held_by_another_worker_is_left_alone(chore):
    with at():
        Chore.objects.create(name="試験", claimed_at=START)
        assert tasks.do_chores() == 0
    assert chore.times == []


def test_periodic_name_is_taken_once(chore):
    with pytest.raises(ValueError):
        tasks.periodic("試験")(lambda: None)


# --- the command


def test_work_once_drains_everything(kind, configured, capsys):
    users = [make_user() for _ in range(3)]
    for _ in range(40):
        make_entry("test.done", *users)
    call_command("work", once=True)
    assert (Notice.objects.count(), len(django_mail.outbox)) == (120, 120)
    assert capsys.readouterr().out == "記録 40 件、メール 120 通を処理しました。\n"


def test_work_once_says_that_mails_wait_without_a_server(kind, settings, capsys):
    settings.MAIL_CONFIGURED = False
    make_entry("test.done", make_user())
    call_command("work", once=True)
    assert capsys.readouterr().out == (
        "記録 1 件、メール 0 通を処理しました。\n"
        "メール 1 通が送信待ちです。メールサーバー(EMAIL_URL)を設定すると送られます。\n"
    )


def test_work_on_history_dates_the_notices_as_it_happened(kind, configured):
    user = make_user()
    with clock.standing_at(date(2023, 6, 1)) as then:
        make_entry("test.done", user)
    call_command("work", once=True)
    row = Delivery.objects.get()
    assert (Notice.objects.get().at, row.created_at, row.state) == (then, then, "sent")


def test_letter_is_written_in_the_readers_language(kind):
    english = make_user(language="en")
    with registered("test.lazy", lambda entry: [Letter(english, gettext_lazy("Yes"), "", "")]):
        make_entry("test.lazy")
        with override("ja"):
            tasks.tell_waiting()
    assert Notice.objects.get().title == "Yes"
