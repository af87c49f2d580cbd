"""Ten thousand damaged requests and images: no fault of the server, no crash, no memory that stays."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from tests.benchmarks.serving_parts.damaged import image_files, requests_of
from tests.benchmarks.serving_parts.figures import Figure, Size, World, at_least, at_most, resident_mib
from tests.benchmarks.serving_parts.load import ask
from tests.serving.http.world import Running, Shelf, running

CALLERS = 4
_HEADERS = {"Content-Type": "application/json"}
WARM = 0.3  # of the requests are sent before memory is looked at: by then it is steady


def measure(size: Size, folder: Path, world: World) -> list[Figure]:
    """With real DICOM files where MEDRWR_TEST_DATA is."""
    images = world.images
    data = Path(os.environ.get("MEDRWR_TEST_DATA", Path(__file__).resolve().parents[4] / "shared/data"))
    files = image_files(data if data.is_dir() else None, sorted(images.glob("*.png")))
    with running(Shelf(world.answerer), folder) as server:
        sent(server, files, round(WARM * size.damaged), seed=0)
        before = resident_mib()
        statuses = sent(server, files, size.damaged, seed=1)
        after = resident_mib()
        seconds = ask(server, images, 1)
    faults = sum(count for status, count in statuses.items() if status >= 500)
    return [
        Figure("image_files", len(files)),
        at_least("damaged_requests", sum(statuses.values()), size.damaged),
        *(Figure(f"answered_{status}", count) for status, count in sorted(statuses.items())),
        at_most("faults_of_the_server", faults, 0),
        at_most("memory_after_damage", after / before, 1.2),
        at_most("good_request_afterwards_s", seconds, 5.0),
    ]


def sent(server: Running, files: list[bytes], count: int, *, seed: int) -> Counter[int]:
    """Statuses by how often they came; each caller makes its next request when the last one is answered."""

    def send(caller: int) -> Counter[int]:
        share = -(-count // CALLERS)
        return Counter(
            requests.post(server.address + path, data=body, headers=_HEADERS, timeout=120).status_code
            for path, body in requests_of(share, files, seed=CALLERS * seed + caller)
        )

    with ThreadPoolExecutor(CALLERS) as pool:
        return sum(pool.map(send, range(CALLERS)), Counter[int]())
