"""Networks of others as chains (docs/bridge.md): braindecode's, in an environment of its own.

braindecode 1.8.1 needs torchaudio, which does not load beside the torch that is pinned here; 0.8.1 needs none. An
environment that has it is named by ``BIOCURATE_TEST_BRAINDECODE``, the path of its interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

NAMED = "BIOCURATE_TEST_BRAINDECODE"
REPO = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def told():
    if NAMED not in os.environ:
        pytest.skip(f"{NAMED} names no interpreter that has braindecode")
    script = Path(__file__).with_name("of_braindecode.py")
    with_repo = {**os.environ, "PYTHONPATH": str(REPO)}
    done = subprocess.run(
        [os.environ[NAMED], str(script)], env=with_repo, cwd=REPO, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", ["EEGConformer", "ShallowFBCSPNet"])
def test_cut_at_any_block_a_network_gives_its_own_scores(told, name):
    assert told[name]["blocks"] == 6
    assert told[name]["apart"] < 1e-5
    assert told[name]["layout"]


def test_a_bridge_is_trained_between_two_of_them_and_neither_changes(told):
    assert told["losses"][-1] < told["losses"][0]
    assert 1 <= told["positions"][0] <= 6
    assert told["unchanged"]
