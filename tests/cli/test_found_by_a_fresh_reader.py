"""What a person met who had only the README: each with the command that showed it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put

HALVES = (interval(0, 20, "rest"), interval(20, 20, "task"))
NOWHERE = "/dev/null/x"


def recording(seed):
    streams = noise_stream("EEG", 64, [(0, 40 * 64)], seed=seed), noise_stream("GSR", 8, [(0, 320)], seed=seed)
    return Recording(streams, HALVES)


@pytest.fixture
def store(tmp_path):
    """Six persons at rest and under a task, and a manifest of three folds."""
    made = create_store(str(tmp_path / "store"))
    put(made, {f"c/p{number}": recording(number) for number in range(6)})
    fields = {"name": "m", "windows": {"length": "5s"}, "label": {"column": "condition"}}
    build_manifest(made, parse_definition({**fields, "split": {"method": "kfold", "folds": 3}}))
    return made


@pytest.fixture
def at(store):
    return "--store", store.url


def test_what_is_stale_is_listed_so_refused_and_read_at_its_snapshot(cli, store, at, tmp_path):
    pytest.importorskip("torch")
    drawing = ("--manifest", "m", "--sensor", "EEG", "--sensor", "GSR", "--set", "s", "--workers", 0)
    assert cli("images", "generate", *drawing, *at).code == 0
    then = store.snapshot_id
    put(store, {"c/p2": recording(99)})

    assert [row["stale"] for row in json.loads(cli("manifest", "list", *at, "--json").out)] == [True]
    shown = cli("manifest", "show", "m", *at)
    assert shown.code == 0
    assert "biocurate manifest build FILE" in shown.out
    assert json.loads(cli("manifest", "show", "m", *at, "--json").out)["stale"] is True
    assert json.loads(cli("manifest", "show", "m", *at, "--at", then, "--json").out)["stale"] is False
    listed = json.loads(cli("images", "list", *at, "--json").out)
    assert [(row["sensor_type"], row["images"], row["stale"]) for row in listed] == [
        ("EEG", 48, True),
        ("GSR", 48, True),
    ]
    assert {row["stale"] for row in json.loads(cli("images", "list", *at, "--at", then, "--json").out)} == {False}

    sheet = tmp_path / "sheet.png"
    training = ("zoo", "finetune", "features-logreg", "--manifest", "m", "--sensors", "EEG", "--run", tmp_path / "run")
    for refused in (("images", "generate", *drawing), ("images", "show", "s", "-o", sheet), training):
        done = cli(*refused, *at)
        assert done.code == 1, refused
        assert "replaced" in done.err
        assert not sheet.exists()
        assert not (tmp_path / "run").exists()
    assert cli("images", "show", "s", "-o", sheet, *at, "--at", then).code == 0
    few = ("--set", "draws=100", "--set", "permutations=0")
    assert cli(*training, *few, *at, "--at", then).code == 0
    assert (tmp_path / "run" / "metrics.json").exists()


def test_errors_name_commands_that_there_are(cli, store, at, tmp_path):
    """`biocurate manifests …` and `biocurate windows …` were none."""
    assert cli("windows", "build", "w", "--length", "5s", *at).code == 0
    put(store, {"c/p2": recording(99)})
    for query, mend in {
        "SELECT * FROM windows_w": "biocurate windows build w ",
        "SELECT * FROM windows_manifest_m": "biocurate manifest build FILE",
        "SELECT * FROM manifests_m": "biocurate manifest build FILE",
    }.items():
        done = cli("query", query, *at)
        assert done.code == 1
        assert mend in done.err, query


def test_a_damaged_table_is_a_sentence_in_every_command_and_a_finding_of_verify(cli, store, at, corpus):
    for path in (store.objects.folder / "tables" / "recordings").glob("*.parquet"):
        path.unlink()
    ingest = ("ingest", corpus.recipe, "--root", corpus.root, "--workers", 0)
    for command in (("status",), ("query", "SELECT * FROM recordings"), ingest, ("windows", "list"), ("audit",)):
        done = cli(*command, *at)
        assert done.code == 1, command
        assert "this file of the table is missing. Restore it" in " ".join(done.err.split())
    found = cli("verify", *at)
    assert found.code == 1
    assert "this file of the table is missing" in found.out


def test_a_file_that_cannot_be_written_is_a_usage_error(cli, store, at, corpus):
    pytest.importorskip("torch")
    drawing = ("--manifest", "m", "--sensor", "EEG", "--set", "s", "--workers", 0)
    assert cli("images", "generate", *drawing, *at).code == 0
    for command in (
        ("images", "show", "s", "-o", f"{NOWHERE}.png", *at),
        ("query", "SELECT * FROM recordings", "-o", f"{NOWHERE}.csv", *at),
        ("recipes", "new", "--from", corpus.root, "-o", f"{NOWHERE}.yaml"),
        ("zoo", "finetune", "features-logreg", "--manifest", "m", "--run", NOWHERE, *at),
        ("export", "--corpus", "c", "-o", NOWHERE, *at),
    ):
        done = cli(*command)
        assert done.code == 2, command
        assert NOWHERE in done.err


def test_the_prefix_of_manifests_own_sets_is_theirs(cli, store, at):
    before = store.snapshot_id
    for options in ((), ("--overwrite",)):
        done = cli("windows", "build", "manifest-m", "--length", "10s", *options, *at)
        assert done.code == 2
        assert "belong to manifests" in done.err
    assert store.snapshot_id == before


def test_json_has_numbers_and_null(cli, at, tmp_path):
    """Decimals were text, and a division by zero printed Infinity, which RFC 8259 does not have."""
    sql = (
        "SELECT n_samples * 0.5 AS half, n_samples * 1.0 AS same, 1 / (n_samples - n_samples) AS inf, "
        "0 / (n_samples - n_samples) AS nan, n_samples FROM streams ORDER BY n_samples LIMIT 1"
    )
    file = tmp_path / "answer.json"
    assert cli("query", sql, "-o", file, *at).code == 0
    for text in (cli("query", sql, "--json", *at).out, file.read_text()):
        (row,) = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert row == {"half": 160.0, "same": 320.0, "inf": None, "nan": None, "n_samples": 320}


def test_explain_shows_every_relation(cli, at):
    everything = cli("query", "--explain", *at).out
    assert "windows_manifest_m" in everything
    assert "--json shows all" not in everything
    one = cli("query", "--explain", "streams", *at)
    assert one.code == 0
    assert "n_samples" in one.out
    assert "windows_manifest_m" not in one.out


def test_a_fold_that_is_not_there_is_called_by_its_name(cli, at, tmp_path):
    training = ("zoo", "finetune", "features-logreg", "--manifest", "m", "--run", tmp_path / "run")
    for given, named in {"fold9": "fold9", "9": "fold9", "nine": "nine"}.items():
        done = cli(*training, "--fold", given, *at)
        assert done.code == 2
        assert f"there is no fold {named}." in done.err


def test_a_tilde_is_the_home_wherever_the_shell_left_it(cli, corpus, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cli("init", "~/made").code == 0
    assert (tmp_path / "made" / "biocurate.json").exists()
    done = cli("ingest", corpus.recipe, "--root=~/raw", "--store=~/made", "--workers", 0)
    assert done.code == 0, done.err
    assert cli("query", "SELECT * FROM recordings", "--output=~/all.csv", "--store=~/made").code == 0
    assert (tmp_path / "all.csv").exists()
    done = cli("ingest", corpus.recipe, "--root=~/nowhere", "--store=~/made")
    assert done.code == 2
    assert "is no folder" in done.err


def test_progress_counts_windows_once_whatever_the_sensors(store):
    pytest.importorskip("torch")
    from biocurate.sensors import SensorType
    from zoo.features.table import extract

    class Bar:
        total = done = 0.0

        def start(self, total):
            self.total = total

        def advance(self, amount):
            self.done += amount

    bar, rows = Bar(), store.manifest("m").rows
    extract(store, rows, [SensorType.EEG, SensorType.GSR, SensorType.ECG], bar)
    assert bar.total == rows.height
    assert math.isclose(bar.done, rows.height)


def test_one_sensor_type_for_mne_is_a_plain_word(store):
    pytest.importorskip("mne")
    assert store.recording("c/p0").to_mne("EEG").ch_names == store.recording("c/p0").to_mne(["EEG"]).ch_names


def test_windows_that_cannot_be_drawn_are_told():
    pytest.importorskip("torch")
    from biocurate.images import UndrawnWarning, represent

    x = np.random.default_rng(0).normal(size=(4, 512)).astype(np.float32)
    x[1], x[2] = np.nan, 3.0
    with pytest.warns(UndrawnWarning, match=r"2 of 4 windows .* black: 1 missing, 1 constant"):
        assert represent(x, 128.0).reshape(4, -1).any(axis=1).tolist() == [True, False, False, True]
    with pytest.warns(UndrawnWarning, match=r"4 of 4 .*4 short"):
        represent(x[:, :10], 128.0)
