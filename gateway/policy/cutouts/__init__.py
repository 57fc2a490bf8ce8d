"""Images that may leave: stamps as a survey issues them, and what of others can be kept (clauses P13, P14).

What this package is not: it compares no pixels; whether one is the issued one shows only the hash of the file.

    cutout   the verdict on a stamp: as issued, made again, or refused
    form     what issued stamps look like, read from ``policy/cutouts``
    fast     knows an issued stamp at a glance
    member   the gzip member that a ZTF stamp is in
"""
