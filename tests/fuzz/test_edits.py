"""Any edits of small files, as hypothesis finds them: what fails here is shown with the fewest bytes changed."""

from __future__ import annotations

import struct
from pathlib import Path

import edfio
import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biocurate.testing.fuzz import Subject, decoders
from biocurate.testing.fuzz.mutations import Edit, apply
from biocurate.testing.fuzz.subject import Case
from biocurate.testing.fuzz.verdict import FAULTS, Verdict, judge, read_whole

SOME = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
SAMPLES = (np.arange(90) * 37 % 251 - 120).astype(np.int16)


def edf(folder: Path) -> Subject:
    signals = [
        edfio.EdfSignal(SAMPLES.astype(float), 30, label=label, physical_dimension="uV", physical_range=(-200, 200))
        for label in ("EEG Cz", "ECG")
    ]
    edfio.Edf(signals, annotations=[edfio.EdfAnnotation(1, None, "x")]).write(folder / "r.edf")
    return _subject(folder, "edf", ["r.edf"], {}, decoders.edf)


def record(folder: Path) -> Subject:
    wfdb.wrsamp("r", 100, ["mV"] * 2, ["I", "II"], d_signal=SAMPLES.reshape(-1, 2), fmt=["212"] * 2,
                adc_gain=[200.0] * 2, baseline=[0] * 2, write_dir=str(folder))  # fmt: skip
    wfdb.wrann("r", "atr", np.array([5, 20]), ["N", "V"], write_dir=str(folder))
    return _subject(
        folder, "wfdb", ["r.hea", "r.dat", "r.atr"], {"annotators": {"atr": {}}}, decoders.wfdb, summed=True
    )


def table(folder: Path) -> Subject:
    rows = "".join(f"{0.004 * i:.3f},{sample},{sample / 8}\n" for i, sample in enumerate(SAMPLES.tolist()))
    (folder / "r.csv").write_text("t,ECG,EDA\n" + rows)
    return _subject(folder, "csv", ["r.csv"], {"time": {"column": 0}}, decoders.table)


def level4(folder: Path) -> Subject:
    (folder / "r.mat").write_bytes(struct.pack("<5i", 30, 1, 90, 0, 4) + b"val\0" + SAMPLES.tobytes())
    said = {"signals": [{"path": "val", "axes": ["channel", "time"], "labels": ["II"], "rate_hz": 100}]}
    return _subject(folder, "mat", ["r.mat"], said, decoders.matlab)


def _subject(folder, reader, names, options, decoder, summed=False):
    files = {name: (folder / name).read_bytes() for name in names}
    return Subject(names[0], reader, reader, files, options, None, decoder, summed)


@st.composite
def edits(draw: st.DrawFn, size: int) -> list[Edit]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, max(size - 1, 0)))
        stop = start + draw(st.sampled_from([0, 1, 1, 2, 8]))
        texts = st.text("0123456789.-+e_ \n\r,:/()~x", max_size=8).map(str.encode)
        found.append(Edit(start, min(stop, size), draw(st.one_of(st.binary(max_size=8), texts))))
        size += len(found[-1].content) - (found[-1].stop - found[-1].start)
    return found


@pytest.mark.parametrize("make", [edf, record, table, level4])
@SOME
@given(data=st.data())
def test_any_edit_is_refused_told_or_read_as_the_bytes_say(tmp_path, make, data):
    folder = tmp_path / make.__name__
    folder.mkdir(exist_ok=True)
    subject = make(folder)
    whole = read_whole(subject, folder)
    name = data.draw(st.sampled_from(sorted(subject.files)))
    made = data.draw(edits(len(subject.files[name])))
    case = Case(0, name, "edits", tuple(made), apply(subject.files[name], made))
    (folder / name).unlink()  # the samples of `whole` may be mapped from it
    (folder / name).write_bytes(case.content)
    verdict = judge(subject, whole, case, folder)
    assert verdict.outcome not in FAULTS, (verdict, case.edits)
    assert isinstance(verdict, Verdict)
