"""The text of an attachment: plain, HTML, RTF or PDF bytes, or the reason why there is none."""

import base64
import binascii
import codecs
import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from posology.records.markup import parse_html

__all__ = ["Extracted", "Failure", "decode_base64", "extract_text", "verify_attachment"]

_PDF_LOCK = threading.Lock()  # PDFium is not safe across threads
_PLAIN = ("text/plain", "text/markdown", "text/x-markdown")
_HTML = ("text/html", "application/xhtml+xml")
_RTF = ("text/rtf", "application/rtf", "text/richtext")
_PDF = ("application/pdf", "application/x-pdf")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_PDF_PASSWORD = 4  # PDFium's error code


@dataclass(frozen=True, slots=True)
class Extracted:
    """A text and what was left out of it."""

    text: str
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show the length only: the text is patient data."""
        return f"Extracted({len(self.text)} characters)"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no text."""

    why: str


def decode_base64(data: str) -> bytes | Failure:
    """Decode the ``data`` of an attachment or Binary."""
    try:
        return base64.b64decode(re.sub(r"\s+", "", data), validate=True)
    except (binascii.Error, ValueError):
        return Failure("data is not base64")


def verify_attachment(attachment: Mapping[str, Any], data: bytes) -> Failure | None:
    """Compare the bytes with the attachment's ``size`` and SHA-1 ``hash``; ``None`` where they agree."""
    size, digest = attachment.get("size"), attachment.get("hash")
    if isinstance(size, int) and size != len(data):
        return Failure(f"size says {size} bytes, there are {len(data)}")
    if isinstance(digest, str) and digest:
        actual = hashlib.sha1(data, usedforsecurity=False)
        if digest not in (base64.b64encode(actual.digest()).decode(), actual.hexdigest()):
            return Failure("hash differs from the data")
    return None


def extract_text(data: bytes, content_type: str) -> Extracted | Failure:
    """Return the text of ``data``; plain text is exactly the decoded bytes, without a byte order mark."""
    if not data:
        return Failure("empty attachment")
    kind, charset = _parse_type(content_type)
    kind = kind or _sniff(data)
    if kind in _PLAIN:
        found = _decode(data, charset)
    elif kind in _HTML:
        found = _html(data, charset)
    elif kind in _RTF:
        found = _rtf(data)
    elif kind in _PDF:
        found = _pdf(data)
    else:
        shown = kind if re.fullmatch(r"[\w.+-]+/[\w.+-]+", kind) else "unknown"
        return Failure(f"content type {shown} is not read")
    if isinstance(found, Extracted) and not found.text.strip():
        return Failure("no text in the attachment")
    return found


def _parse_type(content_type: str) -> tuple[str, str]:
    kind, *parameters = content_type.split(";")
    charset = ""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip("\"'")
    return kind.strip().lower(), charset


def _sniff(data: bytes) -> str:
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:512].lower()
    if start.startswith(b"%pdf"):
        return "application/pdf"
    if start.startswith(b"{\\rtf"):
        return "application/rtf"
    if start.startswith((b"<!doctype html", b"<html", b"<div", b"<p>", b"<body")):
        return "text/html"
    return "text/plain"


def _decode(data: bytes, charset: str) -> Extracted | Failure:
    name = charset or "utf-8"
    try:
        info = codecs.lookup(name)
        text = data.decode(info.name) if _is_text(info) else None
    except (LookupError, ValueError) as cause:
        if not isinstance(cause, UnicodeDecodeError):
            return Failure("its charset is not known")
        return Failure(f"is not {charset} text" if charset else "not UTF-8, and no charset is declared")
    if text is None:
        return Failure("its charset is not known")
    if "\x00" in text:
        return Failure("holds NUL bytes; not text")
    return Extracted(text.removeprefix("\ufeff"))


def _is_text(info: codecs.CodecInfo) -> bool:
    return bool(getattr(info, "_is_text_encoding", True))


def _html(data: bytes, charset: str) -> Extracted | Failure:
    declared = _META_CHARSET.search(data[:2048])
    decoded = _decode(data, charset or (declared[1].decode("ascii", "replace") if declared else ""))
    if isinstance(decoded, Failure):
        return decoded
    text, hidden = parse_html(decoded.text)
    return Extracted(text, (f"{hidden} characters of hidden text were left out",) if hidden else ())


def _rtf(data: bytes) -> Extracted | Failure:
    from striprtf.striprtf import rtf_to_text

    source = data.decode("latin-1").lstrip()
    if not source.startswith("{\\rtf"):
        return Failure("is not RTF")
    if source.count("{") > source.count("}") + source.count("\\{"):
        return Failure("the RTF ends in the middle")
    try:
        return Extracted(str(rtf_to_text(source, errors="strict")))
    except (ValueError, LookupError, AttributeError, TypeError):
        return Failure("broken RTF")


def _pdf(data: bytes) -> Extracted | Failure:
    import pypdfium2

    with _PDF_LOCK:
        try:
            pdf = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as cause:
            encrypted = getattr(cause, "err_code", None) == _PDF_PASSWORD
            return Failure("an encrypted PDF" if encrypted else "a broken PDF")
        try:
            pages = [_pdf_page(pdf, number) for number in range(len(pdf))]
        except pypdfium2.PdfiumError:
            return Failure("a broken PDF")
        finally:
            pdf.close()
    blank = [str(number) for number, page in enumerate(pages, 1) if not page.strip()]
    if len(blank) == len(pages):
        return Failure("a PDF without a text layer (a scan)")
    warnings = (f"pages without a text layer: {', '.join(blank)}",) if blank else ()
    return Extracted("\f".join(pages), warnings)


def _pdf_page(pdf: Any, number: int) -> str:
    page = pdf[number]
    text_page = page.get_textpage()
    try:
        text = str(text_page.get_text_range())
    finally:
        text_page.close()
        page.close()
    return text.replace("\r\n", "\n").replace("\x02", "-").replace("\ufffe", "-").replace("\x00", "")
