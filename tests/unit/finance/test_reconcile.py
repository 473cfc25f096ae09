"""The status table: every row of domain §3.6, the order of its rules, and that it is total."""

from itertools import product

import pytest

from busops.finance.reconcile import ReconRow, RowFacts, RowFlag, RowStatus, status_counts, status_of

S = RowStatus


def facts(due: int, paid: int, rides: int, words: str = "e") -> RowFacts:
    """Facts: e registered, l leave, c cancelled, r refund right, w waived, d disputed, b refunded."""
    return RowFacts(
        due_fen=due,
        paid_fen=paid,
        rides=rides,
        registered="e" in words,
        on_leave="l" in words,
        is_cancelled="c" in words,
        has_refund_right="r" in words,
        is_waived="w" in words,
        is_disputed="d" in words,
        was_refunded="b" in words,
    )


@pytest.mark.parametrize(
    ("due", "paid", "rides", "words", "status"),
    [
        (-1, 0, 0, "e", S.DATA_ERROR),
        (10, -1, 1, "ed", S.DATA_ERROR),
        (10, 10, -1, "e", S.DATA_ERROR),
        (10, 10, 1, "d", S.DISPUTED),
        (10, 10, 1, "", S.RODE_UNREGISTERED),
        (0, 0, 1, "w", S.RODE_UNREGISTERED),
        (0, 0, 2, "ew", S.WAIVED),
        (0, 5, 0, "ew", S.WAIVED),
        (10, 0, 1, "e", S.RODE_UNPAID),
        (10, 9, 1, "e", S.UNDERPAID),
        (10, 1, 0, "elr", S.UNDERPAID),
        (10, 11, 1, "e", S.OVERPAID),
        (0, 10, 0, "l", S.OVERPAID),
        (10, 10, 0, "elr", S.REFUND_DUE),
        (10, 10, 0, "ecr", S.REFUND_DUE),
        (10, 10, 0, "el", S.PAID_NOT_RODE),
        (10, 10, 0, "er", S.PAID_NOT_RODE),
        (10, 10, 0, "e", S.PAID_NOT_RODE),
        (10, 0, 0, "e", S.UNPAID_NOT_RODE),
        (10, 0, 0, "elr", S.UNPAID_NOT_RODE),
        (0, 0, 1, "e", S.RODE_NOT_BILLED),
        (10, 10, 1, "e", S.OK),
        (10, 10, 2, "elr", S.OK),
        (0, 0, 0, "eb", S.SETTLED_REFUNDED),
        (0, 0, 0, "e", S.NONE),
        (0, 0, 0, "l", S.NONE),
    ],
)
def test_the_table(due: int, paid: int, rides: int, words: str, status: RowStatus) -> None:
    """Each status where its rule fits and no earlier one does."""
    assert status_of(facts(due, paid, rides, words)) is status


def expected(row: RowFacts) -> RowStatus:  # noqa: C901, PLR0911 - the table once more, as plain words
    """The table written a second time; after rule 3 the order of its rules does no work."""
    due, paid, rides = row.due_fen, row.paid_fen, row.rides
    if min(due, paid, rides) < 0:
        return S.DATA_ERROR
    if row.is_disputed:
        return S.DISPUTED
    if rides and not row.registered:
        return S.RODE_UNREGISTERED
    if row.is_waived:
        return S.WAIVED
    if paid > due:
        return S.OVERPAID
    if 0 < paid < due:
        return S.UNDERPAID
    if due and not paid:
        return S.RODE_UNPAID if rides else S.UNPAID_NOT_RODE
    if due:
        if rides:
            return S.OK
        refundable = row.has_refund_right and (row.on_leave or row.is_cancelled)
        return S.REFUND_DUE if refundable else S.PAID_NOT_RODE
    if rides:
        return S.RODE_NOT_BILLED
    return S.SETTLED_REFUNDED if row.was_refunded else S.NONE


def test_fn07_every_combination_has_one_status() -> None:
    """FN07. Over a grid of 12,288 combinations the table is total and agrees with a second writing of it."""
    seen = set()
    for due, paid, rides in product((-1, 0, 10, 20), (-1, 0, 5, 10, 20, 30), (-1, 0, 1, 2)):
        for chosen in product((False, True), repeat=7):
            words = "".join(letter for letter, is_so in zip("elcrwdb", chosen, strict=True) if is_so)
            row = facts(due, paid, rides, words)
            assert status_of(row) is expected(row)
            seen.add(expected(row))
    assert seen == set(RowStatus)


def a_row(due: int, paid: int, rides: int, *flags: RowFlag) -> ReconRow:
    """A row of one rider."""
    row = facts(due, paid, rides)
    return ReconRow(rider_id="001", unit_key="u", facts=row, status=status_of(row), flags=frozenset(flags))


def test_a_row_in_order_needs_nobody() -> None:
    """Paid and ridden needs nobody; a duplicate payment beside it does; a difference always does."""
    assert not a_row(10, 10, 1).needs_somebody
    assert not a_row(10, 10, 1, RowFlag.OTHER_STOP).needs_somebody
    assert a_row(10, 10, 1, RowFlag.DUPLICATE_PAYMENT).needs_somebody
    assert a_row(10, 0, 1).needs_somebody
    waived_but_paid = ReconRow(rider_id="1", unit_key="u", facts=facts(0, 5, 1, "ew"), status=S.WAIVED)
    assert waived_but_paid.needs_somebody


def test_statuses_are_counted_in_the_order_of_the_rules() -> None:
    """Two unpaid, one in order: the worst first, none for what does not occur."""
    counts = status_counts([a_row(10, 10, 1), a_row(10, 0, 1), a_row(10, 0, 1)])
    assert list(counts.items()) == [("RODE_UNPAID", 2), ("OK", 1)]
