"""Small networks as graphs, traced once."""

from __future__ import annotations

import fcntl
import os

import pytest

pytest.importorskip("onnxruntime")

import onnx

from zoo.deploying.network import open_network
from zoo.deploying.onnx_file import traced


@pytest.fixture(scope="session")
def cnn(tmp_path_factory):
    """A network of convolutions and its graph: quick to trace."""
    return in_one_process("test-image-cnn", tmp_path_factory)


@pytest.fixture(scope="session")
def panluna(tmp_path_factory):
    """A small PanLUNA and its graph."""
    return in_one_process("test-panluna", tmp_path_factory)


def in_one_process(name, tmp_path_factory):
    """A network and its graph: the first process that asks traces it, and those beside it wait and read the file.

    To trace is what takes longest here. A network's first weights are the same in every process.
    """
    deployed = open_network(name, {"num_classes": 3})
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path = folder / f"{name}.onnx"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            onnx.save(traced(deployed), path)
    return deployed, onnx.load(path)
