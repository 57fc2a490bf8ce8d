"""A folder of what was refused: a record of each piece, and its bytes where they may be kept.

Rules
1. Whoever looks into the folder is of the audience that the run was for, and the label says so. Bytes are kept only
   when the policy lets that audience see whatever they may hold; `gateway.batch` asks it.
2. Of anything else there is a record alone: which input, where, how many bytes, which error. No hash: who knows all of
   a piece but one number could try which number gives it.
3. The folder and its files are their owner's alone (`gateway.private`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson

from gateway.errors import GatewayError, OutputError
from gateway.model.audience import Audience
from gateway.private import label, private_folder, write_private

__all__ = ["Rejects"]

_LABEL = """\
For: {audience}
Profile: {profile}

What voevent-gateway could not convert, a .json file for each piece. Beside it, as .bin, is the piece itself when the
profile lets this audience see whatever it may hold. Show the folder to nobody else.
"""


class Rejects:
    """Keeps records as ``<16 digits>.json`` and bytes, where they may be kept, as ``.bin`` beside them.

    path : made when it is missing
    audience, profile : for whom the run is, and the id of the policy profile
    Raises OutputError: output-open when others may enter the folder, output-label when it was labelled for another
    audience or profile, output-unwritable.
    """

    def __init__(self, path: Path, audience: Audience, profile: str) -> None:
        self.path = path
        self.about = {"audience": str(audience), "profile": profile}
        try:
            private_folder(path)
            label(path, _LABEL.format(**self.about))
        except OSError as error:
            raise OutputError("output-unwritable", f"{path} cannot be made: {error.strerror}.") from None

    def put(self, name: str, size: int, data: bytes, error: GatewayError) -> None:
        """Record a piece of `size` bytes and keep `data`, its bytes or none. The same is kept once."""
        record = {
            "input": name,
            "where": str(error.where),
            "bytes": size,
            "code": error.code,
            "message": error.message,
            "advice": error.advice,
            "clause": error.clause,
            **self.about,
            "kept": bool(data),
        }
        text = orjson.dumps(record, option=orjson.OPT_INDENT_2) + b"\n"
        stem = self.path / hashlib.sha256(data or text).hexdigest()[:16]
        try:
            if data:
                write_private(stem.with_suffix(".bin"), data)
            write_private(stem.with_suffix(".json"), text)
        except OSError as problem:
            raise OutputError(
                "output-unwritable", f"{self.path} cannot be written: {problem.strerror}."
            ) from None
