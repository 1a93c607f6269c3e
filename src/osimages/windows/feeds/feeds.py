"""The catalogue to subscribe to: updates as an Atom feed, Patch Tuesdays and ends of support as a calendar.

Both depend on nothing but the facts, so that they change when the facts do and at no other time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from xml.sax.saxutils import escape, quoteattr

from osimages.windows.calendar import PACIFIC, next_patch_tuesday
from osimages.windows.facts import Catalogue, Kind, Package, Release, Update
from osimages.windows.support import support_groups

_MOST_ENTRIES = 100
# A tag URI (RFC 4151) names a thing for ever, wherever it is served.
TAG = "tag:osimages.invalid,2026:"
HELP = "https://support.microsoft.com/help/"
_PATCH_TUESDAYS_BEFORE = timedelta(days=366)
_PATCH_TUESDAYS_AFTER = timedelta(days=731)
_LONGEST_LINE = 75
_WORDS = {
    Kind.B: "Patch Tuesday",
    Kind.PREVIEW: "Preview",
    Kind.OUT_OF_BAND: "Out-of-band",
    Kind.HOTPATCH: "Hotpatch",
    Kind.HOTPATCH_OUT_OF_BAND: "Out-of-band hotpatch",
    Kind.GENERAL_AVAILABILITY: "General availability",
    Kind.UNLABELLED: "Update",
    Kind.UNKNOWN: "Update",
}
_Entry = tuple[date, str, Kind, list[tuple[Release, Update | Package]]]


def atom(catalogue: Catalogue, address: str = "") -> bytes:
    """The last hundred updates as an Atom feed (RFC 4287), newest first; `address` is where the feed is found."""
    entries = sorted(_entries(catalogue), key=lambda each: (each[0], each[1]), reverse=True)[:_MOST_ENTRIES]
    updated = moment(max((each[0] for each in entries), default=catalogue.as_of))
    # RFC 4287, section 4.2.7.1: a link to itself should be there; in a file nobody knows where that will be.
    itself = f'<link rel="self" type="application/atom+xml" href={quoteattr(address)}/>\n' if address else ""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">\n',
        f"<title>Windows updates</title>\n<id>{TAG}updates</id>\n{itself}<updated>{updated}</updated>\n",
        f"<subtitle>As of {catalogue.as_of}, complete to {catalogue.complete_until}</subtitle>\n",
        "<author><name>osimages</name></author>\n",
        *map(_atom_entry, entries),
        "</feed>\n",
    ]
    return "".join(lines).encode()


def calendar(catalogue: Catalogue, address: str = "") -> bytes:
    """Patch Tuesdays and ends of support as an iCalendar file (RFC 5545) of days, without alarms."""
    stamp = f"{catalogue.as_of:%Y%m%d}T000000Z"
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//osimages//Windows releases//EN", "CALSCALE:GREGORIAN"),
        *("METHOD:PUBLISH", "NAME:Windows releases", "X-WR-CALNAME:Windows releases"),
        *("REFRESH-INTERVAL;VALUE=DURATION:P1D", "X-PUBLISHED-TTL:P1D"),
    ]
    for day, key, summary, description in _events(catalogue):
        lines += [
            *("BEGIN:VEVENT", f"UID:{sha256(key.encode()).hexdigest()[:32]}@osimages", f"DTSTAMP:{stamp}"),
            *(f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"),
            *(f"SUMMARY:{_ics_text(summary)}", f"DESCRIPTION:{_ics_text(description)}"),
            *("TRANSP:TRANSPARENT", "END:VEVENT"),
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines).encode()


def _entries(catalogue: Catalogue) -> Iterator[_Entry]:
    """Updates with a day; one that several releases share under one KB is one entry."""
    found: defaultdict[tuple[date, str, Kind], list[tuple[Release, Update | Package]]] = defaultdict(list)
    for release in catalogue.every_release:
        for update in release.every_update:
            if update.release_date is not None:
                key = update.kb or (f"{update.build.revision}" if isinstance(update, Update) else "")
                found[update.release_date, key, update.kind].append((release, update))
    for (day, _, kind), updates in found.items():
        # Named by its first build, which is known before the KB is.
        first = updates[0][1]
        yield day, first.build.short if isinstance(first, Update) else first.kb, kind, updates


def _atom_entry(entry: _Entry) -> str:
    day, key, kind, updates = entry
    names = ", ".join(
        f"{release.id} ({update.build.short})" if isinstance(update, Update) else release.id
        for release, update in updates
    )
    kb = updates[0][1].kb
    title = f"{_WORDS[kind]}{f' {kb}' if kb else ''}: {names}"
    link = f"<link href={quoteattr(HELP + kb.removeprefix('KB'))}/>\n" if kb else ""
    scopes = sorted({update.scope for _, update in updates if update.scope not in ("", "GA")})
    summary = f"{_WORDS[kind]} of {day} for {names}{f' ({chr(44).join(scopes)})' if scopes else ''}."
    return (
        f"<entry>\n<title>{escape(title)}</title>\n<id>{escape(f'{TAG}{day}/{kind}/{key}'.replace(' ', '-'))}</id>\n"
        f"{link}<updated>{moment(day)}</updated>\n<published>{moment(day)}</published>\n"
        f"<category term={quoteattr(str(kind))}/>\n<summary>{escape(summary)}</summary>\n</entry>\n"
    )


def moment(day: date) -> str:
    """Return the moment at which updates of a day come out: at ten in the morning, Pacific Time."""
    found = datetime(day.year, day.month, day.day, 10, tzinfo=PACIFIC).astimezone(UTC)
    return f"{found:%Y-%m-%dT%H:%M:%SZ}"


def _events(catalogue: Catalogue) -> Iterator[tuple[date, str, str, str]]:
    """(day, key, summary, description), by day."""
    events = [*_patch_tuesdays(catalogue), *_ends(catalogue)]
    yield from sorted(events)


def _patch_tuesdays(catalogue: Catalogue) -> Iterator[tuple[date, str, str, str]]:
    builds: defaultdict[tuple[int | None, int | None], list[str]] = defaultdict(list)
    for release in catalogue.every_release:
        for update in release.every_update:
            if update.is_canonical_b:
                build = update.build.short if isinstance(update, Update) else ""
                named = ", ".join(each for each in (build, update.kb) if each)
                builds[update.year, update.month].append(f"{release.id}: {named}")
    day = next_patch_tuesday(catalogue.as_of - _PATCH_TUESDAYS_BEFORE)
    while day <= catalogue.as_of + _PATCH_TUESDAYS_AFTER:
        known = "\n".join(builds[day.year, day.month])
        yield day, f"patch-tuesday/{day}", "Patch Tuesday", known or "Windows security updates come out."
        day = next_patch_tuesday(day)


def _ends(catalogue: Catalogue) -> Iterator[tuple[date, str, str, str]]:
    for release in catalogue.every_release:
        esu: dict[tuple[str, date, bool], None] = {}
        for group in support_groups(release):
            name = f"{release.id} {group.servicing}"
            if group.name:
                name = f"{release.product} {group.servicing} ({group.name})"
            text = f"Last day of support for {name} (Pacific Time)."
            yield group.support_end_date, f"end/{release.id}/{group.servicing}", f"End of support: {name}", text
            esu |= {(each.program, day, each.is_inferred): None for each in group.esu for day in each.ends}
        mainstream = release.mainstream_end
        if mainstream is not None and all(mainstream != each.support_end_date for each in release.editions):
            text = f"Last day of mainstream support for {release.id}; security updates continue."
            yield mainstream, f"end/{release.id}/mainstream", f"End of mainstream support: {release.id}", text
        for program, day, is_inferred in esu:
            text = f"Last day of a year of {program} Extended Security Updates for {release.id} (Pacific Time)."
            summary = f"End of {program} ESU: {release.id}"
            yield day, f"end/{release.id}/esu/{program}/{day}", summary, text + " Inferred." * is_inferred


def _ics_text(text: str) -> str:
    """Text in a property (RFC 5545, section 3.3.11)."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Return a line of at most 75 bytes, continued on lines that begin with a space (section 3.1)."""
    parts, part, size = [], "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > _LONGEST_LINE:
            parts.append(part)
            part, size = " ", 1
        part += letter
        size += width
    return "\r\n".join([*parts, part])
