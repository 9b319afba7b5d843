"""`verify` says how many parts it did not look at, and looks at those of older snapshots when asked."""

from __future__ import annotations

import pytest

from biocurate.engine import InProcess
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.store.verify import verify
from biocurate.testing.memory import noise_stream, put


@pytest.fixture
def store(tmp_path):
    """A recording that was replaced twice."""
    made = create_store(str(tmp_path / "s"))
    for seed in range(3):
        put(made, {"c/a": Recording((noise_stream("EEG", 64, [(0, 640)], seed=seed),))})
    return made


def test_parts_of_older_snapshots_are_counted_and_checked_when_asked(store):
    now = verify(store, InProcess())
    assert (now.parts, now.unchecked, now.problems) == (1, 2, [])
    all_of_them = verify(store, InProcess(), all_snapshots=True)
    assert (all_of_them.parts, all_of_them.unchecked, all_of_them.problems) == (3, 0, [])


def test_damage_to_an_older_part_is_found(store):
    newest = store.streams.collect()["part"][0]
    older = next(
        path for path in sorted((store.objects.folder / "signals" / "c").glob("*.zarr")) if path.stem not in newest
    )
    chunk = max((path for path in older.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    chunk.write_bytes(b"x" + chunk.read_bytes()[1:])
    assert verify(store, InProcess()).problems == []
    assert len(verify(store, InProcess(), all_snapshots=True).problems) == 1
