"""`make kafka`: the broker of the tests in the foreground, to play with, until Ctrl-C. It keeps nothing.

An issuer of tokens runs beside it, and the schema registry where that is here.
"""

import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from kafka.broker import KafkaBroker
from kafka.programs import missing
from kafka.registry import SchemaRegistry
from kafka.settings import ALERTS, LISTENERS, MECHANISMS, READER, USERS, WRITER, password
from kafka.tokens import token_endpoint

TOPIC = f"{ALERTS}-simulated"
PARTITIONS = 4
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    if reason := missing("kafka"):
        print(reason, file=sys.stderr)
        return 1
    for number in SIGNALS:
        signal.signal(number, _leave)
    with ExitStack() as stack:
        stack.enter_context(suppress(KeyboardInterrupt))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="kafka-")))
        broker = KafkaBroker(folder)
        stack.callback(broker.stop)
        broker.start()
        broker.create_topic(TOPIC, PARTITIONS)
        issuer = stack.enter_context(token_endpoint(broker.key)).url
        registry = missing("registry")
        if registry is None:
            server = SchemaRegistry(folder)
            stack.callback(server.stop)
            server.start()
            registry = server.url
        print(described(broker, issuer, registry), flush=True)
        signal.pause()
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    """Who is in a hurry and asks twice must not leave servers behind."""
    for each in SIGNALS:
        signal.signal(each, lambda *_: None)
    raise KeyboardInterrupt


def described(broker: KafkaBroker, issuer: str, registry: str) -> str:
    """What a person needs to use it."""
    addresses = "\n".join(f"  {name:<14} {broker.bootstrap(name)}" for name in LISTENERS)
    users = "\n".join(f"  {user:<16} password {password(user)}" for user in USERS)
    return f"""\
A Kafka broker runs until Ctrl-C; what it holds is gone then.

{addresses}
SASL mechanisms: {", ".join(MECHANISMS)}. Authority for TLS: {broker.ca}
Who comes by PLAINTEXT may do everything.
Tokens (OIDC client credentials, the user as client and its password as secret): {issuer}
Schema registry: {registry}

{users}
{READER} reads topics {ALERTS}*, in groups {READER}*. {WRITER} reads them too, and owns topics and groups {WRITER}*.
There is a topic {TOPIC} with {PARTITIONS} partitions.

Try it in Python:

  from confluent_kafka import Consumer
  consumer = Consumer({{
      "bootstrap.servers": "{broker.bootstrap("SASL_SSL")}", "security.protocol": "SASL_SSL",
      "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "{READER}", "sasl.password": "{password(READER)}",
      "ssl.ca.location": "{broker.ca}", "group.id": "{READER}-1", "auto.offset.reset": "earliest",
  }})
  consumer.subscribe(["{TOPIC}"])
"""


if __name__ == "__main__":
    sys.exit(main())
