"""Slow, stalled, silent: each sign on its day, and the words that say so."""

from datetime import date, timedelta

import pytest

from musubi.cases import actions
from musubi.cases.models import Case, Pace
from musubi.cases.radar.pace import Paces
from musubi.cases.radar.signs import Sign, for_page, sign_of, standings
from musubi.lib import clock
from tests.factories.cases import make_case, make_contact
from tests.factories.people import make_municipality, make_staff

pytestmark = pytest.mark.django_db

OPENED = date(2026, 6, 1)


@pytest.fixture
def officer():
    return make_staff(make_municipality(), "officer")


@pytest.fixture
def case(officer):
    """In dialogue since 1 June 2026; the ball is due after ten business days, on the 15th."""
    with clock.standing_at(OPENED):
        return make_case(officer.staff.get().municipality, officer=officer, track="open")


def learned(case: Case, slow: float, **kind) -> None:
    Pace.objects.create(
        **{"stage": "dialogue", "municipality": case.municipality, **kind},
        stays=34,
        moved=30,
        median_days=slow / 2,
        slow_days=slow,
        fitted_at=clock.now(),
    )


def after(days: int):
    return clock.standing_at(OPENED + timedelta(days=days))


def signs(case: Case, days: int) -> tuple:
    with after(days):
        return sign_of(case).signs


def test_slow_from_the_day_after_the_usual_ones(case):
    learned(case, 12)

    assert signs(case, 12) == ()
    assert signs(case, 13) == (Sign.SLOW,)


def test_slow_is_measured_by_the_cases_own_kind(case):
    learned(case, 5)
    learned(case, 40, track="open", department=case.lead)

    assert signs(case, 13) == ()


def test_stalled_when_the_ball_is_overdue_as_well(case):
    learned(case, 12)

    assert signs(case, 14) == (Sign.SLOW,)
    assert signs(case, 15) == (Sign.STALLED,)


def test_overdue_alone_is_no_sign(case):
    learned(case, 100)

    assert signs(case, 15) == ()


def test_silent_after_twice_the_limit(case):
    """The limit of dialogue is ten business days: twenty are four weeks."""
    learned(case, 100)

    assert signs(case, 28) == ()
    assert signs(case, 29) == (Sign.SILENT,)


def test_silence_begins_anew_with_every_word(case, officer):
    learned(case, 100)
    with after(20):
        actions.say(case, by=officer, body="いかがでしょうか。")

    assert signs(case, 48) == ()
    assert signs(case, 49) == (Sign.SILENT,)


def test_a_case_that_moved_on_is_neither_slow_nor_silent(case, officer):
    learned(case, 12)
    with after(40):
        actions.say(case, by=officer, body="企画に進みましょう。")
        actions.advance(case, "planning", by=officer)

    assert signs(case, 41) == ()


def test_paused_is_measured_by_its_day(case, officer):
    learned(case, 5)
    with after(10):
        actions.pause(case, by=officer, until=date(2026, 7, 31), reason="議会の会期")

    with clock.standing_at(date(2026, 7, 31)):
        assert sign_of(case).signs == ()
    with clock.standing_at(date(2026, 8, 1)):
        standing = sign_of(case)
        assert standing.signs == (Sign.STALLED,)
        assert standing.words() == "保留の期限を1日過ぎています。"


def test_an_ended_case_has_no_standing(case, officer):
    with after(2):
        actions.close(case, by=officer, reason="budget", feedback="来年度にぜひ。")

    assert sign_of(case) is None


def test_many_are_told_in_one_statement_and_as_one_by_one(case, officer, django_assert_num_queries):
    learned(case, 12)
    municipality = case.municipality
    with clock.standing_at(OPENED):
        other = make_contact(municipality, officer=officer)
        for _n in range(3):
            make_contact(municipality, officer=officer)
    with after(20):
        paces = Paces(municipality.pk)
        with django_assert_num_queries(1):
            found = standings(Case.objects.filter(municipality=municipality), paces)

        assert len(found) == 5
        assert {each.case_id: each.signs for each in found if each.case_id in (case.pk, other.pk)} == {
            case.pk: sign_of(case).signs,
            other.pk: sign_of(other).signs,
        }


def test_list_puts_what_hurts_most_first(case, officer):
    """Stalled before slow before silent; among alike, the one furthest past its usual days."""
    made = {}
    with clock.standing_at(OPENED):
        for title in ("stalled", "worse", "slow", "silent", "fine"):
            made[title] = make_contact(case.municipality, officer=officer, title=title)
    later, lately = date(2026, 12, 25), clock.at(date(2026, 7, 10))
    facts = {
        "stalled": {"last_spoken_at": lately},
        "worse": {"last_spoken_at": lately, "stage_since": clock.at(date(2026, 4, 1))},
        "slow": {"last_spoken_at": lately, "ball_due_on": later},
        "silent": {"stage": "implementation", "ball_due_on": later, "opened_at": clock.at(date(2026, 5, 1)),
                   "stage_since": clock.at(date(2026, 5, 1))},
        "fine": {"last_spoken_at": lately, "stage_since": lately, "ball_due_on": later},
    }  # fmt: skip
    for title, values in facts.items():
        Case.objects.filter(pk=made[title].pk).update(**values)
    learned(case, 10, stage="intake")
    learned(case, 200, stage="implementation")
    learned(case, 200)
    Case.objects.filter(pk=case.pk).update(last_spoken_at=lately)
    names = {row.pk: title for title, row in made.items()}
    with clock.standing_at(date(2026, 7, 12)):
        every = standings(Case.objects.filter(municipality=case.municipality), Paces(case.municipality_id))

        def shown(sign: str = "") -> list:
            return [names.get(each.case_id, "case") for each in for_page(every, sign)]

        assert shown() == ["worse", "stalled", "slow", "silent"]
        assert shown("stalled") == ["worse", "stalled"]
        assert shown("slow") == ["slow"]
        assert shown("silent") == ["silent"]
        assert shown("all")[:4] == ["worse", "stalled", "slow", "silent"]
        assert sorted(shown("all")[4:]) == ["case", "fine"]


def test_words_tell_the_usual_time_the_source_and_the_age(case):
    learned(case, 30)
    with after(41):
        assert sign_of(case).words("環境課") == (
            "この段階は、半数は15日以内、8割は30日以内に次へ動きます(庁内の同じ段階 34件から)。"
            "最後のやり取りから41日たっています(目安は28日)。この案件は今日で41日です。"
        )


def test_words_without_history_tell_the_limit(case):
    with after(20):
        assert sign_of(case).words("環境課") == (
            "この段階は、期限の目安が14日(10営業日)です(まだ履歴が少ないため、設定の期限から)。この案件は今日で20日です。"
        )
