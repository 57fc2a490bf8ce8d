"""The group `avro`: what is needed to get the alert back from its VOEvent, and whether that is possible.

    schema.name      full name of the root record
    schema.id        its id on the wire (LSST only)
    schema.sha256    of the Avro Parsing Canonical Form
    framing          how the datum was wrapped: container, confluent, single-object, raw; with the container's codec
    detail           core, history, full
    payload.length   bytes of the datum
    payload.sha256   of the datum
    exact            true: this document alone gives the datum back, bit for bit (checked when it was made)
    withheld         number of fields that the audience may not see

Length and hash are left out when fields are withheld, whose values they could confirm; and when only chosen records are
kept, since such an event never gives the alert back and hashing would read the whole packet.

When a full event is not exact (a NaN with a payload, an array in several blocks, a number longer than need be:
things that the data model does not have), a group `avro.payload` carries the datum itself.
"""

from __future__ import annotations

import base64
import hashlib

from gateway.mapping.plan import Plan
from gateway.model.alert import Alert
from gateway.model.voevent import Group, Param

__all__ = ["GROUP", "PAYLOAD_GROUP", "avro_group", "payload_group"]

GROUP = "avro"
PAYLOAD_GROUP = "avro.payload"


def avro_group(alert: Alert, plan: Plan, exact: bool) -> Group:
    """The group `avro`, from placeholders too."""
    schema = alert.schema
    params = [("schema.name", schema.name, "string")]
    if plan.key.family == "lsst":
        params.append(("schema.id", str(plan.key.wire_id), "int"))
    params += [
        ("schema.sha256", schema.sha256, "string"),
        ("framing", str(alert.framing), "string"),
        ("detail", plan.settings.detail, "string"),
    ]
    if plan.withheld:
        params.append(("withheld", str(len(plan.withheld)), "int"))
    elif not plan.left_out:
        params += [
            ("payload.length", str(len(alert.payload)), "int"),
            ("payload.sha256", hashlib.sha256(alert.payload).hexdigest(), "string"),
        ]
    params.append(("exact", "true" if exact else "false", "string"))
    return Group(GROUP, None, tuple(Param(name, text, data_type=kind) for name, text, kind in params))


def payload_group(alert: Alert) -> Group:
    """The datum itself."""
    text = base64.b64encode(alert.payload).decode()
    return Group(PAYLOAD_GROUP, None, (Param("base64", data_type="string", value_element=text),))
