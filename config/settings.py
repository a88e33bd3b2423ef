"""One settings file; everything that differs between installations comes from the environment.

| variable | default | meaning |
| --- | --- | --- |
| `DATABASE_URL` | SQLite in `var/musubi.sqlite3` | `postgres://user:password@host/name` for PostgreSQL 15 or later |
| `MUSUBI_SECRET_KEY` | made once and kept in `var/secret_key` | Django's secret key |
| `MUSUBI_HOSTS` | `localhost,127.0.0.1` | host names this installation answers to |
| `MUSUBI_ORIGIN` | `http://127.0.0.1:8000` | the address written into mails |
| `MUSUBI_DEMO` | off | `1`: one-click sign-in, visible outbox, a loud banner |
| `MUSUBI_DEBUG` | off | `1`: tracebacks in the browser (never in production) |
| `MUSUBI_HTTPS` | off | `1`: secure cookies, HSTS, behind a reverse proxy that sets `X-Forwarded-Proto` |
| `MUSUBI_PROXIES` | `0` | how many reverse proxies add to `X-Forwarded-For`; sign-in attempts are counted per visitor by it |
| `MUSUBI_VAR` | `var/` | where files, the embedded database and the collected static files live |
| `MUSUBI_INDEX` | `index/` in `MUSUBI_VAR` | where this machine keeps its copy of the matching index: a local disk; empty for none |
| `MUSUBI_EMBEDDING_MODEL` | none | a folder with a dense model (ONNX or sentence-transformers) that matching may use; nothing is downloaded |
| `EMAIL_URL` | none | `smtp://user:password@host:587/?tls=1`; without it mail waits in its rows |
| `MUSUBI_MAIL_FROM` | `noreply@localhost` | the sender of every mail |
| `MUSUBI_REPLY_ADDRESS` | none | a mailbox that takes `name+anything@…`: notices about a case can be answered by mail |
| `MUSUBI_TRUSTED_AUTHSERV` | none | the name your mail server puts first in `Authentication-Results`; without it senders are not proven |
| `MUSUBI_SECRET_KEY_FALLBACKS` | none | former secret keys, separated by commas: what they signed stays good |
| `MUSUBI_CLAMD` | none | where ClamAV's clamd listens, `unix:/run/clamav/clamd.ctl` or `host:port`; without it no file is scanned |
| `MUSUBI_LOG_LEVEL` | `INFO` | level of the console log |
"""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from django.utils.csp import CSP

BASE_DIR = Path(__file__).resolve().parent.parent


def flag(name: str, default: str = "0") -> bool:
    return os.environ.get(name, default).lower() in {"1", "true", "yes", "on"}


VAR_DIR = Path(os.environ.get("MUSUBI_VAR", BASE_DIR / "var"))
VAR_DIR.mkdir(parents=True, exist_ok=True)
# Derived data, made again from the database whenever it is missing; None: no suggestions on this machine.
INDEX_DIR = Path(_index) if (_index := os.environ.get("MUSUBI_INDEX", str(VAR_DIR / "index"))) else None
EMBEDDING_MODEL = os.environ.get("MUSUBI_EMBEDDING_MODEL", "")


def _secret_key() -> str:
    """The key from the environment, or one made on first start and readable by its owner only."""
    if key := os.environ.get("MUSUBI_SECRET_KEY"):
        return key
    path = VAR_DIR / "secret_key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w") as file:
        file.write(key)
    return key


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("MUSUBI_SECRET_KEY_FALLBACKS", "").split(",") if key]
DEBUG = flag("MUSUBI_DEBUG")
DEMO = flag("MUSUBI_DEMO")
ALLOWED_HOSTS = [h for h in os.environ.get("MUSUBI_HOSTS", "localhost,127.0.0.1").split(",") if h]
ORIGIN = os.environ.get("MUSUBI_ORIGIN", "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [ORIGIN]

APPS = [
    "journal",
    "people",
    "notify",
    "wordings",
    "ball",
    "plan",
    "challenges",
    "solutions",
    "proposals",
    "matching",
    "gatherings",
    "cases",
    "fund",
    "outcomes",
    "imports",
    "www",
]
INSTALLED_APPS = [
    *[f"musubi.{app}" for app in APPS],
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

# The kept public pages answer before a session or a user is looked at: see docs/adr on public pages.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "musubi.www.middleware.KeptPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "musubi.www.middleware.SharedComputers",
    "musubi.www.middleware.Refusals",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "musubi.www.context.installation",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Two databases, one product: docs/adr/0005-two-databases.md
DATABASES = {
    "default": dj_database_url.config(
        env="DATABASE_URL",
        default=f"sqlite:///{VAR_DIR / 'musubi.sqlite3'}",
        conn_max_age=60,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # Without IMMEDIATE a third of concurrent writers fail with "database is locked".
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
    # Tests with a live server need a file: an in-memory database locks.
    DATABASES["default"]["TEST"] = {
        "NAME": os.environ.get("MUSUBI_TEST_SQLITE", str(VAR_DIR / "test.sqlite3"))
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "TIMEOUT": 6 * 3600,
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
}

# People and sign-in
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "front"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_ADAPTER = "musubi.www.accounts.adapter.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "musubi.www.accounts.forms.SignupForm"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Behind a proxy every visitor comes from the proxy's address: uncounted, ten wrong passwords of one would lock out all.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("MUSUBI_PROXIES", "0"))
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Musubi"
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": []}}
if os.environ.get("MUSUBI_OIDC_SERVER"):
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"].append(
        {
            "provider_id": "sso",
            "name": os.environ.get("MUSUBI_OIDC_NAME", "シングルサインオン"),
            "client_id": os.environ["MUSUBI_OIDC_CLIENT_ID"],
            "secret": os.environ["MUSUBI_OIDC_SECRET"],
            "settings": {"server_url": os.environ["MUSUBI_OIDC_SERVER"]},
        }
    )

# Language and time
LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "musubi" / "locale"]
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True

# Files: static ones are collected, hashed and compressed; people's files live outside every web root.
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": VAR_DIR / "files",
            "base_url": None,
            # People's files are for this account alone, not for everybody with a login on the machine.
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not DEBUG and flag("MUSUBI_STATIC_MANIFEST", "1")
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_242_880
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
UPLOAD_MAX_BYTES = 20 * 1024 * 1024

# Mail: the worker sends delivery rows through this mailer, nothing else sends.
DEFAULT_FROM_EMAIL = os.environ.get("MUSUBI_MAIL_FROM", "noreply@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_CONFIGURED = DEMO
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
if _mail := os.environ.get("EMAIL_URL"):
    _url = urlsplit(_mail)
    _asked = parse_qs(_url.query)
    MAILERS["default"] = {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": _url.hostname or "localhost",
            "port": _url.port or 25,
            "username": unquote(_url.username or ""),
            "password": unquote(_url.password or ""),
            "use_tls": _asked.get("tls") == ["1"],
            "use_ssl": _asked.get("ssl") == ["1"],
            "timeout": 20,
        },
    }
    MAIL_CONFIGURED = True

# Answers by mail: docs/operations.md says how the mail server hands them over.
REPLY_ADDRESS = os.environ.get("MUSUBI_REPLY_ADDRESS", "reply@musubi.example" if DEMO else "").strip().lower()
TRUSTED_AUTHSERV = os.environ.get("MUSUBI_TRUSTED_AUTHSERV", "").strip().lower()
MAIL_IN_MAX_BYTES = 25 * 1024 * 1024

# Security
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
if os.environ.get("MUSUBI_OIDC_SERVER"):
    # Signing in there begins with a form here that is answered by a redirect, which browsers hold to form-action.
    _sso = urlsplit(os.environ["MUSUBI_OIDC_SERVER"])
    SECURE_CSP["form-action"].append(f"{_sso.scheme}://{_sso.netloc}")
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "musubi.www.errors.csrf_failure"
if flag("MUSUBI_HTTPS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_SSL_REDIRECT = True
    # A municipality's other subdomains are not ours to bind to HTTPS, nor to put on the browsers' preload list.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("MUSUBI_LOG_LEVEL", "INFO")},
}
