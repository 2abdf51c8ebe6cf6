//! The rows that a new org has: profiles, licences, roles, the price book and the like, from `data/seed`.

use super::entry;
use crate::field::PicklistValue;
use orglet_base::KeyPrefix;

/// The files, each with its object, in an order in which every row comes after those that it refers to.
const FILES: &[(&str, &str)] = &[
    ("Organization", include_str!("../../data/seed/organizations.tsv")),
    ("UserLicense", include_str!("../../data/seed/user_licenses.tsv")),
    ("Profile", include_str!("../../data/seed/profiles.tsv")),
    ("UserRole", include_str!("../../data/seed/user_roles.tsv")),
    ("Pricebook2", include_str!("../../data/seed/pricebooks.tsv")),
    ("BusinessHours", include_str!("../../data/seed/business_hours.tsv")),
    ("Community", include_str!("../../data/seed/communities.tsv")),
];

/// Objects that hold one row for each value of a standard value set, with the field that takes these values.
const VALUE_SET_OBJECTS: &[(&str, &str, &str)] = &[
    ("CaseStatus", "Case", "Status"),
    ("ContractStatus", "Contract", "Status"),
    ("LeadStatus", "Lead", "Status"),
    ("OpportunityStage", "Opportunity", "StageName"),
    ("OrderStatus", "Order", "Status"),
    ("SolutionStatus", "Solution", "Status"),
    ("TaskPriority", "Task", "Priority"),
    ("TaskStatus", "Task", "Status"),
    ("WorkOrderLineItemStatus", "WorkOrderLineItem", "Status"),
    ("WorkOrderStatus", "WorkOrder", "Status"),
];

/// A value of a seed row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeedValue {
    /// Text in the field's canonical wire form (`true`, `2`, `00:00:00.000Z`).
    Text(String),
    /// The id of another seed row.
    Row {
        /// Its object.
        object: &'static str,
        /// Its key.
        key: String,
    },
}

/// A row of a new org. Fields that are not named are null or take their default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedRow {
    /// The object.
    pub object: &'static str,
    /// A name for the row, unique within its object; other rows refer to it by this.
    pub key: String,
    /// Field names and values.
    pub values: Vec<(&'static str, SeedValue)>,
}

/// Every row of a new org but its users, each after those that it refers to.
pub fn rows() -> Vec<SeedRow> {
    let mut rows = Vec::new();
    for (object, text) in FILES {
        read(object, text, &mut rows);
    }
    groups(&mut rows);
    let objects = super::objects();
    for (object, user, field) in VALUE_SET_OBJECTS {
        if let Some(field) = objects.object(user).and_then(|o| o.field(field)) {
            value_set_rows(object, &field.picklist, &mut rows);
        }
    }
    rows
}

/// Whether a new org has a row of an object by a name, in any letter case.
pub fn has_named(object: &str, name: &str) -> bool {
    let Some((_, text)) = FILES.iter().find(|(of, _)| *of == object) else { return false };
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let at = lines.next().unwrap_or("").split('\t').position(|column| column == "Name");
    let folded = orglet_base::fold(name);
    at.is_some_and(|at| lines.any(|line| line.split('\t').nth(at).is_some_and(|cell| orglet_base::fold(cell) == folded)))
}

/// The first three characters of the ids of an object's rows, also where its describe names no key prefix.
pub fn id_prefix(object: &str) -> Option<KeyPrefix> {
    let entry = entry(object)?;
    let prefix = match entry.key_prefix {
        "" if !entry.history_of.is_empty() => "017",
        "" if VALUE_SET_OBJECTS.iter().any(|(o, _, _)| *o == object) => "01J",
        prefix => prefix,
    };
    KeyPrefix::parse(prefix)
}

/// Columns are fields; one written `@Field:Object` holds keys of that object's rows. Empty cells are null.
fn read(object: &'static str, text: &'static str, rows: &mut Vec<SeedRow>) {
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let columns: Vec<&'static str> = lines.next().unwrap_or("").split('\t').skip(1).collect();
    for line in lines {
        let mut cells = line.split('\t');
        let key = cells.next().unwrap_or("").to_owned();
        let values = columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
        let values = values.map(|(column, cell)| match column.strip_prefix('@').and_then(|c| c.split_once(':')) {
            Some((field, to)) => (field, SeedValue::Row { object: to, key: cell.to_owned() }),
            None => (*column, SeedValue::Text(cell.to_owned())),
        });
        rows.push(SeedRow { object, key, values: values.collect() });
    }
}

/// All internal users, and for each role its members with and without those below them.
fn groups(rows: &mut Vec<SeedRow>) {
    let text = |t: &str| SeedValue::Text(t.to_owned());
    let mut groups = vec![SeedRow {
        object: "Group",
        key: "AllInternalUsers".to_owned(),
        values: vec![("DeveloperName", text("AllInternalUsers")), ("Type", text("Organization"))],
    }];
    for role in rows.iter().filter(|r| r.object == "UserRole") {
        for kind in ["Role", "RoleAndSubordinates"] {
            let related = SeedValue::Row { object: "UserRole", key: role.key.clone() };
            let values = vec![("DeveloperName", text(&role.key)), ("Type", text(kind)), ("RelatedId", related)];
            groups.push(SeedRow { object: "Group", key: format!("{kind}.{}", role.key), values });
        }
    }
    rows.extend(groups);
}

fn value_set_rows(object: &'static str, picklist: &[PicklistValue], rows: &mut Vec<SeedRow>) {
    let has_active = object == "OpportunityStage";
    for (at, value) in picklist.iter().enumerate() {
        let mut values = vec![
            ("MasterLabel", SeedValue::Text(value.label.clone())),
            ("ApiName", SeedValue::Text(value.value.clone())),
            ("SortOrder", SeedValue::Text((at + 1).to_string())),
        ];
        if has_active {
            values.push(("IsActive", SeedValue::Text(value.active.to_string())));
        } else {
            values.push(("IsDefault", SeedValue::Text(value.default.to_string())));
        }
        values.extend(value.facts.iter().filter_map(|(fact, text)| Some((fact_column(fact)?, SeedValue::Text(text.clone())))));
        rows.push(SeedRow { object, key: value.value.clone(), values });
    }
}

fn fact_column(fact: &str) -> Option<&'static str> {
    Some(match fact {
        "closed" => "IsClosed",
        "won" => "IsWon",
        "probability" => "DefaultProbability",
        "forecastCategory" => "ForecastCategory",
        "forecastCategoryName" => "ForecastCategoryName",
        "converted" => "IsConverted",
        "highPriority" => "IsHighPriority",
        "statusCode" => "StatusCode",
        _ => return None,
    })
}
