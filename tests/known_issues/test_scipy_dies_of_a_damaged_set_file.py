"""A damaged EEGLAB file ended the whole run: `scipy.io.loadmat`, which MNE calls, crashed on a wrong type of a number.

Found by changing each byte of a .set in turn: segmentation faults, bus errors, hangs and requests for terabytes.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.io

from biocurate.errors import SourceError
from biocurate.formats import Source, reader


def test_a_wrong_type_in_a_set_file_is_a_source_error(tmp_path):
    eeg = {"nbchan": 1, "trials": 1, "pnts": 9, "srate": 100.0, "data": np.zeros((1, 9)), "chanlocs": [], "event": []}
    scipy.io.savemat(tmp_path / "a.set", {"EEG": eeg})
    raw = bytearray((tmp_path / "a.set").read_bytes())
    flags = bytes([6, 0, 0, 0, 8, 0, 0, 0])  # tag of an array's flags: two numbers of 32 bits
    first_field = raw.index(flags, raw.index(flags) + 1)
    assert raw[first_field + 40] == 12  # behind flags, dimensions and an empty name: the type of its number
    raw[first_field + 40] = 0  # no type at all: loadmat writes to an address of nothing
    (tmp_path / "a.set").write_bytes(raw)
    mne = reader("mne")
    with pytest.raises(SourceError, match="do not fit into one another"):
        mne.read_header(Source(tmp_path, "a.set"), mne.Options())
