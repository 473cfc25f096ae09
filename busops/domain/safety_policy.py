"""
How long each clock of the interlock runs: the school's own choice, never looser than a named most.

The mosts of the ladder are those of the law and of the devices it came from (domain §5.5): three
minutes in the cab, fifteen to the supervisor. A school may call earlier, never later.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from busops.domain.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyPolicy:
    """Minutes each, but for ``short_pct``: what is left of a clock on a hot or cold day, in hundredths."""

    crew_min: int = 3
    dispatcher_min: int = 5
    walk_min: int = 10
    responsible_min: int = 15
    everybody_min: int = 30
    dead_man_min: int = 20
    ceiling_min: int = 60
    silence_min: int = 3
    silence_call_min: int = 10
    silence_grave_min: int = 20
    no_show_min: int = 10
    handover_min: int = 3
    between_call_min: int = 10
    between_grave_min: int = 20
    unclosed_min: int = 60
    override_min: int = 10
    paper_min: int = 120
    short_pct: int = 50

    @property
    def ladder_min(self) -> tuple[int, ...]:
        """After how many minutes each level is called, level 0 at once."""
        return (
            0,
            self.crew_min,
            self.dispatcher_min,
            self.walk_min,
            self.responsible_min,
            self.everybody_min,
        )

    @property
    def ladder(self) -> tuple[timedelta, ...]:
        """The same as durations."""
        return tuple(timedelta(minutes=minutes) for minutes in self.ladder_min)

    @property
    def silence(self) -> tuple[tuple[timedelta, int], ...]:
        """How long a tablet may be silent with riders aboard before each level."""
        steps = (self.silence_min, self.silence_call_min, self.silence_grave_min)
        return tuple((timedelta(minutes=minutes), level) for level, minutes in enumerate(steps, 1))

    @property
    def between(self) -> tuple[tuple[timedelta, int], ...]:
        """How long a rider may be nobody's, from bus to bus, before each level."""
        steps = ((self.between_call_min, 2), (self.between_grave_min, 3))
        return tuple((timedelta(minutes=minutes), level) for minutes, level in steps)

    @property
    def override_ms(self) -> int:
        """Between asking for an override and agreeing to it."""
        return self.override_min * 60_000


NAMES: Final = tuple(each.name for each in fields(SafetyPolicy))
DEFAULT: Final = SafetyPolicy()
MOST: Final = MappingProxyType(
    {name: getattr(DEFAULT, name) for name in NAMES}
    | {
        "dead_man_min": 30,
        "ceiling_min": 90,
        "silence_min": 5,
        "silence_call_min": 15,
        "silence_grave_min": 30,
        "no_show_min": 15,
        "handover_min": 5,
        "between_call_min": 15,
        "between_grave_min": 30,
        "unclosed_min": 120,
        "paper_min": 240,
        "short_pct": 75,
    }
)
"""No school's clock runs longer than this; the rungs of the ladder and the override are at theirs already."""
LEAST: Final = MappingProxyType({name: 10 if name == "short_pct" else 1 for name in NAMES})
RISING: Final = (
    ("crew_min", "dispatcher_min", "walk_min", "responsible_min", "everybody_min"),
    ("silence_min", "silence_call_min", "silence_grave_min"),
    ("between_call_min", "between_grave_min"),
)


def policy_faults(policy: SafetyPolicy) -> tuple[Finding, ...]:
    """Everything for which the policy may not stand; empty when it may."""
    return tuple(_faults(policy))


def _faults(policy: SafetyPolicy) -> Iterator[Finding]:
    for name in NAMES:
        if not LEAST[name] <= getattr(policy, name) <= MOST[name]:
            facts = {"clock": name, "least": LEAST[name], "most": MOST[name]}
            yield Finding(code="safety_policy_bounds", place=name, facts=facts)
    for names in RISING:
        for before, after in pairwise(names):
            if getattr(policy, before) >= getattr(policy, after):
                yield Finding(code="safety_policy_order", place=after, facts={"clock": after})
