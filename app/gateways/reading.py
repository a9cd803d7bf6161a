"""Reading what a provider sent: forms, queries and JSON from strangers. Whatever is wrong with them ends as ``Unreadable``."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import parse_qsl

from app.gateways.adapter import Call, Unreadable

FORM = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"
MOST_FIELDS = 100
LONGEST_TEXT = 10_000
# What a provider names its messages and sessions with: nothing that could break a line of a log.
WORD = re.compile(r"[\x21-\x7e]{1,200}")
# UTF-16 halves, which JSON may hold alone, and what PostgreSQL takes in no text.
UNWRITABLE = re.compile("[\ud800-\udfff\x00]")

Json: TypeAlias = "bool | int | Decimal | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True)
class Fields:
    """The named values of one call. What comes twice has no value: whichever we took, another reader might take the other."""

    pairs: Sequence[tuple[str, str]] = field(repr=False)

    def find(self, name: str) -> str | None:
        """The value as it came, or None. Raises: Unreadable, if there are several."""
        values = [value for key, value in self.pairs if key == name]
        if len(values) > 1:
            raise Unreadable(f"{name} comes twice")
        return values[0] if values else None

    def text(self, name: str, default: str | None = None) -> str:
        """A text for people, without what no database keeps. Raises: Unreadable, if it is missing and has no default."""
        value = self.find(name)
        if value is None:
            value = default
        if value is None:
            raise Unreadable(f"{name} is missing")
        if len(value) > LONGEST_TEXT:
            raise Unreadable(f"{name} is too long")
        return UNWRITABLE.sub("", value)

    def word(self, name: str, default: str | None = None) -> str:
        """An identifier, a state or a code: short and printable, the default where it is empty. Raises: Unreadable."""
        value = (self.find(name) or "").strip()
        if not value and default is not None:
            return default
        if not value:
            raise Unreadable(f"{name} is missing")
        if not WORD.fullmatch(value):
            raise Unreadable(f"{name} is no identifier")
        return value

    def has(self, *names: str) -> bool:
        """Whether all of these were sent, empty or not."""
        return {key for key, _ in self.pairs} >= set(names)


def fields_of(call: Call) -> Fields:
    """Whichever way the provider chose: the query of a GET, else a form or a JSON object. Raises: Unreadable."""
    if call.method == "GET":
        return query_of(call)
    return object_of(call) if content_type(call) == JSON_TYPE else form_of(call)


def query_of(call: Call) -> Fields:
    """The fields of the query. Raises: Unreadable."""
    if len(call.query) > MOST_FIELDS:
        raise Unreadable("too many fields")
    return Fields(call.query)


def form_of(call: Call) -> Fields:
    """The fields of a form in the body. Raises: Unreadable."""
    if content_type(call) not in {FORM, ""}:
        raise Unreadable("not a form")
    try:
        pairs = parse_qsl(
            call.body.decode(),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise Unreadable("not a form") from None  # the cause would repeat what was sent
    return Fields(pairs)


def object_of(call: Call) -> Fields:
    """The plain values of a JSON object in the body. Raises: Unreadable."""
    return fields_in(json_of(call))


def json_of(call: Call) -> Json:
    """The JSON in the body, with decimals as ``Decimal``. Raises: Unreadable."""
    if content_type(call) not in {JSON_TYPE, ""}:
        raise Unreadable("not JSON")
    try:
        return parse_json(call.body)
    except ValueError:
        raise Unreadable("not JSON") from None


def fields_in(value: Json) -> Fields:
    """The plain values of a JSON object as text; lists and objects in it are left out. Raises: Unreadable."""
    if not isinstance(value, dict):
        raise Unreadable("not an object")
    return Fields(
        [
            (key, as_text(item))
            for key, item in value.items()
            if item is not None and not isinstance(item, list | dict)
        ]
    )


def objects_in(value: Json, name: str) -> list[dict[str, Json]]:
    """The objects listed under a name. Raises: Unreadable."""
    items = value.get(name) if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise Unreadable(f"{name} is no list")
    objects = [item for item in items if isinstance(item, dict)]
    if len(objects) < len(items):
        raise Unreadable(f"{name} does not list objects")
    return objects


def at(value: Json, *path: str | int) -> Json:
    """What lies at the end of a path of names and positions; None where it breaks off.

    >>> at({"messages": [{"status": {"name": "SENT"}}]}, "messages", 0, "status", "name")
    'SENT'
    """
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def plain(value: Json, *path: str | int) -> str:
    """The plain value at the end of a path as text, without what no database keeps; empty where there is none."""
    found = at(value, *path)
    if found is None or isinstance(found, list | dict):
        return ""
    return UNWRITABLE.sub("", as_text(found))


def parse_json(body: bytes) -> Json:
    """JSON without floats, repeated names or anything that is not JSON. Raises: ValueError."""
    try:
        parsed: Json = json.loads(
            body.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_refuse,
            object_pairs_hook=_without_repeats,
        )
    except (RecursionError, ArithmeticError):
        raise ValueError("not JSON that anybody means") from None
    return parsed


def as_text(value: bool | int | Decimal | str) -> str:
    """A plain JSON value as a form would hold it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def content_type(call: Call) -> str:
    """The kind of the body, without its parameters."""
    return call.headers.get("content-type", "").partition(";")[0].strip().lower()


def _refuse(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def _without_repeats(pairs: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError("a name comes twice")
        found[name] = value
    return found
