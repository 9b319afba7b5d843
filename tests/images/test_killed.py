"""A generation whose process is gone from one moment to the next: nothing is published in half, and it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import polars as pl

from biocurate.images.checking.check import check_images
from biocurate.images.making.generate import generate_sets
from biocurate.images.making.ordering import orders, pictures
from biocurate.images.reading.stored import image_rows
from biocurate.store.vacuum import vacuum

DYING = """
import os, signal, sys
from biocurate.engine import InProcess
from biocurate.images.making import commits
from biocurate.images.making import plan
from biocurate.images.making.generate import generate_sets
from biocurate.images.making.ordering import orders, pictures
from biocurate.store.store import open_store

plan.PART_IMAGES, commits.ROWS = 6, 12

class Dies(InProcess):
    def map(self, function, tasks):
        for number, (task, result) in enumerate(super().map(function, tasks)):
            if number == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
            yield task, result

store = open_store(sys.argv[1])
generate_sets(store, orders([store.manifest("m")], pictures(["waveform"], ["EEG", "GSR"], {})), pool=Dies())
"""


def test_a_run_that_was_killed_twice_goes_on_to_the_same_images(store, manifest, monkeypatch):
    monkeypatch.setattr("biocurate.images.making.plan.PART_IMAGES", 6)
    published = []
    for after in (1, 4):
        done = subprocess.run([sys.executable, "-c", DYING, store.url, str(after)], env=os.environ, check=False)
        assert done.returncode == -signal.SIGKILL
        there = store.tables.scan("images/m-waveform") if store.tables.exists("images/m-waveform") else pl.LazyFrame()
        published.append(there.collect().height)
    assert published[0] == 0 < published[1] < 32
    assert check_images(store, deep=True).problems == []
    (rest,) = generate_sets(store, orders([manifest], pictures(["waveform"], ["EEG", "GSR"], {})))
    assert (rest.drawn, rest.there_before) == (32 - published[1], published[1])
    rows = image_rows(store, "m-waveform").collect()
    assert rows["image_id"].n_unique() == rows.height == 32
    assert check_images(store, deep=True).problems == []
    # What the killed runs had written and not published is found and, a day later, removed.
    swept = vacuum(store, dry_run=False, now=datetime.now(UTC) + timedelta(hours=25))
    assert swept.parts
    assert not {part.removeprefix("images/") for part in swept.parts} & set(rows["part"])
    assert check_images(store).problems == []
