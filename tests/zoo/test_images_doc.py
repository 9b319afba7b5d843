"""Every line of Python in `docs/images.md` runs as written, on a small cohort."""

from __future__ import annotations

import re
from pathlib import Path

from biocurate.images import representation
from biocurate.images.making.generate import generate

TEXT = (Path(__file__).parents[2] / "docs" / "images.md").read_text()


def test_python_of_the_guide_runs_as_written(cohort):
    store = cohort()
    for sensor in ("EEG", "GSR"):
        drawing = representation("spectrogram-psd", sensor)
        generate(store, store.manifest("folds"), drawing, [sensor], image_set="pictures")
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) >= 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(block.replace("STORE", store.url), names)
    assert names["images"].shape[1:] == (3, 32, 32)
    assert names["state"]["epoch"] == 1
