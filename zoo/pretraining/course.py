"""What a network is trained to do, as the loop of a pre-training needs to know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor, nn

from zoo.pretraining.source import Source


class Course(Protocol):
    """An objective over several sources."""

    @property
    def network(self) -> nn.Module:
        """All that is trained."""

    @property
    def backbone(self) -> nn.Module:
        """What is kept."""

    @property
    def sources(self) -> Sequence[Source]:
        """What it is trained on."""

    @property
    def betas(self) -> tuple[float, float]:
        """How long AdamW remembers gradients and their squares."""

    def loss(self, step: int) -> tuple[Tensor, list[float]]:
        """Loss of a step, by its number and `state` alone, and each source's: NaN of one that it sees nothing of."""

    def look(self, step: int, means: Sequence[float | None]) -> list[dict[str, Any]]:
        """What is measured on held-out persons, a row a source, beside each source's mean loss since the last look."""

    def state(self) -> dict[str, Any]:
        """What steps have changed beside the network, as plain values and tensors."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""

    def found(self, curve: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401  a dataclass of its own
        """How it ended, from all rows that `look` gave."""
