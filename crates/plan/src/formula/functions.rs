//! The functions of validation rules and what they take. Which there are, was seen in real orgs, function by function:
//! `IFERROR`, `IN`, `CONCATENATE` and others of the open engine are unknown to them.

use Simple::{Boolean as B, Date as D, DateTime as Dt, Number as N, Text as T, Time as Tm};

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named as in formulas")]
pub enum Function {
    Abs,
    Acos,
    AddMonths,
    And,
    Ascii,
    Asin,
    Atan,
    Atan2,
    Begins,
    BlankValue,
    Case,
    CaseSafeId,
    Ceiling,
    Chr,
    Contains,
    Cos,
    Date,
    DateTimeValue,
    DateValue,
    Day,
    DayOfYear,
    Distance,
    Exp,
    Find,
    Floor,
    FormatDuration,
    FromUnixTime,
    Geolocation,
    Hour,
    If,
    Includes,
    InitCap,
    IsBlank,
    IsChanged,
    IsClone,
    IsNew,
    IsNumber,
    IsPickVal,
    IsoWeek,
    IsoYear,
    Left,
    Len,
    Ln,
    Log,
    Lower,
    Lpad,
    Max,
    MCeiling,
    MFloor,
    Mid,
    Millisecond,
    Min,
    Minute,
    Mod,
    Month,
    Now,
    NullValue,
    Or,
    Pi,
    PickCase,
    PicklistCount,
    PriorValue,
    Regex,
    Reverse,
    Right,
    Round,
    Rpad,
    Second,
    Sin,
    Sqrt,
    Substitute,
    Tan,
    Text,
    TextCase,
    TimeNow,
    TimeValue,
    Today,
    Trim,
    Trunc,
    UnixTimestamp,
    Upper,
    Value,
    VLookup,
    Weekday,
    Year,
}

/// The types that arguments are declared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Simple {
    Boolean,
    Number,
    Text,
    Date,
    DateTime,
    Time,
}

impl Simple {
    pub(super) fn ty(self) -> super::Type {
        match self {
            B => super::Type::Boolean,
            N => super::Type::Number,
            T => super::Type::Text,
            D => super::Type::Date,
            Dt => super::Type::DateTime,
            Tm => super::Type::Time,
        }
    }
}

/// How the arguments of a function are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// These, and no more.
    These(&'static [Simple]),
    /// These, the last of which may be left out.
    ButLast(&'static [Simple]),
    /// Any number of one type.
    Many(Simple),
    /// By rules of its own.
    Special,
}

/// What there is to know of a function.
pub(super) struct Known {
    pub(super) function: Function,
    pub(super) takes: Takes,
    pub(super) gives: Simple,
}

const fn known(function: Function, takes: Takes, gives: Simple) -> Known {
    Known { function, takes, gives }
}

const ONE_NUMBER: Takes = Takes::These(&[N]);
const ONE_DATE: Takes = Takes::These(&[D]);
const ONE_TEXT: Takes = Takes::These(&[T]);
const ONE_TIME: Takes = Takes::These(&[Tm]);
const NOTHING: Takes = Takes::These(&[]);

/// The functions by name, in order.
static TABLE: &[(&str, Known)] = {
    use Function::*;
    use Takes::*;
    &[
        ("ABS", known(Abs, ONE_NUMBER, N)),
        ("ACOS", known(Acos, ONE_NUMBER, N)),
        ("ADDMONTHS", known(AddMonths, Special, D)),
        ("AND", known(And, Many(B), B)),
        ("ASCII", known(Ascii, ONE_TEXT, N)),
        ("ASIN", known(Asin, ONE_NUMBER, N)),
        ("ATAN", known(Atan, ONE_NUMBER, N)),
        ("ATAN2", known(Atan2, These(&[N, N]), N)),
        ("BEGINS", known(Begins, These(&[T, T]), B)),
        ("BLANKVALUE", known(BlankValue, Special, T)),
        ("CASE", known(Case, Special, T)),
        ("CASESAFEID", known(CaseSafeId, ONE_TEXT, T)),
        ("CEILING", known(Ceiling, ONE_NUMBER, N)),
        ("CHR", known(Chr, ONE_NUMBER, T)),
        ("CONTAINS", known(Contains, These(&[T, T]), B)),
        ("COS", known(Cos, ONE_NUMBER, N)),
        ("DATE", known(Date, These(&[N, N, N]), D)),
        ("DATETIMEVALUE", known(DateTimeValue, Special, Dt)),
        ("DATEVALUE", known(DateValue, Special, D)),
        ("DAY", known(Day, ONE_DATE, N)),
        ("DAYOFYEAR", known(DayOfYear, ONE_DATE, N)),
        ("DISTANCE", known(Distance, Special, N)),
        ("EXP", known(Exp, ONE_NUMBER, N)),
        ("FIND", known(Find, ButLast(&[T, T, N]), N)),
        ("FLOOR", known(Floor, ONE_NUMBER, N)),
        ("FORMATDURATION", known(FormatDuration, Special, T)),
        ("FROMUNIXTIME", known(FromUnixTime, ONE_NUMBER, Dt)),
        ("GEOLOCATION", known(Geolocation, Special, N)),
        ("HOUR", known(Hour, ONE_TIME, N)),
        ("IF", known(If, Special, T)),
        ("INCLUDES", known(Includes, Special, B)),
        ("INITCAP", known(InitCap, ONE_TEXT, T)),
        ("ISBLANK", known(IsBlank, Special, B)),
        ("ISCHANGED", known(IsChanged, Special, B)),
        ("ISCLONE", known(IsClone, NOTHING, B)),
        ("ISNEW", known(IsNew, NOTHING, B)),
        ("ISNULL", known(IsBlank, Special, B)),
        ("ISNUMBER", known(IsNumber, Special, B)),
        ("ISOWEEK", known(IsoWeek, Special, N)),
        ("ISOYEAR", known(IsoYear, Special, N)),
        ("ISPICKVAL", known(IsPickVal, Special, B)),
        ("LEFT", known(Left, These(&[T, N]), T)),
        ("LEN", known(Len, ONE_TEXT, N)),
        ("LN", known(Ln, ONE_NUMBER, N)),
        ("LOG", known(Log, ONE_NUMBER, N)),
        ("LOWER", known(Lower, ButLast(&[T, T]), T)),
        ("LPAD", known(Lpad, ButLast(&[T, N, T]), T)),
        ("MAX", known(Max, Many(N), N)),
        ("MCEILING", known(MCeiling, ONE_NUMBER, N)),
        ("MFLOOR", known(MFloor, ONE_NUMBER, N)),
        ("MID", known(Mid, These(&[T, N, N]), T)),
        ("MILLISECOND", known(Millisecond, ONE_TIME, N)),
        ("MIN", known(Min, Many(N), N)),
        ("MINUTE", known(Minute, ONE_TIME, N)),
        ("MOD", known(Mod, These(&[N, N]), N)),
        ("MONTH", known(Month, ONE_DATE, N)),
        ("NOW", known(Now, NOTHING, Dt)),
        ("NULLVALUE", known(NullValue, Special, T)),
        ("OR", known(Or, Many(B), B)),
        ("PI", known(Pi, NOTHING, N)),
        ("PICKLISTCOUNT", known(PicklistCount, Special, N)),
        ("PRIORVALUE", known(PriorValue, Special, T)),
        ("REGEX", known(Regex, Special, B)),
        ("REVERSE", known(Reverse, ONE_TEXT, T)),
        ("RIGHT", known(Right, These(&[T, N]), T)),
        ("ROUND", known(Round, These(&[N, N]), N)),
        ("RPAD", known(Rpad, ButLast(&[T, N, T]), T)),
        ("SECOND", known(Second, ONE_TIME, N)),
        ("SIN", known(Sin, ONE_NUMBER, N)),
        ("SQRT", known(Sqrt, ONE_NUMBER, N)),
        ("SUBSTITUTE", known(Substitute, These(&[T, T, T]), T)),
        ("TAN", known(Tan, ONE_NUMBER, N)),
        ("TEXT", known(Text, Special, T)),
        ("TIMENOW", known(TimeNow, NOTHING, Tm)),
        ("TIMEVALUE", known(TimeValue, Special, Tm)),
        ("TODAY", known(Today, NOTHING, D)),
        ("TRIM", known(Trim, ONE_TEXT, T)),
        ("TRUNC", known(Trunc, These(&[N, N]), N)),
        ("UNIXTIMESTAMP", known(UnixTimestamp, Special, N)),
        ("UPPER", known(Upper, ButLast(&[T, T]), T)),
        ("VALUE", known(Value, ONE_TEXT, N)),
        ("VLOOKUP", known(VLookup, Special, T)),
        ("WEEKDAY", known(Weekday, ONE_DATE, N)),
        ("YEAR", known(Year, ONE_DATE, N)),
    ]
};

/// Functions that exist, but not in validation rules and defaults.
static ELSEWHERE: &[&str] = &[
    "HTMLENCODE",
    "HYPERLINK",
    "IMAGE",
    "IMAGEPROXYURL",
    "JSENCODE",
    "JSINHTMLENCODE",
    "JUNCTIONIDLIST",
    "PARENTGROUPVAL",
    "POWER",
    "PREVGROUPVAL",
    "SUBSTR",
    "URLENCODE",
];

/// Functions that real orgs have and this one has not.
static NOT_BUILT: &[&str] = &["BR", "CURRENCYRATE", "GETSESSIONID"];

/// What a name of a function leads to.
pub(super) enum Found {
    Here(&'static Known),
    Elsewhere,
    NotBuilt,
    Unknown,
}

/// A function by its name, in any case.
pub(super) fn find(name: &str) -> Found {
    let name = name.to_ascii_uppercase();
    if let Ok(at) = TABLE.binary_search_by(|(n, _)| (*n).cmp(&name)) {
        return Found::Here(&TABLE[at].1);
    }
    if ELSEWHERE.contains(&name.as_str()) {
        Found::Elsewhere
    } else if NOT_BUILT.contains(&name.as_str()) {
        Found::NotBuilt
    } else {
        Found::Unknown
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_in_order() {
        assert!(super::TABLE.is_sorted_by(|a, b| a.0 < b.0));
    }
}
