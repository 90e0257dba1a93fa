"""Milliseconds per update of torch.optim.AdamW(fused=True) on the 22.7 million parameters of MiniLM: norm and clipping,
and the step itself. The twin of adamw_speed.rs. Run: python adamw_speed.py [UPDATES] [THREADS]"""
import statistics
import sys
import time

import torch

UPDATES = int(sys.argv[1]) if len(sys.argv) > 1 else 40
THREADS = int(sys.argv[2]) if len(sys.argv) > 2 else 2
WIDTH, INNER, LAYERS = 384, 1536, 6

torch.set_num_threads(THREADS)
shapes = [(30522, WIDTH), (512, WIDTH), (2, WIDTH), (WIDTH,), (WIDTH,)]
for _ in range(LAYERS):
    for rows, cols in [(WIDTH, WIDTH)] * 4 + [(INNER, WIDTH), (WIDTH, INNER)]:
        shapes += [(rows, cols), (rows,)]
    shapes += [(WIDTH,)] * 4
shapes += [(WIDTH, WIDTH), (WIDTH,)]
params = [torch.nn.Parameter(0.05 * torch.randn(shape)) for shape in shapes]
optimizer = torch.optim.AdamW(params, lr=1e-5, weight_decay=0.01, fused=True)
for param in params:
    param.grad = 0.01 * torch.randn(param.shape)
clip, step = [], []
for _ in range(UPDATES + 3):
    start = time.perf_counter()
    torch.nn.utils.clip_grad_norm_(params, 1.0)
    middle = time.perf_counter()
    optimizer.step()
    clip.append((middle - start) * 1e3)
    step.append((time.perf_counter() - middle) * 1e3)


def show(times):
    return f"{statistics.median(times):.2f} ms, {min(times):.2f} ms"


numbers = f"norm and clipping {show(clip[3:])}, step {show(step[3:])}"
print(f"torch {torch.__version__} fused AdamW, {THREADS} threads, {UPDATES} updates: {numbers} (median, least)")
