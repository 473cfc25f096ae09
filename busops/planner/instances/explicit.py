"""
Distances that a routing file gives one by one, in any of the orders of TSPLIB 95.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from busops.domain.errors import InvalidInput
from busops.planner.instances.lines import Entry, expect_count

_Cells = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def _lower(size: int, below: int) -> _Cells:
    rows, columns = np.tril_indices(size, below)
    return rows.astype(np.int64), columns.astype(np.int64)


def _upper(size: int, above: int) -> _Cells:
    rows, columns = np.triu_indices(size, above)
    return rows.astype(np.int64), columns.astype(np.int64)


# Columns of one half, from the top, are the rows of the other: the matrix is symmetric.
_HALVES: Final[Mapping[str, Callable[[int], _Cells]]] = {
    "LOWER_ROW": lambda size: _lower(size, -1),
    "LOWER_DIAG_ROW": lambda size: _lower(size, 0),
    "UPPER_ROW": lambda size: _upper(size, 1),
    "UPPER_DIAG_ROW": lambda size: _upper(size, 0),
    "LOWER_COL": lambda size: _upper(size, 1),
    "LOWER_DIAG_COL": lambda size: _upper(size, 0),
    "UPPER_COL": lambda size: _lower(size, -1),
    "UPPER_DIAG_COL": lambda size: _lower(size, 0),
}
_FULL: Final = "FULL_MATRIX"
FORMATS: Final = frozenset({_FULL, *_HALVES})


def matrix_of(form: str, entry: Entry, *, size: int, file: str) -> npt.NDArray[np.float64]:
    """
    The square matrix of a section in the order ``form``, its diagonal 0.

    Raises InvalidInput for a value too many or too few, and for one below 0.
    """
    words = entry.words()
    matrix = np.zeros((size, size), dtype=np.float64)
    cells = None if form == _FULL else _HALVES[form](size)
    expect_count(entry, file=file, found=len(words), expected=size * size if cells is None else len(cells[0]))
    values = [word.number() for word in words]
    for word, value in zip(words, values, strict=True):
        if value < 0:
            raise InvalidInput("instance_number_expected", file=file, line=word.line, found=word.text)
    if cells is None:
        matrix[:] = np.array(values, dtype=np.float64).reshape(size, size)
    else:
        matrix[cells] = values
        matrix[cells[1], cells[0]] = values
    np.fill_diagonal(matrix, 0)
    return matrix
