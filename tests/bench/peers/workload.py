"""Writes the ids that both sides read, from a seed: python workload.py --work FOLDER (FOLDER/model must exist).

Texts are made of the tokenizer's own words and of words that it must cut, drawn by a Zipf law that differs a little
between four classes. Files NAME.bin, NAME.lengths.bin, NAME.labels.bin hold 32-bit integers:

full64, full128   2,048 texts without padding, every one as long as the name says
news              256 texts, 8 batches of 32; lengths as in newswire (TOKENS)
lstm50, lstm200   6,400 texts of ids 1..9999, two classes
ngram.*.txt       lower-case texts, one a line, with fastText's labels
"""

import numpy as np

from common import options

# Tokens per article of Reuters R8 under this tokenizer, cut at 512: shares of the 7,674 articles and their lengths.
SHARES = (0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.974, 1)
TOKENS = (12, 13, 17, 26, 47, 81, 135, 264, 381, 512, 512)
SYLLABLES = (
    "ba con de er fi gra ho in ja ki lo men no or pra qui ra son tion ur ver wil xen yor zel ter man ing ed ly".split()
)
CLASSES = 4


def lexicon(vocabulary, rng):
    """20,000 words, the frequent ones first; a fifth of them are no words of the tokenizer."""
    known = [word for word in vocabulary[1996:] if word.isalpha() and word.isascii() and len(word) > 1]
    rare = ["".join(rng.choice(SYLLABLES, size=rng.integers(2, 5))) for _ in range(4000)]
    words = np.array(known[:16000] + rare)
    return words[np.concatenate([np.arange(200), 200 + rng.permutation(len(words) - 200)])]


def laws(size, strength):
    """One distribution over the words per class: 600 words of its own are `strength` times as frequent."""
    law = 1 / (np.arange(1, size + 1) + 2.7) ** 1.07
    for number in range(CLASSES):
        own = np.random.default_rng(100 + number).choice(np.arange(100, size), 600, replace=False)
        mine = law.copy()
        mine[own] *= strength
        yield mine / mine.sum()


def sentences(words, law, length, rng):
    """Words with the capitals, commas, full stops and numbers of prose."""
    found = [str(word) for word in words[rng.choice(len(words), size=length, p=law)]]
    for at, chance in enumerate(rng.random(length)):
        if at == 0 or chance < 0.08:
            found[at] = found[at].capitalize()
        elif chance < 0.13:
            found[at - 1] += ","
        elif chance < 0.16:
            found[at - 1] += "."
        elif chance < 0.17:
            found[at] = str(rng.integers(1, 2005))
    return " ".join(found) + "."


def write(work, name, texts, labels):
    for kind, numbers in (("", np.concatenate(texts)), (".lengths", [len(t) for t in texts]), (".labels", labels)):
        np.asarray(numbers, np.int32).tofile(work / f"{name}{kind}.bin")


def news_lengths(count, rng):
    """Drawn from the distribution of those articles, straight between its corners."""
    return np.interp(rng.random(count), SHARES, TOKENS).astype(int)


def bert_texts(work, words, encode):
    rng = np.random.default_rng(1)
    (law, *_), separate = laws(len(words), 1), np.random.default_rng(2)
    prose = encode([sentences(words, law, 60, rng) for _ in range(6000)])
    stream, labels = np.concatenate([ids[1:-1] for ids in prose]), lambda n: separate.integers(CLASSES, size=n)
    start, end = prose[0][0], prose[0][-1]
    wrap = lambda at, length: np.concatenate([[start], stream[at : at + length - 2], [end]])  # noqa: E731
    for length in (64, 128):
        places = rng.integers(len(stream) - length, size=2048)
        write(work, f"full{length}", [wrap(at, length) for at in places], labels(2048))
    lengths = news_lengths(256, rng)
    write(work, "news", [wrap(rng.integers(len(stream) - n), n) for n in lengths], labels(256))
    print("news: tokens", lengths.sum(), "median", np.median(lengths), "mean", lengths.mean(), "longest", lengths.max())


def lstm_texts(work):
    rng = np.random.default_rng(5)
    law = 1 / np.arange(1, 10000)
    for length in (50, 200):
        labels = rng.integers(0, 2, 6400)
        ids = rng.choice(9999, size=(6400, length), p=law / law.sum()) + 1
        told = rng.random((6400, length)) < 0.2
        ids = np.where(told, (ids // 2 * 2 + labels[:, None]) % 9999 + 1, ids)
        ids = np.minimum(ids, 9999)
        write(work, f"lstm{length}", list(ids), labels)


def ngram_texts(work, words):
    laws_of = list(laws(len(words), 12))
    for name, count, seed in (("train", 40000, 7), ("test", 4000, 8)):
        rng = np.random.default_rng(seed)
        with open(work / f"ngram.{name}.txt", "w", encoding="utf-8") as file:
            for number in rng.integers(CLASSES, size=count):
                length = int(np.clip(rng.normal(39, 9), 12, 90))
                text = sentences(words, laws_of[number], length, rng).lower()
                file.write(f"__label__{number} {text}\n")


def main():
    from tokenizers import Tokenizer

    work = options().work
    tokenizer = Tokenizer.from_file(str(work / "model" / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    vocabulary = (work / "model" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    words = lexicon(vocabulary, np.random.default_rng(20240607))
    bert_texts(work, words, lambda texts: [np.array(one.ids) for one in tokenizer.encode_batch(texts)])
    lstm_texts(work)
    ngram_texts(work, words)
    (work / "workload.done").write_text("made\n")


main()
