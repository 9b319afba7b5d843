"""The published weights of PanLUNA: from the names that their authors gave to ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from zoo.models.published import our_name, put

NAMES = (
    (r"^patch_embed\.proj_in\.0\.", "time.convs.0."),
    (r"^patch_embed\.proj_in\.3\.", "time.convs.1."),
    (r"^patch_embed\.proj_in\.6\.", "time.convs.2."),
    (r"^patch_embed\.proj_in\.1\.", "time.norms.0."),
    (r"^patch_embed\.proj_in\.4\.", "time.norms.1."),
    (r"^patch_embed\.proj_in\.7\.", "time.norms.2."),
    (r"^freq_embed\.frequency_to_embed\.", "frequency.mlp."),
    (r"^sensor_embed\.embeddings\.", "sensors."),
    (r"^channel_location_embedder\.0\.", "positions."),
    (r"^channel_emb\.embeddings\.", "decoder.names."),
    (r"^cross_attn\.query_embed$", "unifier.queries"),
    (r"^cross_attn\.temparature$", "unifier.temperature"),
    (r"^cross_attn\.queries_norm\.", "unifier.query_norm."),
    (r"^cross_attn\.keys_norm\.", "unifier.key_norm."),
    (r"^cross_attn\.values_norm\.", "unifier.value_norm."),
    (r"^cross_attn\.cross_attention\.", "unifier.attention."),
    (r"^cross_attn\.ffn\.", "unifier.feed."),
    (r"^cross_attn\.query_self_attn\.layers\.", "unifier.blocks."),
    (r"^decoder_head\.decoder_pred\.layers\.0\.multihead_attn\.", "decoder.block.cross."),
    (r"^decoder_head\.decoder_pred\.layers\.0\.norm2\.", "decoder.block.cross_norm."),
    (r"^decoder_head\.decoder_pred\.layers\.0\.norm3\.", "decoder.block.feed_norm."),
    (r"^decoder_head\.decoder_pred\.layers\.0\.", "decoder.block."),
    (r"^decoder_head\.norm\.", "decoder.norm."),
    (r"^decoder_head\.decoder_linear\.", "decoder.samples."),
    (r"^classifier\.learned_agg$", "head.query"),
    (r"^classifier\.decoder_attn\.", "head.attention."),
    (r"^classifier\.decoder_ffn\.", "head.scores."),
    (r"^(blocks\.\d+)\.attn\.rotary_emb\.freqs$", r"\1.freqs"),
    (r"^(blocks\.\d+)\.attn\.qkv_proj\.", r"\1.qkv."),
    (r"^(blocks\.\d+)\.attn\.proj\.", r"\1.proj."),
    (r"^(blocks\.\d+)\.norm1\.", r"\1.norm."),
    (r"^(blocks\.\d+)\.norm2\.", r"\1.feed_norm."),
    (r"^(blocks\.\d+)\.mlp\.norm\.", r"\1.hidden_norm."),
    (r"^(blocks\.\d+)\.mlp\.fc1\.", r"\1.expand."),
    (r"^(blocks\.\d+)\.mlp\.fc2\.", r"\1.contract."),
    (r"^(unifier\.blocks\.\d|decoder\.block)\.self_attn\.", r"\1.attention."),
    (r"^(unifier\.blocks\.\d|decoder\.block)\.linear1\.", r"\1.expand."),
    (r"^(unifier\.blocks\.\d|decoder\.block)\.linear2\.", r"\1.contract."),
    (r"^(unifier\.blocks\.\d|decoder\.block)\.norm1\.", r"\1.norm."),
    (r"^(unifier\.blocks\.\d)\.norm2\.", r"\1.feed_norm."),
    (r"\.in_proj_(weight|bias)$", r".into.\1"),
    (r"\.out_proj\.", ".out."),
    (r"\.fc1\.", ".expand."),
    (r"\.fc2\.", ".contract."),
)
"""Published names to ours, one replacement after the other."""

WHERE = "panluna"

MARK = "cross_attn.query_embed"
"""A name that every published state dict has."""


def load_published(model: nn.Module, state: Mapping[str, Any]) -> list[str]:
    """Put published weights into a model; its head or decoder stays as it is where the state dict has none.

    Parameters
    ----------
    model : PanLuna
        Of the published architecture.
    state : mapping of name to Tensor
        A published state dict, for classes or for reconstruction.

    Returns
    -------
    list of str
        Names of the state dict that the model has no place for.

    Raises
    ------
    ModelError
        Weights that are missing or have another shape, with their names.
    """
    # Published convolutions run over an image of one row.
    found = {our_name(name, NAMES): tensor.squeeze(2) if tensor.ndim == 4 else tensor for name, tensor in state.items()}
    origin = {our_name(name, NAMES): name for name in state}
    return [origin[name] for name in put(model, found, WHERE, apart=("head.", "decoder."))]
