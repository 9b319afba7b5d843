"""Every command and every line of Python in the README runs as written, on real recordings."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", (REPO / "README.md").read_text(), re.DOTALL)


def test_the_readme_runs_as_written(corpora, tmp_path):
    pytest.importorskip("lightning")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "eegmat").symlink_to(corpora / "eegmat")
    (tmp_path / "manifests").symlink_to(REPO / "manifests")
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    commands = [text for kind, text in BLOCKS if not kind and text.lstrip().startswith("biocurate")]
    python = [text for kind, text in BLOCKS if kind == "python"]
    assert len(commands) >= 4
    assert python
    for text in commands:
        done = subprocess.run(["bash", "-euc", text], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    for text in python:
        subprocess.run([sys.executable, "-W", "ignore", "-c", text], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "sheet.png").stat().st_size > 10_000
