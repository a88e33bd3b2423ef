"""What the forms that save themselves have in common: that of an application, and that of its report.

A form carries `version`, that of what it shows. `do` says what to do after saving: nothing more, go on, take a file off;
`autosave` comes from the background and is answered with the line under the form (`partner/fund/saved.html`). What was
saved meanwhile by another window or a colleague makes a save stop, and both versions show.
"""

from uuid import UUID

from django.shortcuts import render
from django.utils.translation import gettext as _

from musubi.fund.models import Application
from musubi.fund.states import Phase
from musubi.lib import clock
from musubi.lib.errors import Conflict, Refused
from musubi.www.partner.fund.costs import CostRows
from musubi.www.partner.fund.papers import take_off
from musubi.www.partner.page import add_refusal

LINE = "partner/fund/saved.html"


def gone(request, words: str, href: str):
    """The line's answer to a window that comes too late: what it writes was sent."""
    return render(request, LINE, {"gone": words, "gone_href": href})


class Window:
    """One window in which something is written: its `form`, its `costs`, its `papers`.

    A subclass reads what was typed in `take`, writes the words in `keep_words`, makes the form for files in `files`, and
    says what follows in `after`, `show` and `older`; `sums` are what the line's answer sets anew, in `sums_template`.
    """

    application: Application
    autosave_key: str
    edit_href: str
    sums_template: str
    version: int

    def __init__(self, request):
        self.request = request

    def save(self):
        """Keep the words, then do what the button says."""
        data = self.request.POST
        do, _colon, subject = data.get("do", "save").partition(":")
        quiet = do == "autosave"
        self.take(data)
        whole = self.form.is_valid() and self.costs.is_valid
        try:
            self.keep_words(number(data.get("newest" if do == "overwrite" else "version", "")))
        except Conflict:
            return self._answer_older() if quiet else self.older()
        except Refused as refusal:
            add_refusal(self.form, refusal)
            whole = False
        else:
            if not quiet:
                whole = self._keep_papers() and whole
                if do == "detach":
                    whole = self._take_off(subject) and whole
        if quiet:
            return self._answer(whole)
        return self.after(do) if whole else self.show(status=422)

    def _keep_papers(self) -> bool:
        self.papers = self.files(self.request.POST, self.request.FILES)
        return self.papers.is_valid() and self.papers.store(
            by=self.request.user, key=_key(self.request.POST.get("key", ""))
        )

    def _take_off(self, text: str) -> bool:
        try:
            take_off(self.application, text, by=self.request.user)
        except Refused as refusal:
            self.form.add_error(None, str(refusal))
            return False
        return True

    def _answer_older(self):
        seen = self.request.POST.get("version", "")
        return render(self.request, LINE, {"older": True, "version": seen})

    def _answer(self, whole: bool):
        """The line under the form and the sums, for a save in the background."""
        problems = [(field.label, error) for field in self.form for error in field.errors]
        problems += [("", error) for error in self.form.non_field_errors()] + self.costs.errors
        response = render(
            self.request,
            LINE,
            {
                "application": self.application,
                "problems": problems,
                "saved_time": now(),
                "oob": self.sums_template,
                **self.line(),
                **self.sums(),
            },
        )
        if whole and not problems:
            response["X-Saved"] = "1"
        return response

    def line(self) -> dict:
        """What the line under the form needs, on the page as in an answer."""
        return {"version": self.version, "autosave_key": self.autosave_key, "edit_href": self.edit_href}

    def wrong(self) -> list[tuple[str, str]]:
        """[(where on the page, words)] of everything that could not be saved, for the list on top."""
        found = [("", error) for error in self.form.non_field_errors()]
        found += [_placed(field, error) for field in self.form for error in field.errors]
        found += [
            (f"#id_cost_{row.number}_yen", f"{row.place}: {row.error}")
            for row in self.costs.rows
            if row.error
        ]
        if self.papers.is_bound:
            found += [_placed(field, error) for field in self.papers for error in field.errors]
        return found

    def skipped(self) -> str:
        """What a save in the background leaves out: files go with a button."""
        return ",".join(["newest", *self.papers.fields])

    def differing_costs(self, phase: Phase, label: str) -> list[tuple[str, str]]:
        """[(label, the rows that are saved)] where they are not what this window says."""
        there = CostRows.stored(self.application, phase)

        def told(rows):
            return [(row.category, row.label, row.yen) for row in rows]

        if told(there.rows) == told(self.costs.rows):
            return []
        return [(label, "\n".join(f"{row.category_name} {row.label} {row.shown}円" for row in there.rows))]


def _placed(field, error: str) -> tuple[str, str]:
    at = f"{field.auto_id}_group" if field.use_fieldset else field.id_for_label or field.auto_id
    return f"#{at}", f"{field.label}: {error}"


def now() -> str:
    return f"{clock.now().astimezone(clock.TOKYO):%H:%M}"


def saved_words() -> str:
    return _("%(time)s に保存しました。") % {"time": now()}


def number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
