"""Who asks, on a command line: an ID token in a file, verified by what the operator says of its issuer.

Rules
1. A TOML file of the operator's says whose tokens count: `issuer`, `client-id`, `keys` (a JSON Web Key Set, at a URL
   or in a file beside this one) and the `releases` that rights can be held for. Its form is
   ``schemas/json/token-issuer.schema.json``.
2. A token that does not hold is an error. Who shows one asks for more than the public gets, and must not take what the
   public gets for it.
3. A token is a secret: a file that everybody may read is refused.
"""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path

from gateway.errors import SettingsError
from gateway.policy.people.idtoken import MAX_TOKEN, TokenVerifier
from gateway.policy.people.principal import Principal
from gateway.policy.people.signingkeys import SigningKeys, key_file
from gateway.tomlfile import TomlFile
from gateway.transports.jwks import key_url

__all__ = ["principal_of", "verifier"]


def principal_of(token: Path, issuer: Path, now: datetime) -> Principal:
    """The principal that the token in a file vouches for at `now`, an aware time.

    issuer : the file of rule 1
    Raises PolicyError (policy-token-..., policy-keys), SettingsError for a file that cannot be used.
    """
    return verifier(issuer).verify(_token(token), now)


def verifier(path: Path) -> TokenVerifier:
    """The verifier that the file of rule 1 describes. Raises SettingsError (settings-invalid, settings-value)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable("issuer", path, error) from None
    file = TomlFile(path.name, data, "token-issuer", "issuer", "rows")
    file.check()
    table = file.table
    keys = table["keys"]
    source = key_url(keys) if "://" in keys else key_file(path.parent / keys)
    return TokenVerifier(table["issuer"], table["client-id"], SigningKeys(source), table["releases"])


def _token(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode, data = path.stat().st_mode, file.read(MAX_TOKEN + 2)  # with the end of its line
    except OSError as error:
        raise _unreadable("token", path, error) from None
    if mode & stat.S_IRWXO:
        raise SettingsError("settings-value", f"Everybody may use the token {path}; chmod o-rwx it.")
    return data.decode("ascii", "replace").strip()


def _unreadable(what: str, path: Path, error: OSError) -> SettingsError:
    return SettingsError("settings-value", f"The {what} {path} cannot be read: {error.strerror}.")
