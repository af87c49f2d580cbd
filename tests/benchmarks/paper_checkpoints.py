"""Random-weight checkpoints of the paper's four architectures at toy size, laid out as the hub lays out the real ones.

What is not a size is the real configuration's: Qwen2.5-VL's grouped queries, rotary base and windowed vision tower with
full attention in between; XLM-RoBERTa pooled by its first token (BGE-M3); two BERT towers, queries and articles
(MedCPT); a timm ViT beside a BERT with an MLP projection (BiomedCLIP).
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from medrwr.policy import tiny
from medrwr.policy.loading import Policy, save_policy
from medrwr.policy.prompts import build_messages
from medrwr.rollout.prompting import PromptSource, prompt_contexts
from medrwr.rollout.protocol import Segment, render_block, render_passages
from medrwr.rollout.tokens import encode_segments
from medrwr.types import Question
from tests.benchmarks.paper_data import DRUGS, SIGNS, vignette
from tests.datasets.native import draw
from tests.knowledge_base import samples
from tests.rollout.families import train_unigram, train_wordpiece
from tests.rollout.world import Row, overfit, passage

TAUGHT_STEPS = 60


def questions(image: str) -> list[Question]:
    """Eight to teach on, half with the image."""
    return [
        Question(f"taught-{n}", vignette(n), DRUGS, n % 4, images=(image,) if n >= 4 else ()) for n in range(8)
    ]  # fmt: skip


def corpus() -> list[str]:
    """Enough prose for tokenizers of a few hundred words."""
    messages = [message for asked in questions("i")[:4] for message in build_messages(asked, max_turns=3)]
    prompts = [block["text"] for message in messages for block in message["content"]]
    return [*prompts, *SIGNS, samples.prose("tarvenosis"), "I look. It is treated first. [1] 0123456789"] * 10


def make_policy(folder: Path) -> None:
    """Qwen2.5-VL. Random weights alone write no tag: seconds of teaching make episodes that retrieve and answer."""
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration

    tokenizer = tiny.train_tokenizer(corpus(), vocab_size=600)
    config = tiny.build_config(tokenizer, width=64, layers=2, heads=2)
    config.text_config.num_key_value_heads = 1
    config.text_config.rope_parameters["rope_theta"] = 1_000_000.0
    config.vision_config.depth, config.vision_config.fullatt_block_indexes = 4, [1, 3]
    torch.manual_seed(0)
    model: Any = Qwen2_5_VLForConditionalGeneration(config)
    tiny.initialise(model, layers=2)
    model.generation_config.eos_token_id = config.text_config.eos_token_id
    processor = tiny.build_processor(tokenizer, max_pixels=12544)
    policy = Policy(model.eval(), processor, tokenizer, "tiny", "cpu", "float32")
    overfit(policy, _rows(policy, folder), steps=TAUGHT_STEPS)
    save_policy(policy, folder)


def _rows(policy: Policy, folder: Path) -> list[Row]:
    """Episodes that ask once, read what has nothing to do with it, and answer with any letter."""
    draw(folder.with_name("taught.png"), 7)
    asked, draw_letter = questions("taught.png"), random.Random(0)
    contexts = prompt_contexts(policy, [PromptSource(q, folder.parent, 3) for q in asked])
    rows = []
    for number, context in enumerate(contexts):
        found = [passage(n, samples.prose(f"disease{n}", 5)) for n in range(3)]
        spoken = render_block("think", "I look.") + render_block("query", f"{SIGNS[number % len(SIGNS)]}, drug")
        last = render_block("think", "It is treated.") + render_block("answer", draw_letter.choice("ABCD"))
        inserted = Segment(render_block("retrieve", render_passages(found)), sampled=False)
        told = encode_segments(policy.tokenizer, [Segment(spoken, sampled=True), inserted, Segment(last, sampled=True)])
        rows.append((context, told.ids, told.env_mask))
    return rows


def make_text_encoder(folder: Path) -> None:
    """BGE-M3: an XLM-RoBERTa with a unigram tokenizer, pooled by the first token."""
    from transformers import XLMRobertaConfig, XLMRobertaModel

    tokenizer = train_unigram(corpus(), vocab_size=400)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=130, type_vocab_size=1, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    XLMRobertaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 128}))


def make_medcpt(folder: Path) -> None:
    """MedCPT: two BERT towers with one tokenizer, query/ and article/."""
    for tower in ("query", "article"):
        make_bert(folder / tower)


def make_bert(folder: Path) -> Any:
    """A BERT with a WordPiece tokenizer, which is returned."""
    from transformers import BertConfig, BertModel

    tokenizer = train_wordpiece(corpus(), vocab_size=400)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=256, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return tokenizer


def make_image_encoder(folder: Path) -> None:
    """BiomedCLIP: a timm ViT, a BERT with an MLP projection, context of 256 tokens."""
    import open_clip
    from safetensors.torch import save_file

    text = folder / "text"
    make_bert(text).save_pretrained(folder)  # where open_clip looks when the checkpoint is a folder
    model = {
        "embed_dim": 32,
        "vision_cfg": {
            "timm_model_name": "vit_tiny_patch16_224", "timm_pool": "", "timm_proj": "linear", "image_size": 224,
        },
        "text_cfg": {
            "hf_model_name": str(text), "hf_tokenizer_name": str(text), "hf_proj_type": "mlp",
            "hf_pooler_type": "cls_last_hidden_state_pooler", "context_length": 256,
        },
    }  # fmt: skip
    mean, std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    preprocess = {"mean": mean, "std": std, "interpolation": "bicubic", "resize_mode": "shortest"}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model, "preprocess_cfg": preprocess}))
    built = open_clip.CustomTextCLIP(**model)
    save_file({name: value.contiguous().clone() for name, value in built.state_dict().items()},
              folder / "open_clip_model.safetensors")  # fmt: skip
