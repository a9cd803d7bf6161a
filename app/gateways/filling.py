"""Filling a profile's templates with what is a provider's, a channel's or a telephone's, so that nothing breaks out of its place.

A placeholder is a name in braces; every other brace is a brace. In JSON and forms only the leaves of a table are templates, so
there is nothing to escape; in XML and addresses what is filled in is escaped.
"""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from app.gateways.reading import Json

PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[A-Za-z0-9_.-]+)?)\}")
# Characters that no XML 1.0 document may hold, written as a reference or not.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Values = Callable[[str], Json]
"""What a placeholder stands for; None for nothing."""


def names_in(template: Json) -> set[str]:
    """Every placeholder of a template.

    >>> sorted(names_in({"to": ["{to}"], "text": "{text} {not a name}", "kind": 1}))
    ['text', 'to']
    """
    if isinstance(template, str):
        return set(PLACEHOLDER.findall(template))
    if isinstance(template, Mapping):
        return set().union(*map(names_in, template.values()))
    if isinstance(template, list):
        return set().union(*map(names_in, template))
    return set()


def plain_text(template: str, values: Values) -> str:
    return PLACEHOLDER.sub(lambda found: _text(values(found[1])), template)


def xml_text(template: str, values: Values) -> str:
    """
    >>> xml_text('<m to="{to}">{text}</m>', {"to": '"', "text": "a<b & c\\0"}.get)
    '<m to="&quot;">a&lt;b &amp; c</m>'
    """

    def fill(found: re.Match[str]) -> str:
        return escape(NOT_XML.sub("", _text(values(found[1]))), {'"': "&quot;", "'": "&apos;"})

    return PLACEHOLDER.sub(fill, template)


def address(template: str, values: Values) -> str:
    """An address; a channel's own options are parts of it as they are, all else is quoted.

    >>> address("{option.base}/send/{to}?t={text}", {"option.base": "https://a.example", "to": "+1", "text": "a&b=/"}.get)
    'https://a.example/send/%2B1?t=a%26b%3D%2F'
    """

    def fill(found: re.Match[str]) -> str:
        text = _text(values(found[1]))
        return text if found[1].startswith("option.") else quote(text, safe="")

    return PLACEHOLDER.sub(fill, template)


def json_text(template: Json, values: Values) -> str:
    """A JSON document in ASCII. A leaf that is one placeholder and nothing else keeps the value's kind: a number stays one.

    >>> json_text({"id": "{call.id}", "m": "Id {call.id}: {text}", "go": True}, {"call.id": 7, "text": 'a"b'}.get)
    '{"id": 7, "m": "Id 7: a\\\\"b", "go": true}'
    """
    return json.dumps(filled(template, values))


def form_text(template: Mapping[str, Json], values: Values) -> str:
    return urlencode({name: _text(filled(leaf, values)) for name, leaf in template.items()})


def filled(template: Json, values: Values) -> Json:
    """A table with its leaves filled."""
    if isinstance(template, dict):
        return {name: filled(leaf, values) for name, leaf in template.items()}
    if isinstance(template, list):
        return [filled(leaf, values) for leaf in template]
    if not isinstance(template, str):
        return template
    alone = PLACEHOLDER.fullmatch(template)
    if alone is None:
        return plain_text(template, values)
    value = values(alone[1])
    return value if isinstance(value, bool | int) else _text(value)


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, list | dict) else str(value)
