"""Ended between any two writes, then the same command again: the store is as if nothing had happened."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from biocurate.engine import InProcess
from biocurate.store import objects, tables
from biocurate.store.lease import Lease
from biocurate.store.store import Store, create_store, open_store
from biocurate.store.verify import verify
from biocurate.testing.conformance import check_store, contents
from biocurate.upkeep import compact, forget, history, merge

THEIRS = ("tiny/s03_rest", "tiny/s03_task")


class Killed(BaseException):
    """The end of the process, as far as the store can tell."""


class Writes:
    """Counts what is written and removed, and ends at one of them."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.done, self.last = 0, 10**9
        for owner, name in (
            (objects.Objects, "put"),
            (objects.Objects, "delete"),
            (tables.Tables, "_write"),
            (tables.Tables, "compact"),
            (history, "_remove"),
        ):
            patched.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, whole: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **named: object) -> object:
            if self.done >= self.last:
                raise Killed
            self.done += 1
            return whole(*arguments, **named)

        return counted


@pytest.fixture
def writes(monkeypatch) -> Writes:
    """What is written from here on; heartbeats come when they come, and are left out."""
    monkeypatch.setattr("biocurate.store.lease._beat", lambda mine, ended: None)
    monkeypatch.setattr(Lease, "held", True)
    return Writes(monkeypatch)


def act(name: str, store: Store, other: Store) -> None:
    """Do one of the three."""
    if name == "compact":
        compact(store)
    elif name == "forget":
        forget(store, "tiny/03")
    else:
        merge(store, other)


@pytest.fixture
def other(corpus, take, tmp_path) -> Store:
    """A store with one recording more, and with one less."""
    made = create_store(str(tmp_path / "other"))
    hidden = (corpus.root / "s00_rest.edf").rename(tmp_path / "hidden")
    corpus.write("s07_rest", seed=70)
    take(corpus, made)
    hidden.rename(corpus.root / "s00_rest.edf")
    (corpus.root / "s07_rest.edf").unlink()
    return made


def ended_at(name: str, at: int, bits: Store, other: Store, writes: Writes, folder: Path) -> Store:
    """A copy of a store in which a command was ended after so many writes."""
    store = open_store(str(shutil.copytree(bits.objects.folder, folder)))
    writes.done, writes.last = 0, at
    with pytest.raises(Killed):
        act(name, store, other)
    writes.last = 10**9
    shutil.rmtree(folder / "leases", ignore_errors=True)
    return open_store(store.url)


def check_points(name: str, share: float, bits: Store, other: Store, writes: Writes, tmp_path: Path, haystack) -> int:
    """End a command at some of its writes, look at the store, and finish it."""
    before = contents(bits)
    digests = [row["sources"][0]["sha256"].encode() for row in before["recordings"] if row["recording_id"] in THEIRS]
    whole = open_store(str(shutil.copytree(bits.objects.folder, tmp_path / "whole")))
    writes.done = 0
    act(name, whole, other)
    expected, total = contents(whole), writes.done
    points = random.Random(20261122).sample(range(1, total), max(1, round(share * (total - 1))))
    for at in points:
        folder = tmp_path / f"{name}-{at}"
        store = ended_at(name, at, bits, other, writes, folder)
        assert verify(store, InProcess()).problems == [], f"{name} ended after {at} of {total} writes"
        there = {row["recording_id"]: row for row in contents(store)["recordings"]}
        for row in before["recordings"]:
            assert there.get(row["recording_id"], row) == row
            assert row["recording_id"] in there or (name == "forget" and row["recording_id"] in THEIRS)
        for number in store.snapshots.collect()["snapshot_id"]:
            assert verify(open_store(store.url, at=number), InProcess(), decode=False).problems == []
        act(name, store, other)
        check_store(store)
        assert contents(store) == expected, f"{name} ended after {at} of {total} writes"
        if name == "forget":
            hay = haystack(store).values()
            assert not any(needle in data for needle in (b"tiny/s03", *digests) for data in hay)
        shutil.rmtree(folder)
    return len(points)


@pytest.mark.parametrize(("name", "share"), [("forget", 0.02), ("merge", 0.2)])
def test_ended_between_two_writes(name, share, bits, other, writes, tmp_path, haystack):
    assert check_points(name, share, bits, other, writes, tmp_path, haystack) >= 2


@pytest.mark.slow
@pytest.mark.parametrize(("name", "share"), [("compact", 1.0), ("forget", 0.4), ("merge", 1.0)])
def test_ended_between_most_writes(name, share, bits, other, writes, tmp_path, haystack):
    assert check_points(name, share, bits, other, writes, tmp_path, haystack) >= 9


FORGET = """
import sys
from biocurate.store.store import open_store
from biocurate.upkeep import compact, forget
store = open_store(sys.argv[1])
print("go", flush=True)
compact(store)
forget(store, "tiny/03")
"""


@pytest.mark.slow
def test_kill_9_at_ten_random_moments(bits, tmp_path, haystack):
    import time

    def start(folder: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", FORGET, str(folder)], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "go\n"
        return process

    shutil.copytree(bits.objects.folder, tmp_path / "whole")
    began = time.monotonic()
    assert start(tmp_path / "whole").wait() == 0
    took, expected = time.monotonic() - began, contents(open_store(str(tmp_path / "whole")))
    moments = random.Random(5)
    for number in range(10):
        folder = Path(shutil.copytree(bits.objects.folder, tmp_path / str(number)))
        process = start(folder)
        time.sleep(moments.uniform(0, took))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert verify(open_store(str(folder)), InProcess()).problems == []
        assert start(folder).wait() == 0
        store = open_store(str(folder))
        check_store(store)
        assert contents(store) == expected
        assert not any(b"tiny/s03" in data for data in haystack(store).values())
