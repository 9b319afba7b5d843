"""Small corpora with known content, for demonstrations and tests."""

from biocurate.testing.cohort import Cohort, simulate
from biocurate.testing.physiology import Truth
from biocurate.testing.writers import write_cohort

__all__ = ["Cohort", "Truth", "simulate", "write_cohort"]
