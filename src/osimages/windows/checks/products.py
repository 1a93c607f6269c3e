"""Recognises names of operating systems: Windows and its servers in every spelling, and systems of others."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from osimages.windows.checks.editions import fold

_OTHER_SYSTEMS = (
    ("iOS/iPadOS", r"\bios\W+ipados"),
    ("iPadOS", r"\bipad"),
    ("iOS", r"\bios\b|\biphone"),
    ("macOS", r"\bmac\W?(?:os|mdm)|\bos\W?x\b|\bdarwin|^\W*mac\W*$|\bmacintosh"),
    ("Android", r"\bandroid|^\W*aosp\b"),
    ("ChromeOS", r"chrome\W?os|\bchromium\W?os"),
    (
        "Linux",
        r"linux|ubuntu|debian|\bred\W?hat|\brhel\b|centos|fedora|\bsuse|\bsles\b|rocky|almalinux|\bamazon\b|\bgnu\b",
    ),
    ("tvOS", r"\btv\W?os\b"),
    ("visionOS", r"\bvision\W?os\b"),
    ("watchOS", r"\bwatch\W?os\b"),
    ("FreeBSD", r"bsd\b"),
    ("VMware ESXi", r"\besxi?\b|\bvmkernel"),
    ("Solaris", r"\bsolaris|\bsunos"),
    ("AIX", r"\baix\b"),
    ("HP-UX", r"\bhp-?ux\b"),
    ("Xbox", r"\bxbox"),
    ("Windows Phone", r"windows\W*(?:10\W*)?(?:phone|mobile|ce)\b"),
)
_OTHERS = re.compile("|".join(f"(?P<g{number}>{pattern})" for number, (_, pattern) in enumerate(_OTHER_SYSTEMS)))
_WINDOWS = re.compile(r"win(?:dows|\W*\d|32|nt\b)|\bhololens|\bw1[01]\b")
_MARKS = re.compile(r"\((?:r|c|tm)\)")
_PHONE = re.compile(r"windows\W*(?:10\W*)?(?:phone|mobile|ce)\b|\bxbox")

# `server` with Windows in some form before it, or at the start: "SQL Server" is none.
_SERVER = re.compile(
    r"(?:win(?:dows)?[\W_]*|\bms[\W_]*|microsoft[\W_]*|майкрософт[\W_]*|hyper-?v[\W_]*|^[\W_]*|"
    r"(?<=\d)[\W_]+)server(?![\W_]*rdsh)(?!\w*acor\b)"
)
_SERVER_YEAR = re.compile(
    r"(?:server|win(?:dows)?|(?<![a-z])(?:ws|srv|serv))[\W_]*(?:server|srv|serv)?[\W_]*(?:standard|datacenter|essentials|iot)?[\W_]*"
    r"(20(?!04|09)\d\d)(?:[\W_]*(r2)\b)?(?!\d)"
)
_SERVER_VERSION = re.compile(r"server[\W_]*(?:version[\W_]*)?(1709|1803|1809|1903|1909|2004|20h2|23h2)\b")
_SERVER_2K = re.compile(r"\bw(?:in)?2k(\d{1,2})(?:[\W_]*(r2)\b)?")
_NT_SERVER = re.compile(r"\bnt[\W_]*server")
_NT_WORKSTATION = re.compile(r"\bnt[\W_]*workstation|windows\.desktop\b")
_AZURE_STACK = re.compile(r"azure\W*stack\W*hci|azure\W*local|serverazurestackhci")
_CLIENT = re.compile(r"\bw(?:in(?:dows)?)?[\W_]*(10|11)(?!\d|\.[1-9]|\.0\.\d)")
_OLD_CLIENT = re.compile(r"win(?:dows)?[\W_]*(7|8\.1|8|xp|vista)(?![\w.]*\d)")
_LONG_TERM = re.compile(r"lts[bc]")


class Product(StrEnum):
    """The kind of product that a name is of."""

    CLIENT = "client"
    SERVER = "Server"
    NT_SERVER = "NT Server"  # what inventories print for servers, and for multi-session Enterprise
    NT_WORKSTATION = "NT Workstation"
    AZURE_STACK = "Azure Stack HCI"


class NamedProduct(msgspec.Struct, frozen=True):
    """A product that a text names; `name` is as in the catalogue: "Windows 11", "Windows Server 2019"; or empty."""

    kind: Product
    name: str = ""


def named_product(text: str) -> NamedProduct | None:
    """Return the product of Microsoft that a text names, or None."""
    folded = _MARKS.sub(" ", fold(text))
    if _AZURE_STACK.search(folded):
        return NamedProduct(Product.AZURE_STACK)
    if _NT_SERVER.search(folded):
        return NamedProduct(Product.NT_SERVER)
    if _NT_WORKSTATION.search(folded):
        return NamedProduct(Product.NT_WORKSTATION)
    return _server(folded) or _client(folded)


def other_system(text: str) -> str | None:
    """Return the name of an operating system that is not Windows for PCs or servers ("macOS", "Linux"), or None."""
    folded = fold(text)
    found = _OTHERS.search(folded)
    if found is None or (_WINDOWS.search(folded) and not _PHONE.search(folded)):
        return None
    return _OTHER_SYSTEMS[int((found.lastgroup or "g0")[1:])][0]


def is_windows(text: str) -> bool:
    """Return whether a text names Windows in any form."""
    return _WINDOWS.search(fold(text)) is not None


def _server(folded: str) -> NamedProduct | None:
    if _LONG_TERM.search(folded):
        return None
    year, short = _SERVER_YEAR.search(folded), _SERVER_2K.search(folded)
    if year is not None:
        return NamedProduct(Product.SERVER, f"Windows Server {year[1]}{' R2' if year[2] else ''}")
    if short is not None:
        return NamedProduct(Product.SERVER, f"Windows Server 20{int(short[1]):02}{' R2' if short[2] else ''}")
    if (version := _SERVER_VERSION.search(folded)) is not None:
        return NamedProduct(Product.SERVER, f"Windows Server, version {version[1].upper()}")
    return NamedProduct(Product.SERVER) if _SERVER.search(folded) else None


def _client(folded: str) -> NamedProduct | None:
    found, old = _CLIENT.search(folded), _OLD_CLIENT.search(folded)
    if found is not None:
        return NamedProduct(Product.CLIENT, f"Windows {found[1]}")
    if old is not None:
        return NamedProduct(Product.CLIENT, f"Windows {'XP' if old[1] == 'xp' else old[1].capitalize()}")
    return None
