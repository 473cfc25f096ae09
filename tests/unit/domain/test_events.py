"""The envelope is read strictly: what breaks the contract has a code, what keeps it comes back whole."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from busops.domain.device_time import CLOCK_UNKNOWN_MS
from busops.domain.envelope import GENESIS, canonical_json, digest_of, envelope_of, parse_envelope
from busops.domain.errors import InvalidInput
from busops.domain.events import OBSERVATIONS, Boarded, Kind
from tests.builders import DEPARTS_MS, Tablet, a_finished_run, a_run

GOOD = envelope_of(Tablet(plan=a_run()).board("r1"))
NESTED: dict[str, Any] = {"a": {"b": {"c": {"d": {"e": 1}}}}}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "old_version": ({"v": 0}, "envelope_unknown_version"),
    "version_as_text": ({"v": "1"}, "envelope_unknown_version"),
    "unknown_kind": ({"kind": "board_all"}, "envelope_unknown_kind"),
    "kind_is_a_list": ({"kind": ["board"]}, "envelope_unknown_kind"),
    "unknown_field": ({"mood": "fine"}, "envelope_unknown_field"),
    "deep": ({"text": NESTED}, "envelope_bad_field"),
    "nul": ({"rider": "r\x001"}, "envelope_text_not_storable"),
    "lone_surrogate": ({"text": "\ud800"}, "envelope_text_not_storable"),
    "newline_in_a_word": ({"stop": "S1\n"}, "envelope_text_not_storable"),
    "not_a_number": ({"wall_ms": float("nan")}, "envelope_bad_field"),
    "fraction": ({"wall_ms": 1.5}, "envelope_bad_field"),
    "whole_float": ({"seq": 1.0}, "envelope_bad_field"),
    "truth_as_number": ({"n": True}, "envelope_bad_field"),
    "beyond_a_browsers_numbers": ({"wall_ms": 2**53}, "envelope_bad_field"),
    "seq_zero": ({"seq": 0}, "envelope_bad_field"),
    "device_as_text": ({"dev": "1"}, "envelope_bad_field"),
    "id_of_another_form": ({"id": "1"}, "envelope_bad_field"),
    "id_in_capitals": ({"id": GOOD["id"].replace("0", "A")}, "envelope_bad_field"),
    "short_hash": ({"prev": "0" * 63}, "envelope_bad_field"),
    "no_rider": ({"rider": None}, "envelope_bad_field"),
    "empty_rider": ({"rider": ""}, "envelope_bad_field"),
    "long_rider": ({"rider": "r" * 65}, "envelope_bad_field"),
    "refs_no_list": ({"refs": "abc"}, "envelope_bad_field"),
    "too_many_codes": ({"codes": ["1"] * 41}, "envelope_bad_field"),
    "latitude": ({"lat6": 90_000_001}, "envelope_bad_field"),
    "offset_without_age": ({"off_age_ms": None}, "envelope_bad_field"),
    "void_of_nothing": ({"kind": "void"}, "envelope_bad_field"),
    "absent_without_reason": ({"kind": "absent"}, "envelope_bad_field"),
    "absent_for_no_known_reason": ({"kind": "absent", "reason": "lazy"}, "envelope_bad_field"),
    "seal_of_another_number": ({"kind": "seal", "n": 7}, "envelope_bad_field"),
    "moved_to_nowhere": ({"kind": "moved_out"}, "envelope_bad_field"),
    "moved_to_its_own_run": ({"kind": "moved_out", "text": "run-1"}, "envelope_bad_field"),
    "moved_from_no_word": ({"kind": "moved_in", "text": "run-2\n"}, "envelope_bad_field"),
    "moved_from_a_long_word": ({"kind": "moved_in", "text": "r" * 65}, "envelope_bad_field"),
    "count_of_nothing": ({"kind": "headcount"}, "envelope_bad_field"),
}


@pytest.mark.parametrize(("change", "code"), BAD.values(), ids=BAD.keys())
def test_what_breaks_the_contract_is_refused_with_its_code(change: dict[str, Any], code: str) -> None:
    """Types, ranges, depth, unknown fields and characters no database keeps: a code, never a guess."""
    with pytest.raises(InvalidInput) as refused:
        parse_envelope(GOOD | change)
    assert refused.value.code == code


@pytest.mark.parametrize("field", sorted(GOOD))
def test_every_field_must_be_there(field: str) -> None:
    """Null is said, never left out: the hash is over the same fields for everybody."""
    with pytest.raises(InvalidInput, match="envelope_missing_field"):
        parse_envelope({name: value for name, value in GOOD.items() if name != field})


@pytest.mark.parametrize("thing", [None, 1, "text", [GOOD]])
def test_what_is_no_object_is_no_envelope(thing: Any) -> None:
    """A list or a number is refused like anything else."""
    with pytest.raises(InvalidInput, match="envelope_not_an_object"):
        parse_envelope(thing)


def test_every_kind_comes_back_as_it_was_sent() -> None:
    """Parsed and written again, every event of a whole run is equal, digest included."""
    log = a_finished_run(a_run()).log
    assert all(parse_envelope(json.loads(canonical_json(envelope_of(event)))) == event for event in log)
    assert set(OBSERVATIONS) == set(Kind)


def test_the_canonical_form_is_spelt_one_way() -> None:
    """Sorted, without spaces, characters as they are: what a browser writes has the same hash."""
    assert canonical_json({"b": "学", "a": [1, None]}) == '{"a":[1,null],"b":"学"}'
    assert digest_of({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("inf")})


def test_each_event_names_the_one_before_it() -> None:
    """The chain starts at zeros and every link is the digest of the event before."""
    log = a_finished_run(a_run()).log
    assert [event.prev for event in log] == [GENESIS, *(event.digest for event in log[:-1])]


def test_the_interval_of_an_event_is_as_wide_as_its_clock_is_unsure() -> None:
    """Two seconds with a fresh offset, 100 ppm more with age, a day without; never past the receipt."""
    fresh = parse_envelope(GOOD)
    assert isinstance(fresh, Boarded)
    assert (fresh.at_ms - fresh.lo_ms, fresh.hi_ms - fresh.at_ms) == (2_000, 2_000)
    old = parse_envelope(GOOD | {"off_age_ms": 10_000_000})
    assert old.hi_ms - old.at_ms == 3_000
    unset = parse_envelope(GOOD | {"off_ms": None, "off_age_ms": None})
    assert unset.hi_ms - unset.at_ms == CLOCK_UNKNOWN_MS


def test_sy05_a_clock_a_day_ahead_is_known_to_be_wrong() -> None:
    """What claims to have happened after it was received is taken as anywhere in the day before."""
    tablet = Tablet(plan=a_run(), skew_ms=86_400_000)
    event = tablet.board("r1")
    wrong = parse_envelope(envelope_of(event) | {"off_ms": 0})
    received = replace(wrong, received_ms=DEPARTS_MS)
    assert received.is_clock_wild
    assert (received.lo_ms, received.hi_ms) == (DEPARTS_MS - CLOCK_UNKNOWN_MS, DEPARTS_MS)
