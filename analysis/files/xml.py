"""What is the same in every layout that is XML."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import ParseError

import networkx as nx

from analysis.errors import SampleError

_UNREADABLE = (ParseError, nx.NetworkXError, ValueError, LookupError, TypeError, UserWarning)


@contextmanager
def reading(kind: str, text: str) -> Iterator[None]:
    """Whatever networkx or the parser says of a file is a refusal, a warning too.

    A file with definitions of its own is not even begun: a few lines of them grow without end.

    Raises:
        SampleError: ``not_graph_xml``.

    >>> with reading("GEXF", "<gexf>"):
    ...     raise ValueError("cut off")
    Traceback (most recent call last):
    analysis.errors.SampleError: This file cannot be read as GEXF (cut off). (not_graph_xml)
    """
    if "<!ENTITY" in text:
        raise _not_xml(kind, "it defines entities")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            yield
        except _UNREADABLE as error:
            raise _not_xml(kind, error) from None


def _not_xml(kind: str, why: object) -> SampleError:
    return SampleError("not_graph_xml", f"This file cannot be read as {kind} ({why}).")
