"""What is damaged: real recordings of every format, and what they came to, told at the end of a run."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import pytest
import scipy.io

from biocurate.testing.fuzz import Report, Subject, decoders, table
from biocurate.testing.mat73 import write_mat73

E4 = {"layout": "e4"}
LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
VAL = {"signals": [{"path": "val", "axes": ["channel", "time"], "labels": LEADS, "rate_hz": 500}]}
GARMIN = {
    "separator": ";", "header_rows": 0, "time": {"column": 0, "unit": "iso"}, "rate_hz": 25, "on_clock": "arrival-order"
}  # fmt: skip
TIME = {"column": 1, "unit": "unix_s"}

FAMILIES = ("edf", "bdf", "wfdb", "csv", "brainvision", "mat", "hdf5", "zip")
_DONE: dict[str, Report] = {}


@pytest.fixture(scope="session")
def subjects(corpora, tmp_path_factory) -> dict[str, list[Subject]]:
    """Recordings by family."""
    return {
        "edf": [_edf(corpora, name) for name in EDF],
        "bdf": [_edf(corpora, name) for name in BDF],
        "wfdb": [_wfdb(corpora, *record) for record in WFDB],
        "csv": [_csv(corpora / path, options) for path, options in CSV],
        "brainvision": [_brainvision(corpora, name) for name in ("test", "test_old_layout_latin1_software_filter")],
        "mat": list(_mat(corpora, tmp_path_factory.mktemp("mat"))),
        "hdf5": list(_hdf5(corpora, tmp_path_factory.mktemp("hdf5"))),
        "zip": list(_zip(corpora)),
    }


@pytest.fixture(scope="session")
def tell():
    """Take reports, for the table at the end."""
    return _DONE.update


def pytest_terminal_summary(terminalreporter):
    """Print what was found, whether or not it passed."""
    if _DONE:
        terminalreporter.section("damaged files")
        for line in table(_DONE):
            terminalreporter.write_line(line)


EDF = (
    "edfReader-gpl3/edfPlusD.edf",  # gaps
    "mne-python/edf/duplicate_channel_labels.edf",
    "mne-python/edf/test_edf_stim_channel.edf",  # one record of 9.59375 s
    "EDF.jl/test_uneven_samp.edf",  # 100 and 12.8 Hz
    "edfio/SC4001EC-Hypnogram.edf",  # annotations only
)
BDF = ("edfReader-gpl3/bdfPlusC.bdf", "mne-python/edf/test_bdf_stim_channel.bdf", "edfio/SC4001EC-Hypnogram.bdf")
ATR = {"annotators": {"atr": {}}}
WFDB: tuple[tuple[str, tuple[str, ...], Mapping[str, Any]], ...] = (
    ("wfdb-samples/100_3chan", (".dat",), {}),
    ("wfdb-samples/binformats", tuple(f".d{i}" for i in range(10)), {}),
    ("wfdb-samples/flacformats", (".d0", ".d1", ".d2"), {}),
    ("wfdb-samples/test01_00s_frame", ("/test01_00s.dat",), {}),
    ("wfdb-samples/multi-segment/041s/041s", tuple(f"/041s0{i}.{end}" for i in "12" for end in ("hea", "dat")), {}),
    ("cpsc2021-af/data_101_6", (".dat", ".atr"), ATR),
    ("cinc2021-12lead/E07500", (".mat",), {}),
)
CSV: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("stress-predict/Raw_data/S01/HR.csv", E4),
    ("cogwear/survey_gamification/11/pre/baseline/empatica_eda.csv", {"time": TIME}),
    ("cogwear/survey_gamification/11/pre/baseline/empatica_bvp.csv", {"time": TIME}),
    ("heartpy/data.csv", {"rate_hz": 100, "header_rows": 0, "dtype": "int16"}),
    ("flirt/garmin/acc.csv", GARMIN),
    ("bidmc-sample/bidmc_01_Signals.csv", {"time": {"column": 0}}),
)


def _one(path: Path, family: str, reader: str, options: Mapping[str, Any], decoder: decoders.Decoder | None) -> Subject:
    return Subject(path.name, family, reader, {path.name: path.read_bytes()}, options, None, decoder)


def _csv(path: Path, options: Mapping[str, Any]) -> Subject:
    """Take the first lines."""
    lines = path.read_bytes().splitlines(keepends=True)[:2000]
    return Subject(path.name, "csv", "csv", {path.name: b"".join(lines)}, options, None, decoders.table)


def _edf(corpora: Path, name: str) -> Subject:
    return _one(corpora / name, name[-3:], "edf", {}, decoders.edf)


def _wfdb(corpora: Path, record: str, others: Iterable[str], options: Mapping[str, Any]) -> Subject:
    """Take a record whose header states the sum of each signal."""
    stem = corpora / record
    paths = [
        stem.with_suffix(".hea"),
        *(stem.parent / (end[1:] if end[0] == "/" else stem.name + end) for end in others),
    ]
    files = {path.name: path.read_bytes() for path in paths}
    return Subject(stem.name, "wfdb", "wfdb", files, options, None, decoders.wfdb, summed=True)


def _brainvision(corpora: Path, name: str) -> Subject:
    paths = [corpora / "mne-python/brainvision" / f"{name}.{end}" for end in ("vhdr", "vmrk", "eeg")]
    files = {path.name: path.read_bytes() for path in paths}
    return Subject(name, "brainvision", "brainvision", files, {}, None, decoders.brainvision)


def _mat(corpora: Path, folder: Path) -> Iterable[Subject]:
    """A real file of level 4, and its samples at the other levels."""
    real = corpora / "cinc2021-12lead/E07500.mat"
    yield _one(real, "mat", "mat", VAL, decoders.matlab)
    content = {"val": scipy.io.loadmat(real)["val"][:, :2000], "fs": 500.0, "lead": "II"}
    for name, packed in (("level5.mat", False), ("packed.mat", True)):
        scipy.io.savemat(folder / name, content, do_compression=packed)
        yield _one(folder / name, "mat", "mat", VAL, None if packed else decoders.matlab)
    write_mat73(folder / "level73.mat", content)
    yield _one(folder / "level73.mat", "mat", "mat", VAL, decoders.hdf5)


def _hdf5(corpora: Path, folder: Path) -> Iterable[Subject]:
    """Real samples, packed under a checksum and as they are."""
    samples = scipy.io.loadmat(corpora / "cinc2021-12lead/E07500.mat")["val"][:, :2000]
    for name, libver in (("earliest.h5", "earliest"), ("latest.h5", "latest")):
        with h5py.File(folder / name, "w", libver=libver) as file:
            file.create_dataset("val", data=samples, chunks=(12, 500), compression="gzip", fletcher32=True)
            file["fs"] = 500.0
        yield _one(folder / name, "hdf5", "hdf5", VAL, None)
    with h5py.File(folder / "plain.h5", "w") as file:
        file["val"] = samples
        file["deep/fs"] = 500.0
    yield _one(folder / "plain.h5", "hdf5", "hdf5", VAL, decoders.hdf5)


def _zip(corpora: Path) -> Iterable[Subject]:
    """A real archive, and a real file packed in every way; each member carries a checksum."""
    real = corpora / "stress-predict/Raw_data/S03.zip"
    yield Subject("S03.zip", "zip", "csv", {"S03.zip": real.read_bytes()}, E4, "EDA.csv")
    text = (corpora / "stress-predict/Raw_data/S01/HR.csv").read_bytes()
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", method) as archive:
            archive.writestr(zipfile.ZipInfo("a/HR.csv"), text, method)
        yield Subject(f"method{method}.zip", "zip", "csv", {"a.zip": packed.getvalue()}, E4, "a/HR.csv")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(corpora / "mne-python/edf/duplicate_channel_labels.edf", "x.edf")
    yield Subject("edf.zip", "zip", "edf", {"edf.zip": inner.getvalue()}, {}, "x.edf")
