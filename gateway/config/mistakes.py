"""What is wrong with a file, all of it, in sentences with file and line.

Rules
1. For a key that is not known the nearest known one is named.
2. What should be there is said in the words of its description, which docs/config.md has, too.
3. No sentence repeats a value of the file: a password may stand where it does not belong.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from gateway.config.places import Path, Places
from gateway.errors import SettingsError, Where

__all__ = ["ConfigError", "Mistake", "located", "meant", "of"]

MAX_NAMED = 12
"""Known keys that are named when none is near: more would hide the sentence."""

WORDS = {
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
    "string_type": "a text",
    "bool_type": "`true` or `false`",
    "int_type": "a whole number",
    "float_type": "a number",
    "date_type": "a day, such as 2027-12-31",
}
"""What TOML calls what pydantic wants."""

Mistake = tuple[Path, str]
"""Where, and a sentence."""


class ConfigError(SettingsError):
    """All mistakes of a configuration, in the order of their lines; its text has one on each line."""

    def __init__(self, mistakes: Iterable[SettingsError]) -> None:
        self.mistakes = tuple(mistakes)
        first = self.mistakes[0]
        super().__init__(first.code, first.message, where=first.where)

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))

    def __reduce__(self) -> tuple[object, ...]:
        return ConfigError, (self.mistakes,)


def located(mistakes: Iterable[Mistake], name: str, places: Places) -> ConfigError:
    """The error for mistakes of a file of this name."""
    found = [(places.line(path) or 1, sentence, _dotted(path)) for path, sentence in mistakes]
    return ConfigError(
        SettingsError("settings-invalid", sentence, where=Where(name, line=line, path=path or None))
        for line, sentence, path in sorted(dict.fromkeys(found))
    )


def of(error: ValidationError, model: type[BaseModel], data: object) -> list[Mistake]:
    """What pydantic found in data for a model."""
    found = error.errors(include_url=False, include_input=False)
    # A list is too short, too, when all that is in it has mistakes.
    return [
        _mistake(one, model, data) for one in found if one["type"] != "too_short" or not _at(data, one["loc"])
    ]


def _at(data: Any, loc: Iterable[str | int]) -> Any:
    for step in loc:
        data = data[step] if _has(data, step) else None
    return data


def _mistake(error: Any, model: type[BaseModel], data: object) -> Mistake:
    path, owner = _walked(error["loc"], model, data)
    key, kind, about = path[-1] if path else "", error["type"], error.get("ctx", {})
    named = f"`{key}`" if isinstance(key, str) else f"`{path[-2]}`"
    if kind == "extra_forbidden":
        return path, _unknown(str(key), owner)
    if kind == "missing":
        return path, f"{named} is missing. {_described(owner, key)}".rstrip()
    if kind == "union_tag_not_found":
        return (*path, "kind"), f"`kind` is missing: it is one of {_words(about['discriminator'], owner)}."
    if kind == "union_tag_invalid":
        return (*path, "kind"), f"`kind` must be one of {about['expected_tags']}."
    if kind in ("literal_error", "enum"):
        return path, f"{named} must be one of {about['expected']}."
    if kind == "value_error":
        return path, f"{named} {about['error']}"
    if path[-1:] == ("[key]",):
        return path[:-1], "A name has letters, digits, dashes and underscores, at most 64."
    if kind == "too_short":
        return path, f"{named} is empty. {_described(owner, key)}".rstrip()
    what = WORDS.get(kind) or error["msg"].removeprefix("Input should be ").lower()
    return path, f"{named} must be {what}. {_described(owner, key)}".rstrip()


def _words(discriminator: str, owner: object) -> str:
    tags = (repr(get_args(one.model_fields["kind"].annotation)[0]) for one in _members(owner))
    return ", ".join(tags)


def _unknown(key: str, owner: object) -> str:
    known = list(owner.model_fields) if isinstance(owner, type) and issubclass(owner, BaseModel) else []
    return f"Unknown key `{key}`{meant(key, known)}"


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about a name that is not known: the nearest one, or some that there are."""
    names = list(known)
    if near := get_close_matches(name, names, 1):
        return f"; `{near[0]}` is meant, perhaps."
    if not names:
        return ": there is none."
    return f"; known are {', '.join(names[:MAX_NAMED])}{', ...' if len(names) > MAX_NAMED else ''}."


def _described(owner: object, key: object) -> str:
    if isinstance(owner, type) and issubclass(owner, BaseModel) and isinstance(key, str):
        field = owner.model_fields.get(key)
        return (field.description or "") if field else ""
    return ""


def _walked(loc: Iterable[str | int], model: Any, data: Any) -> tuple[Path, object]:
    """The path in the data, without the names that pydantic gives to the kinds of a table; and the type of whatever
    the last key is in."""
    path: list[str | int] = []
    owner: Any = model
    type_: Any = model
    for step in loc:
        members = _members(type_)
        tagged = [one for one in members if len(members) > 1 and _tag(one) == step]
        if tagged:
            type_ = tagged[0]
            continue
        path.append(step)
        owner = members[0] if len(members) == 1 else type_
        data = data[step] if _has(data, step) else None
        type_ = _inside(type_, step)
    if not path or len(_members(type_)) > 1:
        owner = type_
    return tuple(path), owner


def _has(data: Any, step: str | int) -> bool:
    return (isinstance(data, dict) and step in data) or (
        isinstance(data, list) and isinstance(step, int) and step < len(data)
    )


def _members(type_: Any) -> list[Any]:
    """The tables that something may be."""
    if get_origin(type_) is Annotated:
        return _members(get_args(type_)[0])
    if get_origin(type_) in (Union, types.UnionType):
        return [member for one in get_args(type_) for member in _members(one)]
    return [type_] if isinstance(type_, type) and issubclass(type_, BaseModel) else []


def _tag(model: type[BaseModel]) -> object:
    field = model.model_fields.get("kind")
    return get_args(field.annotation)[0] if field and get_origin(field.annotation) is Literal else None


def _inside(type_: Any, step: str | int) -> Any:
    """The type of a key or row."""
    for member in _members(type_):
        if step in member.model_fields:
            return member.model_fields[step].annotation
    if get_origin(type_) is Annotated:
        return _inside(get_args(type_)[0], step)
    inner = get_args(type_)
    return inner[1] if get_origin(type_) is dict else inner[0] if inner else None


def _dotted(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
