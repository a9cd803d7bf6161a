"""What ./pdi says and leaves alone when it cannot set itself up. That it can is shown by these tests running."""

import os
import subprocess
from pathlib import Path

PDI = Path(__file__).parents[1] / "pdi"


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PDI, "--help"],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_folder_with_somebodys_things_is_refused_and_kept(tmp_path: Path) -> None:
    letter = tmp_path / "things" / "letter.txt"
    letter.parent.mkdir()
    letter.write_text("Dear")

    done = start(PDI_VENV=str(letter.parent))

    assert done.returncode == 1
    assert "holds something other than a Python environment" in done.stderr
    assert list(letter.parent.iterdir()) == [letter]


def test_a_machine_without_a_new_enough_python_is_told_what_is_missing(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 0\n")  # says nothing, as one does whose version is too low
    old.chmod(0o755)

    done = start(PDI_VENV=str(tmp_path / "environment"), PDI_PYTHON=f"{old} no-such-python")

    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stderr
    assert not (tmp_path / "environment").exists()
