"""Neighbours of a window, and the plane that windows lie on."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate.errors import UsageError
from biocurate.store.embeddings import embedding_rows, read_embeddings
from zoo.cli import app
from zoo.embedding.making import embed
from zoo.embedding.plane import NAMED, TINTS, Plane, draw, plane
from zoo.embedding.similar import similar
from zoo.embedding.windows import window_vectors


@pytest.fixture
def embedded(store, source):
    embed(store, source, "pictures", "e")
    return store


def test_a_windows_vector_is_the_mean_of_its_images(embedded):
    found = window_vectors(embedded, "e")
    rows = embedding_rows(embedded, "e").collect()
    for at in (0, 5):
        mine = rows.filter(pl.col("window_id") == found.rows["window_id"][at])
        assert found.rows["images"][at] == mine.height
        wanted = read_embeddings(embedded, mine).mean(axis=0)
        np.testing.assert_allclose(found.vectors[at], wanted, rtol=1e-4, atol=1e-6)


def test_neighbours_are_ranked_by_cosine_and_told_by_whose_they_are(embedded):
    found = window_vectors(embedded, "e")
    table = similar(embedded, "e", int(found.rows["window_id"][0]), count=4)
    cosine = (found.vectors @ found.vectors[0]) / np.linalg.norm(found.vectors, axis=1)
    cosine /= np.linalg.norm(found.vectors[0])
    order = np.argsort(-cosine[1:], kind="stable") + 1
    near = table.filter(pl.col("rank") <= 4)
    assert near["window_id"].to_list() == found.rows["window_id"].gather(order[:4]).to_list()
    np.testing.assert_allclose(near["cosine"], cosine[order[:4]], rtol=1e-5)
    own = found.rows.row(0, named=True)
    for row in table.iter_rows(named=True):
        assert (row["whose"] == "same recording") == (row["recording_id"] == own["recording_id"])
        assert (row["whose"] == "other person") == (row["person"] != own["person"])
    others = table.filter(pl.col("whose") == "other person")
    assert others.height >= 4
    first = found.rows["person"].gather(order).to_list()
    nearest = next(at for at, person in zip(order, first, strict=True) if person != own["person"])
    assert others["window_id"][0] == found.rows["window_id"][int(nearest)]
    assert set(table["label"]) <= {"rest", "task"}


def test_only_images_of_a_kind_or_a_channel_are_compared(embedded):
    rows = embedding_rows(embedded, "e").collect()
    some = window_vectors(embedded, "e", ["waveform"], ["Oz"])
    kept = rows.filter(pl.col("representation").str.starts_with("waveform") & (pl.col("channel") == "Oz"))
    assert some.rows["images"].sum() == kept.height > 0
    with pytest.raises(UsageError, match="no vector is of these images") as refused:
        window_vectors(embedded, "e", ["scalogram"])
    assert "spectrogram-psd" in refused.value.mend
    assert "Fz" in refused.value.mend


def test_a_window_that_is_not_there_is_told(embedded):
    with pytest.raises(UsageError, match="it has no window 9999"):
        similar(embedded, "e", 9999)


def test_the_plane_is_that_of_the_first_two_principal_components(embedded):
    found, vectors = plane(embedded, "e"), window_vectors(embedded, "e").vectors.astype(np.float64)
    left, values, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    wanted = np.abs(left[:, :2] * values[:2])
    np.testing.assert_allclose(np.abs(found.rows.select("x", "y").to_numpy()), wanted, atol=1e-6)
    np.testing.assert_allclose(found.explained, (values**2 / (values**2).sum())[:2], rtol=1e-6)
    assert found.rows["label"].n_unique() == 2
    assert plane(embedded, "e").rows.equals(found.rows)


@pytest.mark.parametrize("colour", ["label", "corpus", "person"])
def test_the_plane_is_drawn(embedded, tmp_path, colour):
    draw(plane(embedded, "e"), "e", colour, tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes()[:4] == b"\x89PNG"


def test_more_groups_than_colours_are_grey_and_counted(tmp_path):
    """A legend that leaves groups out says how many, and of how many windows."""
    count = NAMED + 3
    persons = [f"c/{each:02}" for each in range(count)] + [f"c/{each:02}" for each in range(NAMED)]
    rows = pl.DataFrame({"person": persons, "x": range(len(persons)), "y": range(len(persons))})
    draw(Plane(rows, 0, None), "e", "person", tmp_path / "map.svg")
    drawn = (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert "3 others (3)" in drawn
    assert "c/00 (2)" in drawn
    assert len(set(TINTS)) == NAMED
    assert not {14, 15} & set(TINTS), "grey is for groups without a name"


def test_the_commands_lead_from_images_to_neighbours_and_a_map(store, tmp_path):
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments, "--store", store.url])
        assert done.exit_code == 0, done.output
        return done.stdout

    made = json.loads(run("embed", "test-tiny-biomoe", "--images", "pictures", "--json"))
    assert made["name"] == "pictures-test-tiny-biomoe-random0"
    assert made["made"] > 0
    assert "embeddings_pictures_test_tiny_biomoe_random0" in run("embed", "test-tiny-biomoe", "--images", "pictures")
    near = json.loads(run("similar", "3", "--embeddings", made["name"], "--count", "2", "--json"))
    assert [row["rank"] for row in near][:2] == [1, 2]
    picture = tmp_path / "map.svg"
    run("map", "--embeddings", made["name"], "--output", str(picture), "--colour", "person")
    assert "<svg" in picture.read_text(encoding="utf-8")
