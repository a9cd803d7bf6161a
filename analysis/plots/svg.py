"""Pieces of SVG as text: no style sheet, no script, nothing fetched.

Looks are attributes of the elements, because a page whose security policy forbids inline styles
would drop ``style`` and ``<style>``.
"""

from collections.abc import Iterable
from hashlib import blake2s
from html import escape

FONT = "system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif"
INK = "#1f2328"
QUIET = "#57606a"
FAINT = "#d0d7de"


def number(value: float) -> str:
    """A coordinate with at most one decimal, as short as it goes.

    >>> number(3.0), number(2.25), number(-0.01)
    ('3', '2.2', '0')
    """
    short = f"{value:.1f}".removesuffix(".0")
    return "0" if short == "-0" else short


def element(name: str, *children: str, **attributes: str | float | None) -> str:
    """An element; ``_`` in an attribute's name stands for ``-``, ``None`` leaves the attribute out.

    >>> element("line", x1=0, stroke_width=1.5)
    '<line x1="0" stroke-width="1.5"/>'
    """
    inside = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{inside}>{''.join(children)}</{name}>" if children else f"<{name}{inside}/>"


def _attribute(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)


def text(
    content: str,
    x: float,
    y: float,
    *,
    size: float = 13,
    fill: str = INK,
    anchor: str = "start",
    weight: str | None = None,
) -> str:
    """A line of text whose base line begins, is centred or ends at (x, y).

    >>> text("<5", 1, 2, size=12, fill="#000")
    '<text x="1" y="2" font-size="12" fill="#000">&lt;5</text>'
    """
    return element(
        "text",
        escape(content),
        x=x,
        y=y,
        font_size=size,
        fill=fill,
        text_anchor=None if anchor == "start" else anchor,
        font_weight=weight,
    )


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    *,
    stroke: str,
    width: float = 1,
    dash: str | None = None,
) -> str:
    """A straight line.

    >>> line(0, 1, 5, 1, stroke="#000", dash="7 3")
    '<line x1="0" y1="1" x2="5" y2="1" stroke="#000" stroke-width="1" stroke-dasharray="7 3"/>'
    """
    return element(
        "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width, stroke_dasharray=dash
    )


def points(coordinates: Iterable[tuple[float, float]]) -> str:
    """The data of a path through points.

    >>> points([(0, 1), (2.5, 3)])
    'M0 1L2.5 3'
    """
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in coordinates)


def heading(content: str, x: float, y: float, room: float) -> str:
    """A line in bold, smaller if it would not fit otherwise.

    >>> heading("People", 0, 10, room=20)
    '<text x="0" y="10" font-size="9" fill="#1f2328" font-weight="600">People</text>'
    """
    fitting = 13 * room / max(text_width(content), 1)
    return text(content, x, y, size=max(9.0, min(13.0, fitting)), weight="600")


def text_width(content: str, size: float = 13) -> float:
    """About how wide a line of text is, in the units of ``size``; if wrong, too wide.

    >>> text_width("Lviv", 10)
    25.6
    """
    return len(content) * size * 0.64


def wrapped(
    content: str, x: float, y: float, room: float, *, size: float = 12, fill: str = QUIET
) -> list[str]:
    """Lines of text as wide as there is room, one below the other, the first at (x, y).

    >>> len(wrapped("met in June at the earliest", 0, 10, room=120))
    2
    """
    lines, words = [""], content.split(" ")
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return [
        text(each, x, y + i * size * 1.35, size=size, fill=fill) for i, each in enumerate(lines)
    ]


def document(
    width: float,
    height: float,
    *,
    title: str,
    description: str,
    body: Iterable[str],
    role: str = "img",
) -> str:
    """A whole picture that says what it shows to those who cannot see it.

    >>> svg = document(20, 10, title="People < 5", description="A bar.", body=["<rect/>"])
    >>> 'viewBox="0 0 20 10"' in svg, "People &lt; 5</title>" in svg, "<rect/></svg>" in svg
    (True, True, True)
    """
    inside = "".join(body)
    mark = blake2s(f"{title}{description}{inside}".encode(), digest_size=5).hexdigest()
    return element(
        "svg",
        element("title", escape(title), id=f"t{mark}"),
        element("desc", escape(description), id=f"d{mark}"),
        inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role=role,
        aria_labelledby=f"t{mark} d{mark}",
        font_family=FONT,
    )
