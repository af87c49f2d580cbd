"""M18: the image-text encoder trains, is exported faithfully, and an open_clip checkpoint takes the same way."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.config import EncoderSettings
from medrwr.errors import ArtefactError
from medrwr.retrieval.caption_tokenizer import PAD, START, UNKNOWN, build_caption_tokenizer
from medrwr.retrieval.image_batches import NearMissSampler
from medrwr.retrieval.image_encoder import open_image_encoder
from medrwr.retrieval.image_export import export_image_encoder, load_open_clip
from medrwr.retrieval.image_probe import figures, shared_words
from medrwr.retrieval.image_training import TrainedImageEncoder, train_image_encoder
from medrwr.retrieval.text_encoder import open_text_encoder
from medrwr.sinks import NullSink
from medrwr.types import ImageCase

SIDES, TONES = ("left", "right"), ("dark", "bright")
SETTINGS = EncoderSettings(image_steps=40, image_batch=8, image_size=28)


def pairs(count: int = 60) -> tuple[list[Image.Image], list[ImageCase]]:
    """A dark or bright square on the left or right of a grey image."""
    rng = np.random.default_rng(0)
    images, cases = [], []
    for number in range(count):
        side, tone = SIDES[rng.integers(2)], TONES[rng.integers(2)]
        pixels = np.full((28, 28), 120.0) + rng.normal(0, 6, (28, 28))
        pixels[7:21, (2 if side == "left" else 16) :][:, :10] = 20 if tone == "dark" else 235
        images.append(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))
        cases.append(ImageCase(str(number), "", f"{tone} square on the {side}", "test"))
    return images, cases


@pytest.fixture(scope="module")
def trained() -> TrainedImageEncoder:
    images, cases = pairs()
    return train_image_encoder(images, cases, SETTINGS, seed=3, sink=NullSink())


@pytest.fixture(scope="module")
def exported(trained: TrainedImageEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    _, difference = export_image_encoder(trained.model, trained.tokenizer, trained.preprocess, folder, name="test")
    assert difference < 1e-4
    return folder


def test_m18_training_learns_tone_and_side(trained: TrainedImageEncoder, exported: Path) -> None:
    assert len(trained.losses) == 40
    assert np.mean(trained.losses[-5:]) < 0.8 * np.mean(trained.losses[:5])
    encoder = open_image_encoder(exported)
    captions = [f"{tone} square on the {side}" for tone in TONES for side in SIDES]
    images, cases = pairs(20)
    best = (encoder.encode_images(images) @ encoder.encode_texts(captions).T).argmax(1)
    right = [captions[i] == case.caption for i, case in zip(best, cases, strict=True)]
    assert sum(right) >= 15  # chance is 5


def test_the_same_seed_gives_the_same_weights() -> None:
    images, cases = pairs(24)
    settings = SETTINGS.model_copy(update={"image_steps": 2})
    one, two, three = (train_image_encoder(images, cases, settings, seed=s, sink=NullSink()) for s in (1, 1, 2))
    assert one.losses == two.losses != three.losses
    assert one.curve == two.curve


def test_m18_the_towers_are_exported_faithfully_for_any_batch(trained: TrainedImageEncoder, exported: Path) -> None:
    import torch

    encoder = open_image_encoder(exported)
    images, _ = pairs(5)
    texts = ["dark square on the left", "something else entirely, never seen", ""]
    with torch.no_grad():
        pixels = torch.from_numpy(trained.preprocess.pixels(images))
        tokens = torch.tensor([row.ids for row in trained.tokenizer.encode_batch(texts)])
        image = trained.model.encode_image(pixels, normalize=True).numpy()
        text = trained.model.encode_text(tokens, normalize=True).numpy()
    assert encoder.encode_images(images) == pytest.approx(image, abs=1e-4)
    assert encoder.encode_texts(texts) == pytest.approx(text, abs=1e-4)
    assert encoder.encode_images([]).shape == (0, encoder.dim)


def test_too_few_pairs_and_a_wrong_size_are_errors() -> None:
    images, cases = pairs(3)
    with pytest.raises(ArtefactError, match="3 image-caption pairs"):
        train_image_encoder(images, cases, SETTINGS, seed=1, sink=NullSink())
    images, cases = pairs(8)
    wrong = SETTINGS.model_copy(update={"image_size": 30})
    with pytest.raises(ArtefactError, match="image_size = 30: expected a multiple of 14"):
        train_image_encoder(images, cases, wrong, seed=1, sink=NullSink())


def test_a_text_encoder_is_no_image_encoder(exported: Path) -> None:
    with pytest.raises(ArtefactError, match="no text encoder"):
        open_text_encoder(exported)


def test_caption_tokenizer_by_hand() -> None:
    tokenizer = build_caption_tokenizer(["A solid ring.", "a granular ring"])
    # pad 0, start 1, unknown 2, then a granular ring solid = 3 4 5 6, end 7; longest caption 3 + start, end + 12
    ids = tokenizer.encode("Solid RING, treatment").ids
    assert ids == [START, 6, 5, UNKNOWN, 7, *[PAD] * 12]
    assert len(tokenizer.encode("ring " * 50).ids) == 17
    assert tokenizer.encode("ring " * 50).ids[-1] == 7


def test_batches_hold_near_misses_and_no_caption_twice() -> None:
    cases = {
        number: ImageCase(str(number), "", f"caption {number % 20} of {number % 4}", f"modality {number % 4}")
        for number in range(120)
    }
    sampler = NearMissSampler(cases, 8, np.random.default_rng(1))
    for _ in range(20):
        chosen = [cases[row] for row in sampler.batch()]
        assert len({case.modality for case in chosen}) == 2
        assert len({case.caption for case in chosen}) == len(chosen) == 8


def test_probe_figures_by_hand() -> None:
    captions = ["solid ring", "solid band", "lucent disc"]
    shared = shared_words(captions)
    assert shared.tolist() == [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]
    texts = np.eye(3)
    images = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]])
    measured = figures(images, texts, shared)
    # the second image is nearer to the first caption; pairs 1, .6, 1; near = (image 0, text 1) 0 and (1, 0) .8
    assert measured == pytest.approx({"top1": 2 / 3, "true": 2.6 / 3, "near": 0.4, "far": 0.0})


def test_m18_an_open_clip_folder_with_a_bert_text_tower_takes_the_same_way(tmp_path: Path) -> None:
    """BiomedCLIP's make: a Hugging Face text tower, its tokenizer beside it."""
    import open_clip
    import torch
    from safetensors.torch import save_file
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig

    folder, bert = tmp_path / "clip", tmp_path / "bert"
    folder.mkdir()
    tokenizer = BertWordPieceTokenizer()
    tokenizer.train_from_iterator(["granular ring"] * 3, vocab_size=60, min_frequency=1, show_progress=False)
    tokenizer.save_model(str(folder))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')
    size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertConfig(vocab_size=60, **size).save_pretrained(bert)
    vision = {"image_size": 28, "patch_size": 14, "width": 32, "layers": 1, "head_width": 16}
    text = {"hf_model_name": str(bert), "hf_tokenizer_name": "beside", "hf_model_pretrained": False,
            "context_length": 12, "proj_type": "mlp", "pool_type": "cls_pooler"}  # fmt: skip
    config = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}
    preprocess = {"mean": [0.4, 0.4, 0.4], "std": [0.3, 0.3, 0.3], "resize_mode": "shortest"}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}))
    with pytest.raises(ArtefactError, match="has no weights"):
        load_open_clip(str(folder))
    torch.manual_seed(0)
    model = open_clip.CustomTextCLIP(**config)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")

    loaded, fast, own = load_open_clip(str(folder))
    assert (own.size, own.resize_mode, own.mean) == (28, "shortest", (0.4, 0.4, 0.4))
    card, difference = export_image_encoder(loaded, fast, own, tmp_path / "out", name="bert-clip")
    assert (card.dim, difference < 1e-4) == (16, True)
    texts = ["granular ring", "ring"]
    with torch.no_grad():
        expected = model.eval().encode_text(open_clip.get_tokenizer(f"local-dir:{folder}")(texts), normalize=True)
    assert open_image_encoder(tmp_path / "out").encode_texts(texts) == pytest.approx(expected.numpy(), abs=1e-4)


def test_names_that_would_start_from_random_weights_are_refused(tmp_path: Path) -> None:
    for name in ("ViT-B-32", str(tmp_path)):
        with pytest.raises(ArtefactError, match=r"open_clip_config.json"):
            load_open_clip(name)
