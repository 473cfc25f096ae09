"""The list of refunds as a sheet of its own, signed by those who check and who answer for it."""

from collections.abc import Sequence
from datetime import date

from busops.domain.school import School
from busops.finance.statement import ReceiptRecord
from busops.sheets.book_words import word
from busops.sheets.papers.document import Document, SheetKind
from busops.sheets.refund_list import RefundEntry, refunds_table


def refund_document(
    entries: Sequence[RefundEntry],
    lines: Sequence[ReceiptRecord],
    *,
    school: School,
    days: tuple[date, date],
    locale: str,
) -> Document:
    """The refunds that were asked for or moved in these days, and what bills paid out beside them."""
    facts = (("from_on", days[0].isoformat()), ("to_on", days[1].isoformat()))
    return Document(
        kind=SheetKind.REFUNDS,
        locale=locale,
        school=school.name,
        author=school.executor,
        period_from=days[0],
        period_to=days[1],
        tables=(refunds_table(entries, lines, locale),),
        origin=tuple((word(locale, "book", "word", name), text) for name, text in facts),
        signers=(("made_by", school.executor), ("checked_by", ""), ("responsible", school.responsible)),
    )
