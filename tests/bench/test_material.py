"""What the benchmarks measure on: copies read as their originals do, and every contender does the same work."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.bench import copies
from biocurate.bench.race import Contender, race
from biocurate.bench.turns import chunks_of
from biocurate.recipes import load_recipe


def test_copies_of_eegmat_are_other_persons_with_the_same_samples(corpora, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    for name in ("Subject02_2.edf", "subject-info.csv"):
        (small / name).symlink_to(corpora / "eegmat" / name)
    out = tmp_path / "out"
    out.mkdir()
    recipe = load_recipe(copies.eegmat(small, out, 3))
    units = recipe.units(out)
    assert [unit.subject for unit in units] == ["02", "102", "202"]
    first, *others = (recipe.read(unit) for unit in units)
    for other in others:
        assert np.array_equal(first.streams[0].digital, other.streams[0].digital)
        assert (other.age, other.sex) == (first.age, first.sex)


def test_copies_of_records_keep_every_integer_and_their_checksums(corpora, tmp_path):
    recipe = load_recipe(copies.records(corpora / "ludb" / "data", tmp_path, 70))
    units = recipe.units(tmp_path)
    assert len(units) == 70
    first, again = (next(recipe.read(unit) for unit in units if unit.subject == number) for number in ("0", "68"))
    assert not any("checksum" in warning for warning in first.warnings)
    assert np.array_equal(first.streams[0].digital, again.streams[0].digital)


def test_chunks_hold_every_sample_once_in_order():
    samples = np.arange(3 * 50_000, dtype="int16").reshape(3, -1)
    assert np.array_equal(np.concatenate(list(chunks_of(samples)), axis=1), samples)


@pytest.mark.slow
def test_a_race_gives_a_row_a_contender_with_the_peer_at_one(corpora, tmp_path):
    recipe = str(copies.records(corpora / "ludb" / "data", tmp_path, 4))
    mine = Contender("mine", ("ours", recipe, str(tmp_path), "{out}", "pcodec-5", "0"))
    peer = Contender("peer", ("wfdb_hdf5", str(tmp_path), "{out}"))
    rows = race([peer, mine], "peer", repeats=1)
    assert rows["contender"].to_list() == ["peer", "mine"]
    assert rows["faster"][0] == 1 and rows["bytes"][1] > 0 and (rows["work_s"] > 0).all()
