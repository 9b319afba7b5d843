"""What the pulse's way through the body may be of an offset between two sensors, since beats cannot tell.

A beat is felt by an electrode at once and by a sensor of the pulse when the pulse gets there. With one clock the
difference is a measurement; with two it is a part of the offset, and only an allowance for it can be stated.
"""

from __future__ import annotations

ELECTRIC = frozenset({"ECG"})

ONE_SITE_NS = 20_000_000
"""Two sensors of the pulse at one site, of the left or the right side: the sides differ by less than this (Allen &
Murray, Physiological Measurement 21 (2000) 369), and so, at one site, do detectors and filters."""
TWO_SITES_NS = 150_000_000
"""From the ear, which the pulse reaches first, to the toe (Allen, Physiological Measurement 28 (2007) R1)."""
FROM_THE_HEART_NS = 400_000_000
"""From the R wave to the pulse at the toe: the ejection of the blood comes first (same source)."""


def transit_allowance(sensor_a: str, site_a: str | None, sensor_b: str, site_b: str | None) -> int:
    """Allowance for the pulse's transit between two sensors, in nanoseconds.

    Parameters
    ----------
    sensor_a, sensor_b : str
        Sensor types that feel beats.
    site_a, site_b : str or None
        Where on the body; None where it is not known.
    """
    electric = (sensor_a in ELECTRIC) + (sensor_b in ELECTRIC)
    if electric == 2:
        return 0
    if electric == 1:
        return FROM_THE_HEART_NS
    return ONE_SITE_NS if site_a is not None and site_a == site_b else TWO_SITES_NS
