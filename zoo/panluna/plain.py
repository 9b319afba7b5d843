"""PanLUNA as its notes say it, module after module under the published names: what the quick one is held to.

Patches slide through convolutions over an image of one row, attention is torch's own module, which gives its weights,
places are repeated for every patch, and the Fourier transform is one. Only the published architectures are told here.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, smooth_l1_loss

from zoo.models.published import our_name
from zoo.panluna.architecture import Architecture
from zoo.panluna.model import DROPPED, DROPPED_HEAD, PanLuna
from zoo.panluna.objective import DISTINCT_WEIGHT, VISIBLE_WEIGHT
from zoo.panluna.positions import NOISE
from zoo.panluna.published import NAMES


def plain_of(model: PanLuna) -> PlainPanLuna:
    """Make the plain network with the weights of a model of a published architecture, in the same mode."""
    classes = 0 if model.head is None else model.head.scores.contract.out_features
    plain = PlainPanLuna(classes, model.architecture)
    ours = model.state_dict()
    shapes = plain.state_dict()
    found = {name: ours[our_name(name, NAMES)].view(tensor.shape) for name, tensor in shapes.items()}
    plain.load_state_dict(found)
    return plain.to(model.mask_token.device).train(model.training)


class PlainPanLuna(nn.Module):
    """Class scores, or a reconstruction and the attention of queries to channels, as of `PanLuna`.

    Source: PanLUNA (arXiv 2604.04297) and LUNA (arXiv 2510.22257); published code, revision 34907d7.

    Parameters
    ----------
    num_classes : int
    sizes : Architecture
        Of the published ones.
    """

    def __init__(self, num_classes: int, sizes: Architecture) -> None:
        super().__init__()
        width = sizes.width
        self.patch, self.queries = sizes.patch, sizes.queries
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.patch_embed, self.freq_embed = _PatchEmbed(sizes), _FrequencyEmbed(sizes)
        self.sensor_embed = _Table(len(sizes.sensors), width) if sizes.sensors else None
        self.channel_location_embedder = nn.Sequential(_Mlp(width, 2 * width, width, norm=True))
        self.cross_attn = _CrossAttention(sizes)
        heads = sizes.heads * sizes.queries
        self.blocks = nn.ModuleList(_RotaryBlock(sizes.summary, heads) for _ in range(sizes.depth))
        self.norm = nn.LayerNorm(sizes.summary)
        self.decoder_head = None if num_classes else _Reconstruction(sizes)
        self.channel_emb = None if num_classes else _Table(sizes.names, width)
        self.classifier = _Classifier(num_classes, sizes) if num_classes else None

    def forward(
        self,
        x: Tensor,
        *,
        locations: Tensor,
        sensor: Tensor | None = None,
        mask: Tensor | None = None,
        names: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Take and give what `PanLuna.forward` does."""
        n, channels, samples = x.shape
        patches = samples // self.patch
        parted = x.reshape(n, channels * patches, self.patch)
        tokens = self.patch_embed(parted) + self.freq_embed(parted)
        if mask is not None:
            hidden = (mask.reshape(n, channels * patches, self.patch).sum(dim=2) > 0)[:, :, None]
            tokens = torch.where(hidden, self.mask_token.repeat(n, channels * patches, 1), tokens)
        place = self._place(locations, noisy=mask is not None and self.training).repeat_interleave(patches, dim=0)
        if self.sensor_embed is not None and sensor is not None:
            place = place + self.sensor_embed(sensor).repeat_interleave(patches, dim=0)
        tokens = tokens.view(n, channels, patches, -1).transpose(1, 2).reshape(n * patches, channels, -1) + place
        summed, weights = self.cross_attn(tokens)
        latents = summed.reshape(n, patches, -1)
        for block in self.blocks:
            latents = block(latents)
        latents = self.norm(latents)
        if self.classifier is not None:
            return cast("Tensor", self.classifier(latents))
        if names is not None and self.channel_emb is not None:
            place = place + self.channel_emb(names).repeat_interleave(patches, dim=0)
        assert self.decoder_head is not None
        found = self.decoder_head(latents.reshape(n * patches, self.queries, -1), place)
        return found.view(n, patches, channels, self.patch).permute(0, 2, 1, 3).reshape(x.shape), weights

    def _place(self, locations: Tensor, *, noisy: bool) -> Tensor:
        least, most = locations.min(dim=1, keepdim=True)[0], locations.max(dim=1, keepdim=True)[0]
        at = (locations - least) / (most - least + 1e-8)
        if noisy:
            at = at + torch.randn_like(at) * NOISE
        n, channels, coordinates = at.shape
        width = self.mask_token.shape[2]
        powers = 2.0 ** torch.arange(width // (2 * coordinates), device=at.device)
        angles = at[..., None] * powers
        waves = torch.stack([angles.sin(), angles.cos()], dim=4).permute(0, 1, 3, 2, 4).reshape(n, channels, -1)
        rest = torch.zeros(n, channels, width - waves.shape[2], device=at.device)
        return cast("Tensor", self.channel_location_embedder(torch.cat([waves, rest], dim=2)))


def plain_loss(reconstruction: Tensor, x: Tensor, mask: Tensor, attention: Tensor) -> Tensor:
    """The objective as published: of hidden and visible samples, picked out, and of the queries' likeness."""
    hidden, visible = (smooth_l1_loss(reconstruction[some], x[some]) for some in (mask, ~mask))
    products = attention @ attention.transpose(1, 2)
    products = products * (1 - torch.eye(attention.shape[1], device=attention.device))
    return hidden + VISIBLE_WEIGHT * visible + DISTINCT_WEIGHT * products.square().mean()


class _Mlp(nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int, dropped: float = 0.0, *, norm: bool = False) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)
        self.norm = nn.LayerNorm(hidden) if norm else nn.Identity()
        self.drop1, self.drop2 = nn.Dropout(dropped), nn.Dropout(dropped)

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.drop2(self.fc2(self.norm(self.drop1(gelu(self.fc1(x)))))))


class _Table(nn.Module):
    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(rows, width)

    def forward(self, rows: Tensor) -> Tensor:
        return cast("Tensor", self.embeddings(rows))


class _PatchEmbed(nn.Module):
    """Convolutions over an image of a row a token; groups are normed over all tokens of a sample."""

    def __init__(self, sizes: Architecture) -> None:
        super().__init__()
        channels, half = sizes.width // 4, sizes.patch // 2
        first = nn.Conv2d(1, channels, (1, half - 1), stride=(1, half // 2), padding=(0, half // 2 - 1))
        second, third = (nn.Conv2d(channels, channels, (1, 3), padding=(0, 1)) for _ in range(2))
        layers = [each for conv in (first, second, third) for each in (conv, nn.GroupNorm(4, channels), nn.GELU())]
        self.proj_in = nn.Sequential(*layers)

    def forward(self, patches: Tensor) -> Tensor:
        image = self.proj_in(patches[:, None])
        return cast("Tensor", image.permute(0, 2, 3, 1).reshape(*patches.shape[:2], -1))


class _FrequencyEmbed(nn.Module):
    def __init__(self, sizes: Architecture) -> None:
        super().__init__()
        inputs = 2 * (sizes.patch // 2 + 1)
        self.frequency_to_embed = _Mlp(inputs, 4 * inputs, sizes.width)

    def forward(self, patches: Tensor) -> Tensor:
        found = torch.fft.rfft(patches, dim=2)
        return cast("Tensor", self.frequency_to_embed(torch.cat([found.abs(), found.angle()], dim=2)))


class _CrossAttention(nn.Module):
    def __init__(self, sizes: Architecture) -> None:
        super().__init__()
        width = sizes.width
        self.query_embed = nn.Parameter(torch.empty(1, sizes.queries, width))
        self.temparature = nn.Parameter(torch.ones(()), requires_grad=False)
        self.cross_attention = nn.MultiheadAttention(width, sizes.heads, DROPPED, batch_first=True)
        self.ffn = _Mlp(width, 4 * width, width, DROPPED, norm=True)
        self.keys_norm, self.values_norm, self.queries_norm = (nn.LayerNorm(width) for _ in range(3))
        layer = nn.TransformerEncoderLayer(
            width, sizes.heads, 4 * width, DROPPED, "gelu", batch_first=True, norm_first=True
        )
        self.query_self_attn = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        queries = self.queries_norm(self.query_embed.repeat(len(x), 1, 1))
        summed, weights = self.cross_attention(queries, self.keys_norm(x), self.values_norm(x))
        return self.query_self_attn(self.ffn(summed) + summed), weights


class _RotaryBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width), _RotaryAttention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width), _Mlp(width, 4 * width, width, norm=True)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return cast("Tensor", x + self.mlp(self.norm2(x)))


class _RotaryAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.rotary_emb = _Frequencies(width // heads // 2)
        self.qkv_proj, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, patches, width = x.shape
        parted = self.qkv_proj(x).reshape(n, patches, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = parted.unbind(0)
        queries, keys = self.rotary_emb(queries), self.rotary_emb(keys)
        weights = (queries @ keys.transpose(2, 3) * values.shape[3] ** -0.5).softmax(dim=3)
        return cast("Tensor", self.proj((weights @ values).transpose(1, 2).reshape(n, patches, width)))


class _Frequencies(nn.Module):
    """Turn pairs of neighbouring numbers; shape (batch, heads, patches, numbers), returned in the same shape."""

    def __init__(self, pairs: int) -> None:
        super().__init__()
        self.freqs = nn.Parameter(torch.empty(pairs), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        at = torch.arange(x.shape[2], dtype=x.dtype, device=x.device)
        angle = torch.einsum("n,f->nf", at, self.freqs).repeat_interleave(2, dim=1)
        even, odd = x[..., 0::2], x[..., 1::2]
        return x * angle.cos() + torch.stack([-odd, even], dim=4).flatten(3) * angle.sin()


class _Reconstruction(nn.Module):
    def __init__(self, sizes: Architecture) -> None:
        super().__init__()
        width = sizes.width
        layer = nn.TransformerDecoderLayer(
            width, sizes.heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.decoder_pred = nn.TransformerDecoder(layer, 1)
        self.norm = nn.LayerNorm(width)
        self.decoder_linear = _Mlp(width, 4 * width, sizes.patch)

    def forward(self, latents: Tensor, queries: Tensor) -> Tensor:
        return cast("Tensor", self.decoder_linear(self.norm(self.decoder_pred(queries, latents))))


class _Classifier(nn.Module):
    def __init__(self, num_classes: int, sizes: Architecture) -> None:
        super().__init__()
        width = sizes.summary
        self.learned_agg = nn.Parameter(torch.empty(1, 1, width))
        self.decoder_attn = nn.MultiheadAttention(width, sizes.heads, DROPPED_HEAD, batch_first=True)
        self.decoder_ffn = _Mlp(width, sizes.head_ratio * width, num_classes, DROPPED_HEAD)

    def forward(self, latents: Tensor) -> Tensor:
        found, _ = self.decoder_attn(self.learned_agg.repeat(len(latents), 1, 1), latents, latents)
        return cast("Tensor", self.decoder_ffn(found[:, 0]))
