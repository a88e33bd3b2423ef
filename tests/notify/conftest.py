import pytest
from django.conf import settings as django_settings

from tests.factories.notify import mailbox, registered


@pytest.fixture
def kind():
    with registered("test.done") as kind:
        yield kind


@pytest.fixture
def configured(settings):
    """A mail server is configured; mails land in Django's test outbox."""
    settings.MAIL_CONFIGURED = True
    settings.DEMO = False


@pytest.fixture
def smtp(configured, settings):
    """A real SMTP server on this machine, and the product sending to it."""
    with mailbox() as server:
        host, port = server.server_address
        backend = "django.core.mail.backends.smtp.EmailBackend"
        if hasattr(django_settings, "MAILERS"):
            options = {"host": host, "port": port, "timeout": 5}
            settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
        else:
            settings.EMAIL_BACKEND = backend
            settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = host, port, 5
        yield server
