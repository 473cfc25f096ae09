"""Who acts, as services take it: a person, a name that a tool gives, or nobody but the system itself."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from busops.domain.people import Actor
from busops.domain.values import Clock
from busops.services import audit
from busops.storage.database import Transaction

SYSTEM: Final = "system"  # who acts when the server itself does
By: TypeAlias = Actor | str | None


def user_of(by: By) -> str:
    """The id that records keep: of the person, else what the tool calls itself, else nothing."""
    return by.user_id if isinstance(by, Actor) else by or ""


def record_act(
    tx: Transaction, by: By, act: str, subject: str, *, facts: Mapping[str, Any], clock: Clock
) -> None:
    """The act is in the audit together with what it changed; a tool's act counts as the system's."""
    tool = {} if isinstance(by, Actor) or not by else {"tool": by}
    actor = by if isinstance(by, Actor) else None
    audit.record(tx, actor, act, subject, {**facts, **tool}, clock=clock)
