"""
What lies in an upload that may be packed: the files themselves, opened in memory and nowhere else.

A bill may come as text, as a workbook, gzipped, or in an archive with names in GBK. What it is,
is told by its bytes; its name is only looked at for forms that are never opened.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from busops.domain.errors import InvalidInput
from busops.sheets.files.upload import (
    MAX_UNPACKED_BYTES,
    check_directory,
    check_old_forms,
    check_ratio,
    check_size,
    check_workbook,
    is_markup,
)

GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_PACKED: Final = (GZIP, *_ZIP, b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")
_UTF8_NAME: Final = 0x800
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of an upload: its name within it (empty where the upload is that file), and its bytes."""

    name: str
    content: bytes
    is_workbook: bool


def open_upload(file_name: str, content: bytes) -> tuple[Part, ...]:
    """
    The files that an upload consists of, each within the limits; raises InvalidInput by code.

    Codes: those of ``check_upload`` for one file, and zip_entries, zip_unpacked, zip_ratio,
    zip_slip, zip_nested, file_encoding for what is packed or no text.
    """
    check_size(file_name, len(content))
    check_old_forms(file_name, content)
    if content.startswith(GZIP):
        content = _gunzipped(file_name, content)
        if content.startswith(_PACKED):
            raise InvalidInput("zip_nested", file=file_name)
    if not content.startswith(_ZIP):
        return (_text(file_name, "", content),)
    if _is_workbook(file_name, content):
        check_workbook(file_name, content)
        return (Part(name="", content=content, is_workbook=True),)
    return _unzipped(file_name, content)


def _text(file_name: str, name: str, content: bytes) -> Part:
    if is_markup(content):
        raise InvalidInput("file_wrong_kind", file=file_name, ending="–", found="HTML/XML")
    if content.startswith(_UTF16):
        raise InvalidInput("file_encoding", file=file_name)
    return Part(name=name, content=content, is_workbook=False)


def _gunzipped(file_name: str, content: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(content, MAX_UNPACKED_BYTES + 1)
    except zlib.error as error:
        raise InvalidInput("file_damaged", file=file_name) from error
    if len(plain) > MAX_UNPACKED_BYTES:
        limit_mib = MAX_UNPACKED_BYTES // 2**20
        raise InvalidInput("zip_unpacked", file=file_name, unpacked_mib=limit_mib + 1, limit_mib=limit_mib)
    check_ratio(file_name, packed=len(content), unpacked=len(plain))
    if not unpacker.eof or unpacker.unused_data:
        raise InvalidInput("file_damaged", file=file_name)
    return plain


def _is_workbook(file_name: str, content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(name.lower().startswith("xl/workbook.") for name in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise InvalidInput("file_damaged", file=file_name) from error


def _unzipped(file_name: str, content: bytes) -> tuple[Part, ...]:
    parts: list[Part] = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            check_directory(file_name, entries)
            for entry in entries:
                name = PurePosixPath(entry_name(entry)).name
                if entry.is_dir() or name.startswith(".") or entry.filename.startswith("__MACOSX/"):
                    continue
                plain = archive.read(entry)
                check_old_forms(f"{file_name}!{name}", plain)
                if plain.startswith(_PACKED):
                    raise InvalidInput("zip_nested", file=file_name)
                parts.append(_text(file_name, name, plain))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InvalidInput("file_damaged", file=file_name) from error
    if not parts:
        raise InvalidInput("file_empty", file=file_name)
    return tuple(parts)


def entry_name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry as its maker wrote it: in GBK where the archive does not say UTF-8."""
    if entry.flag_bits & _UTF8_NAME:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gb18030")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return entry.filename
