"""At most how much room a text takes on a telephone, for whoever must part it before its words are made.

``app/telephone`` knows exactly; these bounds hold for every text that it writes in Latin letters.
"""

from collections.abc import Iterator, Sequence

# Letters that Latin writes with two; щ takes four.
_TWO = frozenset("єжїхцчшюяёђљњџѕ")
_ONE = frozenset("–—−‐‑‘’ʼ“”„«»\u00a0")
_FIRST, _LAST = "\u0400", "\u045f"


def most_septets(text: str) -> int:
    """No fewer than the text takes in GSM-7 once it is in ASCII.

    >>> most_septets("Open 9-17"), most_septets("Щодня"), most_septets("[a]")
    (9, 9, 5)
    """
    return sum(map(_most, text.lower()))


def pages_of(text: str, room: int) -> list[str]:
    """A text in parts of at most ``room`` septets, parted between words where it can be.

    >>> pages_of("one two three", 8)
    ['one two', 'three']
    """
    pages = [""]
    for word in text.split():
        for piece in _pieces(word, room):
            longer = f"{pages[-1]} {piece}".strip()
            if most_septets(longer) <= room:
                pages[-1] = longer
            else:
                pages.append(piece)
    return pages


def shared_out(lines: Sequence[str], room: int) -> list[int]:
    """How many of the lines go on each page of ``room`` septets, a line break after each.

    >>> shared_out(["Mon 9-17", "Tue 9-17", "Wed 9-17"], 20)
    [2, 1]
    """
    counts: list[int] = []
    left = 0
    for line in lines:
        need = most_septets(line) + 1
        if not counts or need > left:
            counts, left = [*counts, 0], room
        counts[-1] += 1
        left -= need
    return counts


def _pieces(word: str, room: int) -> Iterator[str]:
    piece = ""
    for character in word:
        if piece and most_septets(piece + character) > room:
            yield piece
            piece = ""
        piece += character
    yield piece


def _most(character: str) -> int:
    if character.isascii():
        return 2 if character in "[]{}^~|\\" else 1
    if character in _TWO or character == "г":  # зг is written zgh
        return 2
    if character in _ONE:
        return 1
    return 1 if _FIRST <= character <= _LAST and character != "щ" else 4
