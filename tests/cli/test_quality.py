"""`biocurate quality` as a user runs it."""

from __future__ import annotations

import json

import pytest

from biocurate.curate.windows.build import build_windows
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put


@pytest.fixture
def url(tmp_path):
    made = create_store(str(tmp_path / "store"))
    put(made, {"a/one": Recording((noise_stream("ECG", 100, [(0, 2000)], ["I"]),), ())})
    build_windows(made, "w10", length_s=10)
    return made.url


def test_judged_twice_shown_and_asked_for(cli, url):
    first = cli("quality", "score", "w10", "--workers", 0, "--store", url)
    assert first.code == 0
    assert "2 channels of 2 windows" in first.out
    assert "nothing to do" in cli("quality", "score", "w10", "--workers", 0, "--store", url).out
    shown = json.loads(cli("quality", "show", "w10", "--json", "--store", url).out)
    assert {row["measure"] for row in shown["measures"]} >= {"ecg_sqi_v1", "flat_v1"}
    assert sum(row["channels"] for row in shown["reasons"]) == 2
    asked = cli("query", "SELECT ecg_sqi_v1, reason FROM quality_w10", "--format", "json", "--store", url)
    assert all(0 <= row["ecg_sqi_v1"] <= 1 for row in json.loads(asked.out))


def test_the_list_tells_absolute_from_relative(cli):
    rows = json.loads(cli("quality", "list", "--json").out)
    assert {row["column"].endswith("_rel") for row in rows if row["kind"] == "relative"} == {True}
    assert {row["column"].endswith("_rel") for row in rows if row["kind"] == "absolute"} == {False}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("score", "w11"), "there is no window set 'w11'"),
        (("show", "w10"), "biocurate quality score w10"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(cli, url, arguments, said):
    done = cli("quality", *arguments, "--store", url)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("validate", "--root", "nothing"), "names no recipe"),
        (("validate", "--root", "lud=."), "'lud' is no corpus"),
        (("validate", "--root", "ludb=.", "--half", "third"), "'third' is no half"),
        (("validate", "--root", "ludb=."), "no file below"),
        (("bias", "--root", "ludb=nowhere"), "is no folder"),
    ],
)
def test_what_cannot_be_validated_on_is_told_in_a_sentence(cli, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    done = cli("quality", *arguments)
    assert done.code == 2
    assert said in done.err
