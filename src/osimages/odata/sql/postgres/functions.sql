-- What PostgreSQL has no words for: exact arithmetic, dates, Unicode and conversions as docs/decisions/0010 encodes values.
--
-- Null in is null out (STRICT), and what cannot be calculated is null: none of these raises an error. They give what
-- odata/sql/sqlite/functions.py gives; tests compare the two. Migrations bring them up to date when this file changes.

-- --- decimals: 39 characters that sort by value, 18 digits after the point ---
CREATE OR REPLACE FUNCTION odata_decimal_value(encoded text) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (CASE WHEN left(encoded, 1) = '1' THEN substr(encoded, 2)::numeric
               ELSE substr(encoded, 2)::numeric - 99999999999999999999999999999999999999 END) * 0.000000000000000001
$$;

CREATE OR REPLACE FUNCTION odata_decimal_text(value numeric) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  nines CONSTANT numeric := 99999999999999999999999999999999999999;
  scaled numeric := round(value * 1000000000000000000);
BEGIN
  IF abs(scaled) > nines THEN
    RETURN NULL;
  END IF;
  IF scaled >= 0 THEN
    RETURN '1' || lpad(scaled::text, 38, '0');
  END IF;
  RETURN '0' || lpad((nines + scaled)::text, 38, '0');
END $$;

CREATE OR REPLACE FUNCTION odata_add_decimal(l text, r text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(odata_decimal_value(l) + odata_decimal_value(r))
$$;

CREATE OR REPLACE FUNCTION odata_subtract_decimal(l text, r text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(odata_decimal_value(l) - odata_decimal_value(r))
$$;

CREATE OR REPLACE FUNCTION odata_multiply_decimal(l text, r text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(odata_decimal_value(l) * odata_decimal_value(r))
$$;

-- A quotient of two decimals lies at least 10^-56 from the half of a last digit: 60 digits round as all would.
CREATE OR REPLACE FUNCTION odata_divide_decimal(l text, r text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(round(odata_decimal_value(l), 60) / nullif(odata_decimal_value(r), 0))
$$;

CREATE OR REPLACE FUNCTION odata_remainder_decimal(l text, r text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(odata_decimal_value(l) % nullif(odata_decimal_value(r), 0))
$$;

CREATE OR REPLACE FUNCTION odata_negate_decimal(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(-odata_decimal_value(value))
$$;

CREATE OR REPLACE FUNCTION odata_round_decimal(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(round(odata_decimal_value(value)))
$$;

CREATE OR REPLACE FUNCTION odata_floor_decimal(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(floor(odata_decimal_value(value)))
$$;

CREATE OR REPLACE FUNCTION odata_ceiling_decimal(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(ceil(odata_decimal_value(value)))
$$;

-- --- integers of 64 bits; days are texts, durations and moments microseconds ---
CREATE OR REPLACE FUNCTION odata_in_64_bits(value numeric) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN value BETWEEN -9223372036854775808 AND 9223372036854775807 THEN value::bigint END
$$;

CREATE OR REPLACE FUNCTION odata_add_int64(l bigint, r bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_in_64_bits(l::numeric + r)
$$;

CREATE OR REPLACE FUNCTION odata_subtract_int64(l bigint, r bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_in_64_bits(l::numeric - r)
$$;

CREATE OR REPLACE FUNCTION odata_multiply_int64(l bigint, r bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_in_64_bits(l::numeric * r)
$$;

CREATE OR REPLACE FUNCTION odata_divide_int64(l bigint, r bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN r = -1 THEN odata_in_64_bits(-l::numeric) ELSE l / nullif(r, 0) END
$$;

CREATE OR REPLACE FUNCTION odata_remainder_int64(l bigint, r bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN r = -1 THEN 0 ELSE l % nullif(r, 0) END
$$;

CREATE OR REPLACE FUNCTION odata_add_duration(l bigint, r bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_in_64_bits(l::numeric + r)
$$;

CREATE OR REPLACE FUNCTION odata_subtract_duration(l bigint, r bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_in_64_bits(l::numeric - r)
$$;

CREATE OR REPLACE FUNCTION odata_multiply_duration(l bigint, r text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_in_64_bits(round(l * odata_decimal_value(r)))
$$;

CREATE OR REPLACE FUNCTION odata_divide_duration(l bigint, r text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_in_64_bits(round(round(l::numeric, 60) / nullif(odata_decimal_value(r), 0)))
$$;

CREATE OR REPLACE FUNCTION odata_moment_in_range(value numeric) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN value BETWEEN -62135596800000000 AND 253402300799999999 THEN value::bigint END
$$;

CREATE OR REPLACE FUNCTION odata_add_datetimeoffset(l bigint, r bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_moment_in_range(l::numeric + r)
$$;

CREATE OR REPLACE FUNCTION odata_subtract_datetimeoffset(l bigint, r bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_moment_in_range(l::numeric - r)
$$;

-- Whole days in microseconds, rounded down.
CREATE OR REPLACE FUNCTION odata_whole_days(microseconds bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT microseconds / 86400000000 - CASE WHEN microseconds % 86400000000 < 0 THEN 1 ELSE 0 END
$$;

-- A day by its distance from 1970-01-01.
CREATE OR REPLACE FUNCTION odata_day_text(days bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN days BETWEEN -719162 AND 2932896 THEN to_char(date '1970-01-01' + days::integer, 'YYYY-MM-DD') END
$$;

CREATE OR REPLACE FUNCTION odata_day_number(day text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (make_date(left(day, 4)::integer, substr(day, 6, 2)::integer, substr(day, 9)::integer) - date '1970-01-01')::bigint
$$;

CREATE OR REPLACE FUNCTION odata_add_date(day text, duration bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_day_text(odata_day_number(day) + odata_whole_days(duration))
$$;

-- The least 64-bit number cannot be negated; so many days lead beyond year 9999 anyhow.
CREATE OR REPLACE FUNCTION odata_subtract_date(day text, duration bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN duration > -9223372036854775808
              THEN odata_day_text(odata_day_number(day) + odata_whole_days(-duration)) END
$$;

CREATE OR REPLACE FUNCTION odata_difference_date(l text, r text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (odata_day_number(l) - odata_day_number(r)) * 86400000000
$$;

CREATE OR REPLACE FUNCTION odata_date_of(moment bigint, minutes bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_day_text(odata_whole_days(moment + minutes * 60000000))
$$;

CREATE OR REPLACE FUNCTION odata_time_of(moment bigint, minutes bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT ((moment + minutes * 60000000) % 86400000000 + 86400000000) % 86400000000
$$;

CREATE OR REPLACE FUNCTION odata_offset_of(moment bigint, minutes bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN moment IS NOT NULL THEN minutes END
$$;

CREATE OR REPLACE FUNCTION odata_year(day text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT left(day, 4)::bigint
$$;

CREATE OR REPLACE FUNCTION odata_month(day text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT substr(day, 6, 2)::bigint
$$;

CREATE OR REPLACE FUNCTION odata_day(day text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT substr(day, 9)::bigint
$$;

CREATE OR REPLACE FUNCTION odata_hour(time_of_day bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT time_of_day / 3600000000
$$;

CREATE OR REPLACE FUNCTION odata_minute(time_of_day bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT time_of_day / 60000000 % 60
$$;

CREATE OR REPLACE FUNCTION odata_second(time_of_day bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT time_of_day / 1000000 % 60
$$;

CREATE OR REPLACE FUNCTION odata_fractional_seconds(time_of_day bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text((time_of_day % 1000000) * 0.000001)
$$;

CREATE OR REPLACE FUNCTION odata_total_seconds(duration bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(duration * 0.000001)
$$;

-- --- floating point: PostgreSQL raises an error where a result is infinite or too small, IEEE 754 has one ---
CREATE OR REPLACE FUNCTION odata_add_double(l double precision, r double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN nullif(l + r, 'NaN');
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN CASE WHEN l > 0 THEN 'Infinity' ELSE '-Infinity' END;
END $$;

-- A total that became null, as it is no number, stays null: a strict function is not called with null again.
CREATE OR REPLACE AGGREGATE odata_sum_double(double precision) (
  SFUNC = odata_add_double, STYPE = double precision, PARALLEL = SAFE
);

CREATE OR REPLACE FUNCTION odata_subtract_double(l double precision, r double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_add_double(l, -r)
$$;

CREATE OR REPLACE FUNCTION odata_multiply_double(l double precision, r double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN nullif(l * r, 'NaN');
EXCEPTION WHEN numeric_value_out_of_range THEN
  IF abs(l) < 1 OR abs(r) < 1 THEN
    RETURN 0;
  END IF;
  RETURN CASE WHEN sign(l) = sign(r) THEN 'Infinity' ELSE '-Infinity' END;
END $$;

CREATE OR REPLACE FUNCTION odata_divide_double(l double precision, r double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN nullif(l / nullif(r, 0), 'NaN');
EXCEPTION WHEN numeric_value_out_of_range THEN
  IF abs(r) > 1 THEN
    RETURN 0;
  END IF;
  RETURN CASE WHEN sign(l) = sign(r) THEN 'Infinity' ELSE '-Infinity' END;
END $$;

-- By numerics, which have the 15 digits that a floating-point number always has: docs/deviations.md says what that changes.
CREATE OR REPLACE FUNCTION odata_remainder_double(l double precision, r double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  IF r = 0 OR abs(l) = 'Infinity' THEN
    RETURN NULL;
  END IF;
  RETURN CASE WHEN abs(r) = 'Infinity' THEN l ELSE l::numeric % r::numeric END;
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN NULL;  -- a rest beside the ends of the range
END $$;

CREATE OR REPLACE FUNCTION odata_round_double(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN abs(value) >= 4503599627370496 THEN value
              ELSE sign(value) * (floor(abs(value)) + CASE WHEN abs(value) - floor(abs(value)) >= 0.5 THEN 1 ELSE 0 END) END
$$;

CREATE OR REPLACE FUNCTION odata_floor_double(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT floor(value) $$;

CREATE OR REPLACE FUNCTION odata_ceiling_double(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT ceil(value) $$;

-- --- strings ---
CREATE OR REPLACE FUNCTION odata_lower(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT lower(value COLLATE "und-x-icu") COLLATE "C"
$$;

CREATE OR REPLACE FUNCTION odata_upper(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT upper(value COLLATE "und-x-icu") COLLATE "C"
$$;

CREATE OR REPLACE FUNCTION odata_ends_with(value text, ending text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT right(value, length(ending)) = ending
$$;

-- Code points with the property White_Space: https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt
CREATE OR REPLACE FUNCTION odata_trim(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT btrim(value, U&'\0009\000A\000B\000C\000D\0020\0085\00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\2028\2029\202F\205F\3000')
$$;

CREATE OR REPLACE FUNCTION odata_substring(value text, start bigint, characters bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE
    WHEN characters < 0 THEN NULL
    WHEN start >= length(value) THEN ''
    ELSE substr(value, (CASE WHEN start >= 0 THEN start ELSE greatest(0, length(value) + start) END)::integer + 1,
                least(characters, length(value))::integer)
  END
$$;

CREATE OR REPLACE FUNCTION odata_substring(value text, start bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_substring(value, start, 2147483647)
$$;

-- --- conversions ---
CREATE OR REPLACE FUNCTION odata_number_of(value text) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN value ~ '^[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,4})?$' THEN value::numeric END
$$;

CREATE OR REPLACE FUNCTION odata_integer_within(value numeric, lowest bigint, highest bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN value BETWEEN lowest AND highest THEN value::bigint END
$$;

CREATE OR REPLACE FUNCTION odata_double_within(value double precision, lowest bigint, highest bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN abs(value) < 9223372036854775808 OR value = -9223372036854775808
              THEN odata_integer_within(odata_round_double(value)::bigint, lowest, highest) END
$$;

CREATE OR REPLACE FUNCTION odata_string_within(value text, lowest bigint, highest bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN odata_number_of(value) = trunc(odata_number_of(value))
              THEN odata_integer_within(odata_number_of(value), lowest, highest) END
$$;

CREATE OR REPLACE FUNCTION odata_double_to_single(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN abs(value) >= 3.4028235677973366e38 THEN sign(value) * 'Infinity'::double precision
              WHEN abs(value) <= 7.006492321624085e-46 THEN 0
              ELSE value::real::double precision END
$$;

CREATE OR REPLACE FUNCTION odata_double_to_decimal(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN abs(value) < 1e21 THEN odata_decimal_text(value::text::numeric) END
$$;

-- Texts of numbers: 1e+16 and 1e-05, but 1000000 and 0.0001.
CREATE OR REPLACE FUNCTION odata_float_text(value double precision, written text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN abs(value) = 'Infinity' THEN replace(written, 'Infinity', 'INF')
              WHEN strpos(written, 'e') > 0 AND abs(value) >= 0.0001 AND abs(value) < 1e16 THEN written::numeric::text
              ELSE written END
$$;

CREATE OR REPLACE FUNCTION odata_double_to_string(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT odata_float_text(value, value::text) $$;

CREATE OR REPLACE FUNCTION odata_single_to_string(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT odata_float_text(value, value::real::text) $$;

CREATE OR REPLACE FUNCTION odata_string_to_double(value text) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  number CONSTANT numeric := odata_number_of(value);
BEGIN
  IF value IN ('INF', '-INF') THEN
    RETURN replace(value, 'INF', 'Infinity')::double precision;
  END IF;
  RETURN CASE WHEN number IS NOT NULL THEN value::double precision END;
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN CASE WHEN abs(number) < 1 THEN '0' WHEN number > 0 THEN 'Infinity' ELSE '-Infinity' END::double precision;
END $$;

CREATE OR REPLACE FUNCTION odata_string_to_single(value text) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT odata_double_to_single(odata_string_to_double(value)) $$;

CREATE OR REPLACE FUNCTION odata_string_to_decimal(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_decimal_text(odata_number_of(value))
$$;

CREATE OR REPLACE FUNCTION odata_decimal_to_string(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT trim_scale(odata_decimal_value(value))::text
$$;

CREATE OR REPLACE FUNCTION odata_boolean_to_string(value boolean) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN value THEN 'true' ELSE 'false' END
$$;

CREATE OR REPLACE FUNCTION odata_string_to_boolean(value text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE odata_lower(value) WHEN 'true' THEN true WHEN 'false' THEN false END
$$;

CREATE OR REPLACE FUNCTION odata_string_to_guid(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN value ~ '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$'
              THEN odata_lower(value) END
$$;

CREATE OR REPLACE FUNCTION odata_binary_to_string(value bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT translate(encode(value, 'base64'), U&'+/\000A', '-_')
$$;

CREATE OR REPLACE FUNCTION odata_string_to_binary(value text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN value ~ '^[A-Za-z0-9+/_-]*=*$' AND length(rtrim(value, '=')) % 4 <> 1
              THEN decode(translate(rtrim(value, '='), '-_', '+/') || repeat('=', -length(rtrim(value, '=')) & 3), 'base64') END
$$;

CREATE OR REPLACE FUNCTION odata_string_to_date(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  years integer;
  months integer;
BEGIN
  IF value !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN
    RETURN NULL;
  END IF;
  years := left(value, 4);
  months := substr(value, 6, 2);
  IF years = 0 OR months NOT BETWEEN 1 AND 12 OR right(value, 2) = '00' THEN
    RETURN NULL;
  END IF;
  IF right(value, 2)::integer > extract(day FROM make_date(years, months, 1) + interval '1 month' - interval '1 day') THEN
    RETURN NULL;
  END IF;
  RETURN value;
END $$;

CREATE OR REPLACE FUNCTION odata_string_to_timeofday(value text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT ((found[1]::bigint * 60 + found[2]::bigint) * 60 + coalesce(found[3], '0')::bigint) * 1000000
         + rpad(left(coalesce(found[4], '0'), 6), 6, '0')::bigint
  FROM regexp_match(value, '^([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,12}))?)?$') AS found
$$;

CREATE OR REPLACE FUNCTION odata_timeofday_to_string(value bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT lpad((value / 3600000000)::text, 2, '0') || ':' || lpad((value / 60000000 % 60)::text, 2, '0') || ':'
         || lpad((value / 1000000 % 60)::text, 2, '0')
         || CASE WHEN value % 1000000 = 0 THEN '' ELSE '.' || rtrim(lpad((value % 1000000)::text, 6, '0'), '0') END
$$;

-- Without a time zone it is in UTC.
CREATE OR REPLACE FUNCTION odata_string_to_datetimeoffset(value text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_day_number(odata_string_to_date(found[1])) * 86400000000 + odata_string_to_timeofday(found[2])
         - coalesce((found[3] || '1')::bigint * (found[4]::bigint * 60 + found[5]::bigint) * 60000000, 0)
  FROM regexp_match(value, '^([^Tt]*)[Tt]([0-9:.]*)(?:[Zz]|([+-])(0[0-9]|1[0-4]):([0-5][0-9]))?$') AS found
$$;

CREATE OR REPLACE FUNCTION odata_datetimeoffset_to_string(value bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_date_of(value, 0) || 'T' || odata_timeofday_to_string(odata_time_of(value, 0)) || 'Z'
$$;

CREATE OR REPLACE FUNCTION odata_string_to_duration(value text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT odata_in_64_bits((found[1] || '1')::numeric * (
           1000000 * ((coalesce(found[2], '0')::numeric * 24 + coalesce(found[3], '0')::numeric) * 3600
                      + coalesce(found[4], '0')::numeric * 60 + coalesce(found[5], '0')::numeric)
           + rpad(left(coalesce(found[6], '0'), 6), 6, '0')::numeric))
  FROM regexp_match(value, '^([+-]?)[Pp](?:([0-9]+)[Dd])?(?:[Tt](?:([0-9]+)[Hh])?(?:([0-9]+)[Mm])?(?:([0-9]+)(?:\.([0-9]+))?[Ss\u017f])?)?$') AS found
  WHERE length(value) <= 40 AND right(value, 1) !~ '[PpTt]'
$$;

CREATE OR REPLACE FUNCTION odata_duration_to_string(value bigint) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  left_over CONSTANT numeric := abs(value::numeric);
  whole CONSTANT bigint := trunc(left_over / 1000000);
  fraction CONSTANT bigint := left_over % 1000000;
  days CONSTANT text := CASE WHEN whole >= 86400 THEN whole / 86400 || 'D' ELSE '' END;
  times text := CASE WHEN whole / 3600 % 24 > 0 THEN whole / 3600 % 24 || 'H' ELSE '' END
             || CASE WHEN whole / 60 % 60 > 0 THEN whole / 60 % 60 || 'M' ELSE '' END;
BEGIN
  IF whole % 60 > 0 OR fraction > 0 THEN
    times := times || rtrim(rtrim(whole % 60 || '.' || lpad(fraction::text, 6, '0'), '0'), '.') || 'S';
  END IF;
  IF days || times = '' THEN
    RETURN 'PT0S';
  END IF;
  RETURN CASE WHEN value < 0 THEN '-' ELSE '' END || 'P' || days || CASE WHEN times = '' THEN '' ELSE 'T' || times END;
END $$;
