"""Asks the server of this container whether it is ready: exit code 0 if it is, 1 if not. For HEALTHCHECK."""

import json
import os
import ssl
import sys
import urllib.request
from pathlib import Path

_TIMEOUT_SECONDS = 4


def main() -> str | None:
    """Return why the server is not ready; None if it is."""
    try:
        url = json.loads((Path(os.environ["OSIMAGES_DATA_DIR"]) / "server.json").read_bytes())["url"]
        # Nothing leaves this container, and a certificate of the owner's does not hold `localhost`.
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        address = f"{url}/-/ready"
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS, context=trust):  # noqa: S310 (the server's own)
            return None
    except (OSError, ValueError, LookupError) as error:
        return str(error)


if __name__ == "__main__":
    sys.exit(main())
