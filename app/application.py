"""Builds the application: settings, extensions, doors; nothing else."""

import gc

# What is imported stays: looking through it for garbage took a fifth of every program's start.
gc.disable()

from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Settings
from app.domain import tables  # noqa: F401  # every table is mapped before anything is asked
from app.domain.accounts import session_rules
from app.entrypoints.doors import register_doors
from app.entrypoints.downloading import register_downloads
from app.entrypoints.frame import Frame
from app.entrypoints.turns import register_turns
from app.foundation import slow_queries
from app.foundation.database import db

# Otherwise the collector would begin by looking through all of it at once.
gc.freeze()
gc.enable()

ROOT = Path(__file__).resolve().parent.parent
BODY_MAX_BYTES = 8 * 1024 * 1024
# To the database, for each process: as many as it has threads, and nobody waits for one.
CONNECTIONS_KEPT, CONNECTIONS_BESIDE = 12, 20

migrate = Migrate()


def _engine_options(settings: Settings) -> dict[str, object]:
    # What is given to a statement may be a secret, or somebody's address: no error repeats it.
    options: dict[str, object] = {"hide_parameters": True}
    # A database in memory has but one connection.
    if settings.database_url != "sqlite://" and ":memory:" not in settings.database_url:
        # Opening one takes longer than most of what is asked on it.
        options |= {"pool_size": CONNECTIONS_KEPT, "max_overflow": CONNECTIONS_BESIDE}
    return options


def create_app(settings: Settings, **overrides: object) -> Flask:
    """Build the application: settings, extensions, then doors."""
    app = Frame(
        __package__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static")
    )
    app.config.from_mapping(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        MAX_CONTENT_LENGTH=BODY_MAX_BYTES,
        SESSION_COOKIE_NAME="__Host-session" if settings.secure_cookies else "session",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_SAMESITE="Lax",
        # The store knows when a session ends; the cookie need only last as long as the longest.
        PERMANENT_SESSION_LIFETIME=session_rules.LONGEST,
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.config.from_mapping(overrides)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    with app.app_context():
        slow_queries.watch(db.engine, slower_than_ms=settings.logs.slow_query_ms)
    register_downloads(app)
    register_turns(app)
    register_doors(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app
