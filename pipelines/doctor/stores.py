"""The stores: DVC's remote, MLflow, and the files that the champion refers to."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from urllib.parse import urlsplit

from dvc.exceptions import DvcException
from dvc.repo import Repo

from medrwr.errors import ArtefactError, DigestError
from medrwr.serving.references import locate
from pipelines.doctor.finding import Finding
from pipelines.params import load_params
from pipelines.promotion import Registry
from pipelines.tracking.store import open_store, tracking_uri
from pipelines.versions import references_of

PLUGINS = {"s3": "dvc-s3", "ssh": "dvc-ssh", "gs": "dvc-gs", "azure": "dvc-azure"}


def check_remote(root: Path) -> Finding:
    """Where `dvc push` would send the data, and whether this machine can."""
    try:
        with Repo(str(root)) as repo:
            default, remotes = repo.config["core"].get("remote"), repo.config["remote"]
            url = str(remotes[default].get("url", "")) if default in remotes else ""
    except DvcException as error:
        return Finding("dvc remote", "missing", "no DVC repository", str(error))
    if default:
        return _reachable(str(default), url)
    if remotes:
        return Finding(
            "dvc remote", "warning", f"none is the default of {', '.join(sorted(remotes))}", "dvc remote default NAME"
        )
    return Finding("dvc remote", "warning", "none: data stays on this machine", "dvc remote add --default NAME URL")


def check_mlflow(root: Path) -> Finding:
    """The store, and who carries the alias in it."""
    registry = _registry(root)
    if registry is None:
        return Finding("mlflow", "ok", "no store yet: the first run makes it")
    champion = registry.champion()
    if champion is None:
        return Finding("mlflow", "warning", f"no {registry.name}@{registry.alias}", "dvc repro")
    return Finding("mlflow", "ok", f"{registry.name}@{registry.alias} is version {champion.version}")


def check_champion(root: Path) -> Finding:
    """Every file that the champion, and the version before it, refers to, against its digest."""
    registry = _registry(root)
    carriers = {} if registry is None else registry.carriers()
    for alias, version in carriers.items():
        for reference in references_of(version):
            try:
                locate(reference, [root])
            except (ArtefactError, DigestError) as error:
                verdict = f"version {version.version} ({alias}) is not complete"
                return Finding("champion's files", "missing", verdict, str(error))
    named = ", ".join(f"version {version.version} ({alias})" for alias, version in carriers.items())
    return Finding("champion's files", "ok", f"{named}: every digest holds" if named else "no champion yet")


def _registry(root: Path) -> Registry | None:
    settings, uri = load_params(root).register_, tracking_uri(root)
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists():
        return None
    return Registry(open_store(root), settings.model_name, settings.alias)


def _reachable(name: str, url: str) -> Finding:
    """A folder that can be written, or an address whose plug-in is installed; nothing is sent to find out."""
    scheme = urlsplit(url).scheme
    plugin = PLUGINS.get(scheme)
    if plugin and importlib.util.find_spec(plugin.replace("-", "_")) is None:
        return Finding("dvc remote", "missing", f"{name}: {scheme} needs {plugin}", f"pip install {plugin}")
    if not scheme:
        folder = Path(url)
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not os.access(folder, os.W_OK):
            return Finding("dvc remote", "missing", f"{name}: {folder} cannot be written", "mount it, or name another")
    return Finding("dvc remote", "ok", name)
