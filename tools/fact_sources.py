"""The sources of the fact files by name: a description, the licence, and the day or month of their state."""

from __future__ import annotations

_FACTS = "facts only"
_RELEASE_INFORMATION = "Microsoft, Windows release information, https://learn.microsoft.com/windows/release-health/"
_SERVER_INFORMATION = (
    "Microsoft, Windows Server release information, "
    "https://learn.microsoft.com/windows/release-health/windows-server-release-info"
)
_MESSAGE_CENTER = "Microsoft, Windows message center, https://learn.microsoft.com/windows/release-health/"
_UPDATE_HISTORY = "Microsoft, Windows update history, https://support.microsoft.com/"
_SERVER_HISTORY = "Microsoft, Windows Server update history, https://support.microsoft.com/"
_HOTPATCH_NOTES = "Microsoft, titles of the hotpatch release notes, https://support.microsoft.com/"
_DATA_FOR_GEEKS = "DataForGeeks content/ms/mswin at 6846a6a0, https://github.com/altrhombus/DataForGeeks"
_DATA_FOR_GEEKS_WIN = "DataForGeeks content/ms/win at 6846a6a, https://github.com/altrhombus/DataForGeeks"
_ENDOFLIFE = "endoflife.date at a70eca33, https://endoflife.date/"
_VULS = "Table of Windows builds in vuls, https://github.com/future-architect/vuls"
_WESNG = "Microsoft security updates in definitions.zip of wesng at 026a581d, https://github.com/bitsadmin/wesng"
_CSV_SCRAPER = "Windows-Update-CSV-Scraper at 7fee10e, https://github.com/Clemv95/Windows-Update-CSV-Scraper"
_FIELD = "Public logs of machines that name the build"
_PRESS = "Reports of the press and of blogs"

# name: (description, licence, day or month of its state, empty where it is not known)
SOURCES = {
    "Atliso-2026-10": ("Audit of ends of support by a third party, win11-eos-audit", _FACTS, "2026-10"),
    "Clemv95-2026-07": (_CSV_SCRAPER, _FACTS, "2026-07"),
    "DataForGeeks": (_DATA_FOR_GEEKS, "MIT", "2026-06-23"),
    "DataForGeeks-2026-06": (_DATA_FOR_GEEKS, "MIT", "2026-06-23"),
    "DataForGeeks-2026-07": (_DATA_FOR_GEEKS_WIN, "MIT", "2026-07"),
    "DataForGeeks-2026-08": (_DATA_FOR_GEEKS_WIN, "MIT", "2026-08"),
    "DataForGeeks-server-2026-08": (_DATA_FOR_GEEKS_WIN, "MIT", "2026-08"),
    "businessof.tech-2024-10": (_PRESS, _FACTS, "2024-10"),
    "cve5-2026-11": (
        "Fixed builds in Microsoft's CVE records, https://github.com/CVEProject/cvelistV5",
        _FACTS,
        "2026-11",
    ),
    "docker-library-2026-09": (
        "Builds of Windows images, https://github.com/docker-library/repo-info",
        _FACTS,
        "2026-09",
    ),
    "endoflife-discussion-10750": (
        "Discussion 10750 of endoflife.date, https://endoflife.date/windows",
        _FACTS,
        "2026",
    ),
    "endoflife.date": ("endoflife.date at a70eca33, https://endoflife.date/windows", "MIT", ""),
    "endoflife.date-2026-08": (_ENDOFLIFE, "MIT", "2026-08"),
    "field-reports-2021-2022": (_FIELD, _FACTS, "2022"),
    "field-reports-2026-09": (_FIELD, _FACTS, "2026-09"),
    "field-reports-2026-10": (_FIELD, _FACTS, "2026-10"),
    "hackpc-2026": (_PRESS, _FACTS, "2026"),
    "hf-Ying91-2026-09": ("Data set Windows11_26H2 of Hugging Face", _FACTS, "2026-09"),
    "inferred-lifecycle": ("Inferred from the end of the release it is based on", "inferred", "2026-11-29"),
    "inferred-sibling": (
        "Inferred: the same month's build of a version that shares its revisions",
        "inferred",
        "2026-11-23",
    ),
    "infosecbulletin-2026": (_PRESS, _FACTS, "2026"),
    "ms-azure-arc-docs-2026-08": (
        "Microsoft, Azure Arc documentation at d923d588, https://github.com/MicrosoftDocs/azure-management-docs",
        _FACTS,
        "2026-08",
    ),
    "ms-hololens-release-notes-2023": (
        "Microsoft, HoloLens 2 release notes, https://learn.microsoft.com/hololens/hololens-release-notes",
        _FACTS,
        "2023",
    ),
    "ms-hotpatch-notes-via-Clemv95-2026-07": (_HOTPATCH_NOTES, _FACTS, "2026-07"),
    "ms-hotpatch-title-2026-08": (_HOTPATCH_NOTES, _FACTS, "2026-08"),
    "ms-it-pro-blog-2026-02": ("Microsoft, Windows IT Pro blog, by its reports", _FACTS, "2026-02"),
    "ms-itpro-docs": (
        "Microsoft, Extended Security Updates, https://learn.microsoft.com/windows/whats-new/extended-security-updates",
        _FACTS,
        "",
    ),
    "ms-lifecycle-data-2022": (
        "Microsoft, lifecycle data, https://github.com/MicrosoftDocs/lifecycle-data-pr.ru-ru",
        _FACTS,
        "2022",
    ),
    "ms-message-center-2026-09": (_MESSAGE_CENTER, _FACTS, "2026-09"),
    "ms-release-health-2025-10": (_RELEASE_INFORMATION, _FACTS, "2025-10"),
    "ms-release-health-2026-05": (_RELEASE_INFORMATION, _FACTS, "2026-05"),
    "ms-release-health-2026-09": (_RELEASE_INFORMATION, _FACTS, "2026-09-30"),
    "ms-release-health-server-2026-05": (_SERVER_INFORMATION, _FACTS, "2026-05-13"),
    "ms-support-articles-2026-09": (
        "Microsoft, support articles, https://github.com/MicrosoftDocs/SupportArticles-docs",
        _FACTS,
        "2026-09",
    ),
    "ms-update-history-2026-09": (_UPDATE_HISTORY, _FACTS, "2026-09-26"),
    "ms-update-history-server-2026-09": (_SERVER_HISTORY, _FACTS, "2026-09-26"),
    "ms-update-history-toc-2026-08": (_UPDATE_HISTORY, _FACTS, "2026-08"),
    "ms-windows-iot-docs-2026-04": (
        "Microsoft, Windows IoT documentation at 81bfd4f, https://github.com/MicrosoftDocs/windows-iot-public",
        _FACTS,
        "2026-04",
    ),
    "ms-windowsserverdocs-2020/2021": (
        "Microsoft, Windows Server documentation, https://github.com/MicrosoftDocs/windowsserverdocs",
        _FACTS,
        "2021",
    ),
    "msrc-cvrf-2026-08": (
        "Microsoft security guide in windows-version-feed, https://github.com/ZentrixLabs/windows-version-feed",
        _FACTS,
        "2026-08-22",
    ),
    "msrc-wesng": (_WESNG, "BSD-3-Clause", "2026-06-28"),
    "msrc-wesng-2026-06": (_WESNG, "BSD-3-Clause", "2026-06-28"),
    "netsecops-2026-01": (_PRESS, _FACTS, "2026-01"),
    "news-2025-11": (_PRESS, _FACTS, "2025-11"),
    "news-2026-03": (_PRESS, _FACTS, "2026-03"),
    "news-2026-04": (_PRESS, _FACTS, "2026-04"),
    "news-2026-07": (_PRESS, _FACTS, "2026-07"),
    "news-2026-09": (_PRESS, _FACTS, "2026-09"),
    "particle.news-2026-06": (_PRESS, _FACTS, "2026-06"),
    "patch-db-changelog-2026-09": ("Change log of a third party's patch database", _FACTS, "2026-09"),
    "pureinfotech-2026-06": (_PRESS, _FACTS, "2026-06"),
    "runner-images-2026-08": (
        "Builds of GitHub's runner images, https://github.com/actions/runner-images",
        _FACTS,
        "2026-08",
    ),
    "thkn-hofa-2026-08": ("A list of Windows updates that a third party keeps", _FACTS, "2026-08"),
    "thkn-server-2026-08": (
        "ms-windows-versions at 40d3028, https://github.com/thkn-hofa/ms-windows-versions",
        _FACTS,
        "2026-08",
    ),
    "third-party-table-2026-09": ("A table of ends of support that a third party keeps", _FACTS, "2026-09"),
    "thurrott-2026-06": (_PRESS, _FACTS, "2026-06"),
    "vuls-2026-07": (_VULS, _FACTS, "2026-07"),
    "vuls-server-2026-07": (_VULS, _FACTS, "2026-07"),
    "windowsforum-2026": (_PRESS, _FACTS, "2026"),
    "windowsforum-2026-06": (_PRESS, _FACTS, "2026-06"),
    "windowsnews-2025-05": (_PRESS, _FACTS, "2025-05"),
}
