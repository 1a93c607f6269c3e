"""Recognises editions of Windows as people, systems and translations write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from osimages.windows.checks.answers import Family
from osimages.windows.servicing import Servicing

_LONGEST_EDITION = 512
# Editions repeat: of 100,000 devices few are distinct. A text is at most as long as a cell that is read.
_MOST_CACHED = 1024


class NamedEdition(msgspec.Struct, frozen=True):
    """An edition that a text names.

    `servicing` is None for editions of servers: their group follows from the release. `is_semi_annual` is known from
    the editions that only the Semi-Annual Channel of Windows Server has. `is_azure_stack` is Azure Stack HCI, whose
    builds Windows Server shares.
    """

    family: Family
    servicing: Servicing | None = None
    is_multi_session: bool = False
    is_semi_annual: bool = False
    is_azure_stack: bool = False


_PRO = NamedEdition(Family.CLIENT, Servicing.HOME_PRO)
_ENTERPRISE = NamedEdition(Family.CLIENT, Servicing.ENTERPRISE)
_MULTI_SESSION = NamedEdition(Family.CLIENT, Servicing.ENTERPRISE, is_multi_session=True)
_LTSC = NamedEdition(Family.CLIENT, Servicing.LTSC)
_IOT_LTSC = NamedEdition(Family.CLIENT, Servicing.IOT_LTSC)
_SE = NamedEdition(Family.CLIENT, Servicing.SE)
_SERVER = NamedEdition(Family.SERVER)
_SEMI_ANNUAL = NamedEdition(Family.SERVER, is_semi_annual=True)
_AZURE_STACK = NamedEdition(Family.SERVER, is_azure_stack=True)
_TEAM = NamedEdition(Family.TEAM, Servicing.TEAM)
_HOLOGRAPHIC = NamedEdition(Family.HOLOGRAPHIC, Servicing.HOLOGRAPHIC)
_IOT_CORE = NamedEdition(Family.IOT_CORE, Servicing.IOT_CORE)
_PE = NamedEdition(Family.PE)


def _numbered(numbers: str, edition: NamedEdition) -> dict[str, NamedEdition]:
    return dict.fromkeys(numbers.split(), edition)


# OperatingSystemSKU of Win32_OperatingSystem, decimal:
# https://learn.microsoft.com/windows/win32/api/sysinfoapi/nf-sysinfoapi-getproductinfo
_SKU_NUMBERS: Mapping[str, NamedEdition] = {
    **_numbered("48 49 98 99 100 101 103 138 139 161 162 164 165 178 179", _PRO),
    **_numbered("4 27 70 72 84 121 122 140 141 171 172 188 206", _ENTERPRISE),
    "175": _MULTI_SESSION,
    **_numbered("125 126 129 130", _LTSC),
    **_numbered("191 205 207", _IOT_LTSC),
    **_numbered("202 203", _SE),
    "406": _AZURE_STACK,
    "119": _TEAM,
    **_numbered("135 136", _HOLOGRAPHIC),
    **_numbered("123 131", _IOT_CORE),
    **_numbered("145 146", _SEMI_ANNUAL),
    **_numbered("7 8 9 10 12 13 14 15 17 18 20 21 22 23 24 25 29 33 34 36 37 38 39 40 41 42 43 44 45 46 50", _SERVER),
    **_numbered("51 52 53 54 55 56 59 60 61 62 63 64 76 77 79 80 95 96 120 143 144 147 148 159 160", _SERVER),
    **_numbered("168 169 407 408 409", _SERVER),
}

# Parts of words in the languages that Windows is translated into; one after "=" has to be a whole word, "_" is a space.
# Where an edition keeps its English name in a language, nothing is listed. Accents and case do not matter.
_PRO_WORDS = """
    profession profesion profissional professionnel profesjonal professzion profesyonel profesional =ammatti
    професс професио професій професионал 专业 專業 プロ 프로 전문 επαγγελμ محترف احتراف =برو מקצוע มืออาชีพ
    =chuyên_nghiệp =business =lietišķ
"""
_HOME_WORDS = """
    =home =homen =core =coren coresinglelanguage corecountryspecific singlelanguage =famille =familiale =familial =hogar
    =casa =domácí =domácnosti =domácnost =domowa =domowy otthon домашн хатн 家庭 家用 ホーム 홈 가정 οικιακ المنزل منزلي
    ביתי לבית =ev =hem =hjem =hjemme =thuis =koti =acasă =gia_đình =rumah บ้าน =kodu =namų =mājas =dom =početna =domača
    =domov =etxea =llar =fogar
"""
_EDUCATION_WORDS = """
    educa eduka istruzione bildung vzděláv vzdeláv oktatás eğitim utbildning uddannelse utdanning onderwijs koulutus
    opetus образова учебн освіт осві 教育 교육 εκπαίδευ تعليم חינוך การศึกษา =giáo_dục pendidikan obrazov izobraž izglīt
    švietim haridus =ensino =enseñanza hezkuntza
"""
_ENTERPRISE_WORDS = """
    enterprise entreprise unternehmen =empresa =empresas empresarial corporativ corporate aziend =impresa =imprese
    корпоратив підприємств предприяти предузећ 企业 企業 エンタープライズ 엔터프라이즈 기업 kurumsal vállalat
    przedsiębiorst podnik =firemní företag virksomhed bedrift ondernem yritys întreprinder επιχειρ εταιρ مؤسس ארגונ
    องค์กร =doanh_nghiệp perusahaan poduzeć podjetj preduzeć uzņēmum ettevõt =įmonė =įmonės =fyrirtæki =enpresa
"""
_MULTI_SESSION_WORDS = """
    multi-session multi_session multisession multi-sesión multi-sesja mehrfachsitzung serverrdsh server_rdsh
    virtual_desktops virtuelle_desktops 多会话 多會話 多重工作階段 マルチセッション 다중_세션 мультисеанс многосеанс
"""
_LONG_TERM_WORDS = "ltsc ltsb долгосрочн довгострок 长期 長期"
_HOLOGRAPHIC_WORDS = "holographic hololens голографич 全息 ホログラフィック"
_DATACENTER_WORDS = "数据中心 資料中心 數據中心 データセンター 데이터센터 데이터_센터 центр_обработки_данных"


def fold(text: str) -> str:
    """Return a text in lower case and without accents, to be compared with words."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text).lower()
    return unicodedata.normalize("NFC", "".join(each for each in parts if not unicodedata.combining(each)))


def _words(words: str) -> re.Pattern[str]:
    found = []
    for word in words.split():
        escaped = re.escape(fold(word.removeprefix("=")).replace("_", " ")).replace("\\ ", r"\W*")
        found.append(rf"(?<!\w){escaped}(?!\w)" if word.startswith("=") else escaped)
    return re.compile("|".join(found))


_IS_PRO = re.compile(
    rf"{_words(_PRO_WORDS).pattern}|(?<!\w)pron?(?!\w)|(?<!\w)pro(?=\W*(?:for\W*)?(?:education|workstation))"
)
_IS_HOME, _IS_EDUCATION, _IS_ENTERPRISE = _words(_HOME_WORDS), _words(_EDUCATION_WORDS), _words(_ENTERPRISE_WORDS)
_IS_MULTI_SESSION, _IS_HOLOGRAPHIC = _words(_MULTI_SESSION_WORDS), _words(_HOLOGRAPHIC_WORDS)
_IS_LONG_TERM = re.compile(rf"{_words(_LONG_TERM_WORDS).pattern}|enterprise\W*sn?\b|enterprises(?:n|k)?(?:eval)?\b")
_IS_IOT = re.compile(r"(?<![a-z])iot")
# Windows.IoT, Windows.Team, Windows.Holographic: DeviceFamily of Windows.System.Profile.AnalyticsInfo.
_IS_IOT_CORE = re.compile(r"(?<![a-z])iot\W*(?:core|uap)|windows\.iot\b")
_IS_TEAM = re.compile(r"\bppi\W*pro|surface\W*hub|windows(?:\W*1[01]\W*|\.)team\b|^\W*team\W*$")
_IS_PE = re.compile(r"\bwin(?:dows)?\W*pe\b|preinstallation")
_IS_SE = re.compile(r"windows\W*11\W*se\b|\bcloud\W*editionn?\b|^\W*se\W*$")
_IS_S_MODE = re.compile(r"windows\W*10\W*sn?\b|^\W*cloudn?\W*$")
_IS_SEMI_ANNUAL = re.compile(r"server(?:standard|datacenter)acor")
_IS_SERVER_EDITION = re.compile(
    r"\bserver(?!\W*rdsh)[a-z]+|\bdata\W?center|\bessentials\b|azure\W*edition|hyper-?v server"
    r"|server\b.*\bstandard\b"
    r"|^\W*standard(?:\W*(?:edition|eval\w*|core))?\W*$|^\W*(?:标准|標準|スタンダード|표준|стандарт)\w*\W*$|"
    + _words(_DATACENTER_WORDS).pattern
)


@lru_cache(_MOST_CACHED)
def named_edition(text: str) -> NamedEdition | None:
    """Return the edition that a text names, or None.

    Reads Graph's `professionalN`, Intune's SKU family `Pro`, EditionID (`EnterpriseS`, `ServerDatacenter`), the number
    of OperatingSystemSKU (`48`), captions in many languages (`Microsoft Windows 11 Entreprise`, `专业版`), and the
    groups' own names (`Home/Pro`).
    """
    stripped = text.strip()[:_LONGEST_EDITION].removesuffix(".0")  # a number of a spreadsheet
    if stripped in _SKU_NUMBERS:
        return _SKU_NUMBERS[stripped]
    if stripped in _GROUP_NAMES:
        return _GROUP_NAMES[stripped]
    folded = fold(stripped)
    return _special(folded) or _client(folded)


def _special(folded: str) -> NamedEdition | None:
    """Return editions that are no PC, and servers."""
    if _IS_HOLOGRAPHIC.search(folded):
        return _HOLOGRAPHIC
    if _IS_TEAM.search(folded):
        return _TEAM
    if _IS_IOT_CORE.search(folded):
        return _IOT_CORE
    if _IS_PE.search(folded):
        return _PE
    if _IS_SE.search(folded):
        return _SE
    if _IS_MULTI_SESSION.search(folded):
        return _MULTI_SESSION
    if _IS_SEMI_ANNUAL.search(folded):
        return _SEMI_ANNUAL
    return _SERVER if _IS_SERVER_EDITION.search(folded) else None


def _client(folded: str) -> NamedEdition | None:
    if _IS_LONG_TERM.search(folded):
        return _IOT_LTSC if _IS_IOT.search(folded) else _LTSC
    is_pro = _IS_PRO.search(folded) is not None
    # Pro Education and Pro for Workstations end with Pro.
    if not is_pro and (_IS_ENTERPRISE.search(folded) or _IS_EDUCATION.search(folded)):
        return _ENTERPRISE
    if is_pro and _IS_ENTERPRISE.search(folded):
        return _ENTERPRISE
    return _PRO if is_pro or _IS_HOME.search(folded) or _IS_S_MODE.search(folded) else None


_GROUP_NAMES: Mapping[str, NamedEdition] = {
    Servicing.HOME_PRO: _PRO,
    Servicing.ENTERPRISE: _ENTERPRISE,
    Servicing.LTSC: _LTSC,
    Servicing.IOT_LTSC: _IOT_LTSC,
    Servicing.SE: _SE,
    Servicing.TEAM: _TEAM,
    Servicing.HOLOGRAPHIC: _HOLOGRAPHIC,
    Servicing.IOT_CORE: _IOT_CORE,
    Servicing.SERVER_LTSC: _SERVER,
    Servicing.SERVER_ANNUAL: _SERVER,
    Servicing.SERVER_SEMI_ANNUAL: _SEMI_ANNUAL,
}
