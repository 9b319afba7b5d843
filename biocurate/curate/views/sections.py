"""Second-order sections over a signal, forward and backward or forward alone, block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import signal as scipy_signal

from biocurate.curate.views.form import Form, Settling, Stage
from biocurate.curate.views.signal import Floats, Over, Signal

HALO = 1e-10
"""What is left of a wrong start at the end of a halo, as a share of it: less than half a bit of float32, whatever the
filter's gain within its order."""

AT_ONCE = 2**18
"""Values, over channels, that are filtered at once."""

SETTLED = 0.01
"""What is left of an edge's transient where samples count as settled."""


@dataclass(frozen=True)
class Sections(Over):
    """A filter over a signal.

    Over the whole segment it is `scipy.signal.sosfiltfilt`, or `sosfilt` from the steady state of the first sample.
    Within it, a block is filtered with a halo on either side (only behind it, where the filter is causal): the poles
    bring what the block's own ends did to it down to `HALO` of it before the block begins.
    """

    sos: Floats
    halo: int
    causal: bool

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``."""
        low = max(0, start - self.halo)
        high = stop if self.causal else min(self.n_samples, stop + self.halo)
        values = self.parent.read(low, high)
        out = np.empty((len(values), stop - start))
        # Long channels one at a time: what scipy needs besides is some times as much.
        step = max(1, AT_ONCE // (high - low))
        for row in range(0, len(values), step):
            out[row : row + step] = self._filtered(values[row : row + step])[:, start - low : stop - low]
        return out

    def _filtered(self, values: Floats) -> Floats:
        if self.causal:
            state = scipy_signal.sosfilt_zi(self.sos)[:, None, :] * values[None, :, :1]
            forward: Floats = scipy_signal.sosfilt(self.sos, values, zi=state)[0]
            return forward
        extension = min(padding(self.sos), values.shape[1] - 1)
        both: Floats = scipy_signal.sosfiltfilt(self.sos, values, padlen=extension)
        return both


def padding(sos: Floats) -> int:
    """Samples by which `scipy.signal.sosfiltfilt` extends either end where nothing else is said."""
    taps = 2 * len(sos) + 1
    taps -= min(int((sos[:, 2] == 0).sum()), int((sos[:, 5] == 0).sum()))
    return 3 * taps


def decay(sos: Floats, share: float) -> int:
    """Samples after which the slowest pole has brought a transient down to a share of it."""
    radius = max(abs(pole) for row in sos for pole in np.roots(row[3:]))
    if radius <= 0:
        return len(sos) * 2
    return math.ceil(math.log(share) / math.log(min(radius, 1 - 1e-12))) + 2 * len(sos)


def filtered(form: Form, after: Form, sos: Floats, causal: bool, dropped: tuple[str, ...] = ()) -> Stage:
    """Plan a filter: what it is over a signal, and how far edges reach into it.

    Parameters
    ----------
    form, after : Form
        The stream ahead of it and behind it.
    sos : array, shape (sections, 6)
    causal : bool
    dropped : tuple of str
    """
    halo, settled_s = decay(sos, HALO), decay(sos, SETTLED) / form.rate_hz

    def over(parent: Signal) -> Signal:
        return Sections(parent, sos, halo, causal)

    return Stage(after, over, Settling(settled_s, 0.0 if causal else settled_s), halo, dropped)
