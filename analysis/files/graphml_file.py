"""GraphML, for people who look at recruitment in another program, and back from there."""

from pathlib import Path

import networkx as nx

from analysis.files.graph_file import description_of, limits_of, sample_of
from analysis.files.losses import refuse_losses
from analysis.files.xml import reading
from analysis.sample import Sample, to_networkx

LIMITS = limits_of("graphml", "id")


def write_graphml(sample: Sample, path: Path) -> None:
    """Write the whole forest; nodes carry wave, network size, day and traits.

    Raises:
        SampleError: ``unwritable`` for what would not be read back the same.
        OSError: if the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[12, None])
    >>> with TemporaryDirectory() as folder:
    ...     write_graphml(sample, Path(folder, "people.graphml"))
    ...     read(Path(folder, "people.graphml").read_text()).ids
    ('a', 'b')
    """
    refuse_losses(sample, LIMITS)
    graph = to_networkx(sample)
    graph.graph["description"] = description_of(sample)
    nx.write_graphml_xml(graph, path)


def read(text: str) -> Sample:
    """Read GraphML: an edge leads from recruiter to recruit.

    Raises:
        SampleError: ``not_graph_xml``, ``not_a_forest``, and as ``build_sample``.

    >>> sample = read('<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph '
    ...     'edgedefault="directed"><node id="a"/><node id="b"/><edge source="a" target="b"/></graph>'
    ...     '</graphml>')
    >>> sample.ids, sample.recruiter.tolist()
    (('a', 'b'), [-1, 0])
    """
    with reading("GraphML", text):
        graph = nx.parse_graphml(text)
    return sample_of(graph, graph.graph.get("description"))
