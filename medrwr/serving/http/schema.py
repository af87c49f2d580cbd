"""What the server takes and gives, as JSON; the limits that a schema can state are stated."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from medrwr.serving.http.intake import Asked

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Option = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Letter = Annotated[str, StringConstraints(pattern="^[A-J]$")]


class Strict(BaseModel):
    """Unknown fields are refused: a typing error must not go unnoticed."""

    model_config = ConfigDict(extra="forbid")


class AnswerRequest(Strict):
    """A question with its options. `images`: PNG, JPEG or DICOM files as base64 text or data URLs."""

    question: Text
    options: list[Option] = Field(min_length=2, max_length=10)
    images: list[str] = Field(default_factory=list, max_length=8)
    query: str | None = Field(default=None, max_length=2_000, description="looked up first, on the model's behalf")
    stream: bool = Field(default=False, description="server-sent events while it reasons; the last one is the answer")

    def asked(self) -> Asked:
        return Asked(self.question, tuple(self.options), tuple(self.images), self.query)


class FeedbackRequest(Strict):
    """What a reader says of an answer; kept with its question, never with its image."""

    id: Annotated[str, StringConstraints(pattern="^ans-[0-9a-f]{24}$")]
    rating: Literal["right", "wrong"]
    correct_letter: Letter | None = None
    comment: str | None = Field(default=None, max_length=4_000)


class FeedbackReply(BaseModel):
    """The disk has it."""

    kept: bool


class ErrorDetail(BaseModel):
    """`message` names the value and what was expected, `remedy` what to do."""

    code: str
    message: str
    remedy: str


class ErrorReply(BaseModel):
    """Every answer other than 200."""

    error: ErrorDetail


class ModelCard(BaseModel):
    """A model as OpenAI's list gives it, and what is more."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "medrwr"
    version: str
    digest: str
    index: str


class ModelList(BaseModel):
    """What is served."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class ExampleQuestion(BaseModel):
    """A question to try; `image` is a data URL."""

    question: str
    options: list[str]
    image: str | None = None


class ExampleList(BaseModel):
    """Questions to try."""

    examples: list[ExampleQuestion]


class Health(BaseModel):
    """The process lives."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """`warning` says why a newer version could not take over, '' when all is well."""

    status: Literal["ready"] = "ready"
    version: str
    since: str
    warning: str


class ChatMessage(BaseModel):
    """Text, or parts of text and `image_url` (data URLs only)."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[dict[str, Any]]


class ChatRequest(BaseModel):
    """OpenAI's request. Options are lines such as 'A. kemopril' of the last user message, or the field `options`."""

    model_config = ConfigDict(extra="ignore")

    messages: list[ChatMessage] = Field(min_length=1, max_length=64)
    model: str = ""
    stream: bool = False
    options: list[Option] | None = Field(default=None, max_length=10)
