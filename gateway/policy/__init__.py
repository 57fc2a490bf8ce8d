"""Who may see which field: decided by profiles (data), enforced by a type.

What this package is not: it is not pluggable, it infers nothing from names, and it never decides whether a
person has data rights. A profile is a TOML file in ``policy/`` or one that the operator names.

    profile      Profile, read from TOML and checked (reach, known) before the first alert
    rule         Rule, Resource, Decision and the precedence; pattern, moment and facts are what a rule says
    verdict      which rules match a thing and which of them wins
    engine       Policy: decide, explain and release
    release      Release, the view of an item that one audience may see; made by the engine alone
    alerts/      decides about the fields, rows and images of alerts; cutouts/ knows issued images
    events/      decides about the elements of VOEvents, and issues anew what is left of one
    people/      who asks, and with what right
    proof/       what was released, as a chain of records that can be checked
    coverage     fields that no rule speaks of, and rules that speak of none
    difference   on which verdicts two profiles disagree
"""
