"""The parts of the documentation that are facts of the code or of the tables: written anew at each build.

Each function of `PAGES` returns the Markdown of ``docs/generated/<name>.md``, which a page includes. Nothing here needs
Sphinx but `setup`, so the tests call the same functions.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import main
from gateway.codecs.voevent.rules import CONTRADICTIONS, DEFAULTS, RULES
from gateway.config.reference import tables
from gateway.errors import CODES
from gateway.filters.xpath.functions import FUNCTIONS, Function
from gateway.model.alert import SchemaKey
from gateway.model.avrotype import Array, AvroType, Map, Record, Union
from gateway.policy.profile import load, names
from gateway.policy.rule import Rule
from gateway.relay.metrics import METRICS, PREFIX
from gateway.schema.registry import get, keys
from gateway.schema.semantics import meaning
from gateway.vtp import Author, Broadcaster, Receiver, Subscriber

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[1]
GATEWAY = DOCS.parent / "gateway"

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|$#])")


def escape(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def errors() -> str:
    return table(
        ("Code", "What it means and what to do"), ((code(c), escape(text)) for c, text in CODES.items())
    )


def rules() -> str:
    def how(rule: object) -> str:
        return f"no: {rule.reason}" if rule.reason else "a rule" if rule.check else "the XSD"

    return table(
        ("Code", "Severity", "Versions", "Rule", "VOEvent 2.1", "Checked by"),
        (
            (
                r.code,
                r.severity.value,
                ", ".join(r.versions),
                escape(r.title),
                escape(r.section),
                escape(how(r)),
            )
            for r in RULES
        ),
    )


def switches() -> str:
    return table(
        ("Switch", "Default", "The text says", "The XSD says"),
        (
            (code(name), getattr(DEFAULTS, name), escape(text), escape(xsd))
            for name, (text, xsd) in CONTRADICTIONS.items()
        ),
    )


def limits() -> str:
    return table(
        ("Limit", "Value", "Where", "What it bounds, and why this much"),
        (
            (code(name), size(name, value), code(module), escape(why))
            for module, name, value, why in found_limits()
        ),
    )


def found_limits() -> Iterator[tuple[str, str, int, str]]:
    """(module, name, value, reason) of each constant ``MAX_*`` or ``MIN_*``; the string below it is the reason."""
    for path in sorted(GATEWAY.rglob("*.py")):
        body = ast.parse(path.read_text("utf-8")).body
        module = ".".join(path.relative_to(GATEWAY.parent).with_suffix("").parts).removesuffix(".__init__")
        for statement, following in zip(body, [*body[1:], None], strict=True):
            targets = (
                statement.targets
                if isinstance(statement, ast.Assign)
                else [getattr(statement, "target", None)]
            )
            for target in targets:
                if isinstance(target, ast.Name) and target.id.startswith(("MAX_", "MIN_")):
                    documented = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
                    reason = inspect.cleandoc(following.value.value) if documented else ""
                    value = getattr(importlib.import_module(module), target.id)
                    yield module, target.id, value, " ".join(reason.split())


def size(name: str, value: int) -> str:
    """A number for people: powers of two that are whole MiB or KiB are given as such."""
    for unit, factor in (("MiB", 2**20), ("KiB", 2**10)):
        if value >= factor and value % factor == 0:
            return f"{value // factor} {unit}"
    return f"{value:,}".replace(",", " ")


def commands() -> str:
    # With the settings that the group gives its own contexts: click keeps the help option that it makes here.
    context = click.Context(main, info_name="gateway", terminal_width=90, **main.context_settings)
    return _members(context, main)


def _command(parent: click.Context, command: click.Command) -> str:
    context = click.Context(command, info_name=command.name, parent=parent, terminal_width=90)
    text = f"(command-{context.command_path.replace(' ', '-')})=\n## {context.command_path}\n\n"
    text += f"```text\n{command.get_help(context)}\n```\n\n"
    return text + (_members(context, command) if isinstance(command, click.Group) else "")


def _members(context: click.Context, group: click.Group) -> str:
    # By way of the group's methods: it imports a command when it is asked for.
    found = (group.get_command(context, name) for name in group.list_commands(context))
    return "".join(_command(context, command) for command in found if command)


def policy() -> str:
    """Each rule once, with the profiles that have it in their own file or include it."""
    having: dict[tuple[str, Rule], list[str]] = {}
    for name in names():
        for rule in load(name).rules:
            having.setdefault((rule.clause, replace(rule, line=0)), []).append(name)
    return table(
        ("Clause", "Rule", "Certainty", "Source", "Profiles"),
        (
            (clause, code(rule.id), rule.certainty, escape(rule.source), ", ".join(map(code, profiles)))
            for (clause, rule), profiles in sorted(
                having.items(), key=lambda item: (item[0][0], item[0][1].id)
            )
        ),
    )


def mapping(family: str) -> str:
    """A table a record: each field, in which versions an alert has it, and what its Param says."""
    versions = [key for key in keys() if key.family == family]
    records: dict[str, dict[str, list[SchemaKey]]] = {}
    for key in versions:
        for record, field in _reachable(get(key).root):
            records.setdefault(record, {}).setdefault(field, []).append(key)
    text = ""
    for record, fields in records.items():
        rows = (row for field, having in fields.items() for row in _rows(record, field, having, versions))
        text += f"## {record}\n\n" + table(("Field", "Versions", "UCD", "Unit", "dataType", "Meaning"), rows)
    return text


def _reachable(root: Record) -> dict[tuple[str, str], None]:
    """(record, field) in the order of a walk from the root."""
    found: dict[tuple[str, str], None] = {}

    def walk(type_: AvroType) -> None:
        if isinstance(type_, Record):
            found.update(dict.fromkeys((type_.name, field.name) for field in type_.fields))
            for field in type_.fields:
                walk(field.type)
        elif isinstance(type_, Array):
            walk(type_.items)
        elif isinstance(type_, Map):
            walk(type_.values)
        elif isinstance(type_, Union):
            for branch in type_.branches:
                walk(branch)

    walk(root)
    return found


def _rows(
    record: str, field: str, having: list[SchemaKey], every: list[SchemaKey]
) -> Iterator[tuple[str, str, str, str, str, str]]:
    """One row for each meaning the field has had."""
    by_meaning: dict[object, list[SchemaKey]] = {}
    for key in having:
        by_meaning.setdefault(meaning(key, record, field), []).append(key)
    for what, versions in by_meaning.items():
        yield (
            code(field),
            _spans(versions, every),
            code(what.ucd),
            code(what.unit),
            what.data_type or "no Param",
            escape(what.description),
        )


def _spans(having: list[SchemaKey], every: list[SchemaKey]) -> str:
    """``3.0 to 6.1, 9.0``: runs of neighbouring versions."""
    spans: list[list[SchemaKey]] = []
    for key in having:
        if spans and every.index(spans[-1][-1]) + 1 == every.index(key):
            spans[-1].append(key)
        else:
            spans.append([key])
    return ", ".join(s[0].version if len(s) == 1 else f"{s[0].version} to {s[-1].version}" for s in spans)


def metrics() -> str:
    return table(
        ("Metric", "Kind", "Labels", "Meaning"),
        (
            (code(PREFIX + row.name), row.kind, ", ".join(map(code, row.labels)), escape(row.help))
            for row in METRICS
        ),
    )


def filters() -> str:
    def signature(name: str, function: Function) -> str:
        given = [f"[{one}]" if n >= function.least else one for n, one in enumerate(function.takes)]
        return f"{name}({', '.join(given if function.most is not None else [*function.takes, '...'])})"

    return table(
        ("Function", "Gives"),
        ((code(signature(name, function)), function.gives) for name, function in FUNCTIONS.items()),
    )


def config() -> str:
    """The tables of a configuration, as `gateway.config` reads them."""
    text = ""
    for head, about, found in tables():
        rows = (
            (code(key.name), escape(key.type), key.default if key.default == "required" else code(key.default),
             key.description.replace("|", "\\|"))
            for key in found
        )  # fmt: skip
        text += f"### `{head}`\n\n{about}\n\n" + table(("Key", "Type", "Default", "What it says"), rows)
    return text


def vtp_sessions() -> str:
    """The tables of the four roles, as `gateway.vtp` reads them."""
    text = ""
    for role in (Author, Receiver, Broadcaster, Subscriber):
        head, *lines = (
            tuple(cell.strip() for cell in line.split("|")) for line in role.TABLE.splitlines() if "|" in line
        )
        text += f"### {role.__name__}\n\n" + table(
            head, ((name, *map(escape, cells)) for name, *cells in lines)
        )
    return text


PAGES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "config": config,
    "errors": errors,
    "filters": filters,
    "limits": limits,
    "mapping-lsst": lambda: mapping("lsst"),
    "mapping-ztf": lambda: mapping("ztf"),
    "metrics": metrics,
    "policy": policy,
    "rules": rules,
    "switches": switches,
    "vtp-sessions": vtp_sessions,
}


def write(app: Sphinx | None = None) -> None:
    folder = DOCS / "generated"
    folder.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        path, text = folder / f"{name}.md", page()
        # An unchanged file keeps its time, so that Sphinx does not read its page again.
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def fields(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Our docstrings list ``name : meaning``; reStructuredText wants a field list between blank lines."""
    listed = False
    for line in lines.copy():
        lines.pop(0)
        entry = re.match(r"(\w+(?:, \w+)*) : (.*)", line)
        if bool(entry) != listed and not line.startswith(" "):
            lines.append("")
            listed = bool(entry)
        lines.append(f":{entry[1]}: {entry[2]}" if entry else line)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write)
    app.connect("autodoc-process-docstring", fields)
    return {"parallel_read_safe": True}
