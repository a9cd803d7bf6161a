"""What a person typed and chose in a form about cash."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.core.money import Money, NotAnAmount
from app.domain.counts.errors import BadCount
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.stipends.errors import BadAmount
from app.domain.stipends.queries import Books, books_of
from app.web.forms import Entered

# Rows for coins and notes that are not in the currency's list; all there is where no list is known.
FREE_ROWS = 2
FREE_ROWS_WITHOUT_LIST = 10


def books_at(session: Session, actor: Actor, site: str, now: datetime) -> Books:
    """The books of the site whose code was chosen. Raises: UnknownSite."""
    place = programmes.site_by_code(session, actor.programme_id, site)
    return books_of(session, actor.programme_id, place.id, now=now)[0]


def minor_of(text: str, currency: str) -> int:
    """An amount in minor units. Raises: BadAmount, when it is not an exact one."""
    try:
        return Money.parse(text, currency).minor
    except NotAnAmount:
        raise BadAmount from None


def pieces_of(entered: Entered, currency: str) -> dict[int, int]:
    """Coins and notes in minor units, and how many of each; an empty field is none.

    Raises:
        BadCount: something else than digits, or a number without its worth.
    """
    pieces: dict[int, int] = {}
    for name, text in entered.items():
        if name.startswith("n") and name[1:].isdigit() and text:
            _add(pieces, int(name[1:]), _number(text))
    for row in range(FREE_ROWS_WITHOUT_LIST):
        worth, number = entered.get(f"worth{row}", ""), entered.get(f"number{row}", "")
        if not worth and not number:
            continue
        try:
            _add(pieces, Money.parse(worth, currency).minor, _number(number))
        except NotAnAmount:
            raise BadCount from None
    return pieces


def _add(pieces: dict[int, int], worth: int, number: int) -> None:
    if worth <= 0:
        raise BadCount
    pieces[worth] = pieces.get(worth, 0) + number


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise BadCount
    return int(text)
