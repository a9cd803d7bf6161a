"""The folder of a demonstration: one that nobody else uses, and that is whole or not there."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.settings import BadSetting
from app.demo.credentials import FILE

UNFINISHED = "unfinished"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other commands from filling the same folder; the kernel lets go if this one dies.

    Raises:
        BadSetting: it is not a folder, or somebody else's.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise BadSetting(f"{folder} cannot be a folder: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_finished(folder: Path) -> bool:
    """Whether a demonstration is here already; what an interrupted one left is cleared away.

    Raises:
        BadSetting: the folder holds something else, which is left alone.
    """
    names = {path.name for path in folder.iterdir()}
    if FILE in names:
        return True
    strangers = sorted(names - {UNFINISHED})
    if strangers:
        raise BadSetting(
            f"{folder} holds something other than a demonstration ({strangers[0]}); "
            "name an empty or a new folder: --data DIR"
        )
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
    return False


def finish(folder: Path) -> None:
    """Move what was filled into its place, the file that says so last."""
    filled = folder / UNFINISHED
    for path in sorted(filled.iterdir(), key=lambda path: path.name == FILE):
        path.replace(folder / path.name)
    filled.rmdir()
