"""The benchmarks of windows run, and all sides of a race give the same samples."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.bench import batches, cutting


def test_every_way_reads_the_same_windows():
    pytest.importorskip("h5py")
    samples = np.random.default_rng(0).integers(-500, 500, (3, 6000)).astype(np.int16)
    table = batches.compare(samples, 50.0, length_s=10, batches=(4,), rounds=1, seconds=0.05)
    assert table.height == 5
    assert (table["windows_cpu_s"] > 0).all()
    of_hdf5 = table.filter(table["way"].str.contains("float32 gzip-4"))
    assert of_hdf5["against_hdf5"].item() == pytest.approx(1)


def test_windows_are_cut_asked_and_paired_each_in_a_fresh_process():
    table = cutting.compare(20_000)
    assert table["step"].to_list() == ["cut", "group by person", "group by sensor types", "pairs"]
    assert table["rows"].to_list() == [table["rows"][0]] * 4
    assert 20_000 <= table["rows"][0] < 25_000
    assert (table["peak_mib"] > 10).all()
