"""
Makes the web application: settings in, Flask out. The only place that knows every page.

It holds no rules: who may call what is in ``security.py``, what a page does is in its own
module. An application whose pages do not all say who may call them does not start.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from jinja2 import StrictUndefined
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import OperationalError
from werkzeug.middleware.proxy_fix import ProxyFix

from busops.clock import SystemClock, UuidIds
from busops.config import Settings, load_settings
from busops.demo_clock import clock_of
from busops.domain.values import Clock, Ids
from busops.jobs import JobQueue
from busops.log import configure_logging
from busops.services.credentials import CHEAP, STRONG
from busops.storage import schema
from busops.storage.database import Base, Database, engine_options, prepare_engine
from busops.web import (
    api,
    auth,
    ca,
    defects,
    demo,
    design,
    dispatch,
    enrolment,
    errors,
    finance,
    formats,
    health,
    home,
    incidents,
    jobs_page,
    language,
    manage,
    metrics,
    notices,
    other_use,
    overrides,
    paper,
    photos,
    plan_advice,
    plan_compare,
    plan_margin,
    planning,
    planning_rules,
    printing,
    quarantine,
    register,
    register_imports,
    rider_cards,
    rollcall,
    rosters,
    run_changes,
    run_handover,
    runs,
    safety_policy,
    search,
    security,
    shown,
    standing,
    tablet,
    tablet_shell,
    term,
)
from busops.web.context import EXTENSION, Runtime

PACKAGE: Final = Path(__file__).resolve().parent.parent
BODY_LIMIT_BYTES: Final = 256 * 1024
FORM_PARTS: Final = 5000
STATIC_KEPT: Final = timedelta(days=365)
PAGES: Final = (
    home,
    auth,
    search,
    dispatch,
    runs,
    overrides,
    incidents,
    run_changes,
    run_handover,
    quarantine,
    paper,
    rosters,
    plan_compare,
    planning,
    plan_advice,
    plan_margin,
    planning_rules,
    term,
    finance,
    other_use,
    register,
    defects,
    register_imports,
    printing,
    rider_cards,
    rollcall,
    tablet,
    tablet_shell,
    enrolment,
    api,
    photos,
    jobs_page,
    manage,
    notices,
    safety_policy,
    design,
    demo,
    ca,
    health,
)

db = SQLAlchemy(model_class=Base)
migrate = Migrate()


def create_app(
    settings: Settings | None = None, *, clock: Clock | None = None, ids: Ids | None = None
) -> Flask:
    """A ready application over one school's database."""
    if settings is None:  # made by a server's own process, which has no log of its own yet
        settings = load_settings()
        configure_logging(settings)
    clock = clock or clock_of(settings)
    schema.load_tables()
    app = Flask(
        "busops.web",
        root_path=str(PACKAGE / "web"),
        instance_path=str(settings.instance_path.resolve()),
        template_folder=str(_templates()),
    )
    app.config.update(_flask_config(settings))
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    database = Database(engine=_engine(app), school_id=settings.school_id)
    app.extensions[EXTENSION] = _runtime(settings, database, clock, ids or UuidIds(clock))
    for part in (metrics, language, formats, shown, errors, auth):
        part.install(app)
    app.register_error_handler(OperationalError, errors.busy)
    standing.install(app, database)
    security.guard(app, settings)
    for page in PAGES:
        app.register_blueprint(page.bp)
    security.refuse_undeclared(app)
    if settings.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    return app


def _runtime(settings: Settings, database: Database, clock: Clock, ids: Ids) -> Runtime:
    return Runtime(
        settings=settings,
        database=database,
        clock=clock,
        ids=ids,
        jobs=JobQueue(database, settings, clock=clock, ids=ids),
        machine_clock=SystemClock() if settings.demo else clock,
        hasher=CHEAP if settings.demo or settings.environment == "test" else STRONG,
    )


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": _absolute(settings.database_url),
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(make_url(settings.database_url)),
        "TRUSTED_HOSTS": list(settings.trusted_hosts) or None,
        "TESTING": settings.environment == "test",
        "MAX_CONTENT_LENGTH": BODY_LIMIT_BYTES,
        "MAX_FORM_PARTS": FORM_PARTS,
        "SEND_FILE_MAX_AGE_DEFAULT": STATIC_KEPT,
        "SESSION_COOKIE_NAME": "__Host-busops" if settings.secure_cookies else "busops",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "WTF_CSRF_CHECK_DEFAULT": False,  # security.py decides, before any view
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session
        "WTF_CSRF_SSL_STRICT": False,  # the Sec-Fetch-Site check stands in for the referrer
    }


def _absolute(database_url: str) -> str:
    """SQLite's path from the root, so that Flask-SQLAlchemy and the worker mean the same file."""
    url = make_url(database_url)
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if url.database and url.database != ":memory:":
        url = url.set(database=str(Path(url.database).resolve()))
    return url.render_as_string(hide_password=False)


def _engine(app: Flask) -> Engine:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(PACKAGE / "storage" / "migrations"))
    with app.app_context():
        engine = db.engine
    prepare_engine(engine)
    return engine


def _templates() -> Path:
    """The checkout's templates where there is one, else those that travel in the wheel."""
    checkout = PACKAGE.parent / "templates"
    return checkout if (checkout / "layout").is_dir() else PACKAGE / "templates"
