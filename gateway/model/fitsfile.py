"""The structure of a FITS file of plain images: headers cut into cards, and where the pixels are.

What this is not: a reader of FITS in general. Alerts carry images of one or more HDUs and nothing else, and what
comes in may have been made to hurt; so tables, compression, scaled pixels, heaps and groups are refused.

Rules (FITS standard 4.0, sections 3, 4 and 7.1)
1. A file is a sequence of HDUs: a header of cards of 80 characters, the last one END, and the data, each filled up
   to a multiple of 2880 bytes, with blanks and with zeros.
2. The first HDU begins with SIMPLE = T, the others with XTENSION = 'IMAGE'. BITPIX, NAXIS, NAXIS1 and so on follow
   in this order, and in an extension PCOUNT = 0 and GCOUNT = 1.
3. A pixel is the number that stands in the data. A card that says otherwise (BSCALE, BZERO, BLANK), or that says
   a second time what rule 2 says, is refused; so is HIERARCH, which can spell all of these.
4. A size is computed from the header in integers and compared with what is there before anything is cut.
5. Whatever the bytes, there is a result or a FITSError or LimitError, and neither repeats a byte of the file.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from gateway.errors import FITSError, LimitError, Where

__all__ = ["BLOCK", "CARD", "END", "HDU", "padded", "pixels", "read", "scan"]

CARD, BLOCK = 80, 2880
END = b"END".ljust(CARD)

MAX_BYTES = 4 * 2**20
"""Largest FITS file. A stamp of LSST has 35 to 160 KiB; the largest of the precursor surveys had 4 MiB."""
MAX_HDUS = 16
"""Most HDUs of a FITS file. A stamp has three or four."""
MAX_HEADER = 36 * BLOCK
"""Longest header in bytes, that is 1296 cards. A stamp has 23."""
MAX_AXES = 4
"""Most axes of an image. A stamp has two."""

_KEYWORD = b"|".join(rb"[A-Z0-9_-]{%d} {%d}" % (n, 8 - n) for n in range(8, -1, -1))
_CARDS = re.compile(rb"(?:(?!END {5})(?:%b)[ -~]{72})*" % _KEYWORD)
_SIMPLE = re.compile(rb"SIMPLE  = +T *(?:/.*)?")
_IMAGE = re.compile(rb"XTENSION= +'IMAGE *' *(?:/[^\n]*)?")
_INTEGER = re.compile(rb"= +(-?[0-9]{1,9}) *(?:/.*)?")

_BITPIX = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_SAID_ONCE = ["SIMPLE", "XTENSION", "BITPIX", "NAXIS", *(f"NAXIS{n}" for n in range(1, MAX_AXES + 1))]
_REFUSED = frozenset(
    key.encode().ljust(8)
    for key in (*_SAID_ONCE, "PCOUNT", "GCOUNT", "GROUPS", "BSCALE", "BZERO", "BLANK", "HIERARCH")
)


class HDU(NamedTuple):
    """One HDU: its cards without END, and where its data are.

    axes : NAXIS1, NAXIS2 and so on; NAXIS1 is the length of a row
    data, size : the data are ``file[data : data + size]``, the filling excluded
    end : where the next HDU begins
    """

    cards: tuple[bytes, ...]
    bitpix: int
    axes: tuple[int, ...]
    data: int
    size: int
    end: int


def read(file: bytes) -> list[HDU]:
    """The HDUs of a file that consists of them and nothing else.

    Raises FITSError (fits-form, fits-truncated, fits-trailing) or LimitError (limit-size).
    """
    hdus, end = scan(file)
    start = 0
    for hdu in hdus:
        blanks = file[start + CARD * (len(hdu.cards) + 1) : hdu.data]
        zeros = file[hdu.data + hdu.size : hdu.end]
        if blanks != b" " * len(blanks) or zeros != bytes(len(zeros)):
            raise _fault("fits-trailing", "A header or its data are filled up with other bytes", start)
        start = hdu.end
    if end != len(file):
        raise _fault("fits-trailing", "What follows the last image is no image", end)
    return hdus


def scan(file: bytes) -> tuple[list[HDU], int]:
    """The HDUs at the beginning of a file, and where the last of them ends.

    What stands there (an extension that is no image, for instance), and what the headers and data are filled up
    with, is not looked at. Raises FITSError (fits-form, fits-truncated) or LimitError (limit-size).
    """
    if len(file) > MAX_BYTES:
        raise LimitError("limit-size", f"The FITS file is larger than {MAX_BYTES} bytes.")
    if not _SIMPLE.fullmatch(file[:CARD]):
        raise _fault("fits-form", "The file does not begin with SIMPLE = T", 0)
    hdus = [_hdu(file, 0, ())]
    while _IMAGE.fullmatch(file[hdus[-1].end : hdus[-1].end + CARD]):
        if len(hdus) == MAX_HDUS:
            raise LimitError("limit-size", f"The FITS file has more than {MAX_HDUS} HDUs.")
        hdus.append(_hdu(file, hdus[-1].end, ((b"PCOUNT  ", 0), (b"GCOUNT  ", 1))))
    return hdus, hdus[-1].end


def _hdu(file: bytes, start: int, after: tuple[tuple[bytes, int], ...]) -> HDU:
    """The HDU that begins at `start`; `after` has the cards that follow NAXISn, with their values."""
    stop = file.find(END, start, start + MAX_HEADER)
    while (stop - start) % CARD and stop >= 0:
        stop = file.find(END, stop + 1, start + MAX_HEADER)
    if stop < 0:
        raise _fault("fits-form", "A header has no END, or one that is too far away", start)
    header = file[start:stop]
    if not _CARDS.fullmatch(header):
        raise _fault("fits-form", "A header has a keyword or character that FITS does not know", start)
    cards = tuple([header[at : at + CARD] for at in range(0, len(header), CARD)])
    bitpix = _integer(cards, 1, b"BITPIX  ", start)
    naxis = _integer(cards, 2, b"NAXIS   ", start)
    if bitpix not in _BITPIX or not 0 <= naxis <= MAX_AXES:
        raise _fault("fits-form", "BITPIX or NAXIS has a value that no plain image has", start)
    axes = tuple([_integer(cards, 2 + n, b"NAXIS%d  " % n, start) for n in range(1, naxis + 1)])
    size = abs(bitpix) // 8 if axes else 0
    for axis in axes:
        size *= axis
        if axis < 1 or size > len(file):
            raise _fault("fits-truncated", "An axis is empty or longer than the file", start)
    for place, (key, value) in enumerate(after, 3 + naxis):
        if _integer(cards, place, key, start) != value:
            raise _fault("fits-form", "PCOUNT or GCOUNT is not that of an image", start)
    if not _REFUSED.isdisjoint([card[:8] for card in cards[3 + naxis + len(after) :]]):
        raise _fault("fits-form", "A card changes what the pixels mean, or repeats the structure", start)
    data = start + padded(stop + CARD - start)
    end = data + padded(size)
    if end > len(file):
        raise _fault("fits-truncated", "The file ends inside an HDU", start)
    return HDU(cards, bitpix, axes, data, size, end)


def _integer(cards: tuple[bytes, ...], place: int, key: bytes, start: int) -> int:
    """The integer of the card that has to stand at this place."""
    card = cards[place] if place < len(cards) else b""
    found = _INTEGER.fullmatch(card, 8)
    if card[:8] != key or not found:
        raise _fault("fits-form", f"{key.decode().rstrip()} is missing, misplaced or no integer", start)
    return int(found[1])


def _fault(code: str, sentence: str, start: int) -> FITSError:
    return FITSError(code, f"{sentence}.", where=Where(offset=start))


def padded(size: int) -> int:
    """A size filled up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def pixels(file: bytes, hdu: HDU) -> np.ndarray[Any, np.dtype[Any]]:
    """The pixels of an HDU as they stand in the file: big-endian, read-only, the last axis first."""
    flat = np.frombuffer(file, _BITPIX[hdu.bitpix], hdu.size // (abs(hdu.bitpix) // 8), hdu.data)
    return flat.reshape(hdu.axes[::-1])
