"""Who is told what of which file: labels, rows of packets, clocks, rights, and what to change."""

import csv
import io
import json
from datetime import UTC, datetime
from importlib.resources import files as package

import pytest
from alerts import KEYS, changed, long, simulated
from canaries import avsc, container_with_metadata, fits_file, links, parquet, plain_json, votable
from checking import ALERTS, DP1, HOLDERS, NOON, one, run, verdicts
from cli_runs import message, packed

from gateway.codecs import alert_json, container
from gateway.compliance.report import TargetReport
from gateway.compliance.resolve import is_of_alerts
from gateway.model.avrotype import nullable
from gateway.model.provenance import Origin, Provenance
from gateway.policy.profile import DEFAULT
from gateway.schema import registry
from gateway.schema.parse import parse_schema
from gateway.schema.raw import Layout

SDM = package("lsst.sdm.schemas")


def effects(target: TargetReport):
    return {verdict.decision.effect for verdict in target.verdicts}


# Nothing is over-blocked


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("profile", [DEFAULT, None])
def test_issued_alerts_of_every_version_have_no_finding(key, profile):
    options = {"profile": profile} if profile else {}
    target = one("a.avro", packed(simulated(key, 2, "none")), **options)
    assert (target.error, target.packets, target.found, target.effect) == (None, 2, [], "pass")
    assert target.schemas == [(key, registry.get(key).sha256)]
    assert {verdict.kind for verdict in target.verdicts} == {key}


def test_every_form_of_an_alert_says_the_same():
    alert = simulated("lsst/11.0")[0]
    forms = {"a.avro": packed([alert]), "a.bin": message(alert), "a.json": alert_json.encode(alert)}
    for target in run(forms).targets:
        assert (target.error, target.found, target.packets) == (None, [], 1)


# Nothing passes without a label


@pytest.mark.parametrize("manifest", ["", '[[field]]\npath = ["other"]\norigin = "alert"\n'])
def test_without_a_label_everything_is_withheld(manifest):
    alert = simulated("lsst/11.0")[0]
    files = {
        "a.avro": packed([alert]), "a.json": alert_json.encode(alert), "t.vot": votable(), "t.parquet": parquet(),
        "i.fits": fits_file(), "d.json": plain_json(),
    }  # fmt: skip
    for target in run(files, manifest).targets:
        assert {v.decision.clause for v in target.verdicts} <= {"P26", "P16", "P25"}
        assert "pass" not in effects(target)
        assert all(v.origin == "not declared" for v in target.verdicts if v.kind != "packets")
    verdict = run(files, manifest).targets[2].verdicts[-1]
    assert verdict.decision.clause == "P26"
    assert (
        verdict.advice
        == 'Declare in the manifest where it comes from: path = ["DiaSource.score"] and its origin.'
    )


# Names prove nothing (L01, L02)

MPC = {"mpc_orbits", "MPCORB", "current_identifications", "numbered_identifications"}


@pytest.mark.parametrize("schema", ["dp1", "dp2"])
@pytest.mark.parametrize("profile", [DEFAULT, None])
def test_catalogues_with_the_names_of_alert_fields_are_withheld(schema, profile):
    text = (SDM / f"{schema}.yaml").read_bytes()
    options = {"profile": profile} if profile else {}
    target = one(f"{schema}.yaml", text, DP1.replace("dp1", schema), **options)
    public = {v.name.partition(".")[0] for v in target.verdicts if v.decision.passes}
    # Under the policy in force pointings are public, and so are the tables of the Minor Planet Center.
    assert public <= ({"Visit", "CcdVisit", "VisitDetector", *MPC} if profile else set())
    assert effects(target) <= {"pass", "redact"}
    assert len([v for v in target.verdicts if not v.decision.passes]) > 1500


def test_a_catalogue_that_is_declared_to_be_an_alert_is_believed():
    table = votable(("ra", "psfFlux"))
    found = {v.name: (v.kind, v.decision.effect) for v in one("t.vot", table).verdicts}
    assert found["DiaSource.ra"] == found["DiaSource.psfFlux"] == ("lsst/11.1", "pass")
    # Not so its metadata, which is no field of an alert.
    assert found["t.#INFO"] == ("text", "redact")


@pytest.mark.parametrize("name", ["RA", "r_a", "ｒａ", "ra ", "psfflux", "dec_", "nearbyObj1"])
def test_a_variant_of_a_name_is_another_column(name):
    target = one("t.vot", votable((name,)))
    assert verdicts(target)[f"DiaSource.{name}"] == ("redact", "P25")


@pytest.mark.parametrize("table", ["Object", "Source", "diasource", "DIASOURCE", "MyDiaSource"])
def test_a_table_of_another_name_is_another_table(table):
    assert verdicts(one("t.vot", votable(("ra",), table)))[f"{table}.ra"] == ("redact", "P25")


def test_a_field_is_that_of_the_version_that_is_declared():
    assert verdicts(one("t.vot", votable(("nearbyObj1",), "diaObject")))["diaObject.nearbyObj1"] == (
        "pass",
        "P01",
    )
    newest = f'{ALERTS}schema = "lsst/11.0"\n'
    assert (
        verdicts(one("t.vot", votable(("nearbyObj1",), "diaObject"), newest))["diaObject.nearbyObj1"][0]
        == "redact"
    )


def test_of_an_alert_is_what_comes_from_nothing_else():
    alert, release = Provenance(Origin.ALERT), Provenance(Origin.DATA_RELEASE, "dp1")
    assert is_of_alerts(alert)
    assert is_of_alerts(Provenance(inputs=(alert, Provenance(Origin.PPDB))))
    assert not is_of_alerts(Provenance())
    assert not is_of_alerts(release)
    assert not is_of_alerts(Provenance(Origin.ALERT, inputs=(release,)))


def test_a_renamed_column_passes_when_it_is_declared_which_field_it_is():
    manifest = 'schema = "lsst/11.0"\n[[field]]\npath = ["DiaSource.flux"]\norigin = "alert"\n'
    table = votable(("flux",))
    before = next(v for v in one("t.vot", table, manifest).verdicts if v.name == "DiaSource.flux")
    assert before.decision.effect == "redact"
    assert "alert-field" in before.advice
    after = one("t.vot", table, f'{manifest}alert-field = "diaSource.psfFlux"\n')
    assert verdicts(after)["DiaSource.flux"] == ("pass", "P01")
    # Declared to be an alert's field, and from a data release: what is derived from both is as restricted as either.
    both = f'{manifest}alert-field = "diaSource.psfFlux"\n[[field]]\npath = ["DiaSource.*"]\n{DP1}'
    assert verdicts(one("t.vot", table, both))["DiaSource.flux"][0] == "redact"


# What is said beside the values (L06, L15)


def test_statistics_and_descriptions_go_with_their_column():
    found = verdicts(one("t.vot", votable(("ra", "score"))))
    assert found["DiaSource.ra"][0] == "pass"
    assert "DiaSource.ra (VALUES)" not in found
    assert found["DiaSource.score"][0] == found["DiaSource.score (VALUES)"][0] == "redact"
    advice = {v.name: v.advice for v in one("t.parquet", parquet(), DP1).verdicts}
    assert advice["t.ra"].startswith("Leave it out, or give it only to people with data rights to dp1.")
    assert advice["t.ra (statistics)"].startswith("Write the file without these statistics, or")
    advice = {v.name: v.advice for v in one("t.vot", votable(), DP1).verdicts}
    assert advice["DiaSource.ra (VALUES)"].startswith("Write the file without these statistics, or")
    assert advice["DiaSource.ra (DESCRIPTION)"].startswith(
        "Write the file without what is said about this column"
    )


def test_metadata_of_a_container_are_somebodys_text():
    assert verdicts(one("a.avro", container_with_metadata(), DP1))["#metadata1"] == ("redact", "P25")


# What is beside an alert (L03, L07, L08, L29)


def test_fields_that_a_broker_added_are_no_alert():
    alert = simulated("lsst/11.0")[0]
    declaration = dict(alert.schema.json)
    declaration["fields"] = [
        *declaration["fields"],
        {"name": "xm", "type": {"type": "map", "values": "double"}},
    ]
    forged = parse_schema(declaration)
    out = io.BytesIO()
    container.write(out, forged, [alert.payload + b"\2\2a" + bytes(8) + b"\0"])
    target = one("a.avro", out.getvalue())
    assert [(v.name, v.decision.effect) for v in target.found] == [("xm{}", "redact")]
    assert target.packets == 1
    assert target.error is None
    told = one("a.avro", out.getvalue(), f'{ALERTS}[[field]]\npath = ["xm{{}}"]\n{DDP}')
    assert told.found == []


DDP = 'origin = "ddp"\n[field.derivation]\nfrom = [{origin = "alert"}]\nresponsible = "A"\nwhy = "B"\n'


def test_a_field_of_another_type_is_something_else():
    declaration = dict(simulated("lsst/11.0")[0].schema.json)
    declaration["fields"] = [
        field | {"type": "string"} if field["name"] == "diaSourceId" else field
        for field in declaration["fields"]
    ]
    target = one("a.avsc", json.dumps(declaration).encode())
    assert [(v.name, v.decision.effect, v.decision.clause) for v in target.found] == [
        ("diaSourceId", "refuse", "P25")
    ]


def test_keys_that_the_schema_does_not_have():
    text = alert_json.encode(simulated("lsst/11.0")[0])
    more = text.replace(b'"diaSource":{', b'"diaSource":{"leak":1,', 1)
    target = one("a.json", more)
    assert {v.name: v.decision.effect for v in target.found} == {
        "diaSource.leak": "redact",
        "#packet": "refuse",
    }


def test_what_is_null_may_be_a_record():
    text = b'{"diaSource": {"ra": 1.0}, "ssObject": null, "prvDiaSources": [], "leak": null}'
    assert {v.name for v in one("a.json", text).found} == {"leak"}
    assert {v.name for v in one("a.json", text.replace(b'"ssObject": null', b'"ssObject": 5')).found} == {
        "leak",
        "ssObject",
    }


def test_avro_of_something_else_is_a_table():
    assert effects(one("x.avsc", avsc())) == {"refuse"}
    assert effects(one("x.avsc", avsc(), DP1)) == {"redact"}
    assert effects(one("x.avsc", avsc(), DP1, HOLDERS)) == {"pass"}
    assert effects(one("x.avro", container_with_metadata(), DP1, HOLDERS)) == {"pass"}


# Rows


def rows_of(found):
    """The raw rows of an alert's history."""
    names = [field.name for field in found.schema.root.fields]
    return [
        list(row)
        for row in Layout(found.schema.root).read(found.payload)[names.index("prv_candidates")] or ()
    ]


def row_fields(found):
    (field,) = [field for field in found.schema.root.fields if field.name == "prv_candidates"]
    return nullable(field.type)[0].items.fields


def test_rows_and_packets_that_a_rule_withholds_are_counted():
    alerts = simulated("lsst/11.0", 4, "none")
    fast = changed(alerts[0], diaSource__trailLength=b"\0\0\x80\x42")
    target = one("a.avro", packed([fast, *alerts[1:]]))
    assert [(v.name, v.kind, v.decision.effect, v.certainty) for v in target.found] == [
        ("1 of 4 packets", "packets", "quarantine", "primary")
    ]
    assert target.found[0].advice == "Hold these packets back, and have somebody look at them."
    assert target.effect == "quarantine"


def test_rows_of_another_programme():
    alert = next(found for found in simulated("ztf/4.02", 20, "none") if len(rows_of(found)) > 1)
    rows = rows_of(alert)
    names = [field.name for field in row_fields(alert)]
    rows[0][names.index("programid")] = long(2)
    target = one("a.avro", packed([changed(alert, prv_candidates=rows)]))
    assert [(v.name, v.decision.effect) for v in target.found] == [
        ("1 rows of prv_candidates in 1 of 1 packets", "redact")
    ]


def test_a_damaged_block_is_an_error_beside_the_verdicts():
    data = packed(simulated("lsst/11.0"))
    target = one("a.avro", data[:-40] + bytes(20) + data[-20:])
    assert target.error is not None
    assert len(target.verdicts) > 300
    assert run({"a.avro": data[:-40] + bytes(20) + data[-20:]}).exit_code == 2


def test_a_file_that_ends_early_is_an_error_beside_the_verdicts():
    target = one("i.fits", fits_file()[: -2880 * 2])
    assert target.error.code == "input-damaged"
    assert "SCI" in verdicts(target)


# Rights, clocks and links


def test_people_with_rights_may_see_more_and_are_told_of():
    table = votable()
    public = one("t.vot", table, DP1)
    assert effects(public) == {"redact"}
    assert effects(one("t.vot", table, DP1, HOLDERS)) == {"pass"}
    advice = {v.name: v.advice for v in public.verdicts}
    assert advice["DiaSource.ra"] == (
        "Leave it out, or give it only to people with data rights to dp1. Everyone may see it from 2027-07-01 on."
    )
    assert advice["t.#INFO"] == "Take this text out, or give it only to people with data rights to dp1."
    other = one("t.vot", table, DP1.replace("dp1", "dp2"), HOLDERS)
    assert effects(other) == {"redact"}


def test_two_years_later():
    later = datetime(2027, 7, 1, tzinfo=UTC)
    names = {v.name: v.decision.effect for v in one("t.vot", votable(), DP1, at=later).verdicts}
    assert names["DiaSource.ra"] == "pass"
    assert names["t.#INFO"] == "redact"


def test_pixels_are_refused():
    target = one("i.fits", fits_file(), 'origin = "pixels"')
    assert verdicts(target)["SCI"] == ("refuse", "P13")
    assert target.effect == "refuse"
    assert {v.advice for v in target.verdicts if v.name == "SCI"} == {"Leave the pixels out."}


def test_an_address_with_a_credential_is_refused_to_everyone():
    for audience in (HOLDERS, HOLDERS.__class__()):
        found = verdicts(one("l.txt", links(), DP1, audience))
        assert found["#line4"] == found["#line5"] == ("refuse", "P16")
    assert found["#line2"] == ("redact", "P25")
    assert verdicts(one("l.txt", links(), DP1, HOLDERS))["#line2"] == ("pass", "P17")
    assert verdicts(one("d.json", plain_json(), DP1, HOLDERS))["link"] == ("refuse", "P16")


def test_a_declared_derivation_is_a_record_and_an_undeclared_one_is_not():
    table = votable(("score",))
    ddp = f'[[field]]\npath = ["DiaSource.score"]\n{DDP}'
    assert verdicts(one("t.vot", table, ddp))["DiaSource.score"] == ("pass", "P15")
    made = ddp.replace('"ddp"', '"broker-annotation"')
    assert verdicts(one("t.vot", table, made))["DiaSource.score"] == ("redact", "P25")
    (verdict,) = [v for v in one("t.vot", table, ddp).verdicts if v.name == "DiaSource.score"]
    assert verdict.origin == "ddp from alert"


# Reports as wholes


def test_a_report_says_by_what_it_was_made():
    report = run({"t.vot": votable(), "x": b"?"}, DP1)
    assert (report.profile, str(report.audience), report.at) == ("compliance", "public", NOON)
    assert len(report.profile_sha256) == len(report.manifest_sha256) == 64
    assert run({}, "").manifest_sha256 == ""
    assert (
        report.conclusion == "1 file could not be read and 1 file would show what this audience may not see."
    )
    assert run({}).conclusion == "This audience may see everything in these files."
    assert (report.effect, report.exit_code) == ("redact", 2)
    assert report.tally == {
        "targets": 2,
        "unreadable": 1,
        "pass": 0,
        "redact": 10,
        "refuse": 0,
        "quarantine": 0,
    }


# Real data


def test_the_inventory_of_fields(shared):
    """What the policy page calls rights-only or undetermined never passes for the public, whatever its name."""
    with (shared / "data/fields/lsst_fields.csv").open() as file:
        rows = [
            row for row in csv.DictReader(file) if row["class_rdo013"].startswith(("rights", "undetermined"))
        ]
    releases = {row["table"] for row in rows}
    assert len(rows) > 4000
    assert releases
    columns = {(row["table"].rpartition(".")[2], row["column"]) for row in rows}
    tables = [{"name": table, "columns": [{"name": name}]} for table, name in columns]
    target = one("all.yaml", json.dumps({"tables": tables}).encode(), DP1, profile=DEFAULT)
    assert len(target.verdicts) == len(columns)
    # When and where the telescope pointed is public (P23), and what mirrors the Minor Planet Center (P22).
    passing = {v.decision.rule for v in target.verdicts if v.decision.passes}
    assert passing <= {"visit-pointing", "mpc-tables"}
    assert sum(v.decision.passes for v in target.verdicts) < 100


def test_real_lsst_alerts_that_a_broker_rewrote(shared):
    data = (shared / "data/lsst/fink-lsst-v10-7alerts.avro").read_bytes()
    bare = one("fink.avro", data, "", profile=DEFAULT)
    assert "pass" not in effects(bare)
    assert bare.packets == 7
    declared = one("fink.avro", data, f'{ALERTS}schema = "lsst/10.0"\n', profile=DEFAULT)
    assert declared.error is None
    of_the_alert = [v for v in declared.verdicts if v.decision.passes]
    assert {v.kind for v in of_the_alert} == {"lsst/10.0"}
    assert len(of_the_alert) > 380
    # All that Fink added, and nothing else.
    added = {v.name.partition(".")[0].partition("{")[0] for v in declared.found}
    assert {"xm", "clf", "pred", "misc", "lc_features"} <= added
    assert not added & {field.name for field in registry.get("lsst/10.0").root.fields}


def test_real_ztf_alerts(shared):
    found = {
        path.name[4:7]: one(path.name, path.read_bytes(), profile=DEFAULT)
        for path in sorted((shared / "data/ztf").glob("*.avro"))
    }
    assert found["3.2"].found == found["4.0"].found == []
    assert [(v.name, v.decision.effect, v.decision.rule) for v in found["3.3"].found] == [
        ("1 of 1 packets", "refuse", "ztf-other-programme"),
        ("9 rows of prv_candidates in 1 of 1 packets", "redact", "ztf-other-programme-rows"),
    ]


def test_real_json_of_another_broker(shared):
    for name in ("lasair-lsst-v7_1-alert.json", "lasair-lsst-v10-alert.json"):
        target = one(name, (shared / "data/lsst" / name).read_bytes(), profile=DEFAULT)
        assert target.error is None
        assert len([v for v in target.verdicts if v.decision.passes]) > 150
        assert target.found == []


def test_real_voevents(shared):
    for path in sorted((shared / "data/voevent").glob("*.xml")):
        target = one(path.name, path.read_bytes(), 'origin = "external"', profile=DEFAULT)
        assert (target.error, target.found) == (None, []), path.name
        assert one(path.name, path.read_bytes(), "", profile=DEFAULT).effect == "redact"
