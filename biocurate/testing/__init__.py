"""Small corpora with known content, for demonstrations and tests."""

from biocurate.testing.cohort import Cohort, simulate
from biocurate.testing.writers import write_cohort

__all__ = ["Cohort", "simulate", "write_cohort"]
