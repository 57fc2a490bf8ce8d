"""Who may see which field: decided by a profile (data), enforced by a type.

What this package is not: it is not pluggable, it infers nothing from names, and it never decides whether a
person has data rights. A profile is a TOML file in ``policy/`` or one that the operator names.

    profile      Profile and Rule, read from TOML and checked before the first alert
    engine       Policy: decide, explain and release
    release      Release, the view of an item that one audience may see; made by `Policy.release` alone
    coverage     fields that no rule speaks of, and rules that speak of none
    difference   on which verdicts two profiles disagree
"""
