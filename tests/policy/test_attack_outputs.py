"""The same attacks from the outside: a planted value is in nothing that a command writes or says, whatever it is asked.

Looked at are standard output and error, every file that appears with its name, every archive, every report, the folder
of rejects, the proof log and the check of it. `test_attacks.py` looks at what the functions behind them return. Names
are no values: an error may name a field or an element that it did not expect.
"""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_runs import invoke
from issuer import CLAIMS, RSA, public, signed
from test_attacks import ATTACKS, CANARY, FOUND, JSON, hidden

from gateway.codecs import confluent, container, single_object
from gateway.conversion import TARGETS, Converter
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert

SECRET = "xoxb-s3ntinel-4711-s3ntinel-4711"
URL = f"https://files.example.org/x.fits?X-Amz-Signature={CANARY}"


def packed(item: Alert) -> bytes:
    out = io.BytesIO()
    container.write(out, item.schema, [item.payload])
    return out.getvalue()


def declared(item: Alert) -> tuple[str, ...]:
    provenance = item.provenance
    assert provenance.origin is not None
    return (
        "--origin",
        provenance.origin.value,
        *(("--release", provenance.release) if provenance.release else ()),
    )


# All that commands make of a file


def commands(file: Path, declaration: tuple[str, ...], out: Path) -> Iterator[list[object]]:
    """Each command that reads such a file, with each of its forms of output; of what is no alert with fewer."""
    alert = file.suffix == ".avro"
    kept = ["--rejects", out / "rejects", "--proof-log", out / "proofs", "--role", "test"]
    for to in TARGETS if alert else ("voevent", "avro", "json"):
        detail = ["--detail", "full"] if to.startswith("voevent") else []
        yield ["convert", file, *declaration, "--to", to, *detail, *kept, "--out-dir", out / to, "--json"]
    yield ["convert", file, *declaration, "--detail", "full", *kept, "-o", out / "events.tar.gz"]
    yield ["convert", file, *declaration, "--cite", "all", "--classify", "--cutout-url", "https://x.org/{id}"]
    yield ["convert", file, *declaration, "--project", "lsst/11.0", "--to", "json", "--policy", "strict"]
    yield ["policy", "verify-log", "--json", out / "proofs"]
    yield ["inspect", file, *declaration]
    yield ["inspect", file, *declaration, "--json"]
    yield ["demo", file]
    for form in ("text", "json", "sarif", "junit", "html") if alert else ("text", "html"):
        yield ["policy", "check", file, "--manifest", out.parent / "manifest.toml", "--format", form]
    for form in ("text", "json", "sarif", "junit"):
        yield ["validate", file, "--format", form]


def files(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        yield str(path.relative_to(folder)).encode()
        if path.is_file():
            data = path.read_bytes()
            yield data
            if path.name.endswith(".gz"):
                yield gzip.decompress(data)


def everything(file: Path, declaration: tuple[str, ...] = ()) -> bytes:
    """All that can be seen of all commands about a file."""
    out = file.parent / "out"
    out.mkdir()
    words = declaration or ("--origin", "alert")
    label = "".join(
        f'{key.removeprefix("--")} = "{value}"\n' for key, value in zip(words[::2], words[1::2], strict=True)
    )
    (file.parent / "manifest.toml").write_text(label)
    seen = []
    for command in commands(file, declaration, out):
        result = invoke(*command)
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            command,
            result.exception,
        )
        seen += [result.stdout_bytes, result.stderr_bytes]
    assert any(out.iterdir())
    return b"\n".join((*seen, *files(out)))


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_leaves_nothing_behind(attack: str, tmp_path: Path) -> None:
    item = ATTACKS[attack][1]()
    (tmp_path / "in.avro").write_bytes(packed(item))
    assert hidden(everything(tmp_path / "in.avro", declared(item)))


# What cannot be read


def event(inside: str, who: str = "") -> bytes:
    return (
        '<v:VOEvent xmlns:v="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" role="test" ivorn="ivo://a.b/c#1">'
        f"<Who><AuthorIVORN>ivo://a.b/c</AuthorIVORN>{who}<Date>2026-11-24T00:00:00</Date></Who>{inside}</v:VOEvent>"
    ).encode()


def secret() -> Alert:
    return ATTACKS["L31"][1]()


def archive(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo("member")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def as_json(**more: object) -> bytes:
    values = json.loads(Converter("json").convert(FOUND).data)
    values["record"] |= more
    return json.dumps(values).encode()


def full_event() -> bytes:
    return Converter("voevent", Settings(detail="full", role="test")).convert(FOUND).data


DAMAGED: dict[str, Callable[[], bytes]] = {
    "a message that ends early": lambda: confluent.frame(secret().schema, secret().payload[:-9]),
    "a message with bytes behind it": lambda: confluent.frame(FOUND.schema, FOUND.payload + CANARY.encode()),
    "a single object that ends early": lambda: single_object.frame(secret().schema, secret().payload[:-9]),
    "a message of a schema that nobody knows": lambda: b"\0\0\0\xff\xff" + secret().payload,
    "a container with a damaged block": lambda: packed(secret())[:-60] + b"x" * 44 + packed(secret())[-16:],
    "a container with another end mark": lambda: packed(secret())[:-16] + CANARY.encode() + b"xyz",
    "a container that ends early": lambda: packed(secret())[:-200],
    "a container of another schema": lambda: packed(ATTACKS["L03"][1]())[:-40],
    "an archive with a damaged message": lambda: archive(
        confluent.frame(FOUND.schema, secret().payload[:-9])
    ),
    "an archive that ends early": lambda: archive(CANARY.encode() * 200)[:1200],
    "no format that is known": lambda: CANARY.encode() * 9,
    "XML with a credential that ends early": lambda: event(f'<How><Reference uri="{URL}"/>')[:-40],
    "XML with a document type": lambda: f"<!DOCTYPE {CANARY}><a>{CANARY}</a>".encode(),
    "XML in no encoding": lambda: f'<?xml version="1.0" encoding="{CANARY}"?><a/>'.encode(),
    "XML that is no VOEvent": lambda: f"<x a='{CANARY}'>{CANARY}</x>".encode(),
    "JSON that ends early": lambda: as_json(target_name=CANARY)[:-7],
    "JSON with a key too many": lambda: as_json(more=CANARY),
    "JSON with a number that is a text": lambda: as_json(diaSourceId=CANARY),
    "JSON with a name twice": lambda: b'{"a": "%b", "a": 1}' % CANARY.encode(),
}
HOSTILE: dict[str, Callable[[], bytes]] = {
    "an address with a credential": lambda: event(f'<How><Reference uri="{URL}"/></How>'),
    "an address with a password": lambda: event(f'<How><Reference uri="https://me:{CANARY}@x.org/"/></How>'),
    "a token in a text": lambda: event(f"<Description>{SECRET}</Description>"),
    "a credential in a comment": lambda: event(f"<!-- {URL} -->"),
    "a credential in an instruction": lambda: event(f"<?gateway {URL}?>"),
    "a credential in the author's name": lambda: event("", f"<Author><contactName>{URL}</contactName></Author>"),
    "pixels in an address": lambda: event(f'<How><Reference uri="data:image/fits,{CANARY}"/></How>'),
    "an address into the Science Platform": lambda: event(
        '<What><Param name="a" value="1"/></What>'
        f'<How><Description>x</Description><Reference uri="https://data.lsst.cloud/{CANARY}"/></How>'
    ),
    "an object of a release": lambda: event(
        f'<What><Param name="a" value="1"/></What><Description>LSST-DP2-DO-123456789012345678 {CANARY}</Description>'
    ),
    "an event of ours that was changed": lambda: full_event().replace(b'value="simulated"', f'value="{URL}"'.encode()),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(DAMAGED[name]())
    assert hidden(everything(tmp_path / "in"))


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    data = HOSTILE[name]()
    assert CANARY.encode() in data or SECRET.encode() in data
    (tmp_path / "in.xml").write_bytes(data)
    seen = everything(tmp_path / "in.xml")
    assert hidden(seen)
    assert SECRET.encode() not in seen


def test_what_a_schema_says_beside_its_fields_is_in_no_report(tmp_path: Path) -> None:
    schema = json.loads(json.dumps(JSON)) | {"doc": CANARY, "note": CANARY}
    schema["fields"][0] |= {"doc": CANARY, "default": 4242.4246}
    (tmp_path / "new.avsc").write_text(json.dumps(schema))
    (tmp_path / "manifest.toml").write_text('origin = "alert"\n')
    for command in (
        ["policy", "coverage", "--schema", tmp_path / "new.avsc"],
        ["policy", "coverage", "--schema", tmp_path / "new.avsc", "--json"],
        *(
            [
                "policy",
                "check",
                tmp_path / "new.avsc",
                "--manifest",
                tmp_path / "manifest.toml",
                "--format",
                form,
            ]
            for form in ("text", "json", "sarif", "junit", "html")
        ),
    ):
        result = invoke(*command)
        assert hidden(result.stdout_bytes + result.stderr_bytes)


def test_nobody_can_tell_whose_token_it_was(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    times = {"iat": int(now.timestamp()) - 10, "exp": int((now + timedelta(hours=1)).timestamp())}
    token = signed({**CLAIMS, **times, "sub": CANARY, "email": CANARY, "data_rights": "dp2"})
    (tmp_path / "token").write_text(token)
    (tmp_path / "token").chmod(0o600)
    (tmp_path / "keys.json").write_bytes(public(RSA))
    (tmp_path / "issuer.toml").write_text(
        f'issuer = "{CLAIMS["iss"]}"\nclient-id = "{CLAIMS["aud"]}"\nkeys = "keys.json"\nreleases = ["dp2"]\n'
    )
    (tmp_path / "in.avro").write_bytes(packed(FOUND))
    (tmp_path / "bad.msg").write_bytes(b"\0\0\0\4\4x")
    out = tmp_path / "out"
    result = invoke(
        "convert", tmp_path / "in.avro", tmp_path / "bad.msg", "--token", tmp_path / "token", "--issuer",
        tmp_path / "issuer.toml", "--json", "--out-dir", out / "events", "--rejects", out / "rejects", "--proof-log",
        out / "proofs",
    )  # fmt: skip
    assert result.exit_code == 1
    seen = b"\n".join((result.stdout_bytes, result.stderr_bytes, *files(out)))
    assert b"rights:dp2" in seen
    assert hidden(seen)
    assert token.encode() not in seen
