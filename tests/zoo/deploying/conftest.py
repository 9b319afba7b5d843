"""Small networks as graphs, traced once."""

from __future__ import annotations

import pytest

pytest.importorskip("onnxruntime")

from zoo.deploying.network import open_network
from zoo.deploying.onnx_file import traced


@pytest.fixture(scope="session")
def cnn():
    """A network of convolutions and its graph: quick to trace."""
    deployed = open_network("test-image-cnn", {"num_classes": 3})
    return deployed, traced(deployed)


@pytest.fixture(scope="session")
def panluna():
    """A small PanLUNA and its graph."""
    deployed = open_network("test-panluna", {"num_classes": 3})
    return deployed, traced(deployed)
