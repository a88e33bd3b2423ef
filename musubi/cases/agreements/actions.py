"""What happens to an agreement: drafted, checked, signed, in force, renewed, ended; and what its days bring."""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from musubi.cases.agreements import register
from musubi.cases.models import Agreement, AgreementFile, Case
from musubi.cases.states import AGREEMENT, CONCLUDED, AgreementKind
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.lib.workdays import is_workday
from musubi.people.models import Department, Organisation, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, require
from musubi.people.queries import closing_days
from musubi.services.virus_scan import Verdict

UNSIGNED = ["drafting", "review"]


@transaction.atomic
def draft_agreement(
    department: Department,
    organisations: Iterable[Organisation],
    *,
    by: User,
    kind: str,
    title: str,
    items: str = "",
    cases: Iterable[Case] = (),
    key: UUID | None = None,
) -> Agreement:
    """Enter an agreement that is being worked out, with the cases it rests on.

    `key` names the form it came from: sent twice, it is kept once.
    Raises Missing without a title or a party, Refused for a case of another municipality.
    """
    require(by, Can.MANAGE_AGREEMENT, department)
    if key and (known := Agreement.objects.filter(key=key, department=department).first()):
        return known
    organisations, cases = list(organisations), list(cases)
    _check(kind, title, organisations)
    _check_cases(cases, department.municipality_id)
    agreement = Agreement.objects.create(
        municipality_id=department.municipality_id,
        department=department,
        ref=next_ref(department.municipality_id, "agreement"),
        kind=kind,
        title=title.strip(),
        items=items,
        key=key,
    )
    agreement.organisations.set(organisations)
    agreement.cases.set(cases)
    journal.write("agreement.drafted", agreement, by=by, organisations=[o.name for o in organisations])
    return agreement


@transaction.atomic
def change_agreement(
    agreement: Agreement,
    organisations: Iterable[Organisation],
    *,
    by: User,
    kind: str,
    title: str,
    department: Department,
    items: str = "",
) -> None:
    """Change the words and parties of an agreement that is not signed yet.

    Raises what `draft_agreement` raises, Refused once it is signed.
    """
    require(by, Can.MANAGE_AGREEMENT, agreement)
    require(by, Can.MANAGE_AGREEMENT, department)
    if agreement.state not in UNSIGNED:
        raise Refused(
            "締結した協定の内容は変えられません。変えるときは、更新の手続で新しい協定を登録してください。"
        )
    if department.municipality_id != agreement.municipality_id:
        raise Refused("ほかの自治体の部署は選べません。", field="department")
    organisations = list(organisations)
    _check(kind, title, organisations)
    update(
        agreement,
        "協定",
        guard={"state": agreement.state},
        kind=kind,
        title=title.strip(),
        department_id=department.pk,
        items=items,
    )
    agreement.organisations.set(organisations)
    journal.write("agreement.changed", agreement, by=by, organisations=[o.name for o in organisations])


@transaction.atomic
def ask_review(agreement: Agreement, *, by: User) -> None:
    """The words go to the legal check (法務確認)."""
    require(by, Can.MANAGE_AGREEMENT, agreement)
    move(agreement, AGREEMENT, "review")
    journal.write("agreement.review_asked", agreement, by=by)


@transaction.atomic
def return_to_drafting(agreement: Agreement, *, by: User, remarks: str) -> None:
    """The legal check sends it back. Raises Missing without what is to be mended."""
    require(by, Can.MANAGE_AGREEMENT, agreement)
    if not remarks.strip():
        raise Missing("直すところを書いてください。", field="remarks")
    move(agreement, AGREEMENT, "drafting")
    journal.write("agreement.returned", agreement, by=by, remarks=remarks.strip())


@transaction.atomic
def sign_agreement(
    agreement: Agreement, *, by: User, signed_on: date, expires_on: date | None = None
) -> None:
    """Record the signing; the agreement is in force from the day it was signed on.

    Raises Refused for a day to come, or an expiry before the signing. Follows: the agreement it renews, where that
    is still in force, becomes 更新.
    """
    require(by, Can.MANAGE_AGREEMENT, agreement)
    if signed_on > clock.today():
        raise Refused("締結日には、今日までの日付を入れてください。", field="signed_on")
    if expires_on and expires_on <= signed_on:
        raise Refused("満了日は締結日より後にしてください。", field="expires_on")
    move(agreement, AGREEMENT, "signed", signed_on=signed_on, expires_on=expires_on)
    move(agreement, AGREEMENT, "active")
    journal.write(
        "agreement.signed", agreement, by=by, signed_on=str(signed_on), expires_on=str(expires_on or "")
    )
    if agreement.succeeds_id:
        former = Agreement.objects.get(pk=agreement.succeeds_id)
        hold(former, "協定")
        if former.state == "active":
            move(former, AGREEMENT, "renewed", ended_on=signed_on, dormant_since=None)
            journal.write("agreement.renewed", former, by=by, successor=agreement.ref)


@transaction.atomic
def renew_agreement(agreement: Agreement, *, by: User) -> Agreement:
    """Begin the renewal: a successor with the same words, parties and cases, to be worked out and signed.

    The old one stays in force until the new one is signed or its own day comes. Raises Refused unless it is in force
    or has expired, or where its successor exists already.
    """
    require(by, Can.MANAGE_AGREEMENT, agreement)
    hold(agreement, "協定")
    if agreement.state not in ("active", "expired"):
        raise Refused(
            f"この協定は「{AGREEMENT[agreement.state].label}」のため、更新できません。"
            "更新できるのは、有効な協定と満了した協定です。"
        )
    if Agreement.objects.filter(succeeds=agreement).exists():
        raise Refused("この協定の更新は、もう始まっています。新しい協定の画面で続けてください。")
    try:
        with transaction.atomic():
            successor = Agreement.objects.create(
                municipality_id=agreement.municipality_id,
                department_id=agreement.department_id,
                ref=next_ref(agreement.municipality_id, "agreement"),
                kind=agreement.kind,
                title=agreement.title,
                items=agreement.items,
                succeeds=agreement,
            )
    except IntegrityError as error:
        raise Conflict("この協定の更新は、別の人が先に始めました。画面を読み込み直してください。") from error
    successor.organisations.set(agreement.organisations.all())
    successor.cases.set(agreement.cases.all())
    journal.write("agreement.renewal_begun", agreement, by=by, successor=successor.ref)
    journal.write(
        "agreement.drafted", successor, by=by, organisations=[o.name for o in successor.organisations.all()]
    )
    return successor


@transaction.atomic
def terminate_agreement(agreement: Agreement, *, by: User, reason: str, on: date | None = None) -> None:
    """End an agreement in force before its day (解除), with the reason. Raises Missing without it."""
    require(by, Can.MANAGE_AGREEMENT, agreement)
    on = on or clock.today()
    if not reason.strip():
        raise Missing("解除の理由を書いてください。", field="reason")
    if on > clock.today():
        raise Refused("解除日には、今日までの日付を入れてください。", field="on")
    if agreement.signed_on and on < agreement.signed_on:
        raise Refused("解除日は締結日より後にしてください。", field="on")
    move(agreement, AGREEMENT, "terminated", ended_on=on, end_reason=reason.strip(), dormant_since=None)
    journal.write("agreement.terminated", agreement, by=by, reason=reason.strip(), on=str(on))


@transaction.atomic
def link_case(agreement: Agreement, case: Case, *, by: User) -> None:
    """Say that a case lives under the agreement."""
    require(by, Can.MANAGE_AGREEMENT, agreement)
    _check_cases([case], agreement.municipality_id)
    _require_unended(agreement)
    agreement.cases.add(case)
    journal.write("agreement.case_linked", agreement, by=by, case=case.ref)


@transaction.atomic
def unlink_case(agreement: Agreement, case: Case, *, by: User) -> None:
    """A case was linked by mistake. Raises Refused where it is not linked."""
    require(by, Can.MANAGE_AGREEMENT, agreement)
    _require_unended(agreement)
    if not agreement.cases.filter(pk=case.pk).exists():
        raise Refused("この案件は、この協定に結び付いていません。画面を読み込み直してください。")
    agreement.cases.remove(case)
    journal.write("agreement.case_unlinked", agreement, by=by, case=case.ref)


@transaction.atomic
def add_agreement_file(
    agreement: Agreement,
    *,
    by: User,
    stored: str,
    name: str,
    size: int,
    media_type: str,
    scanned: str = Verdict.NOT_SCANNED,
    key: UUID | None = None,
) -> AgreementFile:
    """Put an already accepted and stored file (the signed paper, a scan) on the record."""
    require(by, Can.MANAGE_AGREEMENT, agreement)
    hold(agreement, "協定")
    if key and (known := agreement.files.filter(key=key).first()):
        return known
    file = AgreementFile.objects.create(
        agreement=agreement,
        file=stored,
        name=name,
        size=size,
        media_type=media_type,
        scanned=scanned,
        key=key,
        added_at=clock.now(),
        added_by=by,
    )
    journal.write("agreement.filed", agreement, by=by, file=file.pk, name=name)
    return file


# --- what the days bring --------------------------------------------------------------------------------------


def expire_due() -> int:
    """Agreements whose day has passed are 満了; returns how many."""
    rows = Agreement.objects.filter(state="active", expires_on__lt=clock.today())
    return sum(_one_by_one(rows, _expire))


def remind_due() -> int:
    """Tell of agreements that expire in 90 and in 30 days, once each, on a business day; returns how many.

    After the worker was down only the nearest of the two is told.
    """
    today = clock.today()
    rows = Agreement.objects.filter(
        state="active", expires_on__gte=today, expires_on__lte=today + timedelta(days=max(register.REMINDERS))
    )
    return sum(_one_by_one(register.not_yet_told(rows, today), _remind))


def mark_dormant() -> int:
    """Agreements under which nothing moved for 180 days are 休眠 and the desk is told once; those that woke are not
    any more. On business days; returns how many changed."""
    rows = register.with_movement(Agreement.objects.filter(state="active"))
    asleep = register.without_movement(rows.filter(dormant_since=None))
    awake = register.with_recent_movement(rows.exclude(dormant_since=None))
    return sum(_one_by_one(asleep, _lull)) + sum(_one_by_one(awake, _wake))


def _one_by_one(rows, act):
    """Each in a transaction of its own, so that a worker that is killed loses at most the one in hand."""
    closed: dict[int, set[date]] = {}
    for agreement in list(rows.select_related("municipality")):
        city = agreement.municipality_id
        if city not in closed:
            closed[city] = closing_days(city)
        with transaction.atomic():
            try:
                yield act(agreement, closed[city])
            except Conflict:
                # Somebody was faster: it is told, ended or awake already.
                yield False


def _expire(agreement: Agreement, closed) -> bool:
    move(agreement, AGREEMENT, "expired", ended_on=agreement.expires_on, dormant_since=None)
    journal.write("agreement.expired", agreement, by=None, on=str(agreement.expires_on))
    return True


def _remind(agreement: Agreement, closed) -> bool:
    today = clock.today()
    if not is_workday(today, closed):
        return False
    left = (agreement.expires_on - today).days
    nearest = min(days for days in register.REMINDERS if left <= days)
    update(
        agreement,
        "協定",
        guard={"state": "active", "expiry_told": agreement.expiry_told},
        expiry_told=nearest,
    )
    journal.write("agreement.expiring", agreement, by=None, days=left, expires_on=str(agreement.expires_on))
    return True


def _lull(agreement: Agreement, closed) -> bool:
    today = clock.today()
    if not is_workday(today, closed):
        return False
    update(agreement, "協定", guard={"state": "active", "dormant_since": None}, dormant_since=today)
    journal.write("agreement.lulled", agreement, by=None, moved_on=str(register.moved_on(agreement)))
    return True


def _wake(agreement: Agreement, closed) -> bool:
    since = agreement.dormant_since
    update(agreement, "協定", guard={"state": "active", "dormant_since": since}, dormant_since=None)
    journal.write("agreement.woke", agreement, by=None, dormant_since=str(since))
    return True


def _check(kind: str, title: str, organisations: list) -> None:
    if kind not in AgreementKind.values:
        raise Missing("協定の種類を選んでください。", field="kind")
    if not title.strip():
        raise Missing("協定の名称を入力してください。", field="title")
    if not organisations:
        raise Missing("相手の団体を一つ以上選んでください。", field="organisations")


def _check_cases(cases: Iterable[Case], municipality_id: int) -> None:
    if any(case.municipality_id != municipality_id for case in cases):
        raise Refused("ほかの自治体の案件は結び付けられません。", field="cases")


def _require_unended(agreement: Agreement) -> None:
    hold(agreement, "協定")
    if agreement.state not in (*CONCLUDED, *UNSIGNED):
        raise Refused("終了した協定の案件は変えられません。")
