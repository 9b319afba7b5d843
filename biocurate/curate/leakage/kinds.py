"""What two sides can share that they should not."""

from __future__ import annotations

from typing import Literal

Kind = Literal["person", "overlap", "copy", "near copy", "crop"]
"""A person; an instant of a recording; equal samples; samples that are equal but for rate and scale; a stretch of
samples, equal or so but for rate and scale, that begins elsewhere in the other."""
