"""Mutation testing of `gateway/policy/`: mutmut breaks its code in thousands of small ways; does a test notice?

Not a part of the suite, which it runs again and again: `make mutation` takes hours for all, minutes for a module.
"""
