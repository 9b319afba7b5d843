"""A long table is written in bounded memory: batches do not pile up ahead of the writer."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest

from biocurate.store import pace
from biocurate.store.pace import paced

SIZE = 2**20


def batches(count, made):
    for number in range(count):
        made.append(number)
        yield pa.RecordBatch.from_arrays([pa.array(np.full(SIZE // 8, number)).cast(pa.float64())], names=["x"])


def test_a_batch_waits_until_the_writer_lets_go_of_those_before(monkeypatch):
    monkeypatch.setattr(pace, "AHEAD", 4 * SIZE)
    monkeypatch.setattr(pace, "PATIENCE_S", 60)
    queue, most = [], 0
    before = pa.total_allocated_bytes()

    def write_one():
        """What the writer's own thread does meanwhile."""
        nonlocal most
        most = max(most, pa.total_allocated_bytes() - before)
        queue.pop(0)

    monkeypatch.setattr(pace.time, "sleep", lambda _: write_one())
    seen = []
    for batch in paced(batches(40, seen)):
        queue.append(batch)
        del batch
    assert len(seen) == 40
    assert 4 * SIZE < most <= 7 * SIZE


def test_a_writer_that_lets_nothing_go_is_waited_for_once(monkeypatch):
    """What Arrow holds may be another thread's: the write goes on, and loses a moment and no row."""
    monkeypatch.setattr(pace, "AHEAD", SIZE)
    monkeypatch.setattr(pace, "PATIENCE_S", 0.2)
    began = time.monotonic()
    kept = list(paced(batches(30, [])))
    assert [batch["x"][0].as_py() for batch in kept] == list(range(30))
    assert time.monotonic() - began < 5


def test_an_error_of_the_source_is_passed_on():
    def broken():
        yield from batches(2, [])
        raise ValueError("the third")

    with pytest.raises(ValueError, match="the third"):
        list(paced(broken()))
