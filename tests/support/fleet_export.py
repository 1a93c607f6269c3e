"""Makes realistic device exports of any size, always the same for the same seed: what consoles really write."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from datetime import date

from osimages.windows.facts import bundled

# The columns of Intune's export "Devices with inventory", and one row's worth of what stands in them.
INTUNE_COLUMNS = (
    *("Device ID", "Device name", "Enrollment date", "Last check-in", "Azure AD Device ID", "OS version"),
    *("Azure AD registered", "EAS activation ID", "Serial number", "Manufacturer", "Model", "EAS activated", "IMEI"),
    *("Last EAS sync time", "EAS reason", "EAS status", "Compliance grace period expiration", "Security patch level"),
    *("Wi-Fi MAC", "MEID", "Subscriber carrier", "Total storage", "Free storage", "Management name", "Category"),
    *("UserId", "Primary user UPN", "Primary user email address", "Primary user display name", "WiFiIPv4Address"),
    *("WiFiSubnetID", "Compliance", "Managed by", "Ownership", "Device state", "Intune registered", "Supervised"),
    *("Encrypted", "OS", "SkuFamily", "JoinType", "Phone number", "Jailbroken", "ICCID", "EthernetMAC"),
    *("CellularTechnology", "ProcessorArchitecture", "EID", "EnrollmentType", "PartnerFeaturesBitmask"),
)
_SKUS = ("Enterprise", "Enterprise", "Enterprise", "Pro", "Education", "Home", "EnterpriseS", "")
_OTHERS = (("iOS", "18.6.2"), ("Android", "16.0"), ("macOS", "26.1 (25B78)"))
_RELEASES = (
    "Windows 11 25H2",
    "Windows 11 24H2",
    "Windows 11 23H2",
    "Windows 10 22H2",
    "Windows 10 21H2",
    "Windows 10 1809",
    "Windows 11 26H2",
)
_SHARE = (34, 30, 9, 16, 2, 1, 8)
_UNKNOWN = ("10.0.27900.1000", "10.0.20348.3328", "", "unknown", "10.0.26100.0")


def devices(count: int, seed: int = 7, until: date = date(2026, 11, 23)) -> Iterator[dict[str, str]]:
    """Devices as dictionaries of Intune's columns; most are near the newest build of their release."""
    rnd = random.Random(seed)
    builds = {
        each.id: [str(u.build) for u in each.updates if u.release_date is None or u.release_date <= until]
        for each in bundled().releases
    }
    for number in range(count):
        system, version, sku = "Windows", "", rnd.choice(_SKUS)
        if number % 50 == 49:
            system, version = rnd.choice(_OTHERS)
            sku = ""
        elif number % 400 == 13:
            version = rnd.choice(_UNKNOWN)
        else:
            known = builds[rnd.choices(_RELEASES, _SHARE)[0]]
            version = known[-1 - min(int(rnd.expovariate(0.35)), len(known) - 1)]
        yield _device(rnd, number, system, version, sku)


def _device(rnd: random.Random, number: int, system: str, version: str, sku: str) -> dict[str, str]:
    key = f"{rnd.getrandbits(128):032x}"
    user = f"user{number % 60_000}"
    row = dict.fromkeys(INTUNE_COLUMNS, "")
    row |= {
        "Device ID": f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}",
        "Device name": f"PC-{number:06}",
        "Enrollment date": "2025-03-17 08:12:44.0000000",
        "Last check-in": "2026-11-22 17:55:03.0000000",
        "OS version": version,
        "Serial number": key[:10].upper(),
        "Manufacturer": rnd.choice(("Dell Inc.", "LENOVO", "HP", "Microsoft Corporation, Surface")),
        "Model": rnd.choice(('Latitude 7450 14"', "21HM", "EliteBook 840", "Surface Pro")),
        "Total storage": "487104",
        "Free storage": str(rnd.randrange(400_000)),
        "Management name": f"{user}_Windows_3/17/2025_8:12 AM",
        "Primary user UPN": f"{user}@contoso.example",
        "Primary user display name": f"Müller, {user}",
        "Compliance": "Compliant",
        "Managed by": "Intune",
        "Ownership": "Corporate",
        "Encrypted": "True",
        "OS": system,
        "SkuFamily": sku,
        "ProcessorArchitecture": "x64",
    }
    return row


def intune_csv(count: int, seed: int = 7, delimiter: str = ",") -> str:
    """An export as Intune's console downloads it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, INTUNE_COLUMNS, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(devices(count, seed))
    return text.getvalue()


def graph_json(count: int, seed: int = 7) -> str:
    """The same devices as Graph's `GET /deviceManagement/managedDevices` gives them."""
    names = {
        "Device ID": "id",
        "Device name": "deviceName",
        "OS version": "osVersion",
        "OS": "operatingSystem",
        "SkuFamily": "skuFamily",
        "Serial number": "serialNumber",
        "Primary user UPN": "userPrincipalName",
    }
    value = [{new: each[old] for old, new in names.items()} for each in devices(count, seed)]
    return json.dumps(
        {"@odata.context": "https://graph.microsoft.com/beta/$metadata", "@odata.count": count, "value": value},
        indent=1,
    )


def graph_pages(count: int, size: int = 1_000, seed: int = 7) -> str:
    """The same devices on pages of Graph, one page a line, with members that Graph has and nobody needs here."""
    every = json.loads(graph_json(count, seed))["value"]
    more = {
        "managedDeviceOwnerType": "company",
        "complianceState": "compliant",
        "deviceActionResults": [],
        "roleScopeTagIds": ["0"],
        "configurationManagerClientEnabledFeatures": None,
        "deviceHealthAttestationState": {"lastUpdateDateTime": "Unknown", "bitLockerStatus": "on"},
    }
    context = "https://graph.microsoft.com/beta/$metadata#deviceManagement/managedDevices"
    lines = []
    for place in range(0, count, size):
        page: dict[str, object] = {"@odata.context": context, "@odata.count": size}
        if place + size < count:
            page["@odata.nextLink"] = (
                f"https://graph.microsoft.com/beta/deviceManagement/managedDevices?$skiptoken={place}"
            )
        lines.append(json.dumps(page | {"value": [each | more for each in every[place : place + size]]}))
    return "\n".join(lines)
