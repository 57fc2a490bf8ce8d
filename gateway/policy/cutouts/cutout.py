"""May this stamp leave? As it came, made again from what issued stamps have, or not at all (clauses P13, P14).

Rules
1. What an issued stamp looks like is data: ``policy/cutouts``. What is not in the table of the survey is not kept.
2. The stamp is always made again, from the HDUs and cards that the table has, in its order. When that gives the bytes
   that came, they are as issued; so a byte anywhere that no issued stamp has (in a comment, behind END, in the filling,
   at the end) makes the difference. When it does not, what was made is what may leave.
3. The primary HDU must be as the table says: a card that is missing, there twice or of another value, another side
   than the clamped bboxSize, a position that is not the trigger's: refused. Another HDU is kept when it is as the
   table says, once; otherwise it is left out, which leaks nothing.
4. Numbers keep their spelling when it is the one of issued stamps, and are written anew otherwise. Comments
   are the table's or none.
5. A not-a-number has one of four bit patterns; another one is replaced, because the rest of its bits can carry
   anything. Numbers are not touched: whether a pixel is the issued one shows only its hash.
6. Without the trigger's position an LSST stamp is refused, since every version of the schema has it. Without bboxSize,
   which 3.0 to 7.4 do not have and 10.0 allows to be null, any side between the limits will do.
7. With the hash of the issued stamp nothing else counts.
8. A verdict repeats nothing of the stamp: not a pixel, not a value, not the name of a card.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np

from gateway.errors import FITSError, LimitError
from gateway.model.fitsfile import CARD, END, HDU, padded, pixels, scan
from gateway.policy.cutouts.fast import INTEGER, REAL, free_of_nan, recogniser
from gateway.policy.cutouts.form import PRIMARY, CardForm, Facts, Form, HDUForm, forms
from gateway.policy.cutouts.member import deflated, inflated

__all__ = ["RULES", "Changes", "Facts", "Verdict", "inspect"]

Outcome = Literal["as-issued", "rebuilt", "refuse"]

RULES: dict[str, tuple[Outcome, str, str]] = {
    "cutout-as-issued": ("as-issued", "P13", "The stamp looks in every byte like one of an issued alert."),
    "cutout-archived": ("as-issued", "P13", "The stamp has the hash of the issued one."),
    "cutout-rebuilt": (
        "rebuilt",
        "P14",
        "The stamp had something that no issued stamp has; it was made again without that.",
    ),
    "cutout-survey": ("refuse", "P13", "It is not known what the stamps of this survey look like."),
    "cutout-not-fits": (
        "refuse",
        "P13",
        "This is no FITS file of plain images, or it is damaged; images in other formats do not leave.",
    ),
    "cutout-compression": (
        "refuse",
        "P13",
        "The stamp is not compressed in the way of the survey, is damaged, or is far too large inside.",
    ),
    "cutout-changed": ("refuse", "P13", "The stamp does not have the hash of the issued one."),
    "cutout-card": (
        "refuse",
        "P14",
        "The image's header lacks a card of issued stamps, or has one twice or with an impossible value.",
    ),
    "cutout-size": (
        "refuse",
        "P14",
        "The image does not have the size that the survey cuts for this source.",
    ),
    "cutout-position": ("refuse", "P14", "The image is not centred on the source of the alert."),
    "cutout-unplaced": (
        "refuse",
        "P14",
        "The position of the alert is not known, so it cannot be told whether the image is its own.",
    ),
}
"""Rule -> what becomes of the stamp, the clause, and a sentence that a subscriber can read."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How many HDUs and cards were left out, cards written anew, pixels replaced, bytes cut off at the end."""

    hdus: int = 0
    cards: int = 0
    rewritten: int = 0
    pixels: int = 0
    trailing: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a stamp.

    data : the bytes that may leave; None when the outcome is ``refuse``
    """

    outcome: Outcome
    rule: str
    clause: str
    reason: str
    changes: Changes = Changes()
    data: bytes | None = field(default=None, repr=False)


def inspect(data: bytes, survey: str, facts: Facts, known_sha256: str | None = None) -> Verdict:
    """The verdict on a stamp. Never raises, whatever the bytes.

    survey : ``lsst`` or ``ztf``
    known_sha256 : hexadecimal, of the issued stamp, where it has been archived
    """
    if known_sha256 is not None:
        same = hashlib.sha256(data).hexdigest() == known_sha256.lower()
        return _verdict("cutout-archived", data) if same else _verdict("cutout-changed")
    form = forms().get(survey)
    if form is None:
        return _verdict("cutout-survey")
    try:
        made, changes = (_member if form.gzip else _file)(data, form, facts)
    except _Refused as refused:
        return _verdict(refused.rule)
    except (FITSError, LimitError):
        return _verdict("cutout-not-fits")
    if made == data:
        return _verdict("cutout-as-issued", data)
    return _verdict("cutout-rebuilt", made, changes)


def _verdict(rule: str, data: bytes | None = None, changes: Changes = Changes()) -> Verdict:
    outcome, clause, reason = RULES[rule]
    return Verdict(outcome, rule, clause, reason, changes, data)


class _Refused(Exception):
    """The stamp, or an HDU of it, is not as the table says."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class _Made(NamedTuple):
    """An HDU made again, and what was changed."""

    data: bytes
    cards: int
    rewritten: int
    pixels: int


def _member(data: bytes, form: Form, facts: Facts) -> tuple[bytes, Changes]:
    member = inflated(data)
    if member is None:
        raise _Refused("cutout-compression")
    made, changes = _file(member.content, form, facts)
    if made == member.content and member.plain:
        return data, changes
    return deflated(made), replace(changes, trailing=changes.trailing + member.trailing)


def _file(file: bytes, form: Form, facts: Facts) -> tuple[bytes, Changes]:
    """The FITS file made again (rule 2); that which would come out as it came in is known at a glance."""
    if recogniser(form.survey)(file, facts):
        return file, Changes()
    return _made_again(file, form, facts)


def _made_again(file: bytes, form: Form, facts: Facts) -> tuple[bytes, Changes]:
    (primary, *others), end = scan(file)
    rows = {row.name: row for row in form.hdus}
    made = {PRIMARY: _hdu(file, primary, rows[PRIMARY], primary, facts)}
    for hdu in others:
        name = _extname(hdu)
        if name in rows and name not in made:
            with suppress(_Refused):  # rule 3: it is left out
                made[name] = _hdu(file, hdu, rows[name], primary, facts)
    kept = [made[name] for name in rows if name in made]
    changes = Changes(
        1 + len(others) - len(kept),
        sum(hdu.cards for hdu in kept),
        sum(hdu.rewritten for hdu in kept),
        sum(hdu.pixels for hdu in kept),
        len(file) - end,
    )
    return b"".join([hdu.data for hdu in kept]), changes


def _extname(hdu: HDU) -> str:
    for card in hdu.cards:
        if card[:8] == b"EXTNAME " and (text := _TEXT.fullmatch(card, 8)):
            return text[1].rstrip().decode("ascii")
    return ""


def _hdu(file: bytes, hdu: HDU, row: HDUForm, primary: HDU, facts: Facts) -> _Made:
    if hdu.bitpix not in row.bitpix:
        raise _Refused("cutout-card")
    if not row.fits(hdu.axes, primary.axes, facts):
        raise _Refused("cutout-size")
    found: dict[bytes, bytes] = {}
    unknown = 0
    for card in hdu.cards:
        key = card[:8]
        if key not in row.keys:
            unknown += 1
        elif key in found:
            raise _Refused("cutout-card")
        else:
            found[key] = card
    header, rewritten = [], 0
    for place in row.cards:
        if place.key in found:
            header.append(_card(found[place.key], place, hdu, facts))
            rewritten += header[-1] != found[place.key]
        elif place.required:
            raise _Refused("cutout-card")
    header.append(END)
    numbers, replaced = _numbers(file, hdu)
    size = CARD * len(header)
    blanks, zeros = b" " * (padded(size) - size), bytes(padded(hdu.size) - hdu.size)
    return _Made(b"".join([*header, blanks, numbers, zeros]), unknown, rewritten, replaced)


_AS_WRITTEN = {False: re.compile(rb"= +(%b)" % REAL), True: re.compile(rb"= +(%b)" % INTEGER)}
"""Columns 9 to 30 of a card in the spelling of issued stamps (rule 4), by whether it is an integer."""
_TEXT = re.compile(rb"= *'([^']*)' *(?:/.*)?")
_TRUE = re.compile(rb"= *T *(?:/.*)?")
_NUMBER = re.compile(rb"= *([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[ED][+-]?[0-9]{1,3})?) *(?:/.*)?")
_WHOLE = re.compile(rb"= *([+-]?[0-9]{1,9}) *(?:/.*)?")


def _card(card: bytes, form: CardForm, hdu: HDU, facts: Facts) -> bytes:
    """The card as it may leave."""
    if form.kind == "value":
        if card in form.images:
            return card
        if not _says(card, form.value):
            raise _Refused("cutout-card")
        return form.images[0]
    whole = form.kind != "real"
    as_it_is = card[30:] in form.tails and _AS_WRITTEN[whole].fullmatch(card, 8, 30)
    found = as_it_is or (_WHOLE if whole else _NUMBER).fullmatch(card, 8)
    if not found:
        raise _Refused("cutout-card")
    text = found[1] if as_it_is else _spelled(found[1], whole)
    if fault := form.fault(float(text), hdu.axes, facts):
        raise _Refused(fault)
    return card if as_it_is else b"%b= %20b%b" % (form.key, text, form.tails[0])


def _says(card: bytes, value: bool | float | str) -> bool:
    """Whether a card has this value, in whatever spelling."""
    if value is True:
        return _TRUE.fullmatch(card, 8) is not None
    if isinstance(value, str):
        text = _TEXT.fullmatch(card, 8)
        return text is not None and text[1].rstrip() == value.encode()
    number = _NUMBER.fullmatch(card, 8)
    return number is not None and float(number[1].replace(b"D", b"E")) == value


def _spelled(text: bytes, whole: bool) -> bytes:
    """A number in the spelling of issued stamps: 14 digits, which with an exponent of two just fill 20 columns."""
    if whole:
        return b"%d" % int(text)
    value = float(text.replace(b"D", b"E"))
    mantissa, e, exponent = f"{value if abs(value) > 1e-90 else 0.0:.14G}".partition("E")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}{e}{exponent}".encode()


_NAN = {
    -32: (">u4", (0x7FC00000, 0xFFC00000, 0x7FFFFFFF, 0xFFFFFFFF)),
    -64: (">u8", (0x7FF8 << 48, 0xFFF8 << 48, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)),
}
"""The bits of a not-a-number: the quiet one, and all ones, which FITS uses; with either sign."""


def _numbers(file: bytes, hdu: HDU) -> tuple[bytes, int]:
    """The data of an HDU with plain NaNs only (rule 5), and how many were replaced."""
    data = file[hdu.data : hdu.data + hdu.size]
    if hdu.bitpix not in _NAN:
        return data, 0
    if free_of_nan(file, hdu.data, hdu.size, hdu.bitpix):
        return data, 0
    numbers = pixels(file, hdu).ravel()
    nans = np.isnan(numbers)
    type_, plain = _NAN[hdu.bitpix]
    bits = numbers.view(type_)
    odd = nans & ~np.isin(bits, np.array(plain, bits.dtype))
    return np.where(odd, np.array(plain[0], bits.dtype), bits).astype(type_).tobytes(), int(odd.sum())
