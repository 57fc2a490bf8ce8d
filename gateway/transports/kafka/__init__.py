"""Apache Kafka: where Rubin, ZTF, GCN and SCiMMA put their messages, and where ours go.

What this package is not: a decoder, a policy or a configuration. It knows no alert, it does what
`gateway.relay.contract` promises, and its settings come to it as values. Only these files import confluent-kafka.

    client       Cluster, Scram, OAuth, Tls: where to connect to and as whom
    source       KafkaSource: a member of a consumer group
    poller       the thread that it reads in
    handoff      what stands between that thread and the loop
    ledger       which offsets of which partition are done
    watchdog     is anybody still there?
    sink         KafkaSink: a topic that products go to
    transaction  TransactionSink: products and offsets together, or neither
    headers      which headers go through, and what SCiMMA and others read in them
    faults       what librdkafka's error codes mean for us
"""

from gateway.transports.kafka.client import Cluster, OAuth, Scram, Tls
from gateway.transports.kafka.sink import KafkaSink
from gateway.transports.kafka.source import KafkaSource
from gateway.transports.kafka.transaction import TransactionSink

__all__ = ["Cluster", "KafkaSink", "KafkaSource", "OAuth", "Scram", "Tls", "TransactionSink"]
