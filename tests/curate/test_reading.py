"""Samples of windows, against the recordings they were cut from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from conftest_curate import label, put, stream

from biocurate import read_windows
from biocurate.curate.windows import build_windows
from biocurate.errors import DamageError, StaleError, UsageError
from biocurate.recording import ArraySamples, Recording
from biocurate.store.reading import SignalReader
