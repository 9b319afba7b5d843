"""The registry, and the two yardsticks on data whose answer is known."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from biocurate.errors import ModelError
from zoo import create_model, list_models
from zoo.features_logreg import FeaturesLogreg, LogregOptions, per_subject
from zoo.models.registry import model_config
from zoo.runs.checkpoint import load, save
from zoo.runs.config import Evaluation, Training, settings


def table(windows=200, features=12, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(classes, size=windows)
    values = rng.standard_normal((windows, features)) * 10.0 ** rng.integers(-3, 3, features) + 5
    values[:, :classes] += codes[:, None] == np.arange(classes)
    values[rng.random(values.shape) < 0.1] = np.nan
    return values, codes


def test_models_are_listed_by_name_and_family():
    assert list_models("baseline") == ["features-logreg", "features-ridge", "image-cnn", "test-image-cnn"]
    assert list_models("tiny-biomoe") == ["test-tiny-biomoe", "tiny-biomoe"]
    assert list_models("panluna") == ["luna-base", "panluna", "panluna-reference", "test-panluna"]
    assert list_models("none") == []
    with pytest.raises(ModelError, match="There are embeddings-head, features-logreg, features-ridge, image-cnn"):
        create_model("resnet")


def test_listing_models_does_not_import_torch():
    code = "import sys, zoo; zoo.list_models(); sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_options_are_validated_and_no_two_parts_share_a_name():
    with pytest.raises(ModelError, match=r"penalty: Extra inputs.*C='auto'"):
        create_model("features-logreg", penalty="l1")
    with pytest.raises(ModelError, match="no option 'learning'"):
        settings(model_config("image-cnn"), ["learning=1"])
    for name in list_models():
        parts = [model_config(name).options, Training, Evaluation]
        keys = [key for part in parts for key in part.model_fields]
        assert len(keys) == len(set(keys))


def test_settings_find_their_part():
    found = settings(model_config("image-cnn"), ["lr=1e-4", "width=16", "draws=50", "class_weight=none"])
    assert found["training"].lr == 1e-4
    assert found["training"].class_weight == "none"
    assert found["options"].width == 16
    assert found["evaluation"].draws == 50


def test_a_model_refuses_sensors_and_windows_that_do_not_suit_it():
    from biocurate.sensors import SensorType

    spec = model_config("features-logreg").spec
    with pytest.raises(ModelError, match="does not take PCG"):
        spec.check("features-logreg", [SensorType.PCG], 10)
    with pytest.raises(ModelError, match="windows of 1 s"):
        spec.check("features-logreg", [SensorType.EEG], 1)


@pytest.mark.parametrize("classes", [2, 3])
def test_logreg_is_scikit_learns_pipeline_fitted_on_the_training_windows(classes):
    values, codes = table(classes=classes)
    other, _ = table(seed=1)
    model = create_model("features-logreg", C=0.3).fit(values, codes, classes)
    pipeline = make_pipeline(
        SimpleImputer(strategy="median"),
        StandardScaler(),
        LogisticRegression(C=0.3, class_weight="balanced", max_iter=2000),
    ).fit(values, codes)
    np.testing.assert_allclose(model.predict(other), pipeline.predict_proba(other), atol=1e-9)


def test_logreg_bears_a_feature_that_is_constant_or_never_known():
    values, codes = table()
    values[:, 3], values[:, 4] = 7.0, np.nan
    model = create_model("features-logreg").fit(values, codes, 2)
    values[:, 3], values[:, 4] = 1e6, 1e6
    assert np.isfinite(model.predict(values)).all()
    assert (model.weight[:, 3:5] == 0).all()


def test_logreg_predicts_a_window_the_same_whatever_windows_are_beside_it():
    values, codes = table()
    model = create_model("features-logreg").fit(values, codes, 2)
    np.testing.assert_array_equal(model.predict(values)[7:9], model.predict(values[7:9]))


def test_a_checkpoint_gives_identical_predictions(tmp_path):
    values, codes = table(classes=3)
    model = create_model("features-logreg").fit(values, codes, 3)
    save(tmp_path / "a.safetensors", model.tensors(), {"features": ["ä", "b"]})
    save(tmp_path / "b.safetensors", model.tensors(), {"features": ["ä", "b"]})
    back = load(tmp_path / "a.safetensors")
    assert back.about == {"features": ["ä", "b"]}
    again = FeaturesLogreg(LogregOptions(), **back.tensors)
    np.testing.assert_array_equal(again.predict(values), model.predict(values))
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_a_damaged_or_foreign_checkpoint_is_named(tmp_path):
    from safetensors.numpy import save_file

    (tmp_path / "cut.safetensors").write_bytes(b"\x08\0\0")
    save_file({"a": np.zeros(1)}, tmp_path / "foreign.safetensors")
    for name in ("cut", "foreign", "missing"):
        with pytest.raises(ModelError, match=rf"{name}\.safetensors"):
            load(tmp_path / f"{name}.safetensors")


def test_z_scores_per_subject_use_each_subjects_own_windows():
    values = np.array([[1.0, np.nan], [3.0, 5.0], [10.0, 5.0], [30.0, 5.0]])
    found = per_subject(values, np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(found, [[-1, np.nan], [1, 0], [-1, 0], [1, 0]])


@pytest.mark.parametrize("size", [64, 112, 224])
def test_cnn_takes_bytes_and_gives_a_score_a_class(size):
    torch.manual_seed(0)
    network = create_model("image-cnn", num_classes=3, size=size)
    images = torch.randint(0, 256, (2, 1, size, size), dtype=torch.uint8)
    scores = network(images)
    assert scores.shape == (2, 3)
    scores.sum().backward()
    assert all(each.grad is not None and each.grad.isfinite().all() for each in network.parameters())
    assert 100_000 < sum(each.numel() for each in network.parameters()) < 300_000


def test_cnn_scores_an_image_the_same_whatever_images_are_beside_it():
    torch.manual_seed(0)
    network = create_model("image-cnn").eval()
    images = torch.randint(0, 256, (6, 1, 112, 112), dtype=torch.uint8)
    torch.testing.assert_close(network(images)[2:3], network(images[2:3]))
