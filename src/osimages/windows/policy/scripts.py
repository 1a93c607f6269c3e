"""PowerShell scripts that compare the build of a device with accepted ranges, for Windows PowerShell 5.1, no modules.

`detection_script` is the detection script of a remediation: exit code 0 for an accepted build, 1 for any other.
https://learn.microsoft.com/intune/intune-service/fundamentals/remediations
`requirement_script` is a requirement rule of a Win32 app: it prints Accepted or NotAccepted, and exits with 0.
https://learn.microsoft.com/intune/intune-service/apps/apps-win32-add
"""

from __future__ import annotations

from osimages.windows.checks.answers import Family
from osimages.windows.policy.documents import rule_sentence
from osimages.windows.policy.ranges import AcceptedRange, AcceptedRanges

# The registry is read in its 64-bit view: Intune runs scripts in 32-bit PowerShell, whose view may lack UBR.
# InstallationType tells servers, which share builds with clients, from those.
_COMMON = r"""
$ErrorActionPreference = 'Stop'

$ranges = @(
{ranges}
)

function Get-WindowsVersion {
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey(
        [Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
    $key = $base.OpenSubKey('SOFTWARE\Microsoft\Windows NT\CurrentVersion')
    $build = $key.GetValue('CurrentBuildNumber')
    $revision = $key.GetValue('UBR')
    if ($null -eq $build -or $null -eq $revision) {
        throw 'CurrentBuildNumber or UBR is missing from the registry'
    }
    $major = $key.GetValue('CurrentMajorVersionNumber')
    $minor = $key.GetValue('CurrentMinorVersionNumber')
    $name = if ($null -eq $major) { $key.GetValue('CurrentVersion') } else { "$major.$minor" }
    [pscustomobject]@{
        Version  = [version]"$name.$build.$revision"
        IsServer = [string]$key.GetValue('InstallationType') -match 'Server'
    }
}

function Test-AcceptedVersion($windows) {
    foreach ($range in $ranges) {
        if ($range.IsServer -eq $windows.IsServer -and
            $windows.Version -ge [version]$range.Lowest -and
            $windows.Version -le [version]$range.Highest) {
            return $true
        }
    }
    return $false
}
"""
_DETECT = r"""
try {
    $windows = Get-WindowsVersion
} catch {
    Write-Output "Cannot tell: $_"
    exit 1
}
if (Test-AcceptedVersion $windows) {
    Write-Output "Accepted: $($windows.Version)"
    exit 0
}
Write-Output "Not accepted: $($windows.Version)"
exit 1
"""
_REQUIRE = r"""
try {
    $windows = Get-WindowsVersion
} catch {
    Write-Output 'Unknown'
    exit 1
}
if (Test-AcceptedVersion $windows) {
    Write-Output 'Accepted'
} else {
    Write-Output 'NotAccepted'
}
exit 0
"""


def detection_script(found: AcceptedRanges) -> str:
    """Return the detection script of a remediation: ASCII, lines end with a line feed."""
    return _script("Detection script for remediations: exit code 0 if the build is accepted, else 1.", found, _DETECT)


def requirement_script(found: AcceptedRanges) -> str:
    """Return a requirement rule script: it prints Accepted or NotAccepted (a string), or Unknown with exit code 1."""
    return _script("Requirement rule script: prints Accepted or NotAccepted.", found, _REQUIRE)


def _script(purpose: str, found: AcceptedRanges, end: str) -> str:
    facts = f"Facts of {found.as_of}, complete to {found.complete_until}."
    head = [
        f"# {_ascii(line)}" for line in (purpose, rule_sentence(found), facts, "Written by osimages policy compliance.")
    ]
    rows = "\n".join(_row(each) for each in found.ranges)
    return "\n".join(head) + _COMMON.replace("{ranges}", rows) + end


def _row(each: AcceptedRange) -> str:
    server = "$true" if each.family is Family.SERVER else "$false"
    ends = f"Lowest = '{each.lowest}'; Highest = '{each.highest}'"
    return f"    @{{ Name = {quoted(each.description)}; IsServer = {server}; {ends} }}"


def quoted(text: str) -> str:
    """Return a text as a PowerShell string that holds nothing but itself."""
    return "'" + _ascii(text).replace("'", "''") + "'"


def _ascii(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)
