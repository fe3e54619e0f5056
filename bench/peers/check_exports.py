"""Checks what llm4rec exports against the programs that it is for: a real MLflow server, TensorBoard's reader and the parser of
Hugging Face's hub library.

    check_exports.py LLM4REC RESULTS

LLM4REC is the program, RESULTS the folder of an experiment. Every metric of every finished record must come back: from MLflow
with all its digits, from TensorBoard as float32. A second export must send nothing.
"""

import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

import yaml
from huggingface_hub import parse_eval_result_entries
from mlflow.tracking import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def records(folder):
    for path in sorted((folder / "cells").glob("*.json")):
        record = json.loads(path.read_text())["record"]
        if record["status"] == "ok":
            yield record


def server(folder):
    """Starts a server on a free port, and waits for its answer."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    bin = pathlib.Path(sys.executable).parent
    process = subprocess.Popen(
        [bin / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"],
        cwd=folder, env={**os.environ, "PATH": f"{bin}:{os.environ['PATH']}"}, stdout=subprocess.DEVNULL, stderr=open(folder / "mlflow.log", "w"),
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(url + "/health", timeout=1).read()
            return process, url
        except OSError:
            time.sleep(0.5)
    process.terminate()
    sys.exit("mlflow server does not answer:\n" + (folder / "mlflow.log").read_text())


def check_mlflow(export, folder, want):
    process, url = server(folder)
    try:
        first, second = export("--format", "mlflow", "--url", url), export("--format", "mlflow", "--url", url)
        assert f"{len(want)} runs sent, 0 there before" in first, first
        assert f"0 runs sent, {len(want)} there before" in second, second
        client = MlflowClient(url)
        experiment = re.search(r"experiment (\S+),", first)[1]
        runs = {r.data.tags["llm4rec.cell"]: r for r in client.search_runs([experiment])}
        assert sorted(runs) == sorted(r["id"] for r in want)
        values = 0
        for record in want:
            run = runs[record["id"]]
            assert run.info.status == "FINISHED" and run.data.params["system"] == record["identity"]["system"]
            for name, value in record["metrics"].items():
                got = run.data.metrics[name.replace("@", "_at_")]
                assert got == value, (record["id"], name, got, value)
                values += 1
            for at, point in enumerate(record.get("curve", [])):
                assert client.get_metric_history(run.info.run_id, "curve/loss")[at].value == point["loss"]
        print(f"MLflow: {len(want)} runs, {values} metrics equal")
    finally:
        process.terminate()
        process.wait()


def check_tensorboard(export, folder, want):
    export("--format", "tensorboard", "--out", str(folder / "tensorboard"))
    values = 0
    for record in want:
        (path,) = (folder / "tensorboard").glob(f"**/*.{record['id']}")
        events = EventAccumulator(str(path))
        events.Reload()  # which checks both checksums of each record
        for name, value in record["metrics"].items():
            (scalar,) = events.Scalars("metrics/" + name)
            assert scalar.value == struct.unpack("f", struct.pack("f", value))[0], (record["id"], name)
            values += 1
        curve = record.get("curve") or []
        if curve:
            assert [s.step for s in events.Scalars("curve/loss")] == [p["epoch"] for p in curve]
    print(f"TensorBoard: {len(want)} files, {values} metrics equal")


def check_hub(export, folder, want):
    out = folder / "hub"
    export("--format", "hf", "--hub-dataset", "someone/benchmark", "--source-url", "https://example.org/bundle", "--out", str(out))
    entries = 0
    for path in sorted(out.glob("*/.eval_results/*.yaml")):
        for entry in parse_eval_result_entries(yaml.safe_load(path.read_text())):
            assert entry.dataset_id == "someone/benchmark" and isinstance(entry.value, float), entry
            entries += 1
    assert entries >= len({(r["identity"]["system"], r["identity"]["label"], m) for r in want if not r["unpublish"] for m in r["metrics"]})
    print(f"Hugging Face: {entries} entries parsed")


def main():
    program, results = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()

    def export(*args):
        return subprocess.run([program, "export", results, *args], check=True, capture_output=True, text=True).stdout

    want = list(records(results))
    assert want, "no finished cell"
    with tempfile.TemporaryDirectory() as folder:
        for check in check_tensorboard, check_hub, check_mlflow:
            check(export, pathlib.Path(folder), want)


main()
