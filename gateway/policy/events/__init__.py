"""The policy of VOEvents: each element by where it comes from, and by what can be told of its texts and addresses.

What this package is not: it makes no `Release`, and goes by no name: an author can give an element any.

    judge      decides about each element
    elements   the elements of an event, and what is left when some are taken away
    enclosed   what an event of ours has inline
    signs      what a text or an address gives away, and how that is recognised, from ``policy/links``
    markup     comments and whatever else no model of an event has
    copies     numbers of an annotation that repeat what is withheld
    notice     the event that goes on in place of one of which something was taken away
"""
