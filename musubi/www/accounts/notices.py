"""A person's own list of notices."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from musubi.notify import actions
from musubi.notify.queries import notices_of, unread_count
from musubi.notify.registry import KINDS

PAGE = 20


@require_safe
def notices(request):
    unread = unread_count(request.user)
    only_unread = request.GET.get("show") == "unread"
    rows = notices_of(request.user)
    if only_unread:
        rows = rows.filter(read_at=None)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "accounts/notices.html",
        {
            "page_title": _("お知らせ"),
            "page": page,
            "unread": unread,
            "only_unread": only_unread,
            "tabs": [
                (_("すべて"), "?", not only_unread, ""),
                (_("未読"), "?show=unread", only_unread, unread),
            ],
            "items": [
                {
                    "href": f"/accounts/notices/{notice.pk}/",
                    "title": notice.title,
                    "at": notice.at,
                    "kind": KINDS[notice.kind].name if notice.kind in KINDS else "",
                    "unread": notice.read_at is None,
                }
                for notice in page
            ],
        },
    )


@require_safe
def notice(request, pk: int):
    """One notice: read from now on; its words, and the page it tells of."""
    row = get_object_or_404(notices_of(request.user), pk=pk)
    actions.mark_read(row, by=request.user)
    path = row.path if url_has_allowed_host_and_scheme(row.path, allowed_hosts=None) else ""
    return render(
        request,
        "accounts/notice.html",
        {
            "page_title": row.title,
            "crumbs": [(_("お知らせ"), "/accounts/notices/"), (row.title, "")],
            "notice": row,
            "path": path,
        },
    )


@require_POST
def read_all(request):
    count = actions.mark_all_read(request.user)
    messages.success(
        request,
        ngettext("%(n)d件を既読にしました。", "%(n)d件を既読にしました。", count) % {"n": count}
        if count
        else _("未読のお知らせはありませんでした。"),
    )
    return redirect("notices")
