"""`make kafka`: the broker of the tests in the foreground, to play with, until Ctrl-C. It keeps nothing."""

import signal
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from kafka.broker import KafkaBroker
from kafka.programs import missing
from kafka.settings import ALERTS, LISTENERS, MECHANISMS, READER, USERS, WRITER, password

PARTITIONS = 4


def main() -> int:
    if reason := missing("kafka"):
        print(reason, file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with TemporaryDirectory(prefix="kafka-") as folder, suppress(KeyboardInterrupt):
        broker = KafkaBroker(Path(folder))
        try:
            broker.start()
            broker.create_topic(f"{ALERTS}-simulated", PARTITIONS)
            print(described(broker), flush=True)
            signal.pause()
        finally:
            broker.stop()
    return 0


def described(broker: KafkaBroker) -> str:
    """What a person needs to use it."""
    addresses = "\n".join(f"  {name:<14} {broker.bootstrap(name)}" for name in LISTENERS)
    users = "\n".join(f"  {user:<16} password {password(user)}" for user in USERS)
    return f"""\
A Kafka broker runs until Ctrl-C; what it holds is gone then.

{addresses}
SASL mechanisms: {", ".join(MECHANISMS)}. Authority for TLS: {broker.ca}
Who comes by PLAINTEXT may do everything.

{users}
{READER} reads topics {ALERTS}*, in groups {READER}*. {WRITER} reads them too, and owns topics and groups {WRITER}*.
There is a topic {ALERTS}-simulated with {PARTITIONS} partitions.

Try it in Python:

  from confluent_kafka import Consumer
  consumer = Consumer({{
      "bootstrap.servers": "{broker.bootstrap("SASL_SSL")}", "security.protocol": "SASL_SSL",
      "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "{READER}", "sasl.password": "{password(READER)}",
      "ssl.ca.location": "{broker.ca}", "group.id": "{READER}-1", "auto.offset.reset": "earliest",
  }})
  consumer.subscribe(["{ALERTS}-simulated"])
"""


if __name__ == "__main__":
    sys.exit(main())
