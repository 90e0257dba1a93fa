"""What every peer's program shares: two threads, the ids of the workload, one JSON line."""

import argparse
import json
import os
import resource
import time
from pathlib import Path

# BIOTOPE_BENCH_THREADS is read before numpy and torch start their pools.
THREADS = int(os.environ.get("BIOTOPE_BENCH_THREADS", "2"))
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(name, str(THREADS))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np  # noqa: E402


def options(**more):
    """--work, --steps, --warmup and whatever else a program wants: name = default."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--seed", type=int, default=42)
    for name, default in more.items():
        parser.add_argument("--" + name, type=type(default), default=default)
    return parser.parse_args()


def integers(work, name):
    return np.fromfile(work / f"{name}.bin", np.int32).astype(np.int64)


def texts(work, name):
    """The texts of the workload as a list of id arrays, and their labels."""
    ends = np.cumsum(integers(work, f"{name}.lengths"))
    return np.split(integers(work, name), ends[:-1]), integers(work, f"{name}.labels")


def padded(batch):
    """Ids and mask of a batch, filled up to its longest text, as a collator with dynamic padding does."""
    longest = max(len(text) for text in batch)
    ids = np.zeros((len(batch), longest), np.int64)
    mask = np.zeros((len(batch), longest), np.int64)
    for row, text in enumerate(batch):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask


def timed(options, step):
    """Seconds of step(0), step(1), ... without those of the warm-up."""
    seconds = []
    for number in range(options.warmup + options.steps):
        begun = time.perf_counter()
        step(number)
        if number >= options.warmup:
            seconds.append(time.perf_counter() - begun)
    return seconds


def peak_rss():
    try:
        status = Path("/proc/self/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def report(case, unit, amount, seconds, **more):
    """The line that `cargo xtask bench` reads; `amount` units were done in each step."""
    ordered = sorted(seconds)
    at = lambda share: ordered[min(int(len(ordered) * share), len(ordered) - 1)]  # noqa: E731
    line = dict(
        case=case, unit=unit, median=at(0.5), min=at(0), max=at(1), p99=at(0.99), rate=amount / at(0.5),
        threads=THREADS, rss=peak_rss(), **more,
    )
    print(json.dumps(line), flush=True)
