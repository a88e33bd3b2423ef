"""The shared record as both sides' pages show it: whose ball, the stages, the thread, the chain.

Nothing here decides who may read what: callers pass posts and files already narrowed by `cases.queries`.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from musubi.ball.models import Held
from musubi.cases.models import Case, CaseFile, Post
from musubi.cases.states import CASE, PATH, PostKind, Side, TrialDecision
from musubi.lib import clock
from musubi.lib.markdown import render
from musubi.lib.workdays import workdays_between
from musubi.people.permissions import authority
from musubi.people.queries import closing_days
from musubi.proposals.states import DeclineReason
from musubi.www.files import scan_words
from musubi.www.forms.meetings import moment_words


def days_words(thing: Held, closed: Collection[date]) -> str:
    """How long the ball may still lie, in business days: あと3営業日, 本日まで, 2営業日超過.

    `closed` are the municipality's own closing days (`people.queries.closing_days`).
    """
    if thing.ball_due_on is None:
        return ""
    left = workdays_between(clock.today(), thing.ball_due_on, closed=closed)
    if thing.ball_due_on == clock.today():
        return _("本日まで")
    if left >= 0 and thing.ball_due_on > clock.today():
        return ngettext("あと%(n)d営業日", "あと%(n)d営業日", left) % {"n": left}
    return ngettext("%(n)d営業日超過", "%(n)d営業日超過", -left) % {"n": max(-left, 1)}


def is_mine(thing: Held, user) -> bool:
    """Whether the ball lies with the person's own department or organisation."""
    mine = authority(user)
    if thing.ball_organisation_id:
        return thing.ball_organisation_id in mine.organisation_ids
    return thing.ball_department_id in mine.department_ids(thing.municipality_id)


def ball(thing: Held, user, *, next_label: str = "", next_href: str = "") -> dict | None:
    """What `parts/ball.html` needs; None where nobody holds it any more."""
    if thing.holder is None:
        return None
    return {
        "holder": thing.holder.display_name,
        "mine": is_mine(thing, user),
        "task": thing.ball_next,
        "since": thing.ball_since,
        "due": thing.ball_due_on,
        "late": thing.is_overdue,
        "left": days_words(thing, closing_days(thing.municipality_id)),
        "next_label": next_label,
        "next_href": next_href,
    }


def stages(case: Case, moves: Iterable[Post], *, public: bool = False) -> list[dict]:
    """What `parts/stage_rail.html` needs. `moves` are the case's stage posts, oldest first."""
    visited = {post.data.get("to") for post in moves}
    here = case.stage if case.stage in PATH else case.paused_from or _last(moves)
    reached = PATH.index(here) if here in PATH else 0
    rail = []
    for index, stage in enumerate(PATH):
        if stage == case.stage or (index == reached and case.stage == "paused"):
            state = "current"
        elif index < reached or (index == reached and case.stage == "closed"):
            state = "done" if stage in visited else "skipped"
        else:
            state = "todo"
        label = CASE[stage].public if public else CASE[stage].label
        rail.append({"label": label, "state": state, "note": ""})
    if case.stage in ("paused", "closed"):
        rail[reached]["note"] = CASE[case.stage].public if public else CASE[case.stage].label
    return rail


def _last(moves: Iterable[Post]) -> str:
    reached = [post.data.get("to") for post in moves if post.data.get("to") in PATH]
    return reached[-1] if reached else PATH[0]


def thread_items(
    posts: Collection[Post], *, case: Case, file_url, inside: bool, correct_url=None
) -> list[dict]:
    """What `parts/thread.html` needs. `file_url(file)` gives the address of a download, `correct_url(meeting)` (for
    whoever may) of the form that puts minutes right.

    `inside` is whether the municipality's people read it. What their mails quote is for them alone: below an answer
    there may stand what colleagues wrote to each other.
    """
    items = [_item(post, case, file_url) for post in posts]
    for post, item in zip(posts, items, strict=True):
        if not inside and post.side != Side.ORGANISATION:
            item["quoted"] = ""
        if correct_url and item["kind"] == PostKind.MEETING:
            item |= {"act_label": _("議事録を直す"), "act_href": correct_url(post.meeting)}
    return items


def _item(post: Post, case: Case, file_url) -> dict:
    item = {
        "id": f"post-{post.pk}",
        "kind": post.kind,
        "side": "desk" if post.side == Side.SYSTEM else post.side,
        "author": str(post.author) if post.author_id else _("システム"),
        "affiliation": str(post.department or post.organisation or ""),
        "at": post.at,
        "html": render(post.body) if post.body else "",
        "quoted": post.quoted,
        "by_mail": "mail" in post.data,
        "declined": post.data.get("declined", []),
    }
    if post.kind == PostKind.MEETING and post.data.get("step"):
        item |= {"kind": "line", "title": _meeting_words(post), "html": ""}
        if post.data["step"] == "cancelled":
            item["text_why"] = post.body
    elif post.kind == PostKind.MEETING:
        meeting = post.meeting
        about = [
            _("場所: %(place)s") % {"place": meeting.place} if meeting.place else "",
            meeting.gathering.title if meeting.gathering_id else "",
        ]
        item["title"] = " · ".join(filter(None, about))
        item["at"] = meeting.held_at
        parts = []
        for label, words in (
            (_("出席"), meeting.attendees),
            (_("話したこと"), meeting.minutes),
            (_("決まったこと・宿題"), meeting.decisions),
        ):
            if words:
                parts.append(f"**{label}**\n\n{words}")
        item["html"] = render("\n\n".join(parts))
    elif post.kind == PostKind.FILE:
        item |= {
            "title": _("資料を載せました(庁内のみ)") if post.internal else _("資料を載せました"),
            "files": [file_item(post.file, file_url)],
            "text_why": "",
        }
    elif post.kind == PostKind.STAGE:
        item |= {"title": _stage_words(post), "text_why": post.body}
    elif post.kind == PostKind.BALL:
        item |= {
            "kind": "line",
            "title": _("ボールを%(before)sから%(to)sへ渡しました: %(word)s")
            % {"before": post.data["from"], "to": post.data["to"], "word": post.body},
        }
    elif post.kind == PostKind.DECISION:
        item["title"] = _decision_words(post)
        if post.data.get("decision") == "trial_read":
            item |= {"kind": "line", "title": f"{item['title']}: {post.body}", "html": ""}
        if post.internal:
            item["kind"] = "note"
    return item


def jumps(*, talks: bool, words: str, acts: bool, files: bool) -> list[tuple[str, str]]:
    """What `parts/jumps.html` needs: the sections a long case page has; `words` is the address of its box to write in."""
    found = [
        (_("打合せと宿題"), "#meetings" if talks else ""),
        (_("やり取り"), "#thread"),
        (_("メッセージを書く"), words),
        (_("進める・変える"), "#acts" if acts else ""),
        (_("資料"), "#files" if files else ""),
        (_("この案件について"), "#about"),
    ]
    return [(label, href) for label, href in found if href]


def kind_tabs(posts: Iterable[Post], kind: str) -> list[tuple]:
    """What `parts/tabs.html` needs to filter the thread: the kinds that occur among the posts, with their counts."""
    posts = list(posts)
    tabs = [(_("すべて"), "?#thread", kind not in PostKind.values, len(posts))]
    for value, label in PostKind.choices:
        count = sum(post.kind == value for post in posts)
        if count:
            tabs.append((label, f"?kind={value}#thread", kind == value, count))
    return tabs


def file_item(file: CaseFile, file_url) -> dict:
    """What `parts/files.html` needs of one file."""
    return {
        "href": file_url(file),
        "name": file.name,
        "size": file.size,
        "by": str(file.added_by),
        "at": file.added_at,
        **scan_words(file),
    }


def _stage_words(post: Post) -> str:
    to = post.data["to"]
    if to == "paused":
        return _("案件を保留にしました")
    if not post.data.get("from"):
        return _("案件が「%(stage)s」で始まりました") % {"stage": CASE[to].label}
    if post.data["from"] == "paused":
        return _("案件を「%(stage)s」から再開しました") % {"stage": CASE[to].label}
    return _("「%(stage)s」に進みました") % {"stage": CASE[to].label}


def _meeting_words(post: Post) -> str:
    """What happened to a talk that is not held yet, or to what was promised in one."""
    data = post.data
    step = data["step"]
    if step == "todo_done":
        return _("宿題が済みました: %(text)s") % {"text": post.body}
    if step == "todo_reopened":
        return _("宿題の済みを取り消しました: %(text)s") % {"text": post.body}
    if step == "offered":
        return _("打合せの候補を%(n)d件出しました: %(title)s") % {
            "n": len(data["times"]),
            "title": post.body,
        }
    if step == "answered":
        return _("打合せの都合を答えました: %(title)s") % {"title": post.body}
    when = moment_words(datetime.fromisoformat(data["at"])) if data.get("at") else ""
    words = {"title": data.get("title") or _("打合せ"), "when": when}
    if step == "fixed":
        return _("打合せの日時を決めました: %(title)s %(when)s") % words
    if step == "corrected":
        return _("議事録を直しました: %(title)s %(when)s") % words
    if step == "changed":
        return _("打合せを変えました: %(title)s %(when)s") % words
    return _("打合せを中止しました: %(title)s %(when)s") % words


def _decision_words(post: Post) -> str:
    data = post.data
    if data.get("to") == "closed":
        return _("見送り: %(reason)s") % {"reason": DeclineReason(data["reason"]).label}
    words = {
        "adoption_route": _("導入の道筋を決めました"),
        "trial_planned": _("実証実験を計画しました"),
        "trial_changed": _("実証実験の計画を直しました"),
        "trial_approved": _("実証実験の計画を承認しました"),
        "trial_started": _("実証実験を始めました"),
        "trial_read": _("実績値を記録しました"),
        "trial_drafted": _("実証の報告の案を書きました"),
        "trial_reported": _("実証実験の結果を報告しました"),
        "trial_cancelled": _("実証実験を取りやめました"),
        "outcome": _("成果を記録しました"),
    }
    if data.get("decision") == "trial_decided":
        return _("実証実験の判定: %(as)s") % {"as": TrialDecision(data["as"]).label}
    return words.get(data.get("decision"), "")


def chain(case: Case, *, story=None, outcome=None, here: str = "case", staff: bool) -> list[dict]:
    """What `parts/chain.html` needs, from challenge to story, with links of the reader's own pages."""
    slug = case.municipality.slug
    challenge, proposal = case.challenge, case.proposal

    def to(name: str, ref: str) -> str:
        return reverse(name, args=[slug, ref])

    challenge_page = "staff-challenge" if staff else "challenge"
    proposal_href = ""
    if proposal:
        proposal_href = (
            to("staff-proposal", proposal.ref) if staff else reverse("my-proposal", args=[proposal.pk])
        )
    return [
        {
            "kind": _("課題"),
            "icon": "flag",
            "title": challenge.title if challenge else "",
            "href": to(challenge_page, challenge.ref) if challenge else "",
            "note": challenge.ref if challenge else "",
            "none": _("課題によらない連携"),
        },
        {
            "kind": _("提案"),
            "icon": "document",
            "title": proposal.title if proposal else "",
            "href": proposal_href,
            "note": proposal.ref if proposal else case.get_channel_display(),
            "none": _("提案を経ずに開始"),
        },
        {
            "kind": _("案件"),
            "icon": "board",
            "title": case.title,
            "href": to("staff-case", case.ref) if staff else to("my-case", case.ref),
            "note": f"{case.ref} · {CASE[case.stage].label if staff else CASE[case.stage].public}",
            "current": here == "case",
        },
        {
            "kind": _("成果"),
            "icon": "star",
            "title": outcome.title if outcome else "",
            "href": "",
            "note": outcome.get_kind_display() if outcome else "",
            "current": here == "outcome",
        },
        {
            "kind": _("連携事例"),
            "icon": "book",
            "title": story.title if story else "",
            "href": to("story", story.ref) if story and story.state == "published" else "",
            "current": here == "story",
        },
    ]
