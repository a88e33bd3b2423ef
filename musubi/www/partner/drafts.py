"""Writing a proposal. A draft is never lost: it saves itself, works without a script, and tells the older window.

One form serves the whole of it. Its buttons say what to do after saving (`do`): nothing more, go on to the check,
take a file off, change the track. The page carries `seen`, the moment of the version it shows; what was saved
since by another window or a colleague makes the save stop and both versions show.
"""

from datetime import datetime
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from musubi.challenges import queries as challenges
from musubi.challenges.rules import takes_proposals
from musubi.lib.clock import TOKYO
from musubi.lib.errors import Conflict, Refused
from musubi.people.models import Municipality, Organisation
from musubi.people.permissions import Can
from musubi.people.queries import organisations_of
from musubi.proposals import actions
from musubi.proposals.models import Attachment, Proposal
from musubi.proposals.queries import of_organisations
from musubi.proposals.rules import gaps
from musubi.proposals.states import Track
from musubi.www.access import fetch
from musubi.www.files import keep
from musubi.www.partner.forms_proposals import TRACK_WORDS, ProposalForm, StartForm, initial_of
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words

SHOWN_SAVED = ["title", "content", "effect", "request", "field_wanted", "schedule", "cost"]


@keeps_words
def new(request):
    """The form of a proposal that does not exist yet; the first save makes the draft."""
    if request.method == "POST" and (made := _number(request.POST.get("draft", ""))):
        return edit(request, made)
    organisations = organisations_of(request.user)
    if not organisations:
        messages.info(
            request, _("提案の前に、あなたの団体を登録してください。登録が済むと、提案の画面に戻ります。")
        )
        return redirect(reverse("my-organisation-new") + "?" + urlencode({"next": request.get_full_path()}))
    asked = request.GET.dict()
    if asked.get("challenge") and not asked.get("track"):
        asked["track"] = Track.CHALLENGE
    if len(organisations) == 1:
        asked.setdefault("organisation", organisations[0].pk)
    start = StartForm(asked, organisations=organisations)
    if not start.is_valid():
        if not request.GET.get("begin"):
            start = StartForm(initial=asked, organisations=organisations)
        return page(request, "proposal_start", _("提案する"), form=start)
    city, track = start.cleaned_data["city"], start.cleaned_data["track"]
    writing = Writing(request, city, start.cleaned_data["organisation"], track)
    if request.method == "POST":
        return writing.save(_key(request.POST.get("key", "")))
    writing.begin(challenge=asked.get("challenge", ""), solution=asked.get("solution", ""))
    return writing.show()


@keeps_words
def edit(request, pk):
    """The form of a draft."""
    proposal = fetch(request, of_organisations(request.user), Can.WRITE_PROPOSAL, pk=pk)
    if proposal.state != "draft":
        if request.POST.get("do") == "autosave":
            return render(request, "partner/proposal_edit.html#saved", {"submitted": proposal})
        messages.info(request, _("この提案は提出済みです。内容は変えられません。"))
        return redirect("my-proposal", proposal.pk)
    writing = Writing(request, proposal.municipality, proposal.organisation, proposal.track, proposal)
    return writing.save() if request.method == "POST" else writing.show()


class Writing:
    """One window in which a draft is written: its form, and what saving it comes to."""

    def __init__(
        self,
        request,
        city: Municipality,
        organisation: Organisation,
        track: str,
        proposal: Proposal | None = None,
    ):
        self.request, self.city, self.organisation, self.track = request, city, organisation, track
        self.proposal = proposal
        self.key = None
        # One that has closed since stays chosen: it is the page before submitting that speaks of it.
        open_ones = challenges.open_to_members([city.pk]).order_by().values("pk")
        own = (proposal.challenge_id if proposal else None) or 0
        self.challenges = (
            challenges.visible_to(request.user, city)
            .filter(Q(pk__in=open_ones) | Q(pk=own))
            .order_by("-published_at", "-id")
        )
        self.form = self._form(initial=initial_of(proposal) if proposal else {})

    def _form(self, *args, **kwargs) -> ProposalForm:
        return ProposalForm(
            *args,
            track=self.track,
            organisation=self.organisation,
            challenges=self.challenges,
            **kwargs,
        )

    def begin(self, *, challenge: str, solution: str) -> None:
        """An empty form, with the challenge (its reference) and the solution (its key) the address names."""
        self.key = uuid4()
        initial = {}
        if chosen := self.challenges.filter(ref=challenge).first() if challenge else None:
            initial["challenge"] = chosen.pk
        own = self.form.fields["solution"].queryset
        if offer := own.prefetch_related("goals", "fields").filter(pk=_number(solution)).first():
            initial |= {
                "solution": offer.pk,
                "title": offer.title,
                "content": offer.summary,
                "cost": offer.cost,
                "goals": [goal.pk for goal in offer.goals.all()],
                "fields_of_work": [field.pk for field in offer.fields.all()],
            }
        self.form = self._form(initial=initial)

    def save(self, key: UUID | None = None):
        """Keep the words, then do what the button says."""
        self.key = key
        do, _colon, subject = self.request.POST.get("do", "save").partition(":")
        quiet = do == "autosave"
        self.form = self._form(self.request.POST, None if quiet else self.request.FILES)
        whole = self.form.is_valid()
        try:
            self._keep_words(track=subject if do == "track" else "")
        except Conflict:
            return self._older_window(quiet)
        except Refused as refusal:
            add_refusal(self.form, refusal)
            whole = False
        else:
            if not quiet:
                whole = self._keep_files() and whole
        if quiet:
            return self._tell_saved()
        if not whole:
            return self.show(status=422)
        if do == "detach":
            self._take_off(subject)
        if do == "check":
            return redirect("my-proposal-check", self.proposal.pk)
        messages.success(self.request, _("%(time)s に下書きを保存しました。") % {"time": self._time()})
        return redirect("my-proposal-edit", self.proposal.pk)

    def show(self, status: int = 200, **more):
        proposal, form = self.proposal, self.form
        chosen = None
        if "challenge" in form.fields and (picked := _number(str(form["challenge"].value() or ""))):
            chosen = self.challenges.select_related("department").filter(pk=picked).first()
        title = proposal.title if proposal and proposal.title else _("新しい提案")
        return page(
            self.request,
            "proposal_edit",
            title,
            crumbs=[(_("提案"), reverse("my-proposals"))],
            status=status,
            proposal=proposal,
            steps=_steps(),
            form=form,
            city=self.city,
            organisation=self.organisation,
            track=Track(self.track),
            tracks=[(t.value, t.label, TRACK_WORDS[t]) for t in Track if t != self.track],
            challenge=chosen,
            challenge_open=chosen is not None and takes_proposals(chosen),
            files=list(proposal.attachments.all()) if proposal else [],
            key=self.key,
            autosave_key=f"proposal-{proposal.pk}"
            if proposal
            else f"proposal-new-{self.request.get_full_path()}",
            **{"seen": proposal.saved_at if proposal else None, **more},
        )

    def _keep_words(self, track: str = "") -> None:
        words = self.form.words()
        goals, fields = words.pop("goals", None), words.pop("fields", None)
        if self.proposal is None:
            self.proposal = actions.draft_proposal(
                self.organisation,
                self.city,
                by=self.request.user,
                track=self.track,
                key=self.key,
                goals=goals or (),
                fields=fields or (),
                **words,
            )
            return
        if track not in Track.values:
            track = ""
        seen = self.request.POST.get("newest" if self.request.POST.get("do") == "overwrite" else "seen", "")
        actions.save_proposal(
            self.proposal,
            by=self.request.user,
            seen=_moment(seen) or self.proposal.saved_at,
            track=track,
            goals=goals,
            fields=fields,
            **words,
        )

    def _keep_files(self) -> bool:
        """Store what was sent along. Each refused file is told; the accepted ones stay."""
        kept = True
        for uploaded in self.form.cleaned_data.get("files", []):
            try:
                actions.attach(self.proposal, by=self.request.user, **keep(Attachment, uploaded))
            except Refused as refusal:
                self.form.add_error("files", str(refusal))
                kept = False
        return kept

    def _take_off(self, pk: str) -> None:
        attachment = self.proposal.attachments.filter(pk=_number(pk)).first()
        if attachment:
            actions.detach(attachment, by=self.request.user)

    def _older_window(self, quiet: bool):
        """Another window or a colleague saved first: nothing is written, and both versions show."""
        stored = Proposal.objects.get(pk=self.proposal.pk)
        if quiet:
            return render(
                self.request,
                "partner/proposal_edit.html#saved",
                {"older": True, "stored": stored, "seen_text": self.request.POST.get("seen", "")},
            )
        if stored.state != "draft":
            messages.info(self.request, _("この提案は、別の画面で提出されました。"))
            return redirect("my-proposal", stored.pk)
        typed = self.form.words()
        differing = [
            (Proposal._meta.get_field(name).verbose_name, getattr(stored, name))
            for name in SHOWN_SAVED
            if name in typed and typed[name].split() != getattr(stored, name).split()
        ]
        self.proposal = stored
        return self.show(
            status=409,
            differing=differing,
            stored=stored,
            newest=stored.saved_at,
            # The window stays the older one until the person decides.
            seen=_moment(self.request.POST.get("seen", "")),
        )

    def _tell_saved(self):
        """The line under the form, for a save in the background."""
        problems = [(field.label, error) for field in self.form for error in field.errors]
        problems += [("", error) for error in self.form.non_field_errors()]
        response = render(
            self.request,
            "partner/proposal_edit.html#saved",
            {
                "proposal": self.proposal,
                "key": self.key,
                "seen": self.proposal.saved_at if self.proposal else None,
                "problems": problems,
                "saved_time": self._time() if self.proposal else "",
            },
        )
        if self.proposal and not problems:
            response["X-Saved"] = "1"
        return response

    def _time(self) -> str:
        return f"{self.proposal.saved_at.astimezone(TOKYO):%H:%M}"


def check(request, pk):
    """The page before submitting: the whole proposal as it will be read, and what is still missing."""
    proposal = fetch(request, of_organisations(request.user), Can.WRITE_PROPOSAL, pk=pk)
    if proposal.state != "draft":
        return redirect("my-receipt", proposal.pk)
    problem, status = "", 200
    if request.method == "POST":
        try:
            actions.submit(proposal, by=request.user)
        except Refused as refusal:
            # A double click: the first of the two has filed it.
            if Proposal.objects.filter(pk=pk).exclude(state="draft").exists():
                return redirect("my-receipt", pk)
            problem, status = str(refusal), 422
        else:
            return redirect("my-receipt", pk)
    closed = proposal.challenge_id and not takes_proposals(proposal.challenge)
    return page(
        request,
        "proposal_check",
        _("提出前の確認"),
        crumbs=[
            (_("提案"), reverse("my-proposals")),
            (str(proposal), reverse("my-proposal-edit", args=[pk])),
        ],
        status=status,
        proposal=proposal,
        steps=_steps(reverse("my-proposal-edit", args=[pk])),
        gaps=gaps(proposal),
        closed=closed,
        problem=problem,
    )


def _steps(edit_href: str = "") -> list[dict]:
    """For `parts/steps.html`: writing, checking, submitting. `edit_href` is given on the page of the second."""
    checking = bool(edit_href)
    return [
        {"label": _("内容を書く"), "state": "done" if checking else "current", "href": edit_href},
        {"label": _("提出前の確認"), "state": "current" if checking else "todo"},
        {"label": _("提出"), "state": "todo"},
    ]


def _number(text: str) -> int:
    """A row's number as the address or a hidden field says; 0, which no row has, where it says nothing sensible."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """The version a window started from, as its hidden field says; None where it says nothing sensible."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
