"""The event by which subscribers see that a broker is alive when nothing happens in the sky: VOEvent 2.0, role
``test``."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.codecs.voevent import encode
from gateway.model.voevent import Author, AuthorField, VOEvent, Who

__all__ = ["test_event"]


def test_event(local: str, now: datetime) -> bytes:
    """A document whose identifier has the broker's own IVOID and the time, an aware one."""
    moment = now.astimezone(UTC)
    return encode(
        VOEvent(
            "2.0",
            f"{local.partition('#')[0]}#TestEvent-{moment:%Y-%m-%dT%H:%M:%S.%f}",
            "test",
            Who(
                author_ivorn=local,
                date=f"{moment:%Y-%m-%dT%H:%M:%S}",
                author=Author((AuthorField("title", "Test event of a broker"),)),
            ),
            description="Broker test event. Nothing has been observed.",
        )
    )
