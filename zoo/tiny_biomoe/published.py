"""The published weights of Tiny-BioMoE: from the names that their authors gave to ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from biocurate.errors import ModelError
from zoo.models.published import our_name, put
from zoo.tiny_biomoe.efficientvit import offsets

WHERE = "tiny-biomoe"

MARK = "ln_img.weight"
"""A name that every published state dict has."""

FUSED = re.compile(r"\.(q|kv)\.(weight|bias)$")
"""Queries, and keys with values, of the two blocks that attend: one matrix here."""

INDEX = re.compile(r"\.attention_bias_idxs$")
"""Tables that say which bias two positions have. They are computed here, and those of a file are checked."""

NAMES = (
    (r"^ln_img\.", "image_norm."),
    (r"^ln_e\.", "expert_norm."),
    (r"^ln_out\.", "norm."),
    (r"^fcn\.1\.", "gate."),
    # first expert
    (r"^enc1\.patch_embed1\.conv\.0\.", "spectral.stages.0.embed.convs.0.conv."),
    (r"^enc1\.patch_embed1\.conv\.1\.", "spectral.stages.0.embed.convs.0.norm."),
    (r"^enc1\.patch_embed1\.conv\.3\.", "spectral.stages.0.embed.convs.1.conv."),
    (r"^enc1\.patch_embed1\.conv\.4\.", "spectral.stages.0.embed.convs.1.norm."),
    (r"^enc1\.patch_embed1\.conv\.6\.", "spectral.stages.0.embed.convs.2.conv."),
    (r"^enc1\.patch_embed1\.conv\.7\.", "spectral.stages.0.embed.convs.2.norm."),
    (r"^enc1\.patch_embed(\d)\.", "spectral.stages.{}.embed."),
    (r"^enc1\.block(\d)\.0\.", "spectral.stages.{}.block."),
    (r"^enc1\.norm4\.", "spectral.norm."),
    (r"^enc1\.norm(\d)\.", "spectral.stages.{}.norm."),
    (r"^enc1\.post_network\.0\.", "spectral.summary."),
    (r"\.norm1\.", ".mix_norm."),
    (r"\.norm2\.", ".feed_norm."),
    (r"\.attn\.complex_weight$", ".mix.filter"),
    (r"(\.block)\.attn\.", r"\1.mix."),
    (r"(\.summary)\.attn\.", r"\1."),
    (r"\.mlp\.fc1\.", ".feed.expand."),
    (r"\.mlp\.dwconv\.dwconv\.", ".feed.local."),
    (r"\.mlp\.fc2\.", ".feed.contract."),
    # second expert
    (r"^enc2\.patch_embed\.0\.", "cascaded.embed.0."),
    (r"^enc2\.patch_embed\.2\.", "cascaded.embed.1."),
    (r"^enc2\.patch_embed\.4\.", "cascaded.embed.2."),
    (r"^enc2\.patch_embed\.6\.", "cascaded.embed.3."),
    (r"^enc2\.blocks1\.0\.", "cascaded.stages.0.0."),
    (r"^enc2\.blocks(\d)\.0\.0\.", "cascaded.stages.{}.0."),
    (r"^enc2\.blocks(\d)\.0\.1\.", "cascaded.stages.{}.1."),
    (r"^enc2\.blocks(\d)\.1\.", "cascaded.stages.{}.2."),
    (r"^enc2\.blocks(\d)\.2\.0\.", "cascaded.stages.{}.3."),
    (r"^enc2\.blocks(\d)\.2\.1\.", "cascaded.stages.{}.4."),
    (r"^enc2\.blocks(\d)\.3\.", "cascaded.stages.{}.5."),
    (r"\.dw0\.m\.", ".before.0.conv."),
    (r"\.ffn0\.m\.", ".before.1."),
    (r"\.dw1\.m\.", ".after.0.conv."),
    (r"\.ffn1\.m\.", ".after.1."),
    (r"\.mixer\.m\.attn\.attention_biases$", ".attention.bias"),
    (r"\.mixer\.m\.attn\.qkvs\.", ".attention.qkv."),
    (r"\.mixer\.m\.attn\.dws\.", ".attention.local."),
    (r"\.mixer\.m\.attn\.proj\.1\.", ".attention.proj."),
    (r"(cascaded\.stages\.\d\.[03])\.m\.", r"\1.conv."),
    (r"(cascaded\.stages\.\d\.[14])\.m\.", r"\1."),
    (r"\.pw1\.", ".expand."),
    (r"\.pw2\.", ".contract."),
    (r"\.conv1\.", ".expand."),
    (r"\.conv2\.", ".local."),
    (r"\.conv3\.", ".contract."),
    (r"\.se\.fc1\.", ".excite.squeeze."),
    (r"\.se\.fc2\.", ".excite.excite."),
    (r"\.c\.", ".conv."),
    (r"\.bn\.", ".norm."),
)  # fmt: skip
"""Published names to ours, one replacement after the other; {} is the published number less one."""


def load_published(model: nn.Module, state: Mapping[str, Any]) -> list[str]:
    """Put published weights into a model.

    Parameters
    ----------
    model : TinyBioMoe
        Its head, if it has one, stays as it is.
    state : mapping of name to Tensor
        A published state dict.

    Returns
    -------
    list of str
        Names of the state dict that the model has no place for.

    Raises
    ------
    ModelError
        Weights that are missing or have another shape, with their names.
    """
    found: dict[str, Tensor] = {}
    origin: dict[str, str] = {}
    for published, name, tensor in _renamed(state):
        if INDEX.search(published):
            _check_index(published, tensor)
        else:
            found[name], origin[name] = tensor, published
    return [origin[name] for name in put(model, found, WHERE, apart=("head.",))]


def _renamed(state: Mapping[str, Any]) -> Iterator[tuple[str, str, Tensor]]:
    """Published name, our name and tensor of each weight; queries, keys and values of a block as one."""
    for published, tensor in state.items():
        name = our_name(published, NAMES)
        fused = FUSED.search(name)
        if fused is None or ".summary." in name:
            yield published, name, tensor
        elif fused[1] == "q":
            rest = published.replace(".q.", ".kv.")
            if rest in state:
                yield published, FUSED.sub(rf".qkv.{fused[2]}", name), torch.cat([tensor, state[rest]])
        elif published.replace(".kv.", ".q.") not in state:
            yield published, name, tensor  # keys without queries: nothing has a place for them


def _check_index(name: str, table: Tensor) -> None:
    side = round(len(table) ** 0.5)
    if not torch.equal(table.long(), offsets(side)):
        raise ModelError(
            f"{name} orders the biases in a way of its own.", where=WHERE, mend="Use weights of the published code."
        )
