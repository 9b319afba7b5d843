"""Recipe x files -> parts and rows: plan from names and headers, read in parallel, publish in batches."""

from biocurate.ingest.plan import Plan, make_plan
from biocurate.ingest.run import Outcome, ingest

__all__ = ["Outcome", "Plan", "ingest", "make_plan"]
