"""Lists on public pages: what a visitor asks for in the address, and one page of the answer."""

from collections.abc import Callable

from django import forms
from django.core.paginator import Paginator
from django.db import models
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from musubi.lib.fulltext import LONGEST_QUERY
from musubi.lib.text import normalise
from musubi.www.templatetags.pieces import escape

PAGE = 20
MOST = 500  # a list is counted no further
MOST_NARROWED = 200  # nor one for which several rows are looked at for each that is found
# Of all that hold a word and fit the filters, so many of the last written are looked at: in one municipality, and in
# all of them together.
NEWEST_HERE = 3 * MOST_NARROWED
NEWEST = 1000


class Input(forms.TextInput):
    """A box for text, or a hidden one, written without a template."""

    def render(self, name, value, attrs=None, renderer=None):
        attrs = {"type": self.input_type, "name": name, **self.attrs, **(attrs or {})}
        if value not in (None, ""):
            attrs["value"] = value
        written = "".join(f' {key}="{escape(given)}"' for key, given in attrs.items())
        return mark_safe(f"<input{written}>")


class HiddenInput(Input):
    input_type = "hidden"


class Words(forms.CharField):
    """The search box. Whatever is pasted in becomes something to look for: signs nobody sees go, the rest is cut."""

    widget = Input(attrs={"type": "search", "maxlength": LONGEST_QUERY})

    def to_python(self, value):
        return normalise(value or "").replace("\n", " ")[:LONGEST_QUERY]

    def bound_data(self, data, initial):
        return self.to_python(data)


class Select(forms.Select):
    """A drop-down written without a template for each choice: a filter has some sixty of them."""

    def render(self, name, value, attrs=None, renderer=None):
        chosen = str(value or "")
        options = []
        for code, label in self.choices:
            mark = " selected" if chosen and str(code) == chosen else ""
            options.append(f'<option value="{escape(code)}"{mark}>{escape(label)}</option>')
        id_ = escape((attrs or {}).get("id", f"id_{name}"))
        return mark_safe(f'<select name="{escape(name)}" id="{id_}">{"".join(options)}</select>')


class Pick(forms.ChoiceField):
    """One of `choices`, or any. `as_number` where the value is a row's number."""

    widget = Select

    def __init__(self, *, label, choices=(), as_number: bool = False):
        super().__init__(label=label, required=False)
        self.as_number = as_number
        self.offer(choices)

    def offer(self, choices) -> None:
        self.choices = [("", _("すべて")), *choices]

    def clean(self, value):
        value = super().clean(value)
        return int(value) if value and self.as_number else value


class Filter(forms.Form):
    """What the address asks for. A parameter that makes no sense counts as not given: a list is always shown."""

    sorts: dict = {}
    sort = forms.CharField(required=False, widget=HiddenInput)

    def __init__(self, request):
        super().__init__(request.GET)
        self.request = request

    @cached_property
    def wanted(self) -> dict:
        """The parameters that were given and understood."""
        self.is_valid()
        return {
            name: value for name, value in self.cleaned_data.items() if value not in ("", None, False, "sort")
        }

    @property
    def narrowing(self) -> dict:
        """`wanted` without the order."""
        return {name: value for name, value in self.wanted.items() if name != "sort"}

    @property
    def order(self) -> str:
        """The name of the order asked for, or the first one."""
        wanted = self.wanted.get("sort")
        return wanted if wanted in self.sorts else next(iter(self.sorts), "")

    def sort_links(self) -> list[tuple]:
        """For `parts/list_head.html`."""
        return [(label, self._href(sort=name), name == self.order) for name, label in self.sorts.items()]

    def active(self) -> list[tuple]:
        """For `parts/filter_form.html`: each thing that narrows the list, and the address without it."""
        return [
            (self._words(name, value), self._href(**{name: None})) for name, value in self.narrowing.items()
        ]

    def is_open(self) -> bool:
        return any(name != "q" for name in self.narrowing)

    def _words(self, name: str, value) -> str:
        field = self.fields[name]
        if isinstance(field, Pick):
            return str({str(code): label for code, label in field.choices}[str(value)])
        return f"「{value}」" if name == "q" else field.label

    def _href(self, **changes) -> str:
        kept = [
            (name, value)
            for name, values in self.request.GET.lists()
            if name != "page" and name not in changes
            for value in values
        ]
        return "?" + urlencode([*kept, *((name, value) for name, value in changes.items() if value)])


def page_of(
    rows: models.QuerySet,
    number: str | None,
    dress: Callable[[models.QuerySet], models.QuerySet],
    most: int = MOST,
):
    """One `Page` of `rows`; a number that does not exist gives the first or the last page.

    Two statements. The first counts and sorts: bare keys, `most` of them, so that a list over a whole country costs
    no more than one of a city. The second reads the twenty rows of the page whole, through `dress`.
    """
    keys = list(rows.values_list("pk", flat=True)[:most])
    page = Paginator(keys, PAGE).get_page(number)
    shown = {
        row.pk: row for row in dress(rows.model._default_manager.filter(pk__in=page.object_list).order_by())
    }
    # A row that went away between the two statements is left out.
    page.object_list = [shown[key] for key in page.object_list if key in shown]
    page.is_capped = len(keys) >= most
    return page
