"""How long something has waited: a bar for each age, with its amount in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.plots.svg import document, element, heading, text, text_width
from analysis.plots.words import WRITING, Writing

_ROW = 40.0
_BAR = "#4477AA"
_PALE = "#e8edf3"


@dataclass(frozen=True)
class AgeWords:
    """What the picture says, in the reader's language; ``ages`` names each bar.

    >>> "до 30 днів" in draw_ages([5.0], words=AgeWords(ages=("до 30 днів",)))
    True
    """

    title: str = "How long it has waited"
    description: str = "A bar for each age: its length is the amount."
    ages: tuple[str, ...] = ()


def draw_ages(
    amounts: Sequence[float],
    *,
    words: AgeWords | None = None,
    writing: Writing = WRITING,
    value: Callable[[float], str] | None = None,
    width: int = 640,
) -> str:
    """Horizontal bars, youngest first.

    Args:
        amounts: one for each name in ``words.ages``.
        value: how an amount is written.

    >>> svg = draw_ages([30.0, 0.0], words=AgeWords(ages=("new", "old")))
    >>> svg.count("<rect"), ">30<" in svg
    (3, True)
    """
    words = words or AgeWords()
    told = value or (lambda amount: writing.number(round(amount)))
    most, room = max([*amounts, 0.0]), width - 8.0
    body = list[str]()
    for i, (name, amount) in enumerate(zip(words.ages, amounts, strict=True)):
        y, figure = _ROW * i, told(amount)
        body.append(heading(name, 4, y + 14, room - text_width(figure, 12) - 8))
        body.append(text(figure, width - 4, y + 14, size=12, anchor="end"))
        body.append(element("rect", x=4, y=y + 19, width=room, height=11, fill=_PALE, rx=2))
        if amount > 0:
            long = room * amount / most
            body.append(element("rect", x=4, y=y + 19, width=long, height=11, fill=_BAR, rx=2))
    height = _ROW * len(words.ages) + 4
    return document(width, height, title=words.title, description=words.description, body=body)
