"""
What a period comes to, in words and sums: the verdict with its reason, the sums and the three bases.

The first sheet of the workbook, the sheet of income and costs and every paper take it from here.
"""

from typing import Final

from busops.finance.costs import CostSums
from busops.finance.money import format_yuan
from busops.finance.net_revenue import NetRevenue
from busops.finance.statement import Reconciliation
from busops.sheets.book_model import Cell, Kind, Table
from busops.sheets.book_words import word

BASES: Final = "bases"
OFFICIAL: Final = " ★"


def verdict_facts(result: Reconciliation, locale: str) -> tuple[tuple[str, str], ...]:
    """Verdict, reason, official basis, goal and regime, each with its word."""
    statement = result.statement
    judgement, policy = statement.judgement, statement.policy
    official = judgement.official
    goal = f"{policy.target_bp // 100}.{policy.target_bp % 100:02d}"
    facts = (
        ("verdict", word(locale, "verdict", judgement.verdict)),
        ("why", why(judgement, locale)),
        ("official", f"{word(locale, 'basis', official.basis)} {official.ratio} %"),
        ("goal", goal),
        ("regime", word(locale, "fee_regime", policy.fee_regime)),
    )
    return tuple((word(locale, "book", "word", name), text) for name, text in facts)


def why(judgement: NetRevenue, locale: str) -> str:
    """The reason of the verdict as a sentence."""
    official, missing = judgement.official, judgement.missing_fare_fen
    return word(locale, "verdict_why", judgement.why).format(
        room_fen=format_yuan(official.headroom_fen),
        over_fen=format_yuan(-official.headroom_fen),
        missing_fen="–" if missing is None else format_yuan(missing),
        plain=word(locale, "verdict", official.verdict),
    )


def notes(result: Reconciliation, locale: str) -> tuple[str, ...]:
    """What must be read with the verdict: the regime's note, then every doubt."""
    statement = result.statement
    doubts = (word(locale, f"doubt_{doubt}") for doubt in statement.judgement.doubts)
    return (word(locale, "regime_note", statement.policy.fee_regime), *doubts)


def linked_sums(result: Reconciliation) -> tuple[tuple[str, str, str, int], ...]:
    """What the summary adds up from which column of which sheet, and what that must come to."""
    sums = result.statement.sums
    return (
        ("charged", "rows", "due", result.statement.charged_fen),
        ("waived", "rows", "waived", sums.waived_fen),
        ("receipts", "rows", "paid", sums.receipts_fen),
        ("refunds", "rows", "refunded", sums.refunds_fen),
        ("unidentified", "waiting", "open", sums.unidentified_fen),
        ("costs", "costs", "amount", sums.costs_fen),
    )


def judged_sums(result: Reconciliation) -> tuple[tuple[str, int], ...]:
    """The sums that stand on no other sheet: earned, costs that do not count, base and net."""
    statement = result.statement
    official = statement.judgement.official
    return (
        ("earned", statement.sums.earned_fen),
        ("overhead", statement.cost_sums.overhead_fen),
        ("other_use", statement.cost_sums.other_use_fen),
        ("purchases", statement.purchases_fen),
        ("base", official.base_fen),
        ("net", official.net_fen),
    )


def summary_table(result: Reconciliation, locale: str) -> Table:
    """Words and sums of the period as one plain table, for CSV and paper."""
    rows: list[tuple[Cell, ...]] = [(name, text, None) for name, text in verdict_facts(result, locale)]
    sums = [(name, fen) for name, _, _, fen in linked_sums(result)] + [*judged_sums(result)]
    rows += [(word(locale, "book", "word", name), "", fen) for name, fen in sums]
    rows += [("", note, None) for note in notes(result, locale)]
    columns = (("item", Kind.TEXT), ("value", Kind.TEXT), ("amount", Kind.FEN))
    return Table(key="summary", columns=columns, rows=tuple(rows))


def bases_table(result: Reconciliation, locale: str) -> Table:
    """The three bases with their sums, the official one marked."""
    judgement = result.statement.judgement
    rows = tuple(
        (
            word(locale, "basis", item.basis) + (OFFICIAL if item.basis is judgement.official.basis else ""),
            *(item.base_fen, item.costs_fen, item.net_fen, item.ratio, item.headroom_fen),
            word(locale, "verdict", item.verdict),
        )
        for item in judgement.bases
    )
    columns = (
        *(("basis", Kind.TEXT), ("base", Kind.FEN), ("costs", Kind.FEN), ("net", Kind.FEN)),
        *(("ratio", Kind.RATIO), ("headroom", Kind.FEN), ("verdict", Kind.TEXT)),
    )
    return Table(key=BASES, columns=columns, rows=rows)


def cost_codes_table(sums: CostSums, locale: str) -> Table:
    """The costs by code, in the catalogue's order."""
    rows = tuple((code, word(locale, "cost", code), fen) for code, fen in sums.by_code.items())
    columns = (("code", Kind.TEXT), ("cost", Kind.TEXT), ("amount", Kind.FEN))
    return Table(key="cost_codes", columns=columns, rows=rows, has_totals=True)
