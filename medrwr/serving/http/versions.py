"""The versions that a server can serve: which is the newest, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from medrwr.serving.answering import Answerer


@dataclass(frozen=True, slots=True)
class VersionKey:
    """What is served: a version of a model over one state of the index (`index` is its digest)."""

    name: str
    version: str
    index: str


@dataclass(frozen=True, slots=True)
class Example:
    """A question to try. `image` is a data URL, '' for text alone."""

    question: str
    options: tuple[str, ...]
    image: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A version that answers; `digest` is its checkpoint's SHA-256."""

    key: VersionKey
    digest: str
    answerer: Answerer
    examples: tuple[Example, ...] = ()


class VersionSource(Protocol):
    """Where versions come from: the registry, or a folder."""

    def newest(self) -> VersionKey:
        """What should be served now.

        Raises:
            MedrwrError: it cannot be told; what is served stays.
        """

    def open(self, key: VersionKey) -> Opened:
        """Verify digests and load.

        Raises:
            MedrwrError: an artefact is missing or another one.
        """
