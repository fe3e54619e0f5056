"""Writes golden values of GRU4Rec, from torch.nn.GRU in float64: python gru4rec_golden.py > models/gru4rec/testdata/pytorch.json

The form is that of sasrec_golden.py. A sequence's items become rows of the table, the layers of torch.nn.GRU follow, and the
loss is the cross-entropy of the states and the table, or another table where that is not tied. Weights stand as input × output,
with the reset, the update and the candidate side by side.
"""

import json
import sys

import numpy as np
import torch

SEED = 20261124
LENGTHS = (1, 3, 5, 2)
CASES = {
    "one layer": dict(items=11, hidden=6, layers=1, tied=True),
    "two layers, not tied": dict(items=9, hidden=5, layers=2, tied=False),
}


def draw(rng, shape):
    return np.round(0.5 * rng.standard_normal(shape) * 16) / 16


def make(name, c):
    rng = np.random.default_rng([SEED, list(CASES).index(name)])
    d = c["hidden"]
    sequences = [rng.integers(c["items"], size=n).tolist() for n in LENGTHS]
    targets = [rng.integers(c["items"], size=n).tolist() for n in LENGTHS]
    targets[2][1] = -1
    leaf = lambda *shape: torch.tensor(draw(rng, shape), requires_grad=True)
    weights = {"item": leaf(c["items"], d)}
    if not c["tied"]:
        weights["output"] = leaf(c["items"], d)
    gru = torch.nn.GRU(d, d, c["layers"], dtype=torch.float64)
    names = {}
    for layer in range(c["layers"]):
        for part, suffix in (("input", "ih"), ("state", "hh")):
            weights[f"layer{layer}.{part}.weight"] = leaf(d, 3 * d)
            weights[f"layer{layer}.{part}.bias"] = leaf(1, 3 * d)
            names[f"weight_{suffix}_l{layer}"] = weights[f"layer{layer}.{part}.weight"]
            names[f"bias_{suffix}_l{layer}"] = weights[f"layer{layer}.{part}.bias"]
    as_torch = {n: w.T if n.startswith("weight") else w[0] for n, w in names.items()}
    hidden = torch.cat(
        [torch.func.functional_call(gru, as_torch, (weights["item"][s],))[0] for s in sequences]
    )
    counted = torch.tensor(sum(targets, []))
    scores = hidden @ weights["item" if c["tied"] else "output"].T
    loss = torch.nn.functional.cross_entropy(scores, counted, ignore_index=-1)
    loss.backward()
    return {
        "name": name,
        "config": c,
        "sequences": sequences,
        "targets": targets,
        "weights": {n: {"rows": len(w), "cols": w.shape[1], "values": numbers(w.detach())} for n, w in weights.items()},
        "hidden": numbers(hidden.detach()),
        "loss": round(loss.item(), 9),
        "gradients": {n: numbers(w.grad) for n, w in weights.items()},
    }


def numbers(x):
    return (np.round(np.asarray(x).ravel(), 9) + 0.0).tolist()


if __name__ == "__main__":
    cases = [json.dumps(make(name, c), separators=(",", ":")) for name, c in CASES.items()]
    version = torch.__version__.split("+")[0]
    command = "python bench/peers/gru4rec_golden.py > models/gru4rec/testdata/pytorch.json"
    sys.stdout.write(f'{{"command":{json.dumps(command)},"torch":{json.dumps(version)},"cases":[\n')
    sys.stdout.write(",\n".join(cases) + "\n]}\n")
