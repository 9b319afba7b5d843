"""Whether a lease is alive was once told by comparing the holder's clock with ours.

A process on a machine whose clock was a minute slow lost its lease while it was writing, and one whose clock was fast
held the store for as long after its death.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from biocurate.errors import LeaseError
from biocurate.store import lease as leases
from biocurate.store.objects import Objects

HOUR = 3600.0


def beat(objects: Objects, ahead_s: float) -> None:
    card = {"purpose": "far", "run_id": "r", "token": "t", "host": "elsewhere", "pid": 1, "beat": time.time() + ahead_s}
    objects.put(leases.KEY, json.dumps(card).encode())


@contextmanager
def alive_elsewhere(objects: Objects, ahead_s: float) -> Iterator[None]:
    ended = threading.Event()

    def beats() -> None:
        while not ended.wait(0.05):
            beat(objects, ahead_s)

    beat(objects, ahead_s)
    thread = threading.Thread(target=beats)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("ahead_s", [-HOUR, HOUR])
def test_a_process_that_beats_keeps_its_lease_whatever_its_clock_says(tmp_path, monkeypatch, ahead_s):
    monkeypatch.setattr(leases, "BEAT_S", 0.1)
    objects = Objects(str(tmp_path))
    with alive_elsewhere(objects, ahead_s):
        began = time.monotonic()
        with pytest.raises(LeaseError, match="elsewhere"), leases.lease(objects, "x", "r"):
            pass
        assert time.monotonic() - began < leases.STALE_S / 2  # told by its next beat, not at the end of the wait
    assert leases.current(objects)["token"] == "t"


@pytest.mark.parametrize("ahead_s", [-HOUR, HOUR])
def test_a_process_that_beats_no_more_loses_it_whatever_its_clock_said(tmp_path, monkeypatch, ahead_s):
    monkeypatch.setattr(leases, "BEAT_S", 0.1)
    monkeypatch.setattr(leases, "STALE_S", 0.5)
    objects = Objects(str(tmp_path))
    beat(objects, ahead_s)
    with leases.lease(objects, "x", "r"):
        assert leases.current(objects)["purpose"] == "x"
