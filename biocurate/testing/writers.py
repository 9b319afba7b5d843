"""Write a simulated cohort as three corpora: EDF+, WFDB and CSV, with different sensors, rates and units."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import numpy as np

from biocurate.testing import waveforms
from biocurate.testing.cohort import Cohort
from biocurate.testing.physiology import Array, Person, Span

if TYPE_CHECKING:
    import edfio

E4_INFO = "Simulated: no person was recorded. One file a signal: start in Unix time, rate in Hz, samples.\n"


def write_cohort(cohort: Cohort, root: Path) -> dict[str, Path]:
    """Write a cohort below a folder.

    Parameters
    ----------
    cohort : Cohort
    root : Path
        Made where it does not exist.

    Returns
    -------
    dict of str to Path
        Name of each corpus (``sim-edf``, ``sim-wfdb``, ``sim-csv``) and its folder, which holds its ``recipe.yaml``.
    """
    folders = {name: root / name for name in ("sim-edf", "sim-wfdb", "sim-csv")}
    for name, folder in folders.items():
        folder.mkdir(parents=True, exist_ok=True)
        recipe = Template(files("biocurate.testing").joinpath(f"recipes/{name}.yaml").read_text("utf-8"))
        counts = {"subjects": len(cohort.people), "records": 2 * len(cohort.people)}
        (folder / "recipe.yaml").write_text(recipe.substitute(counts), "utf-8")
    for person in cohort.people:
        write_edf(person, folders["sim-edf"])
        write_wfdb(person, folders["sim-wfdb"])
        write_e4(person, folders["sim-csv"], archived=int(person.subject[1:]) % 2 == 0)
    for name in ("sim-edf", "sim-csv"):
        _write_subjects(cohort, folders[name])
    _write_labels(cohort, folders["sim-csv"])
    return folders


def write_edf(person: Person, folder: Path) -> None:
    """Write one EDF+ file: EEG at 250 Hz and EMG at 500 Hz in uV, ECG at 500 Hz in mV, conditions as annotations."""
    import edfio

    eeg = waveforms.eeg(person, 250)
    signals = [_edf_signal(values, 250, f"EEG {name}", "uV", 400) for name, values in eeg.items()]
    signals.append(_edf_signal(waveforms.ecg(person, 500, "II"), 500, "ECG II", "mV", 5))
    signals.append(_edf_signal(waveforms.emg(person, 500), 500, "EMG Trapezius", "uV", 1000))
    start = datetime.fromtimestamp(person.start_unix, UTC)
    edfio.Edf(
        signals,
        patient=edfio.Patient(code=person.subject, sex=person.sex),
        recording=edfio.Recording(startdate=start.date()),
        starttime=start.time(),
        annotations=[
            edfio.EdfAnnotation(span.start_s, span.stop_s - span.start_s, span.condition) for span in person.spans
        ],
    ).write(folder / f"{person.subject}.edf")


def write_wfdb(person: Person, folder: Path) -> None:
    """Write a WFDB record for each condition: two ECG leads at 250 Hz in mV, pulse and breath at 125 Hz, beats."""
    signals = {
        "II": (250, 1000, "mV", waveforms.ecg(person, 250, "II")),
        "V5": (250, 1000, "mV", waveforms.ecg(person, 250, "V5")),
        "PLETH": (125, 5000, "NU", waveforms.ppg(person, 125)),
        "RESP": (125, 4000, "NU", waveforms.respiration(person, 125)),
    }
    for run, span in enumerate(person.spans, start=1):
        _write_record(person, span, f"{person.subject}_{run}", signals, folder)


def write_e4(person: Person, folder: Path, *, archived: bool) -> None:
    """Write an export as an Empatica E4 makes it: a folder, or a zip archive of the same files."""
    exported = dict(_e4_files(person))
    if not archived:
        (folder / person.subject).mkdir(exist_ok=True)
        for name, text in exported.items():
            (folder / person.subject / name).write_text(text, "ascii")
        return
    with zipfile.ZipFile(folder / f"{person.subject}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in exported.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)  # without the time of writing


def _edf_signal(values: Array, rate_hz: float, label: str, unit: str, most: float) -> edfio.EdfSignal:
    import edfio

    return edfio.EdfSignal(
        np.clip(values, -most, most),
        sampling_frequency=rate_hz,
        label=label,
        physical_dimension=unit,
        physical_range=(-most, most),
        digital_range=(-32768, 32767),
    )


def _write_record(
    person: Person, span: Span, name: str, signals: dict[str, tuple[int, int, str, Array]], folder: Path
) -> None:
    import wfdb

    cut = [
        np.clip(np.round(gain * values[round(span.start_s * rate) : round(span.stop_s * rate)]), -32767, 32767)
        for rate, gain, _, values in signals.values()
    ]
    wfdb.wrsamp(
        name,
        fs=125,
        units=[unit for _, _, unit, _ in signals.values()],
        sig_name=list(signals),
        e_d_signal=[samples.astype(np.int64) for samples in cut],
        samps_per_frame=[rate // 125 for rate, _, _, _ in signals.values()],
        fmt=["16"] * len(signals),
        adc_gain=[float(gain) for _, gain, _, _ in signals.values()],
        baseline=[0] * len(signals),
        comments=[f"<age>: {person.age}  <sex>: {person.sex}", f"condition: {span.condition}", "simulated"],
        base_datetime=datetime.fromtimestamp(person.start_unix + span.start_s, UTC).replace(tzinfo=None),
        write_dir=str(folder),
    )
    beats = person.beats[(person.beats >= span.start_s + 0.01) & (person.beats < span.stop_s)] - span.start_s
    wfdb.wrann(
        name,
        "atr",
        sample=np.concatenate([[0], np.round(beats * 125)]).astype(np.int64),
        symbol=["+", *["N"] * len(beats)],
        aux_note=["(N", *[""] * len(beats)],
        write_dir=str(folder),
    )


def _e4_files(person: Person) -> Iterator[tuple[str, str]]:
    """Name and text of each file of an export."""
    start = person.start_unix
    yield "EDA.csv", _e4_signal(start, 4, waveforms.eda(person, 4), 6)
    yield "BVP.csv", _e4_signal(start, 64, 60 * waveforms.ppg(person, 64), 2)
    yield "TEMP.csv", _e4_signal(start, 4, waveforms.temperature(person, 4), 2)
    yield "ACC.csv", _e4_signal(start, 32, np.round(64 * waveforms.acceleration(person, 32)), 0)
    seconds = np.arange(10.0, person.duration_s)
    rate = np.interp(seconds, person.beats[1:], 60 / np.diff(person.beats))
    yield "HR.csv", _e4_signal(start + 10, 1, rate, 2)
    intervals = np.stack([person.beats[1:], np.diff(person.beats)])
    yield "IBI.csv", f"{start:.6f}, IBI\n" + _csv(intervals, 6)
    yield "tags.csv", "".join(f"{start + span.start_s:.2f}\n" for span in person.spans[1:])
    yield "info.txt", E4_INFO


def _e4_signal(start: float, rate_hz: float, values: Array, digits: int) -> str:
    """Text of a signal file: rows of start, rate and samples, a column a channel."""
    channels = np.atleast_2d(values)
    head = [", ".join([f"{number:.6f}"] * len(channels)) for number in (start, rate_hz)]
    return "\n".join(head) + "\n" + _csv(channels, digits)


def _csv(columns: Array, digits: int) -> str:
    """Rows without a header; shape (columns, rows)."""
    import polars as pl

    text = io.StringIO()
    table = pl.DataFrame({str(place): column for place, column in enumerate(columns)})
    if digits == 0:
        table = table.cast(pl.Int64)
    table.write_csv(text, include_header=False, float_precision=digits)
    return text.getvalue()


def _write_subjects(cohort: Cohort, folder: Path) -> None:
    """Write the table of ages and sexes."""
    import polars as pl

    rows = [{"subject": person.subject, "age": person.age, "sex": person.sex} for person in cohort.people]
    pl.DataFrame(rows).write_csv(folder / "subjects.csv")


def _write_labels(cohort: Cohort, folder: Path) -> None:
    """Write the table of conditions: a row a second."""
    import polars as pl

    rows = [
        {"Participant": int(person.subject[1:]), "Time(sec)": person.start_unix + second, "Label": label}
        for person in cohort.people
        for span in person.spans
        for label in [int(span.condition == "stress")]
        for second in range(round(span.start_s), round(span.stop_s))
    ]
    pl.DataFrame(rows).write_csv(folder / "labels.csv")
