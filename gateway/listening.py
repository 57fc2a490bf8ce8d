"""What becomes of each event that a subscriber hears: release, keep, run a command, report.

Rules
1. Everything that leaves passed the policy (`gateway.conversion`). What is released whole is the exact bytes that came.
2. A file is named for the whole identifier of its event, with what is unsafe in a name replaced. The same event may
   come again, and is kept once; another one of that name gets some of its hash behind it, and replaces nothing.
3. What goes wrong with one event is its result, and the next one is heard. Only when nothing can be written any more
   does the whole end: events that were acknowledged must not be lost in silence.
4. Several threads may hear events at once; they run commands side by side, and take turns with everything else.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.conversion import Converter, Output
from gateway.errors import GatewayError
from gateway.model.document import Document
from gateway.model.provenance import Provenance
from gateway.policy.keeping import may_be_kept
from gateway.transports.command import Command
from gateway.transports.outputs import Directory
from gateway.transports.rejects import Rejects
from gateway.vtp import Packet

__all__ = ["MAX_STEM", "Heard", "Hearing", "stem_of"]

MAX_STEM = 200
"""Characters of a file name without its ending: with a hash behind it, all file systems take that."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one event.

    at : when it was taken up, UTC
    source : the broker that it came from
    role : as in the event; one of the four when there is an output
    size : bytes as it came
    output : what the policy released
    path : where that was kept
    error : why there is no output, or what went wrong with the command
    """

    at: datetime
    source: str
    role: str
    size: int
    output: Output | None = None
    path: str | None = None
    error: GatewayError | None = None


class Hearing:
    """Takes one packet after the other.

    provenance : where the events come from, as the operator declares
    place : the folder that keeps them
    command : is run for each
    rejects : records what is refused, and keeps its bytes where they may be kept
    report : is told what became of each
    """

    def __init__(
        self,
        converter: Converter,
        provenance: Provenance,
        report: Callable[[Heard], None],
        *,
        place: Directory | None = None,
        command: Command | None = None,
        rejects: Rejects | None = None,
    ) -> None:
        self._converter, self._provenance, self._report = converter, provenance, report
        self._place, self._command, self._rejects = place, command, rejects
        self._turn = threading.Lock()
        self.released = self.refused = self.failed = 0

    def __call__(self, packet: Packet, source: str) -> None:
        """Hear one. Raises OutputError when the folder or the report cannot be written (rule 3)."""
        with self._turn:
            heard = self._released(packet, source)
        if heard.output is not None and self._command is not None:
            try:
                self._command.run(heard.output.data)
            except GatewayError as error:
                heard = replace(heard, error=error.located(input=source))
        with self._turn:
            self.released += heard.output is not None
            self.refused += heard.output is None
            self.failed += heard.output is not None and heard.error is not None
            self._report(heard)

    def _released(self, packet: Packet, source: str) -> Heard:
        at, size = datetime.now(UTC), len(packet.payload)
        document = Document(packet.payload, self._provenance, self._provenance)
        try:
            output = self._converter.convert(document)
        except GatewayError as error:
            self._reject(document, source, error)
            return Heard(at, source, packet.role, size, error=error.located(input=source))
        path = self._keep(self._place, output) if self._place is not None else None
        return Heard(at, source, packet.role, size, output, path)

    def _reject(self, document: Document, source: str, error: GatewayError) -> None:
        if self._rejects is not None:
            kept = may_be_kept(document, error, self._converter.policy, self._converter.audience)
            self._rejects.put(source, len(document.data), document.data if kept else b"", error)

    @staticmethod
    def _keep(place: Directory, output: Output) -> str:
        """Rule 2."""
        stem = stem_of(output.ivorn or "")
        if place.has_other(output.data, stem, output.suffix):
            stem += "-" + hashlib.sha256(output.data).hexdigest()[:12]
        return place.put(output.data, stem, output.suffix)


def stem_of(ivorn: str) -> str:
    """A file name for an event, without ending: its identifier with what is unsafe in names replaced."""
    safe = re.sub(r"[^A-Za-z0-9._+-]+", "_", re.sub("^ivo://", "", ivorn, flags=re.I))
    return safe.strip("._")[:MAX_STEM] or "event"
