"""The options of a channel as its adapter takes them."""

from collections.abc import Sequence

from app.gateways.adapter import BadOptions, Option, Options

LONGEST = 2_000


def read_options(declared: Sequence[Option], given: Options) -> dict[str, str]:
    """Every declared option by name, with its default where nothing was given. Raises: BadOptions."""
    known = {option.name for option in declared}
    for name in given:
        if name not in known:
            raise BadOptions(name, "there is no such option")
    return {option.name: _read(option, given.get(option.name, "")) for option in declared}


def choice(name: str, value: str, allowed: Sequence[str]) -> str:
    """One of a few words. Raises: BadOptions."""
    if value not in allowed:
        raise BadOptions(name, f"must be one of: {', '.join(allowed)}")
    return value


def _read(option: Option, given: str) -> str:
    value = given.strip() or option.default
    if option.is_required and not value:
        raise BadOptions(option.name, "is missing")
    if len(value) > LONGEST or not value.isprintable():
        raise BadOptions(option.name, "must be a line of text")
    return value
