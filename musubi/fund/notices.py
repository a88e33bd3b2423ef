"""Who is told what about the fund. Of a result nothing is told before its release, and then to everybody by one entry."""

from collections.abc import Iterable, Iterator
from datetime import date

from django.utils.translation import gettext_lazy as _

from musubi.fund.models import (
    Application,
    Assignment,
    Award,
    Call,
    CallQuestion,
    Claim,
    Contribution,
    Slot,
)
from musubi.fund.states import Stage
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.era import format_date
from musubi.notify.registry import Letter, tells
from musubi.people.models import Organisation, Representative, User
from musubi.people.queries import desk_of, members_of, people_of, representatives_of

LETTERS_SOON = "通知書は、申請のページから受け取れます。"


# --- to whom -------------------------------------------------------------------------------------------------------


def _to_secretariat(call_or_fund, title: str, body: str, path: str) -> Iterator[Letter]:
    fund = getattr(call_or_fund, "fund", call_or_fund)
    for user in people_of(desk_of(fund.municipality_id)):
        yield Letter(user, title, body, f"/{fund.municipality.slug}/staff/fund/{path}")


def _to_applicant(application: Application, title: str, body: str, page: str = "") -> Iterator[Letter]:
    for user in representatives_of([application.organisation_id]):
        yield Letter(user, title, body, f"/my/fund/{application.pk}/{page}")


def _one_each(letters: Iterable[Letter]) -> Iterator[Letter]:
    """One letter for each person: who has several applications, or acts for several organisations, reads of all of them
    in one (of one entry nobody is told twice)."""
    found: dict[int, list[Letter]] = {}
    for letter in letters:
        found.setdefault(letter.user.pk, []).append(letter)
    for first, *more in found.values():
        if more:
            body = "\n\n――――――――――\n\n".join(letter.body for letter in (first, *more))
            yield Letter(first.user, f"{first.title}(ほか{len(more)}件)", body, "/my/fund/")
        else:
            yield first


def _public_path(call: Call) -> str:
    return f"/{call.fund.municipality.slug}/fund/calls/{call.ref}/"


def _moment(at) -> str:
    at = at.astimezone(clock.TOKYO)
    return f"{format_date(at)} {at:%H:%M}"


def _about(application: Application) -> str:
    return f"「{application.title}」({application.ref})"


def _call(pk: int) -> Call:
    return Call.objects.select_related("fund__municipality", "edition__programme").get(pk=pk)


def _application(pk: int) -> Application:
    rows = Application.objects.select_related("call__fund__municipality", "organisation")
    return rows.get(pk=pk)


def _award(pk: int) -> Award:
    rows = Award.objects.select_related(
        "application__call__fund__municipality", "application__organisation", "application__edition"
    )
    return rows.get(pk=pk)


# --- calls ---------------------------------------------------------------------------------------------------------


@tells("call.opened", _("新しい助成の募集(会員)"), mail=False)
def opened(entry):
    call = _call(entry.object_id)
    city = call.fund.municipality
    # Only those whom the programme supports by their kind: nobody is invited to what is not for them.
    kinds = call.edition.kinds or list(Organisation.Kind.values)
    members = members_of(city).filter(organisation__kind__in=kinds).values("organisation")
    for user in representatives_of(members):
        yield Letter(
            user,
            f"助成の募集が始まりました: {call.title}",
            f"{city}の助成「{call.title}」の受付が始まりました。\n受付終了: {_moment(call.closes_at)}",
            _public_path(call),
        )


@tells("call.closing_soon", _("下書きのある募集の締切"))
def closing_soon(entry):
    yield from _one_each(_closing_soon(entry))


def _closing_soon(entry) -> Iterator[Letter]:
    call = _call(entry.object_id)
    drafts = Application.objects.filter(call=call, state="draft").select_related("organisation")
    for application in drafts:
        yield from _to_applicant(
            application,
            f"締切が近い申請の下書きがあります: {call.title}",
            f"「{application.title or '(事業名はまだありません)'}」は、まだ申請されていません。\n"
            f"受付終了: {_moment(call.closes_at)}\n\n"
            "時刻を過ぎると申請できません。申請しないときは、そのままで構いません。",
            "edit/",
        )


@tells("call.cancelled", _("助成の募集の中止"))
def cancelled(entry):
    yield from _one_each(_cancelled(entry))


def _cancelled(entry) -> Iterator[Letter]:
    call = _call(entry.object_id)
    # Those that were ended with it, and drafts; who had withdrawn before hears nothing.
    ended = (
        Entry.objects.filter(verb="application.withdrawn", kind="application", id__lt=entry.pk)
        .filter(object_id__in=Application.objects.filter(call=call).values("pk"))
        .order_by("-id")
        .values_list("object_id", flat=True)[: entry.data.get("applications", 0)]
    )
    rows = Application.objects.filter(call=call).select_related("call")
    for application in [*rows.filter(pk__in=list(ended)), *rows.filter(state="draft")]:
        yield from _to_applicant(
            application,
            f"助成の募集が中止になりました: {call.title}",
            f"「{call.title}」は中止になりました。「{application.title}」の審査は行いません。\n\n理由: {entry.data['reason']}",
        )


@tells("call.asked", _("募集への質問(事務局)"))
def asked(entry):
    call = _call(entry.object_id)
    question = CallQuestion.objects.filter(pk=entry.data["question"]).first()
    if question is not None:
        yield from _to_secretariat(
            call,
            f"募集への質問: {call.title}",
            f"質問が届きました。回答すると、質問した方の名前を伏せて公開されます。\n\n{question.question}",
            f"calls/{call.ref}/",
        )


@tells("call.answered", _("募集への質問の回答"))
def answered(entry):
    call = _call(entry.object_id)
    question = CallQuestion.objects.select_related("asked_by").filter(pk=entry.data["question"]).first()
    if question is None or question.asked_by is None:
        return
    yield Letter(
        question.asked_by,
        f"質問に回答がありました: {call.title}",
        f"質問: {question.question}\n\n回答: {question.answer}",
        _public_path(call),
    )


# --- applications --------------------------------------------------------------------------------------------------


@tells("application.filed", _("助成申請の受付の控え"), always=True)
def filed(entry):
    application = _application(entry.object_id)
    again = entry.data.get("again")
    yield from _to_applicant(
        application,
        f"申請を受け付けました: {application.title}",
        f"{application.call.title}への申請{_about(application)}を受け付けました。\n"
        f"受付日時: {_moment(entry.at)}\n申請額: {entry.data['requested']:,}円\n\n"
        "結果は、発表のときにすべての申請者に同時にお知らせします。申請書の控えと受付書は、申請のページから受け取れます。",
    )
    yield from _to_secretariat(
        application.call,
        f"{'補正された申請' if again else '申請'}が届きました: {application.title}",
        f"{application.organisation}から申請{_about(application)}が届きました。形式を確認してください。",
        f"applications/{application.ref}/",
    )


@tells("application.returned", _("申請の補正のお願い"))
def returned(entry):
    application = _application(entry.object_id)
    yield from _to_applicant(
        application,
        f"申請の補正をお願いします: {application.title}",
        f"申請{_about(application)}に、直していただきたいところがあります。直してから、もう一度申請してください。\n"
        f"{_until(entry.data.get('correct_by'))}\n{entry.data['remarks']}",
        "edit/",
    )


def _until(day: str | None) -> str:
    return f"補正の期限: {format_date(date.fromisoformat(day))}\n" if day else ""


@tells("application.correction_due", _("申請の補正の期限"))
def correction_due(entry):
    application = _application(entry.object_id)
    # One that was sent since, or returned anew for another day, is not spoken of.
    if application.state != "returned" or str(application.correct_by) != entry.data["due_on"]:
        return
    due = format_date(application.correct_by)
    if entry.data["is_over"]:
        yield from _to_applicant(
            application,
            f"補正の期限が過ぎています: {application.title}",
            f"申請{_about(application)}の補正の期限({due})が過ぎました。直して送り直すか、遅れるときは事務局にご連絡ください。\n\n"
            f"{application.remarks}",
            "edit/",
        )
        yield from _to_secretariat(
            application.call,
            f"補正が遅れています: {application.title}",
            f"{application.organisation}の申請{_about(application)}の補正の期限({due})が過ぎました。団体に確かめてください。",
            f"applications/{application.ref}/",
        )
    else:
        yield from _to_applicant(
            application,
            f"補正の期限が近づいています: {application.title}",
            f"申請{_about(application)}の補正を、{due}までにお願いします。\n\n{application.remarks}",
            "edit/",
        )


@tells("application.withdrawn", _("申請の取下げ(事務局)"))
def withdrawn(entry):
    application = _application(entry.object_id)
    # A draft was the organisation's own, and what ended with its call was ended by the secretariat.
    if not application.ref or application.call.state == "cancelled":
        return
    yield from _to_secretariat(
        application.call,
        f"申請が取り下げられました: {application.title}",
        f"{application.organisation}が申請{_about(application)}を取り下げました。"
        + (f"\n\n理由: {entry.data['reason']}" if entry.data.get("reason") else ""),
        f"applications/{application.ref}/",
    )


@tells("call.first_released", _("助成の第一次審査の結果"))
def first_released(entry):
    yield from _one_each(_first_released(entry))


def _first_released(entry) -> Iterator[Letter]:
    call = _call(entry.object_id)
    rows = Application.objects.filter(call=call).exclude(state__in=["draft", "withdrawn"])
    for application, to, user in _told(entry, rows, "application.first_decided"):
        title, body = _first_result(application, to)
        yield Letter(user, title, body, f"/my/fund/{application.pk}/")


def _first_result(application: Application, to: str) -> tuple[str, str]:
    about = f"{application.call.title}に申請された{_about(application)}"
    if to == "first_failed":
        return (
            f"第一次審査の結果のお知らせ: {application.title}",
            f"{about}は、第一次審査(書類)の結果、通過しませんでした。\n\n理由・講評: {application.reason}\n\n{LETTERS_SOON}",
        )
    slot = getattr(application, "slot", None)
    when = _when(slot) if slot else "時間と場所は、決まり次第お知らせします。"
    return (
        f"第一次審査を通過しました: {application.title}",
        f"{about}は、第一次審査(書類)を通過しました。\n"
        f"第二次審査では、事業についてプレゼンテーションをしていただきます。\n\n{when}",
    )


def _when(slot: Slot) -> str:
    ends = slot.ends_at.astimezone(clock.TOKYO)
    place = f"\n場所: {slot.place}" if slot.place else ""
    return f"日時: {_moment(slot.starts_at)}から{ends:%H:%M}まで{place}"


@tells("application.slotted", _("プレゼンテーションの時間"))
def slotted(entry):
    application = _application(entry.object_id)
    slot = Slot.objects.filter(application=application).first()
    # What was set before the release of the first screening is told by the release.
    is_told = Entry.objects.filter(
        verb="call.first_released", kind="call", object_id=application.call_id, id__lt=entry.pk
    ).exists()
    if slot is None or not is_told or application.shown_state != "first_passed":
        return
    words = "変わりました" if entry.data.get("changed") else "決まりました"
    yield from _to_applicant(
        application,
        f"プレゼンテーションの時間が{words}: {application.title}",
        f"{_about(application)}のプレゼンテーションの時間と場所が{words}。\n\n{_when(slot)}",
    )


@tells("call.released", _("助成の審査の結果"))
def released(entry):
    yield from _one_each(_released(entry))


def _released(entry) -> Iterator[Letter]:
    call = _call(entry.object_id)
    rows = Application.objects.filter(call=call).exclude(state__in=["draft", "withdrawn"])
    for application, to, user in _told(entry, rows, "application.decided"):
        title, body = _result(application, to)
        yield Letter(user, title, body, f"/my/fund/{application.pk}/")


def _told(entry, rows, verb: str) -> Iterator[tuple[Application, str, User]]:
    """Each application of which a release told by `verb`, what it told, and everybody who acts for its organisation."""
    results = dict(
        Entry.objects.filter(verb=verb, id__lt=entry.pk, object_id__in=rows.values("pk"))
        .order_by("id")
        .values_list("object_id", "data__to")
    )
    seats = Representative.objects.filter(
        organisation__in=rows.values("organisation"), ended_at=None, user__is_active=True
    )
    people: dict[int, list[User]] = {}
    for seat in seats.select_related("user").order_by("pk"):
        people.setdefault(seat.organisation_id, []).append(seat.user)
    for application in rows.select_related("call", "award", "decision", "slot"):
        if application.pk in results:
            for user in people.get(application.organisation_id, []):
                yield application, results[application.pk], user


@tells("application.decided", _("補欠だった申請の結果"))
def decided(entry):
    application = _application(entry.object_id)
    # What was decided at the release is told by the release, to everybody at once.
    if Entry.objects.filter(
        verb="call.released", kind="call", object_id=application.call_id, id__lt=entry.pk
    ).exists():
        title, body = _result(application, entry.data["to"])
        yield from _to_applicant(application, title, body)


def _result(application: Application, to: str) -> tuple[str, str]:
    about = f"{application.call.title}に申請された{_about(application)}"
    if to == "awarded":
        award = application.award
        title = f"助成の交付が決まりました: {application.title}"
        body = (
            f"{about}に、助成金{award.first_yen:,}円を交付することに決定しました。\n"
            "交付決定の内容と条件を確かめて、承諾してください。承諾のあとに、概算払を請求できます。"
        )
    elif to == "reserve":
        title = f"審査の結果のお知らせ(補欠): {application.title}"
        body = f"{about}は、補欠となりました。交付を受ける団体に辞退などがあったときは、あらためてお知らせします。"
    else:
        title = f"審査の結果のお知らせ: {application.title}"
        body = f"{about}は、審査の結果、今回は交付しないことに決定しました。"
    reasons = application.reason or application.decision.reasons
    return title, f"{body}\n\n理由・講評: {reasons}\n\n{LETTERS_SOON}"


# --- the committee ---------------------------------------------------------------------------------------------------


def _to_members(call: Call, users, title: str, body: str) -> Iterator[Letter]:
    for user in User.objects.filter(pk__in=users):
        yield Letter(user, title, body, f"/{call.fund.municipality.slug}/committee/")


@tells("call.assigned", _("採点のお願い"))
def assigned(entry: Entry) -> Iterator[Letter]:
    yield from _to_scorers(
        entry, "採点をお願いします: {call}", "「{call}」の採点表を、{count}件お渡ししました。{due}"
    )


@tells("call.nudged", _("採点の催促"), always=True)
def nudged(entry: Entry) -> Iterator[Letter]:
    yield from _to_scorers(
        entry, "採点をお待ちしています: {call}", "「{call}」の採点表が、まだ{count}件残っています。{due}"
    )


def _to_scorers(entry: Entry, title: str, body: str) -> Iterator[Letter]:
    """Each member named in the entry who has something to score now."""
    call = Call.objects.select_related("fund__municipality").get(pk=entry.object_id)
    waiting = Assignment.objects.filter(
        application__call=call, stage=entry.data["stage"], state="assigned"
    ).exclude(application__state="withdrawn")
    rows = list(waiting.values_list("member__user", "due_on"))
    for user in User.objects.filter(pk__in=entry.data.get("users", []), is_active=True).order_by("pk"):
        days = [due for pk, due in rows if pk == user.pk]
        if not days:
            continue
        due = min(filter(None, days), default=None)
        words = {
            "call": call.title,
            "count": len(days),
            "due": f"期限は{format_date(due)}です。" if due else "",
        }
        yield Letter(
            user,
            title.format(**words),
            body.format(**words) + "\n利害関係のある団体があれば、読み進める前に届け出てください。",
            f"/{call.fund.municipality.slug}/committee/",
        )


@tells("call.sheets_late", _("採点の遅れ(審査委員)"))
def sheets_late(entry):
    call = _call(entry.object_id)
    words = f"{Stage(entry.data['stage']).label}の採点の期限({format_date(date.fromisoformat(entry.data['due_on']))})が過ぎました。"
    yield from _to_members(
        call,
        entry.data["users"],
        f"採点の期限が過ぎています: {call.title}",
        f"{words}採点が難しいときは、事務局にご連絡ください。",
    )
    yield from _to_secretariat(
        call,
        f"採点が遅れています: {call.title}",
        f"{words}採点待ちの採点表が{len(entry.data['sheets'])}件あります。催促するか、割当てを変えてください。",
        f"calls/{call.ref}/screening/{entry.data['stage']}/",
    )


# --- awards ----------------------------------------------------------------------------------------------------------


def _to_winner(award: Award, title: str, body: str) -> Iterator[Letter]:
    return _to_applicant(award.application, f"{title}: {award.application.title}", body)


def _to_office(award: Award, title: str, body: str) -> Iterator[Letter]:
    application = award.application
    return _to_secretariat(
        application.call, f"{title}: {application.title}", body, f"awards/{application.ref}/"
    )


@tells("award.acceptance_wanted", _("交付決定の承諾のお願い"))
def acceptance_wanted(entry):
    award = _award(entry.object_id)
    if award.accepted_at is None:
        yield from _to_winner(
            award,
            "交付決定の内容を承諾してください",
            f"{format_date(award.decided_on)}に交付が決まった{_about(award.application)}は、まだ承諾されていません。"
            "内容と条件を確かめて、承諾してください。辞退するときは「変更申請(中止)」をしてください。",
        )


@tells("award.accepted", _("交付決定の承諾(事務局)"), mail=False)
def accepted(entry):
    award = _award(entry.object_id)
    yield from _to_office(
        award, "交付決定が承諾されました", f"{award.application.organisation}が交付決定を承諾しました。"
    )


@tells("payment.requested", _("概算払の請求(事務局)"))
def payment_requested(entry):
    award = _award(entry.object_id)
    yield from _to_office(
        award,
        "概算払の請求がありました",
        f"{award.application.organisation}から概算払{entry.data['yen']:,}円の請求がありました。",
    )


@tells("payment.paid", _("助成金の支払"))
def paid(entry):
    award = _award(entry.object_id)
    kind = "概算払" if entry.data["kind"] == "advance" else "精算払"
    yield from _to_winner(
        award,
        f"助成金を支払いました({kind})",
        f"{_about(award.application)}の助成金{entry.data['yen']:,}円を{kind}として支払いました。",
    )


@tells("payment.cancelled", _("概算払の請求の取消し"))
def payment_cancelled(entry):
    award = _award(entry.object_id)
    body = f"概算払の請求が取り消されました。\n\n理由: {entry.data['reason']}"
    yield from _to_winner(award, "概算払の請求が取り消されました", body)
    yield from _to_office(award, "概算払の請求が取り消されました", body)


@tells("payment.reversed", _("支払の記録の取消し"))
def payment_reversed(entry):
    award = _award(entry.object_id)
    kind = "概算払" if entry.data["kind"] == "advance" else "精算払"
    yield from _to_winner(
        award,
        "支払の記録を取り消しました",
        f"{_about(award.application)}の{kind}{entry.data['yen']:,}円の支払の記録に誤りがあり、取り消しました。\n\n"
        f"理由: {entry.data['reason']}",
    )


@tells("change.requested", _("変更申請(事務局)"))
def change_requested(entry):
    award = _award(entry.object_id)
    yield from _to_office(
        award,
        "変更申請が届きました",
        f"{award.application.organisation}から{_about(award.application)}の変更申請が届きました。",
    )


@tells("change.approved", _("変更の承認"))
def change_approved(entry):
    award = _award(entry.object_id)
    if entry.data["kind"] == "stop":
        body = f"{_about(award.application)}の中止を承認しました。"
    else:
        body = f"{_about(award.application)}の変更を承認しました。交付決定額は{entry.data['yen']:,}円です。"
    yield from _to_winner(award, "変更申請を承認しました", f"{body}\n\n{LETTERS_SOON}")


@tells("change.refused", _("変更の不承認"))
def change_refused(entry):
    award = _award(entry.object_id)
    yield from _to_winner(
        award,
        "変更申請を承認できませんでした",
        f"{_about(award.application)}の変更は承認されませんでした。\n\n理由: {entry.data['words']}\n\n{LETTERS_SOON}",
    )


@tells("award.report_due", _("実績報告の期限"))
def report_due(entry):
    award = _award(entry.object_id)
    due = format_date(date.fromisoformat(entry.data["due_on"]))
    if award.application.state not in ("awarded", "advanced", "change_requested"):
        return
    if entry.data["is_over"]:
        body = f"{_about(award.application)}の実績報告の期限({due})が過ぎました。すぐに提出してください。"
        yield from _to_winner(award, "実績報告の期限が過ぎています", body)
        yield from _to_office(award, "実績報告が遅れています", body)
    else:
        yield from _to_winner(
            award,
            "実績報告の期限が近づいています",
            f"{_about(award.application)}の実績報告を、{due}までに提出してください。",
        )


@tells("award.reported", _("実績報告(事務局)"))
def reported(entry):
    award = _award(entry.object_id)
    yield from _to_office(
        award,
        "実績報告が届きました",
        f"{award.application.organisation}から{_about(award.application)}の実績報告が届きました。検査してください。",
    )


@tells("award.fixed", _("助成金の額の確定"))
def fixed(entry):
    award = _award(entry.object_id)
    rest = entry.data["rest"]
    if rest > 0:
        then = f"残りの{rest:,}円を、精算払として支払います。"
    elif rest < 0:
        claim = Claim.objects.filter(award=award, kind=Claim.Kind.REST).first()
        due = f"{format_date(claim.due_on)}までに" if claim else ""
        then = f"概算払との差額{-rest:,}円を、{due}返還してください。"
    else:
        then = "過不足はありません。精算が済みました。"
    yield from _to_winner(
        award,
        "助成金の額が確定しました",
        f"{_about(award.application)}の助成金の額は、{entry.data['yen']:,}円に確定しました。{then}\n\n{LETTERS_SOON}",
    )


@tells("award.revoked", _("交付決定の取消し"))
def revoked(entry):
    award = _award(entry.object_id)
    claimed = entry.data["claimed"]
    claim = Claim.objects.filter(award=award, kind=Claim.Kind.REVOKED).first()
    back = f"\n\n{claimed:,}円を、{format_date(claim.due_on)}までに返還してください。" if claim else ""
    yield from _to_winner(
        award,
        "交付決定を取り消しました",
        f"{_about(award.application)}の交付決定を取り消しました。\n\n理由: {entry.data['reason']}{back}\n\n{LETTERS_SOON}",
    )


@tells("award.tax_reported", _("消費税等の報告"))
def tax_reported(entry):
    award = _award(entry.object_id)
    yen = entry.data["yen"]
    yield from _to_office(award, "消費税等の報告が届きました", f"仕入控除額は{yen:,}円です。")
    claim = Claim.objects.filter(award=award, kind=Claim.Kind.TAX).first()
    if claim:
        yield from _to_winner(
            award,
            "消費税等の分を返還してください",
            f"報告された{yen:,}円を、{format_date(claim.due_on)}までに返還してください。\n\n{LETTERS_SOON}",
        )


@tells("claim.due_soon", _("返還の期限"))
def claim_due_soon(entry):
    award = _award(entry.object_id)
    claim = Claim.objects.get(pk=entry.data["claim"])
    if claim.returned_on is None:
        yield from _to_winner(
            award,
            "返還の期限が近づいています",
            f"{claim.yen:,}円を、{format_date(claim.due_on)}までに返還してください。"
            "期限を過ぎると、延滞金がかかります。",
        )


@tells("claim.overdue", _("返還の遅れ"))
def claim_overdue(entry):
    award = _award(entry.object_id)
    claim = Claim.objects.get(pk=entry.data["claim"])
    if claim.returned_on is None:
        words = f"返還の期限({format_date(claim.due_on)})が過ぎました。返還額は{claim.yen:,}円です。"
        yield from _to_winner(award, "返還の期限が過ぎています", f"{words}返還の日までの延滞金がかかります。")
        yield from _to_office(award, "返還が遅れています", words)


@tells("claim.returned", _("返還の受領"))
def claim_returned(entry):
    award = _award(entry.object_id)
    late = f"(ほかに延滞金{entry.data['late']:,}円)" if entry.data["late"] else ""
    yield from _to_winner(award, "返還を受け取りました", f"{entry.data['yen']:,}円{late}を受け取りました。")


@tells("claim.return_reversed", _("返還の記録の取消し"))
def claim_return_reversed(entry):
    award = _award(entry.object_id)
    claim = Claim.objects.get(pk=entry.data["claim"])
    yield from _to_winner(
        award,
        "返還の記録を取り消しました",
        f"{_about(award.application)}の{claim.yen:,}円の返還の記録に誤りがあり、取り消しました。"
        f"返還の期限は{format_date(claim.due_on)}です。\n\n理由: {entry.data['reason']}",
    )


@tells("award.outcome_due", _("成果報告の期限"))
def outcome_due(entry):
    award = _award(entry.object_id)
    due = format_date(date.fromisoformat(entry.data["due_on"]))
    if award.application.state != "settled":
        return
    if entry.data["is_over"]:
        body = f"{_about(award.application)}の成果報告の期限({due})が過ぎました。提出をお願いします。"
        yield from _to_winner(award, "成果報告の期限が過ぎています", body)
        yield from _to_office(award, "成果報告が遅れています", body)
    else:
        yield from _to_winner(
            award,
            "成果報告の期限が近づいています",
            f"{_about(award.application)}の成果を、{due}までに報告してください。公開のページに載ります。",
        )


@tells("award.outcome_reported", _("成果報告(事務局)"), mail=False)
def outcome_reported(entry):
    award = _award(entry.object_id)
    yield from _to_office(
        award, "成果報告が届きました", f"{award.application.organisation}から成果の報告が届きました。"
    )


# --- contributions ---------------------------------------------------------------------------------------------------


@tells("contribution.received", _("拠出の受領"))
def contribution_received(entry):
    contribution = Contribution.objects.select_related("fund__municipality").get(pk=entry.object_id)
    if contribution.organisation_id is None:
        return
    city = contribution.fund.municipality
    for user in representatives_of([contribution.organisation_id]):
        yield Letter(
            user,
            f"拠出を受け取りました: {contribution.fund}",
            f"{city}の{contribution.fund}への拠出{contribution.yen:,}円を受け取りました。誠にありがとうございます。"
            "受領書とお礼状を、別にお送りします。",
            f"/{city.slug}/fund/",
        )
