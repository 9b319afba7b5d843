"""Bridge two networks of braindecode; run by `test_braindecode.py` with an interpreter that has it."""

from __future__ import annotations

import json

import numpy as np
import torch
from braindecode import __version__
from braindecode.models import EEGConformer, ShallowFBCSPNet

from zoo.biox_bridge.building import Pairs, build
from zoo.biox_bridge.config import BridgeOptions
from zoo.biox_bridge.encoders import digest, frozen
from zoo.biox_bridge.passes import drawn_tokens, look
from zoo.models.staged import StagedModule

WINDOWS = 24
rows = np.arange(WINDOWS)
torch.manual_seed(0)

conformer = EEGConformer(n_chans=4, n_times=400, n_outputs=2, sfreq=100, final_fc_length="auto")
shallow = ShallowFBCSPNet(n_chans=2, n_times=400, n_outputs=2, sfreq=100, final_conv_length="auto")
middle = ("conv_time_spat", "bnorm", "conv_nonlin_exp", "pool", "pool_nonlin_exp", "drop")
chains = {
    "EEGConformer": StagedModule(
        conformer, list(conformer.transformer), head=lambda x: conformer.final_layer(conformer.fc(x))
    ),
    "ShallowFBCSPNet": StagedModule(
        shallow,
        [getattr(shallow, name) for name in middle],
        head=shallow.final_layer,
        axes=("window", "feature", "time", "place"),
    ),
}


class Noise:
    """Windows of noise."""

    notes = ()

    def __init__(self, channels: int) -> None:
        self.x, self.has = torch.randn(WINDOWS, channels, 400), np.ones(WINDOWS, dtype=bool)

    def inputs(self, some):
        return (
            {"x": self.x[torch.from_numpy(some)]} if self.x.shape[1] == 4 else {"input": self.x[torch.from_numpy(some)]}
        )


sources = {"EEGConformer": Noise(4), "ShallowFBCSPNet": Noise(2)}
told = {"braindecode": __version__}
seen, before = {}, {}
for name, chain in chains.items():
    frozen(chain.network)
    before[name] = digest(chain.network)
    inputs = sources[name].inputs(rows)
    with torch.no_grad():
        known = chain.network(*inputs.values())
        apart = [
            float((chain.head(chain.run_on(chain.run_to(inputs, at), at)) - known).abs().max())
            for at in range(chain.depth + 1)
        ]
        state = chain.collect(inputs)[1]
        form = chain.form(1, state)
        back = form.from_canonical(form.to_canonical(state))
    told[name] = {"blocks": chain.depth, "apart": max(apart), "layout": torch.equal(back[0], state[0])}
    seen[name] = look(chain, sources[name], rows, keep=(chain.depth,))

old, new = chains["EEGConformer"], chains["ShallowFBCSPNet"]
pairs = Pairs(seen["ShallowFBCSPNet"], seen["EEGConformer"], rows % 6)
built = build(
    new,
    old,
    pairs,
    pairs,
    BridgeOptions(epochs=3, lr=1e-3, rank=4, prototypes=8),
    lambda at, form, count: drawn_tokens(old, sources["EEGConformer"], rows, at, form, count, 0),
    lambda at, form: None,
    0,
)
told["losses"] = [each for each, _ in built.fit.curve]
told["positions"] = [built.positions.new, built.positions.old]
told["unchanged"] = all(digest(chain.network) == before[name] for name, chain in chains.items())
print(json.dumps(told))
