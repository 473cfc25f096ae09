"""placeholder"""

from collections.abc import Sequence

from busops.services.benchmark import Case, Result
from busops.services.benchmark_tables import Median


def picture(rows: Sequence[Median], cases: Sequence[Case], results: Sequence[Result], *, locale: str) -> str:
    """placeholder"""
    return ""
