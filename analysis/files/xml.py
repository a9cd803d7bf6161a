"""What is the same in every layout that is XML."""

from analysis.errors import SampleError


def refuse_entities(text: str) -> None:
    """Refuse a file with definitions of its own: a few lines of them can grow without end.

    Raises:
        SampleError: ``not_graph_xml``.

    >>> refuse_entities("<graphml/>")
    """
    if "<!ENTITY" in text:
        raise not_xml("a graph", "it defines entities")


def not_xml(kind: str, why: object) -> SampleError:
    """What is said of a file that its parser does not take.

    >>> not_xml("GEXF", "no element found").code
    'not_graph_xml'
    """
    return SampleError("not_graph_xml", f"This file cannot be read as {kind} ({why}).")
