"""The exceptions of medrwr, one tree.

MedrwrError
├── ConfigError              a parameter is unknown, mistyped or out of range
├── RecordError              one record is unusable: it goes to quarantine, the rest goes on
│   ├── QuestionError        a question without options, or an answer outside them
│   ├── DocumentError        a document that is empty, truncated, or not UTF-8
│   ├── ImageError           an image that cannot be decoded or exceeds the limits
│   ├── ReplyError           a language model's reply that is refused, cut off, or not of the asked schema
│   └── ItemError            a curated item that breaks a rule
├── ArtefactError            a file that a stage needs is missing, damaged or of another make
│   ├── CheckpointError      a checkpoint without weights, tokenizer or processor
│   ├── IndexMismatchError   an index built with another encoder or other settings
│   ├── IndexRecallError     a new index finds too little of what it holds: it is not published
│   ├── IndexBusyError       another process is writing the index
│   └── DigestError          a file whose digest differs from the recorded one
├── EngineError              Ray is missing or lost its workers, or training processes lost each other
├── OverlapError             a training item overlaps an evaluation item (M14)
├── SampleError              a set of answers from which the asked figure cannot be computed
├── GenerationError          a generation server cannot be reached, or leaves out what it must return
│   └── EndpointError        a language model's endpoint refuses everybody, or failed all retries
├── CollapseError            the policy collapsed in training, and an alarm stopped it
├── RetrievalError           the retriever failed after its retries
├── ServerError              a medrwr server refused a request, or failed at every try
├── TrackingError            the tracking server or registry cannot be reached
└── PromotionError           a model may not carry the alias it was asked to carry

Every message names the value, the expectation and the remedy.
"""


class MedrwrError(Exception):
    """Root of all errors that medrwr raises on purpose."""


class ConfigError(MedrwrError):
    """A parameter is unknown, mistyped or out of range; raised before any work."""


class RecordError(MedrwrError):
    """One input record is unusable; callers quarantine it with this message as the reason."""


class QuestionError(RecordError):
    """A question has too few options, duplicate options, or an answer outside them."""


class DocumentError(RecordError):
    """A document is empty, truncated, of an unknown format, or not UTF-8."""


class ImageError(RecordError):
    """An image cannot be decoded, or exceeds the decoder's limits."""


class ReplyError(RecordError):
    """A language model refused one request, or its reply is cut off or not of the asked schema."""


class ItemError(RecordError):
    """A curated item, or what it was made from, breaks a rule."""


class ArtefactError(MedrwrError):
    """A file that is needed is missing, damaged, or was made by something else."""


class CheckpointError(ArtefactError):
    """A checkpoint folder lacks weights, tokenizer or processor."""


class IndexMismatchError(ArtefactError):
    """An index was built with another encoder, or other settings, than are asked for."""


class IndexRecallError(ArtefactError):
    """A freshly built index finds less than it must; the published one stays."""


class IndexBusyError(ArtefactError):
    """Another process is writing the same index: there is one writer at a time."""


class DigestError(ArtefactError):
    """The content of a file differs from its recorded digest."""


class EngineError(MedrwrError):
    """A computing engine (Ray) is not installed, cannot be reached, or lost its workers at every try."""


class OverlapError(MedrwrError):
    """Training and evaluation items overlap (M14)."""


class SampleError(MedrwrError):
    """A set of answers is empty, unpaired or of one class, so that the figure asked for does not exist."""


class GenerationError(MedrwrError):
    """A generation server cannot be reached, or returns no token ids or log-probabilities."""


class EndpointError(GenerationError):
    """A language model's endpoint refuses every request, or failed all retries; what it gave before is kept."""


class CollapseError(MedrwrError):
    """The policy collapsed in training; the last checkpoint is from before."""


class RetrievalError(MedrwrError):
    """The retriever failed, retries included."""


class ServerError(MedrwrError):
    """A medrwr server refused a request, or failed at every try. `status` is HTTP's, 0 where there was none."""

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


class TrackingError(MedrwrError):
    """The tracking server or the model registry cannot be reached."""


class ExperimentError(MedrwrError):
    """An experiment could not be run, or its results are gone."""


class PromotionError(MedrwrError):
    """A model version may not carry the alias that it was asked to carry."""
