"""
Payment codes: six characters for each rider, which parents put into the remark.

A letter, four characters and a check character, from an alphabet without 0, 1, I, L and O. The check
finds every single wrong character and every swap of two neighbours (weights modulo the prime 31).
A code says nothing about its rider; which code is whose is stored.
"""

import hashlib
import re
from collections.abc import Collection
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH: Final = 6
# Any run of six, also inside a longer one: 3月 may follow a code without a space.
_CODE: Final = re.compile(rf"(?=([{LETTERS}][{ALPHABET}]{{{LENGTH - 1}}}))")


def check_character(body: str) -> str:
    """The last character of the code whose first five are ``body``."""
    total = sum(weight * ALPHABET.index(character) for weight, character in enumerate(body, 2))
    return ALPHABET[-total % len(ALPHABET)]


def is_payment_code(text: str) -> bool:
    """Whether a text in capitals is a code that could have been given out."""
    is_one = len(text) == LENGTH and _CODE.match(text) is not None
    return is_one and check_character(text[:-1]) == text[-1]


def codes_in(text: str) -> tuple[str, ...]:
    """What can be a payment code in a text in capitals, in the order it stands."""
    return tuple(code for code in _CODE.findall(text) if is_payment_code(code))


def new_code(seed: str, taken: Collection[str]) -> str:
    """A code that nobody has yet; the same seed and the same codes taken give the same one."""
    attempt = 0
    while True:
        number = int.from_bytes(hashlib.sha256(f"{seed}:{attempt}".encode()).digest()[:8])
        number, at = divmod(number, len(LETTERS))
        body = LETTERS[at]
        for _ in range(LENGTH - 2):
            number, at = divmod(number, len(ALPHABET))
            body += ALPHABET[at]
        code = body + check_character(body)
        if code not in taken:
            return code
        attempt += 1
