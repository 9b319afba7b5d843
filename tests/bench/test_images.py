"""`biocurate bench images`: every representation and every peer at hand is in the table."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from biocurate.bench.images import compare
from biocurate.images import kinds


def test_ours_and_the_peers_at_hand_are_timed():
    samples = np.random.default_rng(0).integers(-500, 500, (2, 10_000)).astype(np.int16)
    table = compare(samples, batch=2, seconds=0.001)
    ours = table.filter(table["way"] == "ours")
    assert sorted(ours["representation"]) == kinds()
    assert (ours["native_s"] > 0).all() and (ours["rendered_s"] > 0).all()
    peers = table.filter(table["way"] != "ours")
    assert {"matplotlib specgram + savefig", "scipy.signal.spectrogram + bilinear"} <= set(peers["way"])
    assert (peers["faster"] > 0).all()
