"""Nobody acts on a challenge who may not, and the journal tells of every act: one line each."""

from datetime import date

import pytest

from musubi.challenges import actions
from musubi.challenges.states import Visibility
from musubi.journal.queries import history
from musubi.lib.errors import NotAllowed
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_staff

pytestmark = pytest.mark.django_db
ACTS = {
    "save": ("draft", lambda c, by: actions.save_challenge(c, by=by, title="別の題")),
    "ask": ("draft", lambda c, by: actions.ask_for_check(c, by=by)),
    "return": ("checking", lambda c, by: actions.return_to_draft(c, by=by, remarks="直して")),
    "publish": ("checking", lambda c, by: actions.publish(c, by=by)),
    "widen": ("published", lambda c, by: actions.widen(c, by=by, visibility=Visibility.PUBLIC)),
    "renew": ("published", lambda c, by: actions.renew(c, by=by, expires_on=date(2030, 3, 31))),
    "close": ("published", lambda c, by: actions.close(c, by=by, reason="budget")),
    "reopen": ("closed", lambda c, by: actions.reopen(c, by=by)),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["auditor", "administrator", "officer"])
def test_act_by_who_may_not_is_not_allowed(act, role):
    city = make_municipality()
    state, do = ACTS[act]
    challenge = make_challenge(city, state=state, visibility=Visibility.MEMBERS)
    before = history(challenge).count()
    with pytest.raises(NotAllowed):
        do(challenge, make_staff(city, role))
    assert history(challenge).count() == before


@pytest.mark.parametrize(
    ("act", "verb"),
    [
        ("save", "saved"),
        ("ask", "submitted"),
        ("return", "returned"),
        ("publish", "published"),
        ("widen", "widened"),
        ("renew", "renewed"),
        ("close", "closed"),
        ("reopen", "reopened"),
    ],
)
def test_act_is_in_the_journal(act, verb):
    city = make_municipality()
    state, do = ACTS[act]
    officer, desk = make_staff(city, "officer"), make_staff(city, "desk")
    challenge = make_challenge(city, state=state, visibility=Visibility.MEMBERS, by=officer, desk=desk)
    by = officer if act in ("save", "ask", "renew") else desk
    do(challenge, by)
    entry = history(challenge).last()
    assert (entry.verb, entry.actor_id) == (f"challenge.{verb}", by.pk)
