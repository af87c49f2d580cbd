"""The machine: interpreter, packages, tools, memory."""

from __future__ import annotations

import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from pipelines.doctor.finding import Finding

PACKAGE = "medrwr"
RUNTIMES = ("onnxruntime", "onnxruntime-gpu")
_LEAST_MEMORY_GIB = 8.0
TOOLS = ("dvc", "mlflow", "dagster", "dagster-webserver", "dagster-daemon")


def check_python() -> Finding:
    """The interpreter, against what the package asks for."""
    found = ".".join(map(str, sys.version_info[:3]))
    asked = metadata.metadata(PACKAGE)["Requires-Python"] or ""
    if SpecifierSet(asked).contains(found):
        return Finding("python", "ok", found)
    return Finding("python", "missing", found, f"expected {asked}: make the environment with such a Python")


def check_packages() -> Finding:
    """Every requirement of the package that is not an extra's, against what is installed."""
    asked = [Requirement(text) for text in metadata.requires(PACKAGE) or ()]
    asked = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    installed = {one.name: _version(one.name) for one in asked}
    wrong = [f"{one} (here {installed[one.name] or 'none'})" for one in asked if not _satisfies(one, installed)]
    if not wrong:
        return Finding("packages", "ok", f"{len(asked)} as pinned")
    return Finding(
        "packages", "missing", f"{len(wrong)} of {len(asked)} differ: {', '.join(wrong)}", "make environment"
    )


def _satisfies(asked: Requirement, installed: dict[str, str | None]) -> bool:
    found = installed[asked.name]
    return found is not None and asked.specifier.contains(found, prereleases=True)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def check_onnxruntime() -> Finding:
    """Exactly one of its two builds."""
    found = {name: version for name in RUNTIMES if (version := _version(name))}
    shown = ", ".join(f"{name} {version}" for name, version in found.items()) or "none"
    if len(found) == 1:
        return Finding("onnxruntime", "ok", shown)
    return Finding(
        "onnxruntime", "missing", shown, "install exactly one: make EXTRAS=cpu,dev environment, or EXTRAS=gpu"
    )


def check_memory() -> Finding:
    """Of the whole machine."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    if total >= _LEAST_MEMORY_GIB:
        return Finding("memory", "ok", f"{total:.0f} GiB")
    return Finding("memory", "warning", f"{total:.1f} GiB", f"the default is measured with {_LEAST_MEMORY_GIB:g}")


def check_tools() -> Finding:
    """The commands that the pipeline and `make ui` start, beside this interpreter or on the path."""
    here = str(Path(sys.executable).parent)
    places = f"{here}{os.pathsep}{os.environ.get('PATH', '')}"
    absent = [name for name in TOOLS if shutil.which(name, path=places) is None]
    if absent:
        return Finding("tools", "missing", f"no {', '.join(absent)}", "make environment")
    return Finding("tools", "ok", ", ".join(TOOLS))
