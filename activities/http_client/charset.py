"""In which charset an answer is written: as its byte order mark, its header, or its first bytes say."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

NAMED = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:+-]{1,40})", re.IGNORECASE)

WRITTEN = re.compile(
    r"(utf_?(8|16|32)|utf_(16|32)_[bl]e|ascii|iso8859_\d+|latin_1|cp\d+|koi8_[rtu]|mac_\w+|gb\w+|hz|big5\w*|johab|"
    r"shift_jis\w*|euc_\w+|iso2022_\w+|tis_620|kz1048|ptcp154)"
)
"""Codecs of Python that are charsets; others unpack, escape or take endlessly long."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, those first that begin with another one."""

JSON_BEGINS = (
    (re.compile(rb"\0\0\0[^\0]", re.DOTALL), "utf-32-be"),
    (re.compile(rb"[^\0]\0\0\0", re.DOTALL), "utf-32-le"),
    (re.compile(rb"\0[^\0]", re.DOTALL), "utf-16-be"),
    (re.compile(rb"[^\0]\0", re.DOTALL), "utf-16-le"),
)
"""How JSON begins in charsets of two and four bytes: its first character is always an ASCII one."""


def named(headers: Mapping[str, str]) -> str | None:
    """Return the codec for the charset that the header Content-Type names, or None where it names none we know."""
    match = NAMED.search(headers.get("content-type", ""))
    if match is None:
        return None
    try:
        codec = codecs.lookup(match[1]).name
    except (LookupError, ValueError):
        return None
    return codec if WRITTEN.fullmatch(codec.replace("-", "_")) else None


def marked(body: bytes) -> str | None:
    """Return the codec that a byte order mark names."""
    return next((codec for mark, codec in MARKS if body.startswith(mark)), None)


def text_of(headers: Mapping[str, str], body: bytes, *, json: bool = False, errors: str = "strict") -> str:
    """Return a body as text: in the charset of its mark, else of the header, else UTF-8.

    Args:
        headers: names in lower case.
        body: all of it, or its beginning.
        json: whether it is JSON, whose first bytes tell UTF-16 and UTF-32 where nothing names them.
        errors: what becomes of bytes that do not fit, as `bytes.decode` takes it.

    Raises:
        UnicodeError: it is not written in that charset.
    """
    begins = next((codec for begin, codec in JSON_BEGINS if begin.match(body)), None) if json else None
    codec = named(headers)
    if begins is not None and codec in (None, "utf-16", "utf-32"):
        codec = begins
    return body.decode(marked(body) or codec or "utf-8", errors)
