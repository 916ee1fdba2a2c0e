#!/usr/bin/env python3
"""Two peers beside the box, on the same texts in the same run: TF-IDF with a linear SVM (scikit-learn), and
semantic-router on the box's own encoder.

usage: scripts/peers.py [--clubos PROGRAM] [--nlu DIR] [--rounds N] [PART...]

PART is one of (default: all)
  accuracy  trained on models/data and the SOPs' examples, read tests/data/apart; with --nlu also CLINC150 and BANKING77
  training  seconds to train by amount of texts
  latency   milliseconds for one text by its length, one thread
  cores     texts a second on one core and on two, a process each

Prints Markdown tables with ratios to the box; totals only, no text. Makes an environment of its own in target/peers.
"""

import argparse
import csv
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
import venv
from multiprocessing import Barrier, Process, Queue
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
HOME = HOUSE / "target/peers"
PINS = [
    "scikit-learn==1.9.1", "semantic-router==1.1.1", "onnxruntime==1.24.4", "tokenizers==0.23.3", "numpy==2.4.6",
]
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
OUTSIDE = "out-of-scope"
TOKENS = 64
LENGTHS = [(1, 3), (4, 8), (9, 16), (17, 32), (33, 200)]

Row = tuple[str, str]


def environment() -> None:
    """Goes on inside an environment that has the peers, with one thread for everything."""
    if os.environ.get("CLUBOS_PEERS"):
        return
    python, stamp = HOME / "bin/python", HOME / "pins"
    if not stamp.exists() or stamp.read_text() != "\n".join(PINS):
        venv.create(HOME, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PINS], check=True)
        stamp.write_text("\n".join(PINS))
    os.execve(python, [str(python), *sys.argv], {**os.environ, **ONE_THREAD, "CLUBOS_PEERS": "1"})


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def club() -> list[Row]:
    rows = [(r["text"], r["intent"]) for p in sorted((HOUSE / "models/data").glob("*.jsonl")) for r in lines(p)]
    for path in sorted((HOUSE / "sops").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        block = re.search(r"^examples:\n((?: +- .*\n)+)", text, re.MULTILINE)
        for item in re.findall(r"- (.*)", block.group(1)) if block else []:
            rows.append((json.loads(item) if item.startswith('"') else item.strip("' "), path.stem))
    return rows


class Scikit:
    """TF-IDF over words, pairs and parts of words; a linear SVM."""

    name = "TF-IDF, linear SVM"

    def train(self, rows: list[Row]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline, make_union
        from sklearn.svm import LinearSVC

        features = make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        )
        self.pipe = make_pipeline(features, LinearSVC(C=1.0))
        self.pipe.fit([t for t, _ in rows], [i for _, i in rows])

    def read(self, text: str) -> str:
        return self.pipe.predict([text])[0]


class Router:
    """semantic-router: the nearest phrases vote, by our encoder in its own encoder class."""

    known: dict[str, list[float]] | None = None  # vectors by text, kept where time does not count

    def __init__(self, name: str, **settings):
        self.name, self.settings = name, settings

    def train(self, rows: list[Row]) -> None:
        import numpy
        import onnxruntime
        import tokenizers
        from semantic_router import Route
        from semantic_router.encoders import DenseEncoder
        from semantic_router.routers import IndexedRouter

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(HOUSE / "models/encoder.onnx", options)
        tokenizer = tokenizers.Tokenizer.from_file(str(HOUSE / "models/tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(TOKENS)

        class Ours(DenseEncoder):
            def __call__(self, docs: list[str]) -> list[list[float]]:
                return [self.kept(doc) for doc in docs]

            def kept(self, text: str) -> list[float]:
                if Router.known is None:
                    return self.one(text)
                if text not in Router.known:
                    Router.known[text] = self.one(text)
                return Router.known[text]

            def one(self, text: str) -> list[float]:
                ids = numpy.array([tokenizer.encode(text).ids], numpy.int64)
                inputs = {"input_ids": ids, "attention_mask": numpy.ones_like(ids)}
                return session.run(["embedding"], inputs)[0][0].tolist()

        phrases: dict[str, list[str]] = {}
        for text, intent in rows:
            phrases.setdefault(intent, []).append(text)
        routes = [Route(name=intent, utterances=own) for intent, own in phrases.items()]
        self.router = IndexedRouter(Ours(name="the box's"), routes, **self.settings)

    def read(self, text: str) -> str:
        return self.router(text).name


class Box:
    """The box: `clubos classify`, one line in, one line out; its own training in `train`."""

    name = "**the box**"

    def __init__(self, program: Path):
        self.program = program

    def train(self, rows: list[Row]) -> None:
        """What was trained once is kept beside the model, so this only starts the reader."""
        core = min(os.sched_getaffinity(0))
        alone = len(os.sched_getaffinity(0)) == 1
        self.running = subprocess.Popen(
            [self.program, "classify"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HOUSE, bufsize=1,
            preexec_fn=(lambda: os.sched_setaffinity(0, {core})) if alone else None,
        )
        self.read("hello")

    def read(self, text: str) -> str:
        self.running.stdin.write(json.dumps({"text": text}) + "\n")
        return json.loads(self.running.stdout.readline())["intent"]

    def stop(self) -> None:
        self.running.stdin.close()
        self.running.wait()

    def evaluate(self, train: list[Row], test: list[dict]) -> float:
        """Accuracy of a head trained on `train`, percent."""
        work = HOUSE / "target/peers-work"
        work.mkdir(parents=True, exist_ok=True)
        files = []
        for name, rows in (("train", [{"text": t, "accept": [i]} for t, i in train]), ("test", test)):
            files.append(work / f"{name}.jsonl")
            files[-1].write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        done = subprocess.run(
            [self.program, "eval", "--train", *files, "--json"], capture_output=True, text=True, cwd=HOUSE, check=True
        )
        return json.loads(done.stdout)["accuracy"]


def peers() -> list:
    return [
        Scikit(),
        Router("semantic-router as it comes (mean of 5)"),
        Router("semantic-router, best phrase (max)", aggregation="max"),
        Router("semantic-router, votes of 10 (sum)", aggregation="sum", top_k=10),
    ]


def public(folder: Path) -> list[tuple[str, list[Row], list[dict]]]:
    data = json.loads((folder / "clinc150_full.json").read_text(encoding="utf-8"))
    clinc = [(text, intent) for text, intent in data["train"]]
    sets = [("CLINC150, in scope", clinc, [{"text": t, "accept": [i]} for t, i in data["test"]])]
    parts = []
    for part in ("train", "test"):
        with (folder / f"banking77_{part}.csv").open(encoding="utf-8", newline="") as file:
            parts.append([(r["text"], r["category"]) for r in csv.DictReader(file)])
    return [*sets, ("BANKING77", parts[0], [{"text": t, "accept": [i]} for t, i in parts[1]])]


def accuracy(box: Box, nlu: Path | None, rounds: int) -> None:
    rows = club()
    sets = [(f"apart, {name}", rows, lines(HOUSE / f"tests/data/apart/{name}.jsonl")) for name in ("live", "adversarial")]
    sets += public(nlu) if nlu else []
    head = " | ".join(f"{name}, n = {len(test)}" for name, _, test in sets)
    Router.known = {}
    print(f"| best guess right, percent | {head} |\n|---|" + "---|" * len(sets))
    for peer in peers():
        trained, figures = None, []
        for _, train, test in sets:
            if train is not trained:
                peer.train(train)
                trained = train
            figures.append(100 * sum(peer.read(case["text"]) in case["accept"] for case in test) / len(test))
        print(f"| {peer.name} | " + " | ".join(f"{f:.1f}" for f in figures) + " |", flush=True)
    Router.known = None
    figures = [box.evaluate(train, test) for _, train, test in sets]
    print(f"| {box.name}, trained on the same rows | " + " | ".join(f"{f:.1f}" for f in figures) + " |", flush=True)


def training(box: Box, nlu: Path | None, rounds: int) -> None:
    """Ours: what a change of one phrase costs where the others' embeddings are kept, as on the box; and with none kept."""
    rows = club()
    random.Random(1).shuffle(rows)
    sizes = [len(rows) // 8, len(rows) // 4, len(rows) // 2, len(rows)]
    print("| seconds to train on | " + " | ".join(f"{n} texts" for n in sizes) + " |\n|---|" + "---|" * len(sizes))
    models = HOUSE / "target/peers-work/models"
    ours: dict[str, list[float]] = {"everything embedded anew": [], "embeddings kept (a phrase changed)": []}
    for n in sizes:
        first, again = [], []
        for _ in range(rounds):
            start, changed, kept = own_training(box, models, rows[:n])
            first.append(start - kept)
            again.append(changed - kept)
        ours["everything embedded anew"].append(statistics.median(first))
        ours["embeddings kept (a phrase changed)"].append(statistics.median(again))
    for what, figures in ours.items():
        print(f"| {box.name}, {what} | " + " | ".join(f"{f:.2f}" for f in figures) + " |", flush=True)
    for peer in peers()[:2]:
        figures = []
        for n, own in zip(sizes, ours["everything embedded anew"]):
            took = []
            for _ in range(rounds if isinstance(peer, Scikit) else 1):
                began = time.perf_counter()
                peer.train(rows[:n])
                took.append(time.perf_counter() - began)
            figures.append(f"{statistics.median(took):.2f} ({statistics.median(took) / own:.2f} ×)")
        print(f"| {peer.name} | " + " | ".join(figures) + " |", flush=True)


def own_training(box: Box, models: Path, rows: list[Row]) -> tuple[float, float, float]:
    """Seconds of a run that embeds and trains, of one that only trains, and of one that does neither."""
    shutil.rmtree(models, ignore_errors=True)
    models.mkdir(parents=True)
    for name in ("encoder.onnx", "tokenizer.json", "runtime"):
        (models / name).symlink_to(HOUSE / "models" / name)
    train, test = models / "train.jsonl", models / "test.jsonl"
    test.write_text('{"text": "hello", "accept": ["chat.greeting"]}\n')

    def run(rows: list[Row]) -> float:
        train.write_text("".join(json.dumps({"text": t, "accept": [i]}) + "\n" for t, i in rows), encoding="utf-8")
        began = time.perf_counter()
        subprocess.run([box.program, "--model-dir", models, "eval", "--train", train, test, "--json"],
                       stdout=subprocess.DEVNULL, cwd=HOUSE, check=True)
        return time.perf_counter() - began

    changed = [*rows[1:], ("the putting mat is rolled up again", rows[0][1])]
    return run(rows), run(changed), run(changed)


def latency(box: Box, nlu: Path | None, rounds: int) -> None:
    texts = [case["text"] for name in ("live", "adversarial") for case in lines(HOUSE / f"tests/data/apart/{name}.jsonl")]
    readers = [box, *peers()[:2]]
    rows = club()
    for reader in readers:
        reader.train(rows)
    print("| one text, ms at p50 (p99) | " + " | ".join(r.name for r in readers) + " |\n|---|" + "---|" * len(readers))
    for low, high in LENGTHS:
        own = [t for t in texts if low <= len(t.split()) <= high]
        own = random.Random(1).sample(own, min(120, len(own)))
        took: list[list[float]] = [[] for _ in readers]
        for turn in range(rounds):
            for at, text in enumerate(own):
                # A number of its own makes a text new: the box remembers what it read lately.
                text = f"{text} {100 + turn * len(own) + at}"
                for reader, times in zip(readers, took):
                    began = time.perf_counter()
                    reader.read(text)
                    times.append(1000 * (time.perf_counter() - began))
        middle = [statistics.median(t) for t in took]
        cells = [
            f"{m:.2f} ({statistics.quantiles(t, n=100)[98]:.2f})" + (f", {m / middle[0]:.2f} ×" if at else "")
            for at, (m, t) in enumerate(zip(middle, took))
        ]
        print(f"| {low} to {high} words, n = {len(own)} × {rounds} | " + " | ".join(cells) + " |", flush=True)
    box.stop()


def worker(reader, rows: list[Row], texts: list[str], core: int, ready, out: Queue) -> None:
    os.sched_setaffinity(0, {core})
    reader.train(rows)
    ready.wait()
    began = time.perf_counter()
    for text in texts:
        reader.read(text)
    out.put(time.perf_counter() - began)
    if isinstance(reader, Box):
        reader.stop()


def cores(box: Box, nlu: Path | None, rounds: int) -> None:
    texts = [case["text"] for case in lines(HOUSE / "tests/data/apart/live.jsonl")]
    rows = club()
    readers = [box, *peers()[:2]]
    have = sorted(os.sched_getaffinity(0))[:2]
    print("| texts a second | one core | two cores, a process each | gain |\n|---|---|---|---|")
    first: list[float] = []
    for reader in readers:
        rates = []
        for count in range(1, len(have) + 1):
            ready, out = Barrier(count), Queue()
            parts = [texts[at::count] for at in range(count)]
            running = [Process(target=worker, args=(reader, rows, part, core, ready, out)) for part, core in zip(parts, have)]
            for process in running:
                process.start()
            slowest = max(out.get() for _ in running)
            for process in running:
                process.join()
            rates.append(len(texts) / slowest)
        first = first or rates
        beside = [f"{rate:.0f}" + (f" ({rate / own:.2f} ×)" if reader is not box else "") for rate, own in zip(rates, first)]
        print(f"| {reader.name} | " + " | ".join(beside) + f" | {rates[-1] / rates[0]:.2f} |", flush=True)


PARTS = {"accuracy": accuracy, "training": training, "latency": latency, "cores": cores}


def main() -> None:
    environment()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clubos", type=Path, default=HOUSE / "target/release/clubos")
    parser.add_argument("--nlu", type=Path, help="folder with clinc150_full.json and banking77_{train,test}.csv")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    options = parser.parse_args()
    print(f"{', '.join(PINS)}; Python {sys.version.split()[0]}; load before: {os.getloadavg()[0]:.1f}\n")
    for part in options.parts or PARTS:
        PARTS[part](Box(options.clubos.resolve()), options.nlu, options.rounds)
        print()


if __name__ == "__main__":
    main()
