"""What can be told from a text by looking at it: that there is an address in it, a credential, a designator.

Rules
1. Looking can only forbid. Whether something may be seen is told by where it comes from; a sign is one more thing
   that the profile is asked about, as a resource of kind `link` or `text` with one of these paths:

       link  secret            an address with a user, a token, a signature
             inline            no address but data (``data:``)
             unsafe            an address that runs something or names a file of somebody's machine
             controlled.<host> a service that only people with data rights may use, anywhere in an address or text
             redirect          it holds another address, or is known to stand for one
             name              a persistent name: ``doi:``. An ``ivo:`` is VOEvent's own way to name things, and no sign
             host.<host>       any other address; the labels of a host stand from the top: ``host.org.example.www``
             other             what looks like none of these
       text  plain             what people wrote
             designator        an object of a data release, which is then known: ``LSST-DP2-DO-123456789012345678``
             secret            a credential that is no part of an address
             bulk              so many numbers, or such a block of characters, that it is an image or a table

2. Spelling is no way round: width and case of letters, dots of other scripts, invisible characters, backslashes,
   percent-encoding and character references, several times over, are undone first.
3. Nothing is fetched. Nothing is kept: a cache of texts would hold what somebody may not see.
4. The lists are data, ``policy/links/links.toml``, checked when they are first used.
5. Numbers can be pixels wherever they stand: in one text, in one cell, or in columns of a table that are all alike.
"""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from gateway import resources
from gateway.errors import SettingsError, Where
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.rule import Resource

__all__ = [
    "BULK",
    "PLAIN",
    "SIGNS_FILE",
    "Sign",
    "asked",
    "bulk",
    "bulk_numbers",
    "host_link",
    "in_a_grid",
    "lists",
    "longest",
    "parse_lists",
    "signs",
]

SIGNS_FILE = "links.toml"

MAX_NESTED = 100
"""How many addresses in an address are looked at one by one; what is behind them is taken for a part of the last."""
MAX_DECODED = 4
"""How often encodings are undone: an address of an address of an address."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that a profile is to be asked about, and the release that it names."""

    resource: Resource
    release: str | None = None


GRID = 30
"""As many columns that say the same of themselves, and as many rows, are the smallest cutout there is (P14)."""

PLAIN = Sign(Resource("text", FieldPath(("plain",))))
SECRET_TEXT = Sign(Resource("text", FieldPath(("secret",))))
BULK = Sign(Resource("text", FieldPath(("bulk",))))

_ADDRESS = re.compile(
    r"(?<![a-z0-9+.-])[0-9+.-]*[a-z][a-z0-9+.-]*:/{2,}[^\s<>\"]+|(?<![a-z0-9])(?:https?|ftps?|file|s3|gs):/[^\s<>\"]+"
    r"|(?<![a-z0-9])(?:data:(?:[\w.+-]+/[\w.+-]+[;,]|;|,)|(?:javascript|vbscript|jar|view-source):)[^\s<>\"]+"
)
_INNER = re.compile(r"(?<=[^a-z0-9+.-])(?=[a-z][a-z0-9+.-]*:/{2,})")
_PARTS = re.compile(
    r"[0-9+.-]*(?:(?P<scheme>[a-z][a-z0-9+.-]*):)?(?P<slashes>/{2,})?(?P<authority>[^/?#]*)(?P<rest>.*)", re.S
)
_BARE_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}\Z")
_QUERY = re.compile(r"[?&;#/]([^=?&;#/\s]{1,64})=[^?&;#\s]")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?i:nan|inf|null)")
_HARMLESS = re.compile(r"[0-9.eE+-]{0,32}\Z|(?:[A-Za-z0-9 _+\-,;()*=<>\[\]]|\.(?![A-Za-z])){0,12}\Z")
"""A number, or shorter than any credential and designator, and no address. `signs` is called for every value."""
_PERCENT = re.compile("(?:%[0-9A-Fa-f]{2})+")
_UNSEEN = {"Pd": "-", "Cf": "", "Mn": ""}
_RARE = "jqzkxwv_b-yfghupmcldnorsait e"
"""Characters of a VOEvent, those that it has fewest of first; what is not here it has fewer of yet."""
_MINUS = "\N{MINUS SIGN}"


def signs(text: str, *, prose: bool = False, address: bool = False) -> set[Sign]:
    """What a text gives away.

    prose : people wrote it; address : it stands where an address is expected
    """
    found = {PLAIN} if prose and text.strip() else set()
    if not address and _HARMLESS.match(text):
        return found
    known, spellings = lists(), _spellings(text)
    if bulk_numbers(text) > known.numbers or longest(text) > known.characters:
        found.add(BULK)
    for spelling in spellings:
        low = spelling.lower().strip()
        if known.may_hold_secret(low) and known.secrets.search(spelling):
            found.add(SECRET_TEXT)
        for family, number in known.designators.findall(spelling):
            found.add(Sign(Resource("text", FieldPath(("designator",))), f"{family}{number}".lower()))
        if known.may_name_controlled(low):
            found |= {_link("controlled", host) for host in known.controlled.findall(low)}
        for one in (*_ADDRESS.findall(low), *([low] if address else ())):
            # An address may hold others, and each of them may be a way in.
            outer, *inner = _INNER.split(one, MAX_NESTED)
            found |= {link for part in (outer, *inner) if (link := _classified(part, known)) is not None}
            if (inner or "=//" in outer) and not outer.startswith("ivo:"):
                found.add(_link("redirect"))
    return found


def asked(found: Iterable[Sign], origin: Provenance) -> set[tuple[Resource, Provenance]]:
    """What a profile is asked about signs in something of this origin: about each, and again as of the release that it
    names (P26)."""
    return {(sign.resource, origin) for sign in found} | {
        (sign.resource, Provenance(Origin.DATA_RELEASE, sign.release)) for sign in found if sign.release
    }


def bulk(numbers: float = 0, characters: float = 0) -> frozenset[Sign]:
    """BULK, when so many numbers in one cell, or bytes that are no text, can be an image."""
    known = lists()
    return frozenset({BULK} if numbers > known.numbers or characters > known.characters else ())


def in_a_grid(columns: Iterable[Hashable | None], rows: int) -> list[bool]:
    """Which columns of a table may be those of an image: many of numbers that say the same of themselves.

    columns : what each says of itself; None for one that is not of numbers
    """
    said = list(columns)
    alike = Counter(said) if rows >= GRID else Counter()
    return [one is not None and alike[one] >= GRID for one in said]


def bulk_numbers(text: str) -> int:
    """How many numbers a text is, when it is hardly anything else."""
    parts = re.split(r"[\s,;|\[\](){}:]+", text) if len(text) > 100 else []
    numbers = sum(1 for part in parts if _NUMBER.fullmatch(part))
    return numbers if numbers > 0.9 * len(parts) else 0


def longest(text: str) -> int:
    """The longest run of what base64 and hexadecimal are written in. Lines of it count as one."""
    if len(text) < 512:
        return 0
    return max(map(len, re.findall(r"[A-Za-z0-9+/_=-]{64,}", re.sub(r"[\r\n]\s*", "", text))), default=0)


def _spellings(text: str) -> list[str]:
    """The text as it is, for what is undone may join a credential to its neighbour, and what it becomes (rule 2)."""
    found = list(dict.fromkeys((text, _plain(text))))
    for _ in range(MAX_DECODED):
        decoded = _plain(_PERCENT.sub(_unquoted, html.unescape(found[-1])))
        if decoded == found[-1]:
            break
        found.append(decoded)
    return found


def _unquoted(encoded: re.Match[str]) -> str:
    return unquote(encoded[0])


def _plain(text: str) -> str:
    if not text.isascii():
        # Marks go before, too: to put them in their order takes the square of their number.
        text = _seen(unicodedata.normalize("NFKC", _seen(text))).replace("\u3002", ".").replace(_MINUS, "-")
    return text.replace("\\", "/")


def _seen(text: str) -> str:
    """Without characters that change how a text is read by a program and hardly how it looks."""
    categories = {character: unicodedata.category(character) for character in set(text)}
    unseen = {ord(one): _UNSEEN[category] for one, category in categories.items() if category in _UNSEEN}
    return text.translate(unseen) if unseen else text


def _classified(address: str, known: _Lists) -> Sign | None:
    """The first of the paths of rule 1 that fits an address in lower case; None for what is none."""
    parts = _PARTS.match(address)
    assert parts is not None  # it matches everything
    scheme, authority = parts["scheme"], parts["authority"]
    if ("@" in authority and parts["slashes"]) or any(map(known.is_secret, _QUERY.findall(address))):
        return _link("secret")
    if scheme == "data":
        return _link("inline")
    if scheme == "ivo":
        return None
    if scheme in known.unsafe:
        return _link("unsafe")
    if scheme in known.names:
        return _link("name")
    if scheme is None and parts["slashes"] is None and not _BARE_HOST.match(authority):
        return None
    host = re.sub(r":\d*\Z", "", authority).strip(".")
    if known.shorteners.search(host):
        return _link("redirect")
    if scheme not in (None, "http", "https", "ftp", "ftps") or not host:
        return _link("other")
    return None if known.controlled.search(host) else _link("host", host)


def host_link(host: str) -> Sign:
    """The sign of an ordinary address on this host, in lower case."""
    return _link("host", host)


def _link(kind: str, host: str = "") -> Sign:
    return Sign(Resource("link", FieldPath((kind, *(reversed(host.split(".")) if host else ())))))


# The lists


@dataclass(frozen=True, slots=True)
class _Lists:
    """
    needles : one of them finds something in every text that `secrets` does
    parts : one of them is in every text that `controlled` finds something in
    """

    controlled: re.Pattern[str]
    shorteners: re.Pattern[str]
    unsafe: frozenset[str]
    names: frozenset[str]
    queries: re.Pattern[str]
    secrets: re.Pattern[str]
    needles: tuple[re.Pattern[str], ...]
    designators: re.Pattern[str]
    numbers: int
    characters: int
    parts: tuple[str, ...]

    def may_hold_secret(self, low: str) -> bool:
        """Whether it is worth the time to look for credentials in a text, in lower case."""
        return any(needle.search(low) for needle in self.needles)

    def may_name_controlled(self, low: str) -> bool:
        """The same for controlled hosts."""
        return any(part in low for part in self.parts)

    def is_secret(self, name: str) -> bool:
        """Whether a value of this name in a query is a credential."""
        return self.queries.fullmatch(re.sub(r"[-_.\[\]]", "", name)) is not None


@cache
def lists() -> _Lists:
    """What is known of addresses and texts (rule 4)."""
    return parse_lists((resources.policy() / "links" / SIGNS_FILE).read_text("utf-8"))


def parse_lists(text: str) -> _Lists:
    """The lists in a file. Raises SettingsError (settings-invalid)."""
    schema = orjson.loads((resources.schemas() / "json" / "links.schema.json").read_bytes())
    try:
        table: dict[str, Any] = tomllib.loads(text)
        broken = best_match(Draft202012Validator(schema).iter_errors(table))
        if broken is not None:
            raise ValueError(f"{broken.json_path} is not as schemas/json/links.schema.json says")
        queries = [name.replace("*", ".*") for name in table["secrets"]["queries"]]
        designators = re.compile(table["releases"]["designators"], re.IGNORECASE)
        if designators.groups != 2:
            raise ValueError("`designators` needs two groups")
        return _Lists(
            _hosts(table["controlled"]),
            _hosts([f"*.{host}" for host in table["shorteners"]]),
            frozenset(table["unsafe"]),
            frozenset(table["names"]),
            re.compile("|".join(queries)),
            re.compile("|".join(f"(?:{text})" for text in table["secrets"]["texts"])),
            _needles(table["secrets"]["needles"]),
            designators,
            table["bulk"]["numbers"],
            table["bulk"]["characters"],
            tuple({max(host.split("*"), key=len).lstrip(".") for host in table["controlled"]}),
        )
    except (ValueError, re.error) as error:
        message = f"What is known of links cannot be used: {error}."
        raise SettingsError("settings-invalid", message, where=Where(SIGNS_FILE)) from None


def _needles(needles: list[str]) -> tuple[re.Pattern[str], ...]:
    """Find these in lower-case text. Those with the same rare character are found together, from one of it to the next:
    in a long text that takes less than half the time that they take one by one."""
    found: dict[str, list[str]] = {}
    for needle in needles:
        rare = min(needle, key=_RARE.find)
        before, _, after = needle.partition(rare)
        found.setdefault(rare, []).append(rf"(?<={re.escape(before + rare)}){re.escape(after)}")
    return tuple(re.compile(rf"{re.escape(rare)}(?:{'|'.join(each)})") for rare, each in found.items())


def _hosts(patterns: list[str]) -> re.Pattern[str]:
    """Finds these hosts in lower-case text, in an address or not."""
    each = [
        (r"(?:[a-z0-9-]+\.)*" if pattern.startswith("*.") else "")
        + re.escape(pattern.removeprefix("*.")).replace(r"\*", "[a-z0-9-]*")
        for pattern in patterns
    ]
    return re.compile(rf"(?<![a-z0-9.-])(?:{'|'.join(each)})(?![a-z0-9-]|\.[a-z0-9])")
