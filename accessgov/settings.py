"""Every setting, in sections; values from the environment come through typed readers that fail loudly.

`ACCESSGOV_MODE` says what this process is for: `production` (the default: refuses to start without its
secrets), `development`, `demo` (an invented organisation on the loopback interface) or `test`.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from accessgov import env

BASE_DIR = Path(__file__).resolve().parent.parent
MODE = env.choice("ACCESSGOV_MODE", choices=("production", "development", "demo", "test"), default="production")
PRODUCTION = MODE == "production"
DEMO = MODE == "demo"
VAR_DIR = Path(env.text("ACCESSGOV_VAR_DIR", str(BASE_DIR / "var")))

# --- Secrets and hosts ------------------------------------------------------------------------------------------
DEBUG = env.flag("ACCESSGOV_DEBUG", default=MODE == "development")
SECRET_KEY = env.text("ACCESSGOV_SECRET_KEY", None if PRODUCTION else "not-a-secret-" * 5)
ENCRYPTION_KEYS = env.words("ACCESSGOV_ENCRYPTION_KEYS")
"""Fernet keys for secrets at rest, newest first: the first encrypts, all decrypt."""
if PRODUCTION and not ENCRYPTION_KEYS:
    raise ImproperlyConfigured("ACCESSGOV_ENCRYPTION_KEYS is not set: connectors' secrets are encrypted with it.")
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("ACCESSGOV_DEBUG must be off in production.")

PORT = env.integer("PORT", default=8000, minimum=1)
BASE_URL = env.text("ACCESSGOV_BASE_URL", None if PRODUCTION else f"http://127.0.0.1:{PORT}").rstrip("/")
"""What links in mails begin with; never taken from a request's Host header."""
ALLOWED_HOSTS = env.words("ACCESSGOV_ALLOWED_HOSTS", default=() if PRODUCTION else ("127.0.0.1", "localhost", "[::1]"))
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# --- Applications -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "accessgov.admin_site.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "audit",
    "directory",
    "catalog",
    "provisioning",
    "requests_app",
    "reviews",
    "notifications",
    "portal",
    "evidence",
]
if DEMO or MODE == "test":
    INSTALLED_APPS.append("demo")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accessgov.guard.GuardMiddleware",
    "audit.middleware.CorrelationMiddleware",
]

ROOT_URLCONF = "accessgov.urls"
WSGI_APPLICATION = "accessgov.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.context_processors.portal",
            ],
        },
    },
]

# --- Database ---------------------------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(
        env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / ('demo.sqlite3' if DEMO else 'accessgov.sqlite3')}"),
        conn_max_age=60,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    DATABASES["default"]["CONN_MAX_AGE"] = 0
else:
    # A server that does not answer is given up; a transaction that was forgotten holds back neither vacuum nor others.
    _statement_seconds = env.integer("ACCESSGOV_STATEMENT_SECONDS", default=300)
    _limits = f"-c idle_in_transaction_session_timeout=60s -c statement_timeout={_statement_seconds}s"
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    _options.setdefault("connect_timeout", 5)
    _options["options"] = f"{_limits} {_options.get('options', '')}".rstrip()

# --- People and sign-in -----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "directory.User"
AUTHENTICATION_BACKENDS = ["portal.accounts.SignIn"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
ACCOUNT_ADAPTER = "portal.accounts.ClosedSignUp"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "AccessGov: "
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_HTTPONLY = True

# --- Web security -----------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = env.flag("ACCESSGOV_SSL_REDIRECT", default=PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if env.flag("ACCESSGOV_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # attempts to sign in are limited by the visitor's address, not the proxy's
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# --- Cache, broker, workers -------------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL", "")
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "accessgov.cache.EnduringRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CELERY_BROKER_URL = REDIS_URL or "memory://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"visibility_timeout": 300, "unacked_restore_interval": 2, "unacked_restore_throttle": 1, "socket_timeout": 5}
    if REDIS_URL
    else {"polling_interval": 0.02}
)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_SOFT_TIME_LIMIT = 200
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.integer("ACCESSGOV_WORKERS", default=4, minimum=1)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"

# --- Calls to custom extensions -----------------------------------------------------------------------------------
CALLOUT_NETWORKS = env.networks("ACCESSGOV_CALLOUT_NETWORKS", default=() if PRODUCTION else ("127.0.0.0/8", "::1/128"))
"""Internal networks that custom extensions may be in; without them, only public addresses are called."""

# --- Exchange of files with target systems ------------------------------------------------------------------------
CSV_ROOT = env.folder("ACCESSGOV_CSV_ROOT")
"""The folder below which connectors that exchange files have theirs; without it there are no such connectors."""

# --- Mail -------------------------------------------------------------------------------------------------------
EMAIL_BACKEND = {
    "demo": "django.core.mail.backends.dummy.EmailBackend",
    "test": "django.core.mail.backends.locmem.EmailBackend",
}.get(MODE, "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env.text("ACCESSGOV_SMTP_HOST", "localhost")
EMAIL_PORT = env.integer("ACCESSGOV_SMTP_PORT", default=25, minimum=1)
EMAIL_HOST_USER = env.text("ACCESSGOV_SMTP_USER", "")
EMAIL_HOST_PASSWORD = env.text("ACCESSGOV_SMTP_PASSWORD", "")
EMAIL_USE_TLS = env.flag("ACCESSGOV_SMTP_STARTTLS", default=False)
EMAIL_USE_SSL = env.flag("ACCESSGOV_SMTP_TLS", default=False)
if EMAIL_USE_TLS and EMAIL_USE_SSL:
    raise ImproperlyConfigured("Set ACCESSGOV_SMTP_STARTTLS (port 587) or ACCESSGOV_SMTP_TLS (port 465), not both.")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("ACCESSGOV_MAIL_FROM", "AccessGov <accessgov@localhost>")

# --- Language, time, static files -------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
MAIL_LANGUAGES = [("en", "English"), ("de", "Deutsch")]
"""In which people may have their mail, and administrators may write it."""
FORMAT_MODULE_PATH = "accessgov.formats"
USE_TZ = True
TIME_ZONE = env.text("ACCESSGOV_TIME_ZONE", "UTC")
"""The zone that pages show; the database and every action keep UTC."""
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "accessgov" / "static"]
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
else:
    WHITENOISE_USE_FINDERS = True
    # Each client of a test builds the middleware anew: files are looked up when asked for, not all listed each time.
    WHITENOISE_AUTOREFRESH = MODE in ("development", "test")

# --- Administration site ----------------------------------------------------------------------------------------


def _entry(title: Any, icon: str, model: str) -> dict[str, Any]:
    """An entry of the sidebar: the list of a model, for whoever may see it."""
    app, name = model.split(".")

    def may_see(request: HttpRequest) -> bool:
        from django.apps import apps
        from django.contrib import admin

        return bool(admin.site.get_model_admin(apps.get_model(model)).has_view_permission(request))

    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": may_see,
    }


UNFOLD = {
    "SITE_TITLE": "AccessGov",
    "SITE_HEADER": "AccessGov",
    "SITE_SUBHEADER": _("Administration"),
    "SITE_SYMBOL": "key",
    "SITE_URL": "/",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")},
    ],
    "SHOW_HISTORY": False,  # the journal tells it
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": lambda request: {},  # in css/admin.css: the theme would write them into an inline style
    "STYLES": [lambda request: static("css/admin.css")],
    "SCRIPTS": [lambda request: static("js/admin.js")],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    {
                        "title": _("My Access"),
                        "icon": "arrow_back",
                        "link": reverse_lazy("home"),
                        "active": lambda request: False,
                    }
                ]
            },
            {
                "title": _("Catalog"),
                "separator": True,
                "items": [
                    _entry(_("Packages"), "inventory_2", "catalog.accesspackage"),
                    _entry(_("Policies"), "rule", "catalog.policy"),
                    _entry(_("Catalogs"), "folder", "catalog.catalog"),
                    _entry(_("Resources"), "deployed_code", "catalog.resource"),
                    _entry(_("Custom extensions"), "webhook", "catalog.customextension"),
                    _entry(_("Roles"), "manage_accounts", "catalog.roleassignment"),
                ],
            },
            {
                "title": _("Directory"),
                "separator": True,
                "items": [
                    _entry(_("People"), "person", "directory.user"),
                    _entry(_("Groups"), "group", "directory.group"),
                    _entry(_("Connected organisations"), "handshake", "directory.connectedorganisation"),
                    _entry(_("Answered attributes"), "badge", "directory.personattribute"),
                ],
            },
            {
                "title": _("Delivery"),
                "separator": True,
                "items": [
                    _entry(_("Operations"), "sync", "provisioning.operation"),
                    _entry(_("Accounts of leavers"), "person_off", "provisioning.accountchange"),
                    _entry(_("Names in systems"), "signature", "provisioning.alias"),
                    _entry(_("Rollouts"), "groups", "requests_app.rollout"),
                    _entry(_("Reconciliations"), "compare_arrows", "provisioning.reconciliation"),
                    _entry(_("Discoveries"), "travel_explore", "provisioning.discovery"),
                    _entry(_("Drift cases"), "difference", "provisioning.driftcase"),
                    _entry(_("Tasks by hand"), "front_hand", "provisioning.handtask"),
                    _entry(_("Grants"), "verified_user", "provisioning.grant"),
                    _entry(_("Target systems"), "dns", "catalog.targetsystem"),
                    _entry(_("Connectors"), "cable", "provisioning.connector"),
                ],
            },
            {
                "title": _("Requests"),
                "separator": True,
                "items": [
                    _entry(_("Requests"), "assignment", "requests_app.accessrequest"),
                    _entry(_("Delegations"), "group", "requests_app.delegation"),
                    _entry(_("Approvals"), "how_to_reg", "requests_app.approval"),
                    _entry(_("Assignments"), "badge", "requests_app.assignment"),
                    _entry(_("Callouts"), "outbound", "requests_app.callout"),
                    _entry(_("Exceptions"), "rule_settings", "requests_app.separationexception"),
                    _entry(_("Emergencies"), "emergency", "requests_app.emergencyreview"),
                ],
            },
            {
                "title": _("Reviews"),
                "separator": True,
                "items": [
                    _entry(_("Reviews"), "fact_check", "reviews.review"),
                    _entry(_("Campaigns"), "event_repeat", "reviews.campaign"),
                    _entry(_("Work on campaigns"), "pending_actions", "reviews.campaignwork"),
                    _entry(_("Reviews to be begun"), "notification_important", "reviews.cue"),
                ],
            },
            {
                "title": _("Notifications"),
                "separator": True,
                "items": [
                    _entry(_("Messages"), "mail", "notifications.message"),
                    {
                        "title": _("Letters"),
                        "icon": "edit_note",
                        "link": reverse_lazy("notifications:letters"),
                        "permission": lambda request: request.user.is_superuser or request.user.administers_by_group,
                    },
                ],
            },
            {
                "title": _("Journal"),
                "separator": True,
                "items": [_entry(_("Events"), "history", "audit.event")],
            },
        ],
    },
}

# --- Requests ---------------------------------------------------------------------------------------------------
ANSWER_DAYS = env.integer("ACCESSGOV_ANSWER_DAYS", default=14, minimum=1)
"""Whoever is asked for information has so many days to answer; then the time to decide goes on without."""

# --- Separation of duties ---------------------------------------------------------------------------------------
EXCEPTION_DAYS = env.integer("ACCESSGOV_EXCEPTION_DAYS", default=365, minimum=1)
"""An exception to separation of duties ends after so many days at the latest."""

# --- REST API ---------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accessgov.intake.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accessgov.intake.JSONBody"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "accessgov.problems.problem_details",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": env.text("ACCESSGOV_API_RATE", "6000/min")},
}
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTH_HEADER_PREFIX": "Bearer", "TOKEN_LIMIT_PER_USER": 20}  # nosec B105
SPECTACULAR_SETTINGS = {
    "TITLE": "AccessGov API",
    "DESCRIPTION": "Entitlement management: packages, requests, approvals, assignments and the journal.",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "accessgov.problems.describe"],
    "ENUM_NAME_OVERRIDES": {
        "RiskLevel": "directory.serializers.RISKS",
        "PersonKind": "directory.models.PersonKind",
        "OrganisationState": "directory.models.OrganisationState",
        "ResourceKind": "catalog.choices.ResourceKind",
        "QuestionKind": "catalog.choices.QuestionKind",
        "ApproverKind": "catalog.choices.ApproverKind",
        "CalloutMoment": "catalog.choices.CalloutMoment",
        "CalloutState": "requests_app.lifecycle.CalloutState",
        "RequestKind": "requests_app.lifecycle.RequestType",
        "RequestStatus": "requests_app.lifecycle.RequestStatus",
        "ApprovalStatus": "requests_app.lifecycle.ApprovalStatus",
        "AssignmentStatus": "requests_app.lifecycle.AssignmentStatus",
        "EmergencyStatus": "requests_app.lifecycle.EmergencyStatus",
        "ExceptionStatus": "requests_app.lifecycle.ExceptionStatus",
        "GrantStatus": "provisioning.lifecycle.GrantStatus",
        "TaskState": "provisioning.lifecycle.TaskState",
        "OperationKind": "provisioning.models.OperationKind",
        "RequestorScope": "catalog.choices.RequestorScope",
        "ReviewScope": "reviews.choices.ReviewScope",
        "CampaignStatus": "reviews.lifecycle.CampaignStatus",
        "ReviewVerdict": "reviews.choices.Verdict",
        "ReviewAnswer": "reviews.serializers.answering.ANSWERABLE",
    },
}

# --- Logging ----------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.text("ACCESSGOV_LOG_LEVEL", "INFO")},
    "loggers": {"httpx2": {"level": "WARNING"}, "celery": {"level": "WARNING"}, "kombu": {"level": "WARNING"}},
}
