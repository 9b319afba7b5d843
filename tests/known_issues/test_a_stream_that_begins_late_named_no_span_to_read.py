"""Integers of a stream that begins after its recording were refused with the advice to read one stream, as was done."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.errors import StoreError
from biocurate.recording import Recording
from biocurate.store.store import create_store, open_store
from biocurate.testing.memory import noise_stream, put


def stored(folder, segments):
    stream = noise_stream("ECG", 500.0, segments)
    put(create_store(folder / "s"), {"tiny/a": Recording((noise_stream("RESP", 125.0, [(0.0, 500)]), stream))})
    return stream, open_store(folder / "s").recording("tiny/a")


def test_the_span_that_has_integers_is_named(tmp_path):
    stream, recording = stored(tmp_path, [(0.032, 1000)])
    with pytest.raises(StoreError, match=r"from 0\.032 to 2\.032 s \(tiny/a#1\)"):
        recording.read("tiny/a#1", digital=True)
    np.testing.assert_array_equal(recording.read("tiny/a#1", 0.032, 2.032, digital=True), stream.digital)


def test_of_many_pieces_the_first_are_named(tmp_path):
    _, recording = stored(tmp_path, [(second, 100) for second in range(0, 10, 2)])
    with pytest.raises(StoreError, match=r"from 0 to 0\.2 s .*, from 4 to 4\.2 s \(tiny/a#1\), …: read such a span"):
        recording.read("ECG", digital=True)
