"""Recognises what a column holds from its heading, in the words of the tools that write exports."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_WORD_STARTS = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_LETTERS = re.compile(r"[\W_]+")
_DEVICE_WORD = re.compile(r"^(?:computer|device|machine|host|asset|endpoint|pc|u)(?!name$)(?=.)")
_LAST_DIGITS = re.compile(r"\d+$")


def _without_accents(text: str) -> str:
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text).lower()
    return unicodedata.normalize("NFC", "".join(each for each in parts if not unicodedata.combining(each)))


def _folded_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern, without upper-case escapes, that matches folded headings."""
    return re.compile(_without_accents(pattern))


# Headings as letters and digits alone, in lower case and without digits at their end, the best one first: of Intune's
# console, of Graph, Configuration Manager's columns and views (which end with 0), Defender, Active Directory, WMI,
# Get-ComputerInfo, Lansweeper, osquery and ServiceNow.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "build": (
        *("buildext", "deviceosbuild", "osversion", "osbuildversion", "operatingsystemversion", "osbuild"),
        *(
            "osbuildnumber",
            "operatingsystembuild",
            "operatingsystembuildnumber",
            "buildversion",
            "build",
            "buildnumber",
        ),
        *("currentbuildnumber", "currentbuild", "windowsbuild", "windowsbuildnumber", "fullbuild", "oscode"),
        *("windowsversion", "version", "operatingsystemnameandversion", "caption", "os", "operatingsystem"),
    ),
    "revision": ("ubr", "windowsubr", "osubr", "osrevisionnumber", "osrevision", "buildrevision", "revision", "rev"),
    "version": (
        *(
            "displayversion",
            "osdisplayversion",
            "windowsdisplayversion",
            "releaseid",
            "windowsreleaseid",
            "windowsversion",
        ),
        *("featureupdateversion", "osreleaseid", "release", "osversion", "version", "operatingsystemversion"),
    ),
    "edition": (
        *(
            "skufamily",
            "edition",
            "osedition",
            "windowsedition",
            "operatingsystemedition",
            "editionid",
            "windowseditionid",
        ),
        *("ossku", "osskuname", "operatingsystemsku", "sku", "editiontype", "compositioneditionid", "osskufamily"),
    ),
    "system": (
        *("osname", "operatingsystem", "operatingsystemname", "operatingsystemnameandversion", "caption", "oscaption"),
        *("operatingsystemnameand", "os", "osplatform", "ostype", "osdistribution", "osfamily", "windowsproductname"),
        *("productname", "osproductname", "platform", "name"),
    ),
    "product_type": ("producttype", "osproducttype", "windowsproducttype"),
    "installation_type": ("installationtype", "windowsinstallationtype", "osinstallationtype"),
    "sku": (
        "operatingsystemsku",
        "osoperatingsystemsku",
        "osskunumber",
        "skunumber",
        "ossku",
        "operatingsystemskunumber",
    ),
    "lab": ("buildlabex", "windowsbuildlabex", "osbuildlabex", "buildlab", "oshardwareabstractionlayer"),
}
# Versions of something else than the operating system, and builds that the device does not run now.
NOT_THE_SYSTEM = re.compile(
    r"client|agent|bios|firmware|minimum|maximum|(?:^|os)(?:min|max)|target|required|desired|previous|prior|last(?:os)?build"
    r"|original|install(?:ed)?(?:os)?(?:build|version)|office|browser|edge|powershell|ps(?:compatible)?version|driver|"
    r"\bapp|antivirus|defender|sense|engine|signature|wua|updateagent|hypervisor|abstraction|firefox|chrome|"
    r"internetexplorer|dotnet|framework|schema|currentversion$|policy|baseline|compliant|expected|latest|newest|pending"
)
# Columns of the time at which a device was last seen, the best ones first.
LAST_SEEN = (
    re.compile(
        r"last(?!eas).*(?:sync|check|seen|contact|online|activ|connect|communic|heartbeat|report)|lastdeviceupdate"
    ),
    re.compile(
        r"last.*(?:log_?on|sign_?in|login|ddr|policy|scan|inventory|hardware|update|refresh|poll)|^lastseen|^seen"
    ),
)
NOT_LAST_SEEN = re.compile(r"eas|boot|reboot|start|enrol|install|password|pwd|user(?!log)|created|error|patch")
# "Last" in many languages: of a column whose values are dates.
LAST = _folded_pattern(
    r"last|letzt|zuletzt|derni|ultim|laatst|senast|sidst|\bsiste?|viimei|ostatn|poslední|posledn|naposl|останн|последн|"
    r"最終|最后|最後|上次|最近|마지막|최근|\bson\b|utols|τελευτα|أخر|آخر|אחרו|ล่าสุด|cuối|terakhir|zadnj|pēdēj|paskutin|viimane"
)
_DEVICE = (
    r"device|gerat|dispositiv|appareil|peripher|apparaa?t|enhe[dt]|laite|laittee|urzadz|zariaden|zarizen|устройств|пристр"
    r"|设备|設備|裝置|装置|デバイス|端末|기기|장치|디바이스|cihaz|aygit|eszkoz|συσκευ|جهاز|מכשיר|อุปกรณ"
    r"|thiet ?bi|perangkat|uredaj|naprav|ierice|ireng|seade|computer|machine|asset|host|maskin"
    r"|ordinateur|rechner|ordenador|komputer|pocitac"
)
_SERIAL = (
    r"serial|serien|\bserie|\bserio|numerodeserie|seriove|seryjn|sarja|sorozat|серийн|серійн|сериен|序列|シリアル|製造番号|일련|シリ"
    r"|\bserijsk|seri no|serino|seri numaras|σειριακ|تسلسلي|ซีเรียล|סידורי|so se-?ri|\bsn$|^sn\b|service ?tag"
)
_ID = (
    r"kennung|identif|identyf|azonosito|tunnus|tunniste|αναγνωριστ|идентиф|ідентиф|标识|標識|标识|识别|識別|식별|מזהה|معرف|รหัส"
    r"|kimligi|kimlik"
)
DEVICE_ID = _folded_pattern(
    rf"^(?:aad|azuread|entra|entraid|azureactivedirectory|microsoftentra)?deviceid$|^id$|^managed?deviceid$|^objectguid$"
    rf"|^objectsid$|^resourceid$|^smsuniqueidentifier$|^sysid$|^uuid$|^hardwareuuid$|^(?:asset|computer|machine|host)id$"
    rf"|^(?:intune|mdm)deviceid$|^zdid$|(?:{_DEVICE}).*(?:id$|guid$|{_ID})|(?:id|{_ID}).*(?:{_DEVICE})"
)
NOT_DEVICE_ID = _folded_pattern(
    r"user|owner|tenant|polic|group|manag(?:ement|ed)by|agent|categor|account|registered|subscriber|model|type|site|profile"
    r"|location|company|domain|assignment|compliance|action|benutzer|utilisat|usuario|usuari|utente|gebruiker|anvandar|bruger"
    r"|bruker|kayttaj|uzytkow|uzivatel|pouzivatel|пользоват|користув|用户|使用者|ユーザ|사용자|kullanic|felhasznal|χρηστ|ผู้ใช้|משתמש|مستخدم"
)
_NAME = "name|nom|naam|namn|navn|nimi|nazw|nazev|nazov|nev|ad[iı]|имя|имени|назв|名|이름|اسم|שם|ชือ|ten|ονομα"
DEVICE_NAME = _folded_pattern(
    rf"^(?:cs|ps ?computer|dns ?host|net ?bios|pc|u)?name$|hostname|computername|^cn$|(?:{_DEVICE}).*(?:{_NAME})"
    rf"|(?:{_NAME}).*(?:{_DEVICE})"
)
SERIAL = _folded_pattern(_SERIAL)
NOT_SERIAL = re.compile(r"bios|tpm|disk|drive|mac|battery|monitor|sim|number of|version")


@lru_cache(maxsize=8192)
def joined(name: str) -> str:
    """Return a heading as letters alone, in lower case, without accents and without digits at its end."""
    return _LAST_DIGITS.sub("", _NO_LETTERS.sub("", folded(name)))


@lru_cache(maxsize=8192)
def folded(name: str) -> str:
    """Return a heading in lower case, without accents, its words apart."""
    return _without_accents(_WORD_STARTS.sub(" ", name[:256].strip()))


def rank(role: str, name: str) -> int:
    """Return how well a heading is known for a role: 0 is the best place; as many as there are where it is not known.

    Of a dotted name (`hardwareInformation.osBuildNumber`, `cmdb_ci_computer.os_version`) the last part counts, of
    `Computer O/S` what follows the word for the device.
    """
    headings = HEADINGS[role]
    last = joined(name.rpartition(".")[2])
    for text in (joined(name), last, _DEVICE_WORD.sub("", last)):
        if text in headings:
            return headings.index(text)
    return len(headings)


def is_known(role: str, name: str) -> bool:
    """Return whether a heading is one of those that are known for a role."""
    return rank(role, name) < len(HEADINGS[role])


def last_seen_rank(name: str) -> int | None:
    """Return how well a heading says that a column has the time at which a device was last seen; None: not at all."""
    text = joined(name)
    if NOT_LAST_SEEN.search(text):
        return None
    for place, pattern in enumerate(LAST_SEEN):
        if pattern.search(text):
            return place
    return len(LAST_SEEN) if LAST.search(folded(name)) else None
