//! Dates as they come, and as they are kept: RFC 3339 or `YYYY-MM-DD`.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;

/// A moment from RFC 3339, RFC 2822, `YYYY-MM-DD[ HH:MM[:SS]]` or `YYYYMMDD`; without a zone it is UTC.
///
/// ```
/// use biotope_data::dates::moment;
/// assert_eq!(moment("1987-04-08"), moment("Wed, 08 Apr 1987 00:00:00 GMT"));
/// assert_eq!(moment("yesterday"), None);
/// ```
pub fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(stamp);
    }
    if let Ok(zoned) = rfc2822::parse(text) {
        return Some(zoned.timestamp());
    }
    let plain = text.replace('/', "-");
    let civil = plain.parse::<DateTime>().or_else(|_| plain.parse::<Date>().map(DateTime::from)).ok()?;
    utc(civil)
}

/// As [`moment`], by a `strptime` pattern first (`"%d-%b-%Y %H:%M"`).
pub fn moment_by(text: &str, pattern: Option<&str>) -> Option<Timestamp> {
    let Some(pattern) = pattern else { return moment(text) };
    let parts = strtime::parse(pattern, text.trim()).ok()?;
    if let Ok(stamp) = parts.to_timestamp() {
        return Some(stamp);
    }
    utc(parts.to_datetime().or_else(|_| parts.to_date().map(DateTime::from)).ok()?)
}

fn utc(civil: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// How a date is kept: a bare date if it is one, RFC 3339 otherwise, nothing if it cannot be read.
///
/// ```
/// use biotope_data::dates::normal;
/// assert_eq!(normal("1987/04/08", None).as_deref(), Some("1987-04-08"));
/// assert_eq!(normal("08.04.1987 15:01", Some("%d.%m.%Y %H:%M")).as_deref(), Some("1987-04-08T15:01:00Z"));
/// ```
pub fn normal(text: &str, pattern: Option<&str>) -> Option<String> {
    let stamp = moment_by(text, pattern)?;
    let bare = match pattern {
        Some(pattern) => !["%H", "%I", "%T", "%R", "%s", "%c"].iter().any(|part| pattern.contains(part)),
        None => text.trim().replace('/', "-").parse::<Date>().is_ok() && !text.contains(':'),
    };
    Some(if bare { TimeZone::UTC.to_datetime(stamp).date().to_string() } else { stamp.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_of_a_date() {
        let day = moment("1987-04-08").unwrap();
        for text in [
            "1987-04-08T00:00:00Z",
            "1987-04-08 00:00",
            "1987/04/08",
            "1987-04-08T02:00:00+02:00",
            "19870408",
        ] {
            assert_eq!(moment(text), Some(day), "{text}");
        }
        assert_eq!(normal("1987-04-08T15:01:01Z", None).as_deref(), Some("1987-04-08T15:01:01Z"));
        assert_eq!(normal("Tue, 10 Mar 1987 09:00:00 +0100", None).as_deref(), Some("1987-03-10T08:00:00Z"));
        assert_eq!(normal("2026-01-02T03:04:05+0800", None).as_deref(), Some("2026-01-01T19:04:05Z"));
        assert_eq!(normal("26-FEB-1987", Some("%d-%b-%Y")).as_deref(), Some("1987-02-26"));
        assert_eq!(normal("n/a", None), None);
    }
}
