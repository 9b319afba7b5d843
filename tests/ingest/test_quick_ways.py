"""Each quick way of the engine against the slow, obvious one."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import pytest

from biocurate.formats import reader
from biocurate.formats.source import Source
from biocurate.ingest.revision import signal_revision
from biocurate.recipes import Unit
from biocurate.store.runs import NAMED, versions

OPTIONS = [("edf", {}), ("edf", {"texts": "plain"}), ("wfdb", {"annotators": {"atr": {"kind": "beat"}}}), ("wfdb", {})]


@pytest.mark.parametrize("path", ["a.edf", 'sub/ä "b".edf', "a\\b"])
def test_a_signal_revision_is_a_hash_of_each_file_with_its_reader_and_options(path):
    files = tuple((Source(Path("root"), f"{path}{name}"), name, reader(name).Options(**said)) for name, said in OPTIONS)
    unit = Unit("corpus/a", "a", "1", None, None, "corpus/1", {}, files)
    hashes = [(source.virtual, f"{place}" * 64) for place, (source, _, _) in enumerate(files)]
    read = sorted(
        json.dumps(
            [source.virtual, name, reader(name).version, options.model_dump(mode="json", exclude_defaults=True)],
            sort_keys=True,
        )
        for source, name, options in files
    )
    texts = [unit.recording_id, *read, *sorted(f"{name} {sha256}" for name, sha256 in hashes)]
    assert signal_revision(unit, hashes) == hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]


def test_versions_are_those_that_packages_state():
    found = versions()
    assert found["numpy"] == version("numpy")
    assert set(found) <= set(NAMED)
    assert found == {name: version(name) for name in found}
