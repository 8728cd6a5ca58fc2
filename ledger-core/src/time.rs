//! Times as people saw them, and calendar dates. No clock here: the present is always an argument.

use std::fmt;

use crate::encode::{INT_MAX, Value};

/// Widest offset from UTC in use, in minutes.
pub const OFFSET_MAX_MINUTES: i32 = 840;
/// Vietnam's offset, in minutes.
pub const VIETNAM_OFFSET_MINUTES: i32 = 420;
/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// A moment, with the offset that the person saw (`docs/formats.md` section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00Z.
    pub seconds: i64,
    /// Minutes east of UTC.
    pub offset_minutes: i32,
}

/// A text or value that is no time or date of the form asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time or date of the form asked for")]
pub struct TimeError;

impl Timestamp {
    /// A moment, if the offset exists and the year is 1900…2199.
    ///
    /// # Errors
    /// [`TimeError`] otherwise.
    pub fn new(seconds: i64, offset_minutes: i32) -> Result<Timestamp, TimeError> {
        let time = Timestamp {
            seconds,
            offset_minutes,
        };
        let in_range = offset_minutes.abs() <= OFFSET_MAX_MINUTES && seconds.abs() < INT_MAX / 2;
        if in_range && (1900..2200).contains(&time.date().year) {
            Ok(time)
        } else {
            Err(TimeError)
        }
    }

    /// A moment as seen in Vietnam.
    pub fn vietnam(seconds: i64) -> Timestamp {
        Timestamp {
            seconds,
            offset_minutes: VIETNAM_OFFSET_MINUTES,
        }
    }

    /// The calendar date in its own offset.
    pub fn date(&self) -> Date {
        let local = self
            .seconds
            .saturating_add(i64::from(self.offset_minutes) * 60);
        Date::from_days(local.div_euclid(DAY_SECONDS))
    }

    /// The time of day in its own offset, as people here write it: `20:10`.
    pub fn clock(&self) -> String {
        let minute =
            (self.seconds + i64::from(self.offset_minutes) * 60).rem_euclid(DAY_SECONDS) / 60;
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }

    /// Parses RFC 3339 with seconds optional: `2026-10-12T06:10:00+07:00`, `2026-10-12T06:10+07:00`, `…Z`.
    ///
    /// # Errors
    /// [`TimeError`] for any other text.
    pub fn parse(text: &str) -> Result<Timestamp, TimeError> {
        let (date, rest) = text.split_at_checked(10).ok_or(TimeError)?;
        let date = Date::parse(date)?;
        let rest = rest.strip_prefix('T').ok_or(TimeError)?;
        let zone_at = rest.find(['Z', '+', '-']).ok_or(TimeError)?;
        let (clock, zone) = rest.split_at(zone_at);
        let offset_minutes = parse_zone(zone)?;
        let local = date.days() * DAY_SECONDS + parse_clock(clock)?;
        Timestamp::new(local - i64::from(offset_minutes) * 60, offset_minutes)
    }

    /// The CBOR form.
    pub fn to_value(self) -> Value {
        Value::Array(vec![
            Value::Int(self.seconds),
            Value::Int(i64::from(self.offset_minutes)),
        ])
    }

    /// Reads the CBOR form.
    ///
    /// # Errors
    /// [`TimeError`] for any other value.
    pub fn from_value(value: &Value) -> Result<Timestamp, TimeError> {
        match value.as_array() {
            Some([Value::Int(seconds), Value::Int(offset)]) => {
                Timestamp::new(*seconds, i32::try_from(*offset).map_err(|_| TimeError)?)
            }
            _ => Err(TimeError),
        }
    }
}

/// RFC 3339, to the second.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.seconds + i64::from(self.offset_minutes) * 60;
        let second = local.rem_euclid(DAY_SECONDS);
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let offset = self.offset_minutes.abs();
        write!(
            f,
            "{}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
            self.date(),
            second / 3600,
            second / 60 % 60,
            second % 60,
            offset / 60,
            offset % 60
        )
    }
}

fn two_digits(text: &str) -> Result<i64, TimeError> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().map_err(|_| TimeError)
    } else {
        Err(TimeError)
    }
}

fn parse_clock(text: &str) -> Result<i64, TimeError> {
    let mut parts = text.split(':').map(two_digits);
    let (hour, minute) = (
        parts.next().ok_or(TimeError)??,
        parts.next().ok_or(TimeError)??,
    );
    let second = parts.next().unwrap_or(Ok(0))?;
    if parts.next().is_none() && hour < 24 && minute < 60 && second < 60 {
        Ok(hour * 3600 + minute * 60 + second)
    } else {
        Err(TimeError)
    }
}

fn parse_zone(text: &str) -> Result<i32, TimeError> {
    if text == "Z" {
        return Ok(0);
    }
    let (sign, clock) = text.split_at_checked(1).ok_or(TimeError)?;
    let (hours, minutes) = clock.split_once(':').ok_or(TimeError)?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    if minutes >= 60 {
        return Err(TimeError);
    }
    let offset = (hours * 60 + minutes) as i32;
    Ok(if sign == "-" { -offset } else { offset })
}

/// A calendar date, 1900-01-01 … 2199-12-31 when parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year.
    pub year: i32,
    /// The month, 1…12.
    pub month: u8,
    /// The day of the month.
    pub day: u8,
}

impl Date {
    /// Parses `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`TimeError`] for any other text or a day that does not exist.
    pub fn parse(text: &str) -> Result<Date, TimeError> {
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(i, b)| {
                if i == 4 || i == 7 {
                    b == b'-'
                } else {
                    b.is_ascii_digit()
                }
            });
        if !shape {
            return Err(TimeError);
        }
        let number =
            |range: std::ops::Range<usize>| text[range].parse::<i32>().map_err(|_| TimeError);
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let date = Date {
            year,
            month: month as u8,
            day: day as u8,
        };
        if (1900..2200).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && Date::from_days(date.days()) == date
        {
            Ok(date)
        } else {
            Err(TimeError)
        }
    }

    /// Days since 1970-01-01 (proleptic Gregorian; the era arithmetic of Howard Hinnant's note on dates).
    pub fn days(&self) -> i64 {
        let shifted_year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let month_from_march = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The date so many days after 1970-01-01.
    pub fn from_days(days: i64) -> Date {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u8;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        } as u8;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Date {
            year: year as i32,
            month,
            day,
        }
    }

    /// As people here write it: `12/10/2026`.
    pub fn vietnamese(&self) -> String {
        format!("{:02}/{:02}/{}", self.day, self.month, self.year)
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_agree_over_four_centuries() {
        for days in -30_000..85_000 {
            assert_eq!(Date::from_days(days).days(), days);
        }
        assert_eq!(Date::from_days(0).to_string(), "1970-01-01");
        assert_eq!(Date::parse("2026-10-19").map(|d| d.days()), Ok(20_745));
    }

    #[test]
    fn times_keep_the_offset_that_the_person_saw() {
        let time = Timestamp::parse("2026-01-01T05:30:00+07:00").unwrap();
        assert_eq!(time.to_string(), "2026-01-01T05:30:00+07:00");
        assert_eq!(time.date().year, 2026);
        assert_eq!(
            Timestamp {
                offset_minutes: 0,
                ..time
            }
            .date()
            .year,
            2025
        );
        assert_eq!(Timestamp::from_value(&time.to_value()), Ok(time));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-10-12",
            "2026-10-12T06:10",
            "2026-10-12 06:10+07:00",
            "2026-02-30T00:00Z",
            "2026-10-12T24:00Z",
            "2026-10-12T06:60Z",
            "2026-10-12T06:10+15:00",
            "2026-10-12T06:10:00:00Z",
            "2026-1-12T06:10Z",
            "1899-12-31T00:00Z",
            "2026-10-12T06:10+7:00",
            "é026-10-12T06:10Z",
        ] {
            assert_eq!(Timestamp::parse(text), Err(TimeError), "{text}");
        }
    }
}
