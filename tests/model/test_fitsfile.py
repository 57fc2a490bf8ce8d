"""The structure of FITS files: astropy is the judge of what is accepted, and the rest ends in a documented error."""

import io
import warnings

import numpy as np
import pytest
import stamps
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import FITSError, LimitError
from gateway.model.fitsfile import (
    BLOCK,
    END,
    MAX_AXES,
    MAX_BYTES,
    MAX_HDUS,
    MAX_HEADER,
    pixels,
    read,
    scan,
)

FIRST = ["SIMPLE  =                    T", "BITPIX  =                  -32", "NAXIS   =                    2"]
AXES = ["NAXIS1  =                   30", "NAXIS2  =                   31"]
EXTENSION = ["XTENSION= 'IMAGE   '", *FIRST[1:], *AXES]
COUNTS = ["PCOUNT  =                    0", "GCOUNT  =                    1"]
DATA = bytes(30 * 31 * 4)


def file(lines, data=DATA):
    return stamps.packed([line.encode("latin-1") for line in lines], data)


GOOD = file([*FIRST, *AXES])


def agrees_with_astropy(data):
    """Whatever `read` accepts, astropy reads as the same images."""
    found = read(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(io.BytesIO(data), memmap=False) as judge:
            assert len(judge) == len(found)
            for theirs, ours in zip(judge, found, strict=True):
                assert isinstance(theirs, (fits.PrimaryHDU, fits.ImageHDU))
                assert theirs.header["BITPIX"] == ours.bitpix
                assert theirs.header["NAXIS"] == len(ours.axes)
                assert [theirs.header[f"NAXIS{n + 1}"] for n in range(len(ours.axes))] == list(ours.axes)
                info = theirs.fileinfo()
                assert info["datLoc"] == ours.data
                assert data.startswith(b"".join([*ours.cards, END]), info["hdrLoc"])
                if ours.axes:
                    mine = pixels(data, ours)
                    assert theirs.data.shape == mine.shape
                    assert theirs.data.astype(mine.dtype).tobytes() == mine.tobytes()
    return found


def test_a_stamp() -> None:
    stamp, _ = stamps.lsst()
    primary, uncert, psf = agrees_with_astropy(stamp)
    assert primary.cards[0].startswith(b"SIMPLE  = ")
    assert len(primary.cards) == 23
    assert primary.axes == uncert.axes
    assert psf.bitpix == -64
    assert psf.end == len(stamp)
    assert not pixels(stamp, primary).flags.writeable


def test_real_stamps(shared) -> None:
    found = [
        stamp
        for record in stamps.real(shared / "data/lsst/fink-lsst-v10-7alerts.avro")
        for stamp in stamps.stamps_of(record)
    ]
    assert len(found) == 21
    for stamp in found:
        assert len(agrees_with_astropy(stamp)) == 3


@given(
    bitpix=st.sampled_from(["u1", ">i2", ">i4", ">i8", ">f4", ">f8"]),
    axes=st.lists(st.integers(1, 5), min_size=0, max_size=MAX_AXES),
    extensions=st.integers(0, 3),
    cards=st.dictionaries(
        st.from_regex(r"X[A-Z0-9_-]{0,6}", fullmatch=True), st.text("a'/ END=", max_size=60)
    ),
)
def test_what_astropy_writes_is_read(bitpix, axes, extensions, cards) -> None:
    numbers = np.arange(np.prod(axes or [0])).reshape(axes or [0]).astype(bitpix) if axes else None
    hdus = [fits.PrimaryHDU(numbers), *(fits.ImageHDU(numbers, name=f"E{n}") for n in range(extensions))]
    for hdu in hdus:
        hdu.header.update(cards)
    out = io.BytesIO()
    fits.HDUList(hdus).writeto(out)
    found = agrees_with_astropy(out.getvalue())
    assert len(found) == extensions + 1
    assert all(hdu.axes == tuple(reversed(axes)) for hdu in found)


@pytest.mark.parametrize(
    ("what", "data", "code"),
    [
        ("nothing", b"", "fits-form"),
        ("a PNG", b"\x89PNG\r\n\x1a\n" + bytes(5000), "fits-form"),
        ("SIMPLE = F", GOOD.replace(b"T", b"F", 1), "fits-form"),
        ("SIMPLE with other words behind", GOOD.replace(b"T     ", b"T  abc", 1), "fits-form"),
        ("no END", GOOD.replace(b"END", b"   "), "fits-form"),
        ("END that is not at the beginning of a card", GOOD.replace(b"END ", b"  END "), "fits-form"),
        ("END with something behind it", file([*FIRST, *AXES, "END     x"]), "fits-form"),
        ("END as a keyword with a value", file([*FIRST, *AXES, "END     = 1"]), "fits-form"),
        ("a small keyword", file([*FIRST, *AXES, "abc     = 1"]), "fits-form"),
        ("a keyword with a gap", file([*FIRST, *AXES, "A B     = 1"]), "fits-form"),
        ("a keyword that does not begin at the left", file([*FIRST, *AXES, " AB     = 1"]), "fits-form"),
        ("= in the keyword", file([*FIRST, *AXES, "BZERO= 5"]), "fits-form"),
        ("a byte that is not ASCII", file([*FIRST, *AXES, "A       = '\xe9'"]), "fits-form"),
        ("a control character", file([*FIRST, *AXES, "A       = '\t'"]), "fits-form"),
        ("BITPIX missing", file([FIRST[0], FIRST[2], *AXES]), "fits-form"),
        ("BITPIX after NAXIS", file([FIRST[0], FIRST[2], FIRST[1], *AXES]), "fits-form"),
        ("BITPIX 24", GOOD.replace(b"-32", b" 24"), "fits-form"),
        ("BITPIX -32.0", GOOD.replace(b"  -32", b"-32.0"), "fits-form"),
        ("NAXIS -1", GOOD.replace(b" 2 ", b"-1 ", 1), "fits-form"),
        ("NAXIS 5", GOOD.replace(b" 2 ", b" 5 ", 1), "fits-form"),
        ("NAXIS2 missing", file([*FIRST, AXES[0]]), "fits-form"),
        ("NAXIS2 as text", file([*FIRST, AXES[0], "NAXIS2  = '31'"]), "fits-form"),
        ("an axis of 0", file([*FIRST, AXES[0], "NAXIS2  = 0"]), "fits-truncated"),
        ("a negative axis", file([*FIRST, AXES[0], "NAXIS2  = -31"]), "fits-truncated"),
        ("an axis that is too long", file([*FIRST, AXES[0], "NAXIS2  = 999999999"]), "fits-truncated"),
        ("an axis of ten digits", file([*FIRST, AXES[0], "NAXIS2  = 4294967297"]), "fits-form"),
        ("data that end early", GOOD[:-BLOCK], "fits-truncated"),
        ("filling that ends early", GOOD[:-1], "fits-truncated"),
        ("a header block that ends early", GOOD[: 6 * 80], "fits-truncated"),
        ("BSCALE", file([*FIRST, *AXES, "BSCALE  = 2.0"]), "fits-form"),
        ("BZERO by way of HIERARCH", file([*FIRST, *AXES, "HIERARCH BZERO = 2.0"]), "fits-form"),
        ("BLANK", file([*FIRST, *AXES, "BLANK   = 2"]), "fits-form"),
        ("random groups", file([*FIRST, *AXES, "GROUPS  = T", *COUNTS]), "fits-form"),
        ("PCOUNT in the primary HDU", file([*FIRST, *AXES, "PCOUNT  = 2880"]), "fits-form"),
        ("NAXIS1 twice", file([*FIRST, *AXES, AXES[0]]), "fits-form"),
        ("an extension first", file([*EXTENSION, *COUNTS]), "fits-form"),
        ("an extension without PCOUNT", GOOD + file([*EXTENSION, COUNTS[1]]), "fits-form"),
        ("an extension with a heap", GOOD + file([*EXTENSION, "PCOUNT  = 9", COUNTS[1]]), "fits-form"),
        ("an extension with groups", GOOD + file([*EXTENSION, COUNTS[0], "GCOUNT  = 2"]), "fits-form"),
        ("an extension that ends early", GOOD + file([*EXTENSION, *COUNTS])[:-BLOCK], "fits-truncated"),
        ("a second SIMPLE file", GOOD + GOOD, "fits-trailing"),
        ("a byte at the end", GOOD + b"\0", "fits-trailing"),
        ("a block of zeros at the end", GOOD + bytes(BLOCK), "fits-trailing"),
        ("a table", stamps.with_hdu(GOOD, fits.BinTableHDU(np.zeros(3, [("a", "f4")]))), "fits-trailing"),
        ("letters behind END", GOOD.replace(END + b" ", END + b"x"), "fits-trailing"),
        ("a number behind the data", GOOD[:-1] + b"1", "fits-trailing"),
        ("more than is allowed", GOOD + bytes(MAX_BYTES), "limit-size"),
        ("too many HDUs", GOOD + file([*EXTENSION, *COUNTS]) * MAX_HDUS, "limit-size"),
        ("a header that is too long", file([*FIRST, *AXES, *["COMMENT"] * (MAX_HEADER // 80)]), "fits-form"),
    ],
)
def test_what_is_refused(what: str, data: bytes, code: str) -> None:
    with pytest.raises((FITSError, LimitError)) as caught:
        read(data)
    assert caught.value.code == code, what


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("the plainest file", GOOD),
        ("SIMPLE as ZTF writes it", GOOD.replace(b"=                    T", b"=  T                  ", 1)),
        ("comments", file([FIRST[0] + " / yes", *FIRST[1:], AXES[0] + " / 31", AXES[1]])),
        ("no image", file(["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0"], b"")),
        ("an extension", GOOD + file([*EXTENSION, *COUNTS])),
        ("END inside a comment, and blanks", file([*FIRST, *AXES, "COMMENT END", "", "ENDTIME = 1"])),
        ("a long header", file([*FIRST, *AXES, *["COMMENT"] * 100])),
        ("as many HDUs as are allowed", GOOD + file([*EXTENSION, *COUNTS]) * (MAX_HDUS - 1)),
    ],
)
def test_what_is_read(what: str, data: bytes) -> None:
    assert agrees_with_astropy(data), what


def test_scan_stops_at_what_is_no_image() -> None:
    found, end = scan(GOOD + b"XTENSION= 'BINTABLE'".ljust(BLOCK))
    assert (len(found), end) == (1, len(GOOD))


@given(st.data())
def test_changed_files_are_refused_or_read_as_astropy_does(data) -> None:
    stamp, _ = stamps.lsst(data.draw(st.integers(0, 8)))
    at = data.draw(st.integers(0, 12_000))
    size = data.draw(st.sampled_from([0, 1, 2, 80, BLOCK]))
    new = data.draw(
        st.one_of(
            st.binary(max_size=3),
            st.sampled_from(
                [b"END" + b" " * 77, b"=", b"9", b" " * 80, b"XTENSION= 'IMAGE   '", b"BZERO   = 1"]
            ),
        )
    )
    if data.draw(st.booleans()):
        at -= at % 80
    changed = stamp[:at] + new + stamp[at + size :]
    try:
        read(changed)
    except (FITSError, LimitError):
        return
    agrees_with_astropy(changed)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes(head: bytes, tail: bytes) -> None:
    for data in (head, GOOD[:400] + head, GOOD[: BLOCK - 80] + head + tail, GOOD + head):
        try:
            scan(data)
        except (FITSError, LimitError):
            continue
