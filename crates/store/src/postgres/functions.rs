//! The functions that emitted SQL relies on, in each org's own schema: nothing then depends on another schema, wherever
//! an org's schema is moved.

use orglet_base::Statement;
use orglet_base::fold::fold_char;
use orglet_base::sql::HOME;

/// The statements that make the functions. They may be run again.
pub(super) fn statements() -> Vec<Statement> {
    [fold_wide(), fold(), average(), distance()].into_iter().map(|sql| Statement::new(sql, Vec::new())).collect()
}

/// `fold(text)`: the folding of `orglet_base::fold`. The planner puts its body where it is called, so that folding ASCII
/// costs no call; it takes the collation "C" of what it is called with.
fn fold() -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {HOME}fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE \
         RETURN CASE WHEN octet_length($1) = char_length($1) THEN lower($1 COLLATE \"C\") ELSE {HOME}fold_wide($1) END"
    )
}

/// Characters up to this one have a table of their own: that of all is long, and each character of a text is looked for
/// in the whole of it.
const COMMON: char = '\u{52f}';

/// `fold_wide(text)`: the same for texts with characters beyond ASCII. Those of which none changes are passed through.
fn fold_wide() -> String {
    let pairs = |common: bool| {
        let all = ('\u{80}'..=char::MAX).map(|c| (c, fold_char(c)));
        let (mut from, mut to) = (String::new(), String::new());
        for (c, folded) in all.filter(|(c, folded)| c != folded && (!common || *c <= COMMON)) {
            from.push(c);
            to.push(folded);
        }
        (from, to)
    };
    let ((from, to), (common_from, common_to)) = (pairs(false), pairs(true));
    format!(
        "CREATE OR REPLACE FUNCTION {HOME}fold_wide(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$BEGIN \
         IF (t COLLATE \"C\") !~ '[{from}]' THEN RETURN lower(t COLLATE \"C\"); \
         ELSIF (t COLLATE \"C\") !~ '[\\u0530-\\U0010FFFF]' THEN RETURN lower(translate(t, '{common_from}', '{common_to}') COLLATE \"C\"); \
         ELSE RETURN lower(translate(t, '{from}', '{to}') COLLATE \"C\"); END IF; END$$"
    )
}

/// `average(sum, count)`: their quotient in plain decimal notation, with as many digits as `rust_decimal` gives it: up to
/// 28 decimals, and no more than fit in 96 bits.
fn average() -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {HOME}average(total numeric, n bigint) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$\
         DECLARE places int := 28; q numeric; BEGIN \
         IF n = 0 THEN RETURN NULL; END IF; \
         LOOP q := round(total * 1e40 / n) / 1e40; q := round(q, places); \
         EXIT WHEN places = 0 OR abs(q) * power(10::numeric, places) <= 79228162514264337593543950335; places := places - 1; END LOOP; \
         RETURN CAST(trim_scale(q) AS text); END$$"
    )
}

/// `distance(lat1, lon1, lat2, lon2, unit)`: great-circle distance by the haversine formula, as on SQLite.
fn distance() -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {HOME}distance(lat1 double precision, lon1 double precision, lat2 double precision, \
         lon2 double precision, unit text) RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$\
         DECLARE a1 double precision := radians(lat1); a2 double precision := radians(lat2); \
         b double precision := sin((radians(lat2) - radians(lat1)) / 2); c double precision := sin((radians(lon2) - radians(lon1)) / 2); \
         BEGIN RETURN 2 * CASE WHEN unit = 'km' THEN 6371.0088 ELSE 3958.7613 END::double precision \
         * asin(least(sqrt(b * b + cos(a1) * cos(a2) * (c * c)), 1)); END$$"
    )
}
