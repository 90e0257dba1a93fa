#!/usr/bin/env python3
"""Makes profile.bin.gz: what the step identify-language knows of letter sequences.

Source: the n-gram models of lingua-language-detector 1.3.5 (Apache-2.0, Peter M. Stahl), which hold conditional
frequencies of one to five letters inside of words, counted on the Leipzig Corpora Collection. Kept are, for each
language, the most frequent sequences of two, three and four letters with their joint probability, as eighths of a
natural logarithm above a common floor.

    pip install lingua-language-detector==1.3.5 && python make_profile.py

Layout, little-endian, gzip (time 0, so that the same input gives the same bytes):
    u16 languages; per language u8 length and its tag;
    u32 sequences, ascending by hash; per sequence u32 hash, u8 count, count times (u8 language, u8 weight).
The hash is FNV-1a (32 bits) of the UTF-8 bytes.
"""

import gzip
import json
import math
import os
import struct
import sys

import brotli
import lingua

LANGUAGES = """af ca cs cy da de en es et eu fi fr ga hr hu id is it lt lv nb nl pl pt ro sk sl sq sv sw tl tr vi
be bg kk mk mn ru sr uk ar fa ur hi mr""".split()
TOP = {2: 250, 3: 1200, 4: 1000}
FLOOR = math.log(2e-6)
NAMES = {1: "unigrams", 2: "bigrams", 3: "trigrams", 4: "quadrigrams"}
TAGS = {"nb": "no"}


def model(language, length):
    path = os.path.join(os.path.dirname(lingua.__file__), "language-models", language, NAMES[length] + ".json.br")
    with open(path, "rb") as file:
        ngrams = json.loads(brotli.decompress(file.read()))["ngrams"]
    table = {}
    for fraction, text in ngrams.items():
        above, below = map(int, fraction.split("/"))
        for ngram in text.split(" "):
            table[ngram] = above / below
    return table


def joint(language):
    """Joint probability of each sequence of two to four letters."""
    lower = model(language, 1)
    found = {}
    for length in (2, 3, 4):
        conditional = model(language, length)
        here = {g: p * lower[g[:-1]] for g, p in conditional.items() if g[:-1] in lower}
        total = sum(here.values())
        best = sorted(here.items(), key=lambda item: (-item[1], item[0]))[: TOP[length]]
        found.update({g: p / total for g, p in best})
        lower = here
    return found


def fnv(text):
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def main():
    rows = {}
    for number, language in enumerate(LANGUAGES):
        for ngram, probability in joint(language).items():
            weight = round(8 * (math.log(probability) - FLOOR))
            if weight > 0:
                rows.setdefault(fnv(ngram), {})[number] = min(weight, 255)
    out = struct.pack("<H", len(LANGUAGES))
    for language in LANGUAGES:
        tag = TAGS.get(language, language).encode()
        out += struct.pack("<B", len(tag)) + tag
    out += struct.pack("<I", len(rows))
    parts = [out]
    for key in sorted(rows):
        pairs = sorted(rows[key].items())
        parts.append(struct.pack("<IB", key, len(pairs)) + b"".join(struct.pack("<BB", *pair) for pair in pairs))
    data = b"".join(parts)
    packed = gzip.compress(data, 9, mtime=0)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "profile.bin.gz"), "wb") as file:
        file.write(packed)
    print(len(rows), "sequences,", len(data), "bytes,", len(packed), "packed", file=sys.stderr)


main()
