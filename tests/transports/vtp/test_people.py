"""Certificates: who shows one that is believed sees what its rights open, and everybody else is the public."""

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from vtp_peers import Wire, accepted, broker, event, eventually, going, submit

from gateway.errors import SettingsError
from gateway.model.audience import PUBLIC, Audience
from gateway.model.provenance import Origin, Provenance
from gateway.transports.vtp.endpoints import TLS
from gateway.transports.vtp.people import People

DP1 = Audience(frozenset({"dp1"}))


def certificate(folder: Path, name: str, signer: str = "", *, ca: bool = False) -> tuple[Path, str]:
    """A PEM file of a certificate and its key, for 127.0.0.1, and the fingerprint. Without a signer by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    if signer:
        pem = (folder / f"{signer}.pem").read_bytes()
        issuer, by = (
            x509.load_pem_x509_certificate(pem).subject,
            serialization.load_pem_private_key(pem, None),
        )
    else:
        issuer, by = subject, key
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(by, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return file, made.fingerprint(hashes.SHA256()).hex()


def table(folder: Path, *rows: tuple[str, str, str]) -> Path:
    file = folder / "people.toml"
    file.write_text(
        "\n".join(
            f'[[person]]\ncertificate = "sha256:{print_}"\nrights = ["{right}"]\nuntil = {until}\n'
            for print_, right, until in rows
        )
    )
    return file


def context(folder: Path, own: str = "") -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=folder / "authority.pem")
    if own:
        made.load_cert_chain(folder / f"{own}.pem")
    return made


async def over_tls(port, folder: Path, own: str = "") -> Wire:
    return Wire(
        *await asyncio.open_connection(
            "127.0.0.1", port.getHost().port, ssl=context(folder, own), server_hostname="localhost"
        )
    )


@going
async def test_rights_come_from_a_certificate_that_is_known_and_believed(folder: Path) -> None:
    certificate(folder, "authority", ca=True)
    server, _ = certificate(folder, "server", "authority")
    _, holder = certificate(folder, "holder", "authority")
    _, lapsed = certificate(folder, "lapsed", "authority")
    certificate(folder, "unknown", "authority")
    people = People(table(folder, (holder, "dp1", "2999-12-31"), (lapsed, "dp1", "2020-12-31")))
    assert people.audiences == {DP1}
    tls = TLS(server, server, folder / "authority.pem")
    private = Provenance(Origin.DATA_RELEASE, "dp1")
    async with broker(folder, provenance=private, audiences=(PUBLIC, DP1)) as one:
        here = await one.receive("127.0.0.1:0")
        there = await one.broadcast("127.0.0.1:0", tls=tls, principal_of=people)
        wires = {name: await over_tls(there, folder, name) for name in ("holder", "lapsed", "unknown", "")}
        await eventually(lambda: len(one.subscribers) == 4)
        audiences = sorted(
            str(peer.interest.principal.audience_at(datetime.now(UTC))) for peer in one.subscribers
        )
        assert audiences == ["public", "public", "public", "rights:dp1"]
        await accepted(here, event(1))
        holder_wire = wires["holder"]
        await holder_wire.next()
        assert await holder_wire.next() == event(1)
        sent = {peer.name: peer.counts["sent"] for peer in one.subscribers}
        assert sorted(sent.values()) == [0, 0, 0, 1]
        for wire in wires.values():
            wire.close()


@going
async def test_a_certificate_of_somebody_else_does_not_get_in(folder: Path) -> None:
    certificate(folder, "authority", ca=True)
    server, _ = certificate(folder, "server", "authority")
    _, own = certificate(folder, "forged")
    people = People(table(folder, (own, "dp1", "2999-12-31")))
    async with broker(folder) as one:
        there = await one.broadcast(
            "127.0.0.1:0", tls=TLS(server, server, folder / "authority.pem"), principal_of=people
        )
        heard = None
        with suppress(ssl.SSLError, ConnectionError):
            wire = await over_tls(there, folder, "forged")
            heard = await wire.next()
        assert heard is None
        assert len(one.subscribers) == 0


@going
async def test_what_the_public_may_not_see_is_refused_when_the_public_is_all_there_is(folder: Path) -> None:
    async with broker(folder, provenance=Provenance(Origin.DATA_RELEASE, "dp1")) as one:
        (receipt,) = await submit(await one.receive("127.0.0.1:0"), event(1))
        assert receipt.role == "nak"
        assert "[policy-withheld]" in str(receipt.result)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[person]]\nrights = []\nuntil = 2027-01-01\n", "`certificate` is missing"),
        ('[[person]]\ncertificate = "CN=me"\nrights = []\nuntil = 2027-01-01\n', "sha256"),
        ("[[people]]\n", "known are person"),
        ("person", "not TOML"),
    ],
)
def test_a_mistake_in_the_table_is_named(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "people.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=fault) as caught:
        People(file)
    assert caught.value.code == "settings-invalid"
    with pytest.raises(SettingsError):
        People(tmp_path / "not-there.toml")


def test_files_that_are_no_certificates_are_refused(tmp_path: Path) -> None:
    one, _ = certificate(tmp_path, "one")
    other, _ = certificate(tmp_path, "other")
    for tls in (TLS(one, other), TLS(one, tmp_path / "nothing"), TLS(tmp_path / "people.toml", one)):
        with pytest.raises(SettingsError, match="certificates and the key of TLS"):
            tls.options()
