"""What librdkafka's error codes mean for us: a table for each side.

Most of what goes wrong is mended by librdkafka itself and only told. What is in no table is of that kind.
"""

from __future__ import annotations

from confluent_kafka import KafkaError

from gateway.errors import DeliveryError, SourceError

__all__ = ["ALONE", "NEVER", "ended", "failed", "not_let_in", "refused", "said", "source_error"]

FORBIDDEN = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
"""The user may not do that. No waiting helps a source."""

NEVER = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_TIMESTAMP,
    }
)
"""The broker will never take such a message."""

ALONE = NEVER | {KafkaError._INVALID_DIFFERENT_RECORD}
"""A whole batch is refused when one message in it is, or when they are too long together: each is tried alone."""


def said(error: KafkaError) -> str:
    """Librdkafka's words, which end in what the broker says, as a part of a sentence."""
    return error.str().rstrip(". ")


def source_error(name: str, error: KafkaError) -> SourceError | None:
    """The error that ends a source, None when librdkafka goes on by itself."""
    if error.code() in FORBIDDEN:
        return SourceError("source-refused", f"{name} may not be read: {said(error)}.")
    return ended(name, error) if error.fatal() else None


def ended(name: str, error: KafkaError) -> SourceError:
    """The error for a client that can do nothing more."""
    return SourceError("source-unreachable", f"{name} cannot be read any more: {said(error)}.")


def not_let_in(name: str, error: KafkaError) -> SourceError | None:
    """The error that ends a source which was never connected; librdkafka would try again for ever."""
    if error.code() == KafkaError._AUTHENTICATION:
        return SourceError("source-refused", f"{name} is not let in: {said(error)}.")
    if error.code() == KafkaError._SSL:
        return SourceError("source-unreachable", f"{name} has no TLS with the broker: {said(error)}.")
    return None


def refused(name: str, error: KafkaError) -> DeliveryError:
    """The error for a product that a sink never takes."""
    return DeliveryError("delivery-refused", f"{name} never takes this: {said(error)}.")


def failed(name: str, error: KafkaError) -> DeliveryError:
    """The error for a batch that is to be sent again."""
    return DeliveryError("delivery-failed", f"{name} did not take everything: {said(error)}.")
