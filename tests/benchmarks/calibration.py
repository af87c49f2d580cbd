"""CDIR, calibration and certified thresholds against their bars.

    python -m tests.benchmarks.calibration --check --workspace A --workspace B    trained chains, one a seed: minutes
    python -m tests.benchmarks.calibration --check --small                        seconds: for CI
    python -m tests.benchmarks.calibration --only certified                       one part

Without --workspace the chain is this checkout's. A part that needs a trained chain is left out where there is none, and
named in the last line, which is JSON. With --check a missed bar ends with exit code 1; so does a part left out, unless
--small. --keep FOLDER keeps a chain's answers there and reads them again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tests.benchmarks.calibration_parts.cdir import cdir
from tests.benchmarks.calibration_parts.certified import certified
from tests.benchmarks.calibration_parts.chain import CASES, Chain, trained
from tests.benchmarks.calibration_parts.quality import quality

PARTS = ("quality", "cdir", "certified", "summary")
OF_CHAINS = ("quality", "cdir")
CONTROLS = ("never", "random", "self_consistency")
AT_LEAST = {"quality_auroc": 0.70}
ABOVE = {"quality_brier_below_constant": 0.0, **{f"cdir_gain_over_{other}": 0.0 for other in CONTROLS}}
AT_MOST = {
    "quality_ece": 0.05,
    "summary_s": 60.0,
    "summary_peak_gib": 2.0,
    **{f"cdir_gain_over_{other}_p": 0.05 for other in CONTROLS},
}
SUMMARY = "tests.benchmarks.calibration_parts.summary"


def bars_of(figures: dict[str, float]) -> dict[str, str]:
    """The bar of each figure that has one, as text: '<= 0.05'."""
    most = figures.get("certified_most_violations", 0.0)
    held = {name: most for name in figures if name.startswith("certified_") and name.endswith("_violations")}
    held.pop("certified_most_violations", None)
    tests = ((">=", AT_LEAST), (">", ABOVE), ("<=", AT_MOST | held))
    return {name: f"{sign} {bars[name]:g}" for sign, bars in tests for name in figures if name in bars}


def missed(figures: dict[str, float]) -> list[str]:
    """Names of the figures that miss their bar."""
    tests: dict[str, Callable[[float, float], bool]] = {
        ">=": lambda value, bar: value >= bar,
        ">": lambda value, bar: value > bar,
        "<=": lambda value, bar: value <= bar,
    }
    wrong = []
    for name, bar in bars_of(figures).items():
        sign, limit = bar.split()
        if not tests[sign](figures[name], float(limit)):
            wrong.append(name)
    return wrong


def measure(part: str, chains: Sequence[Chain], *, small: bool) -> dict[str, float] | None:
    """The figures of one part; None where it cannot be measured here."""
    if part in OF_CHAINS and not chains:
        return None
    if part == "summary":
        if find_spec(SUMMARY) is None:
            return None
        found: dict[str, float] = import_module(SUMMARY).measure(small)
        return found
    if part == "certified":
        return certified(chains, small=small)
    return quality(chains) if part == "quality" else cdir(chains)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--small", action="store_true", help="fewer questions and splits")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--workspace", action="append", type=Path, help="a trained chain; again for more seeds")
    parser.add_argument("--cases", type=int, nargs="+", default=CASES, help="numbers of similar cases")
    parser.add_argument("--keep", type=Path, help="a folder for the answers, so that they are played once")
    options = parser.parse_args()
    roots: list[Path] = options.workspace or [Path()]
    for root in filter(lambda one: not trained(one), roots):
        print(f"{root}: no trained chain (models/grpo_multimodal and both indexes), `dvc repro calibrate` makes one")
    cases = options.cases[:2] if options.small else options.cases
    chains = [Chain(root, keep=options.keep, cases=cases, small=options.small) for root in roots if trained(root)]
    figures: dict[str, float] = {}
    left_out = []
    for part in [options.only] if options.only else PARTS:
        print(f"\n{part}")
        found = measure(part, chains, small=options.small)
        if found is None:
            left_out.append(part)
            print("  not measured")
            continue
        figures |= found
        bars = bars_of(figures)
        for name, value in found.items():
            print(f"  {name:<52}{value:>10.4g}{'   bar ' + bars[name] if name in bars else ''}", flush=True)
    wrong = missed(figures)
    met = not wrong and (options.small or not left_out)
    line = {"benchmark": "calibration", "chains": len(chains), "met": met, "missed": wrong, "left_out": left_out}
    print(json.dumps({**line, **figures}))
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
