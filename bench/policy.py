"""What the policy costs: releasing an alert that is all public, and taking four fields out of a packet.

Rules
1. Releasing is compared with making the core event of the same alert: what share of the conversion it adds. `issued`
   packets come straight from the survey; `handled` ones are looked into, row by row and image by image.
2. The four fields are dropped at the top of the packet: the forced sources, the object and two images. fastavro reads
   the packet, the fields are taken out of the dict, and fastavro writes it in the schema without them. The bytes must
   be the same.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, cast

import fastavro

from bench import packets
from bench.race import TURN, Ratio, race, ratio
from gateway.mapping.fast import Minter
from gateway.model.avrotype import leaves
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.schema.parse import schema_of
from gateway.schema.splice import drops, without

__all__ = ["FOUR", "SHARE_GOAL", "STRIP_GOALS", "Share", "Strip", "shares", "strips"]

FOUR = ("prvDiaForcedSources", "diaObject", "cutoutScience", "cutoutTemplate")
SHARE_GOAL = 5.0
"""Percent of a core conversion that releasing an issued alert may cost."""
STRIP_GOALS = {"mature": 20.0, "new": 15.0}
"""Times faster than fastavro."""

SETS = ("mature", "new")


@dataclass(frozen=True)
class Share:
    """Releasing against converting, CPU microseconds an alert; `percent` is the share, round by round."""

    packets: str
    custody: str
    release: float
    mint: float
    percent: Ratio


@dataclass(frozen=True)
class Strip:
    """Four fields taken out, CPU microseconds an alert."""

    packets: str
    gateway: float
    fastavro: float
    faster: Ratio


def shares(alerts: int, rounds: int, turn: float = TURN) -> list[Share]:
    """Rule 1."""
    found = []
    for name in SETS:
        for custody in ("issued", "handled"):
            provenance = Provenance(Origin.ALERT, issued=custody == "issued")
            items = [replace(alert, provenance=provenance) for alert in packets.alerts(name, alerts)]
            policy, minter = Policy(), Minter()
            releases = [policy.release(item) for item in items]
            if not all(release.whole for release in releases):
                raise SystemExit("A simulated alert is not all public; `gateway policy explain` may say why.")
            work: dict[str, Callable[[Any], Any]] = {"release": policy.release, "mint": minter.mint}
            times = race(work, {"release": items, "mint": releases}, rounds, turn)
            percent = [100 * a / b for a, b in zip(times["release"], times["mint"], strict=True)]
            share = Ratio(median(percent), min(percent), max(percent))
            found.append(Share(name, custody, median(times["release"]), median(times["mint"]), share))
    return found


def strips(alerts: int, rounds: int, turn: float = TURN) -> list[Strip]:
    """Rule 2."""
    root = packets.SCHEMA.root
    paths = [path for path, _ in leaves(root) if path.top in FOUR]
    drop, target = drops(root, paths), schema_of(without(root, paths))
    reading = fastavro.parse_schema(cast(Any, packets.SCHEMA.json))
    writing = fastavro.parse_schema(cast(Any, target.json))

    def by_fastavro(payload: bytes) -> bytes:
        record: Any = fastavro.schemaless_reader(io.BytesIO(payload), reading, None)
        for name in FOUR:
            del record[name]
        out = io.BytesIO()
        fastavro.schemaless_writer(out, writing, record)
        return out.getvalue()

    found = []
    for name in SETS:
        payloads = [alert.payload for alert in packets.alerts(name, alerts)]
        if [drop(payload) for payload in payloads] != [by_fastavro(payload) for payload in payloads]:
            raise SystemExit("The gateway and fastavro do not make the same bytes without the four fields.")
        work: dict[str, Callable[[Any], Any]] = {"gateway": drop, "fastavro": by_fastavro}
        times = race(work, dict.fromkeys(work, payloads), rounds, turn)
        faster = ratio(times["fastavro"], times["gateway"])
        found.append(Strip(name, median(times["gateway"]), median(times["fastavro"]), faster))
    return found
