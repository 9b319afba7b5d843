"""Export of recordings out of a store: which ones, where to, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import polars as pl

from biocurate.engine import Progress, Silent
from biocurate.errors import BiocurateError, UsageError
from biocurate.export.edf import write_edf
from biocurate.export.labels import Labels
from biocurate.export.naming import place_of
from biocurate.export.restored import restored
from biocurate.export.target import Written
from biocurate.export.wfdb import write_wfdb
from biocurate.store.sql import condition
from biocurate.store.store import Store
from biocurate.store.stored import StoredRecording

Format = Literal["edf", "wfdb"]
_RIGHTS = "Add --i-have-rights (i_have_rights=True) if your agreement lets you make these files, or leave them out."


@dataclass(frozen=True)
class Refused:
    """A recording that was not written."""

    recording_id: str
    reason: str
    mend: str


@dataclass
class Outcome:
    """What became of each recording."""

    written: dict[str, Written] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 where all were written."""
        return 1 if self.refused else 0


def select(
    store: Store, *, recordings: Sequence[str] = (), corpus: str | None = None, where: str | None = None
) -> list[str]:
    """Find recordings by one of their ids, their corpus, or a condition on the columns of ``recordings``.

    Parameters
    ----------
    store : Store
    recordings : sequence of str
        Recording ids.
    corpus : str, optional
    where : str, optional
        What stands behind WHERE: ``subject = '02' AND duration_ns > 60e9``.

    Returns
    -------
    list of str
        Recording ids, sorted.

    Raises
    ------
    UsageError
        None or several ways to choose are given, or nothing is chosen.
    """
    if sum(map(bool, (recordings, corpus, where))) != 1:
        raise UsageError(
            "say which recordings to export, in one way.", mend="Give --recording ID, --corpus NAME or --where SQL."
        )
    if recordings:
        return sorted(dict.fromkeys(recordings))
    if where:
        found = store.sql(f"SELECT recording_id FROM recordings WHERE {condition(where)}")
    else:
        found = store.recordings.filter(pl.col("corpus") == corpus).select("recording_id").collect()
    if found.is_empty():
        asked = f"corpus is {corpus!r}" if corpus else f"{where}"
        raise UsageError(f"no recording is there whose {asked}.", where=store.url, mend="See: biocurate status")
    return sorted(found["recording_id"].to_list())


def export(
    store: Store,
    recording_ids: Sequence[str],
    folder: Path,
    form: Format = "edf",
    *,
    labels: Labels = "all",
    scale: bool = False,
    pad: bool = False,
    overwrite: bool = False,
    i_have_rights: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Write recordings to files below a folder, ``<corpus>/<name>``; what cannot be written is told with its reason.

    Parameters
    ----------
    store : Store
    recording_ids : sequence of str
    folder : Path
    form : str
        ``edf`` (EDF+, or BDF+ where integers have more than 16 bits) or ``wfdb``.
    labels : str
        ``all``: the raw files' own annotations as these had them, and every other label; ``file``: only the former.
    scale, pad, overwrite : bool
        As for `write_edf`; WFDB needs no padding.
    i_have_rights : bool
        Whether the user may copy recordings of corpora whose access is credentialed.
    progress : Progress, optional

    Raises
    ------
    UsageError
        A recording is of a credentialed corpus, and nobody said that its files may be made.
    StoreError
        There is no recording of an id.
    """
    refuse_credentialed(store, recording_ids, i_have_rights)
    bar, outcome = progress or Silent(), Outcome()
    bar.start(len(recording_ids))
    write = partial(to_edf, pad=pad) if form == "edf" else to_wfdb
    for recording_id in recording_ids:
        stored = store.recording(recording_id)
        try:
            parent, name = place_of(recording_id)
            target = folder / parent / name
            made = write(stored, target, labels=labels, scale=scale, overwrite=overwrite, i_have_rights=i_have_rights)
            outcome.written[recording_id] = made
        except BiocurateError as error:
            # Files that already lie there, damage, and what the format cannot say are one recording's, not the run's.
            outcome.refused.append(Refused(recording_id, error.what, error.mend))
        bar.advance(1)
    return outcome


def refuse_credentialed(store: Store, recording_ids: Sequence[str], i_have_rights: bool) -> None:
    """Refuse recordings that only those may copy who signed for them."""
    chosen = store.recordings.filter(pl.col("recording_id").is_in(list(recording_ids)))
    closed = chosen.filter(pl.col("access") == "credentialed").select("corpus").unique().sort("corpus").collect()
    if closed.height and not i_have_rights:
        raise _credentialed(", ".join(closed["corpus"]))


def _credentialed(corpora: str) -> UsageError:
    return UsageError(
        f"{corpora} is credentialed: its recordings are only for those who signed for them.", mend=_RIGHTS
    )


def _checked(stored: StoredRecording, i_have_rights: bool) -> None:
    if stored.row["access"] == "credentialed" and not i_have_rights:
        raise _credentialed(stored.row["corpus"])


def to_edf(
    stored: StoredRecording,
    path: Path,
    *,
    labels: Labels = "all",
    scale: bool = False,
    pad: bool = False,
    overwrite: bool = False,
    i_have_rights: bool = False,
) -> Written:
    """Write one stored recording as EDF+ or BDF+; see `write_edf`.

    ``to_edf(store.recording("eegmat/Subject02_2"), Path("Subject02_2.edf"))``
    """
    _checked(stored, i_have_rights)
    return write_edf(restored(stored), path, labels=labels, scale=scale, pad=pad, overwrite=overwrite)


def to_wfdb(
    stored: StoredRecording,
    path: Path,
    *,
    labels: Labels = "all",
    scale: bool = False,
    overwrite: bool = False,
    i_have_rights: bool = False,
) -> Written:
    """Write one stored recording as a WFDB record, named like the last part of the path; see `write_wfdb`.

    ``to_wfdb(store.recording("ludb/1"), Path("records/1"))``
    """
    _checked(stored, i_have_rights)
    return write_wfdb(restored(stored), path.parent, path.name, labels=labels, scale=scale, overwrite=overwrite)
