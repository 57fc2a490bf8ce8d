"""UCD1+: is this a unified content descriptor, and if not, why not (list 1.6, syntax of UCD1+ 1.1).

Rules
1. A UCD is words joined by ``;``, a word is atoms joined by ``.``; case does not matter; no spaces.
2. Each word is in the controlled vocabulary, and its flag says where it may stand: P only first, S only after
   the first; Q and the kinds of quantity E (photometric), C (colour) and V (vector) anywhere.
3. A namespace is not part of the vocabulary: ``ivoa:`` is accepted, another one is a problem.
4. The word list is the one that astropy ships (1.6 in astropy 8); it is read on first use.
5. Messages count words from 1 and never repeat them.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

__all__ = ["flags", "problems"]

_ATOM = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_WORD = re.compile(rf"{_ATOM}(?:\.{_ATOM})*\Z")
_FIRST, _LATER = frozenset("PQECV"), frozenset("SQECV")


@cache
def flags() -> dict[str, str]:
    """Each word of the vocabulary in lower case, with its flag."""
    # Through the top package only: importing astropy.io.votable would cost most of a second.
    text = (files("astropy") / "io" / "votable" / "data" / "ucd1p-words.txt").read_text("ascii")
    rows = (line.split("|") for line in text.splitlines() if line and not line.startswith("#"))
    return {word.strip().lower(): flag.strip() for flag, word, *_ in rows}


def problems(ucd: str) -> list[str]:
    """What is wrong with a UCD, one sentence a problem; empty when it is valid."""
    return [
        f"word {number} {problem}"
        for number, word in enumerate(ucd.split(";"), start=1)
        if (problem := _word_problem(word, first=number == 1))
    ]


def _word_problem(word: str, *, first: bool) -> str | None:
    namespace, colon, name = word.rpartition(":")
    if colon and namespace.lower() != "ivoa":
        return "is in a namespace other than ivoa"
    if not _WORD.match(name):
        return "is empty" if not name else "is not letters, digits, - and _ joined by dots"
    flag = flags().get(name.lower())
    if flag is None:
        return "is not in the UCD1+ vocabulary"
    if first and flag not in _FIRST:
        return "may not come first"
    if not first and flag not in _LATER:
        return "may only come first"
    return None
