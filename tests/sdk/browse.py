"""The browser that a library opens (the variable BROWSER names it): signs in as the person that SIGN_IN_AS names."""

from __future__ import annotations

import os
import sys

from playwright.sync_api import expect

from tests.support.chromium import chromium, patient_context


def main(address: str) -> None:
    """Opens an address, picks the account, agrees, and waits until the program has the answer."""
    with chromium() as browser, patient_context(browser) as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_role("button", name=os.environ["SIGN_IN_AS"]).click()
        # What libraries show once they have the code.
        done = page.get_by_text("Authentication complet")
        consent = page.get_by_role("heading", name="Permissions requested")
        expect(done.or_(consent)).to_be_visible()
        if consent.is_visible():
            page.get_by_role("button", name="Accept").click()
        expect(done).to_be_visible()


if __name__ == "__main__":
    main(sys.argv[1])
