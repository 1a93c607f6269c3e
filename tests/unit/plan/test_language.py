"""Every operator and function, asked of a specimen that has a value of every type."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.second_model import ORDINARY, Cabinet


@pytest.fixture(scope="module")
def cabinet() -> Iterator[Cabinet]:
    cabinet = Cabinet()
    cabinet.put("one", ORDINARY)
    yield cabinet
    cabinet.close()


def three_valued(cabinet: Cabinet, text: str) -> bool | None:
    """What a condition is: true, false, or null."""
    if cabinet.holds(text):
        return True
    return False if cabinet.holds(f"not ({text})") else None


TRUE = [
    # comparisons of every type
    "string eq 'Straße'",
    "string gt 'Str'",
    "boolean eq true",
    "boolean",
    "boolean gt false",
    "byte eq 200",
    "sByte lt -99",
    "int16 eq -300",
    "int32 eq 7.0",
    "int32 lt 7.5",
    "int64 gt 1099511627775",
    "single eq 0.1",
    "double eq 2.5",
    "double lt INF and double gt -INF",
    "decimal eq 12.75",
    "decimal gt 12.749999999999999 and decimal lt 12.750000000000001",
    "guid eq 32a4ac62-1b1a-4a4c-9a3b-0123456789AB",
    "date eq 2026-11-24",
    "dateTimeOffset eq 2026-11-23T23:30:15.25Z",
    "dateTimeOffset lt 2026-11-24T01:30:15.25+01:00",
    "timeOfDay gt 13:45:07.499999",
    "timeOfDay eq 13:45:07.5",
    "duration eq duration'PT26H'",
    "duration eq 'P1DT2H'",
    "duration gt duration'-P1D'",
    "binary eq binary'AAEC_w=='",
    "binary ne binary'AAEC'",
    "colour eq 'green' and colour lt 'blue'",
    "flavour eq 'hot,sweet'",
    "flavour eq example.museum.flavour'sweet,hot'",
    # null
    "int32OrNull eq null",
    "null eq int32OrNull",
    "int32 ne null",
    "not (int32OrNull gt 1)",
    "not (int32OrNull le 1)",
    "int32OrNull ne 1",
    "not (int32OrNull eq 1)",
    "int32OrNull eq int64OrNull",
    "int32OrNull ne int32",
    "int32OrNull in (1,null)",
    "not (int32OrNull in (1,2))",
    "booleanOrNull ne true and booleanOrNull ne false",
    "(contains(stringOrNull,'x') eq null)",
    "contains(stringOrNull,'x') ne true",
    "placeOrNull/city eq null",
    "null eq null",
    # numbers of different types
    "int32 lt decimal",
    "int64 gt double",
    "single lt double",
    "decimal gt double",
    "byte gt sByte",
    "double ne NaN",
    "not (double eq NaN)",
    "not (double lt NaN)",
    # arithmetic
    "int32 add 1 eq 8",
    "int32 sub 10 eq -3",
    "int32 mul int16 eq -2100",
    "int32 div 2 eq 3",
    "int16 div 7 eq -42",
    "int32 divby 2 eq 3.5",
    "int32 mod 4 eq 3",
    "int16 mod 7 eq -6",
    "-int32 eq -7",
    "-(int32 add 1) eq -8",
    "1 add 2 mul 3 eq 7",
    "decimal add 0.25 eq 13",
    "decimal sub 13 eq -0.25",
    "decimal mul 2 eq 25.5",
    "decimal div 3 eq 4.25",
    "decimal mod 5 eq 2.75",
    "-decimal eq -12.75",
    "0.1 add 0.2 eq 0.3",
    "double mul 2 eq 5",
    "double mod 2 eq 0.5",
    "-double mod 2 eq -0.5",
    "double div 2 eq 1.25",
    "int32 add double eq 9.5",
    "single mul 2 gt 0.2 and single mul 2 lt 0.2000001",
    "int32 div 0 eq null",
    "decimal div 0 eq null",
    "double div 0 eq null",
    "int32 mod 0 eq null",
    "int64 mul int64 eq null",
    "9223372036854775807 add 1 eq null",
    "-9223372036854775808 div -1 eq null",
    "int64OrNull add 1 eq null",
    "int32 add null eq null",
    "INF sub INF eq null",
    # dates and durations
    "date add duration'P1D' eq 2026-11-25",
    "date add duration'PT23H' eq 2026-11-24",
    "date sub duration'PT1S' eq 2026-11-23",
    "date sub 2026-11-01 eq duration'P23D'",
    "dateTimeOffset add duration'PT1H' eq 2026-11-24T00:30:15.25Z",
    "dateTimeOffset sub duration'P1D' lt dateTimeOffset",
    "dateTimeOffset sub 2026-11-23T23:30:15Z eq duration'PT0.25S'",
    "hour(dateTimeOffset add duration'PT1H') eq 2",
    "duration add duration eq duration'P2DT4H'",
    "duration sub duration'PT2H' eq 'P1D'",
    "-duration eq duration'-PT26H'",
    "duration mul 2 eq duration'PT52H'",
    "1.5 mul duration eq duration'PT39H'",
    "duration div 2 eq duration'PT13H'",
    "duration divby 0.5 eq duration'PT52H'",
    "duration div 0 eq null",
    "maxdatetime() add duration eq null",
    "date add duration'P9999999D' eq null",
    # has, in
    "flavour has 'sweet'",
    "flavour has example.museum.flavour'sweet,hot'",
    "not (flavour has 'sour')",
    "flavour has 'none'",
    "(flavourOrNull has 'sweet') eq null",
    "int32 in (1,7)",
    "decimal in (12.75)",
    "(int32 add 1) in (8)",
    "tolower(string) in ('straße')",
    "date in (2026-11-24,2026-11-25)",
    "2 in int32s",
    "not (9 in int32s)",
    "(int32 sub 5) in int32s",
    # strings
    "contains(string,'raß')",
    "startswith(string,'St')",
    "endswith(string,'e')",
    "concat(string,'!') eq 'Straße!'",
    "concat(concat('a',string),'b') eq 'aStraßeb'",
    "concat(stringOrNull,'a') eq null",
    "length(string) eq 6",
    "length('😀') eq 1",
    "indexof(string,'ß') eq 4",
    "indexof(string,'x') eq -1",
    "indexof(string,'') eq 0",
    "substring(string,4) eq 'ße'",
    "substring(string,1,2) eq 'tr'",
    "substring(string,9) eq ''",
    "substring(string,-2) eq 'ße'",
    "substring(string,-99) eq string",
    "substring(string,0,int32 sub 8) eq null",
    "tolower('ÀÉ') eq 'àé'",
    "toupper(string) eq 'STRASSE'",
    "TOUPPER('é') eq 'É'",
    "trim(concat(' \u00a0\u3000',string)) eq string",
    "matchesPattern(string,'^S.*e$')",
    "matchespattern(string,'ra(ß|ss)e')",
    "matchesPattern(concat(string,'1'),'[0-9]$')",
    "not matchesPattern(string,'^[a-z]+$')",
    # dates and times, in the time zone of the value
    "year(dateTimeOffset) eq 2026 and month(dateTimeOffset) eq 11 and day(dateTimeOffset) eq 24",
    "hour(dateTimeOffset) eq 1 and minute(dateTimeOffset) eq 30 and second(dateTimeOffset) eq 15",
    "day(2026-01-01T00:00:00+01:00) eq 1",
    "year(date) eq 2026 and month(date) eq 11 and day(date) eq 24",
    "hour(timeOfDay) eq 13 and minute(timeOfDay) eq 45 and second(timeOfDay) eq 7",
    "fractionalseconds(timeOfDay) eq 0.5",
    "fractionalseconds(dateTimeOffset) eq 0.25",
    "date(dateTimeOffset) eq 2026-11-24",
    "time(dateTimeOffset) eq 01:30:15.25",
    "totaloffsetminutes(dateTimeOffset) eq 120",
    "totaloffsetminutes(2026-01-01T00:00:00-05:30) eq -330",
    "totalseconds(duration) eq 93600",
    "totalseconds(duration'-PT0.5S') eq -0.5",
    "now() gt 2024-01-01T00:00:00Z and now() lt maxdatetime()",
    "now() eq now()",
    "endswith(concat(string,'a'),'ea')",
    "startswith(string,substring(string,0,3))",
    "mindatetime() lt dateTimeOffset",
    "year(now()) ge 2024",
    "date(mindatetime()) eq 0001-01-01",
    "date(9999-12-31T23:59:59-01:00) eq 9999-12-31",
    "year(place/founded) eq 2000 and day(place/founded) eq 29",
    # rounding
    "round(decimal) eq 13",
    "round(-12.5) eq -13",
    "round(0.49999999999999994) eq 0",
    "round(double) eq 3",
    "round(-double) eq -3",
    "floor(-double) eq -3",
    "ceiling(double) eq 3",
    "floor(decimal) eq 12",
    "ceiling(-decimal) eq -12",
    "round(int32) eq 7",
    "round(INF) eq INF",
    # cast, isof
    "cast(int32,Edm.String) eq '7'",
    "cast(decimal,Edm.String) eq '12.75'",
    "cast(100,Edm.String) eq '100'",
    "cast(double,Edm.String) eq '2.5'",
    "cast(single,Edm.String) eq '0.1'",
    "cast(boolean,Edm.String) eq 'true'",
    "cast(guid,Edm.String) eq '32a4ac62-1b1a-4a4c-9a3b-0123456789ab'",
    "cast(date,Edm.String) eq '2026-11-24'",
    "cast(dateTimeOffset,Edm.String) eq '2026-11-23T23:30:15.25Z'",
    "cast(timeOfDay,Edm.String) eq '13:45:07.5'",
    "cast(duration,Edm.String) eq 'P1DT2H'",
    "cast(binary,Edm.String) eq 'AAEC_w=='",
    "cast('12',Edm.Int32) eq 12",
    "cast('x',Edm.Int32) eq null",
    "cast('2026-11-24',Edm.Date) eq date",
    "cast('2026-11-23T23:30:15.25',Edm.DateTimeOffset) eq dateTimeOffset",
    "cast(decimal,Edm.Int32) eq 13",
    "cast(-2.5,Edm.Int64) eq -3",
    "cast(int16,Edm.Byte) eq null",
    "cast(1e300,Edm.Single) eq INF",
    "cast(colour,Edm.Int32) eq 2",
    "cast(null,Edm.Int32) eq null",
    "isof(string,Edm.String)",
    "isof(example.museum.specimen)",
    "not isof(int32,Edm.String)",
    "isof(colour,example.museum.colour)",
    # conditions as values
    "(int32 eq 7) eq boolean",
    "(int32 gt 1) eq (int32 gt 2)",
    "(int32 gt 1) ne (int32 gt 9)",
    "contains(string,'S') eq boolean",
    "isof(int32,Edm.Int32) eq true",
    "strings/any(s:s eq 'a') eq true",
    "int32s/any() gt int64s/any()",
    # collections
    "strings/$count eq 2",
    "int64s/$count eq 0",
    "int32s/$count($filter=$this gt 1) eq 2",
    "parts/$count($filter=weight eq null) eq 1",
    "parts/$count($filter=name eq 'lid' and $it/int32 eq 7) eq 1",
    "parts/$filter(weight ne null)/$count eq 1",
    "parts/$filter(name eq 'lid')/any()",
    "parts/$filter(name eq 'lid')/all(p:p/weight eq 0.5)",
    "not parts/$filter(name eq 'box')/any(p:p/weight gt 0)",
    "length(int32s) eq 3",
    "parts/any(p:year(p/made) eq 2020 and p/made lt 2020-01-01T06:00:00Z)",
    "parts/any(p:p/origin/city eq 'Ulm')",
    "parts/all(p:p/origin/height eq null)",
    "parts/any(p:length(p/name) eq strings/$count add 1)",
    "int32s/any(a:int32s/any(b:a add b eq 5))",
    "parts/$count add strings/$count eq 4",
    "dateTimeOffsets/any(d:hour(d) eq 1)",
    "int32s/all(n:n mul n lt 10)",
]


@pytest.mark.parametrize("text", TRUE)
def test_true(cabinet: Cabinet, text: str) -> None:
    assert three_valued(cabinet, text) is True


FALSE = [
    "string eq 'strasse'",
    "boolean lt true",
    "int32 gt null",
    "null ge null",
    "int32OrNull ge int32OrNull",
    "double eq NaN",
    "dateTimeOffset ne 2026-11-24T00:30:15.25+01:00",
    "stringOrNull eq ''",
    "tolower('İ') eq 'i'",
    "int32 in ()",
    "parts/$count($filter=origin/city eq 'Bath') gt 0",
    "isof(example.museum.cabinet)",
    "5 in maybes",
    "null in int32s",
]


@pytest.mark.parametrize("text", FALSE)
def test_false(cabinet: Cabinet, text: str) -> None:
    assert three_valued(cabinet, text) is False


UNKNOWN = [
    "null",
    "booleanOrNull",
    "not booleanOrNull",
    "contains(stringOrNull,'x')",
    "startswith(string,null)",
    "flavourOrNull has 'hot'",
    "contains(stringOrNull,'x') and boolean",
    "endswith(stringOrNull,'')",
    "matchesPattern(stringOrNull,'x')",
    "booleanOrNull or false",
    "contains(substring(string,0,int32 sub 8),'a')",
]


@pytest.mark.parametrize("text", UNKNOWN)
def test_null(cabinet: Cabinet, text: str) -> None:
    assert three_valued(cabinet, text) is None
