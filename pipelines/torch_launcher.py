"""torch's launcher, made to end once its processes have: `python -m pipelines.torch_launcher`, arguments as `torchrun`.

On a node that does not hold the meeting point the launcher asks it over TCP, again and again, who is there. Where the
link is cut for good it waits for that answer (more than three minutes, seen with torch 2.15.0) and never looks if
its own processes still run.
"""

from __future__ import annotations

import os
import sys
import threading
import time

import psutil

PATIENCE_S = 15.0  # a launcher that is not stuck looks ten times a second


def main() -> None:
    """Run torch's launcher; exit with 1 when it takes no notice of a process that has ended."""
    from torch.distributed.run import main as launcher

    threading.Thread(target=watch, daemon=True, name="ended-processes").start()
    launcher()


def watch(patience_s: float = PATIENCE_S) -> None:
    """End this process when one of its children has ended and it has taken no notice for `patience_s`."""
    since: dict[int, float] = {}
    while True:
        time.sleep(1)
        now, children = time.monotonic(), psutil.Process().children()
        ended = [child.pid for child in children if _has_ended(child)]
        since = {pid: since.get(pid, now) for pid in ended}
        if any(now - start > patience_s for start in since.values()):
            for child in children:
                child.kill()
            sys.stderr.write(
                f"process {ended[0]} has ended and torch's launcher took no notice for {patience_s:g} s: the meeting "
                "point is out of reach. Look at the network, then run the stage again on every node\n"
            )
            sys.stderr.flush()
            os._exit(1)


def _has_ended(child: psutil.Process) -> bool:
    """Ended, and nobody has asked how."""
    try:
        return bool(child.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    main()
