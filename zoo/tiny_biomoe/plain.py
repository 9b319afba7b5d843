"""Tiny-BioMoE as its tables say it, layer after layer: what the quick forward is held to, and timed against.

Images are contiguous and positions are tokens, so that every change between the two copies; queries are projected by
themselves; attention is a softmax between two products.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import cast

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import elu, gelu, hardtanh, linear

from zoo.tiny_biomoe.efficientvit import KEY, CascadedAttention, CascadedBlock, EfficientViT, Local, Merge, Pointwise
from zoo.tiny_biomoe.layers import Attention, FeedForward
from zoo.tiny_biomoe.model import TinyBioMoe
from zoo.tiny_biomoe.spectformer import Block, ClassBlock, Downsample, SpectFormer, SpectralGate, Stage, Stem


def plain_embed(model: TinyBioMoe, images: Tensor) -> Tensor:
    """Embed images, shape (batch, 3, image_size, image_size), float32 in [0, 1], to (batch, 192)."""
    x = model.image_norm(images)
    found = [_spectformer(model.spectral, x), _efficientvit(model.cascaded, x)]
    weighed = [model.expert_norm(each) * hardtanh(model.gate(elu(each)), 0.0, 1.0) for each in found]
    out: Tensor = model.norm(torch.cat(weighed, dim=1))
    return out


def _spectformer(model: SpectFormer, image: Tensor) -> Tensor:
    tokens = image
    for stage in cast("Iterable[Stage]", model.stages):
        embed = cast("Stem | Downsample", stage.embed)
        if isinstance(embed, Stem):
            for conv in embed.convs:
                image = conv(image).relu()
        image = embed.proj(image)
        n, channels, height, width = image.shape
        tokens = stage.norm(_block(stage.block, embed.norm(image.flatten(2).transpose(1, 2)), (height, width)))
        image = tokens.transpose(1, 2).reshape(n, channels, height, width)
    out: Tensor = model.norm(_class_block(model.summary, tokens))
    return out


def _block(block: Block, x: Tensor, grid: tuple[int, int]) -> Tensor:
    normed = block.mix_norm(x)
    x = x + (_gate(block.mix, normed, grid) if isinstance(block.mix, SpectralGate) else _attention(block.mix, normed))
    out: Tensor = x + _feed(block.feed, block.feed_norm(x), grid)
    return out


def _gate(gate: SpectralGate, x: Tensor, grid: tuple[int, int]) -> Tensor:
    spectrum = torch.fft.rfft2(x.view(len(x), *grid, -1), dim=(1, 2), norm="ortho")
    spectrum = spectrum * torch.view_as_complex(gate.filter)
    out: Tensor = torch.fft.irfft2(spectrum, s=grid, dim=(1, 2), norm="ortho").reshape(x.shape)
    return out


def _attention(attention: Module, x: Tensor) -> Tensor:
    assert isinstance(attention, Attention)
    width = x.shape[2]
    weight, bias = attention.qkv.weight, attention.qkv.bias
    queries = linear(x, weight[:width], bias[:width])
    keys, values = linear(x, weight[width:], bias[width:]).chunk(2, dim=2)
    out: Tensor = attention.proj(_attend(queries, keys, values, attention.heads))
    return out


def _attend(queries: Tensor, keys: Tensor, values: Tensor, heads: int) -> Tensor:
    parted = (each.reshape(*each.shape[:2], heads, -1).transpose(1, 2) for each in (queries, keys, values))
    queries, keys, values = parted
    weights = (queries * queries.shape[3] ** -0.5) @ keys.transpose(2, 3)
    out: Tensor = (weights.softmax(dim=3) @ values).transpose(1, 2).flatten(2)
    return out


def _feed(feed: FeedForward, x: Tensor, grid: tuple[int, int] | None = None) -> Tensor:
    hidden = feed.expand(x)
    if feed.local is not None and grid is not None:
        image = hidden.transpose(1, 2).reshape(len(x), -1, *grid)
        hidden = feed.local(image).flatten(2).transpose(1, 2)
    out: Tensor = feed.contract(gelu(hidden))
    return out


def _class_block(block: ClassBlock, x: Tensor) -> Tensor:
    tokens = torch.cat([x.mean(dim=1, keepdim=True), x], dim=1)
    normed = block.mix_norm(tokens)
    keys, values = block.kv(normed).chunk(2, dim=2)
    token = tokens[:, :1] + block.proj(_attend(block.q(normed[:, :1]), keys, values, block.heads))
    out: Tensor = token + _feed(block.feed, block.feed_norm(token))
    return out[:, 0]


def _efficientvit(model: EfficientViT, x: Tensor) -> Tensor:
    last = len(model.embed) - 1
    for at, conv in enumerate(model.embed):
        x = conv(x) if at == last else conv(x).relu()
    for layer in chain.from_iterable(cast("Iterable[Iterable[Module]]", model.stages)):
        x = _cascaded(layer, x) if isinstance(layer, CascadedBlock) else _layer(layer, x)
    return x.mean(dim=(2, 3))


def _layer(layer: Module, x: Tensor) -> Tensor:
    if isinstance(layer, Local):
        return cast("Tensor", x + layer.conv(x))
    if isinstance(layer, Pointwise):
        return cast("Tensor", x + layer.contract(layer.expand(x).relu()))
    assert isinstance(layer, Merge)
    hidden = layer.local(layer.expand(x).relu()).relu()
    excite = layer.excite
    hidden = hidden * excite.excite(excite.squeeze(hidden.mean(dim=(2, 3), keepdim=True)).relu()).sigmoid()
    out: Tensor = layer.contract(hidden)
    return out


def _cascaded(block: CascadedBlock, x: Tensor) -> Tensor:
    for layer in block.before:
        x = _layer(layer, x)
    n, channels, side, _ = x.shape
    window, tiles = block.window, side // block.window
    parted = x.view(n, channels, tiles, window, tiles, window).permute(0, 2, 4, 1, 3, 5)
    mixed = _cascade(block.attention, parted.reshape(-1, channels, window, window))
    joined = mixed.view(n, tiles, tiles, channels, window, window).permute(0, 3, 1, 4, 2, 5)
    x = x + joined.reshape(n, channels, side, side)
    for layer in block.after:
        x = _layer(layer, x)
    return x


def _cascade(attention: CascadedAttention, x: Tensor) -> Tensor:
    given, found = torch.zeros_like(x[:, : attention.value]), []
    for at, share in enumerate(x.chunk(len(attention.qkv), dim=1)):
        given = given + share
        queries, keys, values = attention.qkv[at](given).split([KEY, KEY, attention.value], dim=1)
        queries = attention.local[at](queries)
        weights = (queries.flatten(2).transpose(1, 2) @ keys.flatten(2)) * KEY**-0.5
        weights = (weights + attention.bias[at][attention.offset]).softmax(dim=2)
        given = (values.flatten(2) @ weights.transpose(1, 2)).view(values.shape)
        found.append(given)
    out: Tensor = attention.proj(torch.cat(found, dim=1).relu())
    return out
