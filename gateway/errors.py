"""Errors: we cannot go on, and this sentence says what the user can do about it.

The tree (a leaf is what code raises; a node is what code catches)::

    GatewayError                 exit code 2
      InputError                 the bytes are not what they claim to be
        AvroError                avro-*     Avro datum, container, Confluent or single-object framing
        XMLError                 xml-*      not well formed, or refused before parsing (DTD, size, encoding)
        VOEventError             voevent-*  well-formed XML that is not a VOEvent we can read
        JSONError                json-*     not our JSON form
        FITSError                fits-*     not a FITS file of plain images
      SchemaError                schema-*   a writer schema that is unknown or cannot be used
      LimitError                 limit-*    larger than a documented limit (see docs/limits.md)
      PolicyError                policy-*   refused: the audience may not see this
      ConversionError            convert-*  the model cannot be said in the target format
      SettingsError              settings-* a configuration, option or profile that cannot be used
      OutputError                output-*   a result that cannot be written
      VTPError                   vtp-*      a peer of the VOEvent Transport Protocol that errs, refuses or is silent
      FilterError                filter-*   a subscriber's filter that is not used
      SourceError                source-*   a place that messages come from and that cannot be read
      DeliveryError              delivery-* a place that messages go to and that does not take them

Rules
1. Every error carries a stable code; the codes and what to do about each are the table `CODES` below, and
   docs/errors.md is made from it. A code that is not in the table is a programming error.
2. A message names files, positions and fields. It never contains a value from the payload.
3. `where` says in which input and at which byte, line or record; the innermost code that knows fills it in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

__all__ = [
    "CODES",
    "AvroError",
    "ConversionError",
    "DeliveryError",
    "FITSError",
    "FilterError",
    "GatewayError",
    "InputError",
    "JSONError",
    "LimitError",
    "OutputError",
    "PolicyError",
    "SchemaError",
    "SettingsError",
    "SourceError",
    "VOEventError",
    "VTPError",
    "Where",
    "XMLError",
]

CODES: dict[str, str] = {
    "input-empty": "Check that the producer finished writing it.",
    "input-unreadable": "Check the path and its permissions.",
    "input-damaged": "The file is damaged or ends early. Write or fetch it again.",
    "input-unknown": "The first bytes match no known format. Bare Avro data need --schema, or `schema` in a manifest.",
    "avro-truncated": "The data end inside a value. Fetch the packet again.",
    "avro-trailing": (
        "Bytes follow the end of the record. The schema is not the one that wrote it, or packets were glued."
    ),
    "avro-branch": (
        "A union branch number does not exist in the schema. The schema is not the one that wrote it."
    ),
    "avro-boolean": "A boolean is neither 0 nor 1. The schema is not the one that wrote it.",
    "avro-varint": "An integer is longer than its type allows. The schema is not the one that wrote it.",
    "avro-length": "A length or count is negative or larger than the data. The packet is damaged.",
    "avro-text": (
        "A string is not valid UTF-8. The packet is damaged or the schema is not the one that wrote it."
    ),
    "avro-container": "The object container file is damaged (header, block or sync marker).",
    "avro-codec": "The container uses a compression codec that is not null, deflate, snappy or zstandard.",
    "avro-compression": "A container block cannot be decompressed. The file is damaged.",
    "avro-framing": "The message does not start with the Confluent or single-object marker.",
    "avro-value": "A value does not fit the type that the schema gives its field.",
    "avro-original": (
        "The fields of a `voevent` datum disagree with the document in it. One was changed; use the "
        "document alone or fetch it again."
    ),
    "schema-unknown": (
        "No released schema has this id. See `gateway schema list`; name one with --schema for bare records."
    ),
    "schema-endian": (
        "The schema id is little-endian on the wire; it must be big-endian. Ask the producer to fix it."
    ),
    "schema-invalid": "The schema itself is not valid Avro, or uses a construct alerts never use.",
    "schema-project": "The record cannot be projected onto the released schema that was asked for.",
    "limit-size": "See docs/limits.md; legitimate data are far below the limits.",
    "limit-depth": "See docs/limits.md; legitimate data are far below the limits.",
    "limit-memory": "The machine has too little memory for so many processes. Use fewer --jobs.",
    "xml-malformed": "Repair the XML where the line and column say, or fetch the document again.",
    "xml-dtd": "VOEvents need no DTD, and entities are an attack: remove the DOCTYPE.",
    "xml-encoding": "Write the document in UTF-8; UTF-16, ASCII and ISO-8859 are read, too.",
    "voevent-root": "Check that this is a VOEvent of version 1.1, 2.0 or 2.1.",
    "voevent-structure": (
        "An element is missing, repeated or misplaced. Run `gateway validate` for the full list."
    ),
    "json-malformed": "The text is not JSON, or not UTF-8.",
    "json-form": "The JSON is not the form described by schemas/json. The path says where.",
    "json-schema": (
        "The document is not the notice that it says it is. Get GCN's newest schemas, or tell who sends it."
    ),
    "fits-form": "The bytes are not a FITS file of plain images as alerts carry it. Fetch the packet again.",
    "fits-truncated": "The FITS file ends before its images do. Fetch the packet again.",
    "fits-trailing": "The FITS file has bytes that belong to no image. Remove them, or fetch the packet again.",
    "policy-withheld": (
        "The audience may not see this. If a broker re-wrote released alerts, see --project and --origin."
    ),
    "policy-quarantine": (
        "This looks like something that should not be in a public stream. Have somebody look at it before "
        "it goes on."
    ),
    "policy-unreleased": "A program tried to write what the policy has not seen. Call `Policy.release` first.",
    "policy-provenance": "It is not known where these data came from. Declare it with --origin.",
    "policy-token-form": (
        "The token is not a signed ID token in compact form. Ask its issuer for one and send it unchanged."
    ),
    "policy-token-algorithm": (
        "The token is signed in a way that is not accepted. Its issuer has to use RS256 or ES256."
    ),
    "policy-token-key": (
        "The issuer's key set has no key of the id in the token. Sign in again; if that does not help, the "
        "operator should compare the issuer and the key set."
    ),
    "policy-token-signature": "The issuer did not sign this token, or it was changed. Sign in again.",
    "policy-token-issuer": "Another issuer made the token. Sign in where this gateway's documentation says.",
    "policy-token-audience": "The token is for another service, or for several. Ask for one for this gateway.",
    "policy-token-expired": "The token has expired. Sign in again.",
    "policy-token-early": "The token is not valid yet. Compare the clocks of the issuer and of this machine.",
    "policy-token-claim": "A claim of the token is missing or not of the kind that it must be. Ask its issuer.",
    "policy-keys": (
        "The keys of the token's issuer cannot be had, so nobody has data rights. Check the key file or URL."
    ),
    "convert-incomplete": (
        "This VOEvent does not carry the whole alert (its detail is not full). Use a VOEvent made "
        "with --detail full."
    ),
    "convert-foreign": "This VOEvent was not made from an alert, so there is no alert to give back.",
    "convert-mismatch": (
        "The VOEvent was changed after it was made: the rebuilt alert differs from the recorded hash."
    ),
    "convert-version": "The event uses something the target VOEvent version cannot say.",
    "convert-character": (
        "A text has a control character, half a surrogate pair, U+FFFE or U+FFFF, which XML cannot "
        "carry. Remove it or encode the text."
    ),
    "settings-invalid": "The configuration or policy file has a mistake; file and place are named.",
    "settings-value": "An option has a value that cannot be used.",
    "settings-address": (
        "The address cannot be listened on. Another program has it, or it is not one of this machine."
    ),
    "settings-missing": "Something that is needed is not installed or not given.",
    "output-unwritable": "The output cannot be written. Check the path, its permissions and the space left.",
    "output-state": (
        "The database of what workers know together does not answer. It is asked again by itself; check that it runs, "
        "its address, user and rights."
    ),
    "output-log": (
        "The proof log cannot be continued. Check it as docs/audit.md says, keep it as evidence, and name a new folder."
    ),
    "output-locked": "Another process writes there. Give each process a folder of its own, or wait for its end.",
    "output-open": "Others may look into the folder. Run `chmod go-rwx` on it, or name a new one.",
    "output-label": (
        "What is kept there is labelled for another audience or profile. Name a folder of its own for each of them."
    ),
    "output-command": (
        "The command that was run for an event did not do its work. Try it by hand, with the event as its input."
    ),
    "output-exists": "The output file exists. Choose another name or pass --force.",
    "vtp-length": (
        "The length of a message is not one: 0, over the limit, little-endian or of another protocol. See "
        "docs/vtp.md."
    ),
    "vtp-message": "The document is not a VOEvent or Transport that can be answered. See docs/vtp.md.",
    "vtp-invalid": (
        "The event breaks a rule of its standard, so it is not passed on. `gateway validate` says all that is wrong."
    ),
    "vtp-unexpected": "The peer says what has no place in the session. Check that it is at the right port.",
    "vtp-late": "The peer did not send a whole event in time. Send the event as soon as the connection is there.",
    "vtp-silent": "The peer did not answer in time. It may be dead or far away; connect again.",
    "vtp-surplus": (
        "More is under way than is waited for. Send one event per connection; acknowledge events as they come."
    ),
    "vtp-unanswered": "Our own side did not answer an event in time. Look at its load and its disk.",
    "vtp-unreachable": "Nobody can be connected to there. Check the address, and that the broker is running.",
    "vtp-tls": "The two sides disagree on TLS. Check --tls, --ca and --cert, and for whom the broker's certificate is.",
    "vtp-lost": "The connection ended before the receipt. The event may be sent again.",
    "vtp-refused": "The broker refuses the event for good. Its reason is given beside; send a corrected event.",
    "filter-syntax": (
        "The filter is not XPath 1.0, or compares things that cannot be compared. The column says where."
    ),
    "filter-unsupported": (
        "The filter uses a part of XPath that filters do not have. docs/vtp-filters.md says what to write instead."
    ),
    "filter-cost": (
        "The filter could take too long on a large packet. Take paths that begin with / or .. out of the brackets."
    ),
    "source-unreachable": "The place that messages come from cannot be reached. Check its address and the network.",
    "source-refused": (
        "The place that messages come from lets us not in. Check the user, the secret and what the user may read."
    ),
    "source-gap": (
        "Messages are gone before they were read: the topic keeps them too short a time. Read from an archive what is "
        "missing, with `gateway replay`."
    ),
    "delivery-failed": "It is tried again by itself. If it goes on, check that the receiver runs and has space.",
    "delivery-refused": "The receiver never takes this one. It is in the dead letters; the others go on.",
    "delivery-full": "The queue of this receiver is full, on the disk, too. Start the receiver, or make space.",
}


@dataclass(frozen=True, slots=True)
class Where:
    """A place in an input: the input's name, and as far as known the record, byte, line and column in it."""

    input: str | None = None
    record: int | None = None
    offset: int | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None

    def __str__(self) -> str:
        parts = [self.input] if self.input else []
        for label, value in (("record", self.record), ("byte", self.offset)):
            if value is not None:
                parts.append(f"{label} {value}")
        if self.line is not None:
            parts.append(f"line {self.line}" + (f" column {self.column}" if self.column else ""))
        elif self.column is not None:
            parts.append(f"column {self.column}")
        if self.path:
            parts.append(self.path)
        return ", ".join(parts)


class GatewayError(Exception):
    """The base of all errors the gateway raises on purpose.

    code : a key of `CODES`
    message : one sentence without payload values
    where : the place in the input, as far as known
    clause : the rule of a standard or policy, such as ``VE-01`` or ``P25``
    """

    exit_code = 2

    def __init__(self, code: str, message: str, *, where: Where | None = None, clause: str | None = None):
        if code not in CODES:
            raise ValueError(f"{code!r} is not in gateway.errors.CODES")
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where or Where()
        self.clause = clause

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders in `convert --jobs`; the default pickling loses keyword arguments.
        return _rebuild, (type(self), self.code, self.message, self.where, self.clause)

    def located(self, **known: str | int | None) -> GatewayError:
        """This error with the parts of `where` that were not yet known filled in; returns itself."""
        missing: dict[str, Any] = {
            k: v for k, v in known.items() if v is not None and getattr(self.where, k) is None
        }
        self.where = replace(self.where, **missing)
        return self

    def __str__(self) -> str:
        place = str(self.where)
        clause = f" ({self.clause})" if self.clause else ""
        return (
            f"{place}: {self.message} [{self.code}]{clause}"
            if place
            else f"{self.message} [{self.code}]{clause}"
        )

    @property
    def advice(self) -> str:
        """What to do about it: the entry of `CODES`."""
        return CODES[self.code]


def _rebuild(
    kind: type[GatewayError], code: str, message: str, where: Where, clause: str | None
) -> GatewayError:
    return kind(code, message, where=where, clause=clause)


class InputError(GatewayError):
    """The bytes are not what they claim to be."""


class AvroError(InputError):
    """An Avro datum, container or framing that cannot be read."""


class XMLError(InputError):
    """A document that is not well-formed XML, or is refused before parsing."""


class VOEventError(InputError):
    """Well-formed XML that is not a VOEvent we can read."""


class JSONError(InputError):
    """Text that is not our JSON form."""


class FITSError(InputError):
    """A FITS file that is not one of plain images."""


class SchemaError(GatewayError):
    """A writer schema that is unknown or cannot be used."""


class LimitError(GatewayError):
    """An input over a documented limit."""


class PolicyError(GatewayError):
    """Refused by the policy: the audience may not see this."""


class ConversionError(GatewayError):
    """The model cannot be said in the target format."""


class SettingsError(GatewayError):
    """A configuration, option or profile that cannot be used."""


class OutputError(GatewayError):
    """A result that cannot be written."""


class VTPError(GatewayError):
    """A peer of the VOEvent Transport Protocol that errs, refuses or is silent."""


class FilterError(GatewayError):
    """A subscriber's filter that is not used."""


class SourceError(GatewayError):
    """A place that messages come from and that cannot be read."""


class DeliveryError(GatewayError):
    """A place that messages go to and that does not take them."""
