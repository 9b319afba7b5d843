"""A draft for files of named arrays lists what one of them holds, so that a person can finish it."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import scipy.io
from scipy.io import savemat

from biocurate.errors import SourceError
from biocurate.formats import reader
from biocurate.formats.source import Source
from biocurate.recipes.draft import recipe_text, survey


def drafted(root):
    return recipe_text("tiny", survey(root)).split("\n")


@pytest.mark.parametrize("packed", [False, True])
def test_variables_structs_and_cells_of_a_mat_file_are_listed_with_shapes_and_types(tmp_path, packed):
    cells = np.array([np.zeros(5), np.zeros(6)], dtype=object)
    held = {"ECG": {"data": np.zeros((1000, 3)), "fs": 250.0}, "cells": cells, "note": "Quintilia"}
    savemat(tmp_path / "s1.mat", held, do_compression=packed)
    text = drafted(tmp_path)
    for line in ("ECG/data: float64 [1000, 3]", "ECG/fs: float64 [1, 1]", "cells: a list of 2", "note: a text"):
        assert f"  #   {line}" in text
    assert any("path: ECG/data, axes: [time, channel]" in line for line in text)
    assert "Quintilia" not in "\n".join(text)


def test_groups_of_hdf5_are_listed_and_the_first_of_many_stand_for_the_others(tmp_path):
    with h5py.File(tmp_path / "s1.h5", "w") as file:
        for number in range(15):
            file[f"rec{number:02d}/ecg"] = np.zeros((12, 500), "i2")
        file["names"] = [b"a", b"b"]
    text = drafted(tmp_path)
    assert "  #   names: 2 texts" in text
    assert "  #   rec00/ecg: int16 [12, 500]" in text
    assert "  #   …: and 4 more" in text
    assert any("path: rec00/ecg, axes: [channel, time]" in line for line in text)


def test_version_7_3_is_listed_without_what_matlab_keeps_for_itself(tmp_path):
    with h5py.File(tmp_path / "s1.mat", "w", userblock_size=512) as file:
        file["val"] = np.zeros((500, 12), "i2")
        file["val"].attrs["MATLAB_class"] = np.bytes_("int16")
        file.create_group("#refs#")
    with (tmp_path / "s1.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    assert "  #   val: int16 [12, 500]" in drafted(tmp_path)
    assert not any("#refs#" in line for line in drafted(tmp_path))


def test_a_damaged_file_is_an_error_of_its_own_and_the_next_one_is_listed(tmp_path):
    (tmp_path / "s1.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    with h5py.File(tmp_path / "s2.h5", "w") as file:
        file["ecg"] = np.zeros(500)
    with pytest.raises(SourceError):
        reader("hdf5").contents(Source(tmp_path, "s1.h5"))
    assert "  #   ecg: float64 [500]" in drafted(tmp_path)


def test_challenge_files_list_what_scipy_finds(corpora):
    path = sorted((corpora / "cpsc2018-12lead").rglob("*.mat"))[0]
    source = Source(corpora, path.relative_to(corpora).as_posix())
    val = scipy.io.loadmat(path)["val"]
    [entry] = reader("mat").contents(source)
    assert (entry.path, entry.what) == ("val", f"{val.dtype.name} {list(val.shape)}")
