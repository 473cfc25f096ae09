"""
Where a plan's road distances and times come from, as a school chooses it and as a plan says it.

Only names, values and what makes a choice unusable: who measures, and how, is ``busops/planner/travel``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from busops.domain.findings import Finding

MIB: Final = 1024 * 1024


class TravelOrigin(StrEnum):
    """What the travel times of a plan were made from; the plan file says it in ``travel``."""

    FILE = "file"  # the school's own travel.csv, which wins wherever it exists
    ESTIMATE = "estimate"
    OSRM = "osrm"
    VALHALLA = "valhalla"
    AMAP = "amap"
    TENCENT = "tencent"


# A file is no choice of the installation: a school that hands one over has made it.
CHOICES: Final = tuple(origin for origin in TravelOrigin if origin is not TravelOrigin.FILE)
BY_KEY: Final = frozenset({TravelOrigin.AMAP, TravelOrigin.TENCENT})
OWN_ADDRESS: Final = {
    TravelOrigin.AMAP: "https://restapi.amap.com",
    TravelOrigin.TENCENT: "https://apis.map.qq.com",
}
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{8,128}")
_PROFILE: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_LEAST_BATCH: Final = 2  # one place alone has no way
_MOST_BATCH: Final = 10_000
_MOST_QUOTA: Final = 100_000_000
_MOST_A_SECOND: Final = 1000
_MOST_TIMEOUT_S: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelChoice:
    """How an installation wants roads measured; ``batch`` and ``quota`` 0 mean the source's own."""

    origin: TravelOrigin = TravelOrigin.ESTIMATE
    url: str = ""
    profile: str = "driving"
    key: str = field(default="", repr=False)
    batch: int = 0
    quota: int = 0  # units a day: requests of AMap, pairs of places of Tencent
    per_second: int = 3  # requests of a map service; 0 = no limit
    timeout_s: int = 20
    cache_path: Path = Path("travel")
    cache_bytes: int = 256 * MIB
    tiles_path: Path = Path("roads")


def choice_faults(choice: TravelChoice) -> Iterator[Finding]:
    """Everything that makes the choice unusable, and whatever would send a key in the open."""
    address = _address(choice.url)
    sensible: dict[str, tuple[bool, Any]] = {
        "travel_url": (not choice.url or _is_plain(choice.url, address), "…"),  # may hold a password
        "travel_profile": (bool(_PROFILE.fullmatch(choice.profile)), choice.profile),
        "travel_key": (not choice.key or bool(_KEY.fullmatch(choice.key)), "•••"),
        "travel_batch": (not choice.batch or _LEAST_BATCH <= choice.batch <= _MOST_BATCH, choice.batch),
        "travel_quota": (0 <= choice.quota <= _MOST_QUOTA, choice.quota),
        "travel_per_second": (0 <= choice.per_second <= _MOST_A_SECOND, choice.per_second),
        "travel_timeout_s": (1 <= choice.timeout_s <= _MOST_TIMEOUT_S, choice.timeout_s),
        "travel_cache_mib": (choice.cache_bytes >= MIB, choice.cache_bytes // MIB),
    }
    for name, (is_sensible, value) in sensible.items():
        if not is_sensible:
            yield Finding(code="setting_value_wrong", facts={"name": name, "value": value})
    facts = {"source": choice.origin.value}
    if choice.origin is TravelOrigin.OSRM and not choice.url:
        yield Finding(code="setting_travel_url_missing", facts=facts)
    if choice.origin in BY_KEY and not choice.key:
        yield Finding(code="setting_travel_key_missing", facts=facts)
    host = (address.hostname or "") if address else ""
    if choice.origin in BY_KEY and address and address.scheme == "http" and not is_this_machine(host):
        yield Finding(code="setting_travel_key_open", facts={"host": host})


def is_this_machine(host: str) -> bool:
    """True for the names of this machine's own loopback."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_plain(text: str, address: SplitResult | None) -> bool:
    """HTTP or HTTPS, a host, perhaps a port and a path; no name and password, no question."""
    return (
        address is not None
        and address.scheme in {"http", "https"}
        and bool(address.hostname)
        and "@" not in address.netloc
        and not (address.query or address.fragment or re.search(r"\s", text))
    )


def _address(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port  # a port that is none is found when it is asked for
    except ValueError:
        return None
    return parts
