"""Builds wheel and source distribution, checks them, and tries the wheel in a fresh environment: `make dist`.

    python tools/distribution.py [--offline] [--into DIR]

Both are built twice and must be the same byte for byte: their times are those of the last commit (SOURCE_DATE_EPOCH,
https://reproducible-builds.org/specs/source-date-epoch/). `--offline` leaves out the fresh environment, whose packages
come from a registry.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
_READY = "Listening on "
# A build whose facts never change: whether it is current depends on the day.
_BUILD, _DAY = "10.0.26100.6899", "2025-10-20"
_PATIENCE_SECONDS = 60


def main() -> None:
    """Leaves the two files in `--into`; ends with an error where a check fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offline", action="store_true", help="do not install the wheel into a fresh environment")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="where the files go (dist)")
    given = parser.parse_args()
    files = build(given.into)
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, files))
    if not given.offline:
        try_installed(next(each for each in files if each.suffix == ".whl"))
    print("\n".join(map(str, files)))


def build(into: Path) -> list[Path]:
    """Build twice, compare, and move the files into a folder, from which older ones are removed."""
    epoch = commit_time()
    with tempfile.TemporaryDirectory() as name:
        first, second = (built(Path(name) / each, epoch) for each in ("first", "second"))
        for one, other in zip(first, second, strict=True):
            if (one.name, one.read_bytes()) != (other.name, other.read_bytes()):
                raise SystemExit(f"{one.name} is not reproducible: two builds of the same commit differ.")
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        return [Path(shutil.move(each, into / each.name)) for each in first]


def commit_time() -> str:
    """Return the time of the last commit, in seconds since 1970; SOURCE_DATE_EPOCH where it is set."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return given
    found = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    if not found:
        raise SystemExit("This is no git checkout: set SOURCE_DATE_EPOCH to the time of the release.")
    if subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=ROOT, check=False).returncode:
        print("Warning: there are changes that are not committed; they are in the files.", file=sys.stderr)
    return found


def built(folder: Path, epoch: str) -> list[Path]:
    """Return the source distribution, and the wheel that is built from it."""
    command = (sys.executable, "-m", "uv", "build", "--quiet", "--no-build-isolation", "--python", sys.executable)
    run(*command, "--out-dir", str(folder), str(ROOT), SOURCE_DATE_EPOCH=epoch)
    return sorted(each for each in folder.iterdir() if each.suffix in (".whl", ".gz"))


def try_installed(wheel: Path) -> None:
    """Install the wheel into a fresh environment, and run it there: version, check and serve."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        binaries = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        run(
            str(binaries / "python"), "-m", "pip", "install", "--quiet", f"osimages[graph] @ {wheel.resolve().as_uri()}"
        )
        try_command(str(binaries / "osimages"), folder)


def try_command(command: str, folder: Path) -> None:
    """Run an installed `osimages`, away from the sources: its version, a check, and a server that answers."""
    run(command, "--version", cwd=folder)
    run(command, "check", _BUILD, "--edition", "Enterprise", "--today", _DAY, cwd=folder)
    with serving(command, folder / "data") as url:
        trust = ssl.create_default_context(cafile=str(folder / "data" / "ca.pem"))
        with urllib.request.urlopen(f"{url}/-/ready", timeout=_PATIENCE_SECONDS, context=trust) as reply:
            print(reply.read().decode())


@contextmanager
def serving(command: str, data_dir: Path) -> Iterator[str]:
    """Yield the address of a server that has said that it listens; it must end well afterwards."""
    arguments = [command, "serve", "--port", "0", "--data-dir", str(data_dir)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=data_dir.parent, env=clean()) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            if not line.startswith(_READY):
                raise SystemExit(f"`osimages serve` printed {line!r}, not that it listens.")
            yield line.removeprefix(_READY).strip()
        finally:
            process.send_signal(signal.SIGTERM)
        status = process.wait(_PATIENCE_SECONDS)
    if os.name == "posix" and status != 0:
        raise SystemExit(f"`osimages serve` ended with {status} after SIGTERM.")


def run(*command: str, cwd: Path = ROOT, **variables: str) -> None:
    """Run a command that must succeed, and show it."""
    print(f"+ {' '.join(command)}", file=sys.stderr)
    subprocess.run(command, cwd=cwd, env=clean() | variables, check=True)


def clean() -> dict[str, str]:
    """This process's environment without anything that could lead to the sources or to a developer's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("OSIMAGES_", "PYTHON"))}


if __name__ == "__main__":
    main()
