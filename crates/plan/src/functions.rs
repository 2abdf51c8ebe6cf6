//! What a store must register for the SQL of this crate.
//!
//! | name | kind | meaning |
//! | --- | --- | --- |
//! | `FOLD` | collation | `orglet_base::fold::compare`: order and equality of the folded characters |
//! | `org_like(pattern, text)` | scalar, deterministic → 0, 1 or NULL | Both folded. In the pattern `%` stands for any run of characters, `_` for exactly one character, and a backslash makes the next character literal (`\%`, `\_`, `\\`). A trailing lone backslash is itself. NULL if either argument is NULL |
//! | `org_sum(cell, scale)` | aggregate → TEXT | Exact sum of the non-NULL cells (integers) divided by 10^scale, in plain decimal notation (`300.00`, no exponent); NULL where every cell is NULL. `scale` is an integer, the same for every row. Must not overflow at 64 bits: sum in 128 |
//! | `org_avg(cell, scale)` | aggregate → TEXT | The sum as above divided by the number of non-NULL cells, to 28 significant digits at most, plain decimal notation; NULL where every cell is NULL |
//! | `org_distance(lat1, lon1, lat2, lon2, unit)` | scalar, deterministic → REAL | Haversine distance; the coordinates are REAL degrees, `unit` is `'mi'` or `'km'` (earth radius 3958.7613 mi, 6371.0088 km). NULL if any argument is NULL |
//!
//! Plain SQLite used beside them: `json_each`, `json_extract`, `substr`, `strftime` (on the canonical texts), `printf`,
//! `ROW_NUMBER() OVER`, `NULLS FIRST|LAST`, `IS [NOT] TRUE` (3.39 or newer).
//!
//! A parameter of `Param::Texts` or `Param::Json` is bound as one JSON text and read by `json_each(?n)`.
//! `Param::Virtual(i)` is bound as the JSON array of arrays that holds the rows of [`crate::Plan::virtuals`]`[i]`, the
//! values of each row in the order of the object's fields with `has_column()`, as cells: booleans 0/1, exact numbers scaled,
//! dates and times their canonical text.
