"""The types of fields, and texts that are no values of them."""

from gateway.model.avrotype import AvroType, Enum, Fixed, Primitive
from gateway.schema.text import texts_of

TYPES: dict[str, AvroType] = {
    **{name: Primitive(name) for name in ("boolean", "int", "long", "float", "double", "bytes", "string")},
    "timestamp": Primitive("long", "timestamp-micros"),
    "other logical": Primitive("long", "timestamp-millis"),
    "int with a logical": Primitive("int", "timestamp-micros"),
    "enum": Enum("E", ("A", "B", "C")),
    "fixed": Fixed("F", 16),
}

BAD = {
    "boolean": ["", "True", "1", "TRUE ", "truefalse"],
    "int": ["", "x", "1.0", "1e3", "1_000", "2147483648", "-2147483649", "0x1", "\u0661", "9" * 5000, "--1", "NaN"],
    "long": ["", "9223372036854775808", "-9223372036854775809", "1_0", "inf"],
    "float": ["", "x", "1_0", "1,5", "3.5e38", "0x1p3", "1e", "\u2603"],
    "double": ["", "x", "1_0.5", "1e5_0", "\u0661"],
    "timestamp": ["", "2026-03-05", "2026-13-05T02:14:50.123456Z", "2026-02-30T02:14:50.123456Z",
                  "2026-03-05T02:14:60.123456Z", "2026-03-05T02:14:50Z", "2026-03-05T02:14:50.123456",
                  "0000-01-01T00:00:00.000000Z", "9223372036854775808", "2026-03-05T02:14:50.123456Z\n"],
    "bytes": ["A", "AP\n/+", "AP_-", "\u2603", "===="],
    "fixed": ["", "AAAA", "A" * 24],
    "enum": ["", "A", "2147483648"],
}  # fmt: skip


def text_of(type_: AvroType, raw: bytes) -> bytes:
    ((text,),) = texts_of([type_])([[raw]])
    assert text is not None
    return text
