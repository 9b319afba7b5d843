"""A recording of any size is read in bounded memory, mapped pages of the file included."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydantic import TypeAdapter

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recipes.keyed import keyed_rows
from biocurate.recipes.labelling import Label
from biocurate.store.store import create_store

MB = 2**20
MOST = 300 * MB
"""Over what the process had before (issue 3: memory per worker)."""


def resident() -> int:
    """Bytes of this process in memory, mapped files too."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) * 1024


@contextmanager
def watched() -> Iterator[list[int]]:
    """Give the most that the process holds in the meantime, over what it had before."""
    before, most, over = resident(), [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            most[0] = max(most[0], resident() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


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
    with watched() as most:
        outcome = ingest(plan, InProcess(), store)
    assert (outcome.recordings, outcome.failures) == (1, [])
    assert most[0] < MOST


CSV_RECIPE = """
name: big
title: Big
licence: CC0-1.0
access: open
citation: none
url: https://example.org
files: {pattern: '(?P<subject>\\w+)_E4\\.csv', reader: csv, options: {rate_hz: 64, header_rows: 0, columns: [BVP, ECG]}}
channels: [{match: BVP, sensor: PPG}, {match: ECG, sensor: ECG}]
"""


@pytest.mark.slow
def test_a_text_file_of_many_times_the_memory_that_it_may_take(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    some = "".join(f"{number % 97}.25,-{number % 89}.5\n" for number in range(2**17)).encode()
    with (raw / "s01_E4.csv").open("wb") as file:
        for _ in range(MOST // len(some)):
            file.write(some)
    (tmp_path / "big.yaml").write_text(CSV_RECIPE)
    store = create_store(str(tmp_path / "store"))
    plan = make_plan(load_recipe(tmp_path / "big.yaml"), raw, store)
    with watched() as most:
        outcome = ingest(plan, InProcess(), store)
    assert (outcome.recordings, outcome.failures) == (1, [])
    assert most[0] < MOST


TIMED = CSV_RECIPE.replace("rate_hz: 64, header_rows: 0, columns: [BVP, ECG]", "time: {column: t, unit: ms}, CLOCK")


@pytest.mark.slow
@pytest.mark.parametrize(
    "clock", ["on_clock: arrival-order, rate_hz: 64", "on_clock: trust-stamps, rate_hz: 64", "on_clock: robust-line"]
)
def test_a_text_file_of_1_gb_with_a_column_of_times(tmp_path, clock):
    """Its times alone take 400 MB: they go to a temporary file, and clocks look at them in blocks."""
    raw, n_rows, first = tmp_path / "raw", 2**20, 0
    raw.mkdir()
    with (raw / "s01_E4.csv").open("wb") as file:
        file.write(b"t,BVP\n")
        while file.tell() < 1000 * MB:
            rows = np.arange(first, first + n_rows)
            jitter = rows * 2654435761 % 7  # milliseconds
            pl.DataFrame({"t": 10**9 + rows * 125 // 8 + jitter, "BVP": rows % 9}).write_csv(file, include_header=False)
            first += n_rows
    (tmp_path / "big.yaml").write_text(TIMED.replace("CLOCK", clock))
    store = create_store(str(tmp_path / "store"))
    plan = make_plan(load_recipe(tmp_path / "big.yaml"), raw, store)
    with watched() as most:
        outcome = ingest(plan, InProcess(), store)
    assert (outcome.recordings, outcome.failures) == (1, [])
    assert store.streams.collect()["n_samples"].to_list() == [first]
    assert most[0] < MOST


@pytest.mark.slow
@pytest.mark.parametrize("rows_of_each", [8000, 1])
def test_a_table_of_800_000_labels(tmp_path, rows_of_each):
    """Whether a few recordings have many rows each, or each row is another recording's."""
    with (tmp_path / "labels.csv").open("w") as file:
        file.write("who,HR,breaths,t,label\n")
        file.writelines(
            f"{row // rows_of_each},{118 + row % 50}.5,{row % 7}.125,{row},{row // 3 % 2}\n" for row in range(800_000)
        )
    said = {"from": "intervals", "file": "labels.csv", "key": {"column": "who"}, "column": "label", "every_s": 1}
    label = TypeAdapter(Label).validate_python({**said, "onset": {"column": "t", "clock": "relative"}})
    with watched() as most:
        table = keyed_rows(tmp_path, label)
        rows = table.of("7")
    assert rows.height == rows_of_each
    assert most[0] < MOST
