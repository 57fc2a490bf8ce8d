"""What a peer wrote, made fit for a line on a terminal or in a log."""

__all__ = ["MAX_QUOTED", "quoted"]

MAX_QUOTED = 300
"""Characters of a peer's text that are shown: a reason is a sentence, and whoever sends a book wants to hide
something."""


def quoted(text: str) -> str:
    """The text in one line without anything that a terminal would obey, and not too much of it."""
    line = " ".join(text.split())
    shown = "".join(character if character.isprintable() else "?" for character in line[: MAX_QUOTED + 1])
    return shown if len(shown) <= MAX_QUOTED else shown[:MAX_QUOTED] + "..."
