"""What the Avro schemas say: which versions exist, and how to cut a datum into its fields.

What this package is not: it knows nothing of VOEvent, policy or files; it neither decides who may see a field
nor how a field is written elsewhere. It works on the bytes of one datum and the schema that wrote them.

    parse      Avro JSON -> AlertSchema (checked, bounded, fingerprinted)
    registry   the released versions, by name, wire id and fingerprint
    raw        cut a datum into raw field bytes and put it together again, compiled once a schema
    pick       some numbers out of records and rows, and nothing else
    splice     change some root fields and leave the bytes of all others alone
    damage     what is wrong with a datum that cannot be cut
    text       raw field bytes <-> text at the field's own width
    semantics  UCD, VOUnit and VOEvent dataType of every field
    project    a record of another container onto a released schema, by structure
"""
