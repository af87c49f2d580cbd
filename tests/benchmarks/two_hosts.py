"""Two hosts on one machine: Linux network namespaces with an address and a link of their own (root is needed)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_NETWORK = "10.213.77"


@dataclass(frozen=True)
class Host:
    """A namespace, its address, and its end of the link."""

    name: str
    address: str
    interface: str

    def command(self, *command: str) -> list[str]:
        """The same command on this host."""
        return ["ip", "netns", "exec", self.name, *command]

    def link(self, state: str) -> None:
        """`up` or `down`."""
        _ip("-n", self.name, "link", "set", self.interface, state)


def possible() -> bool:
    """Whether this process may make namespaces."""
    if shutil.which("ip") is None:
        return False
    name = f"medrwr-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode == 0
    if made:
        _ip("netns", "del", name)
    return made


@contextmanager
def two_hosts() -> Iterator[tuple[Host, Host]]:
    """Both, connected; gone when the block ends."""
    mark = os.getpid() % 100_000
    hosts = [Host(f"medrwr-{n}-{mark}", f"{_NETWORK}.{n}", f"mr{n}x{mark}") for n in (1, 2)]
    try:
        for host in hosts:
            _ip("netns", "add", host.name)
        _ip("link", "add", hosts[0].interface, "type", "veth", "peer", "name", hosts[1].interface)
        for host in hosts:
            _ip("link", "set", host.interface, "netns", host.name)
            _ip("-n", host.name, "address", "add", f"{host.address}/24", "dev", host.interface)
            _ip("-n", host.name, "link", "set", "lo", "up")
            host.link("up")
        yield hosts[0], hosts[1]
    finally:
        for host in hosts:
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "del", host.name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
