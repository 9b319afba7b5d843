"""`docs/store.md` tells what the schemas tell, and its code runs without biocurate."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from biocurate.recording import ArraySamples, Channel, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.document import markdown
from biocurate.store.schema import RECORDINGS, cast
from biocurate.store.signals import SignalWriter
from biocurate.store.store import create_store

PAGE = Path(__file__).parents[2] / "docs" / "store.md"


def test_the_page_is_made_from_the_schemas():
    assert PAGE.read_text() == markdown(), "run: python -m biocurate.store.document > docs/store.md"


def test_every_column_is_explained():
    for line in markdown().splitlines():
        if line.startswith("| `"):
            assert not line.endswith("|  |") or "tables." in line or "streams." in line, line


def test_the_pages_code_reads_a_store_without_biocurate(tmp_path):
    block = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    if "polars" not in block:
        pytest.fail("the first block of the page should be the polars one")
    store = create_store(str(tmp_path / "s"))
    array = np.random.default_rng(0).integers(-900, 900, (2, 5_000)).astype("int16")
    channels = (Channel("ECG I", "I", "mV", gain=0.005, offset=0.1), Channel("ECG II", "II", "mV", gain=0.005))
    writer = SignalWriter(store.objects, "c")
    place = writer.write(Stream(SensorType.ECG, 500.0, channels, (Segment(0, 5_000),), ArraySamples(array)))
    digest = writer.close()[place.part]
    stream = {"stream_id": "c/r#0", "part": place.part, "start": place.start, "n_samples": 5_000, "part_digest": digest}
    stream["channels"] = [{"gain": 0.005, "offset": 0.1, "unit": "mV"}]
    row = {"recording_id": "c/r", "streams": [stream]}
    store.tables.replace("recordings", cast([row], RECORDINGS), "recording_id", ["c/r"])
    out = tmp_path / "physical.npy"
    code = f"STORE = {str(tmp_path / 's')!r}\n{block}\nimport numpy, sys\nnumpy.save({str(out)!r}, physical)\n"
    code += "assert not any(name.startswith('biocurate') for name in sys.modules)\n"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, cwd=tmp_path)
    np.testing.assert_array_equal(np.load(out), array[0] * 0.005 + 0.1)
