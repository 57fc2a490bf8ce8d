"""FITS: images, tables and what their headers say (P13, L12).

Rules
1. Headers are read one by one, and data are passed over: their size is worked out, compared with the file, and never
   set aside. A file that ends early is refused.
2. An HDU is known by its EXTNAME, the first one by PRIMARY, others by their number (``HDU2``).
3. A column of a table is ``EXTNAME.TTYPE``; its TLMIN, TLMAX, TDMIN and TDMAX are statistics of it, as DATAMIN and
   DATAMAX are of an image.
4. HISTORY and COMMENT are free text, and so are whatever follows the last HDU and cards that do not say how the data
   are laid out (``SCI.#cards``).
5. A cell of a table that holds as many numbers as an image can be one, and so can columns that are alike (L14).
6. A file that is declared to be a stamp of an alert is looked at as a whole, as a stamp in a packet is: its size, its
   centre, its HDUs and cards (P14). What it has beside the image is told by the rule, and not listed here.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

from astropy.io import fits
from astropy.io.fits.verify import VerifyError

from gateway.compliance.manifest import Manifest
from gateway.compliance.resolve import is_of_alerts
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Surface, column, free_text
from gateway.errors import InputError, LimitError, Where
from gateway.model.fieldpath import FieldPath
from gateway.model.fitsfile import MAX_BYTES as MAX_STAMP
from gateway.policy.cutouts.cutout import Facts, Verdict, inspect
from gateway.policy.cutouts.form import forms
from gateway.policy.cutouts.member import deflated
from gateway.policy.events.signs import Sign, bulk
from gateway.policy.rule import Resource

__all__ = ["MAX_HDUS", "MAX_HEADER", "NAME", "fields", "recognise"]

NAME = "FITS"
MAX_HDUS = 1000
"""Most HDUs of a FITS file: calibrated images of one exposure have a few hundred."""
MAX_HEADER = 2**20
"""Largest header of an HDU in bytes: 13 000 cards; the richest there are have about 1000."""

_PRIMARY = FieldPath(("PRIMARY",))
_BLOCK = 2880
_MAGIC = b"SIMPLE  ="
# What writers of FITS put into every file, and nothing of it.
_BOILERPLATE = (
    "FITS (Flexible Image Transport System) format is defined in 'Astronomy",
    "and Astrophysics', volume 376, page 359; bibcode: 2001A&A...376..359H",
)
_STATISTICS = ("TLMIN", "TLMAX", "TDMIN", "TDMAX")
# Cards that say how the data are laid out, and where in the sky (FITS 4.0, and the papers on world coordinates).
_OF_THE_FORMAT = re.compile(
    r"(SIMPLE|BITPIX|NAXIS\d*|EXTEND|XTENSION|PCOUNT|GCOUNT|GROUPS|TFIELDS|THEAP|EXTNAME|EXTVER|EXTLEVEL|INHERIT"
    r"|BUNIT|BSCALE|BZERO|BLANK|CHECKSUM|DATASUM|DATE|DATAMIN|DATAMAX|HISTORY|COMMENT|"
    r"|T(TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM|BCOL|UCD|COMM|LMIN|LMAX|DMIN|DMAX)\d+"
    r"|Z(IMAGE|TENSION|SIMPLE|BITPIX|NAXIS\d*|EXTEND|BLOCKED|PCOUNT|GCOUNT|TILE\d+|CMPTYPE|NAME\d+|VAL\d+"
    r"|QUANTIZ|DITHER0|BLANK|SCALE|ZERO|MASKCMP|HECKSUM|DATASUM)"
    r"|WCSAXES|C(RPIX|RVAL|DELT|TYPE|UNIT|ROTA)\d+|(PC|CD)\d+_\d+|LONPOLE|LATPOLE|MJDREF|RADESYS|EQUINOX|END)\Z"
)


def recognise(start: bytes, name: str) -> bool:
    """By the first card."""
    return start.startswith(_MAGIC)


def fields(source: Source, manifest: Manifest) -> Content:
    """The images, columns and texts of the file. Raises InputError and LimitError."""
    declared = manifest.about(source.name, _PRIMARY)
    if declared.alert_field is not None and is_of_alerts(declared.label) and source.size <= MAX_STAMP:
        return Content([_stamp(source)], name="a stamp in FITS")
    return Content(_surfaces(source))


def _stamp(source: Source) -> Surface:
    """Rule 6."""
    data = source.data(MAX_STAMP)

    def inspected(survey: str, facts: Facts) -> Verdict:
        # A wrapper was taken off already, whatever was in its header.
        return inspect(deflated(data) if survey in forms() and forms()[survey].gzip else data, survey, facts)

    return Surface(_PRIMARY, Resource("image", _PRIMARY), "pixels", stamp=inspected)


def _surfaces(source: Source) -> Iterator[Surface]:
    at = number = 0
    while at < source.size:
        if number == MAX_HDUS:
            raise LimitError("limit-size", f"The file has more than {MAX_HDUS} HDUs.")
        header, begin = _header(source, at)
        if header is None:
            yield free_text("#trailing", sort="metadata")
            return
        size = _size(header)
        end = begin + -(-size // _BLOCK) * _BLOCK
        if begin + size > source.size:
            raise InputError(
                "input-damaged",
                "The FITS file ends in the data of an HDU.",
                where=Where(offset=source.size),
            )
        yield from _of_hdu(header, number)
        at, number = end, number + 1


def _header(source: Source, at: int) -> tuple[fits.Header | None, int]:
    """The header that begins here and where its data begin; None where no HDU begins."""
    source.stream.seek(at)
    text = b""
    while not _ends(text):
        block = source.stream.read(_BLOCK)
        if at and not text and not block.startswith(b"XTENSION="):
            return None, at
        if len(block) < _BLOCK:
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
            return fits.Header.fromstring(text.decode("ascii")), at + len(text)
    except (ValueError, VerifyError, UnicodeDecodeError):
        raise _damaged() from None


def _ends(text: bytes) -> bool:
    return any(text[at : at + 8] == b"END     " for at in range(max(0, len(text) - _BLOCK), len(text), 80))


def _damaged() -> InputError:
    return InputError("input-damaged", "A header of the FITS file is damaged.")


def _size(header: fits.Header) -> int:
    """The bytes of an HDU's data (FITS 4.0, sections 4.4.1 and 7)."""
    bits, axes = _number(header, "BITPIX", 8), _number(header, "NAXIS", 0)
    if bits not in (8, 16, 32, 64, -32, -64) or not 0 <= axes <= 999:
        raise _damaged()
    sides = [_number(header, f"NAXIS{axis}", 0) for axis in range(1, axes + 1)]
    if header.get("GROUPS") is True and sides[:1] == [0]:
        del sides[0]
    cells = 1 if sides else 0
    for side in sides:
        cells *= side
    size = abs(bits) // 8 * _number(header, "GCOUNT", 1) * (_number(header, "PCOUNT", 0) + cells)
    if size < 0 or any(side < 0 for side in sides):
        raise _damaged()
    return size


def _number(header: fits.Header, key: str, default: int) -> int:
    value = _value(header, key)
    if value is None:
        return default
    if type(value) is not int:
        raise _damaged()
    return value


def _value(header: fits.Header, key: str) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value: object = header.get(key)
            return value
    except (VerifyError, ValueError):
        raise _damaged() from None


def _of_hdu(header: fits.Header, number: int) -> Iterator[Surface]:
    name = _value(header, "EXTNAME")
    place = name if isinstance(name, str) and name else f"HDU{number}" if number else "PRIMARY"
    columns = _value(header, "TFIELDS")
    is_image = _value(header, "XTENSION") in (None, "IMAGE") or _value(header, "ZIMAGE") is True
    if is_image and (_number(header, "NAXIS", 0) > 0 or columns):
        yield column(place, kind="image", sort="pixels")
        found = [key for key in ("DATAMIN", "DATAMAX") if key in header]
        if found:
            yield column(place, kind="image", sort="statistics", detail=", ".join(found))
    elif type(columns) is int and not is_image:
        rows = _number(header, "NAXIS2", 0)
        for index in range(1, columns + 1):
            title = _value(header, f"TTYPE{index}")
            step = title.strip() if isinstance(title, str) and title.strip() else f"COLUMN{index}"
            form = _FORM.match(str(_value(header, f"TFORM{index}")))
            alike = (form[0], _value(header, f"TUNIT{index}"), _DIGITS.sub("0", step)) if form else None
            yield column(place, step, rows=rows, found=_can_be_an_image(form), alike=alike)
            found = [key for key in _STATISTICS if f"{key}{index}" in header]
            if found:
                yield column(place, step, sort="statistics", detail=", ".join(found), rows=rows)
            if f"TCOMM{index}" in header:
                yield column(place, step, sort="documentation", detail="TCOMM", rows=rows)
    for key in ("HISTORY", "COMMENT"):
        lines = [line for line in map(str, header.get(key, ())) if line.strip() not in _BOILERPLATE]
        if lines:
            yield free_text(place, f"#{key}", text="\n".join(lines))
    if any(not _OF_THE_FORMAT.match(key) for key in header):
        yield free_text(place, "#cards", sort="metadata")


_DIGITS = re.compile("[0-9]+")
_FORM = re.compile(r"([0-9]{0,9})(?:[BIJKEDCM]|[PQ][BIJKEDCM]\(([0-9]{1,18})\))")
"""TFORM of numbers: how many in a cell, or at most how many in one of a heap."""


def _can_be_an_image(form: re.Match[str] | None) -> frozenset[Sign]:
    """Rule 5."""
    return bulk(numbers=int(form[2] or form[1] or 1)) if form else frozenset()
