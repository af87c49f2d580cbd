"""Who is let in: keys, rates, addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.errors import ConfigError
from medrwr.policy.loading import Policy
from medrwr.serving.client import Client
from medrwr.serving.http.auth import Keys, Rates, digest, new_key, parse_keys
from medrwr.serving.http.intake import Limits
from pipelines.cli.serve import check_address, read_keys
from tests.serving.http.world import OPTIONS, QUESTION, Shelf, answerer, running


def test_only_known_keys_are_let_in(trained: Policy, tmp_path: Path) -> None:
    key = new_key()
    with running(Shelf(lambda: answerer(trained)), tmp_path, keys=Keys({"ward": digest(key)})) as server:
        assert server.get("/healthz").status_code == 200
        assert server.get("/v1/models").status_code == 401
        assert server.get("/v1/models", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert server.get("/v1/models", headers={"Authorization": f"Bearer {key}"}).status_code == 200
        refused = server.post("/v1/answers", {"question": QUESTION, "options": OPTIONS})
        assert refused.status_code == 401
        assert refused.json()["error"]["remedy"] == "send `Authorization: Bearer KEY`"
        assert Client(server.address, key=key).answer(QUESTION, OPTIONS).answer in OPTIONS
    audit = (tmp_path / "serving/audit.jsonl").read_text()
    assert '"caller": "ward"' in audit
    assert key not in audit
    assert QUESTION not in audit


def test_too_many_requests_are_told_when_to_come_back(trained: Policy, tmp_path: Path) -> None:
    with running(Shelf(lambda: answerer(trained)), tmp_path, limits=Limits(rate=6)) as server:
        answers = [server.get("/v1/models") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 10


def test_a_bucket_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 a minute, a burst of 2: two at once, the third after a second."""
    clock = [100.0]
    monkeypatch.setattr("medrwr.serving.http.auth.time.monotonic", lambda: clock[0])
    rates = Rates(60, burst_s=2)
    assert [rates.wait("a"), rates.wait("a"), rates.wait("a")] == [0, 0, 1.0]
    assert rates.wait("b") == 0
    clock[0] += 0.5
    assert rates.wait("a") == pytest.approx(0.5)
    clock[0] += 0.5
    assert rates.wait("a") == 0


def test_keys_come_from_a_file_of_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    (tmp_path / "keys").write_text(f"# who\n\nward:{digest(key)}\n")
    assert read_keys(tmp_path / "keys").owner(key) == "ward"
    monkeypatch.setenv("MEDRWR_API_KEYS", f"a:{digest('1')},b:{digest('2')}")
    assert [read_keys(None).owner(one) for one in ("1", "2", "3")] == ["a", "b", None]
    with pytest.raises(ConfigError, match="cannot be read"):
        read_keys(tmp_path / "missing")


@pytest.mark.parametrize("line", ["ward", "ward:secret", f":{'0' * 64}", f"ward:{'G' * 64}"])
def test_a_line_that_is_no_hash_stops_the_start(line: str) -> None:
    with pytest.raises(ConfigError, match="line 1 of keys is no `name:sha256`"):
        parse_keys([line], source="keys")


@pytest.mark.parametrize(
    ("host", "open_"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_without_keys_only_this_machine_is_served(host: str, open_: bool) -> None:
    if open_:
        check_address(host, Keys())
    else:
        with pytest.raises(ConfigError, match="there are no API keys"):
            check_address(host, Keys())
    check_address(host, Keys({"ward": "0" * 64}))
