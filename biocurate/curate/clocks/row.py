"""What an estimate becomes in the relation ``clocks``."""

from __future__ import annotations

from typing import Any

import numpy as np

from biocurate.curate.clocks.estimate import Estimate, Refused
from biocurate.recording import NS


def outcome(found: Estimate | Refused, transit_ns: int) -> dict[str, Any]:
    """Columns of ``clocks`` that an estimate, or its refusal, fills.

    Parameters
    ----------
    found : Estimate or Refused
    transit_ns : int
        What is allowed for the pulse's way between the two sensors.
    """
    if isinstance(found, Refused):
        return {"confidence": found.confidence, "status": "no confidence", "reason": found.reason}
    line = found.line
    # The line through all pieces: what one offset and one drift can say.
    slope, offset = np.polyfit(line.knots_s, line.offsets_s, 1)
    known = np.isfinite(line.uncertainty_s)
    precision = round(line.uncertainty_s * NS) if known else None
    return {
        "confidence": found.confidence,
        "status": "estimated",
        "method": found.method,
        "offset_ns": round(offset * NS),
        "drift_ppm": float(slope * 1e6),
        "knots": [
            {"t_ns": round(knot * NS), "offset_ns": round(added * NS)}
            for knot, added in zip(line.knots_s.tolist(), line.offsets_s.tolist(), strict=True)
        ],
        "precision_ns": precision,
        "transit_ns": transit_ns,
        "uncertainty_ns": None if precision is None else round(float(np.hypot(precision, transit_ns))),
        "beats": found.beats,
    }
