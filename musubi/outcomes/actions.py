"""What came of it: recording an outcome, telling its story, reading an indicator."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction

from musubi.cases import actions as cases
from musubi.cases.models import Case
from musubi.challenges import actions as challenges
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.matching import actions as matching
from musubi.outcomes.models import Outcome, Reading, Story
from musubi.outcomes.states import REALISED, STORY, OutcomeKind
from musubi.people.models import User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require
from musubi.plan.models import Indicator


@transaction.atomic
def record_outcome(
    case: Case,
    *,
    by: User,
    kind: str,
    title: str,
    summary: str,
    started_on: date,
    yen_saved: int | None = None,
    hours_saved: int | None = None,
    yen_spent: int | None = None,
    hours_spent: int | None = None,
) -> Outcome:
    """Record what came of a case. A kind that meets the need (本格導入, 共同事業, 寄附) resolves its challenge.

    Money in yen and people's time in hours, saved and spent, where they are known (0 is known, None is not).

    Raises Missing without title or words, Refused for a case that was closed without an outcome or a start
    more than a year ahead.
    """
    require(by, Can.RECORD_OUTCOME, case)
    if kind not in OutcomeKind.values:
        raise Missing("成果の種類を選んでください。", field="kind")
    for name, value, label in (("title", title, "成果"), ("summary", summary, "どうなったか")):
        if not value.strip():
            raise Missing(f"「{label}」を入力してください。", field=name)
    hold(case, "案件")
    if case.stage == "closed":
        raise Refused(
            "見送りになった案件には成果を記録できません。続きがあるときは、新しい案件を開いてください。"
        )
    if (started_on - clock.today()).days > 365:
        raise Refused("事業開始日が1年以上先です。日付を確かめてください。", field="started_on")
    if case.outcomes.filter(kind=kind, title=title, started_on=started_on).exists():
        raise Refused("同じ成果がもう記録されています。案件の画面で確かめてください。", field="title")
    outcome = Outcome.objects.create(
        case=case,
        kind=kind,
        title=title,
        summary=summary,
        started_on=started_on,
        yen_saved=yen_saved,
        hours_saved=hours_saved,
        yen_spent=yen_spent,
        hours_spent=hours_spent,
        recorded_at=clock.now(),
        recorded_by=by,
    )
    cases.note_outcome(case, by=by, title=title, started_on=started_on)
    matching.note_outcome(
        case.pk, at=outcome.recorded_at, outcomes=case.outcome_count, is_realised=kind in REALISED
    )
    if kind in REALISED and case.challenge_id:
        challenges.resolve(case.challenge, by=by)
    journal.write("outcome.recorded", outcome, by=by, kind=kind, started_on=str(started_on))
    return outcome


@transaction.atomic
def write_story(
    outcome: Outcome, *, by: User, title: str, body: str, lead: str = "", goals: Iterable[int] = ()
) -> Story:
    """Start the public write-up of an outcome. Raises Refused where it has one already."""
    require(by, Can.RECORD_OUTCOME, outcome)
    if Story.objects.filter(outcome=outcome).exists():
        raise Refused("この成果には連携事例がもうあります。そちらを直してください。")
    _require_words(title, body)
    try:
        with transaction.atomic():
            story = Story.objects.create(
                municipality=outcome.case.municipality,
                outcome=outcome,
                ref=next_ref(outcome.municipality_id, "story"),
                title=title,
                lead=lead,
                body=body,
                written_by=by,
            )
    except IntegrityError as error:
        raise Conflict(
            "この成果の連携事例は、別の人がいま書き始めました。画面を読み込み直して、そちらを直してください。"
        ) from error
    story.goals.set(goals)
    journal.write("story.drafted", story, by=by)
    return story


@transaction.atomic
def save_story(
    story: Story, *, by: User, title: str, body: str, lead: str = "", goals: Iterable[int] = ()
) -> None:
    """Change the words of a story; a published one shows them at once."""
    require(by, Can.RECORD_OUTCOME, story)
    _require_words(title, body)
    update(story, "連携事例", guard={"state": story.state}, title=title, lead=lead, body=body)
    story.goals.set(goals)
    _tell_matching(story)
    journal.write("story.saved", story, by=by)


@transaction.atomic
def show_effort(story: Story, *, by: User, shows: bool) -> None:
    """The desk decides whether the public page says what money and time were saved and spent."""
    require(by, Can.PUBLISH_STORY, story)
    update(story, "連携事例", guard={"state": story.state, "shows_effort": not shows}, shows_effort=shows)
    journal.write("story.effort_shown" if shows else "story.effort_hidden", story, by=by)


@transaction.atomic
def publish_story(story: Story, *, by: User) -> None:
    """Put the story on the public site. Follows: the chain shows it on every record it hangs on."""
    require(by, Can.PUBLISH_STORY, story)
    move(story, STORY, "published", published_at=story.published_at or clock.now())
    _tell_matching(story)
    journal.write("story.published", story, by=by)


@transaction.atomic
def withdraw_story(story: Story, *, by: User) -> None:
    """Take the story off the public site."""
    require(by, Can.PUBLISH_STORY, story)
    move(story, STORY, "withdrawn")
    _tell_matching(story)
    journal.write("story.withdrawn", story, by=by)


@transaction.atomic
def read_indicator(indicator: Indicator, *, by: User, year: int, value: Decimal, source: str = "") -> Reading:
    """Record (or correct) one fiscal year's value of an indicator."""
    require(by, Can.MANAGE_PLAN, indicator.plan)
    reading, _created = Reading.objects.update_or_create(
        indicator=indicator, year=year, defaults={"value": value, "source": source}
    )
    journal.write(
        "indicator.read", indicator.plan, by=by, indicator=indicator.name, year=year, value=str(value)
    )
    return reading


def _tell_matching(story: Story) -> None:
    """Suggestions may tell others of the experience as the newest published story of the case does."""
    case_id = story.outcome.case_id
    shown = Story.objects.filter(outcome__case=case_id, state="published").order_by("-published_at").first()
    if shown:
        matching.note_story(case_id, is_public=True, title=shown.title, text=f"{shown.lead}\n{shown.body}")
    else:
        matching.note_story(case_id, is_public=False)


def _require_words(title: str, body: str) -> None:
    for name, value, label in (("title", title, "見出し"), ("body", body, "本文")):
        if not value.strip():
            raise Missing(f"「{label}」を入力してください。", field=name)
