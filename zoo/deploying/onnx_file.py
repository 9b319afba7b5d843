"""A network as an ONNX file: traced, described, and held against torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from biocurate.errors import ModelError, UsageError
from zoo.deploying.draws import axes, draw, refuse_reconstruction
from zoo.deploying.exportable import exportable
from zoo.deploying.packages import require
from zoo.models.quiet import quiet
from zoo.models.registry import model_config
from zoo.runs.card import takes
from zoo.runs.folder import versions

if TYPE_CHECKING:
    from onnx import ModelProto

    from zoo.deploying.network import Deployed

TRIED = ((1, 1, 1), (2, 3, 9), (4, 6, 5))
"""Items, channels and patches on which the file is held against torch; none is what it was traced by."""

TOLERANCE = 1e-4
"""Largest difference from torch, as a share of the largest answer, of a file whose weights were not changed."""


@dataclass(frozen=True)
class Parity:
    """How far a file's answers are from torch's."""

    largest: float
    """Largest difference of a number."""
    answer: float
    """Largest answer, without its sign."""

    @property
    def share(self) -> float:
        """Difference as a share of the largest answer."""
        return self.largest / self.answer if self.answer else self.largest


def traced(deployed: Deployed) -> ModelProto:
    """Write a network as an ONNX graph, with what it is in its metadata.

    The batch may have any size; of networks of windows the channels and the patches may, too, and ``present`` marks
    channels that only fill up a batch.

    Raises
    ------
    UsageError
        Where the packages of the extra `export` are missing.
    ModelError
        Where it has no classes to score, or torch cannot trace it.
    """
    require("onnx", "onnxscript", "onnxruntime", extra="export")
    refuse_reconstruction(deployed)
    inputs = draw(deployed)
    dynamic = axes(deployed, inputs)
    with quiet(), torch.no_grad():
        try:
            whole = exportable(deployed.network)
            program = torch.export.export(whole, (), inputs, dynamic_shapes=dynamic, strict=False)
            found = torch.onnx.export(program, output_names=["scores"], dynamo=True, verbose=False)
        except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
            reason = str(error).splitlines()[0][:200]
            mend = "Give its layers a form that can be traced: zoo.deploying.forms."
            raise ModelError(f"torch cannot trace it: {reason}", where=deployed.model, mend=mend) from error
    assert found is not None
    model = found.model_proto
    _bare(model)
    _name_axes(model, dynamic)
    describe(model, about(deployed))
    return model


def about(deployed: Deployed) -> dict[str, str]:
    """What a file tells of itself; no person is named in it."""
    config, told = model_config(deployed.model), deployed.about
    return {
        "model": deployed.model,
        "description": config.description,
        "options": json.dumps(dict(deployed.options), sort_keys=True),
        "weights": deployed.origin,
        "licence": deployed.licence,
        "paper": config.paper or "",
        "takes": json.dumps(takes(config.spec)),
        "classes": json.dumps(told.get("classes", [])),
        # What a number is said in: scores times the second of these, and the first added.
        "number": json.dumps(told.get("number")),
        "manifest": json.dumps(told.get("manifest")),
        "view": json.dumps(told.get("view")),
        "precision": "float32",
        "versions": json.dumps(versions(), sort_keys=True),
    }


def describe(model: ModelProto, told: Mapping[str, str]) -> None:
    """Put names and values into a file's metadata, over those that it has."""
    held = {each.key: each.value for each in model.metadata_props} | dict(told)
    del model.metadata_props[:]
    for key, value in sorted(held.items()):
        model.metadata_props.add(key=key, value=value)


def _bare(model: ModelProto) -> None:
    """Take out what the exporter tells of each node: lines of source code, with the paths of the machine."""
    graph = model.graph
    del graph.value_info[:]
    del graph.metadata_props[:]
    for each in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        del each.metadata_props[:]
        each.doc_string = ""


def _name_axes(model: ModelProto, dynamic: Mapping[str, Mapping[int, Any]]) -> None:
    """Call axes of any length what they are."""
    for each in model.graph.input:
        for at, axis in dynamic[each.name].items():
            each.type.tensor_type.shape.dim[at].dim_param = axis.__name__
    for each in model.graph.output:
        each.type.tensor_type.shape.dim[0].dim_param = "batch"


def write(model: ModelProto, file: Path, force: bool = False) -> None:
    """Write a file, whole or not at all.

    Raises
    ------
    UsageError
        Where something is there already.
    """
    if file.exists() and not force:
        raise UsageError("a file is here already.", where=str(file), mend="Choose another -o, or --force.")
    aside = file.with_name(f".{file.name}.new")
    aside.write_bytes(model.SerializeToString())
    aside.replace(file)


def parity(deployed: Deployed, model: ModelProto) -> Parity:
    """Hold a graph against torch, on inputs of other sizes than it was traced by."""
    from zoo.deploying.session import Session

    session, largest, answer = Session(model), 0.0, 0.0
    for seed, (items, channels, patches) in enumerate(TRIED, start=1):
        inputs = draw(deployed, items, channels, patches, seed)
        with torch.inference_mode():
            wanted = deployed.network(**inputs).numpy()
        largest = max(largest, float(np.abs(session.run(inputs) - wanted).max()))
        answer = max(answer, float(np.abs(wanted).max()))
    return Parity(largest, answer)
