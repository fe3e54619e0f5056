"""Trains a plain SASRec in PyTorch, for some seconds for each line of input: python sasrec_torch.py DIR

`llm4rec perf sasrec --peer python` writes DIR, starts this and takes turns with it. DIR/job.json holds the hyperparameters,
DIR/windows.indptr (int64), windows.items and windows.targets (int32) the windows one after the other, little-endian.

All positions of a padded batch are trained in one pass, with the cross-entropy over the whole catalogue. With "packed", the
vectors of padding are dropped before the product with the catalogue: the softmax is then no larger than ours.

The first line of output names the peer. A line of input is a number of seconds; it is answered by the targets trained on,
the seconds that took, and the processor time on all threads. The end of the input is the end.
"""

import json
import pathlib
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, job):
        super().__init__()
        d = job["hidden"]
        self.heads, self.rate = job["heads"], job["dropout"]
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.inner, self.outer = nn.Linear(d, job["inner"]), nn.Linear(job["inner"], d)

    def forward(self, x, mask):
        b, length, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, length, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, mask, self.rate if self.training else 0)
        y = self.out(y.transpose(1, 2).reshape(b, length, d))
        x = x + F.dropout(y, self.rate, self.training)
        y = self.outer(F.relu(self.inner(self.norm2(x))))
        return x + F.dropout(y, self.rate, self.training)


class SASRec(nn.Module):
    def __init__(self, job):
        super().__init__()
        d = job["hidden"]
        self.rate, self.packed = job["dropout"], job["packed"]
        self.item = nn.Embedding(job["items"] + 1, d, padding_idx=job["items"])
        self.position = nn.Embedding(job["max_length"], d)
        self.blocks = nn.ModuleList(Block(job) for _ in range(job["blocks"]))
        self.norm = nn.LayerNorm(d)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, items, targets):
        length = items.shape[1]
        x = self.item(items) * self.item.embedding_dim**0.5 + self.position.weight[-length:]
        x = F.dropout(x, self.rate, self.training)
        seen = (items != self.item.padding_idx)[:, None, None, :] & torch.ones(length, length, dtype=torch.bool).tril()
        seen = seen | torch.eye(length, dtype=torch.bool)  # a row of padding sees itself, so that nothing is not a number
        for block in self.blocks:
            x = block(x, seen)
        x = self.norm(x)
        if self.packed:
            keep = targets >= 0
            x, targets = x[keep], targets[keep]
        scores = x @ self.item.weight[:-1].T
        return F.cross_entropy(scores.flatten(0, -2), targets.flatten(), ignore_index=-1)


def batches(folder, job):
    """Yields batches of windows, padded at the front to the longest of them, in random order without end."""
    indptr = np.fromfile(folder / "windows.indptr", "<i8")
    items = np.fromfile(folder / "windows.items", "<i4").astype(np.int64)
    targets = np.fromfile(folder / "windows.targets", "<i4").astype(np.int64)
    random = np.random.default_rng(job["seed"])
    while True:
        order = random.permutation(len(indptr) - 1)
        for lo in range(0, len(order), job["batch"]):
            taken = order[lo : lo + job["batch"]]
            longest = max(indptr[w + 1] - indptr[w] for w in taken)
            x = np.full((len(taken), longest), job["items"])
            y = np.full((len(taken), longest), -1)
            for row, w in enumerate(taken):
                n = indptr[w + 1] - indptr[w]
                x[row, longest - n :] = items[indptr[w] : indptr[w + 1]]
                y[row, longest - n :] = targets[indptr[w] : indptr[w + 1]]
            yield torch.from_numpy(x), torch.from_numpy(y)


def main(folder):
    job = json.loads((folder / "job.json").read_text())
    torch.set_num_threads(job["threads"])
    torch.manual_seed(job["seed"])
    model = SASRec(job)
    optimiser = torch.optim.Adam(model.parameters(), lr=job["learning_rate"], fused=True)
    source = batches(folder, job)
    print(f"PyTorch {torch.__version__}, {'no padding in the softmax' if job['packed'] else 'padded'}", flush=True)
    for line in sys.stdin:
        wall, cpu, counted = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - wall < float(line):
            items, targets = next(source)
            optimiser.zero_grad(set_to_none=True)
            model(items, targets).backward()
            optimiser.step()
            counted += int((targets >= 0).sum())
        print(counted, time.perf_counter() - wall, time.process_time() - cpu, flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
