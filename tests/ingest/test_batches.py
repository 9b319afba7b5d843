"""How reading is cut into tasks."""

from __future__ import annotations

from itertools import chain
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.ingest import plan as planning
from biocurate.ingest.plan import BATCH_BYTES, BATCH_RECORDINGS, SMALLEST_BATCH_BYTES, batches

MB = 1 << 20


def jobs(sizes):
    return [SimpleNamespace(n_bytes=size) for size in sizes]


@given(st.lists(st.integers(0, 400 * MB), max_size=60), st.integers(0, 5))
def test_every_recording_is_in_one_task_in_order_and_no_task_is_much_too_large(sizes, workers):
    made = jobs(sizes)
    cut = batches(made, workers)
    assert list(chain.from_iterable(cut)) == made
    assert all(cut)
    for task in cut:
        assert sum(job.n_bytes for job in task) <= BATCH_BYTES + max(job.n_bytes for job in task)


@pytest.mark.parametrize(
    ("count", "size", "workers", "tasks"),
    [
        (500, 120_000, 2, 4),  # no fifth task for the two recordings that are left over
        (500, 120_000, 0, 1),
        (352, 1_360_000, 2, 4),
        (100, 10_000, 2, 1),
        (40, 100 * MB, 2, 16),
    ],
)
def test_recordings_of_one_size_make_tasks_of_one_size(count, size, workers, tasks):
    cut = batches(jobs([size] * count), workers)
    lengths = [len(task) for task in cut]
    assert len(lengths) == tasks
    assert max(lengths) - min(lengths) <= 1


def test_what_is_smaller_than_a_task_should_be_is_not_cut():
    assert len(batches(jobs([SMALLEST_BATCH_BYTES // 9] * 17), 4)) == 1


def test_no_task_has_more_recordings_than_a_commit_can_name():
    assert [len(task) for task in batches(jobs([1] * (2 * BATCH_RECORDINGS + 1)), 1)] == [5000, 5000, 1]


def test_tasks_of_one_recording_each_where_each_is_larger_than_a_task(monkeypatch):
    monkeypatch.setattr(planning, "BATCH_BYTES", 1)
    monkeypatch.setattr(planning, "SMALLEST_BATCH_BYTES", 1)
    assert [len(task) for task in batches(jobs([7, 1, 3, 900]), 2)] == [1, 1, 1, 1]
