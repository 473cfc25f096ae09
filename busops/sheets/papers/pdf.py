"""
A document on paper: A4 across, heads on each page, page x of y, who signs, and in the foot for whom it is.

Needs the extra ``pdf`` (WeasyPrint) and Pango on the machine; without them ``Refused`` says what to install.
The same document, fonts and release of WeasyPrint give the same bytes; no clock and no chance is in the file.
"""

import importlib
from datetime import date
from html import escape
from types import ModuleType
from typing import Final

from busops.domain.errors import Refused
from busops.finance.money import format_yuan
from busops.sheets.book_model import Cell, Kind, Table
from busops.sheets.book_pen import WIDE, WIDTHS
from busops.sheets.book_words import school_second, word
from busops.sheets.papers.document import Document, Stamp
from busops.sheets.papers.files import origin_table

PACKAGE: Final = "weasyprint"
MOST_CELLS: Final = 10_000  # some seven seconds of a core, which others wait beside
MANY_COLUMNS: Final = 16
FONTS: Final = (
    '"Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei",'
    ' "WenQuanYi Zen Hei", "SimHei", sans-serif'
)
STYLE: Final = f"""
@page {{ size: A4 landscape; margin: 12mm 10mm 16mm;
  @bottom-left {{ content: string(made); font: 7pt {FONTS}; color: #333; }}
  @bottom-right {{ content: PAGE; font: 7pt {FONTS}; }} }}
body {{ font: 8pt/1.35 {FONTS}; color: #000; margin: 0; }}
h1 {{ font-size: 15pt; margin: 0 0 1mm; }}
h2 {{ font-size: 10.5pt; margin: 5mm 0 1.5mm; break-after: avoid; }}
.made {{ string-set: made content(text); margin: 0; color: #333; }}
table {{ border-collapse: collapse; width: 100%; table-layout: fixed; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
th, td {{ border: 0.4pt solid #666; padding: 0.6mm 1mm; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }}
th {{ background: #e9edf2; font-weight: bold; }}
.num {{ text-align: right; white-space: nowrap; }}
.total td {{ font-weight: bold; border-top: 1pt solid #000; }}
.many {{ font-size: 5.2pt; }}
.many th, .many td {{ padding: 0.4mm 0.5mm; }}
.alone + .alone {{ break-before: page; }}
.sign td {{ height: 11mm; vertical-align: middle; }}
.sign {{ break-inside: avoid; }}
"""


def is_installed() -> bool:
    """Whether PDF can be made on this machine."""
    return _engine() is not None


def as_pdf(document: Document, stamp: Stamp | None) -> bytes:
    """The document as PDF; raises Refused where nothing can make it here, or where all of it is too long."""
    if not printed_tables(document):
        cells = sum(_cells(table) for table in document.tables)
        raise Refused("pdf_too_long", cells=cells, most=MOST_CELLS)
    engine = _engine()
    if engine is None:
        raise Refused("pdf_not_installed")
    return bytes(engine.HTML(string=as_html(document, stamp)).write_pdf())


def printed_tables(document: Document) -> frozenset[str]:
    """The keys of the tables that there is time for, the shortest first; the paper names the others."""
    left, printed = MOST_CELLS, set()
    for table in sorted(document.tables, key=_cells):
        left -= _cells(table)
        if left >= 0:
            printed.add(table.title or table.key)
    return frozenset(printed)


def as_html(document: Document, stamp: Stamp | None) -> str:
    """The same as one page of HTML, as it is printed; every text in it is escaped."""
    language = "en" if document.locale.lower().startswith("en") else "zh-Hans"
    made, printed = document.heading, printed_tables(document)
    if stamp is not None:
        by = word(document.locale, "book", "word", "downloaded_by")
        made += f" · {by} {stamp.name} · {school_second(stamp.at)}"
    parts = [
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">',
        f"<title>{escape(document.heading)}</title><style>{_style(document.locale)}</style></head><body>",
        f"<h1>{escape(document.heading)}</h1>",
        f'<p class="made">{escape(made)}</p>',
        *(
            _table(document, table) if (table.title or table.key) in printed else _left_out(document, table)
            for table in document.tables
        ),
        _table(document, origin_table(document, stamp)),
        _signatures(document),
        "</body></html>",
    ]
    return "".join(parts)


def _style(locale: str) -> str:
    """The style with the words of page x of y, in which a workbook's foot has &P and &N."""
    page = word(locale, "book", "word", "page")
    parts = page.replace("&P", '" counter(page) "').replace("&N", '" counter(pages) "')
    return STYLE.replace("PAGE", f'"{parts}"')


def _left_out(document: Document, table: Table) -> str:
    note = word(document.locale, "book", "word", "not_printed").format(rows=len(table.rows))
    return f"<h2>{escape(document.name_of(table))}</h2><p>{escape(note)}</p>"


def _table(document: Document, table: Table) -> str:
    heads = (
        f"<th{_class(kind)}>{escape(word(document.locale, 'book', 'column', key))}</th>"
        for key, kind in table.columns
    )
    kinds = [kind for _, kind in table.columns]
    rows = ("".join(_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)) for row in table.rows)
    widths = [WIDE.get(key, WIDTHS[kind]) for key, kind in table.columns]
    parts = "".join(f'<col style="width: {100 * width / sum(widths):.2f}%">' for width in widths)
    many = ' class="many"' if len(table.columns) > MANY_COLUMNS else ""
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    alone = ' class="alone"' if table.title else ""  # each class has paper of its own
    return (
        f"<section{alone}><h2>{escape(document.name_of(table))}</h2><table{many}><colgroup>{parts}</colgroup>"
        f"<thead><tr>{''.join(heads)}</tr></thead>"
        f"<tbody>{body}{_total(document, table)}</tbody></table></section>"
    )


def _total(document: Document, table: Table) -> str:
    if not table.summed:
        return ""
    cells: list[str] = []
    for at, (key, kind) in enumerate(table.columns):
        if key in table.summed:
            cells.append(_cell(table.total_fen(key), kind))
        else:
            cells.append(f"<td>{'' if at else escape(word(document.locale, 'book', 'word', 'total'))}</td>")
    return f'<tr class="total">{"".join(cells)}</tr>'


def _signatures(document: Document) -> str:
    if not document.signers:
        return ""
    locale = document.locale
    keys = ("role", "person", "signature", "date")
    heads = "".join(f"<th>{escape(word(locale, 'book', 'column', key))}</th>" for key in keys)
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(person)}</td><td></td><td></td></tr>"
        for name, person in (
            (word(locale, "book", "word", role), person) for role, person in document.signers
        )
    )
    title = escape(word(locale, "book", "sheet", "signatures"))
    head = f"<thead><tr>{heads}</tr></thead>"
    return f'<section class="sign"><h2>{title}</h2><table>{head}<tbody>{rows}</tbody></table></section>'


def _signers(document: Document) -> list[tuple[str, str]]:
    return [(word(document.locale, "book", "word", role), person) for role, person in document.signers]


def _cells(table: Table) -> int:
    return len(table.rows) * len(table.columns)


def _cell(cell: Cell, kind: Kind) -> str:
    return f"<td{_class(kind)}>{escape(_text(cell, kind))}</td>"


def _text(cell: Cell, kind: Kind) -> str:
    if cell is None:
        return ""
    if kind is Kind.FEN and isinstance(cell, int):
        return format_yuan(cell)
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _class(kind: Kind) -> str:
    return ' class="num"' if kind in {Kind.FEN, Kind.COUNT, Kind.RATIO} else ""


def _engine() -> ModuleType | None:
    try:
        return importlib.import_module(PACKAGE)
    except (ImportError, OSError):  # OSError: the package is there, Pango is not
        return None
