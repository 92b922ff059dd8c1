//! The texts of dates, times, decimals and identifiers: how to know them, how to normalise them.
//!
//! Dates and times are those of SQLite's own date functions (lang_datefunc.html): `2024-02-29`,
//! `23:59`, `23:59:59.123`, both joined by a space or a `T`, and a zone of `Z` or `+02:00`.

use super::Unfit;

/// A date and time, found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment<'a> {
    /// `2024-02-29`.
    pub(crate) date: &'a str,
    /// The time of day.
    pub(crate) clock: Clock<'a>,
    /// Minutes that the zone is ahead of UTC, if there is a zone.
    pub(crate) zone: Option<i32>,
}

/// A time of day, found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock<'a> {
    /// `23:59`.
    minutes: &'a str,
    /// `59`, or nothing.
    seconds: &'a str,
    /// The digits of the fraction, or nothing.
    pub(crate) fraction: &'a str,
}

/// Whether a text is a date that exists.
pub(crate) fn is_date(text: &str) -> bool {
    date_numbers(text).is_some()
}

/// Year, month and day of a date.
fn date_numbers(text: &str) -> Option<(i32, u32, u32)> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = i32::try_from(digits(text.get(0..4)?)?).ok()?;
    let (month, day) = (digits(text.get(5..7)?)?, digits(text.get(8..10)?)?);
    let valid = (1..=12).contains(&month) && day >= 1 && day <= days_of(year, month);
    valid.then_some((year, month, day))
}

fn days_of(year: i32, month: u32) -> u32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn digits(text: &str) -> Option<u32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// Reads a time of day.
pub(crate) fn clock(text: &str) -> Option<Clock<'_>> {
    let minutes = text.get(0..5)?;
    let (hour, minute) = minutes.split_once(':')?;
    let valid = hour.len() == 2 && digits(hour)? < 24 && digits(minute)? < 60;
    let rest = text.get(5..)?;
    if !valid {
        return None;
    }
    let Some(rest) = rest.strip_prefix(':') else {
        return rest.is_empty().then_some(Clock {
            minutes,
            seconds: "",
            fraction: "",
        });
    };
    let (seconds, fraction) = match rest.split_once('.') {
        Some((seconds, fraction)) if !fraction.is_empty() => (seconds, fraction),
        Some(_) => return None,
        None => (rest, ""),
    };
    let valid = seconds.len() == 2
        && digits(seconds)? < 60
        && fraction.len() <= 9
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    valid.then_some(Clock {
        minutes,
        seconds,
        fraction,
    })
}

/// Reads a date with a time of day.
pub(crate) fn moment(text: &str) -> Option<Moment<'_>> {
    let date = text.get(0..10)?;
    let rest = text.get(10..)?.strip_prefix([' ', 'T'])?;
    let (time, zone) = split_zone(rest)?;
    let clock = clock(time)?;
    is_date(date).then_some(Moment { date, clock, zone })
}

fn split_zone(text: &str) -> Option<(&str, Option<i32>)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, Some(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, None));
    };
    let (hours, minutes) = text.get(at + 1..)?.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let ahead = i32::try_from(digits(hours)? * 60 + digits(minutes)?).ok()?;
    let sign = if text.as_bytes()[at] == b'-' { -1 } else { 1 };
    (ahead <= 14 * 60).then_some((&text[..at], Some(sign * ahead)))
}

/// Writes a time of day with exactly `fraction` digits.
pub(crate) fn write_clock(clock: Clock<'_>, fraction: u8, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let seconds = if clock.seconds.is_empty() {
        "00"
    } else {
        clock.seconds
    };
    out.extend_from_slice(clock.minutes.as_bytes());
    out.push(b':');
    out.extend_from_slice(seconds.as_bytes());
    let wanted = usize::from(fraction);
    let given = clock.fraction.trim_end_matches('0');
    if given.len() > wanted {
        return Err(Unfit("has more digits of seconds than its column"));
    }
    if wanted > 0 {
        out.push(b'.');
        out.extend_from_slice(given.as_bytes());
        out.extend(std::iter::repeat_n(b'0', wanted - given.len()));
    }
    Ok(())
}

/// Writes a moment without its zone.
pub(crate) fn write_moment(
    moment: Moment<'_>,
    fraction: u8,
    out: &mut Vec<u8>,
) -> Result<(), Unfit> {
    out.extend_from_slice(moment.date.as_bytes());
    out.push(b' ');
    write_clock(moment.clock, fraction, out)
}

/// Writes a moment with a zone as its reading in UTC.
pub(crate) fn write_instant(
    moment: Moment<'_>,
    fraction: u8,
    out: &mut Vec<u8>,
) -> Result<(), Unfit> {
    const OUTSIDE: Unfit = Unfit("is outside the years 0000 to 9999 in UTC");
    let numbers = date_numbers(moment.date).zip(moment.zone);
    let ((year, month, day), zone) = numbers.ok_or(Unfit("has no time zone"))?;
    let (hour, minute) = moment.clock.minutes.split_once(':').unwrap_or(("", ""));
    let of_day = digits(hour).unwrap_or(0) * 60 + digits(minute).unwrap_or(0);
    let minutes = i64::from(of_day) - i64::from(zone);
    let days = days_since_epoch(year, month, day) + minutes.div_euclid(24 * 60);
    let (year, month, day) = date_of(days);
    if !(0..=9999).contains(&year) {
        return Err(OUTSIDE);
    }
    let of_day = minutes.rem_euclid(24 * 60);
    let clock_minutes = format!("{:02}:{:02}", of_day / 60, of_day % 60);
    out.extend_from_slice(format!("{year:04}-{month:02}-{day:02} ").as_bytes());
    let clock = Clock {
        minutes: &clock_minutes,
        ..moment.clock
    };
    write_clock(clock, fraction, out)
}

/// Days from 1970-01-01, in the proleptic Gregorian calendar (Howard Hinnant's algorithm, which
/// counts years from March so that the leap day comes last).
fn days_since_epoch(year: i32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The way back from [`days_since_epoch`].
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The digits of a plain decimal: before the point without leading zeros, and after it.
pub(crate) fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let valid = !whole.is_empty()
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
        && !rest.ends_with('.');
    valid.then(|| (negative, whole.trim_start_matches('0'), fraction))
}

/// Writes a plain decimal with exactly `scale` digits after the point, or as many as it brings.
pub(crate) fn write_decimal(
    text: &str,
    precision: Option<u16>,
    scale: Option<u16>,
    out: &mut Vec<u8>,
) -> Result<(), Unfit> {
    let (negative, whole, fraction) = decimal(text).ok_or(Unfit("is not a decimal number"))?;
    let wanted = scale.map_or(fraction.len(), usize::from);
    let given = fraction.trim_end_matches('0');
    if given.len() > wanted {
        return Err(Unfit("has more digits after the point than its column"));
    }
    if precision.is_some_and(|precision| whole.len() + wanted > usize::from(precision)) {
        return Err(Unfit("has more digits than its column"));
    }
    if negative && !(whole.is_empty() && given.is_empty()) {
        out.push(b'-');
    }
    out.extend_from_slice(if whole.is_empty() {
        b"0"
    } else {
        whole.as_bytes()
    });
    if wanted > 0 {
        let kept = fraction.get(..wanted).unwrap_or(fraction);
        out.push(b'.');
        out.extend_from_slice(kept.as_bytes());
        out.extend(std::iter::repeat_n(b'0', wanted - kept.len()));
    }
    Ok(())
}

/// Whether a text is a UUID, in letters of either case.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether SQLite takes a text for a number when the column's affinity is numeric: the whole of
/// it, white space around it aside (`sqlite3AtoF`).
pub(crate) fn looks_numeric(text: &[u8]) -> bool {
    let space = |byte: &u8| matches!(byte, b' ' | 0x09..=0x0d);
    let start = text.iter().take_while(|byte| space(byte)).count();
    let end = text.len()
        - text[start..]
            .iter()
            .rev()
            .take_while(|byte| space(byte))
            .count();
    let text = &text[start..end.max(start)];
    let text = text
        .strip_prefix(b"-")
        .or_else(|| text.strip_prefix(b"+"))
        .unwrap_or(text);
    let count = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = count(text);
    let rest = &text[whole..];
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => (count(rest), &rest[count(rest)..]),
        None => (0, rest),
    };
    if whole + fraction == 0 {
        return false;
    }
    let Some((b'e' | b'E', exponent)) = rest.split_first() else {
        return rest.is_empty();
    };
    let unsigned = exponent
        .strip_prefix(b"-")
        .or_else(|| exponent.strip_prefix(b"+"));
    let exponent = unsigned.unwrap_or(exponent);
    !exponent.is_empty() && count(exponent) == exponent.len()
}
