"""The proof log: what was released, as a chain of records that can be checked (docs/audit.md).

What this package is not: a log of what happened. It has releases and nothing else, no value and nobody's name.

    record   one line: what it says and how it is sealed
    log      writes: appends, repairs what a crash left, begins new files
    check    reads: finds any edit, removal, insertion and reordering
"""
