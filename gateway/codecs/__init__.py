"""Bytes <-> model: one file (or folder) a format, with the same names in each.

    decode(data: bytes) -> model       what the bytes say; raises an `InputError` with the place
    encode(model) -> bytes             deterministic: equal models give equal bytes
    check(data: bytes) -> findings     where a standard has rules to check

The framings of Avro alerts do not look inside a datum, so theirs are named `read`, and `frame` or `write`.

What this package is not: it decides no policy, converts no alert into another format (that is
`gateway.mapping`), opens no file and no connection.

    container              Avro object container files
    confluent              Confluent wire format
    single_object          Avro single-object encoding
    alert_json             an alert as JSON
    voevent                VOEvent 1.1, 2.0 and 2.1 XML; conversion between the versions
    voevent_json           the project's JSON form of a VOEvent
    voevent_avro           the project's Avro schema `voevent`, which keeps the document byte for byte
    voeventparse_interop   to and from voevent-parse objects (Python < 3.12 only)
"""
