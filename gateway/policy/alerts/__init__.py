"""The policy of alerts: each field of a schema once, and of each packet what rules ask of its rows and images.

What this package is not: it makes no `Release`; `gateway.policy.engine` does.

    judge        decides, and says what is left of a packet
    conditions   rules that ask for numbers of a row
    stamps       rules that ask for images
"""
