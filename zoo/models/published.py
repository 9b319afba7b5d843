"""Weights that others published: their names, and the files that hold them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from biocurate.errors import ModelError

Names = Sequence[tuple[str, str]]
"""Patterns of published names and what stands for them in ours, applied one after the other."""


def our_name(published: str, names: Names) -> str:
    """Our name of a published weight; ``{}`` in a replacement is the number that was found, less one."""
    for pattern, name in names:
        match = re.search(pattern, published)
        if match:
            filled = name.format(int(match[1]) - 1) if "{}" in name else match.expand(name)
            published = published[: match.start()] + filled + published[match.end() :]
    return published


def put(model: nn.Module, found: Mapping[str, Tensor], where: str, apart: tuple[str, ...] = ()) -> list[str]:
    """Put weights, by our names, into a model: all of it or nothing.

    Parameters
    ----------
    model : Module
    found : mapping of name to Tensor
    where : str
        Name of the model, for errors.
    apart : tuple of str
        Beginnings of names that may be missing, such as a head's.

    Returns
    -------
    list of str
        Names that the model has no place for.

    Raises
    ------
    ModelError
        Weights that are missing or have another shape, with their names.
    """
    ours = model.state_dict()
    missing = sorted(name for name in set(ours) - set(found) if not name.startswith(apart or ("\0",)))
    if missing:
        raise ModelError(
            f"{len(missing)} of {len(ours)} weights are missing, such as {', '.join(missing[:3])}.",
            where=where,
            mend="Give the whole state dict as it was published.",
        )
    fitting = {name: tensor for name, tensor in found.items() if name in ours}
    shapes = [
        f"{name} is {tuple(tensor.shape)}, not {tuple(ours[name].shape)}"
        for name, tensor in fitting.items()
        if tensor.shape != ours[name].shape
    ]
    if shapes:
        mend = "Make the model with the sizes that the weights have."
        raise ModelError(f"weights have other shapes: {'; '.join(shapes[:3])}.", where=where, mend=mend)
    model.load_state_dict(fitting, strict=False)
    return [name for name in found if name not in ours]


def read_published(path: Path, mark: str) -> tuple[dict[str, Tensor], list[str]]:
    """Read a published checkpoint.

    Only tensors and plain values are read from it, no code. What else it holds, such as an optimiser's state, is named.

    Parameters
    ----------
    path : Path
        A file of `torch.save`, or safetensors.
    mark : str
        A name that every state dict of the model has.

    Returns
    -------
    state : dict of name to Tensor
    rest : list of str
        Keys of what lies beside the weights.

    Raises
    ------
    ModelError
        A file that cannot be read, or holds no such weights.
    """
    held = _held(path)
    for key, inner in [("", held), *held.items()]:
        if isinstance(inner, Mapping) and any(str(name).endswith(mark) for name in inner):
            state = {str(name).removeprefix("module."): tensor for name, tensor in inner.items()}
            return state, sorted(str(other) for other in held if key and other != key)
    raise ModelError(
        "it holds no weights of this model.",
        where=str(path),
        mend=f"A state dict has a key {mark!r}; this file has {', '.join(sorted(map(str, held))[:5]) or 'nothing'}.",
    )


def _held(path: Path) -> Mapping[str, Any]:
    """What a file holds, as a mapping."""
    mend = "Give the checkpoint file as its authors published it."
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        held = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        reason = error.strerror or error
        raise ModelError(f"it cannot be read as weights: {reason}.", where=str(path), mend=mend) from error
    except Exception as error:
        # A damaged file ends torch's reader in many ways, and what it then advises is to run the file's code.
        what = "it cannot be read as weights: it is damaged, or holds more than weights."
        raise ModelError(what, where=str(path), mend=mend) from error
    if not isinstance(held, Mapping):
        raise ModelError(f"it holds a {type(held).__name__}, no weights.", where=str(path), mend=mend)
    return held
