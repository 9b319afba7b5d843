"""An ONNX graph run by onnxruntime on the processor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import Tensor


class Session:
    """A graph that is ready to run.

    Parameters
    ----------
    model : ModelProto or Path
    threads : int
        Of the processor.
    """

    def __init__(self, model: ModelProto | Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        source = str(model) if isinstance(model, Path) else model.SerializeToString()
        self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        self.names = [each.name for each in self._session.get_inputs()]

    def run(self, inputs: Mapping[str, Tensor | NDArray[Any]]) -> NDArray[np.float32]:
        """Answers of a batch, by the names of the arguments of the network's `forward`; others are left aside."""
        fed = {name: np.asarray(inputs[name]) for name in self.names}
        return np.asarray(self._session.run(None, fed)[0])
