"""The only reader of params.yaml: YAML in, frozen and typed sections out.

`params.yaml` is read by the safe loader (no tags, no code) from the workspace.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from medrwr.config import Params, parse
from medrwr.errors import ConfigError

FILE = "params.yaml"


def load_params(root: Path = Path(".")) -> Params:
    """The parameters of the workspace `root`.

    Raises:
        ConfigError: params.yaml is missing, is not YAML, or holds an unknown, mistyped or out-of-range value.
    """
    values = read_yaml(root / FILE)
    return parse(values)


def read_yaml(path: Path) -> dict[str, Any]:
    """One YAML file whose top level is a mapping.

    Raises:
        ConfigError: the file is missing, not UTF-8, not YAML, or not a mapping; names line and column.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist: run this in the workspace, the folder with params.yaml") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    try:
        values = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {_one_line(error)}: correct that line") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds a {type(values).__name__}, expected sections such as `base:`")
    wrong = [str(name) for name, section in values.items() if not isinstance(name, str)]
    if wrong:
        raise ConfigError(f"{path} has the section names {', '.join(wrong)}, expected words")
    return values


def _one_line(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{problem}{where}"
