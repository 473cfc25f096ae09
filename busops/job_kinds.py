"""
What the jobs of this application are: a kind and the service that does its work.

How jobs are queued, run, watched and stopped is ``jobs.py``'s.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from busops.services import (
    bulk_matching,
    plan_enough,
    plan_job,
    plan_margin,
    plan_proof,
    refund_job,
    term_scheme,
)

PLAN: Final = "plan"
TERM: Final = "term"


def _plan(context: plan_job.Working, **arguments: Any) -> dict[str, str]:
    """A plan of one direction of a weekend is made and stored; ``{"plan_id": …}``."""
    return plan_job.run(context, arguments)


def _margin(context: plan_margin.Work, **arguments: Any) -> Any:
    """What the 10 % page asked about a plan: its frontier or its levers."""
    return plan_margin.run_margin_job(context, arguments)


def _term(context: term_scheme.Desk, **arguments: Any) -> dict[str, str]:
    """A term scheme is made, or a weekend planned on one; ``{"scheme_id": …}`` or ``{"plan_id": …}``."""
    return term_scheme.run_job(context, arguments)


def _match(context: bulk_matching.Work, **arguments: Any) -> dict[str, int]:
    """Every receipt that waits was looked at; ``{"matched": …, "looked_at": …}``."""
    return bulk_matching.run_job(context, arguments)


HANDLERS: Final[Mapping[str, Callable[..., Any]]] = {
    PLAN: _plan,
    TERM: _term,
    bulk_matching.JOB: _match,
    plan_margin.JOB: _margin,
    plan_enough.JOB: plan_enough.run_job,
    plan_proof.JOB: plan_proof.run_job,
    refund_job.JOB: refund_job.run_job,
}
