"""Evidence: what an input says about the operating system of one device."""

from __future__ import annotations

import msgspec


class Evidence(msgspec.Struct, frozen=True):
    """The texts about one device, as the input has them; empty where it has none.

    `build` is a build, a version or a whole caption; `revision` the UBR of a column of its own; `version` a name such
    as "24H2"; `system` an operating system, product name or caption. `product_type`, `installation_type` and `sku` are
    ProductType, InstallationType and OperatingSystemSKU of Windows; `lab` is BuildLabEx. `esu` says which Extended
    Security Updates the device has. `build_is_number` says that `build` was a number in its file, which keeps no
    trailing zeros.
    """

    build: str = ""
    revision: str = ""
    edition: str = ""
    system: str = ""
    version: str = ""
    product_type: str = ""
    installation_type: str = ""
    sku: str = ""
    lab: str = ""
    esu: str = ""
    build_is_number: bool = False
