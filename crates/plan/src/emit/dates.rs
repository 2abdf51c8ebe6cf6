//! Date functions: over the canonical texts on SQLite, over dates and times on PostgreSQL.

use super::{Emit, Sql, sql};
use orglet_base::{CellKind, Dialect};

/// A date function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatePart {
    Month,
    Quarter,
    Year,
    DayInMonth,
    DayInWeek,
    DayInYear,
    DayOnly,
    Hour,
    WeekInMonth,
    WeekInYear,
}

impl DatePart {
    /// A date function by its name, in any case. Fiscal years begin in January.
    pub(crate) fn named(name: &str) -> Option<Self> {
        use DatePart::*;
        Some(match name.to_ascii_uppercase().as_str() {
            "CALENDAR_MONTH" | "FISCAL_MONTH" => Month,
            "CALENDAR_QUARTER" | "FISCAL_QUARTER" => Quarter,
            "CALENDAR_YEAR" | "FISCAL_YEAR" => Year,
            "DAY_IN_MONTH" => DayInMonth,
            "DAY_IN_WEEK" => DayInWeek,
            "DAY_IN_YEAR" => DayInYear,
            "DAY_ONLY" => DayOnly,
            "HOUR_IN_DAY" => Hour,
            "WEEK_IN_MONTH" => WeekInMonth,
            "WEEK_IN_YEAR" => WeekInYear,
            _ => return None,
        })
    }

    /// Whether only date-times have it.
    pub(crate) fn needs_time(self) -> bool {
        matches!(self, DatePart::DayOnly | DatePart::Hour)
    }
}

impl Emit {
    /// A part of a date or date-time, whichever `kind` says the value is.
    pub(crate) fn date_part(self, part: DatePart, value: &Sql, kind: CellKind) -> Sql {
        match self.0 {
            Dialect::Sqlite => self.part_of_text(part, value),
            Dialect::Postgres => self.part_of_date(part, value, kind),
        }
    }

    fn part_of_date(self, part: DatePart, value: &Sql, kind: CellKind) -> Sql {
        // In UTC, whatever the session's zone is.
        let value = if kind == CellKind::DateTime { sql!["(", value, " AT TIME ZONE 'UTC')"] } else { value.clone() };
        let field = |name: &str| sql!["CAST(EXTRACT(", name, " FROM ", value, ") AS integer)"];
        match part {
            DatePart::Year => field("YEAR"),
            DatePart::Month => field("MONTH"),
            DatePart::Quarter => field("QUARTER"),
            DatePart::DayInMonth => field("DAY"),
            DatePart::WeekInMonth => sql!["(", field("DAY"), " + 6) / 7"],
            DatePart::Hour => field("HOUR"),
            DatePart::DayOnly => sql!["CAST(", value, " AS date)"],
            DatePart::DayInWeek => sql![field("DOW"), " + 1"],
            DatePart::DayInYear => field("DOY"),
            DatePart::WeekInYear => sql!["(", field("DOY"), " + 6) / 7"],
        }
    }

    fn part_of_text(self, part: DatePart, value: &Sql) -> Sql {
        let digits = |from: u8, count: u8| sql!["CAST(substr(", value, format!(", {from}, {count}) AS INTEGER)")];
        let day = || sql!["substr(", value, ", 1, 10)"];
        let calendar = |format: &str| sql!["CAST(strftime('", format, "', ", day(), ") AS INTEGER)"];
        match part {
            DatePart::Year => digits(1, 4),
            DatePart::Month => digits(6, 2),
            DatePart::Quarter => sql!["(", digits(6, 2), " + 2) / 3"],
            DatePart::DayInMonth => digits(9, 2),
            DatePart::WeekInMonth => sql!["(", digits(9, 2), " + 6) / 7"],
            DatePart::Hour => digits(12, 2),
            DatePart::DayOnly => day(),
            DatePart::DayInWeek => sql![calendar("%w"), " + 1"],
            DatePart::DayInYear => calendar("%j"),
            DatePart::WeekInYear => sql!["(", calendar("%j"), " + 6) / 7"],
        }
    }

    /// A date-time moved by a zone's offset: `spans` are the instants from which an offset in seconds holds, newest
    /// first; `before` holds before them all.
    pub(crate) fn shifted(self, value: &Sql, spans: &[(String, i32)], before: i32) -> Sql {
        let moved = |seconds: i32| match self.0 {
            _ if seconds == 0 => value.clone(),
            Dialect::Sqlite => sql!["strftime('%Y-%m-%dT%H:%M:%fZ', ", value, format!(", '{seconds:+} seconds')")],
            Dialect::Postgres => sql!["(", value, format!(" + interval '{seconds} seconds')")],
        };
        if spans.is_empty() {
            return moved(before);
        }
        let mut out = sql!["CASE"];
        for (from, offset) in spans {
            out.push(sql![" WHEN ", value, " >= '", from, "' THEN ", moved(*offset)]);
        }
        out.push(sql![" ELSE ", moved(before), " END"]);
        out
    }
}
