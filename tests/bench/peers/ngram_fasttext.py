"""fastText: words and pairs of words, 100 columns, five epochs; a step is a whole training, from file to model."""

from common import THREADS, options, report, timed

import fasttext

EPOCHS = 5
o = options()
train, test = o.work / "ngram.train.txt", o.work / "ngram.test.txt"
words = sum(len(line.split()) - 1 for line in open(train, encoding="utf-8"))
models = []


def step(_):
    models[:] = [
        fasttext.train_supervised(str(train), wordNgrams=2, dim=100, epoch=EPOCHS, lr=0.5, thread=THREADS, verbose=0)
    ]


seconds = timed(o, step)
_, accuracy, _ = models[0].test(str(test))
report("fasttext", "tokens/s", EPOCHS * words, seconds, path="hogwild f32", accuracy=accuracy)
