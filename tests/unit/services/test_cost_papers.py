"""Papers of costs by their bytes: drawn anew or looked through, each refusal with its own word."""

import io
import zipfile

import pytest
from PIL import Image

from busops.domain.errors import InvalidInput
from busops.services.cost_papers import checked, kind_of
from busops.storage.cost_document_store import MOST_BYTES, PaperKind

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<<>>\n%%EOF\n"


def ofd(**files: str) -> bytes:
    """An OFD with these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return made.getvalue()


def picture(kind: str, *, wide: int = 20) -> bytes:
    """A picture with words hidden behind its end."""
    made = io.BytesIO()
    Image.new("RGB", (wide, 20), "white").save(made, kind)
    return made.getvalue() + b"hidden-words"


@pytest.mark.parametrize(("kind", "name"), [(PaperKind.JPEG, "JPEG"), (PaperKind.PNG, "PNG")])
def test_a_picture_keeps_its_pixels_only(kind: PaperKind, name: str) -> None:
    """Whatever was hidden in it is gone; it is a picture of the same kind and size."""
    sent = picture(name)
    assert kind_of(sent) is kind
    kept = checked(sent, kind, "a")
    assert b"hidden-words" not in kept
    assert kind_of(kept) is kind
    with Image.open(io.BytesIO(kept)) as again:
        assert again.size == (20, 20)


def test_pdf_and_ofd_are_kept_as_they_are() -> None:
    """Byte by byte."""
    assert checked(PDF, kind_of(PDF), "a.pdf") == PDF
    invoice = ofd(OFD_xml="<OFD/>", page_xml="<Page/>")
    assert kind_of(invoice) is PaperKind.OFD
    assert checked(invoice, PaperKind.OFD, "a.ofd") == invoice


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "file_needed"),
        (b"MZ" + PDF, "paper_kind"),
        (b"<html>", "paper_kind"),
        (b"%PDF-" + bytes(MOST_BYTES), "paper_too_large"),
        (PDF[:-8], "paper_broken"),
        (PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(1)>>"), "paper_active"),
        (PDF.replace(b"/Catalog", b"/Catalog/EmbeddedFile 2 0 R"), "paper_active"),
        (PDF.replace(b"<<>>", b"<</Encrypt 2 0 R>>"), "paper_locked"),
        (picture("PNG")[:40], "photo_unreadable"),
        (picture("JPEG")[:40], "photo_unreadable"),
        (picture("PNG", wide=700_000), "photo_too_large"),
        (b"PK\x03\x04 not at all", "paper_broken"),
        (ofd(page_xml="<Page/>"), "paper_kind"),
        (ofd(OFD_xml="<!DOCTYPE x [<!ENTITY a 'b'>]><OFD/>"), "file_hostile_xml"),
        (ofd(OFD_xml="<OFD/>", bomb_xml="0" * 20_000_000), "zip_ratio"),
        (ofd(OFD_xml="<OFD/>", **{"../x_xml": "<a/>"}), "zip_slip"),
    ],
)
def test_what_is_no_paper_is_refused_with_its_own_word(sent: bytes, code: str) -> None:
    """Nothing, another kind, too large, cut, active, locked, a bomb, a way out."""
    with pytest.raises(InvalidInput, match=code):
        checked(sent, kind_of(sent), "a")
