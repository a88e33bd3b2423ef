"""A dense model of one's own: read from a folder, never from the net, and part of the score."""

import json
import os
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from django.core.checks import run_checks

from musubi.matching import live
from musubi.matching.engine import embedding
from musubi.matching.engine.embedding import MOST_TOKENS, Embedder, Unusable, load, problem
from musubi.matching.engine.index import Preparing, Reader, current
from musubi.matching.engine.matcher import NEED, SEED, Document, Question, Weights
from tests.matching.engine.corpus import keys, made, opened

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
tokenizers = pytest.importorskip("tokenizers")

# What each letter means, in three directions: the sea, houses, machines. Any other letter means nothing.
LETTERS = {
    **dict.fromkeys("鯨鮫鯛波潮砂浜海魚", (1, 0, 0)),
    **dict.fromkeys("家屋宅庭瓦壁畳窓扉", (0, 1, 0)),
    **dict.fromkeys("機械電算盤線信号器", (0, 0, 1)),
    "の": (0.1, 0.1, 0.1),
}


def make_model(
    folder: Path, *, path: str = "model.onnx", letters=LETTERS, inputs=("input_ids", "attention_mask")
) -> Path:
    """A model that knows letters: a table of vectors, looked up."""
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    vocabulary = {"[PAD]": 0, "[UNK]": 1, **{letter: number + 2 for number, letter in enumerate(letters)}}
    # What pads must not count: it means a lot here.
    table = np.array([(9, 9, 9), (0, 0, 0), *letters.values()], np.float32)
    given = [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"]) for name in inputs]
    told = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["texts", "tokens", 3])
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    graph = helper.make_graph(nodes, "letters", given, [told], [numpy_helper.from_array(table, "table")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / path))
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """What a process keeps of its model and sets for it, forgotten before and after."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    load.cache_clear()
    live._embedder.cache_clear()
    yield
    load.cache_clear()
    live._embedder.cache_clear()


@pytest.fixture
def folder(tmp_path) -> Path:
    return make_model(tmp_path / "letters")


# --- vectors -------------------------------------------------------------------------------------------------


def test_vectors_are_of_length_one_and_float32(folder):
    found = load(folder)(["鯨", "家の庭", "鯨の家"])
    assert (found.dtype, found.shape) == (np.float32, (3, 3))
    assert np.sqrt((found * found).sum(axis=1)) == pytest.approx([1, 1, 1])
    assert found[0].tolist() == [1, 0, 0]
    assert found[2, 0] == pytest.approx(found[2, 1])


def test_vector_is_the_mean_of_what_is_there_without_the_padding(folder):
    model = load(folder)
    together = model(["鯨", "家庭鯨", "機械の電算盤線信号"])
    assert together == pytest.approx(
        np.stack([model([text])[0] for text in ("鯨", "家庭鯨", "機械の電算盤線信号")])
    )
    assert together[1] == pytest.approx(np.array([1, 2, 0]) / np.sqrt(5))


def test_text_that_says_nothing_to_the_model_has_no_direction(folder):
    assert not load(folder)(["", " ", "\0", "俳句", "\ud800"]).any()
    assert load(folder)([]).shape == (0, 3)


def test_text_of_no_tokens_has_no_direction(folder):
    path = folder / "tokenizer.json"
    told = json.loads(path.read_text())
    # What is not in it is left out.
    told["model"] = {"type": "BPE", "vocab": told["model"]["vocab"], "merges": []}
    path.write_text(json.dumps(told))
    assert load(folder)(["俳句", "鯨", "俳鯨句"]).tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]
    assert load(folder)(["俳句"]).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("text", ["鯨\ud800鯨", "鯨\0", "鯨" * 100_000, "ﾌ鯨", "\u202e鯨"])
def test_any_text_has_a_vector(folder, text):
    assert load(folder)([text])[0].tolist() == [1, 0, 0]


def test_no_more_than_so_many_tokens_are_read(folder):
    assert load(folder)(["鯨" * MOST_TOKENS + "家" * 5_000])[0].tolist() == [1, 0, 0]


def test_many_texts_are_read_in_batches(folder, monkeypatch):
    model = load(folder)
    sizes = []
    run = model._run
    monkeypatch.setattr(model, "_run", lambda texts: sizes.append(len(texts)) or run(texts))
    found = model(["鯨", "家"] * 50)
    assert sizes == [32, 32, 32, 4]
    assert found.tolist() == [[1, 0, 0], [0, 1, 0]] * 50


def test_eight_threads_ask_at_once(folder):
    model = load(folder)
    texts = ["鯨の家", "家と機械", "潮", "畳と窓と壁"] * 10
    alone = model(texts)
    begin = threading.Barrier(8)

    def work(_number):
        begin.wait()
        return model(texts)

    with ThreadPoolExecutor(8) as threads:
        for found in threads.map(work, range(8)):
            assert found == pytest.approx(alone)


def test_text_the_model_fails_on_goes_without(folder, monkeypatch, caplog):
    model = load(folder)

    def fail(_texts):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(model, "_run", fail)
    assert model(["鯨"]).tolist() == [[0, 0, 0]]
    assert "failed on a text" in caplog.text


def test_first_token_counts_where_the_model_says_so(folder):
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert load(folder)(["鯨家家家"])[0].tolist() == [1, 0, 0]


def test_kinds_of_tokens_are_given_where_they_are_asked_for(tmp_path):
    folder = make_model(tmp_path, inputs=("input_ids", "attention_mask", "token_type_ids"))
    assert load(folder)(["鯨"])[0].tolist() == [1, 0, 0]
    assert load(make_model(tmp_path / "ids", inputs=("input_ids",)))(["鯨"])[0].tolist() == [1, 0, 0]


# --- the folder ----------------------------------------------------------------------------------------------


def test_model_may_lie_in_a_folder_of_its_own(tmp_path):
    folder = make_model(tmp_path, path="onnx/model.onnx")
    assert problem(folder) == ""
    assert load(folder)(["鯨"])[0].tolist() == [1, 0, 0]


def test_model_is_read_once_a_process(folder):
    assert load(folder) is load(folder)
    assert pickle.loads(pickle.dumps(load(folder))).name == load(folder).name


def test_name_changes_with_any_file_of_the_model(folder):
    before = load(folder).name
    assert before.startswith("letters-")
    load.cache_clear()
    assert load(folder).name == before
    make_model(folder, letters={**LETTERS, "鯨": (0.9, 0.1, 0)})
    load.cache_clear()
    assert load(folder).name != before


def test_change_in_the_middle_of_a_large_file_is_seen(tmp_path):
    data = bytearray(5_000_000)
    (tmp_path / "weights.bin").write_bytes(data)
    (tmp_path / ".git").mkdir()
    before = embedding._fingerprint(tmp_path)
    (tmp_path / ".git" / "index").write_bytes(b"1")
    assert embedding._fingerprint(tmp_path) == before
    data[2_000_000:2_200_000] = b"\1" * 200_000
    (tmp_path / "weights.bin").write_bytes(data)
    assert embedding._fingerprint(tmp_path) != before


def test_nothing_is_asked_of_the_net(folder, monkeypatch):
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    load(folder)
    assert (os.environ["HF_HUB_OFFLINE"], os.environ["TRANSFORMERS_OFFLINE"]) == ("1", "1")


def test_folder_that_cannot_be_used_says_why(tmp_path, folder, monkeypatch):
    assert problem(folder) == ""
    assert problem(tmp_path / "gone") == f"{tmp_path / 'gone'} というフォルダーがありません。"
    assert problem(folder / "model.onnx").endswith("というフォルダーがありません。")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert problem(empty) == f"{empty} に model.onnx も、sentence-transformers 形式のモデルもありません。"
    (folder / "tokenizer.json").rename(tmp_path / "tokenizer.json")
    assert problem(folder) == f"{folder} に tokenizer.json がありません。"
    (tmp_path / "tokenizer.json").rename(folder / "tokenizer.json")
    monkeypatch.setattr(embedding, "find_spec", lambda _name: None)
    assert problem(folder) == (
        "onnxruntime、tokenizers が導入されていません。uv sync --extra embedding を実行してください。"
    )
    (empty / "modules.json").write_text("[]")
    assert "sentence-transformers が必要ですが、導入されていません" in problem(empty)
    with pytest.raises(Unusable, match="導入されていません"):
        load(empty)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_torn_model_says_so(folder, name, capfd):
    path = folder / name
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(Unusable, match="のモデルを読み込めません"):
        load(folder)
    assert capfd.readouterr() == ("", "")


def test_folder_of_sentence_transformers_is_read_by_them(tmp_path, monkeypatch):
    asked = []

    class SentenceTransformer:
        max_seq_length = 8_192

        def __init__(self, path, **named):
            asked.append((path, named))

        def encode(self, texts, **named):
            assert named["convert_to_numpy"]
            return np.array([[3.0, 4.0]] * len(texts))

    module = ModuleType("sentence_transformers")
    module.SentenceTransformer = SentenceTransformer
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    monkeypatch.setattr(embedding, "find_spec", lambda _name: object())
    (tmp_path / "modules.json").write_text("[]")
    model = load(tmp_path)
    assert asked == [(str(tmp_path), {"device": "cpu", "local_files_only": True})]
    assert model._run.model.max_seq_length == MOST_TOKENS
    assert model(["鯨", ""]).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0]]


# --- in the engine -------------------------------------------------------------------------------------------

SEA, HOME = "鮫の記録", "屋の記録"
TEXTS = [
    Document("seed:home", SEED, "", "家屋と庭の記録"),
    Document("seed:sea", SEED, "", "波と潮の記録"),
    Document("need:machine", NEED, "", "機械の記録"),
]


def test_dense_score_ranks_what_shares_no_telling_word(tmp_path, folder):
    """Both share one word with the question, the same; what it is about is written in other words."""
    model = load(folder)
    plain, dense = made(tmp_path / "plain", TEXTS), made(tmp_path / "dense", TEXTS, embed=model)
    weights = Weights(hubness=0)

    def both(text):
        return [
            {
                match.key: match.likeness
                for match in town.match(Question(NEED, "", text), marks=[SEED], weights=weights)
            }
            for town in (plain, dense)
        ]

    for text, best, other in (("鯨の記録", "seed:sea", "seed:home"), ("扉の記録", "seed:home", "seed:sea")):
        without, with_it = both(text)
        assert with_it[best] - with_it[other] > without[best] - without[other] + 0.5
        assert list(with_it)[0] == best
    # Without it the order is the same whatever is asked for.
    assert list(both("鯨の記録")[0]) == list(both("扉の記録")[0])


def test_dense_vectors_count_in_how_a_document_fits_everything(tmp_path, folder):
    texts = [Document(f"need:{n}", NEED, "", f"{letter}第{n}") for n, letter in enumerate("鯨鮫鯛波潮砂")]
    town = made(tmp_path, texts, embed=load(folder))
    sea, home = (
        town.model.vector(town_text, raw=raw) for town_text, raw in ((_none(), "魚"), (_none(), "家"))
    )
    assert town.model.hubness(sea, NEED) > town.model.hubness(home, NEED) + 0.2


def _none():
    from musubi.matching.engine.analysis import Analysed

    return Analysed()


def test_index_of_another_model_is_made_anew(tmp_path, folder):
    first = load(folder)
    made(tmp_path / "index", TEXTS, embed=first)
    assert (
        keys(opened(tmp_path / "index", embed=first).match(Question(NEED, "", SEA), marks=[SEED]))[0]
        == "seed:sea"
    )
    other = Embedder(first.path, "other", 3, first._run)
    for embed in (None, other):
        with pytest.raises(Preparing):
            Reader(current(tmp_path / "index"), embed=embed)
    made(tmp_path / "index", TEXTS)
    with pytest.raises(Preparing):
        Reader(current(tmp_path / "index"), embed=first)
    assert Reader(current(tmp_path / "index")).model.samples[SEED].dense.shape == (2, 0)


# --- in the installation -------------------------------------------------------------------------------------


def test_installation_without_a_model_has_none(settings):
    settings.EMBEDDING_MODEL = ""
    assert live.embed() is None
    assert run_checks(tags=["matching"]) == []


def test_installation_reads_the_model_it_names(settings, folder):
    settings.EMBEDDING_MODEL = str(folder)
    assert live.embed()(["鯨"]).tolist() == [[1, 0, 0]]
    assert live.embed() is live.embed()
    assert run_checks(tags=["matching"]) == []


def test_installation_goes_on_without_a_model_it_cannot_read_and_says_so(settings, tmp_path, caplog):
    settings.EMBEDDING_MODEL = str(tmp_path / "gone")
    assert live.embed() is None
    assert "というフォルダーがありません。" in caplog.text
    (told,) = run_checks(tags=["matching"])
    assert (
        told.msg
        == f"MUSUBI_EMBEDDING_MODEL のモデルを使えません。{tmp_path / 'gone'} というフォルダーがありません。"
    )
    assert told.hint == "直すまで、候補はこのモデルなしで選ばれます。"


def test_torn_model_stops_nothing(settings, folder, caplog):
    settings.EMBEDDING_MODEL = str(folder)
    (folder / "model.onnx").write_bytes(b"torn")
    assert live.embed() is None
    assert "のモデルを読み込めません" in caplog.text
