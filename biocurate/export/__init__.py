"""Stored recordings to files: EDF+ or BDF+, and WFDB; the integers as they are stored."""

from biocurate.export.edf import write_edf
from biocurate.export.run import Outcome, Refused, export, select, to_edf, to_wfdb
from biocurate.export.target import Written
from biocurate.export.wfdb import write_wfdb

__all__ = ["Outcome", "Refused", "Written", "export", "select", "to_edf", "to_wfdb", "write_edf", "write_wfdb"]
