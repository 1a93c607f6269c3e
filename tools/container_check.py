"""Runs the container's file system, and uses it from another network namespace: `make container-check`.

    python tools/container_check.py [--into DIR]

On Linux, as root. Two network namespaces are joined by a pair of virtual interfaces, as two containers of one network
are. The first runs the image's own command in the file system that tools/container_rootfs.py builds: read-only, without
privileges, with the image's user. In the second the unchanged SDKs use it over HTTPS, under its name.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import container_rootfs
from container_rootfs import ROOT, Image, run

NAME = "emulator"
_SERVER, _CLIENT = "osimages-server", "osimages-client"
_ADDRESSES = {_SERVER: "10.99.77.1", _CLIENT: "10.99.77.2"}
_PATIENCE_SECONDS = 120
_POLL_SECONDS = 0.2
# As an engine starts a container with --read-only, --cap-drop=ALL and no-new-privileges.
_ENTER = """
set -eu
mount --bind "$ROOTFS" "$ROOTFS"
mount --bind "$DATA" "$ROOTFS$VOLUME"
mount -t proc -o ro proc "$ROOTFS/proc"
mount -o remount,bind,ro "$ROOTFS"
exec chroot "$ROOTFS" /usr/bin/setpriv --reuid="$WHO" --regid="$WHO" --clear-groups --bounding-set=-all \\
  --inh-caps=-all --no-new-privs /usr/bin/env -i --chdir="$WORKDIR" "$@"
"""


def main() -> None:
    """Builds, runs and checks; ends with an error where something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=Path("/var/tmp/osimages-image"), help="where the image is built")
    given = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        raise SystemExit("This needs Linux, root, util-linux and iproute2.")
    image = container_rootfs.build(given.into, given.into / "base")
    root = given.into / "root"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(network(folder))
        container = Container(image, root, folder / "data")
        check_https(container, folder)
        check_http(container)
    print("The container's file system serves another network namespace.")


class Container:
    """A file system that is run as an engine would run the image."""

    def __init__(self, image: Image, root: Path, data: Path) -> None:
        self.image, self.root, self.data = image, root, data
        data.mkdir(mode=0o700)
        user, group = map(int, image.user.split(":"))
        os.chown(data, user, group)

    def command(self, words: list[str]) -> list[str]:
        """The command line that runs words inside, in the server's network."""
        values = [f"{name}={value}" for name, value in self.image.environment.items()]
        namespaces = ["ip", "netns", "exec", _SERVER, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc"]
        return [*namespaces, "sh", "-c", _ENTER, "sh", *values, *words]

    def variables(self) -> dict[str, str]:
        """What the script above reads."""
        said = {"ROOTFS": str(self.root), "DATA": str(self.data), "VOLUME": self.image.volumes[0]}
        return os.environ | said | {"WHO": self.image.user.partition(":")[0], "WORKDIR": self.image.workdir}

    def output(self, *words: str) -> str:
        """What a command prints inside; its exit code must be 0."""
        done = subprocess.run(
            self.command(list(words)), env=self.variables(), stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout

    def is_healthy(self) -> bool:
        """Return whether the image's health check is content."""
        command, silent = self.command(self.image.health), subprocess.DEVNULL
        return subprocess.run(command, env=self.variables(), check=False, stderr=silent).returncode == 0

    @contextmanager
    def running(self, *arguments: str) -> Iterator[None]:
        """The image's entry point with its command and more arguments, once its health check is content."""
        words = [*self.image.entrypoint, *self.image.command, *arguments]
        process = subprocess.Popen(self.command(words), env=self.variables())
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not self.is_healthy():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("the server does not become ready")
                time.sleep(_POLL_SECONDS)
            yield
            self.check_process(process.pid)
        finally:
            for each in children(process.pid):
                os.kill(each, getattr(signal, self.image.stop_signal))
            status = process.wait(_PATIENCE_SECONDS)
        if status != 0:
            raise SystemExit(f"the server ended with {status} after {self.image.stop_signal}")
        print("ok: it ended with exit code 0")

    def check_process(self, unshared: int) -> None:
        """The first process inside has the image's user, no privileges, and cannot write but to its volume."""
        server = children(unshared)[0]
        said = dict(line.split(":", 1) for line in Path(f"/proc/{server}/status").read_text().splitlines())
        user = self.image.user.partition(":")[0]
        assert said["Uid"].split() == [user] * 4, said["Uid"]
        assert int(said["CapEff"], 16) == int(said["CapBnd"], 16) == 0, said["CapBnd"]
        assert said["NoNewPrivs"].strip() == "1"
        mounts = {
            line.split()[4]: line.split()[5] for line in Path(f"/proc/{server}/mountinfo").read_text().splitlines()
        }
        assert "ro" in mounts["/"].split(","), mounts["/"]
        assert "rw" in mounts[self.image.volumes[0]].split(",")
        print(f"ok: uid {user}, no capabilities, read-only root file system")


@contextmanager
def network(folder: Path) -> Iterator[None]:
    """Two network namespaces that reach each other; the second knows the first by its name."""
    hosts = Path("/etc/netns") / _CLIENT / "hosts"
    clear()
    try:
        for each in (_SERVER, _CLIENT):
            run("ip", "netns", "add", each)
        run("ip", "link", "add", "eth0", "netns", _SERVER, "type", "veth", "peer", "name", "eth0", "netns", _CLIENT)
        for each, address in _ADDRESSES.items():
            run("ip", "-n", each, "address", "add", f"{address}/24", "dev", "eth0")
            for link in ("lo", "eth0"):
                run("ip", "-n", each, "link", "set", link, "up")
        hosts.parent.mkdir(parents=True)
        hosts.write_text(f"127.0.0.1 localhost\n{_ADDRESSES[_SERVER]} {NAME}\n")
        yield
    finally:
        clear()


def clear() -> None:
    """Remove what this script makes on the machine."""
    for each in (_SERVER, _CLIENT):
        subprocess.run(["ip", "netns", "delete", each], check=False, stderr=subprocess.DEVNULL)
    shutil.rmtree(Path("/etc/netns") / _CLIENT, ignore_errors=True)


def check_https(container: Container, folder: Path) -> None:
    """HTTPS under the container's name, with the SDKs as they are."""
    with container.running("--tls-name", NAME):
        client("curl", "-sS", "--fail", "--cacert", str(container.data / "ca.pem"), f"https://{NAME}:8443/-/ready")
        print()
        lines = container.output("osimages", "env", "--shell", "dotenv")
        found = dict(line.partition("=")[::2] for line in lines.splitlines())
        assert found["OSIMAGES_URL"] == f"https://{NAME}:8443", found["OSIMAGES_URL"]
        container.output("test", "-f", found["SSL_CERT_FILE"], "-a", "-f", found["AZURE_FEDERATED_TOKEN_FILE"])
        print("ok: osimages env prints the public address, and paths that exist in the container")
        osimages = f"{shlex.quote(sys.executable)} -m osimages"
        setup = f'eval "$({osimages} env --from https://{NAME}:8443 --data-dir {shlex.quote(str(folder))}/client)"'
        for credential in ("DefaultAzureCredential", "ManagedIdentityCredential", "EnvironmentCredential"):
            authority = "export AZURE_TENANT_ID=adfs; " if credential == "EnvironmentCredential" else ""
            program = f"{shlex.quote(sys.executable)} -m tests.sdk.cloud_program {credential}"
            shown = json.loads(client("sh", "-euc", f"{setup}; {authority}{program}"))
            assert shown["count"] > 0, shown
            print(f"ok: {credential} and the SDK for Python counted {shown['count']} images over https://{NAME}:8443")
        node = ROOT / "tests" / "node"
        if shutil.which("node") is not None and (node / "node_modules").is_dir():
            shown = json.loads(
                client("sh", "-euc", f"{setup}; cd {node}; node cloud_program.mjs DefaultAzureCredential")
            )
            print(f"ok: the client for JavaScript counted {shown['count']} images")


def check_http(container: Container) -> None:
    """Plain HTTP, for curl and the like."""
    with container.running("--http"):
        client("curl", "-sS", "--fail", f"http://{NAME}:8443/-/ready")
        print("\nok: plain HTTP")


def client(*command: str) -> str:
    """What a command prints in the client's network namespace."""
    values = {name: value for name, value in os.environ.items() if not name.startswith(("OSIMAGES_", "AZURE_"))}
    inside = ["ip", "netns", "exec", _CLIENT, *command]
    done = subprocess.run(inside, cwd=ROOT, env=values, stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout[:200] if command[0] == "curl" else "", end="")
    return done.stdout


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


if __name__ == "__main__":
    main()
