"""How chains differ in size: many small ones, and a few that hold most people."""

from dataclasses import dataclass

from analysis.arrays import IntArray
from analysis.plots.svg import document, element, heading, text, text_width
from analysis.plots.words import WRITING, Writing

_ROW = 46.0
_BAR = "#4477AA"
_PALE = "#e8edf3"


@dataclass(frozen=True)
class SizeWords:
    """What the picture says, in the reader's language.

    >>> import numpy as np
    >>> "лише насінина" in draw_chain_sizes(np.array([1]), words=SizeWords(one="лише насінина"))
    True
    """

    title: str = "Sizes of chains"
    description: str = (
        "A bar for each size of chain: its length is the share of people in chains of that size."
    )
    one: str = "only the seed"
    sizes: str = "{low} – {high} people"
    figure: str = "chains: {chains} · {share} of people"


def size_classes(size: IntArray) -> list[tuple[int, int, int, int]]:
    """Classes of doubling width up to the largest chain: its bounds, chains in it, their people.

    Args:
        size: (c,) people in each chain.

    >>> import numpy as np
    >>> size_classes(np.array([1, 1, 3, 9]))
    [(1, 1, 2, 2), (2, 3, 1, 3), (4, 7, 0, 0), (8, 15, 1, 9)]
    """
    found = []
    low = 1
    while low <= size.max(initial=0):
        within = size[(size >= low) & (size < 2 * low)]
        found.append((low, 2 * low - 1, len(within), int(within.sum())))
        low *= 2
    return found


def draw_chain_sizes(
    size: IntArray,
    *,
    words: SizeWords | None = None,
    writing: Writing = WRITING,
    width: int = 640,
) -> str:
    """A bar for each class of doubling size: its length is people, in words chains and the share.

    Args:
        size: (c,) people in each chain.

    >>> import numpy as np
    >>> svg = draw_chain_sizes(np.array([1, 1, 6]))
    >>> "only the seed" in svg, "75" in svg
    (True, True)
    """
    words = words or SizeWords()
    classes, people = size_classes(size), max(int(size.sum()), 1)
    longest = max((members for _, _, _, members in classes), default=1)
    room, body = width - 8.0, list[str]()
    for i, (low, high, chains, members) in enumerate(classes):
        y = _ROW * i
        name = words.sizes.format(low=writing.number(low), high=writing.number(high))
        share = writing.percent(members / people)
        figure = words.figure.format(chains=writing.number(chains), share=share)
        left = room - text_width(figure, 12) - 8
        body.append(heading(words.one if high == 1 else name, 4, y + 16, left))
        body.append(text(figure, width - 4, y + 16, size=12, anchor="end"))
        body.append(element("rect", x=4, y=y + 22, width=room, height=14, fill=_PALE, rx=2))
        if chains:
            long = room * members / longest
            body.append(element("rect", x=4, y=y + 22, width=long, height=14, fill=_BAR, rx=2))
    height = _ROW * len(classes) + 4
    return document(width, height, title=words.title, description=words.description, body=body)
