"""What tests of the commands share: runs in this process, and alerts as files hold them."""

import io

from click.testing import CliRunner

from gateway.cli import main
from gateway.codecs import confluent, container

SENTINEL = "SENTINEL"
"""Stands in payloads; no output of ours may have it."""


def invoke(*arguments, stdin=None):
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def packed(alerts, codec="deflate"):
    """The alerts, of one schema, as a container."""
    out = io.BytesIO()
    container.write(out, alerts[0].schema, [found.payload for found in alerts], codec)
    return out.getvalue()


def message(found):
    """The alert as a Confluent message."""
    return confluent.frame(found.schema, found.payload)


def assert_clean(result):
    """Nothing but sentences: no traceback, no value of the payload."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    assert SENTINEL not in result.output
