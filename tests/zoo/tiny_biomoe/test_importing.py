"""`zoo import`: published weights become a checkpoint, and nothing of the file goes unsaid."""

from __future__ import annotations

from hashlib import sha256

import pytest
import torch
from typer.testing import CliRunner

from biocurate.errors import ModelError, UsageError
from zoo import create_model
from zoo.cli import app
from zoo.embedding.source import open_source
from zoo.models.registry import model_config
from zoo.runs.importing import import_weights
from zoo.runs.parent import UNTOLD, inherit, open_parent


@pytest.fixture
def file(tmp_path, published):
    """A published checkpoint, with a head of another use and an optimiser's state beside the weights."""
    path = tmp_path / "Tiny-BioMoE.pth"
    torch.save({"model_state_dict": {**published, "head.1.weight": torch.zeros(2, 192)}, "optimizer": {}}, path)
    return path


def test_published_weights_give_the_vectors_of_the_reference_when_they_are_taken_from_an_import(
    tmp_path, file, expected
):
    found = import_weights("tiny-biomoe", file, tmp_path / "weights", {})
    source = open_source(str(tmp_path / "weights"), {})
    with torch.inference_mode():
        made = source.network.embed(expected["image"].float() / 255)
    torch.testing.assert_close(made, expected["embedding"], rtol=5e-5, atol=5e-5)
    assert found.parameters == model_config("tiny-biomoe").parameters == 7_337_278
    assert (source.model, source.label, source.size) == ("tiny-biomoe", "weights", 224)


def test_source_sha256_licence_and_what_is_left_over_are_kept_in_the_checkpoint(tmp_path, file):
    found = import_weights("tiny-biomoe", file, tmp_path / "weights", {})
    assert found.left_over == ("head.1.weight",)
    assert found.beside == ("optimizer",)
    assert found.sha256 == sha256(file.read_bytes()).hexdigest()
    assert found.licence == "MIT"
    assert "4.4 million images" in found.trained_on
    kept = open_parent(tmp_path / "weights", "tiny-biomoe").checkpoint.about["imported"]
    assert {name: kept[name] for name in ("sha256", "licence", "source")} == {
        "sha256": found.sha256,
        "licence": "MIT",
        "source": "https://github.com/GkikasStefanos/Tiny-BioMoE",
    }
    assert any("1 weights of the file have no place: head.1.weight." in note for note in found.notes)


def test_a_file_from_elsewhere_has_no_licence_of_the_authors(tmp_path, file):
    found = import_weights("tiny-biomoe", file, tmp_path / "weights", {}, source="a colleague")
    assert (found.source, found.licence, found.trained_on) == ("a colleague", "not known", "not known")


def test_whoever_trains_on_from_published_weights_is_told_that_leaks_cannot_be_looked_for(tmp_path, file):
    import_weights("tiny-biomoe", file, tmp_path / "weights", {})
    parent = open_parent(tmp_path / "weights", "tiny-biomoe")
    assert parent.persons == []
    assert parent.seen.is_empty()
    network = create_model("tiny-biomoe", num_classes=3)
    first, second = inherit(network, parent)
    assert "new are head.1.weight, head.1.bias" in first
    assert second == UNTOLD


def test_a_file_that_lacks_weights_leaves_nothing_behind(tmp_path, published):
    path = tmp_path / "half.pth"
    torch.save({name: tensor for name, tensor in published.items() if not name.startswith("fcn")}, path)
    with pytest.raises(ModelError, match="2 of 503 weights are missing"):
        import_weights("tiny-biomoe", path, tmp_path / "weights", {})
    assert not (tmp_path / "weights").exists()


def test_nothing_is_written_over(tmp_path, file):
    (tmp_path / "weights").mkdir()
    with pytest.raises(UsageError, match="something is here already"):
        import_weights("tiny-biomoe", file, tmp_path / "weights", {})


def test_models_without_published_weights_are_refused(tmp_path, file):
    with pytest.raises(ModelError, match="no published weights of it are known"):
        import_weights("image-cnn", file, tmp_path / "weights", {})


def test_the_command_tells_what_became_of_the_file(tmp_path, file):
    done = CliRunner().invoke(app, ["import", "tiny-biomoe", str(file), "--out", str(tmp_path / "weights")])
    assert done.exit_code == 0, done.output
    assert "head.1.weight" in done.output
    assert "leaks cannot be looked for" in done.output
    assert (tmp_path / "weights" / "model-published.safetensors").is_file()
