"""FITS: images, tables and what their headers say (P13, L12).

Rules
1. Headers are read one by one, and data are passed over: their size is worked out, compared with the file, and never
   set aside. A file that ends early is refused.
2. An HDU is known by its EXTNAME, the first one by PRIMARY, others by their number (``HDU2``).
3. A column of a table is ``EXTNAME.TTYPE``; its TLMIN, TLMAX, TDMIN and TDMAX are statistics of it, as DATAMIN and
   DATAMAX are of an image.
4. HISTORY, COMMENT and cards without a keyword are free text, and so are cards that do not say how the data are laid
   out (``SCI.#cards``), and others in whose value or comment something can be told. Bytes that belong to nothing are
   metadata: data that no image and no column has (``SCI.#data``), what fills up a block (``SCI.#filling``), and
   whatever follows the last HDU.
5. A cell of a table that holds as many numbers as an image can be one, and so can columns that are alike (L14).
6. A file that is declared to be a stamp of an alert is looked at as a whole, as a stamp in a packet is: its size, its
   centre, its HDUs and cards (P14). What it has beside the image is told by the rule, and not listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from astropy.io import fits

from gateway.compliance.manifest import Manifest
from gateway.compliance.resolve import is_of_alerts
from gateway.compliance.sources import Source
from gateway.compliance.surface import PIXELS, Content, Surface, column, free_text
from gateway.compliance.targets.hdu import BLOCK, header_at, number_of, size_of, texts_of, told_of, value_of
from gateway.errors import InputError, LimitError, Where
from gateway.model.fieldpath import FieldPath
from gateway.model.fitsfile import MAX_BYTES as MAX_STAMP
from gateway.policy.cutouts.cutout import Facts, Verdict, inspect
from gateway.policy.cutouts.form import forms
from gateway.policy.cutouts.member import deflated
from gateway.policy.events.signs import Sign, bulk, signs
from gateway.policy.rule import Resource

__all__ = ["MAX_HDUS", "NAME", "fields", "recognise"]

NAME = "FITS"
MAX_HDUS = 1000
"""Most HDUs of a FITS file: calibrated images of one exposure have a few hundred."""
_PRIMARY = FieldPath(("PRIMARY",))
_MAGIC = b"SIMPLE  ="
# What writers of FITS put into every file, and nothing of it.
_BOILERPLATE = (
    "FITS (Flexible Image Transport System) format is defined in 'Astronomy",
    "and Astrophysics', volume 376, page 359; bibcode: 2001A&A...376..359H",
    "",
)
_STATISTICS = ("TLMIN", "TLMAX", "TDMIN", "TDMAX")
# Cards that say how the data are laid out, and where in the sky (FITS 4.0, and the papers on world coordinates).
_OF_THE_FORMAT = re.compile(
    r"(SIMPLE|BITPIX|NAXIS\d*|EXTEND|XTENSION|PCOUNT|GCOUNT|GROUPS|TFIELDS|THEAP|EXTNAME|EXTVER|EXTLEVEL|INHERIT"
    r"|BUNIT|BSCALE|BZERO|BLANK|CHECKSUM|DATASUM|DATE|DATAMIN|DATAMAX"
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
        header, begin, filling = header_at(source, at)
        if header is None:
            yield _unknown("#trailing")
            return
        size = size_of(header)
        end = begin + -(-size // BLOCK) * BLOCK
        if begin + size > source.size:
            raise InputError(
                "input-damaged",
                "The FITS file ends in the data of an HDU.",
                where=Where(offset=source.size),
            )
        place = _place(header, number)
        yield from _of_hdu(header, place, size)
        source.stream.seek(begin + size)
        filling += source.stream.read(end - begin - size)
        if filling.strip(b"\0 "):
            yield free_text(place, "#filling", sort="metadata")
        at, number = end, number + 1


def _place(header: fits.Header, number: int) -> str:
    """Rule 2."""
    name = value_of(header, "EXTNAME")
    return name if isinstance(name, str) and name else f"HDU{number}" if number else "PRIMARY"


def _of_hdu(header: fits.Header, place: str, size: int) -> Iterator[Surface]:
    columns = value_of(header, "TFIELDS")
    is_image = value_of(header, "XTENSION") in (None, "IMAGE") or value_of(header, "ZIMAGE") is True
    if is_image and (size or columns):
        yield column(place, kind="image", sort="pixels")
        found = [key for key in ("DATAMIN", "DATAMAX") if key in header]
        if found:
            yield column(place, kind="image", sort="statistics", detail=", ".join(found))
    elif type(columns) is int and not is_image:
        yield from _of_columns(header, place, columns)
    if not is_image and size > told_of(header, columns):
        yield _unknown(place, "#data")
    yield from _of_cards(header, place)


def _of_columns(header: fits.Header, place: str, columns: int) -> Iterator[Surface]:
    rows = number_of(header, "NAXIS2", 0)
    for index in range(1, columns + 1):
        title = value_of(header, f"TTYPE{index}")
        step = title.strip() if isinstance(title, str) and title.strip() else f"COLUMN{index}"
        form = _FORM.match(str(value_of(header, f"TFORM{index}")))
        alike = (form[0], value_of(header, f"TUNIT{index}"), _DIGITS.sub("0", step)) if form else None
        yield column(place, step, rows=rows, found=_can_be_an_image(form), alike=alike)
        found = [key for key in _STATISTICS if f"{key}{index}" in header]
        if found:
            yield column(place, step, sort="statistics", detail=", ".join(found), rows=rows)
        if f"TCOMM{index}" in header:
            yield column(place, step, sort="documentation", detail="TCOMM", rows=rows)


def _unknown(*steps: str) -> Surface:
    """Bytes that belong to nothing."""
    return replace(free_text(*steps, sort="metadata"), signs=frozenset({PIXELS}))


def _of_cards(header: fits.Header, place: str) -> Iterator[Surface]:
    """Rule 4."""
    for key in _COMMENTARY:
        lines = [line for line in map(str, header.get(key, ())) if line.strip() not in _BOILERPLATE]
        if lines:
            yield free_text(place, f"#{key or 'text'}", text="\n".join(lines))
    others = [card for card in header.cards if card.keyword not in _COMMENTARY]
    found = set().union(*(signs(text) for card in others for text in texts_of(card)))
    if found or not all(_OF_THE_FORMAT.match(card.keyword) for card in others):
        surface = free_text(place, "#cards", sort="metadata")
        yield replace(surface, signs=frozenset(found))


_COMMENTARY = ("HISTORY", "COMMENT", "")
_DIGITS = re.compile("[0-9]+")
_FORM = re.compile(r"([0-9]{0,9})(?:[BIJKEDCM]|[PQ][BIJKEDCM]\(([0-9]{1,18})\))")
"""TFORM of numbers: how many in a cell, or at most how many in one of a heap."""


def _can_be_an_image(form: re.Match[str] | None) -> frozenset[Sign]:
    """Rule 5."""
    return bulk(numbers=int(form[2] or form[1] or 1)) if form else frozenset()
