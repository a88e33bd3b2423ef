"""Widgets that Django does not have, or not in the shape our pages need."""

from django import forms

from musubi.www.templatetags.pieces import GOALS, goal_name


class SdgGoalPicker(forms.CheckboxSelectMultiple):
    """The seventeen goals as tiles. Works with integer choices and with a queryset of `plan.Goal`."""

    template_name = "django/forms/widgets/goals.html"
    option_template_name = "django/forms/widgets/input.html"


class DateInput(forms.DateInput):
    """The browser's own date picker; the value travels as YYYY-MM-DD."""

    input_type = "date"

    def __init__(self, attrs=None, format="%Y-%m-%d"):
        super().__init__(attrs, format)


def goal_choices() -> list[tuple[int, str]]:
    """Choices for `SdgGoalPicker` where there is no queryset at hand."""
    return [(number, goal_name(number)) for number in GOALS]
