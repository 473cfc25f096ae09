"""
The papers of costs: what a clerk uploads is untrusted, looked at by its bytes, and kept beside the cost.

Pictures are drawn anew, so that only their pixels are kept. PDF and OFD cannot be; what runs, opens or
hides something in them is refused as far as it shows, and they are only ever handed out as downloads.
Both digests are kept: of what was given and of what is kept.
"""

import hashlib
import io
import re
import zipfile
import zlib
from pathlib import PurePath
from typing import Final

from busops.domain.errors import InvalidInput, Refused
from busops.domain.values import Clock
from busops.services.acting import By, record_act, user_of
from busops.services.photos import made_anew
from busops.sheets.files.upload import check_directory, check_entries
from busops.storage import cost_document_store
from busops.storage.cost_document_store import MOST_BYTES, CostDocument, PaperKind
from busops.storage.database import Database

MOST_A_COST: Final = 10
MOST_NAME: Final = 120
TAIL: Final = 1024
# Names that let a PDF do something by itself, or carry another file.
_ACTIVE: Final = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia|XFA|SubmitForm|ImportData)\b")


def keep_paper(
    database: Database, cost_id: str, *, name: str, sent: bytes, clock: Clock, by: By
) -> CostDocument:
    """The paper belongs to the cost; the same file again is the same paper."""
    kind = kind_of(sent)
    kept = checked(sent, kind, name)
    given = hashlib.sha256(sent).hexdigest()
    with database.transaction() as tx:
        known = cost_document_store.documents_of(tx, cost_id)
        for document in known:
            if document.given_sha256 == given:
                return document
        if len(known) >= MOST_A_COST:
            raise Refused("papers_enough", most=MOST_A_COST)
        made = CostDocument(
            cost_id=cost_id,
            n=len(known) + 1,
            kind=kind,
            name=PurePath(name.replace("\\", "/")).name[-MOST_NAME:],
            given_sha256=given,
            sha256=hashlib.sha256(kept).hexdigest(),
            size=len(kept),
            kept_by=user_of(by),
            kept_at=clock.now(),
        )
        cost_document_store.insert_document(tx, made, kept)
        facts = {"sha256": made.sha256, "file": made.name}
        record_act(tx, by, "cost_paper_kept", cost_id, facts=facts, clock=clock)
    return made


def hand_out(database: Database, cost_id: str, n: int, *, clock: Clock, by: By) -> tuple[PaperKind, bytes]:
    """The bytes of a paper, with who took them on record; raises NotFound."""
    with database.transaction() as tx:
        content = cost_document_store.content_of(tx, cost_id, n)
        document = cost_document_store.documents_of(tx, cost_id)[n - 1]
        facts = {"sha256": document.sha256, "file": document.name}
        record_act(tx, by, "cost_paper_downloaded", cost_id, facts=facts, clock=clock)
    return document.kind, content


def kind_of(sent: bytes) -> PaperKind:
    """What the bytes are, whatever the name says; raises InvalidInput for nothing that is kept here."""
    if not sent:
        raise InvalidInput("file_needed")
    if len(sent) > MOST_BYTES:
        raise InvalidInput("paper_too_large", most_mib=MOST_BYTES // 2**20)
    if sent.startswith(b"\xff\xd8\xff"):
        return PaperKind.JPEG
    if sent.startswith(b"\x89PNG\r\n\x1a\n"):
        return PaperKind.PNG
    if sent.startswith(b"%PDF-"):
        return PaperKind.PDF
    if sent.startswith(b"PK\x03\x04"):
        return PaperKind.OFD
    raise InvalidInput("paper_kind")


def checked(sent: bytes, kind: PaperKind, name: str) -> bytes:
    """The bytes that are kept; raises InvalidInput for what is broken, hidden or does something by itself."""
    match kind:
        case PaperKind.JPEG | PaperKind.PNG:
            kept = made_anew(sent, kind.upper(), MOST_BYTES)
            if len(kept) > MOST_BYTES:
                raise InvalidInput("paper_too_large", most_mib=MOST_BYTES // 2**20)
            return kept
        case PaperKind.PDF:
            _check_pdf(sent)
        case PaperKind.OFD:
            _check_ofd(sent, name)
    return sent


def _check_pdf(sent: bytes) -> None:
    if b"%%EOF" not in sent[-TAIL:]:
        raise InvalidInput("paper_broken")
    if b"/Encrypt" in sent:
        raise InvalidInput("paper_locked")
    if _ACTIVE.search(sent):
        raise InvalidInput("paper_active")


def _check_ofd(sent: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(sent)) as archive:
            check_directory(name, archive.infolist())
            if "OFD.xml" not in archive.namelist():
                raise InvalidInput("paper_kind")
            check_entries(name, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InvalidInput("paper_broken") from error
