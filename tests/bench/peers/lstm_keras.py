"""Keras on TensorFlow: Embedding, LSTM with dropout and recurrent dropout, Dense; a step is a `fit` of 16 batches."""

import os

from common import THREADS, options, report, texts, timed

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

BATCHES = 16
o = options(length="50", batch=32)
tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)
keras.utils.set_random_seed(o.seed)
model = keras.Sequential([
    keras.layers.Embedding(10000, 64),
    keras.layers.LSTM(128, dropout=0.2, recurrent_dropout=0.2),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(1e-3))
ids, labels = texts(o.work, f"lstm{o.length}")
ids, labels = np.stack(ids).astype(np.int32), labels.astype(np.float32)
size = BATCHES * o.batch


def step(number):
    rows = slice(number * size % (len(ids) - size + 1), None)
    model.fit(ids[rows][:size], labels[rows][:size], batch_size=o.batch, epochs=1, verbose=0)


seconds = timed(o, step)
report("keras lstm", "samples/s", size, seconds, version=f"{keras.__version__}, tensorflow {tf.__version__}", path="fit")
