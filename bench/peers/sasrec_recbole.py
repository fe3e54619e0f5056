"""Runs RecBole's SASRec on the CPU, an epoch for each line of input: python sasrec_recbole.py DIR

`llm4rec perf curve --recbole python` writes DIR and starts this. DIR/data/data.inter is RecBole's atomic file of the
interactions. DIR/job.json holds max_length, batch, threads and seed; everything else is RecBole's own default for SASRec: hidden 64, 2 blocks of 2 heads, inner 256, dropout .5, norms
after, cross-entropy over all items, Adam with .001. The last item of a user is the test, the one before validation.

The first line of output names the peer. An empty line of input is answered by the seconds of one epoch, the processor time
that it took on all threads, its targets, and NDCG@10, recall@10 and recall@20 on validation, all items ranked. RecBole
masks no item there, not even those seen, and makes one example of every target, with up to max_length items before it.
A line with a number is answered by the seconds of so many batches, and how many an epoch has.
"""

import importlib.metadata
import json
import os
import pathlib
import sys
import time

import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed


class Some:
    """The first batches of a loader, without the first one of all, which warms up."""

    def __init__(self, loader, number):
        self.loader, self.number, self.wall = loader, number, 0.0

    def __len__(self):
        return 1 + self.number

    def __iter__(self):
        for n, batch in zip(range(1 + self.number), self.loader):
            if n == 1:
                self.wall = time.perf_counter()
            yield batch
        self.wall = time.perf_counter() - self.wall


def main(folder):
    job = json.loads((folder / "job.json").read_text())
    sys.argv = sys.argv[:1]  # RecBole would take what is left for options of its own.
    os.chdir(folder)  # It makes folders where it is.
    config = Config(
        model="SASRec",
        dataset="data",
        config_dict={
            "data_path": str(folder),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "MAX_ITEM_LIST_LENGTH": job["max_length"],
            "train_batch_size": job["batch"],
            "train_neg_sample_args": None,
            "eval_args": {"split": {"LS": "valid_and_test"}, "group_by": "user", "order": "TO", "mode": "full"},
            "metrics": ["NDCG", "Recall"],
            "topk": [10, 20],
            "valid_metric": "NDCG@10",
            "metric_decimal_place": 9,
            "seed": job["seed"],
            "use_gpu": False,
            "show_progress": False,
            "state": "ERROR",
        },
    )
    torch.set_num_threads(job["threads"])
    init_seed(config["seed"], config["reproducibility"])
    train, valid, _ = data_preparation(config, create_dataset(config))
    model = get_model(config["model"])(config, train.dataset).to(config["device"])
    trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
    trainer.eval_collector.data_collect(train)

    print(f"RecBole {importlib.metadata.version('recbole')}, torch {torch.__version__}, cpu", flush=True)
    for epoch, line in enumerate(sys.stdin):
        if line.strip():
            some = Some(train, int(line))
            trainer._train_epoch(some, epoch)
            print(some.wall, len(train), flush=True)
            continue
        # What fit does in an epoch.
        wall, cpu = time.perf_counter(), time.process_time()
        trainer._train_epoch(train, epoch)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        metrics = trainer.evaluate(valid, load_best_model=False)
        quality = (metrics[m] for m in ("ndcg@10", "recall@10", "recall@20"))
        print(wall, cpu, len(train.dataset), *quality, flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
