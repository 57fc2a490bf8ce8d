"""Kafka's part of a configuration. Secrets are read here, when a service is put together, and not before."""

from __future__ import annotations

from pathlib import Path

from gateway.config.kafka import Auth, Registry
from gateway.config.sinks import KafkaSink as SinkTable
from gateway.config.sources import KafkaSource as SourceTable
from gateway.config.values import Secret
from gateway.relay.contract import Sink
from gateway.relay.metrics import Metrics
from gateway.transports import kafka, schemas
from gateway.transports.kafka import Cluster, OAuth, Scram, Tls

__all__ = ["cluster_of", "schemas_of", "sink", "source", "transaction"]


def cluster_of(table: SourceTable | SinkTable) -> Cluster:
    """Where to connect to, and as whom. Raises SettingsError (settings-missing) for a secret that is not there."""
    tls = Tls(table.tls.ca, table.tls.certificate, table.tls.key) if table.tls is not None else None
    return Cluster(table.bootstrap, _auth(table.auth) if table.auth is not None else None, tls)


def _auth(table: Auth) -> Scram | OAuth:
    if table.mechanism == "oauthbearer":
        assert table.token_url is not None
        return OAuth(
            table.token_url, _said(table.client_id), _said(table.client_secret), table.scope, table.ca
        )
    if table.mechanism == "scram-sha-256":
        return Scram(_said(table.username), _said(table.password), "SCRAM-SHA-256")
    return Scram(_said(table.username), _said(table.password), "SCRAM-SHA-512")


def _said(value: str | Secret | None) -> str:
    assert value is not None
    return value if isinstance(value, str) else value.read()


def source(name: str, table: SourceTable, metrics: Metrics, *, commits: bool) -> kafka.KafkaSource:
    """The source of a table."""
    return kafka.KafkaSource(
        name, cluster_of(table), table.topics, table.group, metrics, start=table.start, commits=commits
    )


def sink(name: str, table: SinkTable) -> Sink:
    """The sink of a table."""
    return kafka.KafkaSink(
        name,
        cluster_of(table),
        table.topic,
        headers=table.headers,
        compression=table.compression,
        limit=table.max_bytes,
    )


def transaction(name: str, tables: list[SinkTable], source: kafka.KafkaSource, identity: str) -> Sink:
    """One sink for the topics of several tables, which `gateway.config.checks` found to be alike."""
    table = tables[0]
    return kafka.TransactionSink(
        name,
        cluster_of(table),
        [one.topic for one in tables],
        source,
        identity,
        headers=table.headers,
        compression=table.compression,
        limit=table.max_bytes,
    )


def schemas_of(table: Registry | None, folder: Path, metrics: Metrics) -> schemas.Schemas:
    """The schemas of a source: released ones, and those of its registry."""
    if table is None:
        return schemas.Schemas()
    user = _said(table.user) if table.user is not None else None
    password = table.password.read() if table.password is not None else None
    registry = schemas.Registry(table.url, user, password, str(table.ca) if table.ca is not None else None)
    return schemas.Schemas(
        registry,
        schemas.Cache(folder, table.url),
        told=lambda found: metrics.add("schema_lookups_total", 1, found),
    )
