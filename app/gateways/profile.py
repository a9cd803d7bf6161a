"""A provider as data: a TOML text that says how it calls us, what it wants back, and how it is asked to send.

``README.md`` beside describes every key. Whatever is wrong with a profile is one ``BadOptions("profile", where and what)``.
"""

import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.domain.channels.events import DeliveryState, Medium
from app.gateways.adapter import BadOptions, Hook, Option
from app.gateways.filling import form_text, json_text, names_in, plain_text, xml_text
from app.gateways.reading import Json

LONGEST = 20_000

Method = Literal["GET", "POST"]
Source = Literal["query", "form", "json"]
Format = Literal["text", "json", "form", "xml"]
Meaning = Literal["accepted", "retry", "rejected", "account", "stopped", "uncertain"]

MEDIA_TYPES: Mapping[Format, str] = {
    "text": "text/plain; charset=UTF-8",
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "text/xml; charset=UTF-8",
}
WRITERS: Mapping[Format, Callable[..., str]] = {
    "text": plain_text,
    "json": json_text,
    "form": form_text,
    "xml": xml_text,
}
SMS_PLACES = frozenset({"to", "text", "sender", "our_id", "status_url", "coding"})


def _steps(text: object) -> object:
    """``payload.items.0`` as names and positions."""
    if not isinstance(text, str) or not text:
        raise ValueError("must name a field")
    return tuple(int(step) if step.isdigit() else step for step in text.split("."))


def _lower(words: object) -> object:
    """Words are told apart whatever their letters' case."""
    if isinstance(words, dict):
        return {str(word).strip().lower(): meaning for word, meaning in words.items()}
    if isinstance(words, list):
        return [word.strip().lower() if isinstance(word, str) else word for word in words]
    return words


def _one_or_more(paths: object) -> object:
    return [paths] if isinstance(paths, str) else paths


Path = Annotated[tuple[str | int, ...], BeforeValidator(_steps)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_one_or_more)]
Words = Annotated[frozenset[str], BeforeValidator(_lower)]


class Part(BaseModel):
    """A table of a profile. A key that nobody knows is a mistake, not a wish."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Test(Part):
    """Whether a field holds one of a few words."""

    field: Path
    words: Words = Field(alias="is", min_length=1)


class Reply(Part):
    """What is written back: each body is a text, or a table for JSON and forms."""

    format: Format = "text"

    def write(self, body: Json, values: Callable[[str], Json]) -> bytes:
        return WRITERS[self.format](body, values).encode()

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.format]

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key in type(self).model_fields.keys() - {"format"}:
            if (body := getattr(self, key)) is not None:
                self._check_body(key, body)
        return self

    def _check_body(self, key: str, body: Json) -> None:
        if isinstance(body, dict) is not (self.format in {"json", "form"}):
            raise ValueError(f"{key} must be a table for json and form, else a text")
        for name in names_in(body):
            if name != "text" and not name.startswith("call."):
                raise ValueError(f"{key} has an unknown place {{{name}}}")
        try:
            written = self.write(body, lambda _: "x")
            if self.format == "xml":
                fromstring(written)
        except (ParseError, DefusedXmlException, TypeError, ValueError):
            raise ValueError(f"{key} makes no {self.format}") from None


class UssdReply(Reply):
    goes_on: Any
    ends: Any


class SmsReply(Reply):
    """``body`` is what reaches the telephone, ``nothing`` what says that there is no reply."""

    body: Any = None
    nothing: Any = None


class Hooked(Part):
    """How a call comes, and where in it the list of what are events of their own lies."""

    methods: frozenset[Method] = frozenset({"POST"})
    format: Source = "form"
    each: Path | None = None


class Ussd(Hooked):
    session: Path
    sender: Path
    text: Path
    input: Literal["last", "history"] = "last"
    separator: str = Field(default="*", min_length=1)
    dialled: Path | None = None
    turn: Path | None = None
    id: Path | None = None
    opens: Test | None = None
    hangs_up: Test | None = None
    reply: UssdReply


class Inbound(Hooked):
    """``id`` names what together never comes twice but in a repeat: an id, or the time with the sender and the text."""

    id: Annotated[Paths, Field(min_length=1)]
    sender: Path
    text: Path
    to: Path | None = None
    stops: Test | None = None
    reply: SmsReply = SmsReply()


class Status(Hooked):
    ours: Path | None = None
    theirs: Path | None = None
    state: Path
    words: Annotated[Mapping[str, DeliveryState], BeforeValidator(_lower)] = Field(min_length=1)
    error: Path | None = None
    opted_out: Words = frozenset()
    cost: Path | None = None
    reply: SmsReply = SmsReply()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.ours is None and self.theirs is None:
            raise ValueError("ours or theirs must name the field with the message's id")
        return self


class SaidBack(Part):
    """What the provider answers to a message: ``words`` is the table of what stands in ``field``.

    Of several fields the first whose word is in the table counts. A text is cut into pieces at ``separator``, and fields are their positions.
    """

    format: Literal["json", "text"] = "json"
    separator: str = Field(default=" ", min_length=1)
    field: Paths = ()
    words: Annotated[Mapping[str, Meaning], BeforeValidator(_lower)] = {}
    id: Path | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.words) is not bool(self.field):
            raise ValueError("field and words need each other")
        return self


class Coding(Part):
    gsm7: str = "0"
    ucs2: str = "8"


class Send(Part):
    method: Method = "POST"
    url: str = Field(pattern=r"^(https?://|\{option\.)")
    format: Source = "json"
    fields: dict[str, Any] = {}
    headers: dict[str, str] = {}
    basic: tuple[str, str] | None = None
    plus: bool = True
    coding: Coding = Coding()
    most_parts: int = Field(default=3, ge=1, le=10)
    answer: SaidBack = SaidBack()


class DeclaredOption(Part):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    label: str = Field(min_length=1, max_length=100)
    is_secret: bool = False
    is_required: bool = True
    default: str = ""


class Profile(Part):
    """Everything that is a provider's own. ``evidence`` says how its contract is known."""

    name: str = Field(min_length=1, max_length=60)
    evidence: str = ""
    region: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    options: tuple[DeclaredOption, ...] = ()
    ussd: Ussd | None = None
    inbound: Inbound | None = None
    status: Status | None = None
    send: Send | None = None

    @property
    def hooks(self) -> Mapping[Hook, frozenset[str]]:
        parts = {Hook.USSD: self.ussd, Hook.INBOUND: self.inbound, Hook.STATUS: self.status}
        return {hook: frozenset(part.methods) for hook, part in parts.items() if part}

    @property
    def media(self) -> frozenset[Medium]:
        ussd = {Medium.USSD} if self.ussd else set()
        return frozenset(ussd | ({Medium.SMS} if self.inbound or self.send else set()))

    @property
    def asked_for(self) -> tuple[Option, ...]:
        return tuple(Option(**dict(option)) for option in self.options)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.media:
            raise ValueError("one of [ussd], [inbound] and [send] is needed")
        names = [option.name for option in self.options]
        if "profile" in names or len(set(names)) < len(names):
            raise ValueError("options must have names of their own, and none is called profile")
        if self.send:
            places = SMS_PLACES | {f"option.{name}" for name in names}
            template = [self.send.url, self.send.fields, self.send.headers, self.send.basic]
            for name in _names_in_all(template) - places:
                raise ValueError(f"send has an unknown place {{{name}}}")
        return self


def _names_in_all(templates: list[Any]) -> set[str]:
    return names_in([list(each) if isinstance(each, tuple) else each for each in templates])


@lru_cache(maxsize=64)
def read_profile(text: str) -> Profile:
    """Raises: BadOptions."""
    if len(text) > LONGEST:
        raise BadOptions("profile", f"is longer than {LONGEST} characters")
    try:
        return Profile.model_validate(tomllib.loads(text))
    except ValidationError as faults:
        first = faults.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadOptions("profile", f"{where}: {first['msg']}".removeprefix(": ")) from None
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise BadOptions("profile", f"is not TOML: {fault}") from None
