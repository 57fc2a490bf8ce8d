"""XPath filters of VTP subscribers, in Comet's convention, parsed and costed before they are used.

Rules
1. A filter is a term of the grammar in `parser`; what that does not have is refused with a sentence. Nothing is
   tried, guessed or handed on to another XPath engine.
2. What a filter can cost is known before it is used (`cost`) and counted while it runs (`evaluation`): it cannot take
   longer than its budget.
3. What cannot be decided is no match: over the budget, a numeral without end, an error. It is counted.
4. A filter sees a `EventTree`, and only a `Release` becomes one.

    lexer, parser       text -> term; paths reads what is a path
    term, functions     the values that a filter is made of, and the table of functions
    cost                the bound: a polynomial in the size of the packet
    tree                a released event as filters see it, shared by all of them
    values, compiler    what XPath says about numbers and texts; term -> plain functions, comparisons among them
    filter              Filter: one expression, ready to use
    subscription        FilterSet: what one connection asked for, with the operator's own filter
    allowance           Allowance: what the filters of one address may cost, however many connections it has
"""

from gateway.filters.xpath.allowance import Allowance, Allowances
from gateway.filters.xpath.filter import Filter
from gateway.filters.xpath.subscription import FilterSet
from gateway.filters.xpath.tree import EventTree

__all__ = ["Allowance", "Allowances", "EventTree", "Filter", "FilterSet"]
