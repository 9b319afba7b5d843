"""Recordings that go through a store into files and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from biocurate.export import Written, to_edf, to_wfdb
from biocurate.formats import Source, reader
from biocurate.recording import Recording
from biocurate.store.store import Store, create_store
from biocurate.testing.memory import put


@pytest.fixture
def store(tmp_path) -> Store:
    """A store; each example puts its recording in place of the last one."""
    return create_store(str(tmp_path / "store"))


@pytest.fixture
def exported(store, tmp_path) -> Callable[..., Written]:
    """Put a recording into the store and export it."""

    def run(recording: Recording, form: str = "edf", **options: bool) -> Written:
        put(store, {"m/r": recording})
        write = to_edf if form == "edf" else to_wfdb
        name = "r.edf" if form == "edf" else "r"
        return write(store.recording("m/r"), tmp_path / "out" / name, overwrite=True, **options)

    return run


def read_edf(path: Path) -> Recording:
    """Read an exported file, whose texts say their kind."""
    edf = reader("edf")
    return edf.read(Source(path.parent, path.name), edf.Options(texts="kind:value"))


def read_wfdb(path: Path, **annotators: dict) -> Recording:
    """Read an exported record."""
    wfdb = reader("wfdb")
    return wfdb.read(Source(path.parent, path.name), wfdb.Options(annotators=annotators))


@pytest.fixture
def from_edf() -> Callable[[Path], Recording]:
    return read_edf


@pytest.fixture
def from_wfdb() -> Callable[..., Recording]:
    return read_wfdb
