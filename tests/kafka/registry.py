"""A real schema registry on loopback: Apicurio with the API that Confluent's clients speak, in memory.

What was tried: 3.3.3 needs Java 21; 3.0.9 runs on Java 17, but Maven found no parent of it where this was made; 2.6.13
installs and runs. Confluent's own is not where Maven looks by default. None of Apicurio's takes Confluent's way to say
which id a schema is to have (mode IMPORT), so `keep` imports an archive as Apicurio makes them.
"""

import hashlib
import io
import json
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kafka.child import Child, free_ports
from kafka.jvm import java
from kafka.programs import REGISTRY, REGISTRY_CLASSES

READY = r"Listening on: http"
WAIT = 60.0
"""Seconds until it must have answered."""


class SchemaRegistry:
    """A registry that can be stopped and started again on the same port. It forgets everything then."""

    def __init__(self, folder: Path, *, keep_classes: bool = False) -> None:
        self.folder = folder
        self._keep = keep_classes
        self._child: Child | None = None
        if not (folder / "port").exists():
            (folder / "port").write_text(str(free_ports(1)[0]))
        self.port = int((folder / "port").read_text())
        self.url = f"http://127.0.0.1:{self.port}/apis/ccompat/v7"
        """Of the API that Confluent's clients speak."""

    def start(self) -> None:
        """Start it: returns when it can be used."""
        assert self._child is None, "It runs."
        where = ("-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={self.port}")
        (jar,) = REGISTRY.glob("*-runner.jar")
        child = Child(java(REGISTRY_CLASSES, *where, "-jar", jar, keep=self._keep), self.folder)
        child.ready(READY)
        self._child = child

    def stop(self) -> None:
        """End it, if it runs."""
        child, self._child = self._child, None
        if child:
            child.end()

    def keep(self, schemas: Mapping[int, tuple[str, str]]) -> None:
        """Keep each schema under its id, as another registry had it: id -> (subject, text of the schema).

        To be called once, of a registry that has nothing under these ids and subjects.
        """
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for name, content in _archive(schemas):
                archive.writestr(name, content)
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/apis/registry/v2/admin/import",
            data.getvalue(),
            {"Content-Type": "application/zip", "X-Registry-Preserve-ContentId": "true"},
        )
        with urllib.request.urlopen(request, timeout=WAIT) as answer:
            assert answer.status == 204


def _archive(schemas: Mapping[int, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The files that Apicurio exports and imports, in the order in which it wants them."""
    now = int(time.time() * 1000)
    yield "manifest.Manifest.json", json.dumps({"exportVersion": "1.0", "exportedOn": now, "exportedBy": ""})
    for number, (_, text) in schemas.items():
        digest = hashlib.sha256(text.encode()).hexdigest()
        content = {"contentId": number, "canonicalHash": digest, "contentHash": digest}
        yield f"content/{digest}.Content.json", json.dumps(content)
        yield f"content/{digest}.Content.data", text
    versions: dict[str, list[int]] = {}
    for number, (subject, _) in schemas.items():
        versions.setdefault(subject, []).append(number)
    for subject, numbers in versions.items():
        for version, number in enumerate(numbers, 1):
            about: dict[str, Any] = {
                "globalId": number,
                "artifactId": subject,
                "artifactType": "AVRO",
                "version": str(version),
                "versionId": version,
                "isLatest": number == numbers[-1],
                "state": "ENABLED",
                "contentId": number,
                "createdBy": "",
                "createdOn": now,
            }
            name = f"groups/default/artifacts/{subject}/versions/{version}.ArtifactVersion.json"
            yield name, json.dumps(about)
