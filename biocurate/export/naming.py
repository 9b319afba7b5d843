"""Names of the files that a recording becomes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from biocurate.errors import ExportError
from biocurate.export.clocks import Clock

_NOT_IN_A_RECORD = re.compile(r"[^A-Za-z0-9_-]")


def place_of(recording_id: str) -> tuple[PurePosixPath, str]:
    """Give folder, below the one that is exported to, and name: a recording's id is its path.

    Raises
    ------
    ExportError
        The id would lead out of the folder.
    """
    path = PurePosixPath(recording_id)
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise ExportError("its id is no path below a folder.", mend="Write it with write_edf(recording, path).")
    return path.parent, path.name


def record_name(name: str) -> str:
    """Give the name with the characters that a WFDB record's can have: header(5), "record name"."""
    return _NOT_IN_A_RECORD.sub("_", name)


def file_stem(name: str, number: int, clock: Clock | None, n_files: int) -> str:
    """Give one of the files of a recording its name: the recording's own, where it is the only one."""
    if n_files < 2 or clock is None:
        return name
    sensors = dict.fromkeys(str(stream.sensor_type) for stream in clock.streams)
    return f"{name}_{number}_{'-'.join(sensors)}"
