"""scikit-learn: TF-IDF of words and pairs of words, logistic regression; a step is a whole training from texts."""

from common import options, report, timed

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

o = options()


def read(name):
    lines = (line.rstrip("\n").split(" ", 1) for line in open(o.work / f"ngram.{name}.txt", encoding="utf-8"))
    labels, texts = zip(*lines)
    return texts, labels


texts, labels = read("train")
words = sum(len(text.split()) for text in texts)
fitted = []


def step(_):
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2)
    fitted[:] = [vectorizer, LogisticRegression(max_iter=1000, C=5).fit(vectorizer.fit_transform(texts), labels)]


seconds = timed(o, step)
texts, labels = read("test")
accuracy = fitted[1].score(fitted[0].transform(texts), labels)
report("scikit-learn", "tokens/s", 5 * words, seconds, version=sklearn.__version__, path="lbfgs", accuracy=accuracy)
