"""What becomes of a heard event: the exact bytes, the name of its file, the policy, and what goes wrong."""

import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.conversion import Converter
from gateway.errors import OutputError
from gateway.listening import MAX_STEM, Hearing, stem_of
from gateway.model.audience import PUBLIC
from gateway.model.provenance import Origin, Provenance
from gateway.transports.command import Command
from gateway.transports.outputs import Directory
from gateway.transports.rejects import Rejects
from gateway.vtp import read

EXTERNAL = Provenance(Origin.EXTERNAL)


def packet(ivorn="ivo://org.example/stream#1", more="", before=""):
    document = (
        f'<?xml version="1.0"?>{before}<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" '
        f'ivorn="{ivorn}" role="observation" version="2.0">{more}</voe:VOEvent>'
    )
    return read(document.encode())


def hearing(**options):
    heard = []
    return Hearing(Converter("voevent"), options.pop("provenance", EXTERNAL), heard.append, **options), heard


def test_it_is_kept_as_it_came(tmp_path):
    take, heard = hearing(place=Directory(tmp_path))
    one = packet(before="<!-- before -->")
    take(one, "broker:8099")
    (found,) = heard
    assert found.path == str(tmp_path / "org.example_stream_1.xml")
    assert (tmp_path / "org.example_stream_1.xml").read_bytes() == one.payload
    assert (found.source, found.role, found.size, found.error) == (
        "broker:8099",
        "observation",
        len(one.payload),
        None,
    )
    assert (take.released, take.refused, take.failed) == (1, 0, 0)


def test_the_same_event_is_one_file_and_another_of_its_name_is_another(tmp_path):
    take, heard = hearing(place=Directory(tmp_path))
    twins = [
        packet(),
        packet(more="<Description>other</Description>"),
        packet(more="<Description>third</Description>"),
    ]
    for one in twins * 2:
        take(one, "broker")
    first, second, third, *again = (Path(found.path).name for found in heard)
    assert first == "org.example_stream_1.xml"
    assert re.fullmatch(r"org\.example_stream_1-[0-9a-f]{12}\.xml", second)
    assert len({first, second, third}) == 3
    assert again == [first, second, third]
    assert sorted(file.read_bytes() for file in tmp_path.iterdir()) == sorted(one.payload for one in twins)


@pytest.mark.parametrize(
    ("ivorn", "stem"),
    [
        ("ivo://nasa.gsfc.gcn/SWIFT#BAT_GRB_Pos_597570-251", "nasa.gsfc.gcn_SWIFT_BAT_GRB_Pos_597570-251"),
        ("IVO://org.example/a?b", "org.example_a_b"),
        ("ivo://../../etc/passwd", "etc_passwd"),
        ("../../etc/passwd", "etc_passwd"),
        ("/etc/passwd", "etc_passwd"),
        ("ivo://a\0b\nc", "a_b_c"),
        (".hidden", "hidden"),
        ("ivo://", "event"),
        ("", "event"),
        ("ivo://" + "x" * 1000, "x" * MAX_STEM),
    ],
)
def test_a_file_is_named_for_its_event(ivorn, stem):
    assert stem_of(ivorn) == stem


@given(st.text())
def test_no_identifier_leads_out_of_the_folder(ivorn):
    stem = stem_of(ivorn)
    assert 0 < len(stem) <= MAX_STEM
    assert not set(stem) & set("/\\\0\n ~")
    assert not stem.startswith(".")


def test_what_the_policy_refuses_goes_nowhere(tmp_path):
    command = Command(f"tee {tmp_path}/copy")
    take, heard = hearing(place=Directory(tmp_path), command=command, provenance=Provenance())
    take(packet(more="<Description>SENTINEL</Description>"), "broker")
    (found,) = heard
    assert found.output is None
    assert found.error.code == "policy-provenance"
    assert "SENTINEL" not in str(found.error)
    assert list(tmp_path.iterdir()) == []
    assert (take.released, take.refused) == (0, 1)


def test_what_is_no_event_is_refused_and_the_next_one_is_heard():
    take, heard = hearing()
    take(read(b'<VOEvent ivorn="ivo://a" version="9.9"/>'), "broker")
    take(packet(), "broker")
    assert [found.error and found.error.code for found in heard] == ["voevent-root", None]


def test_what_is_refused_is_recorded_without_its_bytes_which_may_hold_any_link_and_text(tmp_path):
    rejects = Rejects(tmp_path, PUBLIC, "rdo013-2025")
    take, _ = hearing(rejects=rejects)
    take(read(b'<VOEvent ivorn="ivo://a" version="9.9"/>'), "broker")
    (record,) = tmp_path.glob("*.json")
    assert b'"code": "voevent-root"' in record.read_bytes()
    assert list(tmp_path.glob("*.bin")) == []


def test_a_command_gets_the_released_bytes_and_its_failure_is_said(tmp_path):
    take, heard = hearing(command=Command(f"tee {tmp_path}/copy"))
    take(packet(), "broker")
    assert (tmp_path / "copy").read_bytes() == packet().payload
    take, heard = hearing(command=Command("false"))
    take(packet(), "broker")
    assert heard[0].output is not None
    assert heard[0].error.code == "output-command"
    assert (take.released, take.failed) == (1, 1)


def test_several_threads_take_turns_but_for_their_commands(tmp_path):
    take, heard = hearing(place=Directory(tmp_path), command=Command("cat"))
    threads = [
        threading.Thread(target=take, args=(packet(f"ivo://org.example/stream#{n}"), "broker"))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({found.path for found in heard}) == take.released == 8


def test_a_folder_that_cannot_be_written_ends_it(tmp_path):
    take, _ = hearing(place=Directory(tmp_path / "folder"))
    (tmp_path / "folder").rmdir()
    with pytest.raises(OutputError) as caught:
        take(packet(), "broker")
    assert caught.value.code == "output-unwritable"
