"""What a form for export is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

Form = Callable[[Any], nn.Module]
"""From a layer to another one that gives the same."""
