"""What a published stamp looks like: the tables of ``policy/cutouts``, checked when they are loaded.

Rules
1. A file is first held to ``schemas/json/cutouts.schema.json`` and then to sense: a card or an HDU is there once, the
   cards that FITS wants come first and in its order, a card fits into 80 characters. A mistake is a
   SettingsError with the file and the key.
2. A card whose value is always the same has its images made here: with the comment, without, and the other
   spellings that were seen. The first is the one that is written.
"""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

import jsonschema

from gateway import resources
from gateway.errors import SettingsError, Where
from gateway.model.fitsfile import CARD

__all__ = ["PRIMARY", "CardForm", "Facts", "Form", "HDUForm", "forms", "load"]

PRIMARY = "PRIMARY"

_FIRST = ("SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2")
_FIRST_OF_EXTENSION = ("XTENSION", *_FIRST[1:], "PCOUNT", "GCOUNT")
_VALUES = {"SIMPLE": True, "XTENSION": "IMAGE", "NAXIS": 2, "PCOUNT": 0, "GCOUNT": 1}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the alert says about its trigger: side of its box in pixels, position in deg. None: not known."""

    bbox_size: int | None = None
    ra: float | None = None
    dec: float | None = None


@dataclass(frozen=True, slots=True)
class CardForm:
    """What a card may look like.

    key : eight characters
    kind : ``value``, or what the file says after `is`
    value : of the kind ``value``, and `images` the whole cards that say so
    tails : what may follow column 30, the one that is written first
    low, high, near, within : of the numbers, as the README of the folder says
    """

    key: bytes
    kind: str
    required: bool
    value: bool | float | str
    images: tuple[bytes, ...]
    tails: tuple[bytes, bytes]
    low: float
    high: float
    near: str
    within: float

    def fault(self, value: float, axes: tuple[int, ...], facts: Facts) -> str | None:
        """The rule of `gateway.policy.cutouts.cutout` that a number of an HDU with these axes breaks."""
        if not self.low <= value <= self.high:
            return "cutout-card"
        if not self.near:
            return None
        if self.near.startswith("middle-"):
            expected: float | None = (axes[int(self.near[-1]) - 1] + 1) / 2
        else:
            expected = facts.ra if self.near == "ra" else facts.dec
        if expected is None:
            return "cutout-unplaced"
        return None if abs(value - expected) <= self.within else "cutout-position"


@dataclass(frozen=True, slots=True)
class HDUForm:
    """What an HDU may look like. `side` has the least and the greatest, or nothing: the axes of the primary HDU."""

    name: str
    bitpix: tuple[int, ...]
    side: tuple[int, int] | None
    square: bool
    side_of_source: bool
    cards: tuple[CardForm, ...]
    keys: frozenset[bytes]

    def fits(self, axes: tuple[int, ...], primary: tuple[int, ...], facts: Facts) -> bool:
        """Whether these may be its axes, when the primary HDU has those."""
        if self.side is None:
            return axes == primary
        least, most = self.side
        if self.side_of_source and facts.bbox_size is not None:
            least = most = min(max(facts.bbox_size, least), most)
        in_range = len(axes) == 2 and least <= min(axes) and max(axes) <= most
        return in_range and not (self.square and axes[0] != axes[1])


@dataclass(frozen=True, slots=True)
class Form:
    """What the stamps of a survey look like; the first HDU is the primary one."""

    survey: str
    gzip: bool
    hdus: tuple[HDUForm, ...]


@cache
def forms() -> dict[str, Form]:
    """Survey -> its form, for each file that comes with the gateway. Raises SettingsError (settings-invalid)."""
    files = sorted((resources.policy() / "cutouts").iterdir(), key=lambda file: file.name)
    return {file.name[:-5]: load(file) for file in files if file.name.endswith(".toml")}


def load(file: Traversable) -> Form:
    """The form in a file. Raises SettingsError (settings-invalid), which names the file and the key."""
    try:
        table = tomllib.loads(file.read_text("utf-8"))
        fault = jsonschema.exceptions.best_match(_validator().iter_errors(table))
        if fault is not None:
            raise _mistake(fault.json_path.removeprefix("$."), f"{fault.message}.")
        return _form(table, file.name)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(
            "settings-invalid", f"The file is not TOML: {error}.", where=Where(file.name)
        ) from None
    except SettingsError as error:
        raise error.located(input=file.name) from None


@cache
def _validator() -> Any:
    schema = json.loads((resources.schemas() / "json" / "cutouts.schema.json").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)


def _form(table: dict[str, Any], file: str) -> Form:
    if file != f"{table['survey']}.toml":
        raise _mistake("survey", "It is not the name of the file.")
    hdus = tuple(_hdu(row, number, table) for number, row in enumerate(table["hdu"]))
    _once([hdu.name for hdu in hdus], "hdu")
    return Form(table["survey"], table["gzip"], hdus)


def _hdu(row: dict[str, Any], number: int, table: dict[str, Any]) -> HDUForm:
    name, place = row["name"], f"hdu[{number}]"
    if (name == PRIMARY) != (number == 0):
        raise _mistake(f"{place}.name", "The first HDU, and no other, is PRIMARY.")
    side = None if row["side"] == "primary" else tuple(row["side"])
    if (not number and side is None) or (side and side[0] > side[1]):
        raise _mistake(f"{place}.side", "Give the least side and the greatest.")
    if number == 0 and len(row["bitpix"]) > 1:
        raise _mistake(f"{place}.bitpix", "The primary HDU has one.")
    cards = tuple(_card(card, f"{place}.card[{n}]") for n, card in enumerate(row["card"]))
    keys = [card["key"] for card in row["card"]]
    _once(keys, f"{place}.card")
    first = _FIRST_OF_EXTENSION if number else _FIRST
    values = _VALUES | {"EXTNAME": name}
    for n, key in enumerate([*first, *(["EXTNAME"] if number else [])]):
        at = keys.index(key) if key in keys else -1
        if (n < len(first) and at != n) or at < 0 or not cards[at].required:
            raise _mistake(f"{place}.card", f"{key} is missing, misplaced or optional.")
        if key in values and row["card"][at].get("value") != values[key]:
            raise _mistake(f"{place}.card[{at}].value", f"{key} has another value in such an HDU.")
    return HDUForm(
        name,
        tuple(row["bitpix"]),
        side,
        table["square"],
        table["side-of-source"] and number == 0,
        cards,
        frozenset(card.key for card in cards),
    )


def _card(row: dict[str, Any], place: str) -> CardForm:
    key = row["key"].encode().ljust(8)
    tails = (_filled(f" / {row['comment']}" if "comment" in row else "", CARD - 30), b" " * (CARD - 30))
    low, high = row.get("range", (-math.inf, math.inf))
    if low > high:
        raise _mistake(f"{place}.range", "The least comes first.")
    images: tuple[bytes, ...] = ()
    if "value" in row:
        value = _written(row["value"])
        comment = f" / {row['comment']}" if "comment" in row else ""
        lines = [f"{row['key']:8}= {value}{comment}", f"{row['key']:8}= {value}", *row.get("also", ())]
        images = tuple(_filled(line, CARD) for line in lines)
        if any(image[:8] != key for image in images):
            raise _mistake(f"{place}.also", "It is a card with another key.")
    if any(len(text) > CARD for text in images) or len(tails[0]) > CARD - 30:
        raise _mistake(place, "The card has more than 80 characters.")
    return CardForm(
        key,
        row.get("is", "value"),
        not row.get("optional", False),
        row.get("value", True),
        images,
        tails,
        low,
        high,
        row.get("near", ""),
        row.get("within", 0.0),
    )


def _written(value: bool | float | str) -> str:
    """A value as FITS writes it in columns 11 to 30 (section 4.2); of a text astropy also fills column 31 and on."""
    if isinstance(value, str):
        return f"'{value:8}'".ljust(20)
    return f"{'T' if value is True else repr(value):>20}"


def _filled(text: str, size: int) -> bytes:
    return text.encode().ljust(size)


def _once(names: list[str], place: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise _mistake(place, f"{name} is there twice.")


def _mistake(path: str, sentence: str) -> SettingsError:
    return SettingsError("settings-invalid", sentence, where=Where(path=path))
