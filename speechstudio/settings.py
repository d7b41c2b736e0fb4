"""All settings, in one file. README has the table of the variables.

It works from a fresh checkout without any variable set: SQLite and files in
`data/`, and an embedded Redis that `python -m speechstudio.up` starts.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from datasets.formats.archive import MAX_UPLOAD_BYTES
from speechstudio import env

BASE_DIR = Path(__file__).resolve().parent.parent

# Where everything lives that is not code.
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "data"))).expanduser().resolve()
RUN_DIR = DATA_DIR / "run"
MEDIA_ROOT = DATA_DIR / "media"
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "tmp"
STATIC_ROOT = DATA_DIR / "static"
try:
    for folder in (RUN_DIR, MEDIA_ROOT, FILE_UPLOAD_TEMP_DIR, STATIC_ROOT):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
except OSError as e:
    raise ImproperlyConfigured(
        f"Cannot write to the data folder {DATA_DIR} ({e.strerror}). "
        "Make it writable, or name another one in DATA_DIR."
    ) from e

HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, 1, 65535)
DEBUG = env.boolean("DEBUG", False)


def _secret_key() -> str:
    """SECRET_KEY, or one that is made once and kept in the data folder."""
    given = env.text("SECRET_KEY")
    if given:
        return given
    path = DATA_DIR / "secret_key"
    if not path.exists():
        # Linked when it is complete, so that nobody ever reads half a key, and
        # of two processes that start at once one wins.
        fresh = RUN_DIR / f"secret_key.{os.getpid()}"
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(50))
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text().strip()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{HOST}")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
BEHIND_HTTPS_PROXY = env.boolean("BEHIND_HTTPS_PROXY", False)
if BEHIND_HTTPS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "jobs",
    "resources",
    "projects",
    "datasets",
    "training",
    "editor",
    "evaluations",
    "endpoints",
    "transcriptions",
    "remote",
    "api",
    "recognition",
    "speechstudio",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages only: recordings say that they are not to be compressed.
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "speechstudio.middleware.content_security_policy",
]
ROOT_URLCONF = "speechstudio.urls"
ASGI_APPLICATION = "speechstudio.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "projects.context.switcher",
            ]
        },
    }
]

# Database: SQLite in the data folder, or what DATABASE_URL names.
_sqlite_url = f"sqlite:///{quote(str(DATA_DIR / 'speechstudio.sqlite3'))}"
try:
    DATABASES = {
        "default": dj_database_url.parse(env.text("DATABASE_URL", _sqlite_url))
    }
except (ValueError, KeyError) as e:
    # The message must not repeat the address: it may hold a password.
    raise ImproperlyConfigured(
        "DATABASE_URL is not understood; write postgres://user:password@host/name."
    ) from e
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # Writers take turns from the first statement on, and wait for each
        # other, instead of failing half-way with "database is locked".
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA mmap_size=268435456;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A server that is gone must not hold a page for minutes.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# Uploads always go to disk in the folder they will stay in: a move, no copy.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
UPLOAD_MAX_BYTES = MAX_UPLOAD_BYTES
# Of one form. All are open at once, and systems limit that to about a thousand.
DATA_UPLOAD_MAX_NUMBER_FILES = 300
# A zip with the largest Whisper has 6 GB.
MODEL_MAX_BYTES = 8 * 1024**3
UPLOAD_BLOCK_MAX_BYTES = 8 * 1024**2
PROJECT_MAX_DATASETS = env.integer("PROJECT_MAX_DATASETS", 500, 1, 1_000_000)
# Hosts that datasets may be fetched from although they are not public.
FETCH_ALLOWED_HOSTS = env.hosts("FETCH_ALLOWED_HOSTS", env.words("FETCH_ALLOWED_HOSTS"))
# What any other request may carry (see asgi.py).
FORM_MAX_BYTES = 10 * 1024**2
# With less space than this, /healthz calls for help and uploads are refused.
MIN_FREE_DISK_MB = env.integer("MIN_FREE_DISK_MB", 500, 0, 10_000_000)

# Celery carries ids; the state of every job is in the database.
# The embedded Redis: a socket that only its owner may open. Systems limit a
# socket's path to about 100 bytes, so a deep data folder gets one elsewhere.
REDIS_SOCKET = RUN_DIR / "redis.sock"
if len(bytes(REDIS_SOCKET)) > 100:
    _short = hashlib.sha256(bytes(REDIS_SOCKET)).hexdigest()[:12]
    REDIS_SOCKET = Path(tempfile.gettempdir()) / f"speechstudio-{_short}" / "redis.sock"
EMBEDDED_REDIS = not env.text("REDIS_URL")
REDIS_URL = env.text("REDIS_URL", f"redis+socket://{quote(str(REDIS_SOCKET))}")
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Or Celery would put its own logging in the place of ours.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(RUN_DIR / "beat")
# `default` is for what a person waits for, `transcribe` for what takes long. What
# takes hours is in a queue of its own, which the trainer alone serves.
QUEUES = ["default", "transcribe"]
# Whoever serves both takes what people wait for first. In turns, which is usual, a
# worker of one process would do one short task for each long one.
CELERY_BROKER_TRANSPORT_OPTIONS = {"queue_order_strategy": "sorted"}  # by name
TRAINING_QUEUE = "train"
# Processes of the worker and of the trainer that `make run` starts.
WORKER_CONCURRENCY = env.integer("WORKER_CONCURRENCY", 1, 1, 64)
TRAINING_CONCURRENCY = env.integer("TRAINING_CONCURRENCY", 1, 1, 64)
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "editor.tasks.run_shard": {"queue": "transcribe"},
    "evaluations.tasks.count_levels": {"queue": "transcribe"},
    "evaluations.tasks.run_shard": {"queue": "transcribe"},
    "evaluations.tasks.settle_evaluation": {"queue": "transcribe"},
    "transcriptions.tasks.transcribe_file": {"queue": "transcribe"},
    "training.tasks.train_model": {"queue": TRAINING_QUEUE},
    # They may send gigabytes, and fetch the results of thousands of utterances.
    "remote.tasks.begin_model": {"queue": "transcribe"},
    "remote.tasks.begin_shard": {"queue": "transcribe"},
    "remote.tasks.begin_transcription": {"queue": "transcribe"},
    "remote.tasks.bring_in": {"queue": "transcribe"},
    "remote.tasks.go_on": {"queue": "transcribe"},
}
# A running job whose worker gave no sign for so long is taken from it.
JOB_LOST_AFTER_SECONDS = env.integer("JOB_LOST_AFTER_SECONDS", 60, 5, 3600)
JOB_MAX_DEATHS = 3
_supervise_every = min(15.0, JOB_LOST_AFTER_SECONDS / 3)
CELERY_BEAT_SCHEDULE = {
    "supervise": {
        "task": "jobs.tasks.supervise",
        "schedule": _supervise_every,
        # Rounds that no worker had time for must not pile up.
        "options": {"expires": _supervise_every},
    },
    "tidy": {
        "task": "training.tasks.tidy_models",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "poll": {
        "task": "remote.tasks.poll",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "tidy-remote": {
        "task": "remote.tasks.tidy",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "refresh-bases": {
        "task": "remote.tasks.refresh_bases",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "deliver": {
        "task": "api.tasks.deliver_due",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "tidy-deliveries": {
        "task": "api.tasks.tidy_deliveries",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "tidy-logs": {
        "task": "endpoints.tasks.tidy_logs",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}

# The embedded engine.
ENGINE_BASE_MODELS = env.words("BASE_MODELS", "tiny.en")
# Of each worker process. Together they have one for each core; so has the trainer,
# which gives way to the worker (see up.py).
_threads = env.integer("ENGINE_THREADS", 0, 0, 256)
ENGINE_THREADS = _threads or max(1, env.cores() // WORKER_CONCURRENCY)
TRAINING_THREADS = _threads or max(1, env.cores() // TRAINING_CONCURRENCY)
ENGINE_MODELS_DIR = DATA_DIR / "models"
# Of each process, for models: those that were not used for longest make room.
ENGINE_MEMORY_MB = env.integer("ENGINE_MEMORY_MB", 2_000, 200, 10_000_000)
# How many requests may wait for a process that recognises; further ones are asked to
# come again.
RECOGNITION_MAX_WAITING = env.integer("RECOGNITION_MAX_WAITING", 32, 1, 10_000)
# Where clients find the data plane, when that is not where the pages are.
RECOGNITION_URL = env.origin("RECOGNITION_URL")
# Whether models expire after quarters, as in the reference product.
MODELS_EXPIRE = env.boolean("MODELS_EXPIRE", True)

# A fresh installation gets a project to try everything in.
SAMPLE_PROJECT = env.boolean("SAMPLE_PROJECT", True)

# People.
LOGIN_URL = "login"
CSRF_FAILURE_VIEW = "speechstudio.views.csrf_failure"
LOGIN_REDIRECT_URL = "project-list"
ADMIN_USERNAME = env.text("ADMIN_USERNAME")
ADMIN_PASSWORD = env.text("ADMIN_PASSWORD")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
_rooms = [app for app in INSTALLED_APPS if "." not in app and app != "django_htmx"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "level": LOG_LEVEL,
        }
    },
    # At INFO libraries tell their routine, Celery the receipt of every task.
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        **{room: {"level": LOG_LEVEL} for room in ("engines", *_rooms)},
        "celery": {"level": "INFO" if LOG_LEVEL == "DEBUG" else "WARNING"},
        # What strangers ask for in vain must not fill the log.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
    },
}
