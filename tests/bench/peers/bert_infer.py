"""PyTorch: logits of the same weights. --length 64|128|news --batch 1|32 --precision f32|bf16 --compile 0|1"""

import numpy as np
from common import THREADS, options, padded, report, texts, timed

import torch
from transformers import BertForSequenceClassification

torch.set_num_threads(THREADS)
o = options(length="64", precision="bf16", batch=32, compile=0)
model = BertForSequenceClassification.from_pretrained(o.work / "model", attn_implementation="sdpa").float().eval()
if o.precision == "bf16":
    model = model.bfloat16()
forward = torch.compile(model, dynamic=False) if o.compile else model
ids, _ = texts(o.work, "news" if o.length == "news" else f"full{o.length}")


def batches(rows):
    if o.length == "news":
        return tuple(torch.from_numpy(part) for part in padded(rows))
    return torch.from_numpy(np.stack(rows)), None


cut = [batches(ids[at : at + o.batch]) for at in range(0, len(ids) - o.batch + 1, o.batch)]
per_step = len(cut) if o.length == "news" else 1  # on news a step is a pass: batches differ in length
if o.compile and o.length == "news":
    torch._dynamo.config.cache_size_limit = 64


def logits(batch):
    return forward(input_ids=batch[0], attention_mask=batch[1]).logits.float().numpy()


def step(number):
    for at in range(per_step):
        logits(cut[(number * per_step + at) % len(cut)])


with torch.inference_mode():
    seconds = timed(o, step)
    probe = model(input_ids=torch.from_numpy(ids[0][None])).logits.float()[0].tolist()
path = o.precision + (" compiled" if o.compile else " eager")
report(f"torch {path}", "samples/s", per_step * o.batch, seconds, version=torch.__version__, path=path, probe=probe)
