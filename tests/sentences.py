"""What people are told: a sentence, as it is written and not shouted."""


def is_sentence(text: str) -> bool:
    """Whether a text begins with a capital, a name in back quotes or a number, ends with a full stop, and has words."""
    return text.endswith(".") and not text[:1].islower() and " " in text and text != text.upper()
