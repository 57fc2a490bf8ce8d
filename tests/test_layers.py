"""The layers of the house: who may import whom, and what belongs to which file. `ast` reads; nothing is run."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "gateway").rglob("*.py"))

# A part imports what is left of an arrow, and what is left of a comma on its own level.
# Parts with a bar between them do not know each other.
LAYERS = (
    "errors, resources, safexml, tomlfile, private <- model <- schema | vtp <- codecs | policy | reports | simulate"
    " <- filters | mapping | compliance <- relay <- transports"
    " <- config, workers, conversion, batch, summary, demonstration, feeding, serving, listening, sending, supervising,"
    " wiring, watching, conformance, api <- cli <- __main__"
)

# Outside packages that only some files may import (a folder stands for all in it).
CONFINED = {
    "lxml": ("gateway/safexml.py", "gateway/codecs/", "gateway/vtp/messages.py"),
    "twisted": ("gateway/transports/vtp/", "gateway/transports/operations.py", "gateway/transports/logs.py"),
    "OpenSSL": ("gateway/transports/vtp/",),
    "comet": ("gateway/transports/vtp/comet_plugin.py",),
    "confluent_kafka": ("gateway/transports/",),
    "voeventparse": ("gateway/codecs/",),
    "joserfc": ("gateway/policy/",),
    "pydantic": ("gateway/config/",),
    "tomli_w": ("gateway/config/",),
    "prometheus_client": ("gateway/relay/metrics.py", "gateway/transports/operations.py"),
    "sqlalchemy": ("gateway/transports/state.py",),
    "structlog": ("gateway/transports/logs.py",),
}

# Values that only one file may construct.
MADE_IN = {"Release": "gateway/policy/engine.py"}

ORDER = [re.split(r"\s*[,|]\s*", level) for level in LAYERS.split(" <- ")]
IN_ORDER = ["," in level for level in LAYERS.split(" <- ")]


def may_import(importer: str, imported: str) -> bool:
    if importer == imported:
        return True
    (i, level), (j, _) = (
        (n, level) for part in (importer, imported) for n, level in enumerate(ORDER) if part in level
    )
    if i == j:
        return IN_ORDER[i] and level.index(imported) < level.index(importer)
    return j < i


def imports(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import, also inside functions. `from a import b` is a.b: b may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def faults(path: str, source: str) -> Iterator[str]:
    """What is wrong with the file of this path (from the root of the project): one sentence each."""
    tree = ast.parse(source)
    part = Path(path).parts[1].removesuffix(".py")
    known = {name for level in ORDER for name in level}
    if part not in {*known, "__init__"}:
        yield f"{path}: gateway.{part} has no place in LAYERS"
        return
    for line, name in imports(tree, ".".join(Path(path).parent.parts)):
        top, _, rest = name.partition(".")
        allowed = CONFINED.get(top)
        if allowed and not path.startswith(allowed):
            yield f"{path}:{line}: {top} may be imported only in {', '.join(allowed)}"
        imported = rest.partition(".")[0]
        # `gateway` itself is the public face: it reaches everything, lazily. Others may take its version.
        if top != "gateway" or part == "__init__" or imported == "__version__":
            continue
        if imported not in known:
            yield f"{path}:{line}: {name} has no place in LAYERS"
        elif not may_import(part, imported):
            yield f"{path}:{line}: {part} may not import {imported}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            made = ast.unparse(node.func).rpartition(".")[2].partition("[")[0]
            if path != MADE_IN.get(made, path):
                yield f"{path}:{node.lineno}: a {made} may be made only in {MADE_IN[made]}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_file_keeps_to_its_layer(source: Path) -> None:
    assert list(faults(source.relative_to(ROOT).as_posix(), source.read_text("utf-8"))) == []


def test_docs_show_the_line_that_is_checked() -> None:
    assert LAYERS in (ROOT / "docs/architecture.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("gateway/model/alert.py", "from gateway.errors import GatewayError"),
        ("gateway/safexml.py", "from lxml import etree\nfrom gateway.errors import XMLError"),
        (
            "gateway/codecs/voevent/read.py",
            "from lxml import etree\nfrom gateway.codecs.voevent import elements",
        ),
        ("gateway/vtp/messages.py", "import lxml.etree"),
        ("gateway/wiring.py", "from gateway import config"),
        ("gateway/cli/convert.py", "from gateway import __version__, api"),
        ("gateway/__init__.py", "def read():\n    from gateway.api import read"),
        ("gateway/transports/kafka.py", "import confluent_kafka"),
        ("gateway/policy/engine.py", "Release(alert)"),
        ("gateway/mapping/core.py", "def f(release: Release[Alert]) -> None: ..."),
    ],
)
def test_good_code_passes(path: str, source: str) -> None:
    assert list(faults(path, source)) == []


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("gateway/errors.py", "import gateway.safexml", "errors may not import safexml"),
        (
            "gateway/model/alert.py",
            "from gateway.schema.registry import released",
            "model may not import schema",
        ),
        ("gateway/model/alert.py", "from ..schema import registry", "model may not import schema"),
        ("gateway/model/alert.py", "def f():\n    import gateway.cli", "model may not import cli"),
        ("gateway/schema/raw.py", "from gateway import vtp", "schema may not import vtp"),
        (
            "gateway/codecs/json.py",
            "from gateway.policy.engine import Policy",
            "codecs may not import policy",
        ),
        ("gateway/reports/text.py", "import gateway.simulate", "reports may not import simulate"),
        ("gateway/mapping/core.py", "from gateway.filters import parse", "mapping may not import filters"),
        ("gateway/config.py", "from gateway.wiring import routes", "config may not import wiring"),
        ("gateway/relay/route.py", "import gateway", "gateway has no place in LAYERS"),
        ("gateway/helpers.py", "", "gateway.helpers has no place in LAYERS"),
        ("gateway/mapping/core.py", "from lxml import etree", "lxml may be imported only in"),
        ("gateway/vtp/session.py", "import lxml.etree", "lxml may be imported only in"),
        ("gateway/vtp/session.py", "from twisted.internet import reactor", "twisted may be imported only in"),
        ("gateway/relay/status.py", "import prometheus_client", "prometheus_client may be imported only in"),
        ("gateway/cli/run.py", "import structlog", "structlog may be imported only in"),
        ("gateway/relay/route.py", "import confluent_kafka", "confluent_kafka may be imported only in"),
        ("gateway/transports/vtp/broker.py", "import comet", "comet may be imported only in"),
        ("gateway/cli/demo.py", "import voeventparse", "voeventparse may be imported only in"),
        ("gateway/cli/demo.py", "Release(alert)", "a Release may be made only in"),
        ("gateway/policy/release.py", "release.Release[Alert](alert)", "a Release may be made only in"),
    ],
)
def test_bad_code_is_found(path: str, source: str, fault: str) -> None:
    (found,) = faults(path, source)
    assert fault in found
