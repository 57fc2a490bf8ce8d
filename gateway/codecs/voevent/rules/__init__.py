"""The rules of VOEvent that a document can be checked against, as one table.

Not here: reading a document into the model, and the rules of the transport protocol.

    RULES            every rule of the standard, also those that no document can show
    Rule             one of them
    Switches         which side to take where the text and the XSD contradict each other; DEFAULTS
    CONTRADICTIONS   what those contradictions are

Rules
1. A rule has a stable code, a section of VOEvent 2.1 and one sentence; its function yields what is wrong.
2. A rule without a function is checked by the XSD (`xsd` names its errors), or not at all (`reason`).
3. Severity: an error breaks a MUST or the XSD, a warning a SHOULD, a note is worth knowing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gateway.codecs.voevent.rules import citations, packet, reference, what, wherewhen, who, why
from gateway.codecs.voevent.rules.contradictions import CONTRADICTIONS, DEFAULTS, Switches
from gateway.codecs.voevent.rules.document import Document, Problem
from gateway.model.finding import Severity
from gateway.model.voevent import Version

__all__ = ["CONTRADICTIONS", "DEFAULTS", "RULES", "Rule", "Switches"]

Check = Callable[[Document], Iterable[Problem]]

ALL: tuple[Version, ...] = ("1.1", "2.0", "2.1")
V2: tuple[Version, ...] = ("2.0", "2.1")
V20: tuple[Version, ...] = ("2.0",)
V21: tuple[Version, ...] = ("2.1",)
ERROR, WARNING = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the standard.

    section : of VOEvent 2.1, or the appendix with the XSD
    check : the function that looks for violations; without one the XSD does
    reason : why a document cannot be checked for it, if it cannot
    switch : the contradiction that turns the function off
    """

    code: str
    severity: Severity
    section: str
    title: str
    check: Check | None = None
    versions: tuple[Version, ...] = ALL
    reason: str = ""
    switch: str | None = None

    @property
    def clause(self) -> str:
        """Where the standard says so."""
        return f"VOEvent 2.1 {'' if self.section.startswith('appendix') else 'section '}{self.section}"


READERS = "it tells receivers what to do"
SUPERSEDED = "it needs the superseded packet"
REGISTRY = "it is about the registry record of a stream"

RULES: tuple[Rule, ...] = (
    Rule("XSD", ERROR, "appendix B", "The document is valid against the XSD of its version.", versions=V2),
    # The packet
    Rule("VE-01", ERROR, "3.1.3", "The root is VOEvent in the namespace of its version.", packet.version),
    Rule("VE-02", ERROR, "3.1.1", "The packet has an ivorn, which starts with ivo://.", packet.identifier),
    Rule("VE-03", WARNING, "2.2", "The ivorn has a local part after ? or #.", packet.local_part),
    Rule("VE-04", ERROR, "3.1.2", "The role is observation, prediction, utility or test.", packet.role),
    Rule("VE-05", ERROR, "3", "Each part occurs at most once; there is no other markup.", packet.sections),
    Rule("VE-06", ERROR, "3.1.2", "Receivers tell observations from other roles.", reason=READERS),
    # Who
    Rule("VE-10", ERROR, "3.2.4", "The Date is an xs:dateTime in UTC.", who.date),
    Rule("VE-11", WARNING, "3.2.3", "AuthorIVORN identifies an organisation by an IVOID.", who.author),
    Rule("VE-12", ERROR, "3.2.2", "The role of a Contributor is one of DataCite's.", versions=V21),
    Rule("VE-13", ERROR, "3.2.2", "There is no Contributor before 2.1.", versions=V20),
    # What
    Rule("VE-20", ERROR, "3.3.2", "Each Param and Field has a name.", what.names, switch="param_name"),
    Rule("VE-21", ERROR, "3.3.2", "Names are unique where they belong together.", what.unique_names),
    Rule("VE-22", ERROR, "3.3.2", "Groups and Tables are not nested.", versions=V2),
    Rule("VE-23", ERROR, "3.3.3", "Data has a row and a row has a cell: no Table is empty.", versions=V2),
    Rule("VE-24", ERROR, "3.3.3", "Each row has as many cells as the Table has Fields.", what.full_rows),
    Rule(
        "VE-25", WARNING, "3.3.1", "A value is given as attribute or as Value, not as both.", what.one_value
    ),
    Rule("VE-26", WARNING, "3.3.1.5", "A float is a number, nan or inf.", what.floats),
    Rule("VE-27", WARNING, "3.3.1.5", "An int is an integer.", what.ints),
    Rule("VE-28", WARNING, "3.3.1", "Units are VOUnits 1.1 and ucds are UCD1+ 1.6.", what.units_and_ucds),
    # WhereWhen
    Rule("VE-30", ERROR, "3.4", "WhereWhen has all its required parts.", wherewhen.parts),
    Rule("VE-31", ERROR, "3.4.1", "Coordinates name the system beside them.", wherewhen.same_system),
    Rule("VE-32", WARNING, "3.4.1", "The system is one that clients understand.", wherewhen.known_system),
    Rule("VE-33", WARNING, "3.4.1", "BARY goes with TDB only, and TDB with BARY.", wherewhen.barycentre),
    Rule("VE-34", WARNING, "3.4.2", "A TOPO system comes with an observatory.", wherewhen.observatory),
    Rule("VE-35", ERROR, "3.4.1", "Another center comes with its frames.", wherewhen.explicit_frames, V21),
    Rule("VE-36", ERROR, "3.4.1", "Times are ISO 8601 with a T.", wherewhen.times),
    Rule("VE-37", ERROR, "3.4.3", "Coordinates are numbers, and errors not negative.", wherewhen.numbers),
    Rule("VE-38", ERROR, "3.4.1", "TT - UTC is 69.184 s, not what the text says.", reason=READERS),
    Rule("VE-39", ERROR, "appendix B", "What is an xs:ID is a name, unique in the document.", versions=V2),
    # Why
    Rule("VE-40", ERROR, "3.6.2", "A probability is in [0, 1].", why.probability),
    Rule("VE-41", ERROR, "3.6.1", "The importance is in [0, 1].", why.importance, switch="importance"),
    Rule("VE-42", ERROR, "3.6.1", "What expires does so at an xs:dateTime.", versions=V2),
    Rule("VE-43", WARNING, "3.6.2", "Why has a Concept or a Name.", why.assertions),
    Rule("VE-44", WARNING, "3.6.2", "A Concept is a term of the IVOA UAT.", why.thesaurus, V21),
    # Citations
    Rule("VE-50", ERROR, "3.7", "Citations has an EventIVORN.", versions=V2),
    Rule("VE-51", ERROR, "3.7.1", "EventIVORN has a cite.", citations.cite, switch="cite"),
    Rule("VE-52", ERROR, "3.7.1", "The cite is followup, supersedes or retraction.", citations.kinds),
    Rule("VE-53", ERROR, "3.7.1", "A superseding packet repeats what is still true.", reason=SUPERSEDED),
    Rule("VE-54", WARNING, "3.7.1", "Retractions, mergers and splits are explained.", citations.explanation),
    # Reference and Description
    Rule("VE-60", ERROR, "3.9", "A Reference has a uri and is empty.", versions=V2),
    Rule("VE-61", ERROR, "3.9", "A Reference has valid attributes, none deprecated.", reference.media, V2),
    Rule("VE-62", ERROR, "3.8", "A Description has no markup; CDATA may hide it.", versions=V2),
    Rule("VE-63", ERROR, "3.8", "Description and Reference stand where the XSD has them.", versions=V2),
    # The registry
    Rule("VE-70", ERROR, "4.1", "Public streams are registered under the ivorn's stream.", reason=REGISTRY),
    Rule("VE-71", ERROR, "4.1", "Standard interfaces are StreamEndpoints with role std.", reason=REGISTRY),
    Rule("VE-72", ERROR, "4.2", "capability/interface/standardID finds the details.", reason=REGISTRY),
)
"""Every rule, in the order of the standard."""
