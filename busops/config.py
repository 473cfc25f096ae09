"""
Settings: read once, from ``BUSOPS_*`` over a TOML file over safe defaults, then never changed.

An unknown name, a wrong type or an insecure combination refuses to start, with every fault
at once. What a person may change while it runs is no setting but a row of the database.
"""

import ipaddress
import os
import re
import secrets
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

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
YES: Final = frozenset({"1", "true", "yes", "on"})
NO: Final = frozenset({"0", "false", "no", "off"})
HIGHEST_PORT: Final = 65535
MOST_FAIRNESS_MILLI: Final = 100
HOUR_S: Final = 3600
EXECUTOR: Final = re.compile(r"|processes|[1-9]\d{0,2}|(tcp|tls)://(?P<host>\[[0-9a-f:.]+\]|[\w.-]+):\d{1,5}")
NEAR_NAMES: Final = (".local", ".internal", ".lan", ".home.arpa")  # names that no public network knows
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
            name: "•••" if name in SECRET_FIELDS and value else _as_written(value)
            for name, value in ((item.name, getattr(self, item.name)) for item in fields(self))
        }


def _as_written(value: object) -> str:
    """A value as somebody would write it in the file: true, not True; nothing for an empty list."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, tuple) else str(value)


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
    instance_path = Path(environ.get("BUSOPS_INSTANCE", "instance")).resolve()
    named = toml_path or (Path(environ["BUSOPS_CONFIG"]) if environ.get("BUSOPS_CONFIG") else None)
    from_file, faults = _read_toml(named or instance_path / "busops.toml", required=named is not None)
    from_environ = {
        name.removeprefix(PREFIX).lower(): text
        for name, text in environ.items()
        if name.startswith(PREFIX) and name not in POINTERS
    }
    given: dict[str, Any] = {"instance_path": instance_path}
    for place, names in (("file", from_file), ("environment", from_environ)):
        for name, value in names.items():
            outcome = _typed(name, value, place)
            if isinstance(outcome, Finding):
                faults.append(outcome)
            else:
                given[name] = outcome
    settings = Settings(**given)
    _refuse_faults(faults + _value_faults(settings) + _insecurities(settings))
    return settings


def make_settings(**values: Any) -> Settings:
    """Settings for tests and tools, held to the same rules as those that are read."""
    settings = Settings(**values)
    _refuse_faults(_value_faults(settings) + _insecurities(settings))
    return _completed(settings)


def _refuse_faults(faults: list[Finding]) -> None:
    if faults:
        raise InvalidInput("settings_invalid", faults, count=len(faults))


def _read_toml(path: Path, *, required: bool) -> tuple[dict[str, Any], list[Finding]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except FileNotFoundError:
        missing = [Finding(code="setting_file_missing", facts={"path": str(path)})]
        return {}, missing if required else []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, [Finding(code="setting_file_unreadable", facts={"path": str(path), "reason": str(error)})]


def _typed(name: str, value: Any, place: str) -> Any:
    defaults = {item.name: item.default for item in fields(Settings) if item.name != "instance_path"}
    if name not in defaults:
        return Finding(code="setting_unknown", place=place, facts={"name": name})
    kind = type(defaults[name])
    try:
        return _CONVERTERS[kind](value)
    except ValueError:
        return Finding(code="setting_type_wrong", place=place, facts={"name": name, "kind": kind.__name__})


def _as_bool(value: Any) -> bool:
    said = value if isinstance(value, bool) else str(value).strip().lower()
    if said in YES or said is True:
        return True
    if said in NO or said is False:
        return False
    raise ValueError(type(value))


def _as_int(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    raise ValueError(type(value))


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(type(value))


def _as_texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, list):
        return tuple(_as_text(part) for part in value)
    raise ValueError(type(value))


_CONVERTERS: Final[Mapping[type, Callable[[Any], Any]]] = {
    bool: _as_bool,
    int: _as_int,
    str: _as_text,
    tuple: _as_texts,
}


def _value_faults(settings: Settings) -> list[Finding]:
    sensible = {
        "environment": settings.environment in ENVIRONMENTS,
        "port": 0 <= settings.port <= HIGHEST_PORT,
        "planning_seconds": 1 <= settings.planning_seconds <= 24 * 3600,
        "planning_fairness_milli": 0 <= settings.planning_fairness_milli <= MOST_FAIRNESS_MILLI,
        "planning_proof_seconds": 0 <= settings.planning_proof_seconds <= HOUR_S,
        "upload_limit_bytes": MIB <= settings.upload_limit_bytes <= 200 * MIB,
        "session_office_s": settings.session_office_s > 0,
        "session_tablet_s": settings.session_tablet_s > 0,
        "session_idle_s": settings.session_idle_s > 0,
        "travel_source": settings.travel_source in CHOICES,
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
    exposed = not _is_loopback(settings.host)
    if exposed and not settings.secure_cookies and settings.environment == "production":
        found.append(Finding(code="setting_exposed_without_tls", facts={"host": settings.host}))
    if settings.travel_source in CHOICES:
        found += choice_faults(settings.travel)
    if exposed and settings.demo and settings.environment == "production":
        found.append(Finding(code="setting_demo_exposed", facts={"host": settings.host}))
    scheduler = EXECUTOR.fullmatch(settings.executor)
    if scheduler and settings.executor.startswith("tcp:") and not _is_near(scheduler["host"]):
        found.append(Finding(code="setting_executor_exposed", facts={"address": settings.executor}))
    return found


def _is_near(host: str) -> bool:
    """True for an address or a name of this machine or of a network that the internet does not reach."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return "." not in host or host.endswith(NEAR_NAMES)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _completed(settings: Settings) -> Settings:
    url = settings.database_url or f"sqlite:///{settings.instance_path / 'busops.sqlite3'}"
    key = settings.secret_key or _kept_secret(settings.instance_path / "secret_key")
    return replace(settings, database_url=url, secret_key=key)


def _kept_secret(path: Path) -> str:
    """The installation's secret: made once, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _offer_secret(path)
    key = path.read_text(encoding="ascii").strip()
    _refuse_faults(_insecurities(Settings(secret_key=key or "-")))
    return key


def _offer_secret(path: Path) -> None:
    # Linked when complete: of two processes that start together, one wins and both read the same.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
