"""The device authorization endpoint: starts the sign-in of a device that has no browser."""

from __future__ import annotations

import secrets

from osimages.entra.emulator.calls import Call
from osimages.entra.emulator.encrypted_tokens import Device
from osimages.entra.emulator.forms import required
from osimages.entra.emulator.grants import DEVICE_SECONDS, POLL_SECONDS
from osimages.entra.emulator.request_context import tenant_of
from osimages.entra.emulator.shared_state import PendingDevice

# No vowels, so that no words come out, and nothing that looks like something else.
_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_CODE_LENGTH = 9


def authorize_device(call: Call) -> dict[str, object]:
    """Return the codes of a device (RFC 8628, section 3.2). Raises EntraError."""
    context, form = call.context, call.form
    tenant = tenant_of(call.tenant, context.directory)
    application = context.application(required(form, "client_id"), tenant)
    asked = context.asked(required(form, "scope"), application, tenant)
    moment = context.now.timestamp()
    while True:
        code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
        waiting = PendingDevice(code, application.id, tenant or "", asked.text, None, "pending")
        if context.state.add_device(waiting, moment + DEVICE_SECONDS, moment):
            break
    page = f"{context.origin}/devicelogin"
    device = Device(code, application.id, tenant or "", asked.text, form.get("claims"))
    return {
        "user_code": code,
        "device_code": context.sealer.seal(device, context.now),
        "verification_uri": page,
        "verification_url": page,
        "expires_in": DEVICE_SECONDS,
        "interval": POLL_SECONDS,
        "message": f"To sign in, use a web browser to open the page {page} and enter the code {code} to authenticate.",
    }
