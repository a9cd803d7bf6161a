"""GEXF, which Gephi draws, and back from there."""

import io
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx

from analysis.files.graph_file import description_of, limits_of, sample_of
from analysis.files.losses import refuse_losses
from analysis.files.xml import reading
from analysis.sample import Sample, to_networkx

_SPACE = "http://www.gexf.net/1.2draft"
_OF_THE_LAYOUT = (
    "id",
    "label",
    "pid",
    "parents",
    "viz",
    "start",
    "end",
    "spells",
    "slices",
    "type",
    "key",  # networkx takes it for the key of an edge
    "networkx_key",
)
LIMITS = limits_of("gexf", *_OF_THE_LAYOUT)


def write_gexf(sample: Sample, path: Path) -> None:
    """Write the whole forest; nodes carry wave, network size, day and traits.

    The day of writing, which networkx notes, is left out: the same sample gives the same file.

    Raises:
        SampleError: ``unwritable`` for what would not be read back the same.
        OSError: if the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[12, None])
    >>> with TemporaryDirectory() as folder:
    ...     write_gexf(sample, Path(folder, "people.gexf"))
    ...     read(Path(folder, "people.gexf").read_text()).ids
    ('a', 'b')
    """
    refuse_losses(sample, LIMITS)
    written = io.BytesIO()
    nx.write_gexf(to_networkx(sample), written)
    root = ElementTree.fromstring(written.getvalue())
    meta = root.find(f"{{{_SPACE}}}meta")
    assert meta is not None, "networkx writes one"
    meta.attrib.pop("lastmodifieddate", None)
    ElementTree.SubElement(meta, f"{{{_SPACE}}}description").text = description_of(sample)
    ElementTree.register_namespace("", _SPACE)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def read(text: str) -> Sample:
    """Read GEXF: an edge leads from recruiter to recruit.

    Raises:
        SampleError: ``not_graph_xml``, ``not_a_forest``, and as ``build_sample``.

    >>> sample = read('<gexf xmlns="http://www.gexf.net/1.2draft"><graph defaultedgetype="directed">'
    ...     '<nodes><node id="a"/><node id="b"/></nodes><edges><edge id="0" source="a" target="b"/>'
    ...     '</edges></graph></gexf>')
    >>> sample.ids, sample.recruiter.tolist()
    (('a', 'b'), [-1, 0])
    """
    with reading("GEXF", text):
        graph = nx.read_gexf(io.BytesIO(text.encode()))
    for person, attributes in graph.nodes(data=True):
        attributes.pop("viz", None)
        if attributes.get("label") in (None, person):
            attributes.pop("label", None)
    return sample_of(graph, ElementTree.fromstring(text).findtext(f".//{{{_SPACE}}}description"))
