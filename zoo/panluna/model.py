"""PanLUNA: any channels of EEG, ECG and PPG, and more, in one encoder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, overload

import torch
from torch import Tensor, nn

from biocurate.errors import ModelError
from zoo.panluna.architecture import Architecture
from zoo.panluna.attention import CrossAttention, CrossBlock, SelfBlock
from zoo.panluna.gate import SensorGate
from zoo.panluna.positions import NOISE, placed, waves
from zoo.panluna.temporal import TemporalBlock
from zoo.panluna.tokens import FrequencyBranch, Mlp, TimeBranch

SELF_BLOCKS = 3
"""Blocks in which the queries of a patch look at each other."""

DROPPED = 0.1
"""Share that is dropped among channels in training."""

DROPPED_HEAD = 0.15
"""Share that is dropped in the class head in training."""


class PanLuna(nn.Module):
    """Channels of any sensor types at one rate, to class scores or to what masked patches held.

    Each channel's samples are cut into patches and become tokens. Learnt queries sum up the channels of a patch,
    however many there are and in whatever order; the sums of all patches look at each other.

    Source: PanLUNA (arXiv 2604.04297) and LUNA (arXiv 2510.22257); published code, revision 34907d7.

    Parameters
    ----------
    num_classes : int
        0: a decoder that reconstructs patches, in place of a class head.
    architecture : Architecture
    drop_path : float
        Chance that a sample passes by a block over time in training.
    """

    published_mark: ClassVar[str] = "patch_embed.proj_in.0.weight"
    """A name that every published state dict has."""

    beside_embedding: ClassVar[tuple[str, ...]] = ("decoder.", "mask_token")
    """Names of weights that `embed` does not depend on begin so, beside the head's."""

    def __init__(
        self, num_classes: int = 0, architecture: Architecture = Architecture(), drop_path: float = 0.0
    ) -> None:
        super().__init__()
        sizes = self.architecture = architecture
        width = sizes.width
        self.time, self.frequency = TimeBranch(sizes), FrequencyBranch(sizes)
        self.sensors = nn.Embedding(len(sizes.sensors), width) if sizes.sensors else None
        self.positions = Mlp(width, 2 * width, width, norm=True)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.gate = SensorGate(width) if sizes.gate and sizes.sensors else None
        self.unifier = Unifier(sizes)
        heads = sizes.heads * sizes.queries
        self.blocks = nn.ModuleList(TemporalBlock(sizes.summary, heads, drop_path) for _ in range(sizes.depth))
        self.norm = nn.LayerNorm(sizes.summary)
        self.head = ClassHead(num_classes, sizes) if num_classes else None
        self.decoder = None if num_classes else Decoder(sizes)
        self._initialise()

    @overload
    def forward(
        self,
        x: Tensor,
        *,
        locations: Tensor,
        sensor: Tensor | None = ...,
        present: Tensor | None = ...,
        mask: None = ...,
    ) -> Tensor: ...
    @overload
    def forward(
        self,
        x: Tensor,
        *,
        locations: Tensor,
        sensor: Tensor | None = ...,
        present: Tensor | None = ...,
        mask: Tensor,
        names: Tensor | None = ...,
    ) -> tuple[Tensor, Tensor]: ...
    def forward(
        self,
        x: Tensor,
        *,
        locations: Tensor,
        sensor: Tensor | None = None,
        present: Tensor | None = None,
        mask: Tensor | None = None,
        names: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Score classes; or, of a model without classes, reconstruct.

        Parameters
        ----------
        x : Tensor, shape (batch, channels, samples)
            Each channel with mean 0 and deviation 1: `biocurate`'s views `normalise: window`, or `standardised`.
        locations : Tensor, shape (batch, channels, 3), or 2 where all are angles
            Metres from the middle of the head, or angles in radians; zeros where a sensor type has no place.
        sensor : Tensor of int, shape (batch, channels), optional
            Rows of ``architecture.sensors``; left out where a model has none.
        present : Tensor of bool, shape (batch, channels), optional
            False for channels that only fill up the batch; all where left out.
        mask : Tensor of bool, shape (batch, channels, samples)
            To reconstruct: patches that are hidden; True hides.
        names : Tensor of int, shape (batch, channels), optional
            To reconstruct: channel names, for a model that has a table of them.

        Returns
        -------
        logits : Tensor, shape (batch, num_classes)
        or reconstruction : Tensor, shape (batch, channels, samples), and
        attention : Tensor, shape (batch * patches, queries, channels), of the queries to the channels

        Raises
        ------
        ModelError
            Samples that are no whole patches, or sensor types that do not fit.
        """
        self._check(x, sensor, mask)
        place = self.place(locations, sensor, noisy=mask is not None and self.training)
        latents, weights = self.encode(x, place, sensor, present, mask, weights=mask is not None)
        if self.head is not None:
            logits: Tensor = self.head(latents)
            return logits
        if self.decoder is None or mask is None or weights is None:
            raise ModelError("nothing says what is hidden.", where="panluna", mend="Give a mask, or make classes.")
        return self.decoder(latents, place, names, present), weights

    def embed(
        self, x: Tensor, *, locations: Tensor, sensor: Tensor | None = None, present: Tensor | None = None
    ) -> Tensor:
        """Sum up windows: the mean of their patches' summaries, behind the last norm.

        Parameters
        ----------
        x, locations, sensor, present
            As of `forward`.

        Returns
        -------
        Tensor, shape (batch, summary)
        """
        self._check(x, sensor, None)
        latents, _ = self.encode(x, self.place(locations, sensor), sensor, present)
        return latents.mean(dim=1)

    def load_published(self, state: Mapping[str, Any]) -> list[str]:
        """Put published weights in; returns the names that no place was found for. See `published.load_published`."""
        from zoo.panluna.published import load_published

        return load_published(self, state)

    def place(self, locations: Tensor, sensor: Tensor | None, *, noisy: bool = False) -> Tensor:
        """Say where channels are and what they are, shape (batch, channels, width)."""
        sizes = self.architecture
        at = placed(locations, sensor, sizes.sensors, sizes.positions)
        if noisy:
            at = at + NOISE * torch.randn_like(at)
        found: Tensor = self.positions(waves(at, sizes.width))
        return found if self.sensors is None or sensor is None else found + self.sensors(sensor)

    def encode(
        self,
        x: Tensor,
        place: Tensor,
        sensor: Tensor | None = None,
        present: Tensor | None = None,
        mask: Tensor | None = None,
        *,
        weights: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Sum up each patch in the light of all: (batch, patches, summary), and the unifier's weights if wanted."""
        n, channels, samples = x.shape
        patches = samples // self.architecture.patch
        # Patch by patch, not channel by channel: from here on, the channels of a patch belong together.
        parted = x.view(n, channels, patches, -1).transpose(1, 2).flatten(1, 2)
        hidden = None if mask is None else mask.view(n, channels, patches, -1).any(dim=3).transpose(1, 2).flatten()
        tokens = self._tokens(parted, hidden).view(n, patches, channels, -1)
        tokens = tokens + place[:, None]
        lean = None if self.gate is None or sensor is None else self.gate(tokens, sensor, present).flatten(0, 1)
        seen = None if present is None else present.repeat_interleave(patches, dim=0)
        summed, found = self.unifier(tokens.flatten(0, 1), seen, lean, weights=weights)
        latents = summed.view(n, patches, -1)
        for block in self.blocks:
            latents = block(latents)
        out: Tensor = self.norm(latents)
        return out, found

    def _tokens(self, parted: Tensor, hidden: Tensor | None) -> Tensor:
        """Code patches, shape (batch, tokens, patch) to (batch * tokens, width); of hidden ones nothing is worked out.

        Where tokens are normed together, what hidden ones hold counts in the norms, as published.
        """
        if hidden is None:
            coded: Tensor = self.time(parted) + self.frequency(parted)
            return coded.flatten(0, 1)
        (visible,) = (~hidden).nonzero(as_tuple=True)
        if not len(visible):
            return self.mask_token[0].expand(len(hidden), -1)
        rows = parted.flatten(0, 1).index_select(0, visible)
        found = self.time(parted, visible) + self.frequency(rows[None])[0]
        # The token of what is hidden is the first row of a table; those that are visible follow it in their order.
        table = torch.cat([self.mask_token[0].to(found.dtype), found])
        return table.index_select(0, (~hidden).cumsum(0).masked_fill(hidden, 0))

    def _check(self, x: Tensor, sensor: Tensor | None, mask: Tensor | None) -> None:
        patch = self.architecture.patch
        if x.ndim != 3 or x.shape[2] % patch or not x.shape[2]:
            seconds = patch / self.architecture.rate_hz
            raise ModelError(
                f"{tuple(x.shape)} samples are no whole patches of {patch}.",
                where="panluna",
                mend=f"Give (batch, channels, samples) at {self.architecture.rate_hz:g} Hz, of a multiple of "
                f"{seconds:g} s.",
            )
        if self.sensors is not None and sensor is None:
            kinds = ", ".join(f"{kind} {row}" for row, kind in enumerate(self.architecture.sensors))
            raise ModelError("it is not said which sensor types these are.", where="panluna", mend=f"Rows: {kinds}.")
        if mask is not None and mask.shape != x.shape:
            raise ModelError(
                f"a mask of {tuple(mask.shape)} does not fit {tuple(x.shape)}.", where="panluna", mend="Mask samples."
            )

    def _initialise(self) -> None:
        """Draw the weights, as published: Xavier's normal; the last layers of later blocks are smaller."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_normal_(module.weight)
                nn.init.zeros_(module.bias)
            if isinstance(module, CrossAttention):
                nn.init.xavier_uniform_(module.into.weight)
        if self.gate is not None:
            self.gate.begin()
        nn.init.trunc_normal_(self.mask_token, std=0.02)
        for at, block in enumerate(self.blocks, start=1):
            assert isinstance(block, TemporalBlock)
            for layer in (block.proj, block.contract):
                layer.weight.data /= math.sqrt(2 * at)
        if self.sensors is not None and self.architecture.positions == "fixed":
            nn.init.trunc_normal_(self.sensors.weight, std=0.02)  # published: 1, which drowns the tokens


class Unifier(nn.Module):
    """Sum up the channels of a patch, whatever they are, by queries that look at them."""

    def __init__(self, sizes: Architecture) -> None:
        super().__init__()
        width = sizes.width
        self.queries = nn.Parameter(nn.init.orthogonal_(torch.empty(sizes.queries, width))[None])
        self.temperature = nn.Parameter(torch.ones(()), requires_grad=False)
        """Published, and used by nothing: with it, files and parameter counts agree."""
        self.query_norm, self.key_norm, self.value_norm = (nn.LayerNorm(width) for _ in range(3))
        self.attention = CrossAttention(width, sizes.heads, DROPPED)
        self.feed = Mlp(width, 4 * width, width, norm=True, dropout=DROPPED)
        self.blocks = nn.ModuleList(SelfBlock(width, sizes.heads, DROPPED) for _ in range(SELF_BLOCKS))

    def forward(
        self, x: Tensor, seen: Tensor | None = None, lean: Tensor | None = None, *, weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Shape (patches, channels, width) to (patches, queries, width), and weights (patches, queries, channels)."""
        queries, keys, values = self.query_norm(self.queries), self.key_norm(x), self.value_norm(x)
        found: Tensor | None = None
        if weights:
            summed, found = self.attention.with_weights(queries, keys, values, seen, lean)
        else:
            summed = self.attention(queries, keys, values, seen, lean)
        summed = summed + self.feed(summed)
        for block in self.blocks:
            summed = block(summed)
        return summed, found


class Decoder(nn.Module):
    """Say what each channel's patch held, from what the channel is and what the patch's summary says."""

    def __init__(self, sizes: Architecture) -> None:
        super().__init__()
        width = sizes.width
        self.names = nn.Embedding(sizes.names, width) if sizes.names else None
        self.block, self.norm = CrossBlock(width, sizes.heads), nn.LayerNorm(width)
        self.samples = Mlp(width, 4 * width, sizes.patch)

    def forward(self, latents: Tensor, place: Tensor, names: Tensor | None, present: Tensor | None) -> Tensor:
        """Shape (batch, patches, summary) and (batch, channels, width) to (batch, channels, samples)."""
        n, patches, _ = latents.shape
        asked = place if self.names is None or names is None else place + self.names(names)
        decoded = self.block.decoded(asked, latents.view(n, patches, -1, place.shape[2]), present)
        return self.samples(self.norm(decoded)).transpose(1, 2).flatten(2)  # type: ignore[no-any-return]


class ClassHead(nn.Module):
    """One learnt query looks at all patches, and two layers score."""

    def __init__(self, num_classes: int, sizes: Architecture) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, 1, sizes.summary))
        self.attention = CrossAttention(sizes.summary, sizes.heads, DROPPED_HEAD)
        self.scores = Mlp(sizes.summary, sizes.head_ratio * sizes.summary, num_classes, dropout=DROPPED_HEAD)

    def forward(self, latents: Tensor) -> Tensor:
        """Shape (batch, patches, summary) to (batch, num_classes)."""
        out: Tensor = self.scores(self.attention(self.query, latents, latents)[:, 0])
        return out


def standardised(x: Tensor) -> Tensor:
    """Give each channel of each window mean 0 and deviation 1, as published; NaN stays NaN.

    Parameters
    ----------
    x : Tensor, shape (batch, channels, samples)
    """
    deviation, mean = torch.std_mean(x, dim=2, keepdim=True)
    return (x - mean) / (deviation + 1e-8)
