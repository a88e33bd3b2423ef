"""A dense model of one's own: a text as one vector, from a folder on this machine. Nothing is ever downloaded.

The folder holds either `model.onnx` (or `onnx/model.onnx`) and `tokenizer.json`, which onnxruntime and tokenizers read
(`uv sync --extra embedding`), or a model in the layout of sentence-transformers, which then has to be installed.
"""

from __future__ import annotations

import json
import logging
import os
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from musubi.lib.text import normalise
from musubi.matching.engine.analysis import LONGEST, READ

if TYPE_CHECKING:
    import numpy as np

MOST_TOKENS = 512
BATCH = 32
_ONNX = ("model.onnx", "onnx/model.onnx")
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
# What is looked at of a large file to know it again: so many pieces of so many bytes.
_PIECES, _PIECE = 64, 16_384

log = logging.getLogger(__name__)


class Unusable(Exception):
    """A folder no model can be read from. The text is a Japanese sentence for whoever runs the installation."""


def problem(path: str | Path) -> str:
    """Why a folder cannot be used, in a Japanese sentence; empty where nothing speaks against it. Loads nothing."""
    folder = Path(path)
    if not folder.is_dir():
        return f"{folder} というフォルダーがありません。"
    if _onnx(folder):
        if not (folder / "tokenizer.json").is_file():
            return f"{folder} に tokenizer.json がありません。"
        missing = [name for name in ("onnxruntime", "tokenizers") if find_spec(name) is None]
        if missing:
            return (
                f"{'、'.join(missing)} が導入されていません。uv sync --extra embedding を実行してください。"
            )
        return ""
    if not (folder / "modules.json").is_file():
        return f"{folder} に model.onnx も、sentence-transformers 形式のモデルもありません。"
    if find_spec("sentence_transformers") is None:
        return (
            "ONNX ではないモデルには sentence-transformers が必要ですが、導入されていません。"
            "導入するか、モデルを ONNX に変換して model.onnx と tokenizer.json を置いてください。"
        )
    return ""


@lru_cache(maxsize=2)
def load(path: str | Path) -> Embedder:
    """The model in a folder, read once a process. Raises Unusable."""
    if why := problem(path):
        raise Unusable(why)
    os.environ.update(_OFFLINE)
    folder = Path(path)
    try:
        run = _Onnx(folder) if _onnx(folder) else _Torch(folder)
        length = run(["結"]).shape[1]
        name = f"{folder.name}-{_fingerprint(folder)}"
    except Exception as error:
        raise Unusable(f"{folder} のモデルを読み込めません({error})。") from error
    return Embedder(str(path), name, length, run)


class Embedder:
    """Texts → an array of (texts, `length`), float32, each row of length one; of a text that says nothing to the model
    zeros. May be called by several threads at once. `name` is another for another model."""

    def __init__(self, path: str, name: str, length: int, run):
        self.path, self.name, self.length, self._run = path, name, length, run

    def __call__(self, texts: list[str]) -> np.ndarray:
        import numpy as np

        found = np.zeros((len(texts), self.length), np.float32)
        texts = [normalise(text[:READ])[:LONGEST] for text in texts]
        told = [number for number, text in enumerate(texts) if text]
        for start in range(0, len(told), BATCH):
            batch = told[start : start + BATCH]
            try:
                rows = np.nan_to_num(self._run([texts[number] for number in batch]).astype(np.float32))
            except Exception:
                # The rest of a match does without.
                log.warning("the dense model %s failed on a text", self.name, exc_info=True)
                continue
            lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
            found[batch] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
        return found

    def __reduce__(self):
        # Another process reads the folder itself.
        return load, (self.path,)


class _Onnx:
    """Token vectors of onnxruntime, pooled: their mean, or the first where the model's own settings say so."""

    def __init__(self, folder: Path):
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(
            str(_onnx(folder)), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [one.name for one in self.session.get_inputs()]
        outputs = [one.name for one in self.session.get_outputs()]
        # Some models bring their own pooling.
        self.output = "sentence_embedding" if "sentence_embedding" in outputs else outputs[0]
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(MOST_TOKENS)
        if self.tokenizer.padding is None:
            self.tokenizer.enable_padding()
        self.first_only = _pooling(folder).get("pooling_mode_cls_token", False)

    def __call__(self, texts: list[str]) -> np.ndarray:
        import numpy as np

        encoded = self.tokenizer.encode_batch(texts)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        if not mask.shape[1]:
            mask = np.zeros((len(texts), 1), np.int64)
            ids = types = mask
        else:
            ids = np.array([one.ids for one in encoded], np.int64)
            types = np.array([one.type_ids for one in encoded], np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        (rows,) = self.session.run([self.output], {name: given[name] for name in self.inputs})
        if rows.ndim == 2:
            return rows
        if self.first_only:
            return rows[:, 0]
        seen = mask[:, :, None].astype(np.float32)
        return (rows * seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)


class _Torch:
    def __init__(self, folder: Path):
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        self.model.max_seq_length = min(self.model.max_seq_length or MOST_TOKENS, MOST_TOKENS)

    def __call__(self, texts: list[str]) -> np.ndarray:
        return self.model.encode(
            texts, batch_size=BATCH, convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False
        )


def _onnx(folder: Path) -> Path | None:
    return next((folder / name for name in _ONNX if (folder / name).is_file()), None)


def _pooling(folder: Path) -> dict:
    path = folder / "1_Pooling" / "config.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _fingerprint(folder: Path) -> str:
    """Changes with the files of a folder; of large ones pieces all over are looked at."""
    found = sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") for part in inside.parts):
            continue
        size = path.stat().st_size
        found.update(f"{inside.as_posix()}\0{size}\0".encode())
        with path.open("rb") as file:
            if size <= _PIECES * _PIECE:
                found.update(file.read())
                continue
            for number in range(_PIECES):
                file.seek((size - _PIECE) * number // (_PIECES - 1))
                found.update(file.read(_PIECE))
    return found.hexdigest()[:12]
