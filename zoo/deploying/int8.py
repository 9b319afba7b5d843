"""A graph with weights of 8 bits, run by onnxruntime's integer products.

Only products with weights are changed. Norms, GELU, softmax, attention scores and Fourier transforms stay in float32:
they cost little, and lose most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import UsageError
from zoo.deploying.forms.fourier import WAVES
from zoo.deploying.onnx_file import describe
from zoo.models.quiet import quiet

if TYPE_CHECKING:
    from onnx import ModelProto

Fed = Mapping[str, NDArray[Any]]
"""A batch by the names of a graph's inputs."""

Scheme = Literal["dynamic", "static"]

KINDS = {"dynamic": ("MatMul", "Gemm"), "static": ("MatMul", "Gemm", "Conv")}
"""Operations whose weights are quantised. A convolution of dynamic scales is slower than one in float32."""


def dynamic(model: ModelProto) -> ModelProto:
    """Weights of 8 bits, one scale a channel; activations get a scale of their own for each batch, when it is run.

    Parameters
    ----------
    model : ModelProto
        Of `onnx_file.traced`.

    Source: Jacob et al., 2018, arXiv 1712.05877, section 2.1, for scales and zero points.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    def quantise(source: Path, file: Path, left: list[str]) -> None:
        quantize_dynamic(
            source,
            file,
            op_types_to_quantize=list(KINDS["dynamic"]),
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=left,
        )

    return _quantised(model, "dynamic", quantise)


def static(model: ModelProto, batches: Iterable[Fed]) -> ModelProto:
    """Weights of 8 bits, one scale a channel; activations have one scale a tensor, fixed by what batches hold.

    Values are written as pairs of QuantizeLinear and DequantizeLinear before each product. What comes out of one is not
    quantised: bias, norm or GELU take it in float32, which is quicker here and closer.

    Parameters
    ----------
    model : ModelProto
        Of `onnx_file.traced`.
    batches : iterable of mapping of input name to array
        To calibrate by: the least and the greatest value of each activation.

    Raises
    ------
    UsageError
        Where there is no batch.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    reader = _reader(batches)

    def quantise(source: Path, file: Path, left: list[str]) -> None:
        quantize_static(
            source,
            file,
            reader,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(KINDS["static"]),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=left,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"OpTypesToExcludeOutputQuantization": list(KINDS["static"])},
        )

    found = _quantised(model, "static", quantise)
    describe(found, {"calibrated_on": f"{reader.windows} windows"})
    return found


def kept_in_float(model: ModelProto) -> list[str]:
    """Names of products with the constants of a Fourier transform, and of those without any weight: attention's.

    What goes into attention's products depends on how many patches there are: a scale that fits the weights of twenty
    cuts off the one weight, 1, of a window of one patch.
    """
    constants = {each.name for each in model.graph.initializer}
    waves = {name for name in constants if WAVES in name}
    return [
        node.name
        for node in model.graph.node
        if node.op_type == "MatMul" and (waves & set(node.input) or not constants & set(node.input))
    ]


def _quantised(model: ModelProto, scheme: Scheme, quantise: Any) -> ModelProto:  # noqa: ANN401
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with TemporaryDirectory() as folder, quiet():
        plain, ready, file = (Path(folder) / f"{name}.onnx" for name in ("plain", "ready", "int8"))
        plain.write_bytes(model.SerializeToString())
        # Folds constants, so that every weight is one; symbolic shapes are not needed, and cannot be told of all.
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantise(ready, file, kept_in_float(onnx.load(ready)))
        found = onnx.load(file)
    describe(found, {each.key: each.value for each in model.metadata_props})
    describe(found, {"precision": f"int8 {scheme}"})
    return found


def _reader(batches: Iterable[Fed]) -> Any:  # noqa: ANN401
    """Batches as onnxruntime asks for them, one after the other, and counted."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left: Iterator[Fed] = iter(batches)
            self.windows = 0

        def get_next(self) -> dict[str, NDArray[Any]] | None:
            batch = next(self.left, None)
            if batch is None and not self.windows:
                raise UsageError("there is nothing to calibrate by.", mend="Give --store and --manifest.")
            self.windows += 0 if batch is None else len(next(iter(batch.values())))
            return None if batch is None else {name: np.ascontiguousarray(each) for name, each in batch.items()}

    return Reader()
