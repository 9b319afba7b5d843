"""Where electrodes and leads are: metres on a head, and directions around a chest."""

from __future__ import annotations

import csv
import math
from functools import lru_cache
from importlib.resources import files

from biocurate.sensors.types import SensorType

Place = tuple[float, float, float]

LEADS: dict[str, tuple[float, float]] = {
    "I": (1 / 2, 1 / 2),
    "II": (5 / 6, 1 / 2),
    "III": (5 / 6, -1 / 2),
    "aVR": (1 / 3, -1 / 2),
    "aVL": (1 / 3, 1 / 2),
    "aVF": (1.0, 1 / 2),
    "V1": (1 / 2, -1 / 18),
    "V2": (1 / 2, 1 / 18),
    "V3": (19 / 36, 1 / 12),
    "V4": (11 / 20, 1 / 6),
    "V5": (8 / 15, 1 / 3),
    "V6": (8 / 15, 1 / 2),
}
"""Directions of the twelve leads in units of pi: from the top, and around the body from the front.

Source: Nef-Net (Chen et al., Electrocardio Panorama, IJCAI 2021, paper 495). PanLUNA's published code has V2's
direction for V3, too; Nef-Net's own is taken here.
"""


def place(sensor: SensorType, name: str) -> Place | None:
    """Say where a channel is.

    Parameters
    ----------
    sensor : SensorType
    name : str
        Canonical name: an electrode, a pair of them such as ``F7-T7``, or a lead.

    Returns
    -------
    tuple of float, or None where nothing is known
        EEG: metres to the right, to the front and up from the middle of the head; of a pair, half-way between both.
        ECG: two angles in radians, see `LEADS`, and 0.
    """
    if sensor == SensorType.ECG:
        angles = LEADS.get(name)
        return None if angles is None else (math.pi * angles[0], math.pi * angles[1], 0.0)
    if sensor not in (SensorType.EEG, SensorType.EOG):
        return None
    ends = [_electrodes().get(end) for end in name.split("-")]
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(ends):
        return None
    right, front, up = (sum(axis) / len(known) for axis in zip(*known, strict=True))
    return right, front, up


@lru_cache(maxsize=1)
def _electrodes() -> dict[str, Place]:
    """Places of electrodes by canonical name, in metres.

    The 10-05 system on the Colin27 head, as MNE's montage ``standard_1005`` has it: Oostenveld & Praamstra 2001,
    https://doi.org/10.1016/S1388-2457(00)00527-7. The cerebellar CB1 and CB2 of Neuroscan caps are POO7 and POO8.
    """
    table = files("biocurate.sensors").joinpath("electrodes.csv").read_text("utf-8")
    axes = ("right_mm", "front_mm", "up_mm")
    return {
        row["name"]: (float(row[axes[0]]) / 1e3, float(row[axes[1]]) / 1e3, float(row[axes[2]]) / 1e3)
        for row in csv.DictReader(table.splitlines())
    }
