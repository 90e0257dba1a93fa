"""PyTorch: fine-tuning of the same weights on the same batches. --length 64|128|news --precision f32|bf16"""

import numpy as np
from common import THREADS, options, padded, report, texts, timed

import torch
from transformers import BertForSequenceClassification

torch.set_num_threads(THREADS)
o = options(length="64", precision="f32", batch=32)
torch.manual_seed(o.seed)
model = BertForSequenceClassification.from_pretrained(o.work / "model", attn_implementation="sdpa").float().train()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.01, fused=True)
ids, labels = texts(o.work, "news" if o.length == "news" else f"full{o.length}")
labels = torch.from_numpy(labels)
rng = np.random.default_rng(o.seed)


def update(rows):
    if o.length == "news":  # dynamic padding to the longest of the batch
        x, mask = (torch.from_numpy(part) for part in padded([ids[row] for row in rows]))
    else:  # all of one length: no mask to pay for
        x, mask = torch.from_numpy(np.stack([ids[row] for row in rows])), None
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=o.precision == "bf16"):
        loss = model(input_ids=x, attention_mask=mask, labels=labels[rows]).loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss.item()


def step(_):
    if o.length != "news":
        return update(rng.choice(len(ids), size=o.batch, replace=False))
    for rows in rng.permutation(len(ids)).reshape(-1, o.batch):  # a pass over all texts: batches differ in length
        update(rows)


seconds = timed(o, step)
amount = len(ids) if o.length == "news" else o.batch
report(f"torch {o.precision}", "samples/s", amount, seconds, version=torch.__version__, path=f"{o.precision} sdpa")
