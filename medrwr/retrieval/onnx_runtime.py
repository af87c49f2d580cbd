"""One place that exports to ONNX, checks the export against its model, and opens it again."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from medrwr.errors import ArtefactError

if TYPE_CHECKING:
    import torch

Provider = Literal["auto", "cpu", "cuda"]
OUTPUT = "unit_vector"  # a name that no layer inside uses: duplicates make the file invalid
EXTERNAL = ".data"  # suffix of the weights beside a model that is too large for one protobuf (2 GiB)
_TOLERANCE = 1e-4
_MOST_BYTES = 1_500_000_000


def open_session(path: Path, *, provider: Provider = "auto", threads: int = 0) -> Any:
    """An onnxruntime session; `threads` 0 is one a core.

    Raises:
        ArtefactError: onnxruntime is not installed, the provider is not in this build, or the file is damaged.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ArtefactError("onnxruntime is not installed: install medrwr with the extra `cpu` or `gpu`") from None
    available = onnxruntime.get_available_providers()
    if provider == "cuda" and "CUDAExecutionProvider" not in available:
        raise ArtefactError(f"encoders.provider is 'cuda', this onnxruntime has {available}: install the extra `gpu`")
    chosen = ["CPUExecutionProvider"]
    if provider != "cpu" and "CUDAExecutionProvider" in available:
        chosen.insert(0, "CUDAExecutionProvider")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # cores are shared with torch
    options.log_severity_level = 3
    state = onnxruntime.capi.onnxruntime_pybind11_state
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=chosen)
    except (state.Fail, state.InvalidProtobuf, state.InvalidGraph, state.NoSuchFile) as error:
        raise ArtefactError(f"{path} is not a usable ONNX file ({error}): run `dvc repro encoders`") from None


def run_session(session: Any, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """The one output of an exported tower."""
    output: NDArray[np.float32] = session.run(None, dict(inputs))[0]
    return output


def export_onnx(
    module: torch.nn.Module,
    inputs: Mapping[str, torch.Tensor],
    path: Path,
    *,
    dynamic: Mapping[str, Sequence[str]],
) -> float:
    """Export `module(*inputs)` and return the largest difference between both on `inputs`.

    `dynamic` names the axes of each input that vary, first axis first. Node metadata is stripped: it holds the
    paths of the exporting machine, and would change the file's digest from place to place.

    Raises:
        ArtefactError: the export differs from the model by more than 1e-4.
    """
    import torch

    module.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = {name: torch.export.Dim(name, min=1, max=65536) for axes in dynamic.values() for name in axes}
    shapes = {name: {axis: sizes[size] for axis, size in enumerate(axes)} for name, axes in dynamic.items()}
    with torch.no_grad(), _quiet():
        program = torch.onnx.export(
            module,
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=[OUTPUT],
            dynamic_shapes=tuple(shapes[name] for name in inputs),
            dynamo=True,
            verbose=False,
        )
        expected = module(*inputs.values()).numpy()
    assert program is not None
    _save_stripped(program.model_proto, path)
    found = run_session(open_session(path, provider="cpu"), {name: value.numpy() for name, value in inputs.items()})
    difference = float(np.abs(expected - found).max())
    if not difference <= _TOLERANCE:
        raise ArtefactError(
            f"{path}: the export differs from its model by {difference:.2e}, at most {_TOLERANCE} is fine"
        )
    return difference


def _save_stripped(proto: Any, path: Path) -> None:
    del proto.metadata_props[:]
    proto.doc_string = ""
    for graph in (proto.graph, *proto.functions):
        del graph.metadata_props[:]
        graph.doc_string = ""
        for node in graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
        for value in (*getattr(graph, "value_info", ()), *getattr(graph, "input", ()), *getattr(graph, "output", ())):
            if hasattr(value, "metadata_props"):
                del value.metadata_props[:]
    if sum(len(tensor.raw_data) for tensor in proto.graph.initializer) > _MOST_BYTES:
        import onnx

        weights = path.name + EXTERNAL
        onnx.save_model(proto, str(path), save_as_external_data=True, location=weights, size_threshold=1024)
        return
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(proto.SerializeToString(deterministic=True))
    temporary.replace(path)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter prints its steps and warns of its own internals."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)
