"""VOUnits 1.1: is this unit string one, and if not, why not (REC 2023-12-15, section 2 and appendix C.4).

Rules
1. The grammar is the normative one of appendix C.4: products with ``.``, powers with ``**``, at most one ``/``
   at each level with one factor after it, parentheses, functions, a number in front, no spaces. (astropy's
   vounit parser also takes ``deg.d-1`` and refuses ``%``.)
2. A known unit wins over a prefix: ``Pa`` is the pascal, ``cd`` the candela, ``min`` the minute.
3. An SI prefix stands before units that allow one and before quoted units, a binary prefix only before ``bit``,
   ``byte`` and ``B``. ``da`` must not be used: ``dadu`` cannot be read.
4. The standard lets a parser accept unknown units and functions "with suitably prominent warnings"; here they
   are problems unless they are quoted, because in alerts they are nearly always mistakes (``sec``, ``dn``).
5. The empty string is how a provider says that there is no unit (section 2.7), and ``unknown`` that the unit is
   lost (section 2.2): both are accepted although the grammar has neither.
6. Messages give positions in the string, counted from 1, never the string.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["FUNCTIONS", "KNOWN_UNITS", "advice", "problems"]

FUNCTIONS = ("log", "ln", "exp", "sqrt")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PREFIXABLE = _words("""
    A B C D F G H Hz J Jy K N Ohm Pa R Ry S T V W Wb a adu arcmin arcsec barn beam bin bit byte cd chan count
    ct d deg eV erg g h lm lx lyr m mag min mol pc ph photon pix pixel rad s solLum solMass solRad sr u voxel
    yr
""")
_NOT_PREFIXABLE = _words("% AU Angstrom Ba Sun angstrom au dB mas ta")
_BINARY = _words("B bit byte")
_DEPRECATED = _words("Angstrom Ba G angstrom barn erg ta")

KNOWN_UNITS = _PREFIXABLE | _NOT_PREFIXABLE
"""The known units of table 5, without prefixes."""

_SI_PREFIXES = _words("Q R Y Z E P T G M k h d c m u n p f a z y r q")
_BINARY_PREFIXES = _words("Ki Mi Gi Ti Pi Ei Zi Yi")

# What people write, and what they mean.
_MEANT = {
    wrong: right
    for right, wrongs in {
        "s": "sec secs second seconds",
        "min": "mins minute minutes",
        "h": "hr hrs hour hours",
        "d": "day days mjd MJD jd JD",
        "yr": "year years",
        "deg": "degree degrees Deg",
        "arcsec": "arcsecs arcsecond arcseconds as",
        "arcmin": "arcmins arcminute arcminutes",
        "count": "counts cts cnts",
        "pixel": "pixels pixs",
        "photon": "photons phot",
        "adu": "ADU dn DN",
        "mag": "mags magnitude magnitudes",
        "Angstrom": "A0 Ang ang angstroms",
    }.items()
    for wrong in wrongs.split()
}

# What to say about the character at which the grammar gives up.
_HINTS = {
    " ": "a unit has no spaces",
    "*": "a product is written with a dot",
    "^": "a power is written with **",
    "/": "only one / is allowed; put the divisors into parentheses",
    ".": "a dot stands only between two units; after a / put the product into parentheses",
    "-": "a power is written with **",
    ")": "a parenthesis is closed that was not opened",
    **dict.fromkeys("0123456789+", "a power is written with **"),
}

_MAX_LENGTH = 255
_MAX_DEPTH = 16

_SCALE = re.compile(
    r"10\*\*(?:[-+]?[0-9]+|\((?:[-+]?[0-9]+(?:\.[0-9]+|/[0-9]+)?)\))"
    r"|0\.[0-9]+(?:[eE][+-]?[0-9]+)?|[1-9][0-9]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
)
_ZERO = re.compile(r"0\.0+(?:[eE]|\Z)")
_STRING = re.compile(r"[A-Za-z]+")
_QUOTED = re.compile(r"'[A-Za-z]+'")
_POWER = re.compile(r"[-+]?[0-9]+|\([-+]?[0-9]+(?:\.[0-9]+|/[0-9]+)?\)")


def problems(unit: str) -> list[str]:
    """What is wrong with a unit string, one sentence a problem; empty when it is a VOUnit."""
    return _parse(unit).problems


def advice(unit: str) -> list[str]:
    """What is valid but discouraged: deprecated units and the prefix ``d`` (sections 2.6 and 2.7)."""
    return _parse(unit).advice


def _parse(unit: str) -> _Parser:
    parser = _Parser(unit)
    if unit in ("", "unknown", "UNKNOWN"):
        return parser
    if len(unit) > _MAX_LENGTH:
        parser.problems.append(f"it is longer than {_MAX_LENGTH} characters")
        return parser
    try:
        parser.whole()
    except _SyntaxProblem as stop:
        parser.problems.append(str(stop))
    return parser


class _SyntaxProblem(Exception):
    """The grammar gives up here."""


class _Parser:
    """Recursive descent over appendix C.4; one method a production."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.problems: list[str] = []
        self.advice: list[str] = []

    def whole(self) -> None:
        if self.text == "1":
            return
        self.scaled()
        if self.at < len(self.text):
            raise self.stuck()

    def scaled(self) -> None:
        number = self.take(_SCALE)
        if number and _ZERO.match(number):
            self.problems.append(f"the number before character {self.at + 1} is zero")
        self.complete()

    def complete(self) -> None:
        self.factor()
        while self.literal("."):
            self.factor()
        if self.literal("/"):
            self.factor()

    def factor(self) -> None:
        start = self.at
        if self.literal("("):
            self.group(self.complete)
        elif self.literal("%") or self.take(_QUOTED):
            self.power()
        elif name := self.take(_STRING):
            if self.literal("("):
                if name not in FUNCTIONS:
                    known = ", ".join(FUNCTIONS)
                    self.problems.append(f"the function at character {start + 1} is not one of {known}")
                self.group(self.scaled)
            else:
                quoted = self.take(_QUOTED) is not None
                self.symbol(name, start + 1, quoted)
                self.power()
        else:
            raise self.stuck()

    def group(self, inside: Callable[[], None]) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _SyntaxProblem(f"parentheses are nested deeper than {_MAX_DEPTH}")
        inside()
        if not self.literal(")"):
            raise self.stuck()
        self.depth -= 1

    def power(self) -> None:
        if self.literal("**") and not self.take(_POWER):
            raise _SyntaxProblem(
                f"character {self.at + 1}: after ** comes an integer, or a number in parentheses"
            )

    def symbol(self, name: str, at: int, quoted: bool) -> None:
        """Rules 2 to 4: a unit with an optional prefix, or a prefix before a quoted unit."""
        if quoted:
            if name not in _SI_PREFIXES:
                self.problems.append(
                    f"what stands before the quoted unit at character {at} is not an SI prefix"
                )
        elif name in KNOWN_UNITS:
            if name in _DEPRECATED:
                self.advice.append(f"the unit at character {at} is deprecated")
        elif name[:2] in _BINARY_PREFIXES and name[2:] in _BINARY:
            pass
        elif name.startswith("da") and (name[1:] in KNOWN_UNITS or name[2:] in KNOWN_UNITS):
            self.problems.append(f"the prefix da at character {at} must not be used")
        elif name in _MEANT:
            self.problems.append(f"the symbol at character {at} is not a known unit; write {_MEANT[name]}")
        elif name[0] in _SI_PREFIXES and name[1:] in _PREFIXABLE:
            if name[0] == "d":
                self.advice.append(f"the prefix d at character {at} is discouraged")
            if name[1:] in _DEPRECATED:
                self.advice.append(f"the unit at character {at} is deprecated")
        elif (name[0] in _SI_PREFIXES and name[1:] in _NOT_PREFIXABLE) or (
            name[:2] in _BINARY_PREFIXES and name[2:] in KNOWN_UNITS
        ):
            self.problems.append(f"the unit at character {at} does not take this prefix")
        else:
            self.problems.append(f"the symbol at character {at} is not a known unit; quote it if it is meant")

    def literal(self, text: str) -> bool:
        found = self.text.startswith(text, self.at)
        if found:
            self.at += len(text)
        return found

    def take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def stuck(self) -> _SyntaxProblem:
        if self.at >= len(self.text):
            return _SyntaxProblem("it ends where a unit or a closing parenthesis is expected")
        if self.text.startswith("**", self.at):
            return _SyntaxProblem(f"character {self.at + 1}: only a single unit can be raised to a power")
        hint = _HINTS.get(self.text[self.at], "this is not allowed here")
        return _SyntaxProblem(f"character {self.at + 1}: {hint}")
