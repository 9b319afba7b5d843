"""What two sides can share that they should not."""

from __future__ import annotations

from typing import Literal

Kind = Literal["person", "overlap", "copy", "near copy"]
"""A person; an instant of a recording; equal samples; samples that are equal but for rate and scale."""
