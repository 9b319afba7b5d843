"""Three lines of Python that read a window's samples from the raw file, by wfdb, MNE or pandas and not by us.

Each ends in ``x``, shape (channels, samples), in the canonical unit, in float64.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from biocurate.curate.explain.channels import is_scaled_anew
from biocurate.curate.explain.origin import Origin, virtual
from biocurate.curate.explain.samples import Span, in_time

Row = Mapping[str, Any]

MNE_VOLTS = {"uV": 1e-6, "µV": 1e-6, "μV": 1e-6, "mV": 1e-3, "V": 1.0}
"""Units of EDF that MNE turns into volts; it takes every other as it is."""


@dataclass(frozen=True)
class File:
    """A raw file, and what is read from it."""

    path: str
    """Below the root, as if archives were folders."""
    reader: str
    source: Row
    options: Any
    root: str

    @property
    def place(self) -> str:
        """Path on disk, of the archive for a member."""
        return f"{self.root}/{self.source['path']}"


@dataclass(frozen=True)
class Check:
    """Lines to check a stream by, or why there are none."""

    lines: tuple[str, ...] = ()
    note: str = ""


def lines_for(origin: Origin, stream: Row, channels: Sequence[Row], span: Span, root: str) -> Check:
    """Write the lines for one stream's span.

    Parameters
    ----------
    origin : Origin
    stream : mapping
        A row of ``streams``, as recorded.
    channels : sequence of mapping
        As `channel_facts` gives them.
    span : Span
    root : str
        Folder of the raw corpus, or what shall stand for it.
    """
    if origin.recipe is None:
        return Check(note="the store keeps no recipe of this recording, which would say how its files are read")
    if origin.recipe.hashes_names:
        return Check(note="the store holds hashes for the names of files; biocurate verify --deep compares its samples")
    files = [
        File(path, reader, source, origin.options(path, reader), root)
        for path, reader in origin.files()
        for source in origin.recording["sources"]
        if virtual(source) == path
    ]
    mine = [file for file in files if _may_hold(file, channels)]
    if len(mine) > 1 and all(file.reader == "csv" for file in mine):
        return _csv_among(mine, channels, span)
    if len(mine) != 1:
        return Check(note=f"{len(mine)} files may hold it, and the store does not say which")
    writer = _WRITERS.get(mine[0].reader)
    if writer is None:
        return Check(note=f"no lines are written for the format {mine[0].reader}; see biocurate verify --deep")
    return writer(origin, mine[0], stream, channels, span)


def _may_hold(file: File, channels: Sequence[Row]) -> bool:
    """Whether a file has the channels; columns that are called after their file tell."""
    if file.reader != "csv" or file.options is None or not file.options.labels_by_file_name:
        return True
    stem = PurePosixPath(file.path).stem
    return all(channel["label"] == stem or channel["label"].startswith(f"{stem} ") for channel in channels)


def _wfdb(origin: Origin, file: File, stream: Row, channels: Sequence[Row], span: Span) -> Check:
    if file.source["member"] is not None:
        return Check(note="wfdb reads no archives: unpack it beside itself")
    record = _text(file.place.removesuffix(".hea"))
    names = json.dumps([channel["label"] for channel in channels], ensure_ascii=False)
    anew = any(is_scaled_anew(origin, channel) for channel in channels)
    kind, physical = ("d", ", physical=False") if anew else ("p", "")
    scaled = _scaled([(each["scale"], each["shift"]) if anew else _from_unit(each) for each in channels])
    if sum(virtual(source).endswith(".hea") for source in origin.recording["sources"]) == 1:
        read = f"record = wfdb.rdrecord({record}, smooth_frames=False, ignore_skew=True{physical})"
        each = f"record.e_{kind}_signal[record.sig_name.index(name)][{span.first}:{span.first + span.count}]"
        picked = f"np.stack([{each} for name in {names}])"
    else:
        first = in_time(span, stream["rate_hz"])
        read = f"record = wfdb.rdrecord({record}, sampfrom={first}, sampto={first + span.count}{physical})"
        picked = f"record.{kind}_signal[:, [record.sig_name.index(name) for name in {names}]].T"
    return Check(("import numpy as np, wfdb", read, f"print(x := {picked}{scaled})"))


def _edf(origin: Origin, file: File, stream: Row, channels: Sequence[Row], span: Span) -> Check:
    if file.source["member"] is not None:
        return Check(note="MNE reads no archives: unpack it beside itself")
    labels = [channel["label"] for channel in channels]
    stop = span.first + span.count
    if any(is_scaled_anew(origin, channel) for channel in channels):
        # MNE gives physical values only, and by the header that the recipe overrules.
        scaled = _scaled([(channel["scale"], channel["shift"]) for channel in channels])
        opened = "read_bdf" if file.path.lower().endswith(".bdf") else "read_edf"
        each = f"edf.get_signal(name).digital[{span.first}:{stop}] for name in {_text(labels)}"
        lines = ("import edfio, numpy as np", f"edf = edfio.{opened}({_text(file.place)})")
        return Check((*lines, f"print(x := np.stack([{each}]){scaled})"))
    opened = "read_raw_bdf" if file.path.lower().endswith(".bdf") else "read_raw_edf"
    scaled = _scaled([_from_volts(channel) for channel in channels])
    return Check(
        (
            "import mne",
            f'raw = mne.io.{opened}({_text(file.place)}, include={_text(labels)}, verbose="error")',
            f"print(x := raw.get_data({_text(labels)}, start={span.first}, stop={stop}){scaled})",
        )
    )


def _csv(origin: Origin, file: File, stream: Row, channels: Sequence[Row], span: Span) -> Check:
    options = file.options
    if options is None or options.on_clock in _REORDERED:
        return Check(note=f"rows of {file.path} were put into another order or onto another grid by `on_clock`")
    if _has_names(options):
        columns = _text([channel["label"] for channel in channels])
    else:
        columns = json.dumps([_place(file, channel, options) for channel in channels])
    read = f"table = pd.read_csv({_opened(file)}, {_how(options)})"
    return Check((_imports([file]), read, _rows(columns, channels, span)))


def _csv_among(files: Sequence[File], channels: Sequence[Row], span: Span) -> Check:
    """Of several files, the one that has the columns; where two have them, the second line ends in an error."""
    how = {_how(file.options) for file in files if file.options is not None and _has_names(file.options)}
    if len(how) != 1 or any(file.options is None or not _has_names(file.options) for file in files):
        return Check(note=f"{len(files)} files may hold it, and the store does not say which")
    if any(file.options.on_clock in _REORDERED for file in files):
        return Check(note=f"rows of one of {len(files)} files were put into another order or onto another grid")
    columns = _text([channel["label"] for channel in channels])
    tables = f"(pd.read_csv(file, {how.pop()}) for file in [{', '.join(map(_opened, files))}])"
    read = f"[table] = [table for table in {tables} if set({columns}) <= set(table)]"
    return Check((_imports(files), read, _rows(columns, channels, span)))


_REORDERED = frozenset({"resample", "trust-stamps"})
"""Ways of `on_clock` after which samples are not the file's rows."""


def _has_names(options: Any) -> bool:  # noqa: ANN401
    """Whether a table's channels are called as its columns are."""
    return not options.labels_by_file_name and bool(_head(options))


def _head(options: Any) -> int:  # noqa: ANN401
    return 2 if options.layout == "e4" else int(options.header_rows)


def _imports(files: Sequence[File]) -> str:
    archived = any(file.source["member"] is not None for file in files)
    return "import zipfile, pandas as pd" if archived else "import pandas as pd"


def _opened(file: File) -> str:
    member = file.source["member"]
    return _text(file.place) if member is None else f"zipfile.ZipFile({_text(file.place)}).open({_text(member)})"


def _how(options: Any) -> str:  # noqa: ANN401
    """How pandas reads a table."""
    head = _head(options)
    if _has_names(options):
        above = [row for row in range(head) if row != options.names_row - 1]
        header = f"header=0, skiprows={above}, skipinitialspace=True"
    else:
        header = f"header=None, skiprows={head}"
    more = f', sep="{options.separator}", decimal="{options.decimal}"' if options.layout == "table" else ""
    more += f', comment="{options.comment[0]}"' if options.comment else ""
    if options.layout == "table":
        more += f", na_values={_text(options.missing)}"
    return f"{header}{more}, skip_blank_lines=False"


def _rows(columns: str, channels: Sequence[Row], span: Span) -> str:
    scaled = _scaled([(channel["scale"], channel["shift"]) for channel in channels])
    return f"print(x := table[{columns}].to_numpy(float)[{span.first}:{span.first + span.count}].T{scaled})"


def _place(file: File, channel: Row, options: Any) -> int:  # noqa: ANN401
    """Column of a channel that its file does not name."""
    if options.columns:
        return int(options.columns.index(channel["label"]))
    axis = str(channel["label"]).removeprefix(PurePosixPath(file.path).stem).strip()
    return 0 if not axis else "xyz".index(axis) if axis in "xyz" else int(axis) - 1


def _from_unit(channel: Row) -> tuple[float, float]:
    """From the file's unit to the canonical one."""
    factor = channel["scale"] / channel["gain"]
    return factor, channel["shift"] - channel["offset"] * factor


def _from_volts(channel: Row) -> tuple[float, float]:
    """From what MNE gives to the canonical unit."""
    factor, shift = _from_unit(channel)
    return factor / MNE_VOLTS.get(channel["unit"], 1.0), shift


def _scaled(scales: Sequence[tuple[float, float]]) -> str:
    factors, shifts = ([float(f"{each:.15g}") for each in column] for column in zip(*scales, strict=True))
    return f"{_operation('*', factors, 1.0)}{_operation('+', shifts, 0.0)}"


def _operation(sign: str, values: Sequence[float], nothing: float) -> str:
    if set(values) == {nothing}:
        return ""
    return f" {sign} {values[0]!r}" if len(set(values)) == 1 else f" {sign} {[[value] for value in values]}"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_WRITERS: dict[str, Callable[[Origin, File, Row, Sequence[Row], Span], Check]] = {
    "wfdb": _wfdb,
    "edf": _edf,
    "csv": _csv,
}
"""By reader."""
