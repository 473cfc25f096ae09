"""The domain gives the answers of the vectors that the tablet's JavaScript is held to as well."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from busops.domain.envelope import canonical_json, digest_of, parse_envelope
from busops.domain.run import fold
from tests.builders import a_run

VECTORS = Path(__file__).parents[2] / "data" / "vectors"


def read(name: str) -> Any:
    """One file of vectors."""
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


FOLD = read("fold")


def observed(event: dict[str, Any]) -> Any:
    """A vector's event as the server holds it."""
    whole = {**FOLD["defaults"], **event}
    received_ms = whole.pop("received_ms", None)
    return replace(parse_envelope(whole), received_ms=received_ms)


@pytest.mark.parametrize("case", FOLD["cases"], ids=lambda case: case["name"])
def test_the_fold_says_who_is_aboard(case):
    """Aboard, disputed, alighted and absent are those of the vector, in any order of arrival."""
    events = [observed(event) for event in case["events"]]
    plan = replace(a_run(), run_id="run-1", manifest=())
    for order in (events, events[::-1], events * 2):
        state = fold(plan, order)
        assert {
            "aboard": sorted(state.aboard),
            "disputed": sorted(state.disputed),
            "alighted": sorted(state.alighted),
            "absent": {rider: reason.value for rider, reason in state.absent.items()},
        } == case["expect"]


def test_canonical_form_and_hash_are_those_of_the_chain():
    """Bytes and SHA-256 of each event, and every link to the one before."""
    chain = read("chain")["chain"]
    for link in chain:
        assert canonical_json(link["event"]) == link["canonical"]
        assert digest_of(link["event"]) == link["hash"]
    for before, after in pairwise(chain):
        assert after["event"]["prev"] == before["hash"]
