"""The formats that are read by MNE, by the ending of their names, and what MNE does not promise for each.

Left out are formats with a reader of their own (EDF, BDF: MNE closes their gaps and resamples slow signals), those
whose every file cannot be told before it is opened, and those whose scale is not what MNE says (.nxe).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from biocurate.errors import SourceError
from biocurate.formats.brainvision.text import read_text
from biocurate.formats.mat.check import refuse_broken_mat
from biocurate.formats.mne.fif import fif_parts
from biocurate.formats.pointers import pointed
from biocurate.formats.source import Source

FLOAT = "Read by MNE: its samples are floating-point numbers in SI units, not the file's own numbers."
ONE_RATE = "Its signals have several sampling rates; MNE has resampled them all to the highest."
NO_PAUSES = "MNE does not tell where recording was paused in this format; it is read as continuous."
NO_DATE = "Its date may be day before month or month before day; the recording has no start time."
MICROVOLTS = "Its format states no units; MNE takes every value for microvolts."
_OWN = {"edf": "edf", "bdf": "edf", "hea": "wfdb"}


@dataclass(frozen=True)
class Kind:
    """One format."""

    function: str
    """Of `mne.io`."""
    files: Callable[[Source], list[Source]] | None
    """Every file of a recording; None where only MNE can tell, which opens none of them for its header."""
    notes: tuple[str, ...] = ()
    """What cannot be promised, beyond that samples are floats."""
    check: Callable[[Source], None] | None = None
    """Refuses a file that MNE would not survive."""
    typed: bool = False
    """Whether the file says what its channels measure, so that MNE's type is more than a default."""
    states_unit: bool = True
    dated: bool = True
    """Whether its start time can be relied on."""


def _alone(source: Source) -> list[Source]:
    return [source]


def _brainvision(source: Source) -> list[Source]:
    """Header, data and markers under the names in the header: MNE takes no other data file."""
    common = dict(read_text(source).sections.get("common infos", []))
    files = [pointed(source, common[key]) for key in ("datafile", "markerfile") if common.get(key)]
    for file in files:
        if not file.exists:
            raise SourceError(
                "names a file that is not there.", where=source.virtual, mend="Put it beside it, under that name."
            )
    return [source, *files]


KINDS = {
    "fif": Kind("read_raw_fif", fif_parts, typed=True),
    "set": Kind("read_raw_eeglab", None, notes=(MICROVOLTS,), check=refuse_broken_mat, states_unit=False),
    "gdf": Kind("read_raw_gdf", _alone),
    "cnt": Kind("read_raw_cnt", _alone, notes=(NO_PAUSES, NO_DATE), dated=False),
    "vhdr": Kind("read_raw_brainvision", _brainvision),
}
"""By ending."""


def kind_of(source: Source) -> Kind:
    """Find the format of a file by the ending of its name.

    Raises
    ------
    SourceError
        It is none of them.
    """
    ending = source.name.rpartition(".")[2].lower()
    if ending in KINDS:
        return KINDS[ending]
    others = ", ".join(f".{known}" for known in KINDS)
    own = f"Use the reader `{_OWN[ending]}`." if ending in _OWN else "Convert it, or write a reader as a plug-in."
    raise SourceError(f"has an ending that is not read by MNE here (known: {others}).", where=source.virtual, mend=own)
