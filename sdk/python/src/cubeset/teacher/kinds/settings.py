"""The settings of the teachers that come with cubeset: one JSON object in CUBESET_TEACHER_CONFIG."""

from __future__ import annotations

import difflib
import json
import typing
from dataclasses import dataclass
from typing import Optional, Type, TypeVar

from ..errors import Stop

ENV = "CUBESET_TEACHER_CONFIG"

S = TypeVar("S", bound="Settings")


@dataclass(frozen=True)
class Settings:
    """What every kind takes. The defaults of None are the model's own."""

    model: str  # a folder, or "org/name" in the Hugging Face cache
    revision: str = ""  # commit of an "org/name"; needed for one
    download: bool = False  # fetch an "org/name" that is not there
    cache_dir: Optional[str] = None  # of Hugging Face; None = where its libraries keep it
    model_name: str = ""  # what a folder's model is called, for the description; empty = as the folder
    name: str = ""  # label; empty = the last part of the model's name
    weights_digest: str = ""  # refuse the model if this is not what Describe would say
    max_tokens: Optional[int] = None  # of a text; more is cut off and reported
    normalise: Optional[bool] = None  # scale vectors to length 1
    batch_tokens: Optional[int] = None  # of one pass through the model, padding included
    max_rows: Optional[int] = None  # texts of one call
    threads: int = 0  # 0 = one a processor
    question_prefix: Optional[str] = None  # the host puts it before a question
    answer_prefix: Optional[str] = None
    licence: str = ""
    languages: str = ""
    min_similarity: Optional[float] = None
    matryoshka: bool = False  # the model was trained so that the first values of a vector are one by themselves

    def check(self) -> list[str]:
        """Complaints about values; kinds add theirs."""
        found = []
        for field in ("max_tokens", "batch_tokens", "max_rows"):
            n = getattr(self, field)
            if n is not None and n < 1:
                found.append(f"{field}: {n} is not positive")
        if self.threads < 0:
            found.append(f"threads: {self.threads} is negative")
        if not self.model:
            found.append("model: missing")
        return found


def read(kind: Type[S], text: str) -> S:
    """The settings in text, an object of JSON; all complaints at once, as a Stop."""
    try:
        values = json.loads(text)
    except ValueError as e:
        raise Stop(f"{ENV}: not JSON: {e}") from None
    if not isinstance(values, dict):
        raise Stop(f"{ENV}: not an object of JSON")
    types = typing.get_type_hints(kind)
    found = []
    for key, value in values.items():
        if key not in types:
            near = difflib.get_close_matches(key, types, 1)
            found.append(f"{key}: unknown" + (f", did you mean {near[0]}?" if near else ""))
        elif not _fits(value, types[key]):
            found.append(f"{key}: {_kind(value)}, want {_want(types[key])}")
    if not values.get("model"):
        found.append("model: missing")
    if not found:
        settings = kind(**values)
        found = settings.check()
        if not found:
            return settings
    raise Stop(f"{ENV}: " + "; ".join(found))


def choice(field: str, value: Optional[str], choices: tuple[str, ...]) -> list[str]:
    """The complaint about a value that is none of choices."""
    if value is None or value in choices:
        return []
    return [f"{field}: {value!r} is none of {', '.join(choices)}"]


def _options(hint: object) -> tuple:
    return typing.get_args(hint) or (hint,)


def _fits(value: object, hint: object) -> bool:
    options = _options(hint)
    if value is None:
        return type(None) in options
    if isinstance(value, bool):
        return bool in options
    if isinstance(value, int) and float in options:
        return True
    return type(value) in options


def _kind(value: object) -> str:
    names = {bool: "a truth value", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return names.get(type(value), "null")


def _want(hint: object) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
    return " or ".join(names[t] for t in _options(hint) if t in names)
