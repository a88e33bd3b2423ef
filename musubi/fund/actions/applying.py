"""Applications: written together, checked before they are sent, filed to the second, returned and sent again."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import IntegrityError, transaction

from musubi.fund.budget import problems, terms_of
from musubi.fund.eligibility import may_apply
from musubi.fund.models import Application, Call, CostLine
from musubi.fund.rules import is_open, may_be_filed, may_be_written
from musubi.fund.states import APPLICATION, Phase
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.lifecycle import hold, move
from musubi.people.models import Organisation, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require
from musubi.people.rules import check_fields

TEXTS = ["title", "purpose", "content", "schedule", "structure", "effect", "future"]
SUMS = ["other_grants", "income", "own_money", "deductible_tax", "requested"]
MOST_LINES = 200
LARGEST = 10**15


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
    with last year's. `key` names the form: sent twice, one draft is made.
    Raises Refused where the call is not open or the organisation is of a kind that is not supported.
    """
    require(by, Can.APPLY_TO_FUND, organisation)
    if key and (known := Application.objects.filter(key=key, organisation=organisation).first()):
        return known
    if not is_open(call):
        raise Refused("この募集は、いま受け付けていません。受付期間を確かめてください。")
    if not may_apply(call, organisation, on=clock.today()):
        raise Refused(
            "団体の種別や設立日が、この制度の対象に合いません。団体の情報が正しいかを確かめ、"
            "分からないことは事務局にお問い合わせください。"
        )
    year = 1
    if before is not None:
        if before.organisation_id != organisation.pk or not hasattr(before, "award"):
            raise Refused("続きの申請は、この団体が交付決定を受けた事業にだけできます。", field="before")
        year = before.support_year + 1
    terms_of(call.edition, year)
    now = clock.now()
    try:
        with transaction.atomic():
            application = Application.objects.create(
                call=call,
                edition=call.edition,
                organisation=organisation,
                key=key,
                support_year=year,
                before=before,
                title=title.strip() or (before.title if before else ""),
                started_at=now,
                saved_at=now,
                **({name: getattr(before, name) for name in TEXTS[1:]} if before else {}),
            )
    except IntegrityError:
        if key and (known := Application.objects.filter(key=key).first()):
            return known
        raise
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

    `version` is the one the form was opened with. Raises Conflict where another person saved meanwhile, Refused where
    it can no longer be changed or a value cannot be.
    """
    require(by, Can.APPLY_TO_FUND, application)
    if unknown := set(words) - {*TEXTS, *SUMS}:
        raise TypeError(f"not words of an application: {sorted(unknown)}")
    if not may_be_written(application):
        raise Refused("この申請は、もう書き直せません。画面を読み込み直して、今の状態を確かめてください。")
    changes = {name: value.strip() if isinstance(value, str) else value for name, value in words.items()}
    for name in SUMS:
        if name in changes and not 0 <= changes[name] <= LARGEST:
            raise Refused("金額は0円以上で、桁を確かめて入力してください。", field=name)
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
    application.version = version + 1
    if costs is not None:
        set_costs(application, costs)
    if goals is not None:
        application.goals.set(goals)


@transaction.atomic
def file_application(application: Application, *, by: User) -> None:
    """Send it in. The server's clock decides: what comes when the call has closed is refused, and the draft stays.

    Raises Missing for the first thing that is not right yet (all of them: `budget.problems`), Refused outside the
    window or where it was sent before. Follows: a receipt for the organisation.
    """
    require(by, Can.APPLY_TO_FUND, application)
    hold(application, APPLICATION.subject)
    if application.state == "draft" and not is_open(application.call):
        raise Refused(
            "受付時間を過ぎたため、申請できませんでした。書いた内容は下書きに残っています。"
            "事情があるときは、事務局にお問い合わせください。"
        )
    if not may_be_filed(application):
        APPLICATION.require(application.state, "submitted")
    if found := problems(application):
        raise Missing(found[0].words, field=found[0].field)
    again = bool(application.ref)
    changes = {} if again else {"ref": next_ref(application.municipality_id, "application")}
    move(
        application,
        APPLICATION,
        "submitted",
        filed_at=clock.now(),
        filed_by=by,
        **changes,
    )
    journal.write(
        "application.filed",
        application,
        by=by,
        organisation=application.organisation.name,
        requested=application.requested,
        again=again,
    )


@transaction.atomic
def return_application(application: Application, *, by: User | None, remarks: str) -> None:
    """The secretariat asks for a correction; the organisation may send it again, also after the call has closed.

    Raises Missing without saying what to correct.
    """
    require(by, Can.MANAGE_FUND, application.call)
    if not remarks.strip():
        raise Missing("どこを直してほしいかを書いてください。団体がそのまま読みます。", field="remarks")
    move(application, APPLICATION, "returned", remarks=remarks.strip())
    journal.write("application.returned", application, by=by, remarks=remarks.strip())


@transaction.atomic
def check_application(application: Application, *, by: User | None) -> None:
    """The secretariat has checked the form: it goes to the first screening."""
    require(by, Can.MANAGE_FUND, application.call)
    move(application, APPLICATION, "checked", remarks="")
    journal.write("application.checked", application, by=by)


@transaction.atomic
def withdraw_application(application: Application, *, by: User, reason: str = "") -> None:
    """The organisation takes it back, at any time before it is awarded; what was awarded needs a request to stop."""
    require(by, Can.APPLY_TO_FUND, application)
    hold(application, APPLICATION.subject)
    if hasattr(application, "award"):
        raise Refused("交付決定のあとは、取下げではなく「変更申請(中止)」をしてください。")
    move(application, APPLICATION, "withdrawn", reason=reason.strip())
    journal.write("application.withdrawn", application, by=by, reason=reason.strip())


def set_costs(application: Application, costs: Iterable[Mapping], phase: Phase = Phase.PLAN) -> None:
    """Replace the cost lines of a phase; inside another action's transaction. Raises Refused for one that cannot be."""
    categories = {row.code: row for row in application.edition.categories.all()}
    lines = []
    for position, cost in enumerate(costs):
        category = categories.get(cost["category"])
        if category is None:
            raise Refused("費目を一覧から選び直してください。", field="costs")
        yen = cost["yen"]
        if not 0 <= yen <= LARGEST:
            raise Refused("経費の金額は0円以上で、桁を確かめて入力してください。", field="costs")
        line = CostLine(
            application=application,
            phase=phase,
            category=category,
            label=cost["label"].strip(),
            yen=yen,
            position=position,
        )
        check_fields(line, only=["label"])
        lines.append(line)
    if len(lines) > MOST_LINES:
        raise Refused(f"経費は{MOST_LINES}行までです。細かいものはまとめてください。", field="costs")
    application.costs.filter(phase=phase).delete()
    CostLine.objects.bulk_create(lines)
