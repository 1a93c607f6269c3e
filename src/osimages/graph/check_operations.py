"""The declared operations that check builds: an extension, which Graph does not have (docs/deviations.md).

What they answer is `windows/checks/checker.py`'s Answer; a test holds that both have the same members.
"""

from __future__ import annotations

from osimages.odata.model.types import ComplexType, EnumMember, EnumType, Operation, Primitive, Property

_TEXT, _DAY, _NUMBER, _TRUTH = Primitive.STRING, Primitive.DATE, Primitive.INT32, Primitive.BOOLEAN

SUPPORT_STATE = EnumType(
    "managedDeviceWindowsSupportState",
    (
        EnumMember("supported", 0),
        EnumMember("extendedSecurityUpdates", 1),
        EnumMember("dependsOnEdition", 2),
        EnumMember("ended", 3),
        EnumMember("notReleased", 4),
        EnumMember("unknown", 5),
    ),
)

PATCH_STATE = EnumType(
    "managedDeviceWindowsPatchState",
    (
        EnumMember("current", 0),
        EnumMember("newerThanCatalogue", 1),
        EnumMember("behind", 2),
        EnumMember("notStated", 3),
        EnumMember("unknown", 4),
        EnumMember("currentAsFarAsKnown", 5),
        EnumMember("finalUpdate", 6),
    ),
)

FAMILY = EnumType(
    "managedDeviceWindowsFamily",
    (
        EnumMember("client", 0),
        EnumMember("server", 1),
        EnumMember("holographic", 2),
        EnumMember("team", 3),
        EnumMember("iotCore", 4),
        EnumMember("windowsPE", 5),
        EnumMember("otherSystem", 6),
        EnumMember("unknown", 7),
    ),
)

SUPPORT_END = ComplexType(
    "managedDeviceWindowsSupportEnd",
    (
        Property("release", _TEXT, description="The id of the release."),
        Property("servicing", _TEXT, description="A group of editions that end together."),
        Property("supportEndDate", _DAY, description="The last day of support, in Pacific Time."),
        Property("daysLeft", _NUMBER, description="Days until then; negative once it has passed."),
        Property("mainstreamEnd", _DAY, nullable=True, description="The last day of mainstream support."),
    ),
    description="Until when a group of editions is supported.",
)

UPDATE_FACT = ComplexType(
    "managedDeviceWindowsUpdateFact",
    (
        Property("buildVersion", _TEXT, description="The build, for example 10.0.26200.9711."),
        Property("kb", _TEXT, nullable=True, description="The article in Microsoft's knowledge base."),
        Property("releaseDate", _DAY, nullable=True),
        Property("kind", _TEXT, description="B, preview, out-of-band, hotpatch, general availability..."),
        Property("patchTuesday", _DAY, nullable=True, description="The Patch Tuesday of a B release."),
        Property("scope", _TEXT, description="Who got it: GA, LTSC/ESU only..."),
    ),
    description="An update of a release.",
)

BUILD_CHECK = ComplexType(
    "managedDeviceWindowsBuildCheck",
    (
        Property("asked", _TEXT, description="The build or version as it was asked for."),
        Property("family", FAMILY, description="The kind of operating system."),
        Property("release", _TEXT, nullable=True, description="The id of its release; null if there are several."),
        Property("candidates", _TEXT, collection=True, description="Every release that it can be."),
        Property("buildVersion", _TEXT, nullable=True, description="Its build, where one was stated."),
        Property("servicing", _TEXT, nullable=True, description="The group of the stated edition."),
        Property("support", SUPPORT_STATE),
        Property("isSupported", _TRUTH),
        Property("supportEndDate", _DAY, nullable=True, description="The last day of support, in Pacific Time."),
        Property("daysLeft", _NUMBER, nullable=True),
        Property("ends", SUPPORT_END, collection=True, description="Every group of editions that it can be."),
        Property("extendedUntil", _DAY, nullable=True, description="The last day of Extended Security Updates."),
        Property("esu", _TEXT, nullable=True, description="The Extended Security Updates that were counted."),
        Property("patch", PATCH_STATE),
        Property("isCurrent", _TRUTH),
        Property("patchTuesdaysBehind", _NUMBER, nullable=True),
        Property("patchLevel", _TEXT, nullable=True, description="The month whose fixes it has, such as 2026-08."),
        Property("currentAsOf", _DAY, nullable=True, description="The newest Patch Tuesday whose build is known."),
        Property("update", UPDATE_FACT, nullable=True, description="The update with that build."),
        Property("latest", UPDATE_FACT, nullable=True, description="The newest B release."),
        Property("missing", UPDATE_FACT, collection=True, description="Every B release since, newest first."),
        Property("unknownPatchTuesdays", _DAY, collection=True, description="Those whose build is not known yet."),
        Property("upgrade", _TEXT, nullable=True, description="The release to move to, where support ends."),
        Property("notes", _TEXT, collection=True),
    ),
    description="Whether a build is supported and how far behind it is.",
)

_ESU = "Its Extended Security Updates: commercial, consumer or no; with the year that was bought: commercial, year 1."

BUILD = ComplexType(
    "managedDeviceWindowsBuild",
    (
        Property("buildVersion", _TEXT, description="A build or version, in any spelling."),
        Property("edition", _TEXT, nullable=True, required=False, description="Its edition, in any spelling."),
        Property("esu", _TEXT, nullable=True, required=False, description=_ESU),
    ),
    description="A build to be checked.",
)

_DATE = Property("date", _DAY, nullable=True, required=False, description="The day to check for; today if left out.")

CHECK_BUILD = Operation(
    "checkBuild",
    (*BUILD.properties, _DATE),
    BUILD_CHECK,
    description="Whether a build is supported and how far behind it is, from the catalogue's facts.",
)
CHECK_BUILDS = Operation(
    "checkBuilds",
    (
        Property("builds", BUILD, collection=True, description="At most 1,000 builds."),
        Property("esu", _TEXT, nullable=True, required=False, description="ESU of each build that states none itself."),
        _DATE,
    ),
    BUILD_CHECK,
    returns_collection=True,
    is_action=True,
    description="The same for many builds at once.",
)
