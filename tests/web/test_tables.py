"""Lists by address alone: order, search, filters, pages, addresses that keep the rest, defused exports."""

from types import SimpleNamespace

from busops.web.tables import Column, Filter, arrange

ROWS = tuple(
    SimpleNamespace(name=f"R{n:03d}", size=n % 7 or None, kind="a" if n % 2 else "b") for n in range(50)
)
COLUMNS = (
    Column(key="name", word="名", of=lambda row: row.name, searched=True),
    Column(key="size", word="大小", of=lambda row: row.size, numeric=True),
)
KIND = Filter(key="kind", word="类", choices=(("a", "A"), ("b", "B")), of=lambda row: row.kind)


def test_rows_are_sorted_both_ways_and_empty_cells_come_last_going_up() -> None:
    """A missing value is neither the smallest number nor a fault."""
    up = arrange(ROWS, COLUMNS, args={"sort": "size"})
    assert [row.size for row in up.rows][:2] == [1, 1]
    assert up.rows[-1].size is None
    assert up.sorting(COLUMNS[1]) == "ascending"
    down = arrange(ROWS, COLUMNS, args={"sort": "-size"})
    assert down.sorting(COLUMNS[1]) == "descending"
    assert {row.size for row in down.rows} == {row.size for row in up.rows}


def test_a_page_out_of_range_is_the_last_one() -> None:
    """Old addresses still show something."""
    listing = arrange(ROWS, COLUMNS, args={"page": "99"}, page_rows=20)
    assert (listing.page, listing.pages, len(listing.rows)) == (3, 3, 10)
    assert arrange(ROWS, COLUMNS, args={"page": "-1x"}, page_rows=20).page == 1


def test_addresses_keep_what_was_chosen() -> None:
    """Sorting keeps search and filter and goes back to the first page."""
    args = {"q": "r0", "kind": "a", "page": "2", "other": "1"}
    listing = arrange(ROWS, COLUMNS, filters=(KIND,), args=args, page_rows=5)
    assert listing.sorted_by(COLUMNS[0]) == "?q=r0&kind=a&other=1&sort=name"
    assert listing.at_page(3) == "?q=r0&kind=a&page=3&other=1"
    assert listing.cleared == "?other=1"
    assert listing.kept == (("other", "1"),)
    assert listing.export == "?q=r0&kind=a&other=1&format=csv"


def test_search_wants_every_word_and_filters_narrow() -> None:
    """Words are joined by and; an export holds all matching rows, not the page."""
    listing = arrange(ROWS, COLUMNS, filters=(KIND,), args={"q": "r01 5"}, page_rows=5)
    assert [row.name for row in listing.all_rows] == ["R015"]
    narrowed = arrange(ROWS, COLUMNS, filters=(KIND,), args={"kind": "b"}, page_rows=5)
    assert (narrowed.matched, narrowed.total, len(narrowed.rows)) == (25, 50, 5)
    assert narrowed.is_narrowed


def test_two_lists_on_one_page_do_not_mix() -> None:
    """A prefix keeps each list to its own part of the address."""
    args = {"x_sort": "-name", "y_q": "nothing"}
    first = arrange(ROWS, COLUMNS, prefix="x_", args=args)
    second = arrange(ROWS, COLUMNS, prefix="y_", args=args)
    assert first.rows[0].name == "R049"
    assert second.rows == ()
    assert "y_q=nothing" in first.sorted_by(COLUMNS[1])


def test_an_unknown_column_sorts_nothing() -> None:
    """What somebody writes into the address never fails."""
    assert arrange(ROWS, COLUMNS, args={"sort": "__class__"}).rows == ROWS
