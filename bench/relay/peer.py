"""The loop that one would write today: confluent-kafka, fastavro, voevent-parse. Started as a program by
`bench.relay.programs`."""

from __future__ import annotations

import sys

from confluent_kafka import Consumer, Producer

from bench.packets import SCHEMA
from bench.peers import VoeventParse
from bench.relay.programs import SETTINGS

COMMIT = 100
"""Messages between two commits."""


def main(bootstrap: str, source: str, sink: str, group: str) -> None:
    """Convert what comes, until killed. A batch is committed when its events are delivered."""
    peer = VoeventParse(SCHEMA, SETTINGS)
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5})
    consumer.subscribe([source])
    waiting = 0
    while True:
        message = consumer.poll(0.05)
        if message is not None and message.error() is None:
            value = message.value()
            assert value is not None
            producer.produce(sink, peer.event(value[5:]), message.key())
            producer.poll(0)
            waiting += 1
        if waiting and (message is None or waiting >= COMMIT):
            producer.flush()
            consumer.commit(asynchronous=False)
            waiting = 0


if __name__ == "__main__":
    main(*sys.argv[1:])
