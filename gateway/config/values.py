"""Values as people write them: paths, sizes, addresses, and where a secret is.

Rules
1. A relative path is relative to the folder of the configuration file, whatever the working directory of the service.
2. A secret never stands in the file: ``{ env = "NAME" }`` or ``{ file = "PATH" }`` says where it is. It is read when it
   is needed, and nothing that is printed has it.
3. A size is a number of bytes, or such as ``"32 MiB"``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    model_validator,
)

from gateway.errors import GatewayError, SettingsError

__all__ = [
    "Address",
    "ClientTLS",
    "ClientTable",
    "File",
    "Folder",
    "Many",
    "Secret",
    "SecretText",
    "ServerTLS",
    "Size",
    "Some",
    "Table",
    "sentence",
]

MAX_SECRET = 1 * 2**20
"""Bytes of a file with a secret: a certificate chain or token has some thousand. More is another file."""

_SIZE = re.compile(r"(\d{1,12}) ?(B|KiB|MiB|GiB)?")
_UNITS = {None: 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*):(\d{1,5})")

T = TypeVar("T")


class Table(BaseModel):
    """A table of the file: frozen, and without a key that is not known."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, allow_inf_nan=False
    )


def sentence(error: GatewayError) -> ValueError:
    """An error of ours for pydantic, which puts the key's name before it."""
    return ValueError(f"cannot be used: {error.message}")


def _path(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("must be a path, as a text that is not empty.")
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / os.path.expanduser(value)  # pathlib raises where there is no such user


def _size(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('must be a number of bytes, or such as "32 MiB".')
    return int(match[1]) * _UNITS[match[2]]


def _address(value: str) -> str:
    match = _ADDRESS.fullmatch(value)
    if match is None or int(match[2]) > 65535:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:8099 or [::1]:8099.")
    return value


File = Annotated[Path, BeforeValidator(_path)]
Folder = Annotated[Path, BeforeValidator(_path)]
Size = Annotated[int, BeforeValidator(_size), Field(ge=0)]
Address = Annotated[str, AfterValidator(_address)]

Many = Annotated[tuple[T, ...], Strict(False)]
"""A list."""
Some = Annotated[tuple[T, ...], Strict(False), Field(min_length=1)]
"""A list that is not empty."""


class Secret(Table):
    """Where a secret is (rule 2)."""

    env: str | None = Field(default=None, min_length=1, description="The environment variable that has it.")
    file: File | None = Field(
        default=None, description="The file that has it; a newline at its end is no part of it."
    )

    @model_validator(mode="after")
    def _one(self) -> Secret:
        if (self.env is None) is (self.file is None):
            raise ValueError('is `{ env = "NAME" }` or `{ file = "PATH" }`, one of the two.')
        return self

    def read(self) -> str:
        """The secret. Raises SettingsError (settings-missing) when it is not there."""
        if self.env is not None:
            found = os.environ.get(self.env, "")
            where = f"The environment variable {self.env}"
        else:
            where = f"The file {self.file}"
            found = self._in_file(where)
        if not found:
            raise SettingsError("settings-missing", f"{where} should have a secret and has none.")
        return found

    def _in_file(self, where: str) -> str:
        assert self.file is not None
        try:
            with self.file.open("rb") as stream:
                data = stream.read(MAX_SECRET + 1)
            if len(data) > MAX_SECRET:
                raise SettingsError("settings-missing", f"{where} is longer than any secret.")
            return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except OSError as error:
            reason = error.strerror or "it cannot be opened"
            raise SettingsError("settings-missing", f"{where} cannot be read: {reason}.") from None
        except UnicodeDecodeError:
            raise SettingsError("settings-missing", f"{where} is not UTF-8.") from None


def _secret(value: Any) -> Any:
    if not isinstance(value, (dict, Secret)):
        raise ValueError(
            'is a secret, and secrets do not stand in this file. Write `{ env = "NAME" }` or `{ file = "PATH" }`, '
            "and change the one that stood here."
        )
    return value


SecretText = Annotated[Secret, BeforeValidator(_secret)]
"""A key that is a secret."""


class ClientTable(Table):
    """How the other side is believed."""

    ca: File | None = Field(
        default=None,
        description="Believe those whom these authorities (PEM) sign; otherwise those of this machine.",
    )
    certificate: File | None = Field(default=None, description="Show this certificate, PEM.")
    key: File | None = Field(
        default=None, description="Its key, PEM; without one it is in the file of the certificate."
    )

    @model_validator(mode="after")
    def _whole(self) -> ClientTable:
        if self.key is not None and self.certificate is None:
            raise ValueError("has a `key` that says nothing without `certificate`.")
        return self


def _switch(value: Any) -> Any:
    return {} if value is True else None if value is False else value


ClientTLS = Annotated[ClientTable | None, BeforeValidator(_switch)]
"""``true``, or a table that says more; ``false`` is none."""


class ServerTLS(Table):
    """How we are believed, and whose certificates we believe."""

    certificate: File = Field(description="Our certificate, PEM.")
    key: File = Field(description="Its key, PEM.")
    clients: File | None = Field(
        default=None, description="Authorities whose certificates are believed, PEM."
    )
