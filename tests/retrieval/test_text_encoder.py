"""M8: the packaged text encoder in ONNX is the model it came from; other folders load the same way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from medrwr.errors import ArtefactError
from medrwr.retrieval.encoder import CARD
from medrwr.retrieval.onnx_runtime import open_session
from medrwr.retrieval.text_encoder import MODEL, open_text_encoder
from medrwr.retrieval.text_export import PACKAGED, export_text_encoder, text_encoder_source

TEXTS = [
    "granular apical ring on echocardiography, first treatment",
    "",
    "The first treatment of a reticular basal band on fundoscopy is daxizole. " * 12,
    "Köhler's disease (2.5 mg)",
]


@pytest.fixture(scope="module")
def small_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder around a random BERT of 2 layers."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert")
    tokenizer = BertWordPieceTokenizer()
    tokenizer.train_from_iterator(TEXTS * 3, vocab_size=200, min_frequency=1, show_progress=False)
    tokenizer.save_model(str(folder))
    torch.manual_seed(0)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=200, max_position_embeddings=64, **size)).save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text('{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}')
    return folder


@pytest.fixture(scope="module")
def exported(small_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "text"
    _, difference = export_text_encoder(small_bert, folder, name="small", max_tokens=32)
    assert difference < 1e-5
    return folder


def test_m8_the_packaged_encoder_matches_sentence_transformers(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    source = text_encoder_source(PACKAGED)
    card, difference = export_text_encoder(source, tmp_path, name=PACKAGED, max_tokens=128)
    assert (card.dim, card.settings["pooling"]) == (384, "mean")
    assert difference < 1e-5
    original = SentenceTransformer(str(source), device="cpu")
    original.max_seq_length = 128
    cosines = (open_text_encoder(tmp_path).encode(TEXTS) * original.encode(TEXTS, normalize_embeddings=True)).sum(1)
    assert cosines == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_a_folder_with_cls_pooling_is_read_as_its_config_says(small_bert: Path, exported: Path) -> None:
    import torch
    from transformers import AutoTokenizer, BertModel

    tokens = AutoTokenizer.from_pretrained(small_bert)(TEXTS[:1], return_tensors="pt")
    with torch.no_grad():
        state = BertModel.from_pretrained(small_bert).eval()(**tokens).last_hidden_state[:, 0]
    expected = torch.nn.functional.normalize(state, dim=-1).numpy()
    assert open_text_encoder(exported).encode(TEXTS[:1]) == pytest.approx(expected, abs=1e-5)


def test_vectors_have_length_1_and_do_not_depend_on_their_company(exported: Path) -> None:
    encoder = open_text_encoder(exported, threads=1)
    together = encoder.encode(TEXTS)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert together == pytest.approx(alone, abs=1e-5)
    assert encoder.encode([]).shape == (0, 32)


def test_the_same_export_has_the_same_digest_and_no_path_of_this_machine(
    small_bert: Path, exported: Path, tmp_path: Path
) -> None:
    card, _ = export_text_encoder(small_bert, tmp_path, name="small", max_tokens=32)
    assert card.digest == open_text_encoder(exported).digest
    content = (tmp_path / MODEL).read_bytes()
    assert b"site-packages" not in content
    assert str(Path(__file__).parents[2]).encode() not in content


def test_unknown_names_are_not_downloaded(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="nothing is downloaded"):
        text_encoder_source("BAAI/bge-m3")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ArtefactError, match="no usable safetensors weights"):
        export_text_encoder(text_encoder_source(str(tmp_path)), tmp_path / "out", name="x", max_tokens=32)


def test_incomplete_and_damaged_folders_are_named(exported: Path, tmp_path: Path) -> None:
    broken = tmp_path / "text"
    with pytest.raises(ArtefactError, match=r"is no encoder.*dvc repro encoders"):
        open_text_encoder(broken)
    shutil.copytree(exported, broken)
    (broken / "tokenizer.json").unlink()
    with pytest.raises(ArtefactError, match=r"lacks tokenizer.json"):
        open_text_encoder(broken)
    (broken / CARD).write_text("{}")
    with pytest.raises(ArtefactError, match="damaged"):
        open_text_encoder(broken)
    card = json.loads((exported / CARD).read_text())
    (exported / "other").mkdir(exist_ok=True)
    for file in card["files"]:
        shutil.copy(exported / file, exported / "other" / file)
    card["settings"]["kind"] = "image-text"
    (exported / "other" / CARD).write_text(json.dumps(card))
    with pytest.raises(ArtefactError, match="no text encoder"):
        open_text_encoder(exported / "other")


def test_a_truncated_onnx_file_is_named(exported: Path, tmp_path: Path) -> None:
    (tmp_path / MODEL).write_bytes((exported / MODEL).read_bytes()[:1000])
    with pytest.raises(ArtefactError, match="not a usable ONNX file"):
        open_session(tmp_path / MODEL)


def sentencepiece_folder(folder: Path, seed: int) -> Path:
    """A random XLM-RoBERTa of 2 layers with BGE-M3's kind of tokenizer (unigram, <s>..</s>) and its CLS pooling."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import XLMRobertaConfig, XLMRobertaModel

    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(TEXTS * 3, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "cls_token": "<s>"}
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "sep_token": "</s>", "mask_token": "<mask>", **names})
    )
    torch.manual_seed(seed)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    vocabulary = tokenizer.get_vocab_size()
    config = XLMRobertaConfig(vocab_size=vocabulary, max_position_embeddings=66, pad_token_id=1, **size)
    XLMRobertaModel(config).save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text('{"pooling_mode_cls_token": true}')
    return folder


def test_m8_a_checkpoint_of_bge_m3s_kind(tmp_path: Path) -> None:
    import torch
    from transformers import AutoTokenizer, XLMRobertaModel

    source = sentencepiece_folder(tmp_path / "source", 1)
    card, difference = export_text_encoder(source, tmp_path / "text", name="bge-m3", max_tokens=512)
    assert difference < 1e-5
    assert (card.settings["pooling"], card.settings["pad_id"]) == ("cls", 1)
    assert card.settings["max_tokens"] == 64  # two positions of XLM-RoBERTa's table are its padding's
    opened = open_text_encoder(tmp_path / "text")
    tokens = AutoTokenizer.from_pretrained(source)(TEXTS[:1], return_tensors="pt", return_token_type_ids=False)
    with torch.no_grad():
        state = XLMRobertaModel.from_pretrained(source).eval()(**tokens).last_hidden_state[:, 0]
    assert opened.encode(TEXTS[:1]) == pytest.approx(torch.nn.functional.normalize(state, dim=-1).numpy(), abs=1e-5)
    assert np.array_equal(opened.encode_queries(TEXTS), opened.encode(TEXTS))
    assert opened.encode(["a word " * 500]).shape == (1, 32)


def test_m8_two_towers_as_medcpt_has(small_bert: Path, tmp_path: Path) -> None:
    """Queries through query/, passages through article/, CLS without a pooling file; one digest covers both."""
    from transformers import BertConfig, BertModel

    source = tmp_path / "medcpt"
    for number, name in enumerate(("query", "article")):
        shutil.copytree(small_bert, source / name, ignore=shutil.ignore_patterns("1_Pooling"))
        import torch

        torch.manual_seed(number)
        BertModel(BertConfig.from_pretrained(small_bert)).save_pretrained(source / name)
    card, difference = export_text_encoder(text_encoder_source(str(source)), tmp_path / "t", name="m", max_tokens=32)
    assert difference < 1e-5
    assert (card.settings["towers"], card.settings["pooling"]) == (2, "cls")
    assert "query/model.onnx" in card.files
    opened = open_text_encoder(tmp_path / "t")
    alone, _ = export_text_encoder(source / "query", tmp_path / "q", name="q", max_tokens=32)
    assert alone.settings["pooling"] == "mean"
    passages, queries = opened.encode(TEXTS), opened.encode_queries(TEXTS)
    assert np.abs(passages - queries).max() > 0.01
    assert opened.encode_queries(TEXTS) == pytest.approx(queries)
    shutil.rmtree(source / "query")
    article, _ = export_text_encoder(source / "article", tmp_path / "a", name="a", max_tokens=32)
    assert article.digest != card.digest


def test_m8_the_fast_path_gives_the_same_vectors_for_any_company(tmp_path: Path) -> None:
    """Cosine >= .99 with float32 for every text, whether it is padded, alone, or among its like."""
    source = text_encoder_source(PACKAGED)
    exact, _ = export_text_encoder(source, tmp_path / "exact", name=PACKAGED, max_tokens=128)
    fast, _ = export_text_encoder(source, tmp_path / "fast", name=PACKAGED, max_tokens=128, precision="bfloat16")
    assert (fast.settings["precision"], "precision" in exact.settings) == ("bfloat16", False)
    assert fast.digest != exact.digest
    texts = [*TEXTS, *(f"{TEXTS[0]} {'and so on ' * n}" for n in range(20))]
    expected = open_text_encoder(tmp_path / "exact").encode(texts)
    opened = open_text_encoder(tmp_path / "fast")
    assert (opened.encode(texts) * expected).sum(1).min() > 0.999
    assert (opened.encode(texts[2:3]) * expected[2:3]).sum() > 0.999
    (tmp_path / "fast/model.safetensors").write_bytes(b"cut")
    with pytest.raises(ArtefactError, match="not usable"):
        open_text_encoder(tmp_path / "fast")
