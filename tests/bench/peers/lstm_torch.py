"""PyTorch: Embedding, nn.LSTM (which has no recurrent dropout), Linear; denormals flushed. --length 50|200"""

import numpy as np
from common import THREADS, options, report, texts, timed

import torch
from torch import nn

torch.set_num_threads(THREADS)
o = options(length="50", batch=32)
torch.set_flush_denormal(True)
torch.manual_seed(o.seed)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10000, 64)
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.head = nn.Linear(128, 1)

    def forward(self, ids):
        x = self.embedding(ids)
        x = x * ((torch.rand(x.shape[0], 1, 64) >= 0.2).float() / 0.8)  # the same columns for a whole text
        _, (state, _) = self.lstm(x)
        return self.head(state[-1]).squeeze(1)


model = Model().train()
ids, labels = texts(o.work, f"lstm{o.length}")
ids, labels = torch.from_numpy(np.stack(ids)), torch.from_numpy(labels).float()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
batches = len(ids) // o.batch


def step(number):
    rows = slice(number % batches * o.batch, (number % batches + 1) * o.batch)
    loss = nn.functional.binary_cross_entropy_with_logits(model(ids[rows]), labels[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss.item()


seconds = timed(o, step)
report("torch lstm", "samples/s", o.batch, seconds, version=torch.__version__, path="fused, no recurrent dropout")
