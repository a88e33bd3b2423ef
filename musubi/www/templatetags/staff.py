"""What the staff's menu shows: how much waits where, and which pages this person may open."""

from django import template

from musubi.www.staff.waiting import menu

register = template.Library()


@register.simple_tag(takes_context=True)
def staff_menu(context):
    """Counts and rights for the person at the municipality of the page; read once per request (see `waiting.menu`)."""
    request, municipality = context.get("request"), context.get("municipality")
    if request is None or municipality is None or not getattr(municipality, "pk", None):
        return None
    return menu(request, municipality)
