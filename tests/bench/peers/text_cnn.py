"""PyTorch: Kim's convolutions. --embedding dense (Adam) | sparse (SparseAdam for the embedding)"""

import numpy as np
from common import THREADS, options, report, texts, timed

import torch
from torch import nn

torch.set_num_threads(THREADS)
o = options(length="64", batch=32, embedding="dense")
torch.manual_seed(o.seed)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(30522, 128, sparse=o.embedding == "sparse")
        self.convolutions = nn.ModuleList(nn.Conv1d(128, 100, width) for width in (3, 4, 5))
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(300, 4)

    def forward(self, ids):
        x = self.embedding(ids).transpose(1, 2)
        pooled = [torch.relu(convolution(x)).amax(2) for convolution in self.convolutions]
        return self.head(self.dropout(torch.cat(pooled, 1)))


model = Model().train()
rest = [value for name, value in model.named_parameters() if not name.startswith("embedding")]
if o.embedding == "sparse":
    optimizers = [torch.optim.SparseAdam(list(model.embedding.parameters()), lr=1e-3)]
    optimizers.append(torch.optim.Adam(rest, lr=1e-3, fused=True))
else:
    optimizers = [torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)]
ids, labels = texts(o.work, f"full{o.length}")
ids, labels = torch.from_numpy(np.stack(ids)), torch.from_numpy(labels)
batches = len(ids) // o.batch


def step(number):
    rows = slice(number % batches * o.batch, (number % batches + 1) * o.batch)
    loss = nn.functional.cross_entropy(model(ids[rows]), labels[rows])
    for optimizer in optimizers:
        optimizer.zero_grad()
    loss.backward()
    for optimizer in optimizers:
        optimizer.step()
    loss.item()


seconds = timed(o, step)
report("torch text-cnn", "samples/s", o.batch, seconds, version=torch.__version__, path=f"{o.embedding} embedding")
