"""VE-01 to VE-05: the root element (VOEvent 2.1 section 3.1)."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.codecs.voevent.rules.document import Document, Problem, children, name_of
from gateway.model.finding import Severity
from gateway.model.voevent import NAMESPACES, ROLES, Version
from gateway.safexml import Element

__all__ = ["fragment", "identifier", "local_part", "role", "sections", "version", "version_of"]

_SECTIONS = ("Who", "What", "WhereWhen", "How", "Why", "Citations", "Description", "Reference")
_VERSION_OF = {namespace: version for version, namespace in NAMESPACES.items()}


def version_of(root: Element) -> Version | None:
    """The version of a document, from its namespace or else its version attribute; None without either."""
    if name_of(root) != "VOEvent":
        return None
    stated = root.get("version")
    return _VERSION_OF.get(_namespace(root)) or next((known for known in NAMESPACES if stated == known), None)


def version(document: Document) -> Iterator[Problem]:
    """VE-01."""
    root, right = document.root, document.version
    if _namespace(root) not in _VERSION_OF:
        message = f"The root element is not in the namespace of version {right}, {NAMESPACES[right]}."
        yield Problem(root, message)
    elif root.get("version") is None:
        yield Problem(root, f"There is no version attribute; write version {right}.")
    elif root.get("version") != right:
        yield Problem(root, f"The version is not that of the namespace, {right}.", "version")


def _namespace(root: Element) -> str:
    return root.tag.rpartition("}")[0].removeprefix("{")


def identifier(document: Document) -> Iterator[Problem]:
    """VE-02."""
    ivorn = document.root.get("ivorn")
    if ivorn is None:
        yield Problem(document.root, "The packet has no ivorn.")
    elif not ivorn.startswith("ivo://"):
        yield Problem(document.root, "The ivorn does not start with ivo://.", "ivorn")


def local_part(document: Document) -> Iterator[Problem]:
    """VE-03."""
    ivorn = document.root.get("ivorn", "")
    stream, separator, local = ivorn.partition("?" if "?" in ivorn else "#")
    if ivorn.startswith("ivo://") and not (separator and local and stream):
        yield Problem(
            document.root,
            "The ivorn has no local part after ? or #, so it names a stream and no event.",
            "ivorn",
        )


def fragment(document: Document) -> Iterator[Problem]:
    """VE-03, second half: a new identifier is written with a question mark (contradiction `separator`)."""
    ivorn = document.root.get("ivorn", "")
    if "#" in ivorn and "?" not in ivorn:
        message = "The ivorn joins its local part with #, the historical form; new identifiers use ?."
        yield Problem(document.root, message, "ivorn", Severity.NOTE)


def role(document: Document) -> Iterator[Problem]:
    """VE-04."""
    stated = document.root.get("role")
    if stated is None:
        message = "The packet has no role. It means observation, but some brokers drop it: write the role."
        yield Problem(document.root, message, severity=Severity.WARNING)
    elif stated not in ROLES:
        yield Problem(document.root, f"The role is not one of {', '.join(ROLES)}.", "role")


def sections(document: Document) -> Iterator[Problem]:
    """VE-05."""
    seen = set()
    for child in children(document.root):
        name = name_of(child)
        if name not in _SECTIONS:
            message = f"{name} is not a part of VOEvent. Other markup is referred to by a Reference."
            yield Problem(child, message)
        elif name in seen:
            yield Problem(child, f"A packet has at most one {name}.")
        seen.add(name)
