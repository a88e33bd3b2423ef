"""One way of ranking tried on pairs: the product's own model and measures with some of its constants changed, every
document a candidate (the first stage leaves no right answer of these pairs out), nothing written to disk."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from unittest.mock import patch

import numpy as np

from musubi.matching.engine import model
from musubi.matching.engine.analysis import Analysed, analyse, is_synonym
from musubi.matching.engine.matcher import NEED, SEED, Weights

FOLDS = 2


@dataclass(frozen=True)
class Variant:
    """What is changed: constants of `engine.model`, the weight of hubness, whether synonyms count, whether the first
    sentence stands as a title (whose terms count twice)."""

    name: str
    constants: Mapping[str, float] = field(default_factory=dict)
    hubness: float = Weights.hubness
    synonyms: bool = True
    lead: bool = False


@contextmanager
def changed(variant: Variant):
    with ExitStack() as stack:
        for name, value in variant.constants.items():
            stack.enter_context(patch.object(model, name, value))
        yield


@cache
def _analysed(text: str, synonyms: bool, lead: bool) -> Analysed:
    title = text.partition("。")[0] if lead else ""
    found = analyse(text.removeprefix(title), title=title)
    if synonyms:
        return found
    words = type(found.words)({word: n for word, n in found.words.items() if not is_synonym(word)})
    return Analysed(words, found.pairs, found.surfaces)


def ranks(askers: Sequence[str], others: Sequence[str], variant: Variant, *, unseen: bool) -> np.ndarray:
    """The place of others[i] when askers[i] asks. `unseen`: half of the askers are left out of all that is learned
    and ask, then the other half."""
    count = len(askers)
    found = np.zeros(count, int)
    with changed(variant):
        texts = {
            side: [_analysed(text, variant.synonyms, variant.lead) for text in given]
            for side, given in ((NEED, askers), (SEED, others))
        }
        for fold in range(FOLDS if unseen else 1):
            asking = np.arange(fold, count, FOLDS) if unseen else np.arange(count)
            known = np.setdiff1d(np.arange(count), asking) if unseen else asking
            learned = model.learn(
                [(f"a:{i}", NEED, texts[NEED][i], "") for i in known]
                + [(f"o:{i}", SEED, text, "") for i, text in enumerate(texts[SEED])]
            )
            vectors = [learned.vector(text) for text in texts[SEED]]
            hubness = np.array([learned.hubness(one, NEED) for one in vectors])
            candidates = model.Sample.of([str(i) for i in range(count)], vectors)
            for i in asking:
                likeness = candidates.likeness(learned.vector(texts[NEED][i]))
                score = likeness - variant.hubness * hubness
                found[i] = (score >= score[i]).sum()
    return found
