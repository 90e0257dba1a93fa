"""Scores Presidio with patterns only on the file that score_masking.rs reads, with the same counting, and times it on one thread.

    pip install presidio-analyzer==2.2.366
    python score_presidio.py FILE.json [--model en_core_web_sm]

Without a model its words come from spaCy's blank English tokenizer, which is the fastest way to give its patterns their context.
"""

import collections
import json
import sys
import time

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine

NAMES = {"DOMAIN_NAME": "URL", "ADDRESS": "STREET_ADDRESS"}
MACRO = ["CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "IP_ADDRESS", "US_SSN"]


def engine(model):
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    nlp = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model or "blank"}])
    nlp.nlp = {"en": spacy.load(model) if model else spacy.blank("en")}
    if not model:
        registry.remove_recognizer("SpacyRecognizer")
    return AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])


def apart(results):
    """The better of spans that overlap, as Presidio's anonymizer keeps them."""
    kept = []
    for r in sorted(results, key=lambda r: (-r.score, r.start - r.end)):
        if all(r.end <= k.start or k.end <= r.start for k in kept):
            kept.append(r)
    return kept


def halves(a, b):
    shared = min(a[2], b[2]) - max(a[1], b[1])
    return a[0] == b[0] and 2 * max(shared, 0) >= max(a[2], b[2]) - min(a[1], b[1])


def f2(right, found, gold):
    p, r = right / max(found, 1), right / max(gold, 1)
    return 5 * p * r / (4 * p + r) if right else 0.0


def main():
    # The list of suffixes that comes with the package: nothing is fetched while the clock runs.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    model = sys.argv[sys.argv.index("--model") + 1] if "--model" in sys.argv else None
    samples = json.load(open(sys.argv[1], encoding="utf-8"))
    analyzer = engine(model)
    analyzer.analyze("warm up", language="en")
    begin = time.perf_counter()
    answers = [analyzer.analyze(s["full_text"], language="en") for s in samples]
    seconds = time.perf_counter() - begin
    table = collections.defaultdict(lambda: [0, 0, 0, 0])
    for sample, answer in zip(samples, answers):
        gold = [(NAMES.get(s["entity_type"], s["entity_type"]), s["start_position"], s["end_position"]) for s in sample["spans"]]
        found = [(r.entity_type, r.start, r.end) for r in apart(answer)]
        for g in gold:
            row = table[g[0]]
            row[0] += 1
            row[2] += g in found
            row[3] += any(halves(g, f) for f in found)
        for f in found:
            table[f[0]][1] += 1
    for kind, (gold, found, exact, half) in sorted(table.items()):
        print(f"{kind:24} gold {gold:5} found {found:5} F2 exact {f2(exact, found, gold):.4f} half {f2(half, found, gold):.4f}")
    for name, at in (("exact", 2), ("half", 3)):
        present = [table[k] for k in MACRO if table[k][0]]
        print(f"macro F2 {name} {sum(f2(r[at], r[1], r[0]) for r in present) / len(present):.4f}")
    print(f"{len(samples)} texts in {seconds:.3f} s, {len(samples) / seconds:.0f} texts/s")


main()
