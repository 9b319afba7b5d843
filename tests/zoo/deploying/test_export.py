"""A network as an ONNX file."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
import torch
from typer.testing import CliRunner

from biocurate.errors import ModelError, UsageError
from zoo.cli import app
from zoo.deploying.draws import draw
from zoo.deploying.network import Deployed, open_network, refuse_changes
from zoo.deploying.onnx_file import TOLERANCE, TRIED, parity, traced, write
from zoo.deploying.session import Session
from zoo.runs import checkpoint


def told(model):
    return {each.key: each.value for each in model.metadata_props}


def test_the_file_is_valid_and_says_what_it_is(panluna):
    _, model = panluna
    onnx.checker.check_model(model, full_check=True)
    found = told(model)
    assert found["model"] == "test-panluna"
    assert found["licence"] == "Apache-2.0"
    assert found["precision"] == "float32"
    assert json.loads(found["options"])["num_classes"] == 3
    assert any(line.startswith("sensors: ECG, EEG, PPG") for line in json.loads(found["takes"]))


def test_its_axes_are_called_what_they_are(panluna):
    _, model = panluna
    axes = {each.name: [axis.dim_param or axis.dim_value for axis in each.type.tensor_type.shape.dim]
            for each in (*model.graph.input, *model.graph.output)}  # fmt: skip
    assert axes["x"] == ["batch", "channels", "32*patches"]
    assert axes["locations"] == ["batch", "channels", 3]
    assert axes["present"] == axes["sensor"] == ["batch", "channels"]
    assert axes["scores"] == ["batch", 3]


def test_it_holds_no_line_of_source_and_no_path(panluna):
    _, model = panluna
    text = model.SerializeToString()
    assert b".py" not in text
    assert b"site-packages" not in text


def test_other_sizes_than_it_was_traced_by_answer_as_torch(panluna):
    deployed, model = panluna
    assert (3, 5, 7) not in TRIED
    assert parity(deployed, model).share < TOLERANCE


def test_channels_that_only_fill_up_the_batch_change_nothing(panluna):
    deployed, model = panluna
    inputs = draw(deployed, 2, 3, 4, seed=5)
    inputs["present"][:] = True
    session = Session(model)
    alone = session.run(inputs)
    more = {name: torch.cat([each, 7 * torch.ones_like(each[:, :2])], dim=1) for name, each in inputs.items()}
    more["sensor"][:, 3:] = 0
    more["present"] = torch.tensor([[True] * 3 + [False] * 2] * 2)
    np.testing.assert_allclose(session.run(more), alone, atol=1e-5)


def test_parity_sees_a_weight_that_was_changed(cnn):
    deployed, model = cnn
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    head = next(each for each in changed.graph.initializer if each.name == "head.1.weight")
    head.raw_data = (np.frombuffer(head.raw_data, np.float32) * 1.01).tobytes()
    assert parity(deployed, model).share < TOLERANCE < parity(deployed, changed).share


def test_a_file_that_is_there_is_kept(cnn, tmp_path):
    path = tmp_path / "m.onnx"
    write(cnn[1], path)
    with pytest.raises(UsageError, match="--force"):
        write(cnn[1], path)
    write(cnn[1], path, force=True)
    assert list(tmp_path.iterdir()) == [path]
    assert told(onnx.load(path))["model"] == "test-image-cnn"


@pytest.mark.parametrize(
    ("name", "says"),
    [("features-logreg", "solved"), ("nothing-like-it", "no such"), ("test-panluna", "num_classes")],
)
def test_what_is_no_network_of_scores_is_refused(name, says):
    with pytest.raises(ModelError, match=says):
        traced(open_network(name))


def weights(path, network, **about):
    whole = {"options": {}, "persons": [], "parents": [], "manifest": None, "versions": {}, **about}
    checkpoint.save(path, {name: each.numpy() for name, each in network.state_dict().items()}, whole)


@pytest.fixture
def seen(monkeypatch):
    """`load_parent` reads what the weights saw from beside them; these saw nothing."""
    from zoo.runs.importing import nobody

    monkeypatch.setattr("zoo.runs.parent.read_seen", lambda folder: nobody())


def test_a_checkpoints_manifest_classes_and_origin_are_in_the_file_and_its_persons_are_not(tmp_path, seen):
    network = open_network("test-image-cnn", {"num_classes": 2}).network
    manifest = {"name": "m", "hash": "abc123"}
    path = tmp_path / "model-holdout.safetensors"
    weights(path, network, model="test-image-cnn", classes=["rest", "task"], manifest=manifest, persons=["twin/p07"])
    model = traced(open_network(str(path)))
    found = told(model)
    assert json.loads(found["manifest"]) == manifest
    assert json.loads(found["classes"]) == ["rest", "task"]
    assert found["weights"].startswith(f"{tmp_path.name}/model-holdout.safetensors, sha256 ")
    assert b"p07" not in model.SerializeToString()


@pytest.mark.parametrize("terms", ["CC-BY-ND-4.0", "CC BY-NC-ND 4.0", "No derivatives"])
def test_cc_by_nd_section_2_changed_weights_are_not_written(terms):
    """CC BY-ND 4.0, 2(a)(1)(B): adapted material must not be shared; 2(a)(4): another format is none."""
    deployed = open_network("test-image-cnn")
    published = Deployed(deployed.model, deployed.options, deployed.network, "x", {"imported": {"licence": terms}})
    assert published.licence == terms
    with pytest.raises(ModelError, match="--int8"):
        refuse_changes(published)


@pytest.mark.parametrize("terms", ["Apache-2.0", "MIT", "ODbL", "Standard"])
def test_other_licences_let_weights_be_changed(terms):
    deployed = open_network("test-image-cnn")
    refuse_changes(Deployed(deployed.model, deployed.options, deployed.network, "x", {"imported": {"licence": terms}}))


def test_weights_that_started_from_others_stay_under_their_terms():
    deployed = open_network("test-image-cnn")
    about = {"parents": [{"name": "own/model-f.safetensors"}, {"name": "panluna/x", "licence": "CC-BY-ND-4.0"}]}
    tuned = Deployed(deployed.model, deployed.options, deployed.network, "x", about)
    with pytest.raises(ModelError, match="CC-BY-ND"):
        refuse_changes(tuned)


def test_the_command_writes_a_file_and_says_how_far_it_is_from_torch(tmp_path):
    path = tmp_path / "head.onnx"
    result = CliRunner().invoke(app, ["export", "test-embeddings-head", "-o", str(path), "--int8", "dynamic", "--json"])
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)["file"]
    assert row["precision"] == "int8 dynamic"
    assert 0 < row["from_torch"] < row["largest_score"]
    assert Session(path).run({"vectors": torch.zeros(2, 3, 16)}).shape == (2, 2)


def test_static_scales_need_windows(tmp_path):
    options = ["export", "test-image-cnn", "-o", str(tmp_path / "m.onnx"), "--int8", "static"]
    result = CliRunner().invoke(app, options)
    assert isinstance(result.exception, UsageError)
    assert "--manifest" in str(result.exception)
