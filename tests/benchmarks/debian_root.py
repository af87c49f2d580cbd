"""A fresh Debian root, made by debootstrap, and commands in it; each has mounts of its own, which end with it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path

SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
BASE = "/opt/base"  # where the base image has /usr/local
LENT = "/opt/lent"


@dataclass
class Root:
    """A root, and what the instructions so far have set."""

    folder: Path
    lent: Path | None = None
    variables: dict[str, str] = field(default_factory=lambda: {"PATH": f"{BASE}/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
    workdir: str = "/"
    user: str = "0"

    def run(self, command: str) -> None:
        """In the root, with its user and variables; raises CalledProcessError."""
        mounts = ["mount -t proc proc proc", "mount --rbind /dev dev"]
        if self.lent is not None:
            mounts.append(f"mkdir -p .{LENT} && mount --bind -o ro {shlex.quote(str(self.lent))} .{LENT}")
        inside = f"cd {shlex.quote(self.workdir)} && {command}"
        values = " ".join(f"{name}={shlex.quote(value)}" for name, value in {"HOME": "/tmp", **self.variables}.items())
        enter = f"exec chroot --userspec={self.user}:{self.user} . env -i {values} sh -euc {shlex.quote(inside)}"
        script = " && ".join([f"cd {shlex.quote(str(self.folder))}", *mounts, enter])
        subprocess.run(["unshare", "--mount", "--fork", "sh", "-euc", script], check=True)

    def at(self, path: str) -> Path:
        """A path of the root, seen from outside."""
        return self.folder / (Path(self.workdir) / path).as_posix().lstrip("/")


def bootstrap(root: Root) -> None:
    """Debian's packages of the suite, and Python as the base image has it."""
    if not (root.folder / "usr").is_dir():
        command = ["debootstrap", "--variant=minbase", SUITE, str(root.folder), MIRROR]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    borrow(root, "etc/resolv.conf")
    root.run("apt-get update && apt-get install -y --no-install-recommends ca-certificates python3.11 python3.11-venv")
    borrow(root, "etc/pip.conf", "etc/ssl/certs/ca-certificates.crt")
    root.run(f"test -x {BASE}/bin/python || /usr/bin/python3.11 -m venv {BASE}")
    if root.lent is not None:
        lend(root.folder / BASE[1:])


def lend(environment: Path) -> None:
    """The packages that are lent are found, and their commands are on the path."""
    (environment / "lib/python3.11/site-packages/lent.pth").write_text(f"{LENT}\n")
    for point in entry_points(group="console_scripts"):
        script = environment / "bin" / point.name
        if not script.exists() and point.name != "medrwr":
            name = point.attr.partition(".")[0]
            script.write_text(
                f"#!{BASE}/bin/python\nimport sys\nfrom {point.module} import {name}\nsys.exit({point.attr}())\n"
            )
            script.chmod(0o755)


def borrow(root: Root, *names: str) -> None:
    """This machine's way to the network."""
    for name in names:
        if (Path("/") / name).is_file():
            shutil.copyfile(Path("/") / name, root.folder / name)
