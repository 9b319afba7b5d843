"""The `mne` reader: what MNE gives, what it does not promise, and gaps that stay gaps.

Files are written by MNE (FIF), by scipy (EEGLAB's .set), or byte by byte (GDF, CNT) from the formats' descriptions.
"""

from __future__ import annotations

import pickle
import struct
import sys
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import mne
import numpy as np
import pytest
import scipy.io

from biocurate.errors import SourceError, UsageError
from biocurate.formats import Source, reader
from biocurate.formats.mne.kinds import FLOAT, MICROVOLTS, NO_DATE, NO_PAUSES, ONE_RATE
from biocurate.recording import NS, Annotation, Recording, Segment
from biocurate.sensors import SensorType

READER = reader("mne")
OPTIONS = READER.Options()
RATE = 200.0
MET = datetime(2020, 3, 2, 10, 20, 30, tzinfo=UTC)


def noise(n_channels: int = 3, n_samples: int = 2000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3e-5, (n_channels, n_samples))


def raw_array(data: np.ndarray, first_samp: int = 0, born: tuple[int, int, int] | None = None) -> mne.io.RawArray:
    names = ["Cz", "heart", "TRIGGER"][: len(data)]
    info = mne.create_info(names, RATE, ["eeg", "ecg", "stim"][: len(data)])
    raw = mne.io.RawArray(data, info, first_samp=first_samp, verbose="error")
    raw.set_meas_date(MET)
    if born:
        raw.info["subject_info"] = {"his_id": "Jane", "birthday": date(*born), "sex": 2}
    return raw


def save(raw: mne.io.RawArray, folder: Path, **options: object) -> Source:
    raw.save(folder / "rec_raw.fif", verbose="error", overwrite=True, **options)
    return Source(folder, "rec_raw.fif")


def with_skips(raw: mne.io.RawArray, *spans: tuple[float, float]) -> mne.io.RawArray:
    onsets, lengths = [a + raw.first_time for a, _ in spans], [b for _, b in spans]
    told = mne.Annotations(onsets, lengths, "BAD_ACQ_SKIP", orig_time=raw.info["meas_date"])
    return raw.set_annotations(told, verbose="error")


def samples(recording: Recording) -> np.ndarray:
    return np.concatenate([stream.digital for stream in recording.streams])


# FIF


def test_samples_are_mnes_own_in_float32(tmp_path):
    data = noise()
    source = save(raw_array(data), tmp_path)
    recording = READER.read(source, OPTIONS)
    theirs = mne.io.read_raw_fif(tmp_path / "rec_raw.fif", preload=True, verbose="error").get_data()
    assert {stream.samples.dtype.name for stream in recording.streams} == {"float32"}
    assert np.array_equal(samples(recording), theirs.astype(np.float32))
    assert recording.warnings == (FLOAT,)


def test_doubles_stay_doubles(tmp_path):
    data = noise()
    recording = READER.read(save(raw_array(data), tmp_path, fmt="double"), OPTIONS)
    assert np.array_equal(samples(recording), data)


def test_types_units_and_subject_are_the_files(tmp_path):
    recording = READER.read(save(raw_array(noise(), born=(1990, 3, 3)), tmp_path), OPTIONS)
    assert [(stream.sensor_type, stream.channels[0].unit) for stream in recording.streams] == [
        (SensorType.EEG, "V"), (SensorType.ECG, "V"), (SensorType.TRIG, "V")
    ]  # fmt: skip
    assert (recording.age, recording.sex) == (29.0, "F")
    assert recording.start_unix_ns == int(MET.timestamp()) * NS
    assert "Jane" not in repr(recording)


@pytest.mark.parametrize("first_samp", [0, 1234])
def test_a_skip_is_a_gap_and_its_filler_is_left_out(tmp_path, first_samp):
    """FIFF: a skipped stretch of data; MNE puts zeros there and says BAD_ACQ_SKIP."""
    data = noise()
    raw = with_skips(raw_array(data, first_samp), (2.0, 1.0), (5.0, 0.5))
    raw.annotations.append(6.0 + raw.first_time, 0.25, "spindle")
    recording = READER.read(save(raw, tmp_path, buffer_size_sec=0.5), OPTIONS)
    stream = recording.streams[0]
    assert stream.segments == (Segment(0, 400), Segment(3 * NS, 400), Segment(5 * NS + NS // 2, 900))
    kept = np.concatenate([data[:, :400], data[:, 600:1000], data[:, 1100:]], axis=1)
    assert np.allclose(samples(recording), kept, rtol=1e-6, atol=0)
    assert np.array_equal(stream.samples.read(390, 910), stream.digital[:, 390:910])
    assert recording.annotations == (Annotation(6 * NS, NS // 4, "event", "spindle"),)
    assert recording.start_unix_ns == int(MET.timestamp()) * NS + round(first_samp / RATE * NS)
    assert recording.warnings == (
        FLOAT,
        "Where acquisition was skipped, the samples that MNE puts there are left out (gaps: 2).",
        "Recording was paused, or the data were cut (gaps: 2); each part is a segment.",
    )


def test_a_seam_is_a_gap_of_unknown_length(tmp_path):
    """`mne.concatenate_raws` writes EDGE boundary and BAD boundary where it joined."""
    joined = mne.concatenate_raws([raw_array(noise(seed=1)), raw_array(noise(seed=2))], verbose="error")
    recording = READER.read(save(joined, tmp_path), OPTIONS)
    assert recording.streams[0].segments == (Segment(0, 2000), Segment(10 * NS, 2000))
    assert recording.warnings[2] == "It does not say how long its gaps last (gaps: 1); what follows is laid close."
    assert recording.annotations == ()


def test_all_parts_of_a_split_recording_are_companions(tmp_path):
    data = noise(3, 400_000)
    source = save(raw_array(data), tmp_path, split_size="3MB")
    files = READER.companions(source, OPTIONS)
    assert [file.path for file in files] == ["rec_raw.fif", "rec_raw-1.fif", "rec_raw-2.fif"]
    recording = READER.read(source, OPTIONS)
    assert recording.streams[0].segments == (Segment(0, 400_000),)
    assert np.allclose(samples(recording), data, rtol=1e-6, atol=0)
    header = READER.read_header(source, OPTIONS)
    assert header.n_bytes == sum(path.stat().st_size for path in tmp_path.glob("*.fif"))
    assert [signal.n_samples for signal in header.signals] == [400_000] * 3
    (tmp_path / "rec_raw-1.fif").unlink()
    with pytest.raises(SourceError, match="next part that is not there"):
        READER.read(source, OPTIONS)


def test_a_next_part_outside_the_root_is_not_opened(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    source = save(raw_array(noise(3, 400_000)), root, split_size="3MB")
    path = root / "rec_raw.fif"
    raw = path.read_bytes()
    assert raw.count(b"rec_raw-1.fif") == 1
    path.write_bytes(raw.replace(b"rec_raw-1.fif", b"../../../etc/"))
    with pytest.raises(SourceError, match="outside the folder"):
        READER.companions(source, OPTIONS)


def test_samples_are_read_by_ranges_and_cross_a_process_boundary(tmp_path):
    data = noise()
    stream = READER.read(save(raw_array(data), tmp_path), OPTIONS).streams[1]
    again = pickle.loads(pickle.dumps(stream.samples))
    assert np.allclose(again.read(500, 900), data[1:2, 500:900], rtol=1e-6, atol=0)


# EEGLAB


def write_set(
    folder: Path, data: np.ndarray, events: list[tuple[float, str, float]], pointer: str = "rec.fdt"
) -> Source:
    """EEG structure of EEGLAB with its samples in a .fdt: float32, all channels of an instant side by side."""
    (folder / "rec.fdt").write_bytes(data.T.astype("<f4").tobytes())
    kind = [("latency", object), ("type", object), ("duration", object)]
    names = np.array([(f"C{i + 3}",) for i in range(len(data))], dtype=[("labels", object)])
    eeg = {
        "setname": "x", "nbchan": len(data), "trials": 1, "pnts": data.shape[1], "srate": RATE, "xmin": 0.0,
        "xmax": 1.0, "data": pointer, "chanlocs": names, "icawinv": [], "icaweights": [], "icasphere": [],
        "event": np.array(events, dtype=kind) if events else [],
    }  # fmt: skip
    scipy.io.savemat(folder / "rec.set", {"EEG": eeg})
    return Source(folder, "rec.set")


def test_eeglab_microvolts_are_volts_by_assumption(tmp_path):
    data = noise() * 1e6
    source = write_set(tmp_path, data, [(11.0, "S 1", 0.0)])
    recording = READER.read(source, OPTIONS)
    assert [file.path for file in READER.companions(source, OPTIONS)] == ["rec.set", "rec.fdt"]
    assert np.allclose(samples(recording), data * 1e-6, rtol=1e-6, atol=0)
    assert {channel.unit_status for stream in recording.streams for channel in stream.channels} == {"unknown"}
    assert recording.warnings == (FLOAT, MICROVOLTS)
    assert recording.annotations == (Annotation(50_000_000, 0, "event", "S 1"),)


def test_eeglab_boundaries_are_gaps_as_long_as_what_was_cut_out(tmp_path):
    """EEGLAB: a boundary event lies between two samples (latency n.5) and its duration is the samples cut out."""
    events = [(0.5, "boundary", 700.0), (400.5, "boundary", 100.0), (501.0, "S 1", 0.0), (1000.5, "boundary", np.nan)]
    recording = READER.read(write_set(tmp_path, noise() * 1e6, events), OPTIONS)
    assert recording.streams[0].segments == (
        Segment(0, 400), Segment(2 * NS + NS // 2, 600), Segment(5 * NS + NS // 2, 1000)
    )  # fmt: skip
    assert recording.annotations == (Annotation(3 * NS, 0, "event", "S 1"),)
    assert "It does not say how long its gaps last (gaps: 1); what follows is laid close." in recording.warnings


def test_eeglab_data_outside_the_root_are_refused(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    source = write_set(root, noise(), [], pointer="../far.fdt")
    (root / "rec.fdt").rename(tmp_path / "far.fdt")
    for look in (READER.companions, READER.read_header, READER.read):
        with pytest.raises(SourceError, match="outside the folder"):
            look(source, OPTIONS)


@pytest.mark.parametrize("change", [-4000, -1, 12])
def test_eeglab_data_of_another_length_are_refused(tmp_path, change):
    source = write_set(tmp_path, noise() * 1e6, [])
    data = (tmp_path / "rec.fdt").read_bytes()
    (tmp_path / "rec.fdt").write_bytes(data[:change] if change < 0 else data + bytes(change))
    with pytest.raises(SourceError, match="not what its"):
        READER.read_header(source, OPTIONS)


# GDF


def write_gdf(
    folder: Path,
    per_record: tuple[int, ...] = (200, 200),
    units: tuple[int, ...] = (4275, 4275),
    events: tuple[tuple[int, int], ...] = (),
    cut: int = 0,
) -> tuple[Source, list[np.ndarray]]:
    """GDF 2.11, ten records of one second of int16: arXiv cs/0608052, tables 1 to 4."""
    n, rng = len(per_record), np.random.default_rng(3)
    fixed = b"GDF 2.11" + b"X X".ljust(66) + bytes(10) + bytes([0, 0, 0, 2]) + b" " * 64 + bytes(16)
    fixed += struct.pack("<QQ", 0, 0) + struct.pack("<H", 1 + n) + bytes(50)
    fixed += struct.pack("<qIIHH", 10, 1, 1, n, 0)
    assert len(fixed) == 256
    per_signal = b"".join(f"C{i + 3}".encode().ljust(16, b"\x00") for i in range(n)) + bytes(86 * n)
    per_signal += struct.pack(f"<{n}H", *units)
    for limit in (-3276.8, 3276.7, -32768.0, 32767.0):
        per_signal += struct.pack(f"<{n}d", *[limit] * n)
    per_signal += bytes(68 * n) + bytes(12 * n) + struct.pack(f"<{n}i", *per_record) + struct.pack(f"<{n}i", *[3] * n)
    per_signal += bytes(32 * n)
    signals = [rng.integers(-2000, 2000, (10, length)).astype("<i2") for length in per_record]
    records = b"".join(signal[record].tobytes() for record in range(10) for signal in signals)
    table = bytes([1]) + len(events).to_bytes(3, "little") + struct.pack("<f", RATE)
    table += b"".join(struct.pack("<I", place) for place, _ in events)
    table += b"".join(struct.pack("<H", code) for _, code in events)
    (folder / "rec.gdf").write_bytes((fixed + per_signal + records + table)[: -cut or None])
    return Source(folder, "rec.gdf"), [signal.ravel() for signal in signals]


def test_gdf_is_read_in_volts(tmp_path):
    source, signals = write_gdf(tmp_path, events=((101, 769),))
    recording = READER.read(source, OPTIONS)
    assert np.allclose(samples(recording), np.array(signals) * 1e-7, rtol=1e-5, atol=1e-12)
    assert {channel.unit_status for channel in recording.streams[0].channels} == {"declared"}
    assert recording.warnings == (FLOAT,)
    assert [(made.onset_ns, made.value) for made in recording.annotations] == [(NS // 2, "769")]


def test_gdf_of_several_rates_says_that_it_was_resampled(tmp_path):
    source, _ = write_gdf(tmp_path, per_record=(200, 100))
    assert ONE_RATE in READER.read_header(source, OPTIONS).warnings


def test_gdf_units_that_mne_takes_for_volts_are_suspect(tmp_path):
    """ISO/IEEE 11073-10101: 4276 is nanovolts, 512 no unit at all."""
    source, _ = write_gdf(tmp_path, per_record=(200,) * 4, units=(4275, 4274, 4276, 512))
    recording = READER.read(source, OPTIONS)
    status = {channel.label: channel.unit_status for stream in recording.streams for channel in stream.channels}
    assert list(status.values()) == ["declared", "declared", "suspect", "suspect"]
    assert "MNE gives volts where the file does not say so (channels: 2)." in recording.warnings


def test_gdf_event_0x7ffe_opens_a_segment(tmp_path):
    source, _ = write_gdf(tmp_path, events=((1, 0x7FFE), (601, 0x7FFE)))
    assert READER.read(source, OPTIONS).streams[0].segments == (Segment(0, 600), Segment(3 * NS, 1400))


def test_gdf_that_is_cut_off_is_refused(tmp_path):
    source, _ = write_gdf(tmp_path, cut=500)
    with pytest.raises(SourceError, match="ends inside its data records"):
        READER.read_header(source, OPTIONS)


# CNT and BrainVision's text files


def write_cnt(folder: Path) -> tuple[Source, np.ndarray]:
    """Neuroscan 4: a header of 900 bytes, 75 a channel, int16 side by side, an event table of type 1."""
    data = np.random.default_rng(5).integers(-2000, 2000, (2, 1000)).astype("<i2")
    head = bytearray(900 + 75 * 2)
    table = len(head) + data.nbytes
    for place, form, value in ((370, "<H", 2), (376, "<H", 200), (864, "<i", 1000), (886, "<i", table)):
        struct.pack_into(form, head, place, value)
    head[225:243] = b"03/02/20  10:20:30"[:18]
    for i in range(2):
        at = 900 + 75 * i
        head[at : at + 2] = f"C{i + 3}".encode()
        struct.pack_into("<f", head, at + 59, 204.8)
        struct.pack_into("<f", head, at + 71, 1.0)
    event = struct.pack("<HBcl", 7, 0, b"\x00", len(head) + 4 * 101)
    (folder / "rec.cnt").write_bytes(bytes(head) + data.T.tobytes() + struct.pack("<Bll", 1, 8, 0) + event)
    return Source(folder, "rec.cnt"), data


def test_cnt_is_read_in_volts_and_says_what_is_not_known(tmp_path):
    source, data = write_cnt(tmp_path)
    recording = READER.read(source, OPTIONS)
    assert np.allclose(samples(recording), data * 1e-6, rtol=1e-5, atol=1e-12)
    assert recording.start_unix_ns is None
    assert recording.warnings[:3] == (FLOAT, NO_PAUSES, NO_DATE)
    assert [made.value for made in recording.annotations] == ["7"]


def test_brainvision_text_data_are_read_by_mne(tmp_path):
    data = np.round(noise(2, 50) * 1e6, 3)
    (tmp_path / "rec.eeg").write_text("\n".join(" ".join(map(str, row)) for row in data.T))
    (tmp_path / "rec.vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Marker Infos]\n"
        "Mk1=New Segment,,1,1,0,20200302102030123456\nMk2=New Segment,,21,1,0,20200302102031123456\n"
    )
    (tmp_path / "rec.vhdr").write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nCodepage=UTF-8\nDataFile=rec.eeg\n"
        "MarkerFile=rec.vmrk\nDataFormat=ASCII\nDataOrientation=MULTIPLEXED\nNumberOfChannels=2\n"
        "SamplingInterval=5000\n[ASCII Infos]\nDecimalSymbol=.\nSkipLines=0\nSkipColumns=0\n[Channel Infos]\n"
        "Ch1=C3,,1,µV\nCh2=C4,,1,µV\n",
        encoding="utf-8",
    )
    source = Source(tmp_path, "rec.vhdr")
    assert [file.path for file in READER.companions(source, OPTIONS)] == ["rec.vhdr", "rec.eeg", "rec.vmrk"]
    recording = READER.read(source, OPTIONS)
    assert np.allclose(samples(recording), data * 1e-6, rtol=1e-5, atol=1e-12)
    assert [segment.n_samples for segment in recording.streams[0].segments] == [20, 30]


# what is refused


@pytest.mark.parametrize(("name", "mend"), [("a.edf", "`edf`"), ("a.xyz", "plug-in"), ("a", "plug-in")])
def test_an_ending_that_is_not_known_is_refused_with_the_reader_to_use(tmp_path, name, mend):
    (tmp_path / name).write_bytes(b"0")
    with pytest.raises(SourceError, match=mend):
        READER.read_header(Source(tmp_path, name), OPTIONS)


@pytest.mark.parametrize("ending", ["fif", "set", "gdf", "cnt", "vhdr"])
@pytest.mark.parametrize("content", [b"", b"<html><body>x</body></html>", b"GDF 2.11", bytes(2000), b"\xff" * 3000])
def test_what_is_no_recording_is_refused(tmp_path, ending, content):
    (tmp_path / f"a.{ending}").write_bytes(content)
    for look in (READER.companions, READER.read_header, READER.read):
        try:
            look(Source(tmp_path, f"a.{ending}"), OPTIONS)
        except SourceError as error:
            assert str(tmp_path) not in str(error)
        else:
            assert look == READER.companions and ending in ("gdf", "cnt", "vhdr")


def test_a_fif_file_that_is_cut_off_is_refused(tmp_path):
    source = save(raw_array(noise()), tmp_path, buffer_size_sec=1)
    path = tmp_path / "rec_raw.fif"
    whole = path.read_bytes()
    for length in range(100, len(whole), 501):
        path.write_bytes(whole[:length])
        with pytest.raises(SourceError, match="ends inside a tag"):
            READER.read_header(source, OPTIONS)


def test_a_fif_file_whose_tags_lead_back_is_refused(tmp_path):
    """MNE would follow them for ever."""
    source = save(raw_array(noise()), tmp_path)
    path = tmp_path / "rec_raw.fif"
    raw = bytearray(path.read_bytes())
    size = struct.unpack_from(">i", raw, 8)[0]
    struct.pack_into(">i", raw, 16 + size + 12, 16)  # the second tag's next one: itself, or what lies before it
    path.write_bytes(raw)
    with pytest.raises(SourceError, match="leads back"):
        READER.read_header(source, OPTIONS)


def test_without_mne_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mne", None)
    with pytest.raises(UsageError, match=r"biocurate\[interop\]"):
        READER.read_header(Source(tmp_path, "a.fif"), OPTIONS)


def test_the_extra_that_the_error_names_holds_mne():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert any(each.startswith("mne") for each in project["optional-dependencies"]["interop"])
