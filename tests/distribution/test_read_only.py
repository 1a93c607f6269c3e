"""A server on a read-only file system, as the container's user, without capabilities: no network, no image.

`make container-check` does this with the image's own file system. Here this machine's folders are mounted read-only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USER = "10001"
VOLUME = "/var/lib/osimages"
_NEEDED = ("unshare", "chroot", "setpriv", "ip")
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not all(map(shutil.which, _NEEDED)), reason="needs Linux and root"
)

_ENTER = """
set -eu
for each in $BINDS; do
  mount --bind "$each" "$ROOTFS$each"
  mount -o remount,bind,ro "$ROOTFS$each"
done
mount --bind "$ROOTFS" "$ROOTFS.bound"
for each in $BINDS; do mount --move "$ROOTFS$each" "$ROOTFS.bound$each"; done
mount --bind "$DATA" "$ROOTFS.bound$VOLUME"
mount --rbind /dev "$ROOTFS.bound/dev"
mount -t proc proc "$ROOTFS.bound/proc"
mount -o remount,bind,ro "$ROOTFS.bound"
ip link set lo up
exec chroot "$ROOTFS.bound" /usr/bin/setpriv --reuid="$WHO" --regid="$WHO" --clear-groups --bounding-set=-all \\
  --inh-caps=-all --no-new-privs /usr/bin/env -i OSIMAGES_DATA_DIR="$VOLUME" PYTHONDONTWRITEBYTECODE=1 \\
  PATH=/usr/bin:/bin /bin/sh -euc "$INSIDE"
"""
_INSIDE = """
for each in / /usr /tmp {prefix}; do ! touch "$each/file" 2> {volume}/log || exit 8; done
{python} -m osimages serve --port 0 --host 0.0.0.0 --expose-development --empty 2> {volume}/log &
server=$!
until {python} {root}/deploy/healthcheck.py 2> {volume}/health; do kill -0 $server || exit 9; done
{python} -m osimages env --shell dotenv | grep -c OSIMAGES_TOKEN
kill -TERM $server
wait $server
id -u
"""


def test_it_writes_to_its_data_directory_alone(tmp_path: Path) -> None:
    rootfs, data = tmp_path / "rootfs", tmp_path / "data"
    machine = [Path("/usr"), Path("/etc"), *(Path(f"/{each}") for each in ("bin", "lib", "lib64"))]
    binds = [each for each in machine if each.is_dir() and not each.is_symlink()]
    used = [Path(sys.base_prefix), Path(sys.prefix), ROOT / "src", ROOT / "deploy"]
    binds += [each for each in used if not each.is_relative_to("/usr")]
    for each in (*binds, Path("/dev"), Path("/proc"), Path("/tmp"), Path(VOLUME)):
        (rootfs / each.relative_to("/")).mkdir(parents=True, exist_ok=True)
    for each in machine:
        if each.is_symlink():
            (rootfs / each.name).symlink_to(each.readlink())
    (tmp_path / "rootfs.bound").mkdir()
    data.mkdir(mode=0o700)
    os.chown(data, int(USER), int(USER))
    said = {"root": ROOT, "python": sys.executable, "prefix": sys.prefix, "volume": VOLUME}
    given = {
        "ROOTFS": str(rootfs),
        "DATA": str(data),
        "VOLUME": VOLUME,
        "WHO": USER,
        "BINDS": " ".join(map(str, binds)),
    }
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", _ENTER],
        env=os.environ | given | {"INSIDE": _INSIDE.format(**said)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    log = (data / "log").read_text() if (data / "log").exists() else ""
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{log}"
    listening, tokens, user = done.stdout.split("\n", 2)
    assert listening.startswith("Listening on https://localhost:")
    assert (tokens, user.strip()) == ("1", USER)
