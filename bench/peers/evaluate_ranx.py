"""Checks our metrics against two independent evaluators, ranx and pytrec_eval.

    llm4rec export DIR --format trec --out TREC
    python evaluate_ranx.py TREC

For every run in TREC/runs.json, each metric that we recorded and that they know is computed by both from the run and
the qrels alone. A difference of more than 1e-9 ends the program with status 1.
"""

import importlib.metadata
import json
import pathlib
import sys

import numpy
import pytrec_eval
import ranx

TOLERANCE = 1e-9

# Ours: theirs, by name without the cutoff. trec_eval knows no cutoff of the reciprocal rank: there the run is cut.
RANX = {"recall": "recall", "ndcg": "ndcg", "map": "map", "mrr": "mrr", "hit": "hit_rate", "precision": "precision"}
TREC = {"recall": "recall", "ndcg": "ndcg_cut", "map": "map_cut", "mrr": None, "hit": "success", "precision": "P"}


def read_run(path):
    """The lists of a run as {user: [item, …]}, by descending score, and that score must not tie."""
    scored = {}
    for line in path.read_text().splitlines():
        user, _, item, _, score, _ = line.split(" ")
        scored.setdefault(user, []).append((-int(score), item))
    for user, items in scored.items():
        assert len({s for s, _ in items}) == len(items), f"{path}: scores of user {user} tie"
    return {user: [i for _, i in sorted(items)] for user, items in scored.items()}


def read_qrels(path):
    qrels = {}
    for line in path.read_text().splitlines():
        user, _, item, grade = line.split(" ")
        qrels.setdefault(user, {})[item] = int(grade)
    return qrels


def with_scores(lists, cutoff=None):
    return {u: {i: float(len(items) - n) for n, i in enumerate(items[:cutoff])} for u, items in lists.items()}


def by_ranx(folder, run, metrics):
    qrels = ranx.Qrels.from_file(str(folder / run["qrels"]), kind="trec")
    ranking = ranx.Run.from_file(str(folder / run["run"]), kind="trec")
    theirs = {m: RANX[m.split("@")[0]] + "@" + m.split("@")[1] for m in metrics}
    # make_comparable: a user without a list counts, with an empty one.
    values = ranx.evaluate(qrels, ranking, list(theirs.values()), make_comparable=True, return_mean=False)
    if len(metrics) == 1:
        values = {list(theirs.values())[0]: values}
    return {m: float(numpy.mean(values[t])) for m, t in theirs.items()}


def by_pytrec_eval(qrels, lists, metrics):
    out = {}
    for metric in metrics:
        name, cutoff = metric.split("@")
        if TREC[name]:
            measure, run = f"{TREC[name]}_{cutoff}", with_scores(lists)
            asked = f"{TREC[name]}.{cutoff}"
        else:
            measure, run = "recip_rank", with_scores(lists, int(cutoff))
            asked = measure
        found = pytrec_eval.RelevanceEvaluator(qrels, {asked}).evaluate(run)
        # As trec_eval -c: users of the qrels without a list count, with 0.
        out[metric] = sum(q[measure] for q in found.values()) / len(qrels)
    return out


def check(folder, run):
    """Compares one run and returns how many metrics were compared and the lines to print for those that differ."""
    metrics = [m for m in run["metrics"] if m.split("@")[0] in RANX]
    qrels = read_qrels(folder / run["qrels"])
    if not metrics:
        return 0, []
    lines = []
    if len(qrels) != run["users"]:
        lines.append(f"{len(qrels)} users in the qrels, {run['users']} in the record")
    theirs = {
        "ranx": by_ranx(folder, run, metrics),
        "pytrec_eval": by_pytrec_eval(qrels, read_run(folder / run["run"]), metrics),
    }
    for evaluator, values in theirs.items():
        for m in metrics:
            if not abs(values[m] - run["metrics"][m]) <= TOLERANCE:
                lines.append(f"{m}: ours {run['metrics'][m]!r}, {evaluator} {values[m]!r}")
    return len(metrics), lines


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    compared = wrong = 0
    for run in json.loads((folder / "runs.json").read_text()):
        n, lines = check(folder, run)
        compared += n
        wrong += bool(lines)
        name = f"{run['experiment']}, {run['dataset']}, {run['protocol']}, {run['system']}, seed {run['seed']}"
        print(f"{name}: {run['users']} users, {n} metrics, {'DIFFERENT' if lines else 'equal'}")
        for line in lines:
            print("    " + line)
    if compared == 0:
        sys.exit("nothing was compared")
    if wrong:
        sys.exit(f"{wrong} runs differ")
    versions = [f"{p} {importlib.metadata.version(p)}" for p in ("ranx", "pytrec-eval-terrier")]
    print(f"{compared} values agree with those of {' and '.join(versions)} to {TOLERANCE}")


if __name__ == "__main__":
    main()
