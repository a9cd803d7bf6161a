"""Samples as graphs, whatever the layout: an edge from recruiter to recruit, traits on the nodes.

What a graph has no place for stands in its description: the names of the traits, which a person
without any would not show, and the figures of coupons.
"""

import json
import re
from collections.abc import Iterable

import networkx as nx

from analysis.errors import SampleError
from analysis.files.losses import Limits
from analysis.sample import CouponFigures, Sample, build_sample

NOT_TRAITS = ("wave", "network_size", "enrolled_on")
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def limits_of(layout: str, *reserved: str) -> Limits:
    """The limits of a layout that is XML.

    >>> limits_of("gexf", "label").reserves("label"), limits_of("gexf").keeps("a\\x01")
    (True, False)
    """
    names = {*NOT_TRAITS, *reserved}
    loses = "control letters and carriage returns"
    return Limits(layout, lambda text: not _NOT_XML.search(text), loses, names.__contains__)


def description_of(sample: Sample) -> str:
    """What the nodes do not say, as JSON.

    >>> description_of(build_sample(["a"], [""], traits={"sex": [""]}))
    '{"traits": ["sex"], "coupons": null}'
    """
    figures = sample.coupons
    coupons = None if figures is None else [figures.issued, figures.redeemed]
    return json.dumps({"traits": list(sample.traits), "coupons": coupons})


def sample_of(graph: "nx.Graph[str]", description: str | None) -> Sample:
    """The sample that a graph shows. Without our description every attribute is a trait.

    Raises:
        SampleError: ``not_a_forest`` where edges have no direction or two lead to one person, and
            as ``build_sample``.

    >>> sample = sample_of(nx.DiGraph([("a", "b")]), None)
    >>> sample.ids, sample.recruiter.tolist()
    (('a', 'b'), [-1, 0])
    """
    if not graph.is_directed() or graph.is_multigraph():
        raise _not_a_forest("its edges have no direction, or two lead from one to the same other")
    recruiter: dict[str, str] = {}
    for source, target in graph.edges:
        if target in recruiter:
            raise _not_a_forest(f"two edges lead to {target!r}")
        recruiter[target] = source
    people = {person: graph.nodes[person] for person in graph}
    traits, coupons = _told(description)
    return build_sample(
        list(people),
        [recruiter.get(person) for person in people],
        network_size=[each.get("network_size") for each in people.values()],
        enrolled_on=[each.get("enrolled_on") for each in people.values()],
        traits={
            name: [_text(each.get(name)) for each in people.values()]
            for name in (_attributes(people.values()) if traits is None else traits)
        },
        coupons=coupons,
    )


def _told(description: str | None) -> tuple[list[str] | None, CouponFigures | None]:
    """Traits and figures as ``description_of`` tells them; anybody else's tells nothing."""
    try:
        match json.loads(description or ""):
            case {"traits": [*names], "coupons": [int(issued), int(redeemed)]}:
                return [str(name) for name in names], CouponFigures(issued, redeemed)
            case {"traits": [*names], "coupons": None}:
                return [str(name) for name in names], None
    except ValueError:
        pass
    return None, None


def _attributes(people: Iterable[dict[str, object]]) -> list[str]:
    found = dict.fromkeys(name for each in people for name in each)
    return [name for name in found if name not in NOT_TRAITS]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _not_a_forest(why: str) -> SampleError:
    return SampleError(
        "not_a_forest",
        f"This graph does not say who recruited whom: {why}. Everybody has one recruiter or none.",
    )
