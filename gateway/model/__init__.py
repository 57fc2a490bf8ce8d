"""The values everything else speaks about: alerts, VOEvents, field paths, provenance, findings.

What this package is not: it reads and writes nothing, knows no file format, and decides no policy. All values
are frozen; two equal inputs give equal values.

    alert       Alert, Framing: one alert packet and its original bytes
    avrotype    the types of an Avro schema as values (Record, Field, Union, ...)
    fieldpath   FieldPath, the one way to name a field
    provenance  Origin, Provenance: where a value came from, declared and never guessed
    voevent     VOEvent and its parts, the standard's tree as plain values
    ivoid       IVOIDs compared and built as Identifiers 2.0 says
    timescale   TAI days to UTC text with leap seconds
    floattext   shortest decimal text of 32- and 64-bit floats
    finding     Finding: a document is imperfect
    loss        Loss: what a target format could not carry
"""
