"""`biocurate images generate --scheduler`: the cluster of another process draws the bytes that are drawn here."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from biocurate.cli.images import app
from biocurate.images.making import plan
from biocurate.images.reading.stored import image_rows, read_images

CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    options = {"processes": False, "protocol": "tcp", "host": "127.0.0.1", "dashboard_address": None}
    with LocalCluster(n_workers=2, threads_per_worker=1, **options) as it:
        print(it.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def address():
    """Where the scheduler of a cluster in a process of its own answers."""
    command = [sys.executable, "-c", CLUSTER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as cluster:
        yield cluster.stdout.readline().strip()
        cluster.communicate(timeout=30)


def generate(store, image_set, *more):
    arguments = ["generate", "--manifest", "m", "--sensor", "EEG", "--representation", "spectrogram-psd"]
    arguments += ["--representation", "waveform", "--set", image_set, "--store", store.url, "--json"]
    done = CliRunner().invoke(app, [*arguments, *more], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.output[done.output.index("{") : done.output.rindex("}") + 1])


def test_a_clusters_images_are_those_drawn_here_and_a_second_run_draws_none(store, manifest, address, monkeypatch):
    monkeypatch.setattr(plan, "PART_IMAGES", 4)  # more tasks than workers
    here = generate(store, "here", "--workers", "0")
    there = generate(store, "there", "--scheduler", address)
    assert there["drawn"] == here["drawn"] == 48
    columns = ["image_id", "window_id", "low", "high", "status", "representation"]
    mine, theirs = (image_rows(store, name).sort("image_id").collect() for name in ("here", "there"))
    assert mine.select(columns).equals(theirs.select(columns))
    assert theirs["part"].n_unique() > 2
    assert np.array_equal(read_images(store, mine, 48), read_images(store, theirs, 48))
    assert generate(store, "there", "--scheduler", address)["drawn"] == 0
    checked = CliRunner().invoke(app, ["verify", "there", "--deep", "--scheduler", address, "--store", store.url])
    assert checked.exit_code == 0


@pytest.mark.parametrize("command", ["verify", "show"])
def test_a_set_that_is_not_there_ends_with_the_status_of_a_command_that_cannot_be(store, manifest, command):
    """As `biocurate manifest show` of an unknown manifest."""
    arguments = [command, "nope", "--store", store.url]
    done = CliRunner().invoke(app, [*arguments, *(["--workers", "0"] if command == "verify" else [])])
    assert done.exception.exit_code == 2
    assert "there is no image set 'nope'" in str(done.exception)
