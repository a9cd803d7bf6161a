"""The static files that the desk needs to open without a network, and the version they make together."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from app.web.templating import FOLDER

STATIC = FOLDER / "static"
FILES = ("app.css", "desk*.css", "display.js", "icon.svg", "desk_*.js", "desk/*.js")
LIBRARIES = ("vendor/idb/index.js", "vendor/zxing-wasm/share.js", "vendor/zxing-wasm/reader/*.js")
# Served with its own header and the list of the others, never as a file.
WORKER = "desk/worker.js"
APP = "desk/app.js"
MODULES = (
    "desk/*.js",
    "desk_camera.js",
    "desk_codes.js",
    "desk_sound.js",
    "vendor/idb/index.js",
)
# On the page where a browser becomes a device, which needs a network anyhow.
ONLINE = {WORKER, "desk/enrol.js"}
# Large, and not needed to open: kept after the first opening.
LATER = ("vendor/zxing-wasm/zxing_reader.wasm",)


def first_files() -> list[str]:
    """What is kept before the desk opens for the first time, as addresses."""
    return _addresses([path for path in _found(FILES + LIBRARIES) if path not in ONLINE])


def later_files() -> list[str]:
    """What is kept afterwards."""
    return _addresses(_found(LATER))


def modules() -> list[str]:
    """What the app's script imports, and what that imports: named in the page, they are fetched all at once."""
    return _addresses([path for path in _found(MODULES) if path not in ONLINE | {APP}])


def version() -> str:
    """Another whenever one of the files is."""
    paths = [path for path in _found((*FILES, *LIBRARIES, *LATER)) if path not in ONLINE]
    stats = [(STATIC / path).stat() for path in paths]
    return _digest(tuple(paths), tuple((each.st_mtime_ns, each.st_size) for each in stats))


@lru_cache(maxsize=4)
def _digest(paths: tuple[str, ...], _stats: tuple[tuple[int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = (STATIC / path).read_bytes()
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _found(patterns: Iterable[str]) -> list[str]:
    found = {
        Path(path).relative_to(STATIC).as_posix()
        for pattern in patterns
        for path in STATIC.glob(pattern)
    }
    return sorted(path for path in found if not Path(path).name.startswith("."))


def _addresses(paths: Iterable[str]) -> list[str]:
    return [f"/static/{path}" for path in paths]
