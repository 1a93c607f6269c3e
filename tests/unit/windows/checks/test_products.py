"""Names of operating systems: Windows and its servers without regard to spaces, and systems of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.checks.products import NamedProduct, Product, is_windows, named_product, other_system


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("Windows 11", Product.CLIENT, "Windows 11"),
        ("Windows11", Product.CLIENT, "Windows 11"),
        ("Microsoft Windows 10 Enterprise 2016 LTSB", Product.CLIENT, "Windows 10"),
        ("W10-22H2", Product.CLIENT, "Windows 10"),
        ("Win_11_Pro", Product.CLIENT, "Windows 11"),
        ("Майкрософт Windows 10 Корпоративная", Product.CLIENT, "Windows 10"),
        ("Windows 8.1 Pro", Product.CLIENT, "Windows 8.1"),
        ("Windows 7", Product.CLIENT, "Windows 7"),
        ("WindowsServer2019", Product.SERVER, "Windows Server 2019"),
        ("Windows Server 2022 Datacenter", Product.SERVER, "Windows Server 2022"),
        ("Win 2019", Product.SERVER, "Windows Server 2019"),
        ("Win2016", Product.SERVER, "Windows Server 2016"),
        ("WS2025", Product.SERVER, "Windows Server 2025"),
        ("Windows Server IoT 2022", Product.SERVER, "Windows Server 2022"),
        ("WIN_SRV_2019", Product.SERVER, "Windows Server 2019"),
        ("Windows Serv 2022", Product.SERVER, "Windows Server 2022"),
        ("Windows Server (R) 2019 Standard", Product.SERVER, "Windows Server 2019"),
        ("Windows(R) Server(R) 2016", Product.SERVER, "Windows Server 2016"),
        ("Microsoft(R) Windows(TM) 11 Pro", Product.CLIENT, "Windows 11"),
        ("Server 2012 R2", Product.SERVER, "Windows Server 2012 R2"),
        ("w2k16", Product.SERVER, "Windows Server 2016"),
        ("W2K8R2", Product.SERVER, "Windows Server 2008 R2"),
        ("Windows Server", Product.SERVER, ""),
        ("Microsoft Windows Server Datacenter", Product.SERVER, ""),
        ("Windows Server, version 23H2", Product.SERVER, "Windows Server, version 23H2"),
        ("Windows Server 1809", Product.SERVER, "Windows Server, version 1809"),
        ("Windows Server 2004", Product.SERVER, "Windows Server, version 2004"),
        ("Microsoft Windows NT Server 10.0", Product.NT_SERVER, ""),
        ("Microsoft Windows NT Workstation 10.0", Product.NT_WORKSTATION, ""),
        ("Azure Stack HCI", Product.AZURE_STACK, ""),
    ],
)
def test_products_of_microsoft(text: str, kind: Product, name: str) -> None:
    assert named_product(text) == NamedProduct(kind, name)
    assert other_system(text) is None


@pytest.mark.parametrize(
    "text", ["", "x64", "Unknown", "SQL Server", "26100.9445", "24H2", "Windows", "Pro", "10.0 (26100)"]
)
def test_no_product(text: str) -> None:
    assert named_product(text) is None
    assert other_system(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("macOS", "macOS"),
        ("Mac OS X", "macOS"),
        ("MacMDM", "macOS"),
        ("Darwin", "macOS"),
        ("iOS/iPadOS", "iOS/iPadOS"),
        ("iOS", "iOS"),
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Android (personally-owned work profile)", "Android"),
        ("AndroidForWork", "Android"),
        ("Linux", "Linux"),
        ("Ubuntu", "Linux"),
        ("RedHatEnterpriseLinux", "Linux"),
        ("ChromeOS", "ChromeOS"),
        ("Windows Phone", "Windows Phone"),
        ("WindowsPhone", "Windows Phone"),
        ("Windows 10 Mobile Enterprise", "Windows Phone"),
        ("Windows10Mobile", "Windows Phone"),
        ("VMware ESXi 8", "VMware ESXi"),
    ],
)
def test_systems_of_others(text: str, name: str) -> None:
    assert other_system(text) == name


def test_windows_is_none_of_them() -> None:
    assert is_windows("Windows 11 Enterprise")
    assert not is_windows("Darwin")
    assert not is_windows("macOS")


@given(st.text(max_size=80))
def test_no_text_makes_it_fail(text: str) -> None:
    named_product(text)
    other_system(text)
