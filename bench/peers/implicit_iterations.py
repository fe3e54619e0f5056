"""Runs benfred/implicit's ALS on the CPU, an iteration for each line of input: python implicit_iterations.py DIR

`llm4rec perf als --peer python` writes DIR, starts this and takes turns with it. DIR/job.json holds the hyperparameters
and shapes, DIR/train.indptr (int64), train.indices (int32) and train.f32 (float32) the confidences by user, raw and
little-endian.

The first line of output names the peer. Every line of input is answered by the seconds of one iteration, users then
items, and the processor time that it took on all threads. The end of the input is the end.
"""

import json
import pathlib
import sys
import time

import implicit
import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits


def main(folder):
    job = json.loads((folder / "job.json").read_text())
    confidence = csr_matrix(
        (
            np.fromfile(folder / "train.f32", "<f4"),
            np.fromfile(folder / "train.indices", "<i4"),
            np.fromfile(folder / "train.indptr", "<i8"),
        ),
        (job["users"], job["items"]),
    )
    model = AlternatingLeastSquares(
        factors=job["factors"],
        regularization=job["regularization"],
        use_cg=job["use_cg"],
        calculate_training_loss=False,
        num_threads=job["threads"],
        iterations=0,
        random_state=job["seed"],
    )
    model.cg_steps = job["cg_steps"]
    model.fit(confidence, show_progress=False)  # no iteration: the initial factors
    by_user, by_item = confidence, confidence.T.tocsr()
    print(f"implicit {implicit.__version__}, cpu", flush=True)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        # What fit does in an iteration.
        for rows, x, y in (
            (by_user, model.user_factors, model.item_factors),
            (by_item, model.item_factors, model.user_factors),
        ):
            model.solver(rows, x, y, model.regularization, num_threads=model.num_threads)
        print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)


if __name__ == "__main__":
    # implicit runs its own threads and advises one BLAS thread.
    with threadpool_limits(1, "blas"):
        main(pathlib.Path(sys.argv[1]))
