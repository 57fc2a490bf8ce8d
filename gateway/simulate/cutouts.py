"""FITS stamps as the alerts carry them.

Rules
1. An LSST stamp has three HDUs: PRIMARY with 23 cards, UNCERT (the variance) and PSFIMAGE. Its side is the
   source's bboxSize, at least 30 and at most 102 pixels; CRVAL is the position of the trigger.
2. astropy writes each kind of file once, with zeros for data; afterwards only cards and data are filled in.
3. Stars are Moffat profiles with beta 3, which need no exponential (see `gateway.simulate.exact`).
4. A ZTF stamp is a gzipped FITS file of 63 x 63 pixels. The gzip members here are stored, not deflated: every
   version of zlib compresses in its own way, and these bytes shall be the same everywhere.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from gateway.simulate.exact import Draws, Floats

__all__ = ["PIXEL", "SIDES", "Stamps", "lsst", "moffat", "ztf"]

PIXEL = 0.2
"""Side of an LSST pixel, arcsec."""
SIDES = (30, 102)
"""Smallest and largest side of an LSST stamp, pixels."""

Cards = dict[str, str]
Stamps = dict[str, bytes]
"""FITS files by the name of their field."""

_WCS = ("CRPIX1", "CRPIX2", "PC1_1", "PC1_2", "PC2_1", "PC2_2")


def lsst(draws: Draws, sources: Mapping[str, Any], *, planes: bool) -> Stamps:
    """The three cutouts of the last row of an LSST table of sources, which also has columns of its own:
    template (nJy), seeing (arcsec), sky (ra, dec).

    planes : with UNCERT and PSFIMAGE, or the image alone
    """
    flux, error = float(sources["psfFlux"][-1]), float(sources["psfFluxErr"][-1])
    template, seeing = sources["template"], sources["seeing"] / PIXEL
    side = min(max(int(sources["bboxSize"][-1]), SIDES[0]), SIDES[1])
    shift = draws.uniforms(2, -0.5, 0.5)
    sigma = error / (1.3 * seeing)
    images = _images(draws, moffat(side, seeing, shift[0], shift[1]), flux, template, sigma)
    variance = sigma * sigma + 0.03 * np.maximum(images["cutoutScience"], 0)
    now, deep = (variance, _psf(41, round(seeing, 1))), (variance * 0.04, _psf(55, round(seeing * 0.9, 1)))
    extensions = {"cutoutDifference": now, "cutoutScience": now, "cutoutTemplate": deep}
    cards = _cards(draws, side, shift, *sources["sky"])
    return {name: _fill(side, cards, planes, image, *extensions[name]) for name, image in images.items()}


def ztf(draws: Draws, candidate: Mapping[str, Any]) -> Stamps:
    """The three stamps of a ZTF candidate (rule 4), whose table also has columns flux and error (DN)."""
    reference = 10_000 * draws.uniform()
    star = moffat(63, candidate["fwhm"], *draws.uniforms(2, -0.5, 0.5).tolist())
    images = _images(draws, star, candidate["flux"], reference, candidate["error"] / 4)
    return {name: _gzip(image + (0 if name == "cutoutDifference" else 220)) for name, image in images.items()}


def _images(draws: Draws, star: Floats, flux: float, template: float, sigma: float) -> dict[str, Floats]:
    """The template, the science image with the same star and more noise, and their difference."""
    deep = template * star + 0.2 * sigma * draws.normals(star.size).reshape(star.shape)
    science = (flux + template) * star + sigma * draws.normals(star.size).reshape(star.shape)
    return {"cutoutDifference": science - deep, "cutoutScience": science, "cutoutTemplate": deep}


def moffat(side: int, seeing: float, x: float, y: float) -> Floats:
    """A star of flux 1 at an offset from the centre pixel (rule 3)."""
    along = np.arange(side) - side // 2
    core = seeing * seeing * 0.9618305254657681  # 1 / (4 * (2**(1/3) - 1))
    squares = (along - x) * (along - x)
    profile = 1 + (squares + ((along - y) * (along - y))[:, None]) / core
    star: Floats = 2 / (np.pi * core) / (profile * profile * profile)
    return star


@cache
def _psf(side: int, seeing: float) -> bytes:
    return moffat(side, seeing, 0, 0).astype(">f8").tobytes()


def _cards(draws: Draws, side: int, shift: Floats, ra: float, dec: float) -> Cards:
    angle = draws.uniform(0, 360)
    corner = draws.integers(2, 0, 3900)
    scale = PIXEL / 3600
    tilt = scale * (angle - 180) / 360
    centre = side // 2 + 1 + shift
    numbers = (centre[0], centre[1], -scale, tilt, tilt, scale)
    texts = {name: f"{value:.14G}" for name, value in zip(_WCS, numbers, strict=True)}
    texts |= {"CUTMINX": str(corner[0]), "CUTMINY": str(corner[1]), "ROTPA": f"{angle:.13f}"}
    return texts | {"CRVAL1": f"{ra:.12f}", "CRVAL2": f"{dec:.12f}"}


def _fill(side: int, cards: Cards, planes: bool, image: Floats, variance: Floats, psf: bytes) -> bytes:
    header, uncert, psfimage = _templates(side, len(psf) if planes else 0)
    for name, text in cards.items():
        at = header.index(b"%-8s=" % name.encode())
        header = header[: at + 10] + b"%20s" % text.encode() + header[at + 30 :]
    parts = [header, _padded(image.astype(">f4").tobytes())]
    if planes:
        parts += [uncert, _padded(variance.astype(">f4").tobytes()), psfimage, _padded(psf)]
    return b"".join(parts)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 2880)


@cache
def _templates(side: int, psf: int) -> tuple[bytes, bytes, bytes]:
    """The headers of a stamp (rule 2); `psf` is the size of the PSF's data in bytes."""
    from astropy.io import fits  # half a second, and only stamps need it

    primary = fits.PrimaryHDU(np.zeros((side, side), ">f4"))
    header: Any = primary.header
    header["EXTEND"] = True
    header.update({"CUTMINX": 0, "CUTMINY": 0, "ROTPA": 0.0, "BUNIT": "nJy", "WCSAXES": 2})
    header.update(dict.fromkeys(_WCS, 0.0))
    header.update({"CDELT1": 1.0, "CDELT2": 1.0, "CRVAL1": 0.0, "CRVAL2": 0.0})
    header.update({"LATPOLE": 90.0, "MJDREF": 0.0})
    uncert = fits.ImageHDU(np.zeros((side, side), ">f4"), name="UNCERT")
    uncert.header.insert("EXTNAME", ("UTYPE", "VarianceUncertainty"))
    square = round((psf / 8) ** 0.5)
    psfimage = fits.ImageHDU(np.zeros((square, square), ">f8"), name="PSFIMAGE")
    return _text(primary.header), _text(uncert.header), _text(psfimage.header)


def _text(header: Any) -> bytes:
    """A header as bytes, without comments: astropy may word them otherwise in another version."""
    for name in list(header):
        header.comments[name] = ""
    return str(header.tostring()).encode()


@cache
def _ztf_header() -> bytes:
    from astropy.io import fits

    header: Any = fits.PrimaryHDU(np.zeros((63, 63), ">f4")).header
    del header["EXTEND"]
    header["BUNIT"] = "DN"
    return _text(header)


def _gzip(pixels: Floats) -> bytes:
    """A gzipped FITS file of 63 x 63 pixels."""
    data = _ztf_header() + _padded(pixels.astype(">f4").tobytes())
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # gzip, deflate, no name, no time, system not told (RFC 1952)
    block = struct.pack("<BHH", 1, len(data), len(data) ^ 0xFFFF)  # last block, stored (RFC 1951)
    return head + block + data + struct.pack("<II", zlib.crc32(data), len(data))
