"""
Whether a file may be opened at all, decided from its name and bytes before anything parses it.

Every refusal is an InvalidInput with its own code. Nothing here reads a table.
"""

import io
import re
import zipfile
import zlib
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from busops.domain.errors import InvalidInput

MAX_UPLOAD_BYTES: Final = 10 * 1024 * 1024
MAX_ZIP_ENTRIES: Final = 200
MAX_UNPACKED_BYTES: Final = 100 * 1024 * 1024
MAX_RATIO: Final = 100  # as Apache POI refuses; only asked of entries that are large when unpacked
RATIO_FROM_BYTES: Final = 1024 * 1024

_OLE2: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP: Final = b"PK\x03\x04"
_ZIP_EMPTY: Final = b"PK\x05\x06"
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")
_MARKUP: Final = re.compile(rb"\s*<(!doctype|html|\?xml|table|head|meta)", re.IGNORECASE)
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_OLD_ENDINGS: Final = (".xls", ".xlsb", ".xlt", ".et")
_MACRO_ENDINGS: Final = (".xlsm", ".xltm", ".xlam")


class FileKind(StrEnum):
    """What a readable file is."""

    CSV = "csv"
    XLSX = "xlsx"


def check_upload(file_name: str, content: bytes, *, max_bytes: int = MAX_UPLOAD_BYTES) -> FileKind:
    """
    What kind of table the file holds; a file that may not be read is refused by code.

    Raises InvalidInput: file_too_large, file_empty, file_macros, file_old_format,
    file_password, file_wrong_kind, file_kind_unknown, file_damaged, file_not_text,
    zip_entries, zip_unpacked, zip_ratio, zip_nested, zip_slip, file_hostile_xml.
    """
    check_size(file_name, len(content), max_bytes=max_bytes)
    check_old_forms(file_name, content)
    ending = PurePosixPath(file_name.lower()).suffix
    if ending not in (".csv", ".txt", ".xlsx"):
        raise InvalidInput("file_kind_unknown", file=file_name, ending=ending or "–")
    is_zip = content.startswith((_ZIP, _ZIP_EMPTY))
    if is_zip != (ending == ".xlsx") or is_markup(content):
        raise InvalidInput("file_wrong_kind", file=file_name, ending=ending, found=_looks_like(content))
    if is_zip:
        check_workbook(file_name, content)
        return FileKind.XLSX
    if b"\x00" in content:
        raise InvalidInput("file_not_text", file=file_name)
    return FileKind.CSV


def check_size(file_name: str, size_bytes: int, *, max_bytes: int = MAX_UPLOAD_BYTES) -> None:
    """The size is within the limit; callers that hold a path ask before they read."""
    if size_bytes == 0:
        raise InvalidInput("file_empty", file=file_name)
    if size_bytes > max_bytes:
        size_mib, limit_mib = -(-size_bytes // 2**20), max_bytes // 2**20
        raise InvalidInput("file_too_large", file=file_name, size_mib=size_mib, limit_mib=limit_mib)


def check_old_forms(file_name: str, content: bytes) -> None:
    """The file has no macros and is none of the forms that nobody can check: .xls, .xlsb, encrypted."""
    ending = PurePosixPath(file_name.lower()).suffix
    if ending in _MACRO_ENDINGS:
        raise InvalidInput("file_macros", file=file_name)
    if content.startswith(_OLE2):
        code = "file_password" if _ENCRYPTED_STREAM in content else "file_old_format"
        raise InvalidInput(code, file=file_name)
    if ending in _OLD_ENDINGS:
        raise InvalidInput("file_old_format", file=file_name)


def is_markup(content: bytes) -> bool:
    """True for HTML or XML, whatever its name says."""
    return _MARKUP.match(content[:512]) is not None


def _looks_like(content: bytes) -> str:
    if content.startswith((_ZIP, _ZIP_EMPTY)):
        return "XLSX/ZIP"
    if is_markup(content):
        return "HTML/XML"
    return "text" if b"\x00" not in content[:4096] else "binary"


def check_workbook(file_name: str, content: bytes) -> None:
    """The bytes are a workbook whose parts may be read; raises InvalidInput as :func:`check_upload`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_directory(file_name, entries)
            check_directory(file_name, entries)
            check_entries(file_name, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InvalidInput("file_damaged", file=file_name) from error


def check_directory(file_name: str, entries: list[zipfile.ZipInfo]) -> None:
    """No entry of an archive is encrypted or leads out of it, and all of them together stay in bounds."""
    if any(entry.flag_bits & 1 for entry in entries):
        raise InvalidInput("file_password", file=file_name)
    if len(entries) > MAX_ZIP_ENTRIES:
        raise InvalidInput("zip_entries", file=file_name, entries=len(entries), limit=MAX_ZIP_ENTRIES)
    unpacked, limit_mib = sum(entry.file_size for entry in entries), MAX_UNPACKED_BYTES // 2**20
    if unpacked > MAX_UNPACKED_BYTES:
        raise InvalidInput(
            "zip_unpacked", file=file_name, unpacked_mib=-(-unpacked // 2**20), limit_mib=limit_mib
        )
    for entry in entries:
        check_ratio(file_name, packed=entry.compress_size, unpacked=entry.file_size)
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename or "\x00" in entry.orig_filename:
            raise InvalidInput("zip_slip", file=file_name)


def check_ratio(file_name: str, *, packed: int, unpacked: int) -> None:
    """What is large when unpacked is not packed more than a hundredfold."""
    if unpacked > RATIO_FROM_BYTES and unpacked > MAX_RATIO * max(packed, 1):
        raise InvalidInput("zip_ratio", file=file_name, ratio=unpacked // max(packed, 1), limit=MAX_RATIO)


def _check_directory(file_name: str, entries: list[zipfile.ZipInfo]) -> None:
    names = {entry.filename.lower() for entry in entries}
    if any(name.endswith("vbaproject.bin") for name in names):
        raise InvalidInput("file_macros", file=file_name)
    if "xl/workbook.bin" in names:
        raise InvalidInput("file_old_format", file=file_name)
    if not any(entry.flag_bits & 1 for entry in entries) and "xl/workbook.xml" not in names:
        raise InvalidInput("file_wrong_kind", file=file_name, ending=".xlsx", found="ZIP")


def check_entries(file_name: str, archive: zipfile.ZipFile) -> None:
    """No entry is damaged, has macros, or is XML that names others; InvalidInput says which."""
    # Reading each entry to its end proves its length and checksum: a directory that lies is damaged.
    for entry in archive.infolist():
        data = archive.read(entry)
        if entry.filename.lower().endswith((".xml", ".rels")) and (
            data.startswith(_UTF16) or b"<!DOCTYPE" in data or b"<!ENTITY" in data
        ):
            raise InvalidInput("file_hostile_xml", file=file_name)
        if b"macroEnabled" in data and entry.filename == "[Content_Types].xml":
            raise InvalidInput("file_macros", file=file_name)
