"""Check: puts everything that a file shows to the policy.

Rules
1. What is in a file is judged thing by thing (`gateway.compliance.judge`).
2. Alerts are released one by one as well, because some rules ask for their rows, and VOEvents are taken apart as a
   release does. What is withheld of them is counted.
3. A number that somebody made may not repeat one that is withheld (`gateway.compliance.copied`).
4. A file that cannot be read is an error in its place, and the others go on. One that cannot be read to its end is an
   error with the verdicts so far.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.compliance.copied import with_copies
from gateway.compliance.events import Events
from gateway.compliance.judge import Judge
from gateway.compliance.manifest import Manifest
from gateway.compliance.packets import Packets
from gateway.compliance.report import Report, TargetReport, Verdict
from gateway.compliance.sources import Source, Unreadable
from gateway.compliance.surface import Content, Surface
from gateway.compliance.targets import bounded, format_of
from gateway.errors import GatewayError, InputError
from gateway.model.alert import AlertSchema
from gateway.model.audience import Audience
from gateway.policy.engine import Policy

__all__ = ["check"]


def check(
    sources: Iterable[Source | Unreadable], policy: Policy, audience: Audience, manifest: Manifest
) -> Report:
    """What an audience may see of these files, and what not. Never raises for a file."""
    profile, judge = policy.profile, Judge(policy, audience, manifest)
    return Report(
        profile.id,
        profile.title,
        profile.sha256,
        audience,
        judge.now,
        manifest.sha256,
        [_Target(judge, source.name).report(source) for source in sources],
    )


class _Target:
    """One file, as far as it has been judged."""

    def __init__(self, judge: Judge, name: str) -> None:
        self.judge, self.name, self.format = judge, name, ""
        self.verdicts: list[Verdict] = []
        self.schemas: list[tuple[str, str]] = []
        self.packets = 0

    def report(self, source: Source | Unreadable) -> TargetReport:
        error: GatewayError | None
        if isinstance(source, Unreadable):
            error = source.error
        else:
            try:
                error = self._judge(source)
            except GatewayError as raised:
                error = raised
        if error is not None:
            error.located(input=self.name)
        return TargetReport(self.name, self.format, self.verdicts, self.schemas, self.packets, error)

    def _judge(self, source: Source) -> GatewayError | None:
        """Judge what is in a file. What was wrong with a part of it is returned, what stops it is raised."""
        format_ = format_of(source, self.judge.manifest)
        self.format = format_.NAME
        content = format_.fields(source, self.judge.manifest)
        self.format = content.name or self.format
        self.schemas = [_described(schema) for schema in content.schemas]
        surfaces, error = _as_far_as_it_goes(content)
        found = self.judge.of(self.name, surfaces)
        self.verdicts = [verdict for _, verdict in found]
        if error is not None:
            return error
        self.verdicts = [verdict for _, verdict in with_copies(found, content.rows, self.judge.verdict)]
        explained = any(not verdict.decision.passes for verdict in self.verdicts)
        packets = Packets(self.judge, self.name, explained)
        for packet in content.packets:
            packets.add(packet)
        events = Events(self.judge, self.name)
        for event in content.events:
            events.add(event)
        self.packets = packets.count + events.count
        self.verdicts += [*packets.verdicts(), *events.verdicts()]
        error = packets.error or events.error
        if not (self.verdicts or self.packets or error):
            # Nothing to check must not look like nothing wrong.
            raise InputError("input-empty", "The file has nothing in it that could be checked.")
        return error


def _as_far_as_it_goes(content: Content) -> tuple[list[Surface], GatewayError | None]:
    """What a file shows, and why that is not all."""
    found: list[Surface] = []
    try:
        found.extend(bounded(content))
    except GatewayError as error:
        return found, error
    return found, None


def _described(schema: AlertSchema) -> tuple[str, str]:
    return str(schema.key or schema.name), schema.sha256
