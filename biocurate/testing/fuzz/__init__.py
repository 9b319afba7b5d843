"""Readers under damage: real files with bytes changed at random, read in processes that may die of it.

A reader keeps its promise where every damaged file is refused with what, where and mend, or read with a warning that
the whole file has not, or read as the bytes now say (`verdict`). Any reader can be tried, a plug-in's too: give a
`Campaign` a `Subject`, with another decoder of its format where no checksums cover the samples.
"""

from biocurate.testing.fuzz.campaign import Campaign
from biocurate.testing.fuzz.report import Report, table
from biocurate.testing.fuzz.subject import Subject
from biocurate.testing.fuzz.verdict import Outcome, Verdict

__all__ = ["Campaign", "Outcome", "Report", "Subject", "Verdict", "table"]
