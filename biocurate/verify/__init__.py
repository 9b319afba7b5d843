"""Hold a store's samples against the raw files, by a path that shares nothing with the readers."""

from biocurate.verify.deep import Compared, verify_deep

__all__ = ["Compared", "verify_deep"]
