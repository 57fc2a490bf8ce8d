"""How the broker of the laboratory is set up: listeners, users, and what each user may do. Read as tables.

| listener | for | mechanisms |
|---|---|---|
| `PLAINTEXT` | set-up and measuring speed: whoever connects may do everything | none |
| `SASL_PLAINTEXT` | credentials without TLS | SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER |
| `SASL_SSL` | as Rubin, SCiMMA and GCN have it | the same |
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from issuer import ISSUER

LISTENERS = ("PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")

READER = "community-broker"
"""As Rubin sets up a community broker: it reads the topics of alerts, in groups that begin with its name. No more."""
WRITER = "gateway"
"""Reads alerts too, and owns the topics, groups and transactions that begin with its name."""
STRANGER = "stranger"
"""Is who it says it is, and may do nothing."""
USERS = (READER, WRITER, STRANGER)
ALERTS = "alerts"
"""What the names of topics of alerts begin with."""
AUDIENCE = "kafka"
"""For whom tokens are that the broker takes. Their `sub` is the user."""

Operation, Type = AclOperation, ResourceType
MAY = (
    (READER, Type.TOPIC, ALERTS, (Operation.READ, Operation.DESCRIBE)),
    (READER, Type.GROUP, READER, (Operation.READ, Operation.DESCRIBE)),
    (WRITER, Type.TOPIC, ALERTS, (Operation.READ, Operation.DESCRIBE)),
    (WRITER, Type.TOPIC, WRITER, (Operation.READ, Operation.WRITE, Operation.CREATE, Operation.DESCRIBE)),
    (WRITER, Type.GROUP, WRITER, (Operation.READ, Operation.DESCRIBE)),
    (WRITER, Type.TRANSACTIONAL_ID, WRITER, (Operation.WRITE, Operation.DESCRIBE)),
)
"""(user, kind of thing, what the names of the things begin with, what the user may do with them)"""

SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{CONTROLLER}
controller.listener.names=CONTROLLER
listeners=CONTROLLER://127.0.0.1:{CONTROLLER},{addresses}
advertised.listeners={addresses}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,{protocols}
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data

# Nobody may do what no rule allows. Who comes without a name comes by PLAINTEXT.
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
auto.create.topics.enable=false

ssl.keystore.type=PEM
ssl.keystore.location={folder}/127.0.0.1.pem
sasl.enabled.mechanisms={mechanisms}
sasl.oauthbearer.expected.issuer={issuer}
sasl.oauthbearer.expected.audience={audience}
sasl.oauthbearer.jwks.endpoint.url={jwks}
{jaas}

# After a crash the broker is not let in again before its last session is over: by default 9 s.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500

# One node, few threads, quick to start and to stop.
num.network.threads=1
num.io.threads=2
background.threads=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=2097152
"""

_SECURITY = "org.apache.kafka.common.security"
_SCRAM = f"{_SECURITY}.scram.ScramLoginModule required;"
_OAUTH = f"{_SECURITY}.oauthbearer.OAuthBearerLoginModule required;"
_VALIDATOR = f"{_SECURITY}.oauthbearer.OAuthBearerValidatorCallbackHandler"


def password(user: str) -> str:
    """The password and, for tokens, the secret of a user. It guards nothing but a test on loopback."""
    return f"{user}-secret"


def server_properties(folder: Path, ports: dict[str, int]) -> str:
    """The configuration of a broker with its data in a folder."""
    return SETTINGS.format(
        **ports,
        folder=folder,
        addresses=",".join(f"{name}://127.0.0.1:{ports[name]}" for name in LISTENERS),
        protocols=",".join(f"{name}:{name}" for name in LISTENERS),
        mechanisms=",".join(MECHANISMS),
        issuer=ISSUER,
        audience=AUDIENCE,
        jwks=jwks_url(folder),
        jaas="\n".join(_jaas()),
    )


def jwks_url(folder: Path) -> str:
    """Where the broker finds the keys of the issuer: it opens no URL that its command line does not name, too."""
    return (folder / "jwks.json").as_uri()


def _jaas() -> Iterator[str]:
    for listener in LISTENERS[1:]:
        for mechanism in MECHANISMS:
            name = f"listener.name.{listener.lower()}.{mechanism.lower()}"
            if mechanism == "OAUTHBEARER":
                yield f"{name}.sasl.jaas.config={_OAUTH}"
                yield f"{name}.sasl.server.callback.handler.class={_VALIDATOR}"
            else:
                yield f"{name}.sasl.jaas.config={_SCRAM}"


def rights() -> list[AclBinding]:
    """All that the users may do."""
    return [
        AclBinding(
            kind,
            prefix,
            ResourcePatternType.PREFIXED,
            f"User:{user}",
            "*",
            operation,
            AclPermissionType.ALLOW,
        )
        for user, kind, prefix, operations in MAY
        for operation in operations
    ]


def dotted(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of Kafka that are written as arguments: `group_id` is `group.id`. Few have no dot in truth."""
    return {
        name if name == "log_level" or name.endswith("_cb") else name.replace("_", "."): value
        for name, value in settings.items()
    }
