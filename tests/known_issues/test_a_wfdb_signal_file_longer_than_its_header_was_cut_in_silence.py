"""A header of 500 frames over a file of 1000: half of the samples were left out without a word.

header(5): the number of samples is the record line's; EDF's reader told of the same. A record whose header names
another one was as silent.
"""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.formats import Source, reader

WFDB = reader("wfdb")


def warnings_of(folder, frames, more=b"", name="r", fmt=16):
    samples = np.arange(1000, dtype="<i2")
    (folder / "r.dat").write_bytes(samples.tobytes() + more)
    total = int(samples[:frames].sum() + 32768) % 65536 - 32768
    head = f"{name} 1 100 {frames}\nr.dat {fmt} 200(0)/mV 16 0 0 {total} 0 ECG\n"
    (folder / "r.hea").write_text(head)
    return WFDB.read(Source(folder, "r.hea"), WFDB.Options()).warnings


def test_frames_behind_the_last_are_told(tmp_path):
    assert warnings_of(tmp_path, 500) == (
        "a .dat file goes on behind the header's last frame; what follows is left out (frames: 500)",
    )


@pytest.mark.parametrize("more", [b"", b"\x00"])
def test_a_whole_file_and_one_filled_up_are_as_the_header_says(tmp_path, more):
    assert warnings_of(tmp_path, 1000, more) == ()


def test_a_file_that_two_segments_share_is_looked_at_once(tmp_path):
    samples = np.arange(1000, dtype="<i2")
    (tmp_path / "r.dat").write_bytes(samples.tobytes())
    for name, offset in (("a", 0), ("b", 1000)):
        place = f"16+{offset}" if offset else "16"
        (tmp_path / f"{name}.hea").write_text(f"{name} 1 100 500\nr.dat {place} 200(0)/mV\n")
    (tmp_path / "m.hea").write_text("m/2 1 100 1000\na 500\nb 500\n")
    assert WFDB.read(Source(tmp_path, "m.hea"), WFDB.Options()).warnings == ()


def test_a_header_of_another_record_is_told_without_its_name(tmp_path):
    [said] = warnings_of(tmp_path, 1000, name="zebedee")
    assert said == "the header gives the record another name than its file has"
