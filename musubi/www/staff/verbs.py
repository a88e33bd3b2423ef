"""What the journal says, in the words of people: one sentence per verb, and what each entry adds to it."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.challenges.states import CloseReason, Visibility
from musubi.journal.models import Entry
from musubi.matching.states import Misfit, Side
from musubi.proposals.states import Answer, DeclineReason
from musubi.www.templatetags.pieces import wareki

KINDS = {
    "challenge": gettext_lazy("課題"),
    "proposal": gettext_lazy("提案"),
    "case": gettext_lazy("連携案件"),
    "meeting": gettext_lazy("打合せ"),
    "todo": gettext_lazy("宿題"),
    "trial": gettext_lazy("実証実験"),
    "agreement": gettext_lazy("協定"),
    "outcome": gettext_lazy("成果"),
    "story": gettext_lazy("連携事例"),
    "suggestion": gettext_lazy("マッチング候補"),
    "ranking": gettext_lazy("候補の順位づけ"),
    "savedsearch": gettext_lazy("保存した検索"),
    "fund": gettext_lazy("ファンド"),
    "contribution": gettext_lazy("拠出"),
    "programme": gettext_lazy("助成制度"),
    "edition": gettext_lazy("助成制度の版"),
    "call": gettext_lazy("募集"),
    "application": gettext_lazy("助成申請"),
    "award": gettext_lazy("交付決定"),
    "letterstyle": gettext_lazy("通知書の書き方"),
    "member": gettext_lazy("会員"),
    "organisation": gettext_lazy("団体"),
    "representative": gettext_lazy("団体の担当者"),
    "solution": gettext_lazy("ソリューション"),
    "gathering": gettext_lazy("イベント"),
    "department": gettext_lazy("部署"),
    "staff": gettext_lazy("職員"),
    "closingday": gettext_lazy("休業日"),
    "limit": gettext_lazy("期限の目安"),
    "escalation": gettext_lazy("期限のお知らせの設定"),
    "refusedmail": gettext_lazy("受け付けなかったメール"),
    "municipality": gettext_lazy("自治体"),
    "plan": gettext_lazy("SDGs計画"),
    "indicator": gettext_lazy("指標"),
    "run": gettext_lazy("取り込み"),
    "delivery": gettext_lazy("メール"),
    "user": gettext_lazy("利用者"),
    "wording": gettext_lazy("定型文"),
}
WORDS = {
    "agreement.case_linked": gettext_lazy("協定に案件を結びつけた"),
    "agreement.case_unlinked": gettext_lazy("協定から案件を外した"),
    "agreement.changed": gettext_lazy("協定の内容を直した"),
    "agreement.drafted": gettext_lazy("協定を作った"),
    "agreement.expired": gettext_lazy("協定が満了した"),
    "agreement.expiring": gettext_lazy("協定の満了が近いと知らせた"),
    "agreement.filed": gettext_lazy("協定の書類を載せた"),
    "agreement.lulled": gettext_lazy("協定が休眠になった"),
    "agreement.renewal_begun": gettext_lazy("協定の更新を始めた"),
    "agreement.renewed": gettext_lazy("協定が更新された"),
    "agreement.returned": gettext_lazy("協定を調整に戻した"),
    "agreement.review_asked": gettext_lazy("協定を法務確認に回した"),
    "agreement.signed": gettext_lazy("協定を締結した"),
    "agreement.terminated": gettext_lazy("協定を解除した"),
    "agreement.woke": gettext_lazy("協定の休眠が解けた"),
    "application.checked": gettext_lazy("申請の形式を確認した"),
    "application.correction_due": gettext_lazy("申請の補正の期限を知らせた"),
    "application.decided": gettext_lazy("申請の結果を発表した"),
    "application.decision_prepared": gettext_lazy("交付・不交付の決定を準備した"),
    "application.first_decided": gettext_lazy("第一次審査の結果を発表した"),
    "application.file_blocked": gettext_lazy("申請の書類からウイルスが見つかり、開けなくした"),
    "application.filed": gettext_lazy("助成を申請した"),
    "application.paper_hidden_blind": gettext_lazy("申請の書類を、団体名を伏せた審査で見せるのをやめた"),
    "application.paper_masked": gettext_lazy("申請の書類に、黒塗りの写しを付けた"),
    "application.paper_shown_blind": gettext_lazy("申請の書類を、団体名を伏せた審査で見せることにした"),
    "application.words_hidden": gettext_lazy("団体名を伏せた写しで、ほかに伏せる言葉を決めた"),
    "application.panel_noted": gettext_lazy("審査会の記録を書いた"),
    "application.paper_added": gettext_lazy("申請に書類を添付した"),
    "application.paper_removed": gettext_lazy("申請の書類を外した"),
    "application.returned": gettext_lazy("申請の補正を依頼した"),
    "application.screened": gettext_lazy("審査の結果を決めた"),
    "application.slotted": gettext_lazy("プレゼンテーションの時間を決めた"),
    "application.started": gettext_lazy("助成申請を書きはじめた"),
    "application.theme_confirmed": gettext_lazy("申請が財源のテーマに合うことを確かめた"),
    "application.withdrawn": gettext_lazy("申請を取り下げた"),
    "award.accepted": gettext_lazy("交付決定を承諾した"),
    "award.acceptance_wanted": gettext_lazy("交付決定の承諾をお願いした"),
    "award.asset_registered": gettext_lazy("財産を登録した"),
    "award.fixed": gettext_lazy("助成金の額を確定した"),
    "award.outcome_due": gettext_lazy("成果報告の期限を知らせた"),
    "award.outcome_reported": gettext_lazy("成果を報告した"),
    "award.report_due": gettext_lazy("実績報告の期限を知らせた"),
    "award.reported": gettext_lazy("実績を報告した"),
    "award.revoked": gettext_lazy("交付決定を取り消した"),
    "award.status_reported": gettext_lazy("遂行状況を報告した"),
    "award.tax_reported": gettext_lazy("消費税等の仕入控除を報告した"),
    "budget_calendar.set": gettext_lazy("予算の年間日程を決めた"),
    "agreement.transferred": gettext_lazy("協定の所管が変わった"),
    "call.answered": gettext_lazy("募集への質問に答えた"),
    "call.asked": gettext_lazy("募集について質問した"),
    "call.assigned": gettext_lazy("審査を割り当てた"),
    "call.cancelled": gettext_lazy("募集を中止した"),
    "call.closing_soon": gettext_lazy("募集の締切が近いことを知らせた"),
    "call.nudged": gettext_lazy("採点を催促した"),
    "call.opened": gettext_lazy("募集の受付が始まったことを知らせた"),
    "call.prepared": gettext_lazy("募集を準備した"),
    "call.published": gettext_lazy("募集を公開した"),
    "call.finished": gettext_lazy("募集を終了した"),
    "call.first_released": gettext_lazy("第一次審査の結果を一斉に発表した"),
    "call.released": gettext_lazy("審査の結果を一斉に発表した"),
    "call.saved": gettext_lazy("募集の内容を直した"),
    "call.screening_begun": gettext_lazy("受付を終え、審査を始めた"),
    "call.sheets_late": gettext_lazy("採点の遅れを知らせた"),
    "case.adoption_agreed": gettext_lazy("導入の道筋を決めた"),
    "case.advanced": gettext_lazy("案件の段階を進めた"),
    "case.closed": gettext_lazy("案件を見送った"),
    "case.department_added": gettext_lazy("案件に部署を加えた"),
    "case.department_moved": gettext_lazy("案件の部署が変わった"),
    "agreement.file_blocked": gettext_lazy("ウイルスが見つかった協定書を開けなくした"),
    "case.file_blocked": gettext_lazy("ウイルスが見つかった資料を開けなくした"),
    "case.filed": gettext_lazy("案件に資料を載せた"),
    "case.handed": gettext_lazy("案件のボールを渡した"),
    "case.handed_over": gettext_lazy("案件を後任に引き継いだ"),
    "case.met": gettext_lazy("打合せを記録した"),
    "case.noted": gettext_lazy("内部メモを書いた"),
    "case.nudged": gettext_lazy("ボールを持つ人に催促した"),
    "case.opened": gettext_lazy("案件を開いた"),
    "case.organisation_added": gettext_lazy("案件に団体を加えた"),
    "case.paused": gettext_lazy("案件を保留にした"),
    "case.reassigned": gettext_lazy("案件の担当者を変えた"),
    "case.reopened": gettext_lazy("見送った案件を再び開いた"),
    "case.resumed": gettext_lazy("案件を再開した"),
    "case.spoken": gettext_lazy("案件でメッセージを送った"),
    "case.withdrawn": gettext_lazy("団体が案件を取り下げた"),
    "challenge.closed": gettext_lazy("課題を終了した"),
    "challenge.drafted": gettext_lazy("課題を書きはじめた"),
    "challenge.expiring": gettext_lazy("掲載期限が近いことを知らせた"),
    "challenge.matched": gettext_lazy("課題が連携中になった"),
    "challenge.published": gettext_lazy("課題を公開した"),
    "challenge.renewed": gettext_lazy("掲載期限を延ばした"),
    "challenge.reopened": gettext_lazy("課題を再公開した"),
    "challenge.resolved": gettext_lazy("課題が解決した"),
    "challenge.returned": gettext_lazy("課題を差し戻した"),
    "challenge.saved": gettext_lazy("課題を書き直した"),
    "challenge.submitted": gettext_lazy("課題の確認を依頼した"),
    "challenge.widened": gettext_lazy("課題の公開範囲を広げた"),
    "change.approved": gettext_lazy("変更申請を承認した"),
    "change.refused": gettext_lazy("変更申請を承認しなかった"),
    "change.requested": gettext_lazy("変更を申請した"),
    "claim.due_soon": gettext_lazy("返還の期限が近いことを知らせた"),
    "claim.overdue": gettext_lazy("返還の期限が過ぎたことを知らせた"),
    "claim.return_reversed": gettext_lazy("返還の記録を取り消した"),
    "claim.returned": gettext_lazy("返還金を受け取った"),
    "closing_day.removed": gettext_lazy("休業日を取り消した"),
    "closing_day.set": gettext_lazy("休業日を登録した"),
    "committee.appointed": gettext_lazy("審査委員を委嘱した"),
    "committee.interest_declared": gettext_lazy("利害関係を届け出た"),
    "committee.invited": gettext_lazy("審査委員を招いた"),
    "committee.released": gettext_lazy("審査委員が退いた"),
    "committee.uninvited": gettext_lazy("審査委員の招待を取り消した"),
    "delivery.retried": gettext_lazy("メールを送り直した"),
    "contribution.cancelled": gettext_lazy("拠出の約束を取りやめた"),
    "contribution.pledged": gettext_lazy("拠出の約束を記録した"),
    "contribution.received": gettext_lazy("拠出金を受け取った"),
    "contribution.returned": gettext_lazy("拠出金を返した"),
    "department.added": gettext_lazy("部署を登録した"),
    "department.changed": gettext_lazy("部署の情報を直した"),
    "department.closed": gettext_lazy("部署を廃止した"),
    "edition.drafted": gettext_lazy("制度の新しい版を作った"),
    "edition.saved": gettext_lazy("制度の版を直した"),
    "edition.used": gettext_lazy("制度の版を使いはじめた"),
    "fund.earmarked": gettext_lazy("ファンドに使いみちを加えた"),
    "fund.opened": gettext_lazy("ファンドを開いた"),
    "fund.renamed": gettext_lazy("ファンドの名称・趣旨を直した"),
    "gathering.cancelled": gettext_lazy("イベントを中止した"),
    "gathering.closed": gettext_lazy("イベントの受付を締め切った"),
    "gathering.drafted": gettext_lazy("イベントを登録した"),
    "gathering.held": gettext_lazy("イベントを開催した"),
    "gathering.opened": gettext_lazy("イベントの受付を始めた"),
    "gathering.rearranged": gettext_lazy("イベントの日時・会場を変えた"),
    "gathering.reopened": gettext_lazy("イベントの受付を再開した"),
    "gathering.reported": gettext_lazy("開催報告を載せた"),
    "gathering.saved": gettext_lazy("イベントの内容を直した"),
    "indicator.added": gettext_lazy("指標を登録した"),
    "indicator.read": gettext_lazy("指標の実績値を記録した"),
    "letter.batch_asked": gettext_lazy("通知書をまとめて作るよう頼んだ"),
    "letter.reissued": gettext_lazy("発行した通知書を作り直した"),
    "letter.style_restored": gettext_lazy("通知書を標準の書き方に戻した"),
    "letter.style_saved": gettext_lazy("通知書の書き方を変えた"),
    "letter.template_dropped": gettext_lazy("通知書のWordのひな形を標準に戻した"),
    "letter.template_kept": gettext_lazy("通知書のWordのひな形を変えた"),
    "limit.set": gettext_lazy("期限の目安を変えた"),
    "escalation.set": gettext_lazy("期限のお知らせの時期を変えた"),
    "meeting.answered": gettext_lazy("打合せの都合を答えた"),
    "meeting.cancelled": gettext_lazy("打合せを中止した"),
    "meeting.changed": gettext_lazy("打合せの日時・場所を変えた"),
    "meeting.corrected": gettext_lazy("打合せの議事録を直した"),
    "meeting.fixed": gettext_lazy("打合せの日時を決めた"),
    "meeting.minuted": gettext_lazy("打合せの議事録を載せた"),
    "meeting.offered": gettext_lazy("打合せの候補を出した"),
    "member.admitted": gettext_lazy("会員として迎えた"),
    "member.applied": gettext_lazy("会員に申し込んだ"),
    "member.enrolled": gettext_lazy("会員を登録した"),
    "member.left": gettext_lazy("退会した"),
    "member.refused": gettext_lazy("会員の申込みを見送った"),
    "municipality.demonstrated": gettext_lazy("デモの記録を作り終えた"),
    "municipality.changed": gettext_lazy("自治体の設定を変えた"),
    "municipality.cases_handed_over": gettext_lazy("案件をまとめて後任に引き継いだ"),
    "municipality.department_moved": gettext_lazy("部署の仕事を別の部署に引き継いだ"),
    "municipality.founded": gettext_lazy("自治体を登録した"),
    "organisation.changed": gettext_lazy("団体の情報を直した"),
    "organisation.invited": gettext_lazy("団体の担当者を招いた"),
    "organisation.registered": gettext_lazy("団体を登録した"),
    "outcome.recorded": gettext_lazy("成果を記録した"),
    "payment.cancelled": gettext_lazy("支払の請求を取り消した"),
    "payment.paid": gettext_lazy("助成金を支払った"),
    "payment.reversed": gettext_lazy("支払の記録を取り消した"),
    "payment.requested": gettext_lazy("概算払を請求した"),
    "plan.adopted": gettext_lazy("SDGs計画を登録した"),
    "programme.drafted": gettext_lazy("助成制度を作った"),
    "programme.renamed": gettext_lazy("助成制度の名前・趣旨を直した"),
    "proposal.accepted": gettext_lazy("提案の連携を決定した"),
    "proposal.answered": gettext_lazy("照会に回答した"),
    "proposal.attached": gettext_lazy("提案にファイルを添付した"),
    "proposal.declined": gettext_lazy("提案を見送った"),
    "proposal.detached": gettext_lazy("提案からファイルを外した"),
    "proposal.discarded": gettext_lazy("下書きを捨てた"),
    "proposal.drafted": gettext_lazy("提案を書きはじめた"),
    "proposal.file_blocked": gettext_lazy("ウイルスが見つかった添付ファイルを開けなくした"),
    "proposal.question_moved": gettext_lazy("照会先の部署が変わった"),
    "proposal.handed": gettext_lazy("提案のボールを渡した"),
    "proposal.nudged": gettext_lazy("照会先に催促した"),
    "proposal.recalled": gettext_lazy("提案をデスクに戻した"),
    "proposal.referral_consented": gettext_lazy("団体が提案の紹介に同意した"),
    "proposal.referral_lapsed": gettext_lazy("提案の紹介が返事のないまま期限切れになった"),
    "proposal.referral_offered": gettext_lazy("提案をほかに紹介してよいか団体に尋ねた"),
    "proposal.referral_refused": gettext_lazy("団体が提案の紹介を断った"),
    "proposal.referral_withdrawn": gettext_lazy("提案の紹介を取りやめた"),
    "proposal.routed": gettext_lazy("提案を部署に照会した"),
    "proposal.submitted": gettext_lazy("提案を提出した"),
    "proposal.taken_up": gettext_lazy("提案の対話が始まった"),
    "proposal.withdrawn": gettext_lazy("提案を取り下げた"),
    "refusedmail.reported": gettext_lazy("受け付けなかったメールをデスクに知らせた"),
    "representative.changed": gettext_lazy("担当者の役割を変えた"),
    "representative.invited": gettext_lazy("団体の担当者を加えた"),
    "representative.removed": gettext_lazy("団体の担当者を外した"),
    "ranking.adopted": gettext_lazy("候補の新しい順位づけを採用した"),
    "ranking.proposed": gettext_lazy("候補の順位づけを学び直した"),
    "ranking.refused": gettext_lazy("候補の新しい順位づけを採用しなかった"),
    "run.abandoned": gettext_lazy("取り込みをやめた"),
    "run.imported": gettext_lazy("表を取り込んだ"),
    "run.previewed": gettext_lazy("取り込みを確かめた"),
    "run.reconsidered": gettext_lazy("取り込みの列を直した"),
    "search.changed": gettext_lazy("保存した検索を直した"),
    "search.dropped": gettext_lazy("保存した検索を消した"),
    "search.saved": gettext_lazy("検索を保存した"),
    "sheet.reopened": gettext_lazy("採点を直しはじめた"),
    "sheet.scored": gettext_lazy("採点した"),
    "sheet.taken_back": gettext_lazy("採点の割当てを取り消した"),
    "solution.drafted": gettext_lazy("ソリューションを書きはじめた"),
    "solution.published": gettext_lazy("ソリューションを公開した"),
    "solution.saved": gettext_lazy("ソリューションを書き直した"),
    "solution.withdrawn": gettext_lazy("ソリューションを取り下げた"),
    "staff.appointed": gettext_lazy("職員に役割を付けた"),
    "staff.ended": gettext_lazy("職員の役割を終えた"),
    "story.drafted": gettext_lazy("連携事例を書きはじめた"),
    "story.effort_hidden": gettext_lazy("連携事例から金額と時間を外した"),
    "story.effort_shown": gettext_lazy("連携事例に金額と時間を載せた"),
    "story.published": gettext_lazy("連携事例を公開した"),
    "story.saved": gettext_lazy("連携事例を書き直した"),
    "story.withdrawn": gettext_lazy("連携事例を取り下げた"),
    "suggestion.introduced": gettext_lazy("候補の団体に課題を紹介した"),
    "suggestion.judged": gettext_lazy("候補を判断した"),
    "todo.added": gettext_lazy("宿題を加えた"),
    "todo.done": gettext_lazy("宿題を済みにした"),
    "todo.reopened": gettext_lazy("宿題の済みを取り消した"),
    "trial.approved": gettext_lazy("実証実験を承認した"),
    "trial.cancelled": gettext_lazy("実証実験を取りやめた"),
    "trial.changed": gettext_lazy("実証実験の計画を直した"),
    "trial.decided": gettext_lazy("実証実験を判定した"),
    "trial.planned": gettext_lazy("実証実験を計画した"),
    "trial.drafted": gettext_lazy("実証の報告の案を書いた"),
    "trial.read": gettext_lazy("実績値を記録した"),
    "trial.reported": gettext_lazy("実証実験の結果を報告した"),
    "trial.started": gettext_lazy("実証実験を始めた"),
    "wording.added": gettext_lazy("定型文を加えた"),
    "wording.changed": gettext_lazy("定型文を直した"),
    "wording.moved": gettext_lazy("定型文の順番を変えた"),
    "wording.restored": gettext_lazy("定型文を標準の文面に戻した"),
    "wording.retired": gettext_lazy("定型文を使わないことにした"),
    "wording.revived": gettext_lazy("定型文をまた使うことにした"),
    "user.changed_language": gettext_lazy("画面の言語を変えた"),
    "user.renamed": gettext_lazy("氏名を変えた"),
    "user.restored": gettext_lazy("利用を再開した"),
    "user.stopped": gettext_lazy("利用を停止した"),
}
# What an entry's data holds in words of its own, shown after the sentence.
_SAID = ["remarks", "note", "reason", "feedback", "comment", "question", "words"]
# What went from one to another: both names are told.
_HANDED = {
    "case.handed_over",
    "case.department_moved",
    "agreement.transferred",
    "proposal.question_moved",
    "municipality.cases_handed_over",
    "municipality.department_moved",
}


def sentence(entry: Entry) -> str:
    """What happened, e.g. 課題を公開した; a verb without words (older than this list) is shown as it is."""
    return str(WORDS.get(entry.verb, entry.verb))


def details(entry: Entry) -> list[str]:
    """What the entry adds: to whom, until when, why, and what was said."""
    data, found = entry.data, []
    if entry.verb in ("challenge.published", "challenge.widened") and "visibility" in data:
        found.append(_("公開範囲: %(to)s") % {"to": _label(Visibility, data["visibility"])})
    if names := data.get("names"):
        found.append(_("照会先: %(names)s") % {"names": _("、").join(names)})
    if entry.verb == "proposal.answered":
        found.append(f"{data.get('department', '')}: {_label(Answer, data.get('answer'))}")
    if entry.verb.startswith("proposal.referral_"):
        found.append(_("紹介先: %(to)s") % {"to": data.get("to", "")})
    if entry.verb == "suggestion.judged":
        found.append(f"{_label(Side, data.get('side'))}: {_('合う') if data.get('fits') else _('合わない')}")
    if entry.verb in _HANDED:
        after = data.get("department") or data.get("owner", "")
        found.append(_("%(before)s → %(after)s") % {"before": data.get("before", ""), "after": after})
        if data.get("owner_before"):
            found.append(
                _("担当者: %(before)s → %(after)s") % {"before": data["owner_before"], "after": data["owner"]}
            )
    for name, label in (("due_on", _("期限")), ("expires_on", _("掲載期限"))):
        if data.get(name):
            found.append(f"{label}: {_day(data[name])}")
    for name in _SAID:
        value = data.get(name)
        if not value or not isinstance(value, str):
            continue
        if name == "reason":
            value = _reason(entry.verb, value)
        found.append(value)
    if entry.verb == "meeting.corrected":
        labels = {"attendees": _("出席者"), "minutes": _("話したこと"), "decisions": _("決まったこと")}
        found += [
            _("直す前の%(what)s: %(words)s") % {"what": labels[name], "words": words or _("(なし)")}
            for name, words in data["before"].items()
        ]
    if changed := data.get("changed"):
        found.append(_("%(n)d項目を変更") % {"n": len(changed)})
    return found


def history_items(entries) -> list[dict]:
    """Journal entries for `staff/history.html`, newest first."""
    return [
        {"at": entry.at, "actor": entry.actor, "words": sentence(entry), "details": details(entry)}
        for entry in reversed(list(entries))
    ]


def _reason(verb: str, value: str) -> str:
    if verb == "challenge.closed":
        return _label(CloseReason, value)
    if verb == "suggestion.judged":
        return _label(Misfit, value)
    if verb in ("proposal.declined", "case.closed"):
        return _label(DeclineReason, value)
    return value


def _label(choices, value) -> str:
    try:
        return str(choices(value).label)
    except ValueError:
        return str(value)


def _day(value: str) -> str:
    try:
        return wareki(date.fromisoformat(value))
    except ValueError:
        return value
