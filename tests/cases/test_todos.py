"""What was promised in talks: ticked off one by one, each handing the ball to the next."""

from datetime import timedelta

import pytest

from musubi.cases import actions
from musubi.cases.meetings import todos
from musubi.cases.meetings.notices import todo_reopened
from musubi.cases.models import Todo
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from tests.factories.cases import make_case
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def env(city):
    return make_department(city, "環境課")


@pytest.fixture
def officer(city, env):
    return make_staff(city, "officer", env)


@pytest.fixture
def company():
    return make_organisation()


@pytest.fixture
def person(company):
    return make_representative(company)


@pytest.fixture
def case(city, company, person, officer):
    return make_case(city, company, officer=officer, by=person)


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


def ball(case):
    case = fresh(case)
    return case.holder, case.ball_next


def in_days(n):
    return clock.today() + timedelta(days=n)


def promise(case, officer, text, doer, days):
    return todos.add_todo(case, by=officer, text=text, doer=doer, due_on=in_days(days))


def test_add_todo_leaves_the_ball_where_it_is(case, officer, company):
    before = ball(case)
    todo = promise(case, officer, "見積りを出す", company, 5)
    assert (todo.doer, todo.done_at) == (company, None)
    assert ball(case) == before
    assert [entry.verb for entry in history(todo)] == ["todo.added"]


def test_add_todo_by_the_organisation_is_not_allowed(case, person, company):
    with pytest.raises(NotAllowed):
        promise(case, person, "見積りを出す", company, 5)


@pytest.mark.parametrize(("text", "days"), [(" ", 5), ("見積り", -1)])
def test_add_todo_that_is_not_whole_is_refused(case, officer, company, text, days):
    with pytest.raises((Missing, Refused)):
        promise(case, officer, text, company, days)
    assert Todo.objects.count() == 0


def test_add_todo_for_who_takes_no_part_is_refused(case, officer):
    with pytest.raises(Refused):
        promise(case, officer, "見積りを出す", make_organisation(), 5)


def test_finished_todo_hands_the_ball_to_the_next_doer_and_the_last_to_the_lead(
    case, officer, person, company, env
):
    second = promise(case, officer, "会場を押さえる", env, 8)
    first = promise(case, officer, "見積りを出す", company, 4)
    actions.hand_ball(case, company, by=officer, next_step="見積りを出す")
    todos.finish_todo(first, by=person)
    assert ball(case) == (env, "会場を押さえる")
    assert fresh(first).done_by == person
    todos.finish_todo(second, by=officer)
    assert ball(case) == (env, "次の進め方を決める")
    assert [entry.verb for entry in history(first)] == ["todo.added", "todo.done"]


def test_finished_todo_of_another_leaves_the_ball_where_it_is(case, officer, company, env):
    promise(case, officer, "見積りを出す", company, 4)
    own = promise(case, officer, "会場を押さえる", env, 8)
    actions.hand_ball(case, company, by=officer, next_step="見積りを出す")
    since = fresh(case).ball_since
    todos.finish_todo(own, by=officer)
    assert ball(case) == (company, "見積りを出す")
    assert fresh(case).ball_since == since


def test_finish_todo_of_the_municipality_by_the_organisation_is_not_allowed(case, officer, person, env):
    todo = promise(case, officer, "会場を押さえる", env, 8)
    with pytest.raises(NotAllowed):
        todos.finish_todo(todo, by=person)
    assert fresh(todo).done_at is None


@pytest.mark.parametrize("role", ["auditor", "administrator", "officer"])
def test_finish_todo_by_who_may_not_is_not_allowed(case, city, officer, env, role):
    todo = promise(case, officer, "会場を押さえる", env, 8)
    with pytest.raises(NotAllowed):
        todos.finish_todo(todo, by=make_staff(city, role))


def test_finish_todo_twice_is_refused(case, officer, company):
    todo = promise(case, officer, "見積りを出す", company, 4)
    seen = fresh(todo)
    todos.finish_todo(todo, by=officer)
    with pytest.raises(Conflict):
        todos.finish_todo(seen, by=officer)


def test_finish_todo_in_a_case_that_has_ended_is_refused(case, officer, company):
    todo = promise(case, officer, "見積りを出す", company, 4)
    actions.close(case, by=officer, reason="timing", feedback="また来年に。")
    with pytest.raises(Refused):
        todos.finish_todo(todo, by=officer)


def test_reopened_todo_takes_the_ball_back_from_what_came_after_it(case, officer, person, company, env):
    promise(case, officer, "会場を押さえる", env, 8)
    first = promise(case, officer, "見積りを出す", company, 4)
    actions.hand_ball(case, company, by=officer, next_step="見積りを出す")
    todos.finish_todo(first, by=person)
    todos.reopen_todo(first, by=person)
    assert ball(case) == (company, "見積りを出す")
    assert fresh(case).ball_due_on >= fresh(first).due_on
    assert (fresh(first).done_at, fresh(first).done_by) == (None, None)
    assert [entry.verb for entry in history(first)] == ["todo.added", "todo.done", "todo.reopened"]
    assert history(first).last().data["to"] == str(company)


def test_reopened_last_todo_takes_the_ball_back_from_the_lead(case, officer, company, env):
    only = promise(case, officer, "見積りを出す", company, 4)
    actions.hand_ball(case, company, by=officer, next_step="見積りを出す")
    todos.finish_todo(only, by=officer)
    assert ball(case) == (env, "次の進め方を決める")
    todos.reopen_todo(only, by=officer)
    assert ball(case) == (company, "見積りを出す")


def test_reopened_todo_leaves_a_ball_that_lies_elsewhere_for_another_reason(case, officer, company, env):
    todo = promise(case, officer, "会場を押さえる", env, 4)
    todos.finish_todo(todo, by=officer)
    actions.hand_ball(case, company, by=officer, next_step="図面を送る")
    since = fresh(case).ball_since
    todos.reopen_todo(todo, by=officer)
    assert ball(case) == (company, "図面を送る")
    assert fresh(case).ball_since == since
    assert "to" not in history(todo).last().data


def test_reopen_todo_that_is_open_is_refused(case, officer, company):
    todo = promise(case, officer, "見積りを出す", company, 4)
    with pytest.raises(Conflict):
        todos.reopen_todo(todo, by=officer)
    assert [entry.verb for entry in history(todo)] == ["todo.added"]


def test_reopen_todo_in_a_case_that_has_ended_is_refused(case, officer, company):
    todo = promise(case, officer, "見積りを出す", company, 4)
    todos.finish_todo(todo, by=officer)
    actions.close(case, by=officer, reason="timing", feedback="また来年に。")
    with pytest.raises(Refused):
        todos.reopen_todo(todo, by=officer)
    assert fresh(todo).done_by == officer


@pytest.mark.parametrize("role", ["auditor", "administrator", "officer", "person"])
def test_reopen_todo_by_who_may_not_is_not_allowed(case, city, officer, person, env, role):
    todo = promise(case, officer, "会場を押さえる", env, 8)
    todos.finish_todo(todo, by=officer)
    with pytest.raises(NotAllowed):
        todos.reopen_todo(todo, by=person if role == "person" else make_staff(city, role))
    assert fresh(todo).done_by == officer


def test_reopened_todo_is_told_to_who_has_the_ball_again(case, officer, person, company):
    todo = promise(case, officer, "見積りを出す", company, 4)
    actions.hand_ball(case, company, by=officer, next_step="見積りを出す")
    todos.finish_todo(todo, by=officer)
    todos.reopen_todo(todo, by=officer)
    (letter,) = [each for each in todo_reopened(history(todo).last()) if each.user == person]
    assert letter.title == "宿題はまだ済んでいません: 見積りを出す"
    assert f"次に動くのは、{company}です: 見積りを出す" in letter.body
