"""
The kinds of decision by the name under which the log keeps them.

What each of them means stands in ``events.py``; nothing is decided here.
"""

from typing import Final

from busops.domain.events import (
    Cancelled,
    Closed,
    CrewChanged,
    Decision,
    DepartureForbidden,
    DeviceReleased,
    FindingSettled,
    ManifestChanged,
    Released,
    Reopened,
    Resolved,
    TransferOpened,
)
from busops.domain.kept_apart import Admitted
from busops.domain.stop_changes import StopChanged, StopChangeWithdrawn
from busops.domain.transfers import RidersSent

DECISIONS: Final[dict[str, type[Decision]]] = {
    each.kind: each
    for each in (
        Released, Resolved, DeviceReleased, FindingSettled, CrewChanged,
        ManifestChanged, DepartureForbidden, Cancelled, Closed, Reopened, TransferOpened,
        StopChanged, StopChangeWithdrawn, Admitted, RidersSent,
    )
}  # fmt: skip
