"""Conditions on suggestions beyond a person's role, and who gets a turn among the first ten."""

from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.challenges.rules import takes_proposals
from musubi.challenges.states import LISTED, Visibility
from musubi.matching.models import Suggestion
from musubi.matching.states import SUGGESTION
from musubi.people.models import Member, Organisation
from musubi.people.queries import representatives_of

FIRST = 10
# The places of the first ten that are lent: the first five are never taken from whoever earned them.
TURN_PLACE = 6
NEW_FOR = timedelta(days=90)

MOST_TEXT = 2_000
MOST_SEARCHES = 20


def is_member(challenge: Challenge, organisation: Organisation) -> bool:
    return Member.objects.filter(
        municipality=challenge.municipality_id, organisation=organisation, state="active"
    ).exists()


def may_read(organisation: Organisation, challenge: Challenge) -> bool:
    """Whether the people of an organisation may read a challenge: it is on the public list, or was widened to the
    members and they are one."""
    if challenge.state not in LISTED:
        return False
    if challenge.visibility >= Visibility.PUBLIC:
        return True
    return challenge.visibility >= Visibility.MEMBERS and is_member(challenge, organisation)


def why_not_introduce(suggestion: Suggestion) -> str:
    """What keeps a challenge from being introduced to the organisation, as a sentence; empty where nothing does."""
    challenge, organisation = suggestion.challenge, suggestion.organisation
    if not SUGGESTION.allows(suggestion.state, "introduced"):
        return _("この候補は「%s」のため、紹介できません。") % SUGGESTION[suggestion.state].label
    if not takes_proposals(challenge):
        return _("この課題は、いま提案を受け付けていないため、紹介できません。")
    if not may_read(organisation, challenge):
        return _(
            "この課題は、%sからは見られません。公開範囲を広げるか、団体が会員になってから紹介してください。"
        ) % (organisation)
    if not representatives_of([organisation.pk]).exists():
        return (
            _(
                "%sには、知らせを受け取る担当者がまだいません。電話やメールで連絡し、担当者を登録してもらってください。"
            )
            % organisation
        )
    return ""


def give_turn(answers: list, newcomers: Mapping[int, str]) -> list:
    """The same answers, but the best of the `newcomers` that stands below the first ten, is fairly near and was not
    turned down for this stands among the first ten: one at a time, at `TURN_PLACE`, with its reason.

    So that whoever joined lately, or was never among the first ten, is seen too. Takes and gives `ask.Found`;
    `newcomers` are organisations (ids) with the kind of reason to be shown.
    """
    owners = [owner_of(answer.thing) for answer in answers]
    if any(owner in newcomers for owner in owners[TURN_PLACE - 1 : FIRST]):
        return answers
    ahead = set(owners[:FIRST])
    for place in range(FIRST, len(answers)):
        answer, owner = answers[place], owners[place]
        is_turned_down = any(one["kind"] in ("misfit", "declined") for one in answer.against)
        if owner in newcomers and owner not in ahead and answer.strength != "weak" and not is_turned_down:
            answer.reasons.append({"kind": newcomers[owner]})
            rest = [*answers[:place], *answers[place + 1 :]]
            return [*rest[: TURN_PLACE - 1], answer, *rest[TURN_PLACE - 1 :]]
    return answers


def owner_of(thing) -> int:
    """The organisation (id) that is suggested, by itself or by one of its solutions."""
    return thing.pk if isinstance(thing, Organisation) else thing.organisation_id
