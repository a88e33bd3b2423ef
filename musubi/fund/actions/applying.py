"""Applications: written together, checked before they are sent, filed to the second, returned and sent again."""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import islice
from uuid import UUID

from django.db import IntegrityError, transaction

from musubi.fund import curtain
from musubi.fund.budget import problems, terms_of
from musubi.fund.eligibility import may_apply
from musubi.fund.ledger import LARGEST
from musubi.fund.models import Application, Call, CostCategory, CostLine
from musubi.fund.ranking import forget, keep
from musubi.fund.rules import correction_due, is_open, may_be_filed, may_be_written, takes_corrections
from musubi.fund.states import APPLICATION, NO_LONGER_RUNS, Phase, Stage
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.lifecycle import hold, move
from musubi.people.models import Organisation, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require
from musubi.people.rules import check_fields
from musubi.plan.models import Goal

TEXTS = ["title", "purpose", "content", "schedule", "structure", "effect", "future"]
REPRESENTATIVE = ["representative_title", "representative_name"]
SUMS = ["other_grants", "income", "own_money", "deductible_tax", "requested"]
MOST_LINES = 200
MOST_LIVE = 20
LONGEST_TEXT = 20_000


@transaction.atomic
def start_application(
    call: Call,
    *,
    by: User,
    organisation: Organisation,
    title: str = "",
    before: Application | None = None,
    key: UUID | None = None,
) -> Application:
    """A draft that the organisation's people write together; the secretariat does not see it before it is filed.

    `before` is last year's application that this one continues: support goes into its next year, and the texts begin
    with last year's. Who represents the organisation is taken from what it filed last. `key` names the form: sent twice, one draft is made.
    Raises Refused where the call is not open, the organisation is of a kind that is not supported or has `MOST_LIVE`
    applications to this call already, or `before` is not its own award under this programme.
    """
    require(by, Can.APPLY_TO_FUND, organisation)
    sent_before = Application.objects.filter(key=key, organisation=organisation, call=call)
    if key and (known := sent_before.first()):
        return known
    if not is_open(call):
        raise Refused("この募集は、いま受け付けていません。受付期間を確かめてください。")
    if not may_apply(call, organisation, on=clock.today()):
        raise Refused(
            "団体の種別や設立日が、この制度の対象に合いません。団体の情報が正しいかを確かめ、"
            "分からないことは事務局にお問い合わせください。"
        )
    # Two of one organisation's people wait for each other: each counts what the other begins.
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if key and (known := sent_before.first()):
        return known
    here = Application.objects.filter(organisation=organisation, call=call)
    if here.annotate(shown=curtain.shown_case()).exclude(shown__in=NO_LONGER_RUNS).count() >= MOST_LIVE:
        raise Refused(
            f"一つの募集に、一つの団体が同時に進められる申請は、下書きを合わせて{MOST_LIVE}件までです。"
            "使わない下書きを取り下げてから始めてください。"
        )
    year = 1
    if before is not None:
        # Two who continue the same award wait for each other.
        hold(before, APPLICATION.subject)
        if key and (known := sent_before.first()):
            return known
        if not _may_be_continued(before, call, organisation):
            raise Refused(
                "続きの申請は、この団体がこの制度で交付決定を受けた事業にだけできます。", field="before"
            )
        if other := continuation_of(before):
            raise Conflict(
                f"「{before.title}」の続きの申請は、すでに始めています({other.ref or '下書き'})。"
                "その申請を続けるか、取り下げてから始めてください。",
                field="before",
            )
        year = before.support_year + 1
    terms_of(call.edition, year)
    now = clock.now()
    application = Application(
        call=call,
        edition=call.edition,
        organisation=organisation,
        key=key,
        support_year=year,
        before=before,
        title=title.strip() or (before.title if before else ""),
        started_at=now,
        saved_at=now,
        **_named_last(organisation),
        **({name: getattr(before, name) for name in TEXTS[1:]} if before else _from_profile(organisation)),
    )
    if application.title:
        check_fields(application, only=["title"])
    try:
        with transaction.atomic():
            application.save()
    except IntegrityError as error:
        if key and (known := sent_before.first()):
            return known
        raise Conflict("この画面からは、もう始められません。募集の画面から始め直してください。") from error
    journal.write("application.started", application, by=by, organisation=organisation.name)
    return application


@transaction.atomic
def save_application(
    application: Application,
    *,
    by: User,
    version: int,
    costs: Iterable[Mapping] | None = None,
    goals: Iterable[int] | None = None,
    **words,
) -> None:
    """Save what was typed so far, complete or not. `costs` are dicts of `category` (a code), `label` and `yen`.

    `version` is the one the form was opened with; a cost that names its line's `pk` keeps what hangs on it. Raises
    Conflict where another person saved meanwhile, Refused where it can no longer be changed or a value cannot be.
    """
    require(by, Can.APPLY_TO_FUND, application)
    if unknown := set(words) - {*TEXTS, *REPRESENTATIVE, *SUMS}:
        raise TypeError(f"not words of an application: {sorted(unknown)}")
    if not may_be_written(application):
        raise Refused("この申請は、もう書き直せません。画面を読み込み直して、今の状態を確かめてください。")
    changes = {name: value if name in SUMS else (value or "").strip() for name, value in words.items()}
    for name in SUMS:
        if name in changes and not is_yen(changes[name]):
            raise Refused("金額は0円以上で、桁を確かめて入力してください。", field=name)
    for name in TEXTS:
        if len(changes.get(name, "")) > LONGEST_TEXT:
            label = application._meta.get_field(name).verbose_name
            raise Refused(f"「{label}」は{LONGEST_TEXT:,}字までです。", field=name)
    if goals is not None:
        goals = set(goals)
        if goals - set(Goal.objects.values_list("pk", flat=True)):
            raise Refused("SDGsゴールを一覧から選び直してください。", field="goals")
    for name, value in changes.items():
        setattr(application, name, value)
    check_fields(application, only=[name for name in changes if changes[name] != ""])
    saved = Application.objects.filter(pk=application.pk, state=application.state, version=version).update(
        version=version + 1, saved_at=clock.now(), **changes
    )
    if not saved:
        raise Conflict(
            "同じ団体の別の人が、先に保存しました。入力した内容はこの画面に残っています。"
            "別の画面で新しい内容を確かめてから、もう一度保存してください。"
        )
    if costs is not None:
        set_costs(application, costs)
    if goals is not None:
        application.goals.set(goals)
    application.version = version + 1


@transaction.atomic
def file_application(application: Application, *, by: User, version: int | None = None) -> None:
    """Send it in. The server's clock decides: what comes when the call has closed is refused, and the draft stays.

    One sent again after a correction keeps its number, and the moment and person of its first filing, by which it was
    in time. `version` is the one the person looked at. Raises Missing for the first thing that is not right yet (all of
    them: `budget.problems`), Refused outside the window or where it was sent before, Conflict where another person
    saved since `version`. Follows: a receipt for the organisation.
    """
    require(by, Can.APPLY_TO_FUND, application)
    hold(application, APPLICATION.subject)
    if application.state == "draft" and not is_open(application.call):
        raise Refused(
            "受付時間を過ぎたため、申請できませんでした。書いた内容は下書きに残っています。"
            "事情があるときは、事務局にお問い合わせください。"
        )
    if not may_be_filed(application):
        # Said by the state that applicants may know: the true one would tell them a result.
        APPLICATION.require(application.shown_state, "submitted")
        raise Refused("この募集は終わったため、送り直せません。事務局にお問い合わせください。")
    if version is not None and version != application.version:
        raise Conflict(
            "同じ団体の別の人が、先に保存しました。新しい内容を確かめてから、もう一度申請してください。"
        )
    if found := problems(application):
        raise Missing(found[0].words, field=found[0].field)
    again = bool(application.ref)
    first = {}
    if not again:
        ref = next_ref(application.municipality_id, "application")
        first = {"ref": ref, "filed_at": clock.now(), "filed_by": by}
    move(application, APPLICATION, "submitted", correct_by=None, **first)
    journal.write(
        "application.filed",
        application,
        by=by,
        organisation=application.organisation.name,
        requested=application.requested,
        again=again,
    )


@transaction.atomic
def return_application(
    application: Application, *, by: User | None, remarks: str, correct_by: date | None = None
) -> None:
    """The secretariat asks for a correction; the organisation may send it again, also after the call has closed.

    `correct_by` is the day until which it is wanted, else some working days from now (`rules.correction_due`). When it
    has passed nothing happens by itself: both sides are reminded, and a person decides. Raises Missing without saying
    what to correct, Refused for a day that has passed.
    """
    require(by, Can.MANAGE_FUND, application.call)
    if not remarks.strip():
        raise Missing("どこを直してほしいかを書いてください。団体がそのまま読みます。", field="remarks")
    correct_by = correct_by or correction_due(application.call)
    if correct_by < clock.today():
        raise Refused("補正の期限は、今日か、今日より後の日にしてください。", field="correct_by")
    _require_checking(application)
    move(
        application,
        APPLICATION,
        "returned",
        remarks=remarks.strip(),
        returned_at=clock.now(),
        correct_by=correct_by,
    )
    journal.write(
        "application.returned",
        application,
        by=by,
        remarks=remarks.strip(),
        correct_by=correct_by.isoformat(),
    )


@transaction.atomic
def check_application(application: Application, *, by: User | None) -> None:
    """The secretariat has checked the form: it goes to the first screening."""
    require(by, Can.MANAGE_FUND, application.call)
    _require_checking(application)
    move(application, APPLICATION, "checked", remarks="")
    keep(application.call, Stage.FIRST, [application.pk])
    journal.write("application.checked", application, by=by)


@transaction.atomic
def withdraw_application(application: Application, *, by: User, reason: str = "") -> None:
    """The organisation takes it back, at any time before it is awarded; what was awarded needs a request to stop."""
    require(by, Can.APPLY_TO_FUND, application)
    hold(application, APPLICATION.subject)
    if hasattr(application, "award"):
        raise Refused("交付決定のあとは、取下げではなく「変更申請(中止)」をしてください。")
    if application.state in curtain.FAILED and curtain.is_out(application.state, application.call):
        raise Refused("結果が出た申請は、取り下げられません。")
    move(application, APPLICATION, "withdrawn", reason=reason.strip(), correct_by=None)
    forget([application.pk])
    journal.write("application.withdrawn", application, by=by, reason=reason.strip())


def set_costs(application: Application, costs: Iterable[Mapping], phase: Phase = Phase.PLAN) -> None:
    """Replace the cost lines of a phase; inside another action's transaction. Raises Refused for one that cannot be.

    A line that names the `pk` of one that is there is put right in its place, and so keeps its evidence. A
    line may still lack its label: sending it asks for that (`budget.unnamed`).
    """
    costs = list(islice(costs, MOST_LINES + 1))
    if len(costs) > MOST_LINES:
        raise Refused(f"経費は{MOST_LINES}行までです。細かいものはまとめてください。", field="costs")
    categories = {row.code: row for row in application.edition.categories.all()}
    there = {line.pk: line for line in application.costs.filter(phase=phase)}
    new, kept = [], []
    for position, cost in enumerate(costs):
        line = there.pop(cost.get("pk"), None)
        (new if line is None else kept).append(line := line or CostLine(application=application, phase=phase))
        category, label, yen = categories.get(cost["category"]), cost["label"].strip(), cost["yen"]
        _check_cost(position + 1, category, label, yen)
        line.category, line.label, line.yen, line.position = category, label, yen, position
    CostLine.objects.filter(pk__in=there).delete()
    CostLine.objects.bulk_update(kept, ["position", "category", "label", "yen"])
    CostLine.objects.bulk_create(new)


def _check_cost(number: int, category: CostCategory | None, label: str, yen: int) -> None:
    where = f"経費の{number}行目"
    longest = CostLine._meta.get_field("label").max_length
    if category is None:
        raise Refused(f"{where}の費目を一覧から選び直してください。", field="costs")
    if not is_yen(yen):
        raise Refused(f"{where}の金額は0円以上で、桁を確かめて入力してください。", field="costs")
    if len(label) > longest:
        raise Refused(f"{where}の内訳は{longest}字までにしてください。", field="costs")


def is_yen(value: int) -> bool:
    """Whole yen that the ledger can hold; a fraction is not cut, and True is no sum."""
    return type(value) is int and 0 <= value <= LARGEST


def continuation_of(before: Application) -> Application | None:
    """The application that continues an award, unless it is over. One that failed counts as running until that is
    released: whether another may be begun would tell a result."""
    rows = before.continued_by.annotate(shown=curtain.shown_case())
    return rows.exclude(shown__in=NO_LONGER_RUNS).first()


def _from_profile(organisation: Organisation) -> dict[str, str]:
    """What a new application takes over from what the organisation says of itself."""
    return {"structure": organisation.description}


def _named_last(organisation: Organisation) -> dict[str, str]:
    """Who represents the organisation, as its last application says."""
    rows = Application.objects.filter(organisation=organisation).exclude(representative_name="")
    return rows.order_by("-pk").values(*REPRESENTATIVE).first() or {}


def _may_be_continued(before: Application, call: Call, organisation: Organisation) -> bool:
    return (
        before.organisation_id == organisation.pk
        and before.edition.programme_id == call.edition.programme_id
        and before.state not in ("withdrawn", "revoked")
        and hasattr(before, "award")
    )


def _require_checking(application: Application) -> None:
    """The form is checked until the results are out; and nobody works on a call that was given up."""
    hold(application, APPLICATION.subject)
    if not takes_corrections(application.call):
        raise Refused("この募集の形式の確認は終わりました。画面を読み込み直して確かめてください。")
