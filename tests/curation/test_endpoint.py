"""An endpoint that fails, stalls, answers nonsense, cuts off or asks to slow down: nothing lost, nothing paid twice."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from medrwr.curation.endpoint import Asker, ChatClient, ChatReply, ChatRequest, EndpointSettings, Prices, ReplyCache
from medrwr.curation.endpoint.chat import retry_after_s
from medrwr.curation.items import CaseRecord, reader
from medrwr.curation.prompts import record_request
from medrwr.errors import ArtefactError, ConfigError, EndpointError, ReplyError
from medrwr.types import ImageCase

from .drafts import CAPTION, OTHERS
from .faulty import Faulty, faulty_endpoint

READ = reader(CaseRecord)


def requests(*captions: str) -> list[ChatRequest]:
    cases = [ImageCase(str(number), "none.png", caption) for number, caption in enumerate(captions)]
    return [record_request(case, Path(), attach=False) for case in cases]


def client(endpoint: Faulty, **settings: float) -> ChatClient:
    values = {"timeout_s": 0.8, "first_pause_s": 0.01, **settings}
    return ChatClient(EndpointSettings(endpoint.url, "m", **values))  # type: ignore[arg-type]


@pytest.fixture
def cache(tmp_path: Path) -> ReplyCache:
    return ReplyCache(tmp_path / "replies.sqlite")


@pytest.mark.parametrize(
    "fault", ["500", "503", "stall", "cut", "nonsense", "drop", "slow", "prose", "schema", "short"]
)
def test_every_fault_is_survived_and_a_second_run_makes_no_call(fault: str, cache: ReplyCache) -> None:
    with faulty_endpoint(fault) as endpoint:
        asker = Asker("m", cache, client(endpoint))
        outcomes = asker.ask_all(requests(CAPTION, *OTHERS[:3]), READ, label="records")
        assert [outcome.made is not None for outcome in outcomes] == [True] * 4
        tried = sum(endpoint.tries.values())
        assert max(endpoint.answered.values()) == 1  # an attempt that was answered is not asked again
        again = Asker("m", cache, client(endpoint))
        assert again.ask_all(requests(CAPTION, *OTHERS[:3]), READ, label="records") == outcomes
        assert sum(endpoint.tries.values()) == tried
        assert again.usage.calls == 0


def test_equal_requests_are_asked_once(cache: ReplyCache) -> None:
    with faulty_endpoint() as endpoint:
        asker = Asker("m", cache, client(endpoint))
        outcomes = asker.ask_all(requests(CAPTION, CAPTION, CAPTION), READ, label="records")
    assert len({outcome.made for outcome in outcomes}) == 1
    assert sum(endpoint.tries.values()) == asker.usage.calls == 1
    assert asker.usage.prompt_tokens > 0


def test_who_is_asked_to_slow_down_waits(cache: ReplyCache) -> None:
    with faulty_endpoint("slow") as endpoint:
        Asker("m", cache, client(endpoint)).ask(requests(CAPTION)[0], READ)
    assert endpoint.starts[1] - endpoint.starts[0] >= 0.4


def test_a_limit_a_minute_spreads_the_requests(cache: ReplyCache) -> None:
    with faulty_endpoint() as endpoint:
        Asker("m", cache, client(endpoint, per_minute=600)).ask_all(requests(CAPTION, *OTHERS[:3]), READ, label="r")
    starts = sorted(endpoint.starts)
    assert starts[-1] - starts[0] >= 0.25  # three gaps of .1 s, less what threads jitter


@pytest.mark.parametrize(("status", "error"), [("401", EndpointError), ("404", EndpointError), ("400", ReplyError)])
def test_a_refusal_is_not_tried_again(status: str, error: type[Exception], cache: ReplyCache) -> None:
    with faulty_endpoint(*[status] * 9) as endpoint:
        with pytest.raises(error, match=status):
            client(endpoint).complete(requests(CAPTION)[0], "key")
        assert sum(endpoint.tries.values()) == 1


def test_a_dead_endpoint_postpones_all_and_the_next_run_takes_them_up(cache: ReplyCache) -> None:
    with faulty_endpoint(*["500"] * 2) as endpoint:
        first = Asker("m", cache, client(endpoint, retries=1, concurrency=1)).ask_all(
            requests(*OTHERS[:4]), READ, label="r"
        )
        assert all(outcome.failed and outcome.made is None for outcome in first)
        assert len(endpoint.tries) == 1  # what comes after the failure is not tried
        second = Asker("m", cache, client(endpoint)).ask_all(requests(*OTHERS[:4]), READ, label="r")
    assert all(outcome.made is not None for outcome in second)


def test_a_reply_that_never_fits_is_rejected_with_its_reason(cache: ReplyCache) -> None:
    with faulty_endpoint() as endpoint:
        cache.put(requests(CAPTION)[0].key("m"), ChatReply("I cannot", "stop", 1, 1))
        asker = Asker("m", cache, client(endpoint), attempts=1)
        outcome = asker.ask_all(requests(CAPTION), READ, label="r")[0]
    assert outcome.made is None
    assert "I cannot" in outcome.rejected


def test_without_an_endpoint_only_what_is_recorded_is_answered(cache: ReplyCache) -> None:
    with pytest.raises(EndpointError, match="no reply of 'm' is recorded"):
        Asker("m", cache).ask(requests(CAPTION)[0], READ)


def test_a_dry_run_estimates_and_calls_nobody(cache: ReplyCache) -> None:
    cost = Asker("m", cache).estimate(requests(CAPTION, CAPTION, OTHERS[0]), Prices(prompt=2.0, completion=10.0))
    assert (cost.calls, cost.cached, cost.completion_tokens) == (2, 0, 600)
    assert cost.cost == pytest.approx((cost.prompt_tokens * 2 + 600 * 10) / 1e6)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from medrwr.curation.endpoint import Asker, ReplyCache
from tests.curation.faulty import Faulty
from tests.curation.test_endpoint import READ, client, requests
endpoint = Faulty(sys.argv[1], ())
asker = Asker("m", ReplyCache(Path(sys.argv[2])), client(endpoint, concurrency=2, per_minute=600))
asker.ask_all(requests(*(f"The scan shows sign {n}. Impression: thing {n}." for n in range(30))), READ, label="r")
"""


def test_killed_in_the_middle_nothing_is_paid_twice(tmp_path: Path) -> None:
    root, path = Path(__file__).parents[2], tmp_path / "replies.sqlite"
    with faulty_endpoint() as endpoint:
        command = [sys.executable, "-c", KILLED, endpoint.url, str(path), str(root)]
        process = subprocess.Popen(command, cwd=root)
        while sum(endpoint.answered.values()) < 5:
            time.sleep(0.02)
            assert process.poll() is None
        process.kill()
        process.wait()
        known = sum(endpoint.answered.values())
        subprocess.run(command, check=True, cwd=root)
    assert len(endpoint.answered) == 30
    twice = sum(count - 1 for count in endpoint.answered.values())
    assert twice <= 2 <= known  # at most what was under way, two at once, at the kill


def test_bad_settings_and_a_damaged_cache_stop_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="base URL"):
        EndpointSettings("host/v1", "m")
    with pytest.raises(ConfigError, match="OPENAI_MODEL"):
        EndpointSettings("http://host/v1", "")
    (tmp_path / "damaged").write_bytes(b"no database at all, and long enough to be one" * 100)
    with pytest.raises(ArtefactError, match="no cache of replies"):
        ReplyCache(tmp_path / "damaged")


@pytest.mark.parametrize(("header", "seconds"), [("2", 2.0), ("0.5", 0.5), ("-1", 0.0), ("soon", 0.0), (None, 0.0)])
def test_retry_after_in_seconds(header: str | None, seconds: float) -> None:
    assert retry_after_s(header) == seconds
