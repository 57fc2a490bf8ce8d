"""The HDUs of a FITS file: their headers, how many bytes of data follow, and how many of these a table tells of."""

from __future__ import annotations

import re
import warnings

from astropy.io import fits
from astropy.io.fits.verify import VerifyError

from gateway.compliance.sources import Source
from gateway.errors import InputError, LimitError, Where
from gateway.model.fitsfile import CARD

__all__ = ["BLOCK", "MAX_HEADER", "header_at", "number_of", "size_of", "texts_of", "told_of", "value_of"]

BLOCK = 2880
MAX_HEADER = 2**20
"""Largest header of an HDU in bytes: 13 000 cards; the richest there are have about 1000."""

_CELL = re.compile(r"([0-9]{0,9})([LXBIJKAEDCMPQ])")
_BITS = {
    **dict.fromkeys("LBA", 8),
    **dict.fromkeys("JE", 32),
    **dict.fromkeys("KDCP", 64),
    **dict.fromkeys("MQ", 128),
    "X": 1,
    "I": 16,
}


def header_at(source: Source, at: int) -> tuple[fits.Header | None, int, bytes]:
    """The header that begins here, where its data begin, and what fills it up; None where no HDU begins."""
    source.stream.seek(at)
    text = b""
    while (end := _end(text)) is None:
        block = source.stream.read(BLOCK)
        if at and not text and not block.startswith(b"XTENSION="):
            return None, at, b""
        if len(block) < BLOCK:
            raise InputError(
                "input-damaged", "The FITS file ends in a header.", where=Where(offset=source.size)
            )
        text += block
        if len(text) > MAX_HEADER:
            raise LimitError(
                "limit-size", f"A header is longer than {MAX_HEADER} bytes.", where=Where(offset=at)
            )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd about a card is no matter here
            return fits.Header.fromstring(text[:end].decode("ascii")), at + len(text), text[end:]
    except (ValueError, VerifyError, UnicodeDecodeError):
        raise _damaged() from None


def _end(text: bytes) -> int | None:
    """Where a header ends, behind its card END; None when that is not there yet."""
    cards = range(max(0, len(text) - BLOCK), len(text), CARD)
    return next((at + CARD for at in cards if text[at : at + 8] == b"END     "), None)


def _damaged() -> InputError:
    return InputError("input-damaged", "A header of the FITS file is damaged.")


def size_of(header: fits.Header) -> int:
    """The bytes of an HDU's data (FITS 4.0, sections 4.4.1 and 7)."""
    bits, axes = number_of(header, "BITPIX", 8), number_of(header, "NAXIS", 0)
    if bits not in (8, 16, 32, 64, -32, -64) or not 0 <= axes <= 999:
        raise _damaged()
    sides = [number_of(header, f"NAXIS{axis}", 0) for axis in range(1, axes + 1)]
    if header.get("GROUPS") is True and sides[:1] == [0]:
        del sides[0]
    cells = 1 if sides else 0
    for side in sides:
        cells *= side
    size = abs(bits) // 8 * number_of(header, "GCOUNT", 1) * (number_of(header, "PCOUNT", 0) + cells)
    if size < 0 or any(side < 0 for side in sides):
        raise _damaged()
    return size


def number_of(header: fits.Header, key: str, default: int) -> int:
    """The whole number that a card says. Raises InputError (input-damaged)."""
    value = value_of(header, key)
    if value is None:
        return default
    if type(value) is not int:
        raise _damaged()
    return value


def value_of(header: fits.Header, key: str) -> object:
    """What a card says; None without it. Raises InputError (input-damaged)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value: object = header.get(key)
            return value
    except (VerifyError, ValueError):
        raise _damaged() from None


def told_of(header: fits.Header, columns: object) -> int:
    """How many bytes of a table's data its columns tell of (FITS 4.0, tables 18 and 20)."""
    if value_of(header, "XTENSION") == "TABLE":  # blanks stand between its columns
        return size_of(header) - number_of(header, "PCOUNT", 0)
    if value_of(header, "XTENSION") != "BINTABLE" or type(columns) is not int:
        return 0
    width = heap = 0
    for index in range(1, columns + 1):
        form = _CELL.match(str(value_of(header, f"TFORM{index}")))
        if form is not None:
            width += -(-int(form[1] or 1) * _BITS[form[2]] // 8)
            heap = number_of(header, "PCOUNT", 0) if form[2] in "PQ" and form[1] != "0" else heap
    return width * number_of(header, "NAXIS2", 0) + heap


def texts_of(card: fits.Card) -> tuple[str, str]:
    """The value and the comment of a card."""
    try:
        return str(card.value), str(card.comment)
    except (VerifyError, ValueError):
        raise _damaged() from None
