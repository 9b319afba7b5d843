"""MATLAB 5 files that scipy would not survive are refused; those that it reads are let through."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from biocurate.errors import SourceError
from biocurate.formats import Source
from biocurate.formats.mat.check import refuse_broken_mat


def written(folder: Path, compressed: bool) -> bytes:
    """One variable of each class in tables 1-2 and 1-3."""
    variables = {
        "numbers": np.arange(6, dtype="i2").reshape(2, 3), "complex": np.ones((2, 3)) * 1j,
        "text": np.array(["ab", "cd"]),
        "umlaut": "dé", "cells": np.array([1, "a", np.eye(2)], dtype=object),
        "sparse": scipy.sparse.csc_matrix(np.eye(3)),
        "empty": np.zeros((0, 0)), "flag": np.array([True]), "struct": {"a": 1.0, "b": {"c": "deep"}},
    }  # fmt: skip
    scipy.io.savemat(folder / "a.mat", variables, do_compression=compressed)
    return (folder / "a.mat").read_bytes()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_whole_file_is_let_through(tmp_path, compressed):
    written(tmp_path, compressed)
    refuse_broken_mat(Source(tmp_path, "a.mat"))


def test_scipys_own_samples_are_let_through_where_scipy_reads_them():
    folder = Path(scipy.io.__file__).parent / "matlab" / "tests" / "data"
    if not folder.is_dir():
        pytest.skip("this scipy comes without its test files")
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for path in sorted(folder.glob("*.mat")):
        if path.read_bytes()[124:128] not in (b"\x00\x01IM", b"\x01\x00MI"):
            continue
        try:
            refuse_broken_mat(Source(folder, path.name))
            ours = True
        except SourceError:
            ours = False
        try:
            scipy.io.loadmat(path)
            theirs = True
        except Exception:
            theirs = False
        verdicts[theirs, ours] += 1
    assert verdicts[True, True] > 50
    assert verdicts[True, False] == 0


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_that_is_cut_off_is_refused(tmp_path, compressed):
    raw = written(tmp_path, compressed)
    refused = 0
    lengths = range(8, len(raw) - 1, 7)
    for length in lengths:
        (tmp_path / "a.mat").write_bytes(raw[:length])
        try:
            refuse_broken_mat(Source(tmp_path, "a.mat"))
        except SourceError:
            refused += 1
        else:
            scipy.io.loadmat(tmp_path / "a.mat")  # cut between two variables: whole, but for those that follow
    assert refused > 0.9 * len(lengths)


@pytest.mark.parametrize("value", [0, 1, 16, 128, 255])
def test_a_wrong_byte_is_refused_or_does_scipy_no_harm(tmp_path, value):
    """Without the check, `loadmat` of scipy 1.17 dies, hangs or asks for terabytes on hundreds of these."""
    raw = written(tmp_path, False)
    for place in range(128, len(raw), 7):
        changed = bytearray(raw)
        changed[place] = value
        (tmp_path / "a.mat").write_bytes(changed)
        try:
            refuse_broken_mat(Source(tmp_path, "a.mat"))
        except SourceError:
            continue
        try:
            scipy.io.loadmat(tmp_path / "a.mat")
        except Exception as error:
            assert not isinstance(error, MemoryError)


@pytest.mark.parametrize("content", [b"", b"x" * 50, b"\x89PNG" * 100, bytes(128)])
def test_what_is_no_matlab_file_is_refused(tmp_path, content):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(SourceError):
        refuse_broken_mat(Source(tmp_path, "a.mat"))
