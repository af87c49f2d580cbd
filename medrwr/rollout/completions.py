"""Client of an OpenAI-compatible completions API that takes and gives token ids, as vLLM documents it.

Sent: `POST {url}/v1/completions` with the prompt as ids, `stop` strings kept in the output, `logprobs` and
`return_token_ids` (vLLM 0.10.2 and later). Read: `choices[0].token_ids`, `.logprobs.token_logprobs`,
`.logprobs.top_logprobs` and `.finish_reason`. `transformers serve` gives neither ids nor log-probabilities (5.23.0).
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medrwr.errors import GenerationError

_PAUSE_S = 0.2  # before the first retry; doubled each time


@dataclass(frozen=True, slots=True)
class Sampled:
    """One continuation: ids, their log-probabilities (nats, at temperature 1), and the likeliest tokens at each."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    top: tuple[Mapping[int, float], ...]
    finished: str


@dataclass(frozen=True, slots=True)
class CompletionsClient:
    """Where the server is and how patient to be.

    Attributes:
        url: of the server, without `/v1`.
        model: the name that the server serves it by.
        top: how many likeliest tokens are asked for at each position (a server has its own limit; vLLM's is 20).
    """

    url: str
    model: str
    api_key: str = ""
    top: int = 20
    timeout_s: float = 120.0
    retries: int = 2

    def sample(
        self, prompt: Sequence[int], *, max_tokens: int, temperature: float, stop: Sequence[str], seed: int
    ) -> Sampled:
        """Continue `prompt` until a stop string (kept), the end of the turn, or `max_tokens`.

        Raises:
            GenerationError: the server cannot be reached, refuses, or leaves out ids or log-probabilities.
        """
        reply = self._post(
            {
                "model": self.model,
                "prompt": list(prompt),
                "max_tokens": max_tokens,
                "temperature": temperature,
                "top_p": 1.0,
                "stop": list(stop),
                "include_stop_str_in_output": True,
                "skip_special_tokens": False,
                "spaces_between_special_tokens": False,
                "logprobs": self.top,
                "return_token_ids": True,
                "return_tokens_as_token_ids": True,
                "seed": seed,
            }
        )
        return self._read(reply)

    def _read(self, reply: Mapping[str, Any]) -> Sampled:
        choice = reply["choices"][0]
        ids, logprobs = choice.get("token_ids"), choice.get("logprobs")
        if ids is None or logprobs is None:
            missing = "token_ids" if ids is None else "logprobs"
            raise GenerationError(
                f"{self.url} gives no {missing}: tokens would have to be guessed from text (M4); use a server that "
                "returns them, such as vLLM 0.10.2 or later"
            )
        top = tuple(
            {int(token.removeprefix("token_id:")): float(value) for token, value in (each or {}).items()}
            for each in logprobs["top_logprobs"]
        )
        values = tuple(float(value) for value in logprobs["token_logprobs"])
        if not len(ids) == len(values) == len(top):
            raise GenerationError(
                f"{self.url} gives {len(ids)} ids, {len(values)} log-probabilities and {len(top)} lists of likeliest "
                "tokens, expected as many of each: update the server"
            )
        return Sampled(tuple(ids), values, top, str(choice.get("finish_reason")))

    def _post(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        request = urllib.request.Request(  # noqa: S310 - the user's own address
            f"{self.url.rstrip('/')}/v1/completions", json.dumps(body).encode(), headers
        )
        for attempt in range(self.retries + 1):
            try:
                with urllib.request.urlopen(request, timeout=self.timeout_s) as response:  # noqa: S310
                    reply: Mapping[str, Any] = json.load(response)
                    return reply
            except urllib.error.HTTPError as error:
                reason = f"{error.code} {error.read()[:200].decode(errors='replace')}"
                if error.code < 500:
                    break
            except (OSError, ValueError) as error:
                reason = f"{type(error).__name__}: {error}"
            if attempt < self.retries:
                time.sleep(_PAUSE_S * 2**attempt)
        raise GenerationError(
            f"{self.url} did not answer ({reason}): is the server up, and does it serve {self.model!r}?"
        )
