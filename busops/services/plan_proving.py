"""
Whether somebody still proves a plan: the bound of a stored draft may be raised after it was made.

The one place that knows how such a job is found; the pages only ask.
"""

from typing import Final

from busops.services import plan_proof
from busops.storage import job_store
from busops.storage.database import Database
from busops.storage.job_store import Job

LATEST: Final = 20  # an older proof that has not ended by now is none


def proof_under_way(database: Database, plan_id: str) -> Job | None:
    """The job that proves this plan, waiting or at work; None when there is none."""
    with database.reading() as tx:
        jobs = job_store.list_jobs(tx, kind=plan_proof.JOB, limit=LATEST)
    return next((job for job in jobs if not job.is_over and job.arguments.get("plan_id") == plan_id), None)
