"""Who asks, and with what right (docs/principals.md).

What this package is not: it decides about nobody's eligibility, and keeps no accounts.

    principal     a person or service, and the audience that one belongs to at an instant
    idtoken       from a signed ID token to a principal
    signingkeys   the keys that tokens are checked with
    jsonobject    JSON in which no key stands twice
"""
