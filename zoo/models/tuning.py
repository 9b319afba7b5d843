"""How a network is tuned: what of it is trained, and how fast each part of it learns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from biocurate.errors import ModelError


@dataclass(frozen=True)
class Tuning:
    """Parts of a network by the names of their parameters."""

    head: str = "head."
    """What the names of the head's parameters begin with."""
    top: tuple[str, ...] = ("norm.",)
    """What stands between the last block and the head."""
    block: str = r"blocks\.(\d+)\."
    """A block's parameters, with its number; whatever is neither of these lies below the first block."""
    layers: tuple[str, ...] = ()
    """Linear layers that are adapted with low rank, as regular expressions of whole names."""
    weights: tuple[tuple[str, int], ...] = ()
    """The same for matrices that are used otherwise than by calling their layer, and how often each is adapted."""

    def level(self, name: str, blocks: int) -> int:
        """How high a parameter lies: 0 below the blocks, then block by block, and `blocks` + 1 for what follows."""
        if name.startswith((self.head, *self.top)):
            return blocks + 1
        found = re.match(self.block, name)
        return int(found[1]) + 1 if found else 0

    def rate(self, name: str, blocks: int, decay: float) -> float:
        """Share of the learning rate that a parameter is trained with: 1 for the head, `decay` less a level down.

        Source: BEiT (Bao et al., 2021, arXiv 2106.08254), appendix, as PanLUNA's scripts mean it and do not do it.
        """
        return decay ** (blocks + 1 - self.level(name, blocks))

    def blocks(self, names: list[str], model: str) -> int:
        """Number of blocks; ModelError where no name is of a head, so that nothing would be trained."""
        if not any(name.startswith(self.head) for name in names):
            raise ModelError("it has no head.", where=model, mend="Give it classes.")
        return len({found[1] for name in names if (found := re.match(self.block, name))})
