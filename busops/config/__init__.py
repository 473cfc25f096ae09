"""
Settings: read once, from ``BUSOPS_*`` over a TOML file over safe defaults, then never changed.

An unknown name, a wrong type or an insecure combination refuses to start, with every fault
at once. What a person may change while it runs is no setting but a row of the database.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from busops.config.addresses import is_loopback, is_near
from busops.config.secret import kept_secret
from busops.config.values import as_written, read_toml, typed
from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding
from busops.domain.notices import NoticeMeans, means_faults
from busops.domain.road_source import CHOICES, MIB, TravelChoice, TravelOrigin, choice_faults

PREFIX: Final = "BUSOPS_"
# Read before the file is known, so no field of Settings.
POINTERS: Final = frozenset({"BUSOPS_CONFIG", "BUSOPS_INSTANCE"})
ENVIRONMENTS: Final = ("production", "development", "test")
SECRET_MIN_CHARACTERS: Final = 32
SECRET_FIELDS: Final = frozenset({"secret_key", "database_url", "tile_url", "travel_key", "notice_password"})
TLS_FOLDER: Final = "tls"  # in the instance folder: the school's own authority and its certificate
HIGHEST_PORT: Final = 65535
MOST_FAIRNESS_MILLI: Final = 100
HOUR_S: Final = 3600
PAYMENT_LINK: Final = re.compile(r"https://[^\s{}/]+(?:/[^\s{}]*(?:\{code\}[^\s{}]*)?)?")
EXECUTOR: Final = re.compile(r"|processes|[1-9]\d{0,2}|(tcp|tls)://(?P<host>\[[0-9a-f:.]+\]|[\w.-]+):\d{1,5}")
SCHOOL_ID: Final = re.compile(r"\w[\w.-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this installation runs; the defaults are safe on one machine without any file."""

    environment: str = "production"
    instance_path: Path = Path("instance")
    database_url: str = ""  # empty = a SQLite file in instance_path
    school_id: str = "school"
    secret_key: str = ""  # empty = made at the first start, kept in instance_path
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_hosts: tuple[str, ...] = ()  # empty = whatever the request says; names that pages may be asked by
    behind_proxy: bool = False  # a proxy on this machine ends TLS and sets X-Forwarded-*
    tls_cert: str = ""
    tls_key: str = ""
    ca_port: int = 0  # plain HTTP, for the certificate of the school's own authority and nothing else; 0 = no
    demo: bool = False
    executor: str = "processes"  # who plans: so many processes, or the Dask scheduler at tcp:// or tls://
    worker_inside: bool = True  # the server process runs jobs too; false = `busops worker` does
    planning_seconds: int = 20
    planning_fairness_milli: int = 5  # thousandths of the cost that shorter rides may cost
    planning_proof_seconds: int = 60  # how long the proof of a plan goes on in the background; 0 = not at all
    upload_limit_bytes: int = 20 * MIB
    session_office_s: int = 12 * 3600
    session_tablet_s: int = 16 * 3600
    session_idle_s: int = 30 * 60
    tile_url: str = ""  # empty = a plain grid; a map is drawn without tiles
    tile_attribution: str = ""
    travel_source: str = "estimate"  # of schools without a travel file: who measures the roads
    travel_url: str = ""  # of an OSRM server; empty = a map service's own
    travel_profile: str = "driving"  # what the OSRM server calls its vehicle
    travel_key: str = ""  # of AMap or Tencent
    travel_batch: int = 0  # how much one request may hold; 0 = what the service usually allows
    travel_quota: int = 0  # how much a day may cost; 0 = what a key usually has
    travel_per_second: int = 3  # requests of a map service; 0 = no limit
    travel_timeout_s: int = 20
    travel_cache: str = ""  # empty = in instance_path
    travel_cache_mib: int = 256
    notice_smtp: str = ""  # host:port of the mail server of notices; empty = no mail
    notice_security: str = "starttls"
    notice_user: str = ""
    notice_password: str = ""
    notice_sender: str = ""
    notice_hosts: tuple[str, ...] = ()  # where webhooks may go, beside the robots' own servers
    notice_pages: str = ""  # the office pages' address, for the link in a notice
    payment_link: str = ""  # where parents pay; ``{code}`` stands for the rider's payment code
    log_json: bool = False  # false = JSON only when the output is no terminal
    log_level: str = "info"

    @property
    def tls(self) -> bool:
        """True when the server itself speaks TLS."""
        return bool(self.tls_cert and self.tls_key)

    @property
    def secure_cookies(self) -> bool:
        """True when every page comes over TLS, so that cookies may demand it."""
        return self.tls or self.behind_proxy

    @property
    def database_address(self) -> str:
        """Where the database is: what was said, else a SQLite file in the instance folder."""
        return self.database_url or f"sqlite:///{self.instance_path / 'busops.sqlite3'}"

    @property
    def secret_path(self) -> Path:
        """Where the secret key lives that nobody set."""
        return self.instance_path / "secret_key"

    @property
    def tls_path(self) -> Path:
        """Where the school's own authority and its certificate live."""
        return self.instance_path / TLS_FOLDER

    @property
    def beat_path(self) -> Path:
        """Where the watch writes that it has looked."""
        return self.instance_path / "watch_beat"

    @property
    def queue_path(self) -> Path:
        """Where the job queue of a SQLite installation lives."""
        return self.instance_path / "queue.sqlite3"

    @property
    def travel(self) -> TravelChoice:
        """How roads are measured, as the services take it."""
        return TravelChoice(
            origin=TravelOrigin(self.travel_source),
            url=self.travel_url,
            profile=self.travel_profile,
            key=self.travel_key,
            batch=self.travel_batch,
            quota=self.travel_quota,
            per_second=self.travel_per_second,
            timeout_s=self.travel_timeout_s,
            cache_path=Path(self.travel_cache) if self.travel_cache else self.instance_path / "travel",
            cache_bytes=self.travel_cache_mib * MIB,
            tiles_path=self.instance_path / "roads",
        )

    @property
    def notices(self) -> NoticeMeans:
        """What notices may use, as the services take it."""
        return NoticeMeans(
            smtp=self.notice_smtp,
            security=self.notice_security,
            user=self.notice_user,
            password=self.notice_password,
            sender=self.notice_sender,
            hosts=self.notice_hosts,
            pages=self.notice_pages,
            is_off=self.demo,
        )

    def shown(self) -> dict[str, str]:
        """Every setting as text for the manage page, secrets hidden."""
        return {
            name: "•••" if name in SECRET_FIELDS and value else as_written(value)
            for name, value in ((item.name, getattr(self, item.name)) for item in fields(self))
        }


def load_settings(environ: Mapping[str, str] | None = None, toml_path: Path | None = None) -> Settings:
    """The settings of this process, complete: database address and secret key filled in."""
    return _completed(read_settings(environ, toml_path))


def read_settings(environ: Mapping[str, str] | None = None, toml_path: Path | None = None) -> Settings:
    """
    The settings as they are written, nothing filled in and nothing made on the disk.

    The file is ``toml_path``, else BUSOPS_CONFIG, else busops.toml in the instance folder
    (BUSOPS_INSTANCE or ./instance); only the last may be missing. Raises InvalidInput.
    """
    environ = os.environ if environ is None else environ
    instance_path = instance_of(environ)
    named = toml_path or (Path(environ["BUSOPS_CONFIG"]) if environ.get("BUSOPS_CONFIG") else None)
    from_file, faults = read_toml(named or instance_path / "busops.toml", required=named is not None)
    from_environ = {
        name.removeprefix(PREFIX).lower(): text
        for name, text in environ.items()
        if name.startswith(PREFIX) and name not in POINTERS
    }
    given: dict[str, Any] = {"instance_path": instance_path}
    for place, names in (("file", from_file), ("environment", from_environ)):
        for name, value in names.items():
            outcome = _setting(name, value, place)
            if isinstance(outcome, Finding):
                faults.append(outcome)
            else:
                given[name] = outcome
    settings = Settings(**given)
    _refuse_faults(faults + _value_faults(settings) + _insecurities(settings))
    return settings


def instance_of(environ: Mapping[str, str]) -> Path:
    """The folder of everything that this installation keeps."""
    return Path(environ.get("BUSOPS_INSTANCE", "instance")).resolve()


def make_settings(**values: Any) -> Settings:
    """Settings for tests and tools, held to the same rules as those that are read."""
    settings = Settings(**values)
    _refuse_faults(_value_faults(settings) + _insecurities(settings))
    return _completed(settings)


def _refuse_faults(faults: list[Finding]) -> None:
    if faults:
        raise InvalidInput("settings_invalid", faults, count=len(faults))


def _setting(name: str, value: Any, place: str) -> Any:
    defaults = {item.name: item.default for item in fields(Settings) if item.name != "instance_path"}
    if name not in defaults:
        return Finding(code="setting_unknown", place=place, facts={"name": name})
    kind = type(defaults[name])
    try:
        return typed(value, kind)
    except ValueError:
        return Finding(code="setting_type_wrong", place=place, facts={"name": name, "kind": kind.__name__})


def _value_faults(settings: Settings) -> list[Finding]:
    sensible = {
        "environment": settings.environment in ENVIRONMENTS,
        "port": 0 <= settings.port <= HIGHEST_PORT,
        "ca_port": 0 <= settings.ca_port <= HIGHEST_PORT and settings.ca_port != (settings.port or None),
        "planning_seconds": 1 <= settings.planning_seconds <= 24 * 3600,
        "planning_fairness_milli": 0 <= settings.planning_fairness_milli <= MOST_FAIRNESS_MILLI,
        "planning_proof_seconds": 0 <= settings.planning_proof_seconds <= HOUR_S,
        "upload_limit_bytes": MIB <= settings.upload_limit_bytes <= 200 * MIB,
        "session_office_s": settings.session_office_s > 0,
        "session_tablet_s": settings.session_tablet_s > 0,
        "session_idle_s": settings.session_idle_s > 0,
        "travel_source": settings.travel_source in CHOICES,
        "payment_link": not settings.payment_link or bool(PAYMENT_LINK.fullmatch(settings.payment_link)),
        "log_level": settings.log_level in {"debug", "info", "warning", "error"},
        "executor": bool(EXECUTOR.fullmatch(settings.executor)),
        "school_id": bool(SCHOOL_ID.fullmatch(settings.school_id)),
        "database_url": settings.database_url.startswith(
            ("sqlite:///", "postgresql://", "postgresql+psycopg://")
        )
        or not settings.database_url,
    }
    return [
        Finding(code="setting_value_wrong", facts={"name": name, "value": settings.shown()[name]})
        for name, is_sensible in sensible.items()
        if not is_sensible
    ]


def _insecurities(settings: Settings) -> list[Finding]:
    found = []
    if settings.secret_key and len(settings.secret_key) < SECRET_MIN_CHARACTERS:
        found.append(Finding(code="setting_secret_short", facts={"least": SECRET_MIN_CHARACTERS}))
    if bool(settings.tls_cert) != bool(settings.tls_key):
        found.append(Finding(code="setting_tls_half"))
    for name in ("tls_cert", "tls_key"):
        path = getattr(settings, name)
        if path and not Path(path).is_file():
            found.append(Finding(code="setting_file_missing", facts={"path": path}))
    found += means_faults(settings.notices)
    exposed = not is_loopback(settings.host)
    if exposed and not settings.secure_cookies and settings.environment == "production":
        found.append(Finding(code="setting_exposed_without_tls", facts={"host": settings.host}))
    if settings.travel_source in CHOICES:
        found += choice_faults(settings.travel)
    if exposed and settings.demo and settings.environment == "production":
        found.append(Finding(code="setting_demo_exposed", facts={"host": settings.host}))
    scheduler = EXECUTOR.fullmatch(settings.executor)
    if scheduler and settings.executor.startswith("tcp:") and not is_near(scheduler["host"]):
        found.append(Finding(code="setting_executor_exposed", facts={"address": settings.executor}))
    return found


def _completed(settings: Settings) -> Settings:
    key = settings.secret_key or kept_secret(settings.secret_path)
    _refuse_faults(_insecurities(Settings(secret_key=key or "-")))
    return replace(settings, database_url=settings.database_address, secret_key=key)
