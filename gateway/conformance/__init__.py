"""A tester for other people's VTP programs: it plays the other side and judges what it is told, clause by clause.

What this package is not: our own sessions (`gateway.vtp`). It speaks to the bytes, for a tester has to be able to say
what no correct program says; what it shares with the gateway is how a message is read and framed.

    check       Check, its Verdict, and the tables that checks make
    wire        a connection of which every byte is ours
    documents   the events and Transports that are sent
    receipts    what is right and wrong about a receipt or an iamalive
    broker      the checks of a broker; brokerstage, what they do with it
    author      the checks of an author
    subscriber  the checks of a subscriber
    examine     runs the checks of a role
    report      Report; reports/ has it as text, JSON, JUnit and HTML
"""

from gateway.conformance.examine import ROLES, Settings, examine
from gateway.conformance.report import Report

__all__ = ["ROLES", "Report", "Settings", "examine"]
