"""Checks that a package with models of its own can run on them."""

from __future__ import annotations

from zoo.testing.contract import CHECKS, check

__all__ = ["CHECKS", "check"]
