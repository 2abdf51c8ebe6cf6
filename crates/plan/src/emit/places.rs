//! Distances.

use super::{Emit, Sql, sql};
use orglet_base::sql::HOME;
use orglet_base::{Dialect, Param};

impl Emit {
    /// The distance in `unit` between two places, in degrees: a number.
    pub(crate) fn distance(self, from: (&Sql, u8), from2: (&Sql, u8), to: (&str, &str), unit: &str) -> Sql {
        let degrees = |(cell, scale): (&Sql, u8)| match self.0 {
            Dialect::Sqlite => sql!["CAST(", cell, " AS REAL) / ", format!("1{}.0", "0".repeat(scale.into()))],
            Dialect::Postgres => sql!["CAST(", cell, " AS double precision)"],
        };
        let (lat, lon) = (self.real(to.0), self.real(to.1));
        let name = match self.0 {
            Dialect::Sqlite => "org_distance(".to_owned(),
            Dialect::Postgres => format!("{HOME}distance("),
        };
        sql![name, degrees(from), ", ", degrees(from2), ", ", lat, ", ", lon, ", ", Param::from(unit), ")"]
    }

    /// A literal as a fractional number of the database. Beyond what it can hold it is infinite.
    pub(crate) fn real(self, literal: &str) -> Sql {
        match self.0 {
            Dialect::Sqlite => sql!["CAST(", Param::from(literal), " AS REAL)"],
            Dialect::Postgres => {
                let number = literal.parse::<f64>().map_or_else(|_| literal.to_owned(), |f| f.to_string());
                sql!["CAST(", Param::from(number), " AS double precision)"]
            }
        }
    }

    /// A fractional number as decimal text.
    pub(crate) fn decimal_text(self, value: &Sql) -> Sql {
        match self.0 {
            Dialect::Sqlite => sql!["CASE WHEN ", value, " IS NOT NULL THEN printf('%.10f', ", value, ") END"],
            // Its text has every digit; a cast to numeric would cut it to 15.
            Dialect::Postgres => sql!["CAST(ROUND(CAST(CAST(", value, " AS text) AS numeric), 10) AS text)"],
        }
    }
}
