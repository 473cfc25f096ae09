"""
Solution files (``.sol``) beside public routing files: routes, and the cost that they claim.

The claim is in the author's unit, which differs between sets; whoever compares prices the routes anew.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from busops.domain.errors import InvalidInput
from busops.planner.instances.lines import Word, text_of

_ROUTE: Final = re.compile(r"^route\s*#?\s*\d+\s*:\s*(.*)$", re.IGNORECASE)
_COST: Final = re.compile(r"^cost\s*:?\s*(\S+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSolution:
    """Routes of clients (1 is the first node after the depot) and the cost as it is written."""

    routes: tuple[tuple[int, ...], ...]
    stated_cost: str


def read_solution(path: Path, *, clients: int) -> KnownSolution:
    """The file at ``path``; InvalidInput names the line that is wrong."""
    return solution_of(text_of(path), file=path.name, clients=clients)


def solution_of(text: str, *, file: str, clients: int) -> KnownSolution:
    """The routes of ``text``; InvalidInput unless they visit each of the clients exactly once."""
    routes: list[tuple[int, ...]] = []
    seen: dict[int, int] = {}
    stated = ""
    for line, raw in enumerate(text.splitlines(), start=1):
        written = raw.strip()
        cost, route = _COST.match(written), _ROUTE.match(written)
        if cost:
            word = Word(file=file, line=line, text=cost[1])
            word.number()
            stated = word.text
        elif route:
            visits = tuple(
                Word(file=file, line=line, text=word).integer(least=1) for word in route[1].split()
            )
            for client in visits:
                _judge(client, seen, file=file, line=line, clients=clients)
            if visits:
                routes.append(visits)
        elif written:
            raise InvalidInput("solution_line_unknown", file=file, line=line, found=written[:60])
    missing = [client for client in range(1, clients + 1) if client not in seen]
    if missing:
        raise InvalidInput(
            "solution_clients_missing", file=file, count=len(missing), first=missing[0], clients=clients
        )
    return KnownSolution(routes=tuple(routes), stated_cost=stated)


def _judge(client: int, seen: dict[int, int], *, file: str, line: int, clients: int) -> None:
    if client > clients:
        raise InvalidInput("solution_client_unknown", file=file, line=line, found=client, most=clients)
    if client in seen:
        raise InvalidInput("solution_client_twice", file=file, line=line, found=client, first=seen[client])
    seen[client] = line
