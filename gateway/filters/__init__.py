"""Filters: which of the released items a subscriber wants.

What this package is not: it does not decide who may see what. It is handed what the policy released, so a filter
cannot ask about a withheld value. It converts nothing, sends nothing and knows no subscriber.

    xpath/    the safe part of XPath 1.0 in which subscribers of the VOEvent Transport Protocol write filters
"""
