"""Ctrl-C: one sentence, status 130, and a store that the same command finishes."""

from __future__ import annotations

import subprocess
import sys

from biocurate.store.store import create_store, open_store
from biocurate.testing.conformance import check_store

PROGRAM = """
import os, signal, sys
from biocurate.cli.main import main
from biocurate.ingest import plan, run
signal.signal(signal.SIGINT, signal.default_int_handler)  # what started the tests may have told it to be ignored
plan.BATCH_BYTES = 60_000  # several batches also of a tiny corpus
whole, calls = run.read_batch, []
def read_batch(batch):
    calls.append(batch)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGINT)
    return whole(batch)
run.read_batch = read_batch
main()
"""


def test_ctrl_c_leaves_a_whole_store(corpus, tmp_path):
    url = str(tmp_path / "store")
    create_store(url)
    arguments = ["ingest", str(corpus.recipe), "--root", str(corpus.root), "--store", url, "--workers", "0"]
    stopped = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True)
    assert stopped.returncode == 130
    assert "Stopped. Run the same command again" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    check_store(open_store(url))
    assert 0 < open_store(url).recordings.collect().height < 12
    assert subprocess.run([sys.executable, "-m", "biocurate", *arguments], capture_output=True).returncode == 0
    check_store(open_store(url))
    assert open_store(url).recordings.collect().height == 12
