"""Our validation and policy in a Comet broker: ``twistd comet --gateway``, described in docs/vtp-comet.md.

Rules
1. Comet finds handlers by itself, in every folder ``comet/plugins`` of the search path. Ours is below `FOLDER`, and is
   put into the path by who wants it: an environment that has both programs but not that is left as it is.
2. Comet has no place where validators are found, and a handler cannot keep an event from its subscribers. So the
   plugin is a handler by which it is switched on, and the `Gate` stands before the one validator that Comet puts
   before every event, an author's or another broker's: the one that asks whether it was seen. What is refused is
   not remembered, so it can be sent again when it is mended.
3. Comet passes on the bytes that came, or nothing. So an event goes on when they are what our broker would send to
   an anonymous subscriber. One of which something is withheld would be a new event, which Comet cannot issue.
4. It is known of Comet `KNOWN` that the gate is never passed by, and tested. Others are refused at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import comet
from comet.icomet import IHandler, IHasOptions
from twisted.plugin import IPlugin
from twisted.python.usage import UsageError
from zope.interface import implementer

from gateway.errors import GatewayError, PolicyError, SettingsError, VTPError
from gateway.model.audience import PUBLIC
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.policy.profile import DEFAULT
from gateway.relay import Relay
from gateway.vtp import Packet, frame, read

__all__ = ["FOLDER", "KNOWN", "Gate", "Plugin"]

FOLDER = Path(__file__).parent / "dropin"
KNOWN = ("3.1.0",)

_ORIGINS = ", ".join(origin.value for origin in Origin)
_OPTIONS = (
    ("origin", None, f"Where the events come from, declared: {_ORIGINS}."),
    ("release", None, "The data release that they belong to, such as dp1."),
    ("policy", DEFAULT, "The policy profile: a name or a TOML file."),
    ("strict", "no", "Refuse events, too, that break a rule which the XSD does not know: yes or no."),
)


class Gate:
    """Raises GatewayError for an event that may not go on as it is (rule 3)."""

    def __init__(
        self,
        origin: str | None,
        release: str | None = None,
        policy: str | None = DEFAULT,
        strict: str | None = "no",
    ) -> None:
        """Raises SettingsError and PolicyError (policy-provenance) for options that cannot be used."""
        if origin is not None and origin not in [known.value for known in Origin]:
            raise SettingsError("settings-value", f"An origin is one of {_ORIGINS}.")
        if strict not in ("yes", "no"):
            raise SettingsError("settings-value", "Whether to be strict is yes or no.")
        provenance = Provenance(Origin(origin) if origin else None, release)
        self._relay = Relay(Policy(policy or DEFAULT), provenance, strict=strict == "yes")

    def __call__(self, payload: bytes) -> None:
        """Judge a document."""
        packet = read(payload)
        if not isinstance(packet, Packet):
            raise VTPError("vtp-unexpected", "A Transport message is no event.")
        offer = self._relay.take(packet)
        if not offer.release(PUBLIC).whole:
            raise PolicyError(
                "policy-withheld", "Not all of the event may go on, and Comet sends all or nothing."
            )
        form = offer.form(PUBLIC, "2.0")
        if form is None or form.send.data != frame(payload):
            raise VTPError(
                "vtp-invalid", "VTP 2.0 carries VOEvent 2.0, and Comet cannot convert.", clause="VTP-04"
            )


@implementer(IPlugin, IHandler, IHasOptions)
class Plugin:
    """The handler that Comet finds. Its options are ``--gateway`` and those of `_OPTIONS` behind that name."""

    name = "gateway"

    def __init__(self) -> None:
        self._given: dict[str, str | None] = {}

    def get_options(self) -> Iterable[tuple[str, str | None, str]]:
        """(name, default, description) of each."""
        return _OPTIONS

    def set_option(self, name: str, value: str | None) -> None:
        """Comet says one after the other, and only when the plugin is switched on. With the last the gate is put up.

        Raises UsageError, which ends Comet with the reason.
        """
        self._given[name] = value
        if len(self._given) == len(_OPTIONS):
            if comet.__version__ not in KNOWN:
                raise UsageError(f"This is Comet {comet.__version__}; the plugin knows {', '.join(KNOWN)}.")
            try:
                _put_up(Gate(**self._given))
            except GatewayError as error:
                raise UsageError(str(error)) from None

    def __call__(self, event: Any) -> None:
        """Nothing is left to be done: what handlers get has passed the gate."""


def _put_up(gate: Gate) -> None:
    """Rule 2."""
    from comet.service import broker  # which looks for plugins when it is imported

    was_seen: Callable[[Any], Callable[[Any], Any]] = broker.CheckPreviouslySeen

    def gate_first(database: Any) -> Callable[[Any], Any]:
        then = was_seen(database)

        def validator(event: Any) -> Any:
            gate(event.raw_bytes)
            return then(event)

        return validator

    broker.CheckPreviouslySeen = gate_first


if __name__ == "__main__":
    print(FOLDER)
