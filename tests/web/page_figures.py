"""What a reader finds on a page with figures: labels with their values, and tables, as text."""

import re
from html.parser import HTMLParser

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}


class _Node:
    def __init__(self, name: str, attributes: dict[str, str], parent: "_Node | None") -> None:
        self.name, self.attributes, self.parent = name, attributes, parent
        self.children: list[_Node | str] = []

    def text(self) -> str:
        parts = (each if isinstance(each, str) else each.text() for each in self.children)
        return re.sub(r"\s+", " ", "".join(parts)).strip()

    def all(self, name: str = "", kind: str = "") -> "list[_Node]":
        """Every element of a name and of a class within, in order."""
        found: list[_Node] = []
        for each in self.children:
            if isinstance(each, str):
                continue
            classes = each.attributes.get("class", "").split()
            if (not name or each.name == name) and (not kind or kind in classes):
                found.append(each)
            found += each.all(name, kind)
        return found


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = _Node("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, {key: value or "" for key, value in attrs}, self.here)
        self.here.children.append(node)
        if tag not in VOID:
            self.here = node

    def handle_endtag(self, tag: str) -> None:
        node: _Node | None = self.here
        while node is not None and node.name != tag:
            node = node.parent
        if node is not None and node.parent is not None:
            self.here = node.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)


def page(html: str) -> _Node:
    builder = _Builder()
    builder.feed(html)
    return builder.root


def stats(html: str) -> dict[str, tuple[str, str]]:
    """Each figure's value and note by its label."""

    def part(node: _Node, kind: str) -> str:
        return next((each.text() for each in node.all(kind=kind)), "")

    return {
        part(each, "stat-label"): (part(each, "stat-value"), part(each, "stat-note"))
        for each in page(html).all("li", "stat")
    }


def facts(html: str) -> dict[str, str]:
    """What stands beside each word of the lists of facts."""
    found: dict[str, str] = {}
    for each in page(html).all("dl", "facts"):
        names, values = each.all("dt"), each.all("dd")
        found |= {name.text(): value.text() for name, value in zip(names, values, strict=True)}
    return found


def tables(html: str) -> dict[str, list[list[str]]]:
    """The rows of each table by the label of the region it scrolls in, its head first."""
    return {
        region.attributes.get("aria-label", ""): [
            [cell.text() for cell in row.children if not isinstance(cell, str)]
            for row in region.all("tr")
        ]
        for region in page(html).all("div", "table")
    }


def minor(text: str) -> int:
    """An amount as it is shown, in minor units: its decimals are those of its currency.

    >>> minor("UAH\\xa01,234.50"), minor("\\u2212TND 0.005"), minor("\\xa512"), minor("–")
    (123450, -5, 12, 0)
    """
    digits = re.sub(r"\D", "", text)
    sign = -1 if re.search("[-\u2212].*\\d", text) else 1
    return sign * int(digits or 0)
