//! Dates of feeds: what the standards say, and what people write instead.

use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use regex::{Captures, Regex};

use crate::dates;

/// `[Thu,] 01 Jan 04 [19:48[:21]] [zone]`, or `Jan 01` in the place of `01 Jan`.
static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    let day = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?";
    let month = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?";
    let month2 = month.replace("month", "month2");
    let day2 = day.replace("day", "day2");
    let pattern = format!(
        r"(?i)(?:{day}[ -]+{month}|{month2}[ -]+{day2}),?[ -]+(?P<year>\d{{4}}|\d{{2}})(?:[ T]+(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?::(?P<s>\d{{2}}))?)?(?:\.\d+)?\s*(?P<zone>[+-]\d{{1,2}}:?\d{{2}}|[a-z]{{1,5}})?"
    );
    Regex::new(&pattern).expect("the pattern is constant")
});

/// `2004`, `2004-01`, and a moment without seconds or with an hour's offset.
static PARTIAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?P<year>\d{4})(?:-?(?P<month>\d{2}))?(?:-?(?P<day>\d{2}))?(?:[T ]+(?P<h>\d{1,2})(?::?(?P<m>\d{2}))?(?::?(?P<s>\d{2}))?(?:[.,]\d+)?\s*(?P<zone>[+-]\d{1,2}:?(?:\d{2})?|[A-Za-z]{1,5})?)?$")
        .expect("the pattern is constant")
});

/// The date in this crate's spelling, if it can be read.
pub(crate) fn normal(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > 100 {
        return None;
    }
    dates::normal(text, None).or_else(|| {
        let found = PARTIAL.captures(text).or_else(|| WORDS.captures(text))?;
        moment(&found)
    })
}

fn moment(found: &Captures) -> Option<String> {
    let number = |name: &str| found.name(name).and_then(|text| text.as_str().parse::<i16>().ok());
    let year = number("year")?;
    // RFC 2822, 4.3: 00 to 49 are of this century.
    let year = if found["year"].len() == 4 { year } else { year + if year < 50 { 2000 } else { 1900 } };
    let month = match found.name("month").or_else(|| found.name("month2")) {
        Some(name) => month(name.as_str())?,
        None => 1,
    };
    let day = number("day").or_else(|| number("day2")).unwrap_or(1);
    let day = Date::new(year, month, day as i8).ok()?;
    let Some(hour) = number("h") else { return Some(day.to_string()) };
    let time = Time::new(hour as i8, number("m").unwrap_or(0) as i8, number("s").unwrap_or(0) as i8, 0);
    let minutes = found.name("zone").map_or(Some(0), |zone| offset(zone.as_str()))?;
    let stamp = TimeZone::UTC.to_timestamp(day.to_datetime(time.ok()?)).ok()?;
    stamp.checked_sub(jiff::SignedDuration::from_mins(minutes)).ok().map(|stamp| stamp.to_string())
}

fn month(text: &str) -> Option<i8> {
    const NAMES: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let low = text.to_ascii_lowercase();
    let named = NAMES.iter().position(|name| low.starts_with(name)).map(|at| at as i8 + 1);
    named.or_else(|| text.parse().ok())
}

/// Minutes east of Greenwich; unknown names are taken as UTC (RFC 2822, 4.3).
fn offset(zone: &str) -> Option<i64> {
    if let Some(sign) = zone.strip_prefix(['+', '-']) {
        let digits = sign.replace(':', "");
        let (hours, minutes) =
            if digits.len() > 2 { digits.split_at(digits.len() - 2) } else { (&*digits, "0") };
        let value = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
        return Some(if zone.starts_with('-') { -value } else { value });
    }
    let hours = match zone.to_ascii_uppercase().as_str() {
        "AST" | "EDT" => -4,
        "EST" | "CDT" | "ET" => -5,
        "CST" | "MDT" | "CT" => -6,
        "MST" | "PDT" | "MT" => -7,
        "PST" | "PT" => -8,
        "CET" | "BST" => 1,
        "CEST" | "EET" => 2,
        "JST" | "KST" => 9,
        _ => 0,
    };
    Some(hours * 60)
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn what_people_write() {
        for (text, expected) in [
            ("Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"),
            ("Thu, 01 Jan 04 19:48:21 EST", "2004-01-02T00:48:21Z"),
            ("1 January 2004", "2004-01-01"),
            ("Jan 1st, 2004 10:00 PST", "2004-01-01T18:00:00Z"),
            ("2003-12", "2003-12-01"),
            ("2003", "2003-01-01"),
            ("2003-12-31T10:14Z", "2003-12-31T10:14:00Z"),
            ("2003-12-31 10:14:55 +08", "2003-12-31T02:14:55Z"),
        ] {
            assert_eq!(normal(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "昨天", "2003-13-01", "31 Feb 2004", "99999999999999999"] {
            assert_eq!(normal(text), None, "{text}");
        }
    }
}
