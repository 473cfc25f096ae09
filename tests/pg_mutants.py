"""
Mutants of the PostgreSQL guards, made from their text: one condition, lock or trigger weaker each.

A condition in an AND is made true, one in an OR false, so that exactly one branch no longer counts.
Which histories must notice them stands in ``test_mutants_postgresql*.py``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_FUNCTION = re.compile(r"CREATE OR REPLACE FUNCTION (\w+)\(.*?AS \$\$.*?\$\$;", re.DOTALL)
_TRIGGER = re.compile(r"CREATE OR REPLACE TRIGGER (\w+) (?:BEFORE|AFTER) [A-Z ]+ ON (\w+)[^;]*;")
_LOCK = re.compile(r" FOR (?:NO KEY UPDATE|SHARE)|PERFORM pg_advisory_xact_lock\(\d+\);")
_CONDITION = re.compile(r"(?<!DISTINCT )\b(WHERE|AND|OR|IF|ELSIF|WHEN|ON)\s+")
# Which row is meant is no branch; other tests hold schools and runs apart.
_KEY = re.compile(r"(\w+\.)?(school_id|run_id|event_id|txn_id|receipt_id|weekend_on|period) = [\w.]+")
_WORD = re.compile(
    r"'[^']*'|\b(?:CASE|END|BETWEEN|AND|OR|THEN|GROUP|ORDER|UNION|FOR|WHERE|JOIN|CROSS|EXECUTE)\b|[();]|\$\$"
)
_STOPS = {
    "AND",
    "OR",
    "THEN",
    "GROUP",
    "ORDER",
    "UNION",
    "FOR",
    "WHERE",
    "JOIN",
    "CROSS",
    "EXECUTE",
    ";",
    "$$",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A guard made weaker: what was done to it, and the SQL that does it."""

    name: str
    sql: str


def condition_mutants(script: str) -> Iterator[Mutant]:
    """Each condition of each function and trigger counts no more, one at a time."""
    for match in [*_FUNCTION.finditer(script), *_TRIGGER.finditer(script)]:
        body = match[0]
        start = body.index("$$") if "$$" in body else body.index(" ON ") + len(" ON ")
        for found in _CONDITION.finditer(body, start):
            end, after = _end_of(body, found.end())
            is_choice = "OR" in (found[1], after) or (found[1] in {"IF", "ELSIF"} and after == "THEN")
            if found[1] == "WHEN" and " TRIGGER " not in body[:40]:
                continue  # of a CASE
            if _is_between(body, found.start()) or _KEY.fullmatch(body[found.end() : end].strip()):
                continue
            weaker = body[: found.end()] + ("(false)" if is_choice else "(true)") + " " + body[end:]
            yield Mutant(name=f"{match[1]}: {' '.join(body[found.start() : end].split())[:90]}", sql=weaker)


def trigger_mutants(script: str) -> Iterator[Mutant]:
    """Each trigger is gone, one at a time."""
    for match in _TRIGGER.finditer(script):
        yield Mutant(name=f"{match[1]} gone", sql=f"DROP TRIGGER {match[1]} ON {match[2]}")


def lock_mutants(script: str) -> Iterator[Mutant]:
    """Each lock is not taken, one at a time."""
    for match in _FUNCTION.finditer(script):
        for found in _LOCK.finditer(match[0]):
            weaker = match[0][: found.start()] + match[0][found.end() :]
            yield Mutant(name=f"{match[1]} locks nothing", sql=weaker)


def _end_of(body: str, start: int) -> tuple[int, str]:
    """Where the condition that begins at ``start`` ends, and the word that ends it."""
    depth = betweens = 0
    for found in _WORD.finditer(body, start):
        word = found[0]
        if word in {"(", "CASE"}:
            depth += 1
        elif word in {")", "END"}:
            depth -= 1
            if depth < 0:
                return found.start(), word
        elif word == "BETWEEN" and depth == 0:
            betweens += 1
        elif word == "AND" and depth == 0 and betweens:
            betweens -= 1
        elif word in _STOPS and depth == 0:
            return found.start(), word
    raise ValueError(f"a condition without an end: {body[start:]}")


def _is_between(body: str, at: int) -> bool:
    """Whether the AND at this place belongs to a BETWEEN."""
    return re.search(r"BETWEEN\s+\S+\s+$", body[:at]) is not None


def endings(connection: Connection, histories: Iterable[Sequence[str]]) -> Iterator[str]:
    """How each history of statements ends; nothing of it is kept."""
    for statements in histories:
        savepoint = connection.begin_nested()
        try:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))
            yield "done"
        except DBAPIError as error:
            yield str(error.orig).splitlines()[0]
        finally:
            savepoint.rollback()


def survivors(connection: Connection, script: str, histories: Sequence[Sequence[str]]) -> list[str]:
    """The mutants of these guards under which every history ends as it does with the right ones."""
    right = list(endings(connection, histories))
    alive = []
    for mutant in [*trigger_mutants(script), *condition_mutants(script)]:
        savepoint = connection.begin_nested()
        connection.exec_driver_sql(mutant.sql.replace("%", "%%"))
        if all(now == known for now, known in zip(endings(connection, histories), right, strict=True)):
            alive.append(mutant.name)
        savepoint.rollback()
    return alive
