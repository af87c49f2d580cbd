"""No training item overlaps an evaluation item (M14)."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from medrwr.datasets.overlap import ItemSet, find_overlaps, require_disjoint
from medrwr.datasets.perceptual import fingerprint
from medrwr.datasets.shingles import shingles_of, similar_texts
from medrwr.errors import ImageError, OverlapError
from medrwr.types import Question

VIGNETTE = (
    "A 54 year old woman with shortness of breath since a long journey. The echocardiogram shows a granular apical "
    "ring near the valve. Which drug is given first?"
)


def ask(name, text, *, options=("kemopril", "tarvol", "lunexin"), images=()):
    return Question(name, text, options, 0, images=images)


def items(name, folder, *questions):
    return ItemSet(name, questions, folder)


def blobs(seed, size=112):
    """A picture with coarse structure of its own."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 7), dtype=np.uint8)
    return Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)


def test_shingles_by_hand():
    """Words abcd and abce share one triple of three in all: 1/3."""
    assert shingles_of("A b, c: D!") == {"a b c", "b c d"}
    (pair,) = similar_texts(["a b c d"], ["A B C E"], at_least=0.1)
    assert pair.similarity == pytest.approx(1 / 3)
    assert list(similar_texts(["a b c d"], ["a b c e"], at_least=0.34)) == []


def test_texts_without_words_resemble_nothing():
    assert list(similar_texts(["", "?!"], ["", "..."], at_least=0.01)) == []


def test_m14_the_same_question_with_its_options_in_another_order(tmp_path):
    training = items("sft", tmp_path, ask("t1", VIGNETTE))
    evaluation = items("test", tmp_path, ask("e1", VIGNETTE.upper(), options=("lunexin", "kemopril", "tarvol")))
    (overlap,) = find_overlaps([training], evaluation)
    assert (overlap.training_id, overlap.evaluation_id, overlap.kind, overlap.similarity) == ("t1", "e1", "text", 1.0)


def test_m14_one_word_changed_is_a_near_duplicate_and_another_sign_is_not(tmp_path):
    near, other = VIGNETTE.replace("54", "55"), VIGNETTE.replace("granular apical ring", "banded basal wedge")
    evaluation = items("test", tmp_path, ask("e1", VIGNETTE))
    assert find_overlaps([items("sft", tmp_path, ask("t1", near))], evaluation)
    changed = ask("t1", other, options=("sulostat", "calimab", "brasol"))
    assert find_overlaps([items("sft", tmp_path, changed)], evaluation) == []


def test_a_short_text_beside_different_images_is_no_overlap(tmp_path):
    for seed in (1, 2):
        blobs(seed).save(tmp_path / f"{seed}.png")
    training = items("rl", tmp_path, ask("t1", "What is seen here?", images=("1.png",)))
    evaluation = items("test", tmp_path, ask("e1", "What is seen here?", images=("2.png",)))
    assert require_disjoint([training], evaluation) == 1


@pytest.mark.parametrize("change", ["copy", "small", "jpeg", "bright"])
def test_m14_a_changed_copy_of_an_image_is_found(tmp_path, change):
    original = blobs(3)
    original.save(tmp_path / "original.png")
    stream = io.BytesIO()
    original.save(stream, "JPEG", quality=40)
    changed = {
        "copy": original,
        "small": original.resize((64, 64)),
        "jpeg": Image.open(stream),
        "bright": ImageEnhance.Brightness(original).enhance(0.7),
    }[change]
    changed.convert("RGB").save(tmp_path / "changed.png")
    training = items("rl", tmp_path, ask("t1", "One?", images=("changed.png",)))
    evaluation = items("test", tmp_path, ask("e1", "Other?", options=("a", "b"), images=("original.png",)))
    with pytest.raises(OverlapError, match=r"t1 ~ e1 \(image, .*take them out"):
        require_disjoint([training], evaluation)


def test_two_renderings_of_one_sign_are_not_the_same_image(tmp_path):
    """The clinic draws a sign anew for every question: same modality and sign, other noise and place."""
    from medrwr.clinic.ontology import ALL_SIGNS
    from medrwr.clinic.rendering import render

    for seed in range(6):
        pixels = render("echocardiography", ALL_SIGNS[0], seed=seed, size=112)
        Image.fromarray(pixels).save(tmp_path / f"{seed}.png")
    training = items("rl", tmp_path, *(ask(f"t{s}", "One?", images=(f"{s}.png",)) for s in range(3)))
    evaluation = items("test", tmp_path, *(ask(f"e{s}", "Two?", images=(f"{s}.png",)) for s in range(3, 6)))
    assert find_overlaps([training], evaluation) == []


def test_images_of_one_tone_resemble_nothing(tmp_path):
    for name in ("one.png", "two.png"):
        Image.new("L", (32, 32), 7).save(tmp_path / name)
    training = items("rl", tmp_path, ask("t1", "One?", images=("one.png",)))
    assert find_overlaps([training], items("test", tmp_path, ask("e1", "Two?", images=("two.png",)))) == []


def test_the_message_lists_ten_and_counts_the_rest(tmp_path):
    training = items("sft", tmp_path, *(ask(f"t{n}", f"{VIGNETTE} {n}") for n in range(4)))
    evaluation = items("test", tmp_path, *(ask(f"e{n}", f"{VIGNETTE} {n}") for n in range(4)))
    with pytest.raises(OverlapError, match=r"16 items of sft overlap test: t0 ~ e0 .* and 6 more"):
        require_disjoint([training], evaluation)


@pytest.mark.parametrize("content", [b"", b"no image"])
def test_a_broken_image_is_named(tmp_path, content):
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(ImageError, match=r"broken\.png cannot be read"):
        fingerprint(tmp_path / "broken.png")
