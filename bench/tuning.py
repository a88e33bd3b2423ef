"""What each choice of the matching engine is worth on the shared pairs, and what choosing by such figures is worth.

    script/bench tuning [--json] [--write]

Needs ../shared/data. Each variant changes one thing. Tasks: need, purpose and name of a row → its solution, and back;
each with the asker known to the index and unseen. `chosen` is the variant that does best on four fifths of the pairs,
measured on the last fifth. `--write` puts the table into docs/matching.md.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.lib.house import tell
from bench.lib.matching import PAIRS
from bench.lib.report import put_between
from bench.lib.tuning import Variant, ranks
from musubi.matching.engine.evaluation import Pair, reciprocal, reference_ranks

PAGE = Path(__file__).parents[1] / "docs" / "matching.md"
COLUMNS = ("need", "purpose", "name")
FOLDS = 5
SMALL, DRAWS = (10, 20, 40), 12
AS_IS = Variant("as it is")
VARIANTS = [
    AS_IS,
    Variant("no hub correction", hubness=0.0),
    Variant("hub correction 0.65", hubness=0.65),
    Variant("hub correction 1", hubness=1.0),
    Variant("temperature 0.03", {"TEMPERATURE": 0.03}),
    Variant("temperature 0.12", {"TEMPERATURE": 0.12}),
    Variant("no topics", {"TOPIC_WEIGHT": 0.0}),
    Variant("topics 0.6", {"TOPIC_WEIGHT": 0.6}),
    Variant("64 topics", {"TOPICS": 64}),
    Variant("48 terms kept", {"MOST_TERMS": 48}),
    Variant("192 terms kept", {"MOST_TERMS": 192}),
    Variant("no synonyms", synonyms=False),
    Variant("first sentence counts twice", lead=True),
]


def pairs() -> list[dict]:
    with PAIRS.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def tried(variant: Variant, rows: list[dict]) -> np.ndarray:
    """Reciprocal ranks, one row a task: for each column forward and back, known and unseen."""
    found = []
    for column in COLUMNS:
        askers, others = [row[column] for row in rows], [row["solution"] for row in rows]
        for one, other in ((askers, others), (others, askers)):
            found += [reciprocal(ranks(one, other, variant, unseen=unseen)) for unseen in (False, True)]
    return np.array(found)


def chosen(results: dict[str, np.ndarray]) -> tuple[float, list[str]]:
    """(MRR on the pairs that had no say, the name chosen for each fold)."""
    count = results[AS_IS.name].shape[1]
    names, values = [], np.zeros(count)
    for fold in range(FOLDS):
        held = np.arange(count) % FOLDS == fold
        best = max(results, key=lambda name: results[name][:, ~held].mean())
        names.append(best)
        values[held] = results[best][:, held].mean(axis=0)
    return float(values.mean()), names


def small(rows: list[dict]) -> list[dict]:
    """A city that has just begun: MRR of need → solution among few, over several draws, beside the reference."""
    found = []
    for size in SMALL:
        dice = np.random.default_rng(size)
        draws = [[rows[i] for i in dice.permutation(len(rows))[:size]] for _ in range(DRAWS)]
        one = {"documents": 2 * size}
        for name, unseen in (("known", False), ("unseen", True)):
            for label, variant in (("", AS_IS), ("_without_hub_correction", Variant("", hubness=0.0))):
                values = [
                    reciprocal(
                        ranks(
                            [r["need"] for r in draw], [r["solution"] for r in draw], variant, unseen=unseen
                        )
                    )
                    for draw in draws
                ]
                one[name + label] = round(float(np.mean(values)), 4)
        references = [
            reciprocal(reference_ranks([Pair(r["id"], r["need"], r["solution"]) for r in draw])[0])
            for draw in draws
        ]
        one["reference"] = round(float(np.mean(references)), 4)
        found.append(one)
    return found


def tune() -> dict:
    rows = pairs()
    results = {}
    for variant in VARIANTS:
        tell(variant.name)
        results[variant.name] = tried(variant, rows)
    mrr, names = chosen(results)
    base = results[AS_IS.name]
    return {
        "pairs": len(rows),
        "variants": [
            {
                "name": name,
                "known": round(float(one[0::2].mean()), 4),
                "unseen": round(float(one[1::2].mean()), 4),
                "gain": round(float((one - base).mean()), 4),
                # Of the gain, over pairs: twice this is what chance may do.
                "error": round(float((one - base).mean(axis=0).std() / np.sqrt(len(rows))), 4),
                "tasks": [round(float(task), 4) for task in one.mean(axis=1)],
            }
            for name, one in results.items()
        ],
        "chosen": {"mrr": round(mrr, 4), "as_it_is": round(float(base.mean()), 4), "names": names},
        "small": small(rows),
    }


def lines(found: dict) -> Iterator[str]:
    yield "| variant | MRR, asker in the index | MRR, asker unseen | gain of both ± error |"
    yield "| --- | ---: | ---: | ---: |"
    for one in found["variants"]:
        yield f"| {one['name']} | {one['known']:.4f} | {one['unseen']:.4f} | {one['gain']:+.4f} ± {one['error']:.4f} |"
    choice = found["chosen"]
    yield ""
    yield (
        f"Choosing the best of these on four fifths of the {found['pairs']} pairs gives {choice['mrr']:.4f} on the last "
        f"fifth (chosen: {', '.join(dict.fromkeys(choice['names']))}); leaving it as it is, {choice['as_it_is']:.4f}."
    )
    yield ""
    yield "| a small corpus | asker in the index | the same without hub correction | unseen | without | 2–3-letter TF-IDF |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for one in found["small"]:
        half = one["documents"] // 2
        yield (
            f"| {half} needs, {half} solutions | {one['known']:.3f} | {one['known_without_hub_correction']:.3f} "
            f"| {one['unseen']:.3f} | {one['unseen_without_hub_correction']:.3f} | {one['reference']:.3f} |"
        )


if __name__ == "__main__":
    if not PAIRS.exists():
        sys.exit(f"The pairs are in {PAIRS}, which is not there.")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/ as well")
    given = parser.parse_args()
    found = tune()
    if given.write:
        put_between(PAGE, "tuning", lines(found))
    if given.json:
        print(json.dumps(found | {"wanted": []}, ensure_ascii=False))
    else:
        print(*lines(found), sep="\n")
