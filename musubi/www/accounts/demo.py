"""Demo installations only: sign in as one of the demo's people by one click, and read the mails that went out."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
from functools import wraps

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.cases.mail.receiving import receive
from musubi.cases.models import Case
from musubi.fund.models import Application, CommitteeMember
from musubi.lib import clock
from musubi.notify.models import Delivery
from musubi.notify.queries import outbox as mails
from musubi.notify.states import DELIVERY
from musubi.people.models import Representative, Staff, User
from musubi.people.permissions import STAFF_ROLES
from musubi.services.mail import message_id, one_line

DOMAIN = "@demo.example"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
WHAT = {
    Staff.Role.DESK: ("stamp", gettext_lazy("届いた提案を受け、照会し、全体を見守る")),
    Staff.Role.OFFICER: ("building", gettext_lazy("課題を書き、照会に答え、団体と対話する")),
    Staff.Role.MANAGER: ("people", gettext_lazy("部署として決め、連携を進める")),
    Staff.Role.ADMINISTRATOR: ("gear", gettext_lazy("部署・職員・設定を整える")),
    Staff.Role.AUDITOR: ("search", gettext_lazy("すべての記録を読む")),
}
ORDER = {role: position for position, role in enumerate(WHAT)}  # the desk first: there the work begins
SHOWN_ORGANISATIONS = 4


@dataclass(frozen=True)
class Person:
    """One of the demo's people, for `parts/role_cards.html`; `place` is what the cards are grouped by."""

    value: int
    name: str
    title: str
    what: str
    icon: str
    place: str
    organisation: bool = False


def people() -> list[Person]:
    """The people of the demo who have a role, by the place they work in: desk first, then officers (where most cases
    wait first), then the committees of the funds, and the organisations with most at stake first: the cases that wait
    for them, and an application in hand. Three statements, however many there are."""
    ours = {"user__email__endswith": DOMAIN, "user__is_active": True, "ended_at": None}
    staff = (
        Staff.objects.filter(**ours)
        .select_related("user", "municipality", "department")
        .annotate(cases=_open_cases("ball_department", "department"))
        .order_by("municipality__code", "-cases", "id")
    )
    found = [
        Person(
            row.user_id,
            row.user.name,
            str(STAFF_ROLES[row.role].name),
            (f"{row.department} — " if row.department else "") + str(WHAT[row.role][1]),
            WHAT[row.role][0],
            row.municipality.display_name,
        )
        for row in sorted(staff, key=lambda row: (row.municipality.code, ORDER[row.role]))
    ]
    acting = (
        Representative.objects.filter(**ours)
        .select_related("user", "organisation")
        .annotate(
            cases=_open_cases("ball_organisation", "organisation"),
            applies=Exists(
                Application.objects.filter(
                    organisation=OuterRef("organisation"), state="returned", call__state="published"
                )
            ),
        )
    )
    found += _committees()
    found += [
        Person(
            row.user_id, row.user.name, row.organisation.display_name, _doing(row), "people", _("団体"), True
        )
        for row in _with_an_applicant(list(acting.order_by("-cases", "organisation_id", "id")))
    ]
    return found


def _committees() -> list[Person]:
    """Who screens the applications of a call now, each of them once."""
    members = (
        CommitteeMember.objects.filter(
            user__email__endswith=DOMAIN,
            user__is_active=True,
            ended_on=None,
            fund__calls__state="screening",
        )
        .select_related("user", "fund__municipality")
        .order_by("fund__municipality__code", "-is_chair", "pk")
    )
    return [
        Person(
            row.user_id,
            row.user.name,
            _("審査委員長") if row.is_chair else _("審査委員"),
            (f"{row.title} — " if row.title else "") + _("助成の申請を読み、採点する"),
            "check",
            _("%(city)sのファンドの審査会") % {"city": row.fund.municipality.display_name},
        )
        for row in {row.user_id: row for row in members}.values()
    ]


def _doing(row: Representative) -> str:
    if row.applies:
        return _("団体を代表して助成を申請し、補正の依頼に答える")
    if row.is_owner:
        return _("団体の責任者として提案し、連携を進める")
    return _("団体の担当者として提案し、連携を進める")


def _with_an_applicant(rows: list[Representative]) -> list[Representative]:
    """Somebody whose application came back to them is among those who are shown first."""
    first = next((row for row in rows[SHOWN_ORGANISATIONS:] if row.applies), None)
    if first is None or any(row.applies for row in rows[:SHOWN_ORGANISATIONS]):
        return rows
    rows.remove(first)
    return [*rows[: SHOWN_ORGANISATIONS - 1], first, *rows[SHOWN_ORGANISATIONS - 1 :]]


def _open_cases(ball: str, holder: str):
    """How many cases wait for the row's `holder`."""
    waiting = Case.objects.filter(**{ball: OuterRef(holder)}).order_by().values(ball)
    return Coalesce(Subquery(waiting.annotate(n=Count("pk")).values("n")), 0)


def at_a_glance(found: list[Person]) -> list[tuple[str, list[Person], list[Person]]]:
    """(place, one of each role or a few organisations, everybody else) for each place, in the order of `found`."""
    groups: dict[str, tuple[list[Person], list[Person]]] = {}
    for person in found:
        first, rest = groups.setdefault(person.place, ([], []))
        if person.organisation:
            shown = len(first) < SHOWN_ORGANISATIONS
        else:
            shown = person.title not in {one.title for one in first}
        (first if shown else rest).append(person)
    return [(place, first, rest) for place, (first, rest) in groups.items()]


def demo_only(view):
    """A page that does not exist outside a demo."""

    @login_not_required
    @never_cache
    @wraps(view)
    def wrapped(request, *args, **kwargs):
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    wrapped.login_required = False
    return wrapped


@demo_only
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request):
    found = people()
    if request.method == "POST":
        wanted = request.POST.get("role", "")
        known = {str(person.value) for person in found}
        if wanted not in known:
            raise Http404
        user = get_object_or_404(User, pk=int(wanted), email__endswith=DOMAIN, is_active=True)
        login(request, user, backend=BACKEND)
        return redirect("home")
    return render(
        request,
        "accounts/demo.html",
        {"page_title": _("役割を選んで試す"), "groups": at_a_glance(found)},
    )


class ReplyForm(forms.Form):
    """What one of the demo's people answers to a mail."""

    body = forms.CharField(
        label=gettext_lazy("返信"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )


@demo_only
@require_POST
def reply(request, pk: int):
    """Answer a mail of the outbox as its receiver would: what a mail program sends goes the way every mail comes in."""
    delivery = get_object_or_404(mails().exclude(reply_to=""), pk=pk, address__endswith=DOMAIN)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("返信を4000字以内で書いてください。"))
        return redirect("demo-outbox")
    received = receive(answer_to(delivery, form.cleaned_data["body"]))
    if received.refused:
        messages.error(
            request,
            _("返信は受け付けられませんでした: %(why)s") % {"why": received.refused.get_why_display()},
        )
    else:
        messages.success(
            request,
            _("返信が案件「%(title)s」(%(ref)s)のメッセージになりました。")
            % {"title": received.post.case.title, "ref": received.post.case.ref},
        )
    return redirect("demo-outbox")


def answer_to(delivery: Delivery, body: str) -> bytes:
    """The mail a mail program makes when its user answers `delivery`: quoted, threaded, from their own address."""
    mail = EmailMessage()
    mail["From"], mail["To"] = delivery.address, delivery.reply_to
    mail["Subject"] = f"Re: {one_line(delivery.subject)}"
    mail["Date"] = localtime()
    mail["Message-ID"] = make_msgid(domain=DOMAIN.removeprefix("@"))
    mail["In-Reply-To"] = message_id(delivery)
    wrote = f"{delivery.created_at.astimezone(clock.TOKYO):%Y/%m/%d %H:%M}, Musubi wrote:"
    quoted = "\n".join(f"> {line}".rstrip() for line in delivery.body.splitlines())
    mail.set_content(f"{body}\n\n{wrote}\n{quoted}\n")
    return mail.as_bytes(policy=SMTP)


@demo_only
@require_safe
def outbox(request):
    page = Paginator(mails(), 20).get_page(request.GET.get("page"))
    return render(
        request,
        "accounts/outbox.html",
        {
            "page_title": _("届いたメールを見る"),
            "page": page,
            "mails": [
                (mail, DELIVERY[mail.state].tone, bool(mail.reply_to) and mail.address.endswith(DOMAIN))
                for mail in page
            ],
        },
    )
