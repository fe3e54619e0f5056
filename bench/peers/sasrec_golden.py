"""Writes golden values of SASRec, from PyTorch in float64: python sasrec_golden.py > models/sasrec/testdata/pytorch.json

For each case: a configuration, sequences, weights, and the last layer, the loss and its gradients that follow. The model
is written as plainly as it can be, one sequence at a time, and shares nothing with ours but this definition:

    x = s·E[id] + P[p]          p counts from the end: the last item has position 0; s = √hidden for norm kang, else 1
    pre    x += attention(LN1(x)); x += network(LN2(x)) in each block, LN(x) after the last
    post   x = LN(x) before the first, then x = LN1(x + attention(x)); x = LN2(x + network(x)) in each
    kang   q = LN1(x); x = q + attention(q, keys and values of x); y = LN2(x); x = y + network(y), LN(x) after the last

Attention has biases everywhere; the columns of qkv are those of the queries, the keys and the values, each by head. All
weights stand as input × output. Positions with the target -1 are not counted. Losses are means over those counted:

    softmax   cross-entropy of x·Oᵀ over all items; O is E where tied
    sampled   cross-entropy of x·O[id] − bias[id] over the ids of a position, of which the first is the target
    gbce      (−β·log σ(s₀) − Σ log(1 − σ(sⱼ))) / number of ids, with s = x·O[id]; bce is β = 1

Weights are multiples of 1/16, which every format of floats holds. The bias of the keys has no gradient: it adds the same
to all scores of a query.
"""

import json
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F

SEED = 20240607
LENGTHS = (1, 3, 5, 2)
SIZES = {"items": 11, "hidden": 8, "heads": 2, "inner": 12, "max_length": 5}
IDS = 4  # of a position, for the losses that score some items only

CASES = {
    "pre": dict(blocks=2, norm="pre", activation="gelu", epsilon=1e-5, tied=True, causal=True, loss="softmax"),
    "post": dict(blocks=2, norm="post", activation="gelu", epsilon=1e-12, tied=True, causal=True, loss="softmax"),
    "kang": dict(blocks=2, norm="kang", activation="relu", epsilon=1e-8, tied=True, causal=True, loss="softmax"),
    "sampled": dict(blocks=1, norm="pre", activation="relu", epsilon=1e-5, tied=False, causal=True, loss="sampled"),
    "gbce": dict(blocks=1, norm="kang", activation="relu", epsilon=1e-8, tied=True, causal=True, loss="gbce", beta=0.3),
    "bce": dict(blocks=1, norm="kang", activation="relu", epsilon=1e-8, tied=True, causal=True, loss="bce", beta=1.0),
    "bidirectional": dict(blocks=1, norm="post", activation="gelu", epsilon=1e-12, tied=True, causal=False, loss="softmax"),
}


def draw(rng, shape, mean=0.0, deviation=0.5):
    return np.round((mean + deviation * rng.standard_normal(shape)) * 16) / 16


def draw_weights(rng, c):
    d, weights = c["hidden"], {}

    def linear(name, inputs, outputs):
        weights[name + ".weight"] = draw(rng, (inputs, outputs))
        weights[name + ".bias"] = draw(rng, (1, outputs))

    def norm(name):
        weights[name + ".gain"] = draw(rng, (1, d), mean=1, deviation=0.25)
        weights[name + ".bias"] = draw(rng, (1, d))

    weights["item"] = draw(rng, (c["items"], d))
    if not c["tied"]:
        weights["output"] = draw(rng, (c["items"], d))
    weights["position"] = draw(rng, (c["max_length"], d))
    if c["norm"] == "post":
        norm("in")
    for b in range(c["blocks"]):
        norm(f"block{b}.norm1")
        linear(f"block{b}.qkv", d, 3 * d)
        linear(f"block{b}.out", d, d)
        norm(f"block{b}.norm2")
        linear(f"block{b}.inner", d, c["inner"])
        linear(f"block{b}.outer", c["inner"], d)
    if c["norm"] != "post":
        norm("final")
    return weights


class Model:
    def __init__(self, c, weights):
        self.c, self.w = c, weights

    def linear(self, x, name):
        return x @ self.w[name + ".weight"] + self.w[name + ".bias"]

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdim=True)
        variance = (centred**2).mean(-1, keepdim=True)
        return centred / torch.sqrt(variance + self.c["epsilon"]) * self.w[name + ".gain"] + self.w[name + ".bias"]

    def attention(self, queries, others, name):
        d, heads = self.c["hidden"], self.c["heads"]
        q = self.linear(queries, name + ".qkv")[:, :d]
        k = self.linear(others, name + ".qkv")[:, d : 2 * d]
        v = self.linear(others, name + ".qkv")[:, 2 * d :]
        mixed = []
        for h in range(heads):
            of_head = slice(h * d // heads, (h + 1) * d // heads)
            scores = q[:, of_head] @ k[:, of_head].T / math.sqrt(d / heads)
            if self.c["causal"]:
                later = torch.ones_like(scores).triu(1).bool()
                scores = scores.masked_fill(later, -math.inf)
            mixed.append(torch.softmax(scores, -1) @ v[:, of_head])
        return self.linear(torch.cat(mixed, -1), name + ".out")

    def network(self, x, name):
        activation = {"gelu": F.gelu, "relu": F.relu}[self.c["activation"]]
        return self.linear(activation(self.linear(x, name + ".inner")), name + ".outer")

    def hidden(self, sequence):
        norm = self.c["norm"]
        scale = math.sqrt(self.c["hidden"]) if norm == "kang" else 1
        from_the_end = list(range(len(sequence) - 1, -1, -1))
        x = scale * self.w["item"][sequence] + self.w["position"][from_the_end]
        if norm == "post":
            x = self.norm(x, "in")
        for b in range(self.c["blocks"]):
            block = f"block{b}"
            if norm == "pre":
                y = self.norm(x, block + ".norm1")
                x = x + self.attention(y, y, block)
                x = x + self.network(self.norm(x, block + ".norm2"), block)
            elif norm == "post":
                x = self.norm(x + self.attention(x, x, block), block + ".norm1")
                x = self.norm(x + self.network(x, block), block + ".norm2")
            else:
                q = self.norm(x, block + ".norm1")
                x = q + self.attention(q, x, block)
                y = self.norm(x, block + ".norm2")
                x = y + self.network(y, block)
        return x if norm == "post" else self.norm(x, "final")

    def loss(self, x, target, ids, bias):
        """The loss of one position."""
        output = self.w["item" if self.c["tied"] else "output"]
        if self.c["loss"] == "softmax":
            return -torch.log_softmax(output @ x, 0)[target]
        scores = output[ids] @ x
        if self.c["loss"] == "sampled":
            return -torch.log_softmax(scores - bias[ids], 0)[0]
        return -(self.c["beta"] * F.logsigmoid(scores[0]) + F.logsigmoid(-scores[1:]).sum()) / len(ids)


def make(name, config):
    rng = np.random.default_rng([SEED, list(CASES).index(name)])
    c = {**SIZES, **config}
    weights = draw_weights(rng, c)
    sequences = [rng.integers(c["items"], size=n).tolist() for n in LENGTHS]
    targets = [rng.integers(c["items"], size=n).tolist() for n in LENGTHS]
    # Some positions do not count: one of a sequence, and, where masked items are predicted, most.
    targets[2][1] = -1
    if not c["causal"]:
        targets[1][0] = targets[1][2] = targets[2][4] = targets[3][0] = -1
    ids = bias = None
    if c["loss"] != "softmax":
        others = rng.integers(c["items"], size=(sum(LENGTHS), IDS - 1)).tolist()
        ids = [[t] + o if t >= 0 else [-1] * IDS for t, o in zip(sum(targets, []), others)]
    if c["loss"] == "sampled":
        bias = draw(rng, c["items"])

    leaves = {n: torch.tensor(w, dtype=torch.float64, requires_grad=True) for n, w in weights.items()}
    model = Model(c, leaves)
    hidden = torch.cat([model.hidden(s) for s in sequences])
    losses = [
        model.loss(x, t, ids and ids[n], None if bias is None else torch.tensor(bias))
        for n, (x, t) in enumerate(zip(hidden, sum(targets, [])))
        if t >= 0
    ]
    loss = torch.stack(losses).mean()
    loss.backward()

    case = {"name": name, "config": c, "sequences": sequences, "targets": targets}
    if ids is not None:
        case["ids"] = sum(ids, [])
    if bias is not None:
        case["bias"] = bias.tolist()
    case["weights"] = {n: {"rows": len(w), "cols": w.shape[1], "values": numbers(w)} for n, w in weights.items()}
    case["hidden"] = numbers(hidden.detach())
    case["loss"] = round(loss.item(), 9)
    case["gradients"] = {n: numbers(w.grad) for n, w in leaves.items()}
    return case


def numbers(x):
    """The numbers of an array by rows, short where they are whole, -0 as 0."""
    rounded = np.round(np.asarray(x, dtype=np.float64).ravel(), 9) + 0.0
    return [int(v) if v == int(v) else v for v in rounded.tolist()]


def main():
    compact = {"separators": (",", ":")}
    cases = [json.dumps(make(name, config), **compact) for name, config in CASES.items()]
    command = "python bench/peers/sasrec_golden.py > models/sasrec/testdata/pytorch.json"
    version = torch.__version__.split("+")[0]
    # One case a line.
    sys.stdout.write(f'{{"command":{json.dumps(command)},"torch":{json.dumps(version)},"cases":[\n')
    sys.stdout.write(",\n".join(cases) + "\n]}\n")


if __name__ == "__main__":
    main()
