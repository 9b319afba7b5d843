"""A recording of any size is read in bounded memory, mapped pages of the file included."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store

MB = 2**20
MOST = 300 * MB
"""Over what the process had before (issue 3: memory per worker)."""


def resident() -> int:
    """Bytes of this process in memory, mapped files too."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) * 1024


def sparse_edf(path: Path, n_bytes: int) -> None:
    """Four channels of zeros at 20 kHz, of which the disk holds nothing."""
    n_signals, per_record = 4, 20_000
    n_records = n_bytes // (n_signals * per_record * 2)
    fields = [("0", 8), ("", 80), ("", 80), ("01.01.85", 8), ("00.00.00", 8), (256 * (n_signals + 1), 8), ("", 44)]
    fields += [(n_records, 8), (1, 8), (n_signals, 4)]
    for values, width in (
        ([f"EEG {number}" for number in range(n_signals)], 16),
        ([""] * n_signals, 80),
        (["uV"] * n_signals, 8),
        ([-1000] * n_signals, 8),
        ([1000] * n_signals, 8),
        ([-32768] * n_signals, 8),
        ([32767] * n_signals, 8),
        ([""] * n_signals, 80),
        ([per_record] * n_signals, 8),
        ([""] * n_signals, 32),
    ):
        fields += [(value, width) for value in values]
    header = "".join(str(value).ljust(width) for value, width in fields).encode()
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + n_records * n_signals * per_record * 2)


@pytest.mark.slow
def test_a_recording_of_many_times_the_memory_that_it_may_take(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    sparse_edf(raw / "s01.edf", 1200 * MB)
    recipe = tmp_path / "big.yaml"
    recipe.write_text(
        "name: big\ntitle: Big\nlicence: CC0-1.0\naccess: open\ncitation: none\nurl: https://example.org\n"
        "files: {pattern: '(?P<subject>\\w+)\\.edf', reader: edf}\n"
        "channels: [{match: 'EEG (?P<name>\\d)', sensor: EEG}]\n"
    )
    store = create_store(str(tmp_path / "store"))
    plan = make_plan(load_recipe(recipe), raw, store)
    before, most, over = resident(), 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.02):
            most = max(most, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        outcome = ingest(plan, InProcess(), store)
    finally:
        over.set()
        watcher.join()
    assert (outcome.recordings, outcome.failures) == (1, [])
    assert most - before < MOST
