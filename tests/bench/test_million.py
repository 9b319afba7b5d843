"""`biocurate bench million`: a run that is counted whole, of a limit, and of which nothing stays."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from biocurate.cli.bench import app
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put


def test_a_limit_is_drawn_or_what_there_is_and_the_store_stays_as_it_was(tmp_path):
    store = create_store(str(tmp_path / "s"))
    streams = {f"a/{number}": noise_stream("EEG", 64, [(0, 1920)], ["Cz", "Oz"], seed=number) for number in range(2)}
    put(store, {name: Recording((stream,), ()) for name, stream in streams.items()}, {name: name for name in streams})
    fields = {"name": "m", "windows": {"length": "5s"}, "split": {"method": "kfold", "folds": 2}}
    build_manifest(store, parse_definition(fields))
    before = sorted(path.name for path in Path(store.url).rglob("*"))
    arguments = ["million", "--manifest", "m", "--sensor", "EEG", "--store", store.url, "--workers", "0", "--json"]
    arguments += ["--representation", "spectrogram-psd", "--representation", "waveform"]
    for limit, drawn in ((10, 10), (1000, 24)):
        done = CliRunner().invoke(app, [*arguments, "--limit", str(limit)], catch_exceptions=False)
        rows = json.loads(done.output[done.output.index("[") : done.output.rindex("]") + 1])
        assert [row["images"] for row in rows] == [drawn, drawn]
        assert [row["representation"] for row in rows] == ["spectrogram-psd", "waveform"]
        assert all(row["seconds"] > 0 and row["MB"] > 0 for row in rows)
    assert sorted(path.name for path in Path(store.url).rglob("*")) == before
