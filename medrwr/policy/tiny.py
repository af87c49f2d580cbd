"""The embedded default's policy: a tiny model of the Qwen2.5-VL architecture, with a tokenizer trained here.

Untied and unit-scale embeddings keep the option letters apart; matrices start at 1/sqrt(fan_in), those that write
into the residual stream smaller by sqrt(2 L); two heads of the first layer start out looking one and two tokens
back, which is where copying begins.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from medrwr.policy.loading import Policy

CHAT_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
PROTOCOL_TAGS = ("<think>", "</think>", "<query>", "</query>", "<retrieve>", "</retrieve>", "<answer>", "</answer>")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for block in message['content'] %}"
    "{% if block['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ block['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def train_tokenizer(corpus: Iterable[str], *, vocab_size: int) -> Any:
    """A byte-level BPE of Qwen's make: every text encodes, words of the corpus are short."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import Qwen2Tokenizer

    make_tokenizer: Any = Qwen2Tokenizer
    reference = Qwen2Tokenizer()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = reference.backend_tokenizer.pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [tuple(m) if not isinstance(m, str) else tuple(m.split(" ")) for m in model["merges"]]
    trained = make_tokenizer(vocab=model["vocab"], merges=merges, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    trained.add_tokens([AddedToken(t, special=True, normalized=False) for t in CHAT_TOKENS])
    trained.add_tokens([AddedToken(t, special=False, normalized=False) for t in PROTOCOL_TAGS])
    trained.padding_side = "left"
    return trained


def build_processor(tokenizer: Any, *, max_pixels: int) -> Any:
    """Qwen2.5-VL's processor around `tokenizer`; images are scaled to at most `max_pixels`."""
    from transformers import Qwen2_5_VLProcessor, Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    size = {"shortest_edge": 3136, "longest_edge": max(max_pixels, 3136)}
    return Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(size=size),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=CHAT_TEMPLATE,
    )


def build_config(tokenizer: Any, *, width: int, layers: int, heads: int) -> Any:
    """Qwen2.5-VL's configuration at toy size; `width / heads` must be 32 (rotary sections 4 + 6 + 6)."""
    from transformers import Qwen2_5_VLConfig

    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in CHAT_TOKENS}
    vocab_size = math.ceil(len(tokenizer) / 64) * 64
    text = {
        "vocab_size": vocab_size,
        "hidden_size": width,
        "intermediate_size": 3 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "max_position_embeddings": 4096,
        "tie_word_embeddings": False,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]},
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
    }
    vision = {
        "depth": 2,
        "hidden_size": 96,
        "intermediate_size": 256,
        "num_heads": 3,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "window_size": 112,
        "out_hidden_size": width,
        "fullatt_block_indexes": [1],
    }
    return Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=False,
    )


def initialise(model: Any, *, layers: int) -> None:
    """Scale the weights in place: see the module's docstring."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim < 2:
                continue
            fan_in = parameter[0].numel()
            scale = 1.0 / math.sqrt(fan_in)
            if "embed_tokens" in name:
                scale = 1.0
            elif name.endswith(("o_proj.weight", "down_proj.weight")):
                scale /= math.sqrt(2 * layers)
            parameter.normal_(0.0, scale)


def build_tiny_policy(
    corpus: Iterable[str],
    *,
    seed: int,
    vocab_size: int = 2048,
    width: int = 128,
    layers: int = 4,
    heads: int = 4,
    max_pixels: int = 3136,
) -> Policy:
    """An untrained tiny policy; the same corpus and seed give the same weights."""
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration

    tokenizer = train_tokenizer(corpus, vocab_size=vocab_size)
    config = build_config(tokenizer, width=width, layers=layers, heads=heads)
    generator_state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = Qwen2_5_VLForConditionalGeneration(config)
    initialise(model, layers=layers)
    torch.random.set_rng_state(generator_state)
    model.generation_config.eos_token_id = config.text_config.eos_token_id
    model.generation_config.pad_token_id = config.text_config.pad_token_id
    processor = build_processor(tokenizer, max_pixels=max_pixels)
    return Policy(model.eval(), processor, tokenizer, "tiny", "cpu", "float32")
