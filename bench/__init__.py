"""How fast the gateway is, compared with the libraries that people use today: ``make bench``.

What this package is not: no part of the product and no test. Nothing here fails because it was slow; it fails
when two contenders, asked for the same work, do not give the same result.

    packets  the alerts that everyone converts
    peers    fastavro with voevent-parse, and with lxml
    works    what is asked: the gateway's way, the peers' ways, and the goal
    same     whether two results are the same
    race     contenders take turns; CPU time of each, and ratios round by round
    policy   what releasing costs, and taking fields out of a packet
    visit    a visit of 10 000 alerts: CPU time and memory; and the command with several processes
    vtp      the VTP broker and Comet: ``python -m bench vtp``
    report   the tables, the JSON, and the table in docs/performance.md
"""
