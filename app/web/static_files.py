"""The files a browser needs beside a page."""

import os
from pathlib import PurePath

from starlette.staticfiles import StaticFiles


class PublicFiles(StaticFiles):
    """Every file of a folder but those whose name begins with a dot: they are the installer's own."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        if any(part.startswith(".") for part in PurePath(path).parts):
            return "", None
        return super().lookup_path(path)
