"""Who may see which field: decided by profiles (data), enforced by a type.

What this package is not: it is not pluggable, it infers nothing from names, and it never decides whether a
person has data rights. A profile is a TOML file in ``policy/`` or one that the operator names.

    profile      Profile, read from TOML and checked (reach) before the first alert
    rule         Rule, Resource, Decision and the precedence; pattern, moment and facts are what a rule says
    verdict      which rules match a thing and which of them wins
    engine       Policy: decide, explain and release; conditions and stamps are put to each packet
    release      Release, the view of an item that one audience may see; made by `Policy.release` alone
    cutout       is this an issued stamp, and what of it may leave
    principal    who asks, and the audience that one belongs to at an instant
    idtoken      from a signed ID token to a principal; signingkeys has the keys it is checked with
    prooflog     what was released, as a chain of records (proofrecord) that can be checked (proofcheck)
    coverage     fields that no rule speaks of, and rules that speak of none
    difference   on which verdicts two profiles disagree
"""
