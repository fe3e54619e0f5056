"""Trains a plain SASRec in PyTorch, for some seconds for each line of input: python sasrec_torch.py DIR

`llm4rec perf sasrec --peer python` writes DIR, starts this and takes turns with it; `llm4rec perf curve` asks for epochs.
DIR/job.json holds the hyperparameters, DIR/windows.indptr (int64), windows.items and windows.targets (int32) the windows one
after the other, and for epochs valid.indptr, valid.items and valid.answers the validation cases, little-endian.

All positions of a padded batch are trained in one pass, with the cross-entropy over the whole catalogue. With "packed", the
vectors of padding are dropped before the product with the catalogue: the softmax is then no larger than ours.

The first line of output names the peer. A line of input is a number of seconds, or "epoch"; it is answered by the targets
trained on, the seconds that took, and the processor time on all threads, and after an epoch NDCG@10 on validation, which is
not timed. The end of the input is the end.
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
    """One of the three arrangements of models/sasrec/sasrec.go."""

    def __init__(self, job):
        super().__init__()
        d = job["hidden"]
        self.heads, self.rate, self.kind = job["heads"], job["dropout"], job["norm"]
        self.activation = F.gelu if job["activation"] == "gelu" else F.relu
        self.norm1, self.norm2 = (nn.LayerNorm(d, job["epsilon"]) for _ in range(2))
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.inner, self.outer = nn.Linear(d, job["inner"]), nn.Linear(job["inner"], d)

    def dropout(self, x):
        return F.dropout(x, self.rate, self.training)

    def attend(self, queries, x, mask):
        b, length, d = x.shape
        if queries is x:
            q, k, v = self.qkv(x).chunk(3, -1)
        else:
            w, bias = self.qkv.weight, self.qkv.bias
            q = F.linear(queries, w[:d], bias[:d])
            k, v = F.linear(x, w[d:], bias[d:]).chunk(2, -1)
        q, k, v = (t.view(b, length, self.heads, d // self.heads).transpose(1, 2) for t in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, mask, self.rate if self.training else 0)
        return self.out(y.transpose(1, 2).reshape(b, length, d))

    def feed(self, x):
        x = self.inner(x)
        if self.kind == "kang":
            x = self.dropout(x)
        return self.outer(self.activation(x))

    def forward(self, x, mask):
        if self.kind == "pre":
            y = self.norm1(x)
            x = x + self.dropout(self.attend(y, y, mask))
            return x + self.dropout(self.feed(self.norm2(x)))
        if self.kind == "post":
            x = self.norm1(x + self.dropout(self.attend(x, x, mask)))
            return self.norm2(x + self.dropout(self.feed(x)))
        q = self.norm1(x)
        y = self.norm2(q + self.attend(q, x, mask))
        return y + self.dropout(self.feed(y))


class SASRec(nn.Module):
    def __init__(self, job):
        super().__init__()
        d = job["hidden"]
        self.rate, self.packed, self.post = job["dropout"], job["packed"], job["norm"] == "post"
        self.scale, self.start = d**0.5 if job["scale"] else 1.0, job["positions"] == "start"
        self.item = nn.Embedding(job["items"] + 1, d, padding_idx=job["items"])
        self.position = nn.Embedding(job["max_length"], d)
        self.blocks = nn.ModuleList(Block(job) for _ in range(job["blocks"]))
        self.norm = nn.LayerNorm(d, job["epsilon"])
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def encode(self, items):
        length = items.shape[1]
        if self.start:
            position = self.position(((items != self.item.padding_idx).cumsum(1) - 1).clamp(min=0))
        else:
            position = self.position.weight[-length:]
        x = self.item(items) * self.scale + position
        if self.post:
            x = self.norm(x)
        x = F.dropout(x, self.rate, self.training)
        seen = (items != self.item.padding_idx)[:, None, None, :] & torch.ones(length, length, dtype=torch.bool).tril()
        seen = seen | torch.eye(length, dtype=torch.bool)  # a row of padding sees itself, so that nothing is not a number
        for block in self.blocks:
            x = block(x, seen)
        return x if self.post else self.norm(x)

    def forward(self, items, targets):
        x = self.encode(items)
        if self.packed:
            keep = targets >= 0
            x, targets = x[keep], targets[keep]
        scores = x @ self.item.weight[:-1].T
        return F.cross_entropy(scores.flatten(0, -2), targets.flatten(), ignore_index=-1)


def lists(folder, name):
    """The integers NAME.items, as lists that NAME.indptr cuts."""
    indptr = np.fromfile(folder / f"{name}.indptr", "<i8")
    return np.split(np.fromfile(folder / f"{name}.items", "<i4").astype(np.int64), indptr[1:-1])


def pad(taken, length, value):
    out = np.full((len(taken), length), value)
    for row, x in enumerate(taken):
        out[row, length - len(x) :] = x
    return torch.from_numpy(out)


def ndcg(model, folder, job):
    """NDCG@10 of the validation cases: each has one answer, which is ranked among all items."""
    histories, total = lists(folder, "valid"), 0.0
    answers = torch.from_numpy(np.fromfile(folder / "valid.answers", "<i4").astype(np.int64))
    model.eval()
    with torch.no_grad():
        for lo in range(0, len(histories), 256):
            part = histories[lo : lo + 256]
            items = pad([h[-job["max_length"] :] for h in part], job["max_length"], job["items"])
            scores = model.encode(items)[:, -1] @ model.item.weight[:-1].T
            own = scores.gather(1, answers[lo : lo + 256, None])
            if job["exclude"]:
                for row, h in enumerate(part):
                    scores[row, h] = -torch.inf
            rank = 1 + (scores > own).sum(1)
            total += float((1 / torch.log2(rank + 1.0))[rank <= 10].sum())
    model.train()
    return total / len(histories)


def rate(job, step, steps):
    """The learning rate of a step, counted from 0."""
    if step < job["warmup"]:
        return job["learning_rate"] * (step + 1) / job["warmup"]
    left = 1 - (step - job["warmup"]) / max(1, steps - job["warmup"])
    if job["decay"] == "linear":
        return job["learning_rate"] * left
    if job["decay"] == "cosine":
        return job["learning_rate"] * (1 - np.cos(np.pi * left)) / 2
    return job["learning_rate"]


def batches(folder, job):
    """Yields batches of windows, padded at the front to the longest of them, in random order without end."""
    items = lists(folder, "windows")
    lengths = np.array([len(x) for x in items])
    targets = np.split(np.fromfile(folder / "windows.targets", "<i4").astype(np.int64), np.cumsum(lengths)[:-1])
    random = np.random.default_rng(job["seed"])
    while True:
        order = random.permutation(len(items))
        for lo in range(0, len(order), job["batch"]):
            taken = order[lo : lo + job["batch"]]
            longest = lengths[taken].max()
            yield pad([items[w] for w in taken], longest, job["items"]), pad([targets[w] for w in taken], longest, -1)


def main(folder):
    job = json.loads((folder / "job.json").read_text())
    torch.set_num_threads(job["threads"])
    torch.manual_seed(job["seed"])
    model = SASRec(job)
    adam = torch.optim.AdamW(
        model.parameters(), betas=(job["beta1"], job["beta2"]), weight_decay=job["weight_decay"], fused=True
    )
    source, taken = batches(folder, job), 0
    windows = (folder / "windows.indptr").stat().st_size // 8 - 1
    epoch = -(-windows // job["batch"])  # steps

    def step():
        nonlocal taken
        items, targets = next(source)
        for group in adam.param_groups:
            group["lr"] = rate(job, taken, job["epochs"] * epoch)
        adam.zero_grad(set_to_none=True)
        model(items, targets).backward()
        if job["clip"]:
            nn.utils.clip_grad_norm_(model.parameters(), job["clip"])
        adam.step()
        taken += 1
        return int((targets >= 0).sum())

    print(f"PyTorch {torch.__version__}, {'no padding in the softmax' if job['packed'] else 'padded'}", flush=True)
    for line in sys.stdin:
        wall, cpu, counted = time.perf_counter(), time.process_time(), 0
        if line.strip() == "epoch":
            counted = sum(step() for _ in range(epoch))
        else:
            while time.perf_counter() - wall < float(line):
                counted += step()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(counted, wall, cpu, *([ndcg(model, folder, job)] if line.strip() == "epoch" else []), flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
