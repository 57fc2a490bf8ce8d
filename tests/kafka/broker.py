"""A real Apache Kafka broker on loopback: one node, KRaft, listeners and rights as in settings.py."""

import base64
import json
import subprocess
import uuid
from pathlib import Path
from typing import Any

from certificates import certificate_of_authority
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec
from issuer import public
from joserfc.jwk import RSAKey

from kafka.child import Child, free_ports
from kafka.jvm import java
from kafka.programs import KAFKA, KAFKA_CLASSES
from kafka.settings import (
    ALERTS,
    LISTENERS,
    READER,
    USERS,
    dotted,
    jwks_url,
    password,
    rights,
    server_properties,
)

SAYS = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)
READY = r"Kafka Server started"
WAIT = 60.0
"""Seconds until the broker must have answered a question of set-up."""
SOON = 0.1
"""Seconds between two looks at something that must come."""
CLUSTER = base64.urlsafe_b64encode(b"laboratory-kafka").rstrip(b"=").decode()
"""An id as Kafka wants it: sixteen bytes."""
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


class KafkaBroker:
    """A broker with all that it is made of in one folder. It can be stopped, killed and started again there.

    Another process that knows the folder can use it while it runs: only who started it can stop it.
    """

    real = True

    def __init__(self, folder: Path, *, keep_classes: bool = False) -> None:
        self.folder = folder
        self._keep = keep_classes
        self._child: Child | None = None
        if not (folder / "ports.json").exists():
            self._set_up()
        self.ports: dict[str, int] = json.loads((folder / "ports.json").read_text())
        self.ca = folder / "authority.pem"
        self.key = RSAKey.import_key((folder / "issuer.pem").read_text(), {"kid": "laboratory"})

    def _set_up(self) -> None:
        names = ("CONTROLLER", *LISTENERS)
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        certificate_of_authority(self.folder)
        key = RSAKey.generate_key(2048, {"kid": "laboratory", "use": "sig", "alg": "RS256"})
        (self.folder / "issuer.pem").write_bytes(key.as_pem(private=True))
        (self.folder / "jwks.json").write_bytes(public(key))
        (self.folder / "server.properties").write_text(server_properties(self.folder, ports))
        users = [
            f"--add-scram={mechanism}=[name={user},password={password(user)},iterations=4096]"
            for user in USERS
            for mechanism in SCRAM
        ]
        settings = ("-c", self.folder / "server.properties")
        command = self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER, *settings, *users)
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        (self.folder / "ports.json").write_text(json.dumps(ports))

    def _java(self, *arguments: object) -> list[str]:
        urls = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={jwks_url(self.folder)}"
        return java(KAFKA_CLASSES, *SAYS, urls, "-cp", KAFKA / "*", *arguments, keep=self._keep)

    def start(self) -> None:
        """Start it, on the same ports and with the same data as before: returns when it can be used."""
        assert self._child is None, "It runs."
        first = not (self.folder / "rights").exists()
        child = Child(self._java("kafka.Kafka", self.folder / "server.properties"), self.folder)
        child.ready(READY)
        self._child = child
        if first:
            admin = self.admin()
            for done in admin.create_acls(rights(), request_timeout=WAIT).values():
                done.result()
            (self.folder / "rights").touch()

    def stop(self) -> None:
        """Shut it down in order, if it runs."""
        child, self._child = self._child, None
        if child:
            child.end()

    def kill(self) -> None:
        """As a crash of the machine ends it."""
        child, self._child = self._child, None
        assert child, "It does not run, or another process started it."
        child.kill()

    @property
    def log(self) -> str:
        """What it has said since it was started."""
        return self._child.text if self._child else ""

    def bootstrap(self, listener: str = "PLAINTEXT") -> str:
        """`host:port` of a listener."""
        return f"127.0.0.1:{self.ports[listener]}"

    def client(self, **more: Any) -> dict[str, Any]:
        """Settings of a confluent-kafka client that may do everything. With dots as underscores, more of them."""
        return {"bootstrap.servers": self.bootstrap(), **dotted(more)}

    def client_as(
        self,
        user: str = READER,
        listener: str = "SASL_SSL",
        mechanism: str = "SCRAM-SHA-512",
        **more: Any,
    ) -> dict[str, Any]:
        """Settings of a client that authenticates as one of the users. Tokens need more: see issuer.py."""
        settings: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap(listener),
            "security.protocol": listener,
            "sasl.mechanism": mechanism,
        }
        if mechanism != "OAUTHBEARER":
            settings |= {"sasl.username": user, "sasl.password": password(user)}
        if listener == "SASL_SSL":
            settings["ssl.ca.location"] = str(self.ca)
        return settings | dotted(more)

    def admin(self) -> AdminClient:
        """Who may do everything."""
        return AdminClient(self.client(log_level=0))

    def create_topic(self, name: str, partitions: int = 1, **settings: str) -> str:
        """A topic that is ready to be used, and its name. Settings have underscores for dots: `retention_ms`."""
        topic = NewTopic(name, partitions, 1, config=dotted(settings))
        admin = self.admin()
        for done in admin.create_topics([topic], operation_timeout=WAIT).values():
            done.result()
        ends = {TopicPartition(name, number): OffsetSpec.latest() for number in range(partitions)}
        for _ in range(int(WAIT / SOON)):
            found = admin.list_offsets(ends, request_timeout=WAIT).values()
            if not any(done.exception(WAIT) for done in found):
                return name
            admin.poll(SOON)
        raise AssertionError(f"Topic {name} has no leader after {WAIT} s.")

    def new_topic(self, prefix: str = ALERTS, partitions: int = 1, **settings: str) -> str:
        """A topic with a name that no other test has."""
        return self.create_topic(f"{prefix}-{uuid.uuid4()}", partitions, **settings)
