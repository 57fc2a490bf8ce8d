"""Stamps for tests: simulated ones with the facts of their alert, the same with comments, and changes to them.

The changes take the bytes of a FITS file and give others: `card` sets or removes a card of the primary header, `added`
puts one behind the last, `with_hdu` adds an HDU.
"""

import gzip
from functools import cache
from pathlib import Path

import fastavro
import numpy as np
from alerts import NEWEST, simulated, values
from astropy.io import fits

from gateway.model.fitsfile import BLOCK, CARD, END, padded, scan
from gateway.policy.cutouts.form import Facts, forms

LSST_FIELDS = ("cutoutDifference", "cutoutScience", "cutoutTemplate")
CANARY = b"c4n4ry17.25"


def facts_of(record):
    source = record.get("diaSource")
    if source is None:
        return Facts()
    return Facts(source.get("bboxSize"), source["ra"], source["dec"] if "dec" in source else source["decl"])


def stamps_of(record):
    """The three stamps of an alert that fastavro decoded, those that are there."""
    found = (record.get(name) for name in LSST_FIELDS)
    return [stamp["stampData"] if isinstance(stamp, dict) else stamp for stamp in found if stamp is not None]


@cache
def lsst(which=0, cutouts="real", key=NEWEST):
    """(stamp, facts) of a simulated alert."""
    record = values(simulated(key, 3, cutouts)[which % 3])
    return stamps_of(record)[which % len(stamps_of(record))], facts_of(record)


@cache
def ztf(which=0):
    return stamps_of(values(simulated("ztf/4.02", 3, "real")[which % 3]))[which % 3]


def real(path: Path):
    """The records of a container of real alerts."""
    with path.open("rb") as file:
        return list(fastavro.reader(file))


def packed(header: list[bytes], data: bytes) -> bytes:
    text = b"".join(line.ljust(CARD) for line in [*header, END])
    return text.ljust(padded(len(text))) + data.ljust(padded(len(data)), b"\0")


def hdus(stamp):
    """[(cards, data)] of each HDU."""
    return [(list(hdu.cards), stamp[hdu.data : hdu.data + hdu.size]) for hdu in scan(stamp)[0]]


def joined(parts):
    return b"".join(packed(cards, data) for cards, data in parts)


def card(stamp, key, line=None, hdu=0):
    """The stamp with another card in the place of this one, or without it."""
    parts = hdus(stamp)
    cards, data = parts[hdu]
    key = key.encode().ljust(8)
    assert any(old[:8] == key for old in cards)
    new = [line.encode() if old[:8] == key else old for old in cards if old[:8] != key or line is not None]
    parts[hdu] = new, data
    return joined(parts)


def added(stamp, line, hdu=0, place=None):
    parts = hdus(stamp)
    cards, _ = parts[hdu]
    cards.insert(len(cards) if place is None else place, line if isinstance(line, bytes) else line.encode())
    return joined(parts)


def resized(stamp, rows, columns=None, hdu=0):
    """The stamp with an image of another size: CRPIX is moved to its middle."""
    columns = columns or rows
    parts = hdus(stamp)
    cards, _ = parts[hdu]
    other = {"NAXIS1": columns, "NAXIS2": rows, "CRPIX1": (columns + 1) / 2, "CRPIX2": (rows + 1) / 2}
    lines = {key.encode().ljust(8): f"{key:8}= {value:>20}".encode() for key, value in other.items()}
    pixel = 8 if any(c.startswith(b"BITPIX  =                  -64") for c in cards) else 4
    parts[hdu] = [lines.get(old[:8], old) for old in cards], bytes(rows * columns * pixel)
    return joined(parts)


def with_hdu(stamp, hdu):
    """The stamp and another HDU of astropy behind it."""
    from io import BytesIO

    out = BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(out)
    return stamp + out.getvalue()[BLOCK:]


def image(name, pixels=None):
    return fits.ImageHDU(np.zeros((30, 30), ">f4") if pixels is None else pixels, name=name)


def commented(stamp, survey="lsst"):
    """The stamp with the comments that the survey writes."""
    parts = hdus(stamp)
    rows = forms()[survey].hdus
    rows = {0: rows[0], 1: rows[2], 2: rows[3]} if len(rows) > 1 else {0: rows[0]}
    tails = {}
    for number, (cards, data) in enumerate(parts):
        for row in rows[number].cards:
            tails[row.key] = row.tails[0]
        texts = [line if line[:8] == b"UTYPE   " else line[:30] + tails[line[:8]] for line in cards]
        parts[number] = texts, data
    return joined(parts)


def zipped(content, *, name="", mtime=1_500_000_000):
    from io import BytesIO

    out = BytesIO()
    with gzip.GzipFile(name, "wb", 9, out, mtime) as file:
        file.write(content)
    return out.getvalue()
