"""The aggregator of the worked example, read out of the page that tells of it."""

import re
from pathlib import Path

import app.gateways

PAGE = Path(app.gateways.__path__[0]) / "README.md"


def profile() -> str:
    """The TOML of ``app/gateways/README.md``."""
    [text] = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return str(text)
