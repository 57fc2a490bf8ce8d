"""Dead letters: what could not go on, with the reason, so that nothing is lost and nobody sees more than they may.

Rules
1. A letter is one JSON document. It says which message of which route, its size and what was wrong, in the words of the
   error, which have no value of the payload.
2. Its bytes are in it only when the policy lets the letters' audience see whatever they may hold (`keep`); otherwise
   there is not even their hash: who knows all of a message but one number could try which number gives it.
3. It is labelled with that audience and the profile. Show it to nobody else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping

import orjson

from gateway.errors import GatewayError
from gateway.relay.message import Item, Product

__all__ = ["FORM", "Letters", "opened"]

FORM = "voevent-gateway dead letter 1"


class Letters:
    """Writes letters.

    keep : says, of an item and what went wrong with it, whether the letters' audience may see all of its bytes
    label : the audience and the profile, as they stand in each letter
    """

    def __init__(self, keep: Callable[[Item, GatewayError], bool], label: Mapping[str, str]) -> None:
        self._keep, self._label = keep, dict(label)

    def letter(
        self,
        route: str,
        name: str,
        data: bytes,
        error: GatewayError,
        item: Item | None = None,
        time: float = 0.0,
    ) -> Product:
        """The letter for a message, or for a part of it; without an item nothing is known of the bytes.

        data : the message's bytes
        time : seconds since 1970 at which its source got it
        """
        kept = item is not None and self._keep(item, error)
        record = {
            "form": FORM,
            "route": route,
            "input": name,
            "where": str(error.where),
            "time": time,
            "bytes": len(data),
            "code": error.code,
            "message": error.message,
            "advice": error.advice,
            "clause": error.clause,
            **self._label,
            "data": base64.b64encode(data).decode("ascii") if kept else None,
        }
        text = orjson.dumps(record, option=orjson.OPT_INDENT_2) + b"\n"
        return Product(text, hashlib.sha256(text).hexdigest()[:16], ".json", time=time)


def opened(letter: bytes) -> tuple[str, bytes | None]:
    """The name of the message that a letter is about, and its bytes if they are in it. Raises ValueError for any other
    document."""
    record = orjson.loads(letter)
    if not isinstance(record, dict) or record.get("form") != FORM:
        raise ValueError("This is no dead letter.")
    data = record["data"]
    return record["input"], None if data is None else base64.b64decode(data, validate=True)
