"""Runs benfred/implicit's ALS on a job that a Go test wrote: python implicit_als.py DIR

DIR/job.json holds the hyperparameters and shapes. Matrices are raw little-endian arrays: a sparse matrix NAME is
NAME.indptr (int64) and NAME.indices (int32) with all values 1, a dense one NAME.f32 (float32, row-major).

reads   train, optionally user_factors.f32 and item_factors.f32 to start from, optionally history (one row a user)
writes  user_factors.f32 and item_factors.f32; with history, trained.i32 and history.i32: the best k items of every
        user without those of the history, from the trained vector and from the one recalculated from the history
"""

import json
import pathlib
import sys

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits


def main(folder):
    job = json.loads((folder / "job.json").read_text())

    def sparse(name):
        indptr = np.fromfile(folder / f"{name}.indptr", "<i8")
        indices = np.fromfile(folder / f"{name}.indices", "<i4")
        return csr_matrix((np.ones(len(indices), "f4"), indices, indptr), (job["users"], job["items"]))

    model = AlternatingLeastSquares(
        factors=job["factors"],
        regularization=job["regularization"],
        alpha=job["alpha"],
        iterations=job["iterations"],
        use_cg=job["use_cg"],
        dtype=np.dtype(job["dtype"]),
        random_state=job["seed"],
    )
    start = folder / "item_factors.f32"
    if start.exists():
        model.user_factors = read(folder / "user_factors.f32", job)
        model.item_factors = read(start, job)
    model.fit(sparse("train"), show_progress=False)
    model.user_factors.astype("<f4").tofile(folder / "user_factors.f32")
    model.item_factors.astype("<f4").tofile(folder / "item_factors.f32")

    if (folder / "history.indptr").exists():
        history = sparse("history")
        users = np.arange(job["users"])
        for name, recalculate in (("trained", False), ("history", True)):
            ids, _ = model.recommend(
                users, history, N=job["k"], filter_already_liked_items=True, recalculate_user=recalculate
            )
            ids.astype("<i4").tofile(folder / f"{name}.i32")


def read(path, job):
    return np.fromfile(path, "<f4").reshape(-1, job["factors"]).astype(job["dtype"])


if __name__ == "__main__":
    # implicit runs its own threads and advises one BLAS thread.
    with threadpool_limits(1, "blas"):
        main(pathlib.Path(sys.argv[1]))
