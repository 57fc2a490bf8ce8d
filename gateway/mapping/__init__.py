"""LSST and ZTF alerts as VOEvents, and back (docs/mapping.md).

What this package is not: it reads no files, decides no policy, and accepts nothing but a `Release`. Its output
is a pure function of the alert's bytes and the settings, or redelivery would defeat de-duplication downstream.

    settings   Settings: authority, stream, version, detail and whatever else is configuration
    surveys    where each survey keeps position, time and identity: a table
    plan       a schema compiled for mapping: which field becomes which Param, Group or Table
    facts      what the packet says about itself (ivorn, dates, position, citations) -> Who, WhereWhen, ...
    trigger    what the envelope needs, out of raw values
    written    the parts of What as bytes; template: the document around them
    fast       Avro bytes -> VOEvent bytes, compiled; what everything uses
    reference  the same by way of fastavro and the VOEvent model; slow, plain, and what the fast way is tested against
    restore    VOEvent bytes -> the same Avro bytes; scan and parse: the fast and the patient way to read them
"""
