"""`python -m pipelines <stage>`: one stage as one process, on the workspace in the current folder.

Reads params.yaml, sets threads and seeds, opens tracking, runs the stage, writes metrics/<stage>.json and
work/timings/<stage>.json. Ends with 0, or with 1 and one line on stderr that says what is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys

from pipelines.catalogue import STAGES


def main(arguments: list[str] | None = None) -> int:
    """Run one stage; returns the exit code."""
    options = _parser().parse_args(arguments)
    from pipelines.runner import run_from_command_line

    return run_from_command_line(options.stage, source=options.source)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines", description="Run one stage of the pipeline.")
    parser.add_argument("stage", help=", ".join(STAGES))
    parser.add_argument("--source", help="knowledge_base only: a key of knowledge_base.sources in params.yaml")
    return parser


def _fix_hash_seed() -> None:
    """Start again with a fixed hash seed: the order of sets of strings must not differ between two runs.

    Third parties' announcements of what they will rename are for developers: hidden unless PYTHONWARNINGS is set.
    """
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning")
        os.execv(sys.executable, [sys.executable, "-m", "pipelines", *sys.argv[1:]])


if __name__ == "__main__":
    _fix_hash_seed()
    sys.exit(main())
