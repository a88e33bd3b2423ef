"""How allauth fits in: names on accounts, and every mail through a delivery row."""

from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.conf import settings

from musubi.notify.actions import queue_mail


class AccountAdapter(DefaultAccountAdapter):
    def save_user(self, request, user, form, commit=True):
        user = super().save_user(request, user, form, commit=False)
        user.name = form.cleaned_data.get("name", "")
        if commit:
            user.save()
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """Queue what allauth would send; the worker sends it."""
        links = {key: _at_origin(value) for key, value in context.items() if key.endswith("_url")}
        about = {"request": allauth_context.request, "email": email, "origin": settings.ORIGIN}
        mail = self.render_mail(template_prefix, email, about | context | links)
        queue_mail(email, mail.subject, mail.body)

    def format_email_subject(self, subject: str) -> str:
        return str(subject)


def _at_origin(url: str) -> str:
    """`url` at this installation's own address: the request's Host header is the visitor's word."""
    parts, origin = urlsplit(url), urlsplit(settings.ORIGIN)
    return parts._replace(scheme=origin.scheme, netloc=origin.netloc).geturl()
