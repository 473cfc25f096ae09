"""Scans of sheets: what they are is looked at, what a camera adds is dropped, what acts is refused."""

import io
import stat

import pytest
from PIL import Image

from busops.domain.errors import InvalidInput, NotFound
from busops.services import paper_scan
from busops.services.paper_scan import JPEG, PDF, Scan

PLAIN_PDF = b"%PDF-1.7\n1 0 obj <</Type/Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (600, 800), **extra) -> bytes:
    """A grey sheet as a phone would send it."""
    made = io.BytesIO()
    Image.new("RGB", size, (200, 200, 190)).save(made, kind, **extra)
    return made.getvalue()


def with_place() -> bytes:
    """A photo that says where and with what it was taken, lying on its side."""
    exif = Image.Exif()
    exif[0x010F] = "示例相机"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    return a_picture(exif=exif)


def test_a_photo_is_kept_upright_without_what_the_camera_added(tmp_path):
    """Drawn anew: no place, no maker, turned upright, and readable by the server alone."""
    scan = paper_scan.keep(tmp_path / "paper", with_place())
    kept = paper_scan.load(tmp_path / "paper", scan)
    picture = Image.open(io.BytesIO(kept))
    assert scan.media_type == JPEG
    assert dict(picture.getexif()) == {}
    assert picture.size == (800, 600)
    assert "示例".encode() not in kept
    (file,) = (tmp_path / "paper").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.name == f"{scan.sha256}.jpg"


def test_a_png_becomes_a_jpeg_and_a_huge_one_becomes_smaller(tmp_path):
    """Whatever comes after the picture's end is gone with the rest of its wrapping."""
    scan = paper_scan.keep(tmp_path, a_picture("PNG", (4000, 1000)) + b"<script>alert(1)</script>")
    kept = paper_scan.load(tmp_path, scan)
    assert b"script" not in kept
    assert Image.open(io.BytesIO(kept)).size == (3000, 750)


def test_a_plain_pdf_is_kept_as_it_is(tmp_path):
    """The same bytes, under their own digest; kept twice they are one file."""
    scan = paper_scan.keep(tmp_path, PLAIN_PDF)
    assert paper_scan.keep(tmp_path, PLAIN_PDF) == scan
    assert (scan.media_type, paper_scan.load(tmp_path, scan)) == (PDF, PLAIN_PDF)
    assert len(list(tmp_path.iterdir())) == 1


WRONG = {
    "nothing": (b"", "scan_needed"),
    "too much": (b"\xff\xd8\xff" + bytes(paper_scan.MOST_BYTES), "scan_too_large"),
    "a page": (b"<html><script>alert(1)</script></html>", "scan_wrong_type"),
    "a picture of another kind": (a_picture("GIF"), "scan_wrong_type"),
    "a picture in name only": (b"\xff\xd8\xff\xe0 not a picture", "scan_unreadable"),
    "half a picture": (a_picture()[:300], "scan_unreadable"),
    "another kind behind a JPEG's first bytes": (b"\xff\xd8\xff" + a_picture("PNG"), "scan_unreadable"),
    "half a PDF": (PLAIN_PDF[:40], "scan_unreadable"),
    "a PDF that acts": (PLAIN_PDF.replace(b"/Type", b"/OpenAction<</S/JavaScript>>/Type"), "scan_unreadable"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_sheet_is_refused_and_leaves_no_file(tmp_path, name):
    """Type, size and soundness are looked at, not believed."""
    content, code = WRONG[name]
    with pytest.raises(InvalidInput, match=code):
        paper_scan.keep(tmp_path, content)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_drawn(tmp_path):
    """A small file of a hundred million pixels is turned away by its head alone."""
    bomb = a_picture("PNG", (10_000, 10_000))
    assert len(bomb) < paper_scan.MOST_BYTES
    with pytest.raises(InvalidInput, match="scan_"):
        paper_scan.keep(tmp_path, bomb)


def test_a_kept_file_that_was_changed_or_is_gone_is_not_handed_out(tmp_path):
    """What does not have its digest is not the scan; a name that is none leads nowhere."""
    scan = paper_scan.keep(tmp_path, PLAIN_PDF)
    (file,) = tmp_path.iterdir()
    file.write_bytes(PLAIN_PDF + b" ")
    for wanted in (scan, Scan(sha256="0" * 64, media_type=PDF), Scan(sha256="../secret_key", media_type=PDF)):
        with pytest.raises(NotFound):
            paper_scan.load(tmp_path, wanted)
