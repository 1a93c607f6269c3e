"""Builds the file system of deploy/Containerfile without a container engine: the same steps, in a chroot.

    python tools/container_rootfs.py INTO [--base DIR]

For machines without an engine, on Linux, as root. The base image is replaced by Debian with its own Python, which
debootstrap unpacks (or by a copy of `--base`). The instructions of the Containerfile are read from it and carried out
one by one; one that is not known here is an error. The file system is in `INTO/root`, the image's values in
`INTO/image.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
_SUITE = "bookworm"
_PACKAGES = "python3,python3-venv,ca-certificates"
# What an engine makes visible to RUN, too: names, and whom to trust when packages are fetched.
_FROM_HOST = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs")
_PASSED_ON = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_IN_CHROOT = """
set -eu
mount -t proc proc "$ROOTFS/proc"
for each in $BINDS; do mount --bind "$each" "$ROOTFS$each"; done
exec chroot "$ROOTFS" /usr/bin/env -i "$@"
"""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Image:
    """What an image says beside its file system."""

    environment: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    stop_signal: str = "SIGTERM"
    health: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def main() -> None:
    """Builds, as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("into", type=Path, help="a folder, which is made")
    parser.add_argument("--base", type=Path, help="the unpacked base image; made with debootstrap where it is missing")
    given = parser.parse_args()
    build(given.into, given.base or given.into / "base")


def build(into: Path, base: Path) -> Image:
    """Build the file system of the last stage. Return what the image says."""
    into.mkdir(parents=True, exist_ok=True)
    if not (base / "usr").exists():
        run("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, str(base))
    # An engine writes both when it starts a container.
    (base / "etc" / "resolv.conf").touch()
    (base / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    stages: dict[str, Path] = {}
    image, root = Image(), base
    for keyword, text in instructions(CONTAINERFILE.read_text(encoding="utf-8")):
        if keyword == "FROM":
            name = text.partition(" AS ")[2] or "root"
            image, root = Image(), into / name
            shutil.rmtree(root, ignore_errors=True)
            run("cp", "--archive", "--reflink=auto", str(base), str(root))
            stages[name] = root
        else:
            print(f"{keyword} {text}", file=sys.stderr)
            carry_out(keyword, text, image, root, stages)
    (into / "image.json").write_text(json.dumps(image.__dict__, indent=2), encoding="utf-8")
    return image


def instructions(text: str) -> list[tuple[str, str]]:
    """Return keyword and text of each instruction, with continued lines joined and comments left out."""
    lines = "\n".join(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    joined = re.sub(r"\s*\\\n\s*", " ", lines)
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in joined.splitlines()]


def carry_out(keyword: str, text: str, image: Image, root: Path, stages: dict[str, Path]) -> None:
    """Carry one instruction out."""
    if keyword == "ARG":
        return  # the base image, which is another one here
    if keyword == "RUN":
        in_chroot(root, image, text)
    elif keyword == "COPY":
        copy(shlex.split(text), root, stages)
    elif keyword == "ENV":
        image.environment |= dict(each.partition("=")[::2] for each in shlex.split(text))
    elif keyword == "WORKDIR":
        image.workdir = text
        (root / text.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif keyword == "HEALTHCHECK":
        image.health = json.loads(text.partition("CMD ")[2])
    elif keyword in ("VOLUME", "EXPOSE"):
        (image.volumes if keyword == "VOLUME" else image.ports).append(text)
    elif keyword in ("USER", "STOPSIGNAL"):
        setattr(image, "user" if keyword == "USER" else "stop_signal", text)
    elif keyword in ("ENTRYPOINT", "CMD"):
        setattr(image, "entrypoint" if keyword == "ENTRYPOINT" else "command", json.loads(text))
    else:
        raise SystemExit(f"{CONTAINERFILE}: {keyword} is not known to {Path(__file__).name}.")


def in_chroot(root: Path, image: Image, script: str) -> None:
    """Run a command of the build as root, in the file system."""
    values = {"PATH": _PATH, "HOME": "/root", **image.environment}
    values |= {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
    command = [f"{name}={value}" for name, value in values.items()]
    command += ["/bin/sh", "-c", f"cd {shlex.quote(image.workdir)} && {script}"]
    outside = os.environ | {"ROOTFS": str(root), "BINDS": " ".join(_FROM_HOST)}
    subprocess.run(["unshare", "--mount", "sh", "-c", _IN_CHROOT, "sh", *command], env=outside, check=True)


def copy(words: list[str], root: Path, stages: dict[str, Path]) -> None:
    """Copy files of the build's context, or of another stage; several go into a folder."""
    source = ROOT
    if words[0].startswith("--from="):
        source = stages[words.pop(0).partition("=")[2]]
    elif unknown := [each for each in words[:-1] if not is_in_context(each)]:
        raise SystemExit(f"{', '.join(unknown)}: .dockerignore keeps this from the build.")
    *names, target = words
    into = root / target.lstrip("/")
    for name in names:
        found = source / name.lstrip("/")
        if found.is_dir():
            ignored = shutil.ignore_patterns("__pycache__") if source == ROOT else None
            shutil.copytree(found, into, symlinks=True, dirs_exist_ok=True, ignore=ignored)
        else:
            place = into / found.name if target.endswith("/") else into
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, place)
            os.chown(place, 0, 0)


def is_in_context(name: str) -> bool:
    """Return whether .dockerignore lets the build have a file."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return any(name == line[1:] or name.startswith(f"{line[1:]}/") for line in lines if line.startswith("!"))


def run(*command: str) -> None:
    """Run a command that must succeed."""
    print(f"+ {' '.join(command)}", file=sys.stderr)
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
