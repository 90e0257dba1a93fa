"""ONNX Runtime: logits of the exported model. --length 64|128|news --batch 1|32 --precision f32|int8"""

import numpy as np
from common import THREADS, options, padded, report, texts, timed

import onnxruntime as ort

o = options(length="64", precision="f32", batch=32)
session_options = ort.SessionOptions()
session_options.intra_op_num_threads = THREADS
session_options.inter_op_num_threads = 1
session_options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
file = "model.onnx" if o.precision == "f32" else "model.int8.onnx"
session = ort.InferenceSession(str(o.work / file), session_options, providers=["CPUExecutionProvider"])
ids, _ = texts(o.work, "news" if o.length == "news" else f"full{o.length}")
cut = [padded(ids[at : at + o.batch]) for at in range(0, len(ids) - o.batch + 1, o.batch)]
per_step = len(cut) if o.length == "news" else 1  # on news a step is a pass: batches differ in length


def logits(batch):
    return session.run(None, {"ids": batch[0], "mask": batch[1]})[0]


def step(number):
    for at in range(per_step):
        logits(cut[(number * per_step + at) % len(cut)])


seconds = timed(o, step)
probe = logits(padded(ids[:1]))[0].tolist()
report(
    f"onnxruntime {o.precision}", "samples/s", per_step * o.batch, seconds, version=ort.__version__, path=o.precision,
    probe=[float(np.float32(number)) for number in probe],
)
