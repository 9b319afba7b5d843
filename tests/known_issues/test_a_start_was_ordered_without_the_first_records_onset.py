"""EDF+ section 2.2.4: the first sample comes at start time plus first onset; the order of recordings left that out.

Of two recordings that begin in the same second, the one with the onset got the start of the other.
"""

from __future__ import annotations

from datetime import date, time

import edfio
import numpy as np

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store


def write(corpus, name: str, onset: bytes) -> None:
    signal = edfio.EdfSignal(np.linspace(-1, 1, 512), 256, label="EEG Cz", physical_dimension="uV")
    edf = edfio.Edf(
        [signal],
        recording=edfio.Recording(startdate=date(2020, 1, 2)),
        starttime=time(10),
        annotations=[edfio.EdfAnnotation(0, None, "x" * 20)],  # room for a longer time
    )
    path = corpus.root / f"{name}.edf"
    edf.write(path)
    raw = path.read_bytes()
    at = raw.index(b"+0\x14\x14\x00")
    path.write_bytes(raw[:at] + (onset + b"\x14\x14").ljust(14, b"\x00") + raw[at + 14 :])


def test_recordings_are_ordered_by_their_first_sample(corpus, tmp_path):
    write(corpus, "s00_rest", b"+0.75")
    write(corpus, "s00_task", b"+0.25")
    store = create_store(str(tmp_path / "store"))
    ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store), InProcess(), store)
    starts = {name: store.recording(f"tiny/s00_{name}").row["start_ns"] for name in ("rest", "task")}
    assert starts == {"task": 0, "rest": 500_000_000}
