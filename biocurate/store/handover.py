"""Hand a stored recording over to MNE and xarray, in their units and with nothing hidden."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import StoreError
from biocurate.recording import NS

if TYPE_CHECKING:
    import mne
    import polars as pl


class StoredRecording(Protocol):
    """What is needed of a recording: its row, its samples, its annotations."""

    recording_id: str
    row: Mapping[str, Any]

    @property
    def streams(self) -> pl.DataFrame:
        """One row a stream."""
        ...

    def read(self, sensor: str, start_s: float = 0.0, stop_s: float | None = None) -> NDArray[Any]:
        """Read a span of one sensor type."""
        ...

    def annotations(self) -> pl.DataFrame:
        """One row an annotation."""
        ...


MNE_TYPES = {
    "EEG": "eeg",
    "EOG": "eog",
    "ECG": "ecg",
    "EMG": "emg",
    "RESP": "resp",
    "GSR": "gsr",
    "TEMP": "temperature",
}
"""Sensor types that MNE knows; every other is its ``misc``."""

MNE_FACTORS = {"uV": 1e-6, "mV": 1e-3, "V": 1.0, "uS": 1e-6, "degC": 1.0}
"""From canonical units to the SI units that MNE keeps."""


class SuspectUnitWarning(UserWarning):
    """Channels are handed over whose unit is not to be trusted."""


def to_mne(recording: StoredRecording, sensors: str | Sequence[str] | None) -> mne.io.RawArray:
    """Make an MNE ``Raw`` of the chosen sensor types, which must share one rate.

    Warns
    -----
    SuspectUnitWarning
        Where the unit of a channel is suspect: MNE has volts, and no place to say that they are none.

    Raises
    ------
    StoreError
        Where rates differ: MNE holds one rate, and nothing is resampled in silence.
    """
    import mne

    streams = recording.streams
    named = [sensors] if isinstance(sensors, str) else sensors
    chosen = named or streams["sensor_type"].unique(maintain_order=True).to_list()
    rates = {sensor: _rate(recording, sensor) for sensor in chosen}
    if len(set(rates.values())) != 1:
        listed = ", ".join(f"{sensor} at {rate:g} Hz" for sensor, rate in rates.items())
        raise StoreError(
            f"MNE holds one sampling rate; here are {listed}.",
            where=recording.recording_id,
            mend="Choose sensors of one rate: to_mne(['EEG']).",
        )
    rate, blocks, names, kinds = next(iter(rates.values())), [], [], []
    stop_s = recording.row["duration_ns"] / NS
    for sensor in chosen:
        block, channels = recording.read(sensor, 0, stop_s).astype(np.float64), _channels(recording, sensor)
        factors = [MNE_FACTORS.get(unit, 1.0) for _, unit in channels]
        blocks.append(block * np.array(factors)[:, None])
        names += [name for name, _ in channels]
        kinds += [MNE_TYPES.get(sensor, "misc")] * len(channels)
    _warn_of_suspects(recording, chosen)
    data = np.concatenate(blocks)
    raw = mne.io.RawArray(data, mne.create_info(names, rate, kinds), verbose="error")
    raw.set_annotations(_annotations(recording, data, rate))
    return raw


def _warn_of_suspects(recording: StoredRecording, sensors: Sequence[str]) -> None:
    from biocurate.sensors import SensorType

    wanted = {str(SensorType.parse(sensor)) for sensor in sensors}
    channels = [item for row in recording.row["streams"] if row["sensor_type"] in wanted for item in row["channels"]]
    named = dict.fromkeys(item["name"] for item in channels if item["unit_status"] == "suspect")
    if named:
        said = f"{recording.recording_id}: the unit of {', '.join(named)} is suspect"
        warnings.warn(f"{said}; its `row['warnings']` say why.", SuspectUnitWarning, stacklevel=4)


def _rate(recording: StoredRecording, sensor: str) -> float:
    from biocurate.sensors import SensorType

    wanted = str(SensorType.parse(sensor))
    return float(next(row["rate_hz"] for row in recording.row["streams"] if row["sensor_type"] == wanted))


def _channels(recording: StoredRecording, sensor: str) -> list[tuple[str, str]]:
    """Name and canonical unit of each channel of a sensor type, in the order in which `read` gives them."""
    from biocurate.sensors import SensorType

    wanted = str(SensorType.parse(sensor))
    found: dict[tuple[str, int], tuple[str, str]] = {}
    for row in recording.row["streams"]:
        names = [item["name"] for item in row["channels"]] if row["sensor_type"] == wanted else []
        for place, name in enumerate(names):
            twin = names[:place].count(name)
            shown = f"{name}-{twin + 1}" if twin else name
            found.setdefault((name, twin), (shown, row["channels"][place]["canonical_unit"]))
    return list(found.values())


def _annotations(recording: StoredRecording, data: np.ndarray[Any, Any], rate: float) -> mne.Annotations:
    import mne

    rows = recording.annotations()
    onset = (rows["onset_ns"].to_numpy() / NS).tolist()
    duration = (rows["duration_ns"].to_numpy() / NS).tolist()
    said = rows.select("kind", "value", "text").iter_rows()
    text = [f"{kind}/{text if value is None else value}" for kind, value, text in said]
    missing = np.isnan(data).any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    for first, stop in edges.reshape(-1, 2):
        onset.append(first / rate)
        duration.append((stop - first) / rate)
        text.append("BAD_gap")
    return mne.Annotations(onset, duration, text)


def to_xarray(recording: StoredRecording) -> Any:  # noqa: ANN401
    """Make an xarray ``Dataset``: one variable a sensor type, with its own channel and time axes."""
    import xarray

    variables = {}
    for sensor in dict.fromkeys(row["sensor_type"] for row in recording.row["streams"]):
        channels, block = _channels(recording, sensor), recording.read(sensor)
        rate = _rate(recording, sensor)
        low = sensor.lower()
        coordinates = {
            f"{low}_channel": [name for name, _ in channels],
            f"{low}_time": np.arange(block.shape[1]) / rate,
        }
        units = sorted({unit for _, unit in channels})
        attributes = {"units": units[0] if len(units) == 1 else str(units), "rate_hz": rate}
        variables[sensor] = xarray.DataArray(block, coordinates, (f"{low}_channel", f"{low}_time"), attrs=attributes)
    return xarray.Dataset(variables, attrs={"recording_id": recording.recording_id})
