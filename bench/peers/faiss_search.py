"""Builds an index of PyPI's faiss-cpu and searches it when asked: python faiss_search.py DIR

`llm4rec perf index --peer python` writes DIR, starts this and takes turns with it. DIR/job.json holds the index, its
parameters, the metric and a folder with vectors.f32 and queries.f32 (float32, raw and little-endian).

The first line of output names the peer. "build" is answered by seconds and the bytes of the index, "search" by the
seconds of searching with all queries and the processor time that it took on all threads; DIR/found.i64 then holds the
items. The end of the input is the end.
"""

import json
import pathlib
import sys
import time

import faiss
import numpy as np


def main(folder):
    job = json.loads((folder / "job.json").read_text())
    given = pathlib.Path(job["folder"])
    vectors = np.fromfile(given / "vectors.f32", "<f4").reshape(-1, job["dim"])
    queries = np.fromfile(given / "queries.f32", "<f4").reshape(-1, job["dim"])
    faiss.omp_set_num_threads(job["threads"])
    index = None
    print(f"faiss-cpu {faiss.__version__}", flush=True)
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        if line.strip() == "build":
            metric = faiss.METRIC_L2 if job["metric"] == "l2" else faiss.METRIC_INNER_PRODUCT
            index = faiss.index_factory(job["dim"], job["index"].removeprefix("faiss:"), metric)
            for name, value in job.get("params", {}).items():
                faiss.ParameterSpace().set_index_parameter(index, name, value)
            index.train(vectors)
            index.add(vectors)
            seconds = time.perf_counter() - wall
            size = faiss.serialize_index(index).nbytes
            print(seconds, size, flush=True)
            continue
        found = index.search(queries, job["k"])[1]
        seconds, used = time.perf_counter() - wall, time.process_time() - cpu
        found.astype("<i8").tofile(folder / "found.i64")
        print(seconds, used, flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
