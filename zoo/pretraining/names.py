"""What weights of a pre-training are called."""

from __future__ import annotations

BEST = "best"
"""Begins the file of the step whose held-out loss is lowest; that of the last begins with ``model``, which a run's
folder stands for."""


def named(length: float, people: int) -> str:
    """Weights by what they saw, so that nobody takes them for those of a paper.

    Parameters
    ----------
    length : float
        Hours that were trained on.
    people : int

    >>> named(3.26, 12)
    'demo-3.3h-12s'
    """
    return f"demo-{length:.3g}h-{people}s" if length < 1 else f"demo-{length:.1f}h-{people}s"
