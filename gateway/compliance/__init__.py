"""A broker checks its own redistribution: what of these files may an audience see?

What this package is not: it changes nothing and shows no value. Where a column comes from is what its owner declares in
a manifest; it is never guessed from a name, and what is not declared is withheld.

    manifest   the owner's declaration of provenance, read from TOML
    sources    the files, in folders and archives too
    targets    a file a format: what is in it that somebody could see, each a surface
    check      puts everything that a target shows to the policy: judge thing by thing, packets and events as they are
               released, copied what repeats a withheld number; resolve and advice help
    report     what came of it; reports/ writes it down
"""
