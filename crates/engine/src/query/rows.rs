//! Rows in memory: a page, packed into one buffer, with the rows of its child sub-queries.

use crate::{Failure, Org};
use orglet_base::{ApiError, Cell, ErrorCode, Statement};
use orglet_store::{Row, Tx};
use std::collections::HashMap;

/// Bytes that the rows of a page may take before no more are added; one row may pass it.
const MOST_BYTES: usize = 64 << 20;
/// Bytes of text that most rows have room in.
const ROW_BYTES: usize = 1024;

/// Rows of a result, packed: cells of one buffer rather than thousands of strings.
#[derive(Clone, Debug, Default)]
pub struct RowSet {
    columns: usize,
    cells: Vec<Packed>,
    text: String,
}

#[derive(Clone, Copy, Debug)]
enum Packed {
    Null,
    Int(i64),
    Text(u32, u32),
}

/// How much a set holds: cells and bytes of text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(usize, usize);

impl RowSet {
    /// Reads every row of a statement; more than an answer can hold is refused (limits-011). Bytes of base64 fields are
    /// not read: answers show an address in their stead.
    pub(crate) fn read(tx: &mut dyn Tx, statement: &Statement) -> Result<Self, Failure> {
        let mut set = Self::default();
        if set.fill(tx, statement)? {
            return Ok(set);
        }
        let text = "Query is either selecting too many fields or the filter conditions are too complicated.";
        Err(ApiError::new(ErrorCode::QueryTooComplicated, text).into())
    }

    /// Reads rows until there are no more (`true`), or the set is full (`false`).
    pub(crate) fn fill(&mut self, tx: &mut dyn Tx, statement: &Statement) -> Result<bool, Failure> {
        let mut whole = true;
        tx.query(statement, &mut |row| {
            whole = !self.is_full();
            if whole {
                self.add(row);
            }
            whole
        })?;
        Ok(whole)
    }

    /// Reads the one row, if it is there, that a statement finds by a key.
    pub(crate) fn point(org: &Org, statement: &Statement) -> Result<Self, Failure> {
        let mut set = Self::default();
        org.point(statement, &mut |row| {
            set.text.reserve(ROW_BYTES);
            set.add(row);
            false
        })?;
        Ok(set)
    }

    fn add(&mut self, row: &dyn Row) {
        self.columns = row.columns();
        self.cells.reserve(self.columns);
        for i in 0..self.columns {
            self.push(row.cell(i));
        }
    }

    /// Whether the set has as much text as a page may have.
    pub(crate) fn is_full(&self) -> bool {
        self.text.len() + self.cells.len() * size_of::<Packed>() >= MOST_BYTES
    }

    /// Reads the ids of a statement of one column.
    pub(crate) fn read_ids(tx: &mut dyn Tx, statement: &Statement) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::new();
        tx.query(statement, &mut |row| {
            ids.extend(row.cell(0).text().map(str::to_owned));
            true
        })?;
        Ok(ids)
    }

    fn push(&mut self, cell: Cell<'_>) {
        self.cells.push(match cell {
            Cell::Null => Packed::Null,
            Cell::Int(n) => Packed::Int(n),
            Cell::Text(t) => {
                let start = self.text.len() as u32;
                self.text.push_str(t);
                Packed::Text(start, self.text.len() as u32)
            }
            // Present or not is all that an answer needs to know.
            Cell::Blob(_) => Packed::Int(1),
        });
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.columns).unwrap_or(0)
    }

    /// How many cells a row has.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// A cell; NULL outside the rows.
    pub fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        if column >= self.columns {
            return Cell::Null;
        }
        match self.cells.get(row * self.columns + column) {
            Some(Packed::Int(n)) => Cell::Int(*n),
            Some(Packed::Text(a, b)) => Cell::Text(&self.text[*a as usize..*b as usize]),
            Some(Packed::Null) | None => Cell::Null,
        }
    }

    /// The first rows.
    pub(crate) fn truncated(mut self, rows: usize) -> Self {
        self.cells.truncate(rows * self.columns);
        self
    }

    /// How much there is now.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.cells.len(), self.text.len())
    }

    /// Takes away what was added since a mark.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.cells.truncate(mark.0);
        self.text.truncate(mark.1);
    }

    /// Brings the rows added since a mark into the order of these ids, each of which at most one row has in column 0. An
    /// id without a row is passed over.
    pub(crate) fn order_from(&mut self, mark: Mark, ids: &[String]) {
        let first = mark.0.checked_div(self.columns).unwrap_or(0);
        // As a rule they are in order.
        let mut left = ids.iter();
        if (first..self.len()).all(|row| left.any(|id| self.cell(row, 0).text() == Some(id))) {
            return;
        }
        let at: HashMap<&str, usize> = (first..self.len()).filter_map(|i| Some((self.cell(i, 0).text()?, i))).collect();
        let order = ids.iter().filter_map(|id| at.get(id.as_str()).copied());
        let cells: Vec<Packed> = order.flat_map(|row| &self.cells[row * self.columns..(row + 1) * self.columns]).copied().collect();
        self.cells.truncate(mark.0);
        self.cells.extend(cells);
    }

    /// Groups rows by the id in their last column. At most `batch` rows of each group are kept; the ids of larger
    /// groups are listed whole.
    pub(crate) fn split_by_last_column(self, batch: usize) -> (Self, HashMap<String, Children>) {
        let mut groups: HashMap<String, Children> = HashMap::new();
        let mut kept = Self { columns: self.columns, cells: Vec::with_capacity(self.cells.len()), text: String::new() };
        for row in 0..self.len() {
            let Some(parent) = self.cell(row, self.columns - 1).text() else { continue };
            let group = groups.entry(parent.to_owned()).or_default();
            group.total += 1;
            if group.rows.len() < batch {
                group.rows.push(kept.len());
                for column in 0..self.columns {
                    kept.push(self.cell(row, column));
                }
            }
        }
        for row in 0..self.len() {
            if let (Some(id), Some(parent)) = (self.cell(row, 0).text(), self.cell(row, self.columns - 1).text())
                && let Some(group) = groups.get_mut(parent).filter(|g| g.total > batch as u64)
            {
                group.all_ids.push(id.to_owned());
            }
        }
        (kept, groups)
    }
}

/// Takes the way to a sub-query and the ids of its rows; answers a query locator.
pub(crate) type PutAside<'a> = dyn FnMut(&[usize], &[String]) -> Result<String, Failure> + 'a;

/// Rows with their children.
#[derive(Debug, Default)]
pub struct RecordSet {
    /// The rows.
    pub rows: RowSet,
    /// For each child sub-query of the plan, in order, its rows.
    pub children: Vec<ChildRows>,
}

/// The rows of a child sub-query for all parents of a page.
#[derive(Debug)]
pub struct ChildRows {
    /// Rows of all parents.
    pub set: RecordSet,
    /// Which are whose. A parent that is not here has no children.
    pub by_parent: HashMap<String, Children>,
}

/// The children of one parent.
#[derive(Debug, Default)]
pub struct Children {
    /// Indexes of the rows in [`ChildRows::set`].
    pub rows: Vec<usize>,
    /// How many there are in all.
    pub total: u64,
    /// Where the rest is, when not all are here.
    pub next: Option<String>,
    all_ids: Vec<String>,
}

impl RecordSet {
    /// Gives every group of children that was cut a query locator. `store` takes the way to the sub-query and the ids.
    pub(crate) fn put_aside(&mut self, store: &mut PutAside<'_>) -> Result<(), Failure> {
        self.put_aside_below(&mut Vec::new(), store)
    }

    fn put_aside_below(&mut self, path: &mut Vec<usize>, store: &mut PutAside<'_>) -> Result<(), Failure> {
        for (i, child) in self.children.iter_mut().enumerate() {
            path.push(i);
            for group in child.by_parent.values_mut().filter(|g| !g.all_ids.is_empty()) {
                group.next = Some(store(path, &std::mem::take(&mut group.all_ids))?);
            }
            child.set.put_aside_below(path, store)?;
            path.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One<'a>(&'a str);

    impl Row for One<'_> {
        fn cell(&self, column: usize) -> Cell<'_> {
            if column == 0 { Cell::Text(self.0) } else { Cell::Int(self.0.len() as i64) }
        }

        fn columns(&self) -> usize {
            2
        }
    }

    fn ids(set: &RowSet) -> Vec<String> {
        (0..set.len()).filter_map(|row| set.cell(row, 0).text().map(str::to_owned)).collect()
    }

    #[test]
    fn rows_are_put_in_order_behind_a_mark() {
        let asked = ["d", "cc", "b", "gone", "a"].map(str::to_owned);
        for found in [["d", "cc", "b", "a"], ["a", "b", "cc", "d"], ["b", "d", "a", "cc"]] {
            let mut set = RowSet::default();
            set.add(&One("z"));
            let mark = set.mark();
            found.iter().for_each(|id| set.add(&One(id)));
            set.order_from(mark, &asked);
            assert_eq!(ids(&set), ["z", "d", "cc", "b", "a"], "{found:?}");
            assert_eq!((set.cell(2, 1), set.cell(3, 1)), (Cell::Int(2), Cell::Int(1)));
            set.back_to(mark);
            set.add(&One("y"));
            assert_eq!(ids(&set), ["z", "y"]);
        }
        let mut none = RowSet::default();
        none.order_from(none.mark(), &asked);
        assert!(none.is_empty());
    }
}
