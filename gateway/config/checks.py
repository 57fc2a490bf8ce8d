"""What no table can say of itself.

Rules
1. Each name leads somewhere, and what nothing leads to is a mistake, too: a sink that is never written to was misspelt
   somewhere.
2. A source feeds one route: what it brings is acknowledged when that route is done with it.
3. A sink is for one audience. Whoever reads it sees all of it.
4. What a sink cannot take is not sent there: a broker of VOEvents takes no Avro, a container takes nothing else, and
   dead letters are for people and not for subscribers. A notice of GCN goes on as it is.
5. Nothing listens where something else does, and no two sinks write into one folder.
6. Exactly once is for one Kafka, one output, and sinks that are all of it.

These look at the file as it is, for it has to be told all its mistakes at once; what is not of the right type is not
looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.config.mistakes import Mistake, meant
from gateway.config.places import Path

__all__ = ["checked"]

PUBLIC = "public"
"""The audience that is always there."""

Data = Mapping[str, Any]


def checked(data: Data) -> Iterator[Mistake]:
    """All such mistakes in the values of a file."""
    yield from _names(data)
    yield from _audiences(data)
    yield from _forms(data)
    yield from _once(data)
    yield from _places(data)


def _table(data: Any, key: str) -> dict[str, Any]:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def _rows(data: Any, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    found = data.get(key) if isinstance(data, dict) else None
    if isinstance(found, list):
        yield from ((place, row) for place, row in enumerate(found) if isinstance(row, dict))


def _texts(data: Any, key: str) -> Iterator[tuple[int, str]]:
    found = data.get(key) if isinstance(data, dict) else None
    if isinstance(found, list):
        yield from ((place, text) for place, text in enumerate(found) if isinstance(text, str))


def _outputs(data: Data) -> Iterator[tuple[Path, dict[str, Any]]]:
    for number, route in _rows(data, "routes"):
        for place, output in _rows(route, "outputs"):
            yield ("routes", number, "outputs", place), output


def _names(data: Data) -> Iterator[Mistake]:
    """Rules 1 and 2."""
    sources, sinks = _table(data, "sources"), _table(data, "sinks")
    audiences = [PUBLIC, *_table(data, "audiences")]
    led: set[tuple[str, str]] = set()
    astray: set[str] = set()
    feeding: dict[str, str] = {}
    seen: set[str] = set()

    def leads(path: Path, table: str, known: Any, name: object) -> Iterator[Mistake]:
        if isinstance(name, str):
            led.add((table, name))
            if name not in known:
                astray.add(table)
                yield path, f"There is no {table[:-1]} of this name{meant(name, known)}"

    for number, route in _rows(data, "routes"):
        here: Path = ("routes", number)
        yield from leads((*here, "source"), "sources", sources, route.get("source"))
        yield from leads((*here, "dead_letters"), "sinks", sinks, route.get("dead_letters"))
        yield from leads((*here, "dead_letters_for"), "audiences", audiences, route.get("dead_letters_for"))
        if isinstance(source := route.get("source"), str):
            if source in feeding:
                yield (
                    (*here, "source"),
                    f"The source feeds the route {feeding[source]} already. One route may have many outputs.",
                )
            feeding.setdefault(source, str(route.get("name")))
        name = route.get("name")
        if isinstance(name, str) and name in seen:
            yield (*here, "name"), "Another route has this name."
        seen.add(str(name))
        outputs: set[str] = set()
        for place, output in _rows(route, "outputs"):
            at: Path = (*here, "outputs", place)
            if isinstance(name := output.get("name"), str):
                if name in outputs:
                    yield (*at, "name"), "Another output of this route has this name."
                outputs.add(name)
            yield from leads((*at, "audience"), "audiences", audiences, output.get("audience"))
            for n, sink in _texts(output, "sinks"):
                yield from leads((*at, "sinks", n), "sinks", sinks, sink)
    for table, known in (("sources", sources), ("sinks", sinks), ("audiences", _table(data, "audiences"))):
        for name in known:
            # Where a name leads nowhere, it was to lead to the one that nothing leads to.
            if (table, name) not in led and table not in astray:
                yield (table, name), f"Nothing uses this {table[:-1]}."


def _audiences(data: Data) -> Iterator[Mistake]:
    """Rule 3, and who may have a name."""
    if PUBLIC in _table(data, "audiences"):
        yield (
            ("audiences", PUBLIC),
            "`public` is everybody, without any right. Give this audience another name.",
        )
    having: dict[str, str] = {}
    letters: set[str] = set()
    for number, route in _rows(data, "routes"):
        if isinstance(name := route.get("dead_letters"), str):
            letters.add(name)
            yield from _one(having, ("routes", number, "dead_letters"), name, route.get("dead_letters_for"))
    for path, output in _outputs(data):
        for place, name in _texts(output, "sinks"):
            if name in letters:
                yield (*path, "sinks", place), "This sink has the dead letters; give the output another one."
            yield from _one(having, (*path, "sinks", place), name, output.get("audience"))
    for name, sink in _table(data, "sinks").items():
        if having.get(name, PUBLIC) != PUBLIC and _kind(sink) == "vtp" and not sink.get("people"):
            yield (
                ("sinks", name),
                "What goes here is not for everybody, so the sink has to know who is who: give it `people` and `tls`.",
            )
        if _kind(sink) == "vtp" and sink.get("people") and not _table(sink, "tls").get("clients"):
            yield (
                ("sinks", name, "people"),
                "Certificates of people need `tls` that asks for them: give it `clients`.",
            )


def _one(having: dict[str, str], path: Path, sink: str, audience: object) -> Iterator[Mistake]:
    name = audience if isinstance(audience, str) else PUBLIC
    if having.setdefault(sink, name) != name:
        yield path, f"The sink is for another audience, {having[sink]}: give each audience a sink of its own."


def _kind(sink: object) -> object:
    """Of a table."""
    return sink.get("kind") if isinstance(sink, dict) else None


def _forms(data: Data) -> Iterator[Mistake]:
    """Rule 4."""
    sinks = _table(data, "sinks")
    for number, route in _rows(data, "routes"):
        sink = _table(sinks, str(route.get("dead_letters")))
        path: Path = ("routes", number, "dead_letters")
        if _kind(sink) == "vtp":
            yield path, "Dead letters are JSON, and this sink takes VOEvents: give them files or a topic."
        if _kind(sink) == "files" and sink.get("form") == "containers":
            yield path, 'Dead letters are JSON, and this sink takes Avro: give it `form = "one-each"`.'
    sources = _table(data, "sources")
    notices = {name for name in sources if _table(sources, name).get("format") == "gcn-json"}
    for number, route in _rows(data, "routes"):
        for place, output in _rows(route, "outputs") if route.get("source") in notices else ():
            here: Path = ("routes", number, "outputs", place)
            if output.get("to") != "original":
                yield (*here, "to"), 'Notices of GCN go on as they are: `to` has to be `"original"`.'
            if "filter" in output:
                yield (*here, "filter"), "Filters are asked about VOEvents, and these are notices of GCN."
    for path, output in _outputs(data):
        to = output.get("to", "voevent")
        for place, name in _texts(output, "sinks"):
            sink = _table(sinks, name)
            if _kind(sink) == "vtp" and to in ("avro", "json"):
                yield (*path, "sinks", place), "This sink takes VOEvents: `to` has to be one, or `original`."
            if _kind(sink) == "files" and sink.get("form") == "containers" and to not in ("avro", "original"):
                yield (*path, "sinks", place), "Containers take Avro: `to` has to be `avro`, or `original`."


def _once(data: Data) -> Iterator[Mistake]:
    """Rule 6."""
    sinks, sources = _table(data, "sinks"), _table(data, "sources")
    for number, route in _rows(data, "routes"):
        outputs = [(place, output) for place, output in _rows(route, "outputs")]
        feeding = [
            (("routes", number, "outputs", place, "sinks", n), name)
            for place, output in outputs
            for n, name in _texts(output, "sinks")
        ]
        once = [(path, name) for path, name in feeding if _table(sinks, name).get("exactly_once") is True]
        if not once:
            continue
        path, first = once[0]
        source = _table(sources, str(route.get("source")))
        if len(outputs) > 1 or len(once) < len(feeding):
            yield path, "Exactly once is for a route with one output, all of whose sinks are `exactly_once`."
        for at, name in once:
            if _cluster(_table(sinks, name)) != _cluster(source):
                yield (
                    at,
                    "Exactly once is for one Kafka: `bootstrap`, `auth` and `tls` are those of the source.",
                )
            if not _alike(_table(sinks, name), _table(sinks, first)):
                yield at, "Sinks of one transaction differ in nothing but their `topic`."
    for number, route in _rows(data, "routes"):
        if _table(sinks, str(route.get("dead_letters"))).get("exactly_once") is True:
            yield ("routes", number, "dead_letters"), "A sink of dead letters cannot be `exactly_once`."


def _cluster(table: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(table.get(key) for key in ("kind", "bootstrap", "auth", "tls"))


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return {**one, "topic": ""} == {**other, "topic": ""}


def _places(data: Data) -> Iterator[Mistake]:
    """Rule 5."""
    taken: dict[str, str] = {}
    listen = _table(data, "operations").get("listen")
    if isinstance(listen, str):
        taken[listen] = "`[operations]`"
    for name, sink in _table(data, "sinks").items():
        for place, address in _texts(sink, "broadcast"):
            if address in taken and not address.endswith(":0"):
                yield ("sinks", name, "broadcast", place), f"{taken[address]} listens there already."
            taken.setdefault(address, f"The sink {name}")
        if _kind(sink) == "files" and isinstance(folder := sink.get("directory"), str):
            if folder in taken:
                yield ("sinks", name, "directory"), f"{taken[folder]} writes there already."
            taken.setdefault(folder, f"The sink {name}")
    stdin = [name for name, one in _table(data, "sources").items() if _kind(one) == "stdin"]
    stdout = [name for name, one in _table(data, "sinks").items() if _kind(one) == "stdout"]
    for table, names in (("sources", stdin), ("sinks", stdout)):
        for name in names[1:]:
            yield (table, name), f"There is one of its kind: {names[0]} has it."
