"""Editions in the spellings of systems and people, and in the languages of Windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.checks.answers import Family
from osimages.windows.checks.editions import NamedEdition, named_edition
from osimages.windows.facts import bundled
from osimages.windows.servicing import Servicing

HOME_PRO, ENTERPRISE, LTSC, IOT = (
    Servicing.HOME_PRO,
    Servicing.ENTERPRISE,
    Servicing.LTSC,
    Servicing.IOT_LTSC,
)


def servicing_of(text: str) -> Servicing | None:
    """Return the group of editions that a text names."""
    found = named_edition(text)
    return None if found is None else found.servicing


@pytest.mark.parametrize(
    ("text", "servicing"),
    [
        ("Pro", HOME_PRO),
        ("professionalN", HOME_PRO),
        ("proWorkstation", HOME_PRO),
        ("ProfessionalWorkstationN", HOME_PRO),
        ("Windows 11 Pro for Workstations", HOME_PRO),
        ("Pro Education", HOME_PRO),
        ("ProfessionalEducation", HOME_PRO),
        ("Home", HOME_PRO),
        ("CoreSingleLanguage", HOME_PRO),
        ("CoreCountrySpecific", HOME_PRO),
        ("CoreN", HOME_PRO),
        ("48", HOME_PRO),
        ("101", HOME_PRO),
        ("48.0", HOME_PRO),
        ("Home/Pro", HOME_PRO),
        ("Windows 10 S", HOME_PRO),
        ("Cloud", HOME_PRO),
        ("Enterprise", ENTERPRISE),
        ("enterpriseN", ENTERPRISE),
        ("Education", ENTERPRISE),
        ("EnterpriseG", ENTERPRISE),
        ("Windows_11_Enterprise", ENTERPRISE),
        ("4", ENTERPRISE),
        ("IoTEnterprise", ENTERPRISE),
        ("188", ENTERPRISE),
        ("EnterpriseS", LTSC),
        ("EnterpriseSN", LTSC),
        ("EnterpriseSEval", LTSC),
        ("Microsoft Windows 10 Enterprise 2016 LTSB", LTSC),
        ("Microsoft Windows 11 Enterprise LTSC", LTSC),
        ("125", LTSC),
        ("IoTEnterpriseS", IOT),
        ("IoTEnterpriseSK", IOT),
        ("Windows 10 IoT Enterprise LTSC 2021", IOT),
        ("191", IOT),
        ("Windows 11 SE", Servicing.SE),
        ("CloudEdition", Servicing.SE),
        ("203", Servicing.SE),
        ("PPIPro", Servicing.TEAM),
        ("Windows 10 Team", Servicing.TEAM),
        ("119", Servicing.TEAM),
        ("Holographic", Servicing.HOLOGRAPHIC),
        ("Windows Holographic for Business", Servicing.HOLOGRAPHIC),
        ("136", Servicing.HOLOGRAPHIC),
        ("IoTUAP", Servicing.IOT_CORE),
        ("Windows 10 IoT Core", Servicing.IOT_CORE),
        ("123", Servicing.IOT_CORE),
        ("", None),
        ("Windows", None),
        ("Microsoft Windows NT Workstation 10.0", None),
        ("Windows 11", None),
        ("Processor", None),
        ("1", None),
    ],
)
def test_editions_as_systems_write_them(text: str, servicing: Servicing | None) -> None:
    assert servicing_of(text) is servicing


@pytest.mark.parametrize(
    ("servicing", "captions"),
    [
        (
            HOME_PRO,
            """Microsoft Windows 11 Professionnel|Microsoft Windows 11 Famille|Microsoft Windows 10 Famille Unilingue
            Professionnel Éducation|Professionnel pour les Stations de travail|Windows 10 Profesional|Windows 11 Hogar
            Майкрософт Windows 10 Домашняя|Майкрософт Windows 10 Домашняя для одного языка|Профессиональная
            Майкрософт Windows 10 Pro|Pro для образовательных учреждений|Pro для рабочих станций|Домашня|Професійна
            Microsoft Windows 11 专业版|Microsoft Windows 11 家庭中文版|Windows 10 家庭版|专业工作站版|专业教育版
                        Microsoft Windows 10 專業版
            Microsoft Windows 10 家用版|Windows 11 ホーム|Windows 11 프로|Windows 11 홈
            Windows 10 Profissional|Windows 10 Professionale|Windows 11 Ev|Windows 11 Profesyonel|Profesjonalny
            Οικιακή|Επαγγελματική|Domácí|Otthoni|Professzionális|Koti|Hem|Acasă|Професионална|מקצועי|ביתי|المنزلية"""
            "|المحترفين|โฮม บ้าน|Chuyên nghiệp|Gia đình",
        ),
        (
            ENTERPRISE,
            """Microsoft Windows 10 Entreprise|Microsoft Windows 11 Éducation|Windows 11 Unternehmen|Windows 11 Bildung
            Майкрософт Windows 10 Корпоративная|Майкрософт Windows 11 для образовательных учреждений|Корпоративна
            Microsoft Windows 11 企业版|Microsoft Windows 11 教育版|Windows 10 企業版
            エンタープライズ|엔터프라이즈|교육용
            Windows 11 Empresa|Windows 10 Empresarial|Windows 10 Corporativo|Windows 10 Educación|Educação|Istruzione
            Kurumsal|Eğitim|Nagyvállalati|Oktatási|Edukacja|Επιχειρήσεις|Εκπαίδευση|Întreprindere|Yritys|Virksomhed
            Företag|Utbildning|Uddannelse|Onderwijs|Корпоративна|ארגוני|المؤسسات|องค์กร|Doanh nghiệp|Perusahaan""",
        ),
        (
            LTSC,
            """Microsoft Windows 10 Entreprise 2016 LTSB|Майкрософт Windows 10 Корпоративная LTSC
            Майкрософт Windows 10 Корпоративная 2016 с долгосрочным обслуживанием|Microsoft Windows 10 企业版 LTSC""",
        ),
        (IOT, "Microsoft Windows 10 IoT Entreprise LTSC|Windows 11 IoT 企业版 LTSC"),
    ],
)
def test_localised_editions(servicing: Servicing, captions: str) -> None:
    for line in captions.splitlines():
        for caption in line.strip().split("|"):
            assert servicing_of(caption) is servicing, caption
            assert servicing_of(caption.upper()) is servicing, caption


@pytest.mark.parametrize(
    "text",
    """ServerStandard|ServerDatacenter|ServerStandardEval|ServerTurbine|ServerAzureCor|Standard|Datacenter|Essentials
    Datacenter: Azure Edition|Microsoft Windows Server 2022 Datacenter|7|8|13|80|407|数据中心版|标准版
    Microsoft Windows Server 2019 Standard""".replace("\n    ", "|").split("|"),
)
def test_editions_of_servers(text: str) -> None:
    found = named_edition(text)
    assert found is not None
    assert (found.family, found.servicing) == (Family.SERVER, None)


@pytest.mark.parametrize(
    "text",
    ["ServerRdsh", "175", "Enterprise multi-session", "Windows 10 Enterprise for Virtual Desktops", "企业版多会话"],
)
def test_multi_session_is_a_client(text: str) -> None:
    assert named_edition(text) == NamedEdition(Family.CLIENT, ENTERPRISE, is_multi_session=True)


def test_numbers_of_rarer_editions() -> None:
    """Hyper-V Server, Storage Server, MultiPoint, Nano Server on Azure; Pro China, Enterprise G, by subscription."""
    for number in ("42", "20", "22", "76", "95", "147", "168", "169", "407"):
        assert named_edition(number) == NamedEdition(Family.SERVER), number
    assert {servicing_of(each) for each in ("138", "139")} == {Servicing.HOME_PRO}
    assert {servicing_of(each) for each in ("140", "171")} == {Servicing.ENTERPRISE}
    assert named_edition("406") == NamedEdition(Family.SERVER, is_azure_stack=True)
    assert named_edition("0") is None


def test_the_semi_annual_channel_is_known_by_its_editions() -> None:
    for text in ("ServerDatacenterACor", "ServerStandardACor", "145", "146"):
        found = named_edition(text)
        assert found is not None
        assert found.is_semi_annual


def test_every_edition_of_the_catalogue_belongs_to_its_group() -> None:
    for release in bundled().releases:
        for edition in release.editions:
            assert servicing_of(edition.edition_type) == edition.servicing


@given(st.text(max_size=80))
def test_no_text_makes_it_fail(text: str) -> None:
    named_edition(text)
