"""What stands in a TOML file or in the environment, turned into values; and how a value is written there."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from busops.domain.findings import Finding

YES: Final = frozenset({"1", "true", "yes", "on"})
NO: Final = frozenset({"0", "false", "no", "off"})


def as_written(value: object) -> str:
    """A value as somebody would write it in the file: true, not True; nothing for an empty list."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def read_toml(path: Path, *, required: bool) -> tuple[dict[str, Any], list[Finding]]:
    """What the file says; a finding where it cannot be read, or is missing though somebody named it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except FileNotFoundError:
        missing = [Finding(code="setting_file_missing", facts={"path": str(path)})]
        return {}, missing if required else []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, [Finding(code="setting_file_unreadable", facts={"path": str(path), "reason": str(error)})]


def typed(value: Any, kind: type) -> Any:
    """The value as its setting wants it; ValueError when it is no such thing."""
    return _CONVERTERS[kind](value)


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
