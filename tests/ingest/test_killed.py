"""`kill -9` anywhere, then the same command again: the store is as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from biocurate.store.store import create_store, open_store
from biocurate.testing.conformance import check_store, contents

INGEST = """
import os, signal, sys
from pathlib import Path
from types import SimpleNamespace
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan, plan as planning, run
from biocurate.recipes import load_recipe
from biocurate.store.store import Store, open_store
recipe, root, url, point, call = sys.argv[1:]
planning.BATCH_BYTES = 60_000  # several batches also of a tiny corpus

def kill_after(owner, name):
    whole, calls = getattr(owner, name), [0]
    def killed(*arguments, **named):
        result = whole(*arguments, **named)
        calls[0] += 1
        if calls[0] == int(call):
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, name, killed)

if point:
    kill_after(*{
        "part written": (run, "read_batch"),
        "annotations committed": (run, "publish_annotations"),
        "recordings committed": (run, "publish_recordings"),
        "snapshot written": (Store, "publish"),
    }[point])
store = open_store(url)
plan = make_plan(load_recipe(Path(recipe)), Path(root), store)
print("go", flush=True)
ingest(plan, InProcess(), store)
print("done", flush=True)
"""


def start(corpus, url: str, point: str = "", call: int = 1) -> subprocess.Popen[str]:
    arguments = [str(corpus.recipe), str(corpus.root), url, point, str(call)]
    return subprocess.Popen([sys.executable, "-c", INGEST, *arguments], stdout=subprocess.PIPE, text=True)


@pytest.fixture
def whole(corpus, tmp_path: Path):
    """The store that was never interrupted, and how long that took."""
    url = str(tmp_path / "whole")
    create_store(url)
    process = start(corpus, url)
    assert process.stdout.readline() == "go\n"
    began = time.monotonic()
    assert process.stdout.readline() == "done\n"
    took = time.monotonic() - began
    assert process.wait() == 0
    return contents(open_store(url)), took


@pytest.mark.parametrize("point", ["part written", "annotations committed", "recordings committed", "snapshot written"])
def test_a_run_killed_at_a_named_point_is_finished_by_the_next(corpus, tmp_path, whole, point):
    url = str(tmp_path / "store")
    create_store(url)
    for call in (1, 2):
        assert start(corpus, url, point, call).wait() == -signal.SIGKILL
    if point == "recordings committed":
        assert open_store(url).recordings.collect().height > 0
    assert start(corpus, url).wait() == 0
    store = open_store(url)
    check_store(store)
    assert contents(store) == whole[0]


@pytest.mark.slow
def test_a_run_killed_at_ten_random_moments_is_finished_by_the_next(corpus, tmp_path, whole):
    expected, took = whole
    moments = random.Random(20261122)
    for number in range(10):
        url = str(tmp_path / f"store-{number}")
        create_store(url)
        process = start(corpus, url)
        assert process.stdout.readline() == "go\n"
        time.sleep(moments.uniform(0, took))
        process.kill()
        process.wait()
        assert start(corpus, url).wait() == 0
        store = open_store(url)
        check_store(store)
        assert contents(store) == expected


@pytest.fixture
def eegmat(corpora: Path):
    """The real EDF+ corpus."""
    return SimpleNamespace(root=corpora / "eegmat", recipe=Path(__file__).parents[2] / "recipes" / "eegmat.yaml")


def command(corpus, url: str) -> list[str]:
    arguments = ["ingest", str(corpus.recipe), "--root", str(corpus.root), "--store", url, "--workers", "2"]
    return [sys.executable, "-m", "biocurate", *arguments]


@pytest.mark.slow
@pytest.mark.parametrize("point", ["part written", "annotations committed", "recordings committed", "snapshot written"])
def test_real_recordings_killed_at_a_named_point(eegmat, tmp_path, point):
    whole, url = str(tmp_path / "whole"), str(tmp_path / "store")
    for each in (whole, url):
        create_store(each)
    assert start(eegmat, whole).wait() == 0
    assert start(eegmat, url, point, 1).wait() == -signal.SIGKILL
    assert start(eegmat, url).wait() == 0
    check_store(open_store(url))
    assert contents(open_store(url)) == contents(open_store(whole))


@pytest.mark.slow
def test_real_recordings_killed_with_all_their_workers_at_ten_random_moments(eegmat, tmp_path):
    whole = str(tmp_path / "whole")
    create_store(whole)
    began = time.monotonic()
    subprocess.run(command(eegmat, whole), check=True, capture_output=True)
    took = time.monotonic() - began
    expected = contents(open_store(whole))
    moments = random.Random(7)
    for number in range(10):
        url = str(tmp_path / f"store-{number}")
        create_store(url)
        process = subprocess.Popen(
            command(eegmat, url), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moments.uniform(0.3 * took, took))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        subprocess.run(command(eegmat, url), check=True, capture_output=True)
        check_store(open_store(url))
        assert contents(open_store(url)) == expected
