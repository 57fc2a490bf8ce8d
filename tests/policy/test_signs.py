"""What a text gives away (clauses P16 and P26; L10, L11, L14): tricks of spelling, and what is no sign."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from voevents import real_packets

from gateway import resources
from gateway.codecs.voevent import decode
from gateway.errors import SettingsError
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.events.elements import texts
from gateway.policy.events.signs import (
    BULK,
    GRID,
    MAX_NESTED,
    Sign,
    asked,
    bulk,
    bulk_numbers,
    host_link,
    in_a_grid,
    lists,
    longest,
    parse_lists,
    signs,
)
from gateway.policy.rule import Resource

LISTS = (resources.policy() / "links" / "links.toml").read_text("utf-8")
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzM250aW5lbCJ9.c2ln"


def found(text, **use):
    return {f"{sign.resource.kind}:{sign.resource.path}" for sign in signs(text, **use)}


SECRETS = [
    "https://user:pass@example.org/x",
    "https://user@example.org/x",
    "HTTPS://EXAMPLE.ORG/x?TOKEN=abc",
    "https://example.org/x?a=1&amp;access_token=abc",
    "https://example.org/x?a=1;sig=abc",
    "https://example.org/x#id_token=abc",
    "https://example.org/cb#/x?access%5Ftoken=abc",
    "https://example.org/x%3Ftoken%3Dabc",
    "https://example.org/x%253Ftoken%253Dabc",
    "https://s3.example.org/b/k?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c",
    "https://storage.example.org/b?GoogleAccessId=a&Expires=1&Signature=b",
    "https://a.blob.example.org/c?sv=2020&sp=r&sig=abc%3D",
    "https://example.org/x;jsessionid=abc",
    "https://example.org/x?api-key=abc",
    "https://example.org/x?password=abc",
    "ｈｔｔｐｓ://example.org/x?ｔｏｋｅｎ=abc",
    "s3://key:secret@bucket/x",
    "1https://user:pass@example.org/x",
    "https://example.org/go?to=https://user:pass@example.com/x",
    "ivo://example.org/x?https://user:pass@example.com/x",
]


@pytest.mark.parametrize("address", SECRETS)
def test_an_address_with_a_credential(address):
    assert "link:secret" in found(address, address=True)
    assert "link:secret" in found(f"Data are at {address} for a week.", prose=True)
    assert "link:secret" in found(address.replace("&", "&amp;"))


@pytest.mark.parametrize(
    "text",
    [
        f"Use {JWT} as the password",
        "Authorization: Bearer abcdefghij0123456789",
        "gt-AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBB",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "-----BEGIN RSA PRIVATE KEY-----",
        "password: hunter22",
        "access token = abcdef0123",
    ],
)
def test_a_credential_that_is_no_address(text):
    assert "text:secret" in found(text)
    assert "text:secret" in found(text, prose=True)


@pytest.mark.parametrize("text", tomllib.loads(LISTS)["secrets"]["texts"])
def test_a_credential_as_short_as_can_be(text):
    # An expression that looks ahead is one that few texts fit.
    @settings(suppress_health_check=[HealthCheck.filter_too_much])
    @given(st.from_regex(text))
    def check(credential: str) -> None:
        assert "text:secret" in found(credential)

    check()


@pytest.mark.parametrize(
    "text", ["passwd=hunter", "password=hunter2", "xoxb-1234567890", "AKIAIOSFODNN7EXAMPLE\\"]
)
def test_a_credential_that_is_short_or_has_a_neighbour(text):
    assert "text:secret" in found(text)
    assert "text:secret" in found(text, prose=True)


CONTROLLED = [
    "https://data.lsst.cloud/api/tap",
    "https://DATA.LSST.CLOUD:443/api/tap",
    "https://data.lsst.cloud./api/tap",
    "https://data.lsst.cloud",
    "//data.lsst.cloud/x",
    "data.lsst.cloud/x",
    "https:\\\\data.lsst.cloud\\x",
    "https:/data.lsst.cloud/x",
    "https://data%2Elsst%2Ecloud/x",
    "https://%64ata.lsst.cloud/x",
    "https://data&#46;lsst.cloud/x",
    "https://data。lsst。cloud/x",
    "https://data．lsst．cloud/x",
    "https://ｄａｔａ.lsst.cloud/x",
    "https://da\u00adta.ls\u200bst.cloud/x",
    "https://id.lsst.cloud/x",
    "https://a.b.lsst.cloud/x",
    "https://lsst.cloud/x",
    "https://usdf-rsp.slac.stanford.edu/x",
    "https://usdf-rsp-dev.slac.stanford.edu/x",
    "https://rsp.lsst.ac.uk/x",
    "https://summit-lsp.lsst.codes/x",
    "https://s3df.slac.stanford.edu/x",
    "https://web.example.org/go?to=https%3A%2F%2Fdata.lsst.cloud%2Fx",
    "https://web.example.org/go?to=data.lsst.cloud",
]


@pytest.mark.parametrize("address", CONTROLLED)
def test_a_service_that_needs_data_rights(address):
    for text, use in (
        (address, {"address": True}),
        (f"See {address} there.", {"prose": True}),
        (f"({address})", {}),
    ):
        assert any(one.startswith("link:controlled.") for one in found(text, **use)), text


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("data:image/fits;base64,AAAA", "inline"),
        ("data:,x", "inline"),
        ("data:;base64,AAAA", "inline"),
        ("DATA:image/png;base64,AAAA", "inline"),
        ("javascript:alert(1)", "unsafe"),
        ("JaVaScript:alert(1)", "unsafe"),
        ("file:///etc/passwd", "unsafe"),
        ("https://bit.ly/abc", "redirect"),
        ("https://www.tinyurl.com/abc", "redirect"),
        ("https://example.org/?u=https://example.com/", "redirect"),
        ("https://example.org/?u=//example.com/", "redirect"),
        ("gopher://example.org/x", "other"),
        ("butler://repo/x", "other"),
        ("https://:80/x", "other"),
        ("https://./x", "other"),
        (r"https:\\example.org\x", "host.org.example"),
        ("ivo://example.org/x?see=http://y.org", "host.org.y"),
        ("mailto:a@example.org", "name"),
        ("doi:10.1/x", "name"),
        ("https://www.Example.org:8080/x", "host.org.example.www"),
        ("www.example.org/x", "host.org.example.www"),
        ("e.ee", "host.ee.e"),
        ("ftp://example.org/x", "host.org.example"),
        ("ftps://example.org/x", "host.org.example"),
        ("https://data.lsst.cloud.example.org/x", "host.org.example.cloud.lsst.data"),
        ("https://notlsst.cloud/x", "host.cloud.notlsst"),
        ("https://a.summit-lsp.lsst.codes/x", "host.codes.lsst.summit-lsp.a"),
        ("https://dp1.lsst.io/", "host.io.lsst.dp1"),
        ("https://lasair-lsst.lsst.ac.uk/objects/1", "host.uk.ac.lsst.lasair-lsst"),
    ],
)
def test_what_an_address_is(address, path):
    assert f"link:{path}" in found(address, address=True)
    kind, _, host = path.partition(".")
    if kind == "host":
        assert host_link(".".join(reversed(host.split(".")))) in signs(address, address=True)


@pytest.mark.parametrize("text", ["", "Null", "x.", "none", "docs/x", "a b", "12.5", "#top", "ivo://a.b/c?d"])
def test_what_is_no_address(text):
    assert found(text, address=True) == set()


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("LSST-DP2-DO-609788942606140416", "dp2"),
        ("near lsst-dp1-o-609788942606140416.", "dp1"),
        ("LSST-DR1-SSO-21163649115276355", "dr1"),
        ("LSST\u2011DP2\u2013DO\u2212609788942606140416", "dp2"),
        ("LSST DP2 DO 609788942606140416", "dp2"),
        ("LSST_DP2_DO_609788942606140416", "dp2"),
        ("LSSTDP1O123456", "dp1"),
        ("lsst\u00addp2\u00addo\u00ad609788942606140416", "dp2"),
        ("ＬＳＳＴ-DP2-DS-609788942606140416", "dp2"),
        ("ivo://example.org/x?LSST%2DDP2%2DO%2D609788942606140416", "dp2"),
    ],
)
def test_a_designator_names_its_release(text, release):
    thing = Resource("text", FieldPath(("designator",)))
    assert Sign(thing, release) in signs(text)
    origin = Provenance(Origin.USER)
    assert asked([Sign(thing, release)], origin) == {
        (thing, origin),
        (thing, Provenance(Origin.DATA_RELEASE, release)),
    }


@pytest.mark.parametrize(
    "text",
    [
        "LSST-AP-DO-609788942606140416",
        "LSST-AP-DS-609788942606140416",
        "LSST DP2 is out",
        "LSST-DP2-paper",
        "MYLSST-DP2-O-609788942606140416",
        "Preliminary data: none yet. See the file: x.fits; password-protected pages are not linked.",
        "The token economy and the key question: basic 2.0 models",
        "Contact scott@milkyway.gsfc.nasa.gov, at 12:30:15.2; S/N > 5 & rising. a=b;c=d",
        "ratio 3:1 http status",
        "Rates: 1.5, 2.5, 3.5",
    ],
)
def test_what_is_nothing_but_text(text):
    assert found(text, prose=True) == {"text:plain"}


@pytest.mark.parametrize(
    "text",
    [
        " ".join(map(str, range(901))),
        ",".join(f"{n}.5e-3" for n in range(901)),
        "[[" + "],[".join(["1,2,nan"] * 301) + "]]",
        "POLYGON ICRS " + " ".join(["1.5"] * 901),
        "QUJD" * 400,
        "\n".join(["QUJD" * 19] * 30),
        "0f" * 700,
    ],
)
def test_an_image_in_a_text(text):
    assert "text:bulk" in found(text)
    assert "text:bulk" in found(text, prose=True)


def test_one_sign_does_not_hide_another():
    text = (
        f"password: hunter22 of https://data.lsst.cloud/x, near LSST-DP2-O-609788942606140416: {'QUJD' * 400}"
    )
    assert found(text, prose=True) == {
        "text:plain",
        "text:secret",
        "text:designator",
        "text:bulk",
        "link:controlled.cloud.lsst.data",
    }


def test_of_addresses_in_an_address_the_first_are_looked_at():
    address = "".join(f"https://a{number}.org/" for number in range(2 * MAX_NESTED))
    hosts = {f"link:host.org.a{number}" for number in range(MAX_NESTED + 1)}
    assert found(address, address=True) == {"link:redirect", *hosts}
    assert "link:redirect" not in found(f"ivo://{address}", address=True)


def test_how_much_is_an_image():
    numbers, characters = lists().numbers, lists().characters
    assert not bulk(numbers, characters)
    assert bulk(numbers + 1) == bulk(characters=characters + 1) == {BULK}
    assert "text:bulk" not in found("A" * characters)
    assert "text:bulk" in found("A" * (characters + 1))
    assert "text:bulk" in found(" ".join(["1.5"] * (numbers + 1)))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1 " * 50, 0),  # too short to be looked at
        ("1 " * 50 + "1", 51),
        ("[" + ",".join(["1.5"] * 91 + ["x"] * 8), 91),  # an empty part before it
        ("1 " * 90 + "x " * 9 + "x", 0),  # nine of ten, and no more
        ("word " * 200, 0),
    ],
)
def test_how_many_numbers_a_text_is(text, numbers):
    assert bulk_numbers(text) == numbers


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("A" * 511, 0),  # too short to be looked at
        ("A" * 512, 512),
        ("\r\n  ".join(["A" * 76] * 10), 760),
        ("A" * 600 + " " + "B" * 700, 700),
        ("word " * 200, 0),
    ],
)
def test_the_longest_run_of_a_text(text, characters):
    assert longest(text) == characters


def test_the_columns_of_an_image():
    assert in_a_grid(["flux", *["pixel"] * GRID, None, *[None] * GRID], GRID) == [
        False,
        *[True] * GRID,
        *[False] * (1 + GRID),
    ]
    assert not any(in_a_grid(["pixel"] * GRID, GRID - 1))
    assert not any(in_a_grid(["pixel"] * (GRID - 1), GRID))


def test_a_light_curve_and_a_long_text_are_no_image():
    assert "text:bulk" not in found(" ".join(map(str, range(899))))
    assert "text:bulk" not in found("A long report of the night, with words. " * 500, prose=True)


def test_real_events_give_nothing_away(shared: Path):
    """Zero over-blocking begins here: no sign in 977 real events but addresses, names and text."""
    seen = {
        f"{sign.resource.kind}:{sign.resource.path.steps[0]}"
        for _, data in real_packets(shared)
        for text, use in texts(decode(data))
        for sign in signs(text, prose=use == "prose", address=use == "address")
    }
    assert seen == {"text:plain", "link:host"}


# The lists


NEEDLES = tomllib.loads((resources.policy() / "links" / "links.toml").read_text())["secrets"]["needles"]


@given(
    st.lists(
        st.sampled_from([*NEEDLES, *{part for one in NEEDLES for part in (one[1:], one[:-1], one[0])}])
    ).map("".join)
)
def test_the_needles_are_found_wherever_they_stand(text: str) -> None:
    assert lists().may_hold_secret(text) == any(one in text for one in NEEDLES)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("controlled = [", "kontrolliert = ["),
        ('"*.lsst.cloud"', '"lsst cloud"'),
        ('"*.lsst.cloud"', '"*.*"'),
        ('"*.lsst.cloud"', '"bit.ly", "bit.ly"'),
        ('"bit.ly"', "3"),
        ('"token"', '"to-ken"'),
        ('"token"', '"*token"'),
        ("numbers = 899", "numbers = 0"),
        ("numbers = 899", ""),
        (r"'\bgt-", r"'(\bgt-"),
        ("(DP|DR)", "(?:DP|DR)"),
        ("[bulk]", "[bulk"),
    ],
)
def test_a_mistake_in_the_lists_is_refused(old, new):
    assert old in LISTS
    with pytest.raises(SettingsError) as error:
        parse_lists(LISTS.replace(old, new, 1))
    assert error.value.code == "settings-invalid"
    assert error.value.where.input == "links.toml"


def test_what_is_made_of_the_lists():
    made = parse_lists(LISTS)
    assert set(made.parts) == {
        "lsst.cloud", "slac.stanford.edu", "summit-lsp.lsst.codes", "base-lsp.lsst.codes",
        "tucson-teststand.lsst.codes", "-lsp.lsst.codes", "rsp.lsst.ac.uk", "ncsa.illinois.edu",
    }  # fmt: skip
    assert all(map(made.is_secret, ("token", "access_token", "X-Amz-Credential".lower(), "xamz")))
    assert not any(map(made.is_secret, ("tokens", "a", "amz", "")))
    assert tuple(filter(made.may_hold_secret, ("token", "a word", "password"))) == ("token", "password")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"accesskey"', '"access-key"', "$.secrets.queries[0] is not as schemas/json/links.schema.json says"),
        ("(DP|DR)", "(?:DP|DR)", "`designators` needs two groups"),
    ],
)
def test_it_is_said_what_the_mistake_is(old, new, why):
    with pytest.raises(SettingsError) as error:
        parse_lists(LISTS.replace(old, new, 1))
    assert error.value.message == f"What is known of links cannot be used: {why}."
