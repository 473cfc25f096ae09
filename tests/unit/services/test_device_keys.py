"""What a tablet signs: who may have sent a batch, and which of its events are vouched for."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from busops.domain.errors import InvalidInput
from busops.services import device_keys
from tests.device_kit import Key

EVENTS = [{"seq": seq, "kind": "note", "text": f"校车 {seq}"} for seq in (3, 4, 7)]
KEY = Key()
BASE_POINT = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84z"
    "V2sxXs7LtkBoN79R9Q=="
)


def answers(body, *, dev=7, public_key=None):
    """Why each event of the body is not vouched for."""
    told = device_keys.vouched(body, dev=dev, public_key=public_key or KEY.public)
    return [told.against(place, raw) for place, raw in enumerate(body["events"])]


def test_what_the_key_signed_is_vouched_for():
    """Every event whose hash stands in the statement, though numbers answered before are left out."""
    assert answers(KEY.batch(EVENTS, 7)) == [None] * 3


def test_a_device_without_a_key_is_asked_for_nothing():
    """The tablets of before sign nothing."""
    told = device_keys.vouched({"events": EVENTS}, dev=7, public_key=None)
    assert told.against(0, EVENTS[0]) is None


def test_an_event_that_was_spoilt_costs_none_of_its_neighbours():
    """Changed, swapped or unspeakable, in the middle: the others are still vouched for."""
    body = KEY.batch(EVENTS, 7)
    for spoilt in ({**EVENTS[1], "text": "x"}, EVENTS[2], {"seq": float("nan")}):
        sent = {**body, "events": [EVENTS[0], spoilt, EVENTS[2]]}
        assert answers(sent) == [None, "signature_other_event", None]


WRONG = {
    "another key's": lambda: Key().batch(EVENTS, 7),
    "another device's": lambda: KEY.batch(EVENTS, 8),
    "another version": lambda: KEY.batch(EVENTS, 7, v=2),
    "another head": lambda: KEY.batch(EVENTS, 7, head="0" * 64),
    "too few hashes": lambda: KEY.batch(EVENTS, 7, hashes=["0" * 64], head="0" * 64),
    "no hashes": lambda: KEY.batch(EVENTS, 7, hashes=None),
    "numbers that do not fit": lambda: KEY.batch(EVENTS, 7, last=4),
    "a number that is none": lambda: KEY.batch(EVENTS, 7, first=True),
    "a field more": lambda: KEY.batch(EVENTS, 7, more=1),
    "changed after signing": lambda: changed(app="9"),
    "no signature": lambda: {**KEY.batch(EVENTS, 7), "sig": None},
    "no base64": lambda: {**KEY.batch(EVENTS, 7), "sig": "?"},
    "too short": lambda: {**KEY.batch(EVENTS, 7), "sig": base64.b64encode(b"x" * 63).decode()},
    "no statement": lambda: {**KEY.batch(EVENTS, 7), "signed": "x"},
    "half characters": lambda: {**KEY.batch(EVENTS, 7), "signed": surrogate()},
}


def changed(**otherwise):
    """A batch whose statement was changed after it was signed."""
    body = KEY.batch(EVENTS, 7)
    return {**body, "signed": {**body["signed"], **otherwise}}


def surrogate():
    """A statement that no bytes can spell."""
    return {**KEY.batch(EVENTS, 7)["signed"], "app": "\ud800"}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_signature_vouches_for_nothing(what):
    """Whatever is wrong with it, no event passes and nothing breaks."""
    assert answers(WRONG[what]()) == ["signature_wrong"] * 3


def test_a_missing_signature_is_called_missing():
    """Of a device that has a key."""
    assert answers({"events": EVENTS}) == ["signature_missing"] * 3


def test_the_check_code_follows_code_and_key():
    """Six digits; another key or another code gives others."""
    code = device_keys.check_code("abc", KEY.public)
    assert (len(code), code.isdigit()) == (6, True)
    assert code == device_keys.check_code("abc", KEY.public)
    others = {device_keys.check_code("abc", Key().public) for _ in range(3)}
    assert {*others, device_keys.check_code("abd", KEY.public)} - {code}


def test_both_screens_make_the_same_digits():
    """The same pair of texts as in ``tests/js/keys.test.mjs``: the curve's base point as a key."""
    assert device_keys.check_code("A" * 22, BASE_POINT) == "512233"


def test_only_a_point_of_the_curve_is_a_key():
    """Other curves, other bytes and overlong text are refused; a good one comes back as it is kept."""
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    other = ec.generate_private_key(ec.SECP384R1()).public_key().public_bytes(*form)
    for text in ("", "?", "AAAA", KEY.public + "AAAA" * 100, base64.b64encode(other).decode()):
        with pytest.raises(InvalidInput, match="device_key_unreadable"):
            device_keys.read_key(text)
    assert device_keys.read_key(KEY.public) == KEY.public


def test_what_nobody_asks_for_is_not_refused():
    """A batch of no events needs no signature: a beat of a tablet."""
    told = device_keys.vouched({"events": []}, dev=7, public_key=KEY.public)
    assert told == replace(told, why="signature_missing")
