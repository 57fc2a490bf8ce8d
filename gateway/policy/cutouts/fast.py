"""Stamps as issued, known at a glance: nine of ten alerts have nothing else.

Rules
1. The table of a survey becomes one regular expression for the primary header, and the set of all headers that an
   extension can have. What is recognised is exactly what `gateway.policy.cutouts.cutout` would make again byte
   for byte; what is not, that decides. A property in the tests holds one to the other.
2. Only headers that fit into one block are recognised, and pixels without a NaN.
3. Nothing of a stamp is kept: the set is made from the table alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

from gateway.model.fitsfile import BLOCK, END, padded
from gateway.policy.cutouts.form import CardForm, Facts, Form, HDUForm, forms

__all__ = ["INTEGER", "REAL", "free_of_nan", "recogniser"]

REAL = rb"(?!-?(?:[0-9]\.?){17})-?(?:0|[1-9][0-9]*)\.[0-9]+(?:E[+-][0-9]{2})?"
"""A number as issued stamps spell it: at most 16 digits, and one before the point."""
INTEGER = rb"(?:0|-?[1-9][0-9]{0,8})"

Recogniser = Callable[[bytes, Facts], bool]


@cache
def recogniser(survey: str) -> Recogniser:
    """The function that tells whether a FITS file is a stamp of this survey as issued."""
    return _compiled(forms()[survey])


def _compiled(form: Form) -> Recogniser:
    primary, *others = form.hdus
    match = re.compile(b"".join(map(_pattern, primary.cards)) + END + b" *", re.DOTALL).fullmatch
    numbers = [card for card in primary.cards if card.kind != "value"]
    first = [card.key for card in numbers].index(b"NAXIS1  ")
    (bitpix,) = primary.bitpix
    assert primary.side is not None
    heads = {
        head: found for rank, row in enumerate(others) for head, found in _heads(row, rank, primary.side)
    }

    def recognised(file: bytes, facts: Facts) -> bool:
        header = match(file, 0, BLOCK)
        if header is None:
            return False
        texts = header.groups()
        axes = int(texts[first]), int(texts[first + 1])
        if not primary.fits(axes, axes, facts):
            return False
        for card, text in zip(numbers, texts, strict=True):
            if text is not None and card.fault(float(text), axes, facts):
                return False
        end = _end(file, BLOCK, axes, bitpix)
        after = -1
        while 0 < end < len(file):
            rank, own, width, row = heads.get(file[end : end + BLOCK], (-1, axes, 8, primary))
            if rank <= after or not row.fits(own, axes, facts):
                return False
            end = _end(file, end + BLOCK, own, width)
            after = rank
        return end == len(file)

    return recognised


def _pattern(card: CardForm) -> bytes:
    """The regular expression of a card, with one group if it has a number."""
    if card.kind == "value":
        text = b"|".join(map(re.escape, card.images))
    else:
        number = REAL if card.kind == "real" else INTEGER
        tail = b"|".join(map(re.escape, card.tails))
        text = rb"%b= (?=.{20}(?:%b)) *(%b)(?:%b)" % (re.escape(card.key), tail, number, tail)
    return b"(?:%b)%b" % (text, b"" if card.required else b"?")


Head = tuple[int, tuple[int, int], int, HDUForm]


def _heads(row: HDUForm, rank: int, sides: tuple[int, int]) -> Iterator[tuple[bytes, Head]]:
    """Every header that a square extension can have, with the row's rank, the axes and BITPIX."""
    least, most = row.side or sides
    for bitpix, side, bare in product(row.bitpix, range(least, most + 1), (0, 1)):
        lines = []
        for card in row.cards:
            if card.kind == "value":
                lines.append(card.images[bare])
            else:
                number = bitpix if card.key == b"BITPIX  " else side
                lines.append(b"%b= %20d%b" % (card.key, number, card.tails[bare]))
        yield b"".join([*lines, END]).ljust(BLOCK), (rank, (side, side), bitpix, row)


def _end(file: bytes, data: int, axes: tuple[int, int], bitpix: int) -> int:
    """Where an HDU ends; -1 when it does not end there, is not filled up with zeros or may have a NaN."""
    size = axes[0] * axes[1] * (abs(bitpix) // 8)
    end = data + padded(size)
    filling = file[data + size : end]
    if end > len(file) or filling != bytes(len(filling)) or not free_of_nan(file, data, size, bitpix):
        return -1
    return end


def free_of_nan(file: bytes, data: int, size: int, bitpix: int) -> bool:
    """Whether no number in the data can be a NaN, because the first byte of each tells a smaller exponent."""
    if bitpix > 0:
        return True
    first = file[data : data + size : -bitpix // 8]
    return 0x7F not in first and 0xFF not in first
