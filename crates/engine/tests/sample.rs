//! The made-up CRM of `--sample-data`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use orglet_base::{ApiVersion, Cell, DateTime};
use orglet_engine::{Identity, OrgOptions, Server, query};
use std::collections::HashSet;

/// A server with sample data whose clock stands and whose ids begin at a place.
struct World {
    server: Server,
    admin: Identity,
}

impl World {
    fn open(id_seed: u64, now: &str) -> Self {
        let now = DateTime::parse(now);
        let options = OrgOptions { sample_data: true, id_seed: Some(id_seed), now, ..OrgOptions::default() };
        let server = Server::open(options).unwrap();
        let admin = server.admin().unwrap();
        Self { server, admin }
    }

    fn run(&self, soql: &str) -> query::Answer {
        let request = query::Request { soql, version: ApiVersion::LATEST, all_rows: false, batch: query::BATCH, tooling: false };
        query::run(&self.server, &self.admin, &request).unwrap_or_else(|e| panic!("{soql}: {e}"))
    }

    fn total(&self, soql: &str) -> u64 {
        self.run(soql).total
    }

    /// How many live records an object has under a condition.
    fn count(&self, from: &str) -> u64 {
        self.total(&format!("SELECT COUNT() FROM {from}"))
    }

    /// The rows of an answer, cells as text.
    fn rows(&self, soql: &str) -> Vec<Vec<String>> {
        let rows = self.run(soql).set.rows;
        let text = |cell: Cell<'_>| match cell {
            Cell::Int(n) => n.to_string(),
            Cell::Text(t) => t.to_owned(),
            _ => String::new(),
        };
        (0..rows.len()).map(|row| (0..rows.columns()).map(|column| text(rows.cell(row, column))).collect()).collect()
    }

    /// The ids of an object's records.
    fn ids(&self, object: &str) -> Vec<String> {
        self.rows(&format!("SELECT Id FROM {object} ORDER BY Id")).into_iter().map(|mut row| row.remove(0)).collect()
    }
}

const NOW: &str = "2031-05-14T10:20:30Z";

#[test]
fn there_is_what_the_documentation_says() {
    let world = World::open(7, NOW);
    for (object, count) in COUNTS.iter().chain(OTHERS) {
        assert_eq!(world.count(object), *count, "{object}");
    }
    assert_eq!(world.count("User"), 1);
}

/// As docs/seed-data.md lists them.
const COUNTS: &[(&str, u64)] = &[
    ("Account", 50),
    ("Contact", 200),
    ("Lead", 40),
    ("Campaign", 8),
    ("CampaignMemberStatus", 16),
    ("CampaignMember", 60),
    ("Product2", 15),
    ("PricebookEntry", 15),
    ("Opportunity", 100),
    ("OpportunityHistory", 192),
    ("Case", 60),
    ("Task", 80),
    ("Event", 40),
    ("Contract", 6),
    ("Order", 8),
    ("Asset", 15),
    ("Note", 10),
    ("Solution", 5),
];

/// Objects whose counts hang on chance; the documentation says how many it came to.
const OTHERS: &[(&str, u64)] = &[("OpportunityLineItem", 143), ("OpportunityContactRole", 117), ("OrderItem", 17), ("CaseComment", 50)];

/// All objects with sample records.
fn objects() -> impl Iterator<Item = &'static str> {
    COUNTS.iter().chain(OTHERS).map(|(object, _)| *object)
}

#[test]
fn ids_are_the_same_in_every_org() {
    let (one, other) = (World::open(1, NOW), World::open(999, "2027-01-01T00:00:00Z"));
    for object in objects() {
        let ids = one.ids(object);
        assert!(!ids.is_empty(), "{object}");
        assert_eq!(ids, other.ids(object), "{object}");
    }
    // Nothing else hangs on the day either.
    let names = "SELECT Id, Name, StageName, Amount FROM Opportunity ORDER BY Id";
    assert_eq!(one.rows(names), other.rows(names));
}

#[test]
fn every_reference_has_its_record() {
    let world = World::open(3, NOW);
    let known: HashSet<String> = objects().chain(["User", "Pricebook2", "BusinessHours"]).flat_map(|object| world.ids(object)).collect();
    let catalog = world.admin.org.catalog();
    for name in objects() {
        let object = catalog.object(name).unwrap();
        let fields: Vec<_> =
            object.fields().iter().filter(|f| f.ty == orglet_schema::FieldType::Reference && f.has_column() && f.filterable).collect();
        for field in fields {
            for row in world.rows(&format!("SELECT {0} FROM {name} WHERE {0} != null", field.name)) {
                let id = row.last().unwrap();
                assert!(known.contains(id), "{name}.{}: {id}", field.name);
                let target = &catalog.object_of(orglet_base::Id::parse(id).unwrap()).unwrap().name;
                assert!(field.reference_to.contains(target), "{name}.{} is a {target}", field.name);
            }
        }
    }
}

#[test]
fn every_stage_has_opportunities() {
    let world = World::open(3, NOW);
    let stages = world.rows("SELECT StageName, COUNT(Id) FROM Opportunity GROUP BY StageName");
    assert_eq!(stages.len(), world.count("OpportunityStage") as usize);
    // Stages drive what the platform derives.
    assert_eq!(world.count("Opportunity WHERE IsWon = true AND Probability = 100 AND ForecastCategory = 'Closed'"), 30);
    assert_eq!(world.count("Opportunity WHERE IsClosed = true"), 44);
    assert_eq!(world.count("Opportunity WHERE IsClosed = true AND CloseDate > TODAY"), 0);
    assert!(world.count("Opportunity WHERE IsClosed = false AND CloseDate > TODAY") > 40);
    assert!(world.count("Opportunity WHERE IsClosed = false AND CloseDate < TODAY") > 0);
    assert!(world.count("Opportunity WHERE Amount = null") > 0);
    // The last line of the history tells where an opportunity stands.
    let now = world.rows("SELECT Id, StageName, Amount, ExpectedRevenue FROM Opportunity ORDER BY Id");
    let mut told: Vec<Vec<String>> = Vec::new();
    for mut row in world.rows("SELECT Id, OpportunityId, StageName, Amount, ExpectedRevenue FROM OpportunityHistory ORDER BY Id") {
        row.remove(0);
        if told.last().is_some_and(|last| last[0] == row[0]) {
            told.pop();
        }
        told.push(row);
    }
    assert_eq!(told, now);
}

#[test]
fn amounts_are_the_sums_of_products() {
    let world = World::open(3, NOW);
    // Sums come as text, stored amounts as cents.
    let sums = |soql: &str| -> Vec<Vec<String>> {
        world.rows(soql).into_iter().map(|row| vec![row[0].clone(), row[1].replace('.', "")]).collect()
    };
    let of_items = sums("SELECT OpportunityId, SUM(TotalPrice) FROM OpportunityLineItem GROUP BY OpportunityId ORDER BY OpportunityId");
    let amounts = world.rows("SELECT Id, Amount FROM Opportunity WHERE HasOpportunityLineItem = true ORDER BY Id");
    assert!(amounts.len() > 60);
    assert_eq!(amounts, of_items);
    let orders = sums("SELECT OrderId, SUM(TotalPrice) FROM OrderItem GROUP BY OrderId ORDER BY OrderId");
    assert_eq!(world.rows("SELECT Id, TotalAmount FROM Order ORDER BY Id"), orders);
}

#[test]
fn there_are_hierarchies() {
    let world = World::open(3, NOW);
    assert_eq!(world.count("Account WHERE ParentId != null"), 15);
    assert_eq!(world.count("Account WHERE Parent.ParentId != null"), 5);
    assert!(world.count("Contact WHERE ReportsToId != null AND ReportsTo.AccountId != null") > 100);
    assert_eq!(world.count("Campaign WHERE ParentId != null"), 2);
    assert_eq!(world.count("Case WHERE ParentId != null"), 3);
    assert_eq!(world.count("Account WHERE Id NOT IN (SELECT AccountId FROM Contact)"), 5);
}

#[test]
fn service_and_marketing_agree_with_themselves() {
    let world = World::open(3, NOW);
    assert_eq!(world.count("Case WHERE IsClosed = true"), 20);
    assert_eq!(world.count("Case WHERE IsClosed = true AND ClosedDate = null"), 0);
    assert!(world.count("Case WHERE IsClosed = true AND ClosedDate < LAST_N_DAYS:30") > 0);
    assert_eq!(world.rows("SELECT MIN(CaseNumber), MAX(CaseNumber) FROM Case"), [["00001000", "00001059"]]);
    assert_eq!(world.count("Lead WHERE IsConverted = true AND ConvertedContactId != null AND ConvertedOpportunityId != null"), 4);
    assert_eq!(world.count("Lead WHERE IsConverted = true AND Status != 'Closed - Converted'"), 0);
    for row in world.rows("SELECT Id, NumberOfLeads, NumberOfContacts, NumberOfResponses, NumberOfOpportunities FROM Campaign") {
        let campaign = &row[0];
        assert_eq!(row[1], world.count(&format!("CampaignMember WHERE CampaignId = '{campaign}' AND LeadId != null")).to_string());
        assert_eq!(row[2], world.count(&format!("CampaignMember WHERE CampaignId = '{campaign}' AND ContactId != null")).to_string());
        assert_eq!(row[3], world.count(&format!("CampaignMember WHERE CampaignId = '{campaign}' AND HasResponded = true")).to_string());
        assert_eq!(row[4], world.count(&format!("Opportunity WHERE CampaignId = '{campaign}'")).to_string());
    }
}

/// Literals are met at whatever time of the year an org is filled, and nothing comes from the future.
#[test]
fn dates_stand_around_the_present() {
    for now in [NOW, "2028-01-01T00:00:00Z", "2028-02-29T23:59:59Z"] {
        let world = World::open(3, now);
        for object in objects() {
            assert_eq!(world.count(&format!("{object} WHERE CreatedDate > {now} OR SystemModstamp > {now}")), 0, "{object} at {now}");
            assert_eq!(world.count(&format!("{object} WHERE CreatedDate < LAST_N_DAYS:460")), 0, "{object} at {now}");
        }
        for some in [
            "Task WHERE ActivityDate = NEXT_N_DAYS:30",
            "Task WHERE ActivityDate < TODAY AND IsClosed = false",
            "Event WHERE StartDateTime = NEXT_N_DAYS:30",
            "Event WHERE StartDateTime = LAST_N_DAYS:90",
            "Opportunity WHERE CloseDate = NEXT_90_DAYS",
            "Opportunity WHERE CloseDate = LAST_90_DAYS",
            "Case WHERE CreatedDate = LAST_N_DAYS:30",
            "Contact WHERE CreatedDate = LAST_N_DAYS:90",
            "Account WHERE LastActivityDate = LAST_N_DAYS:60",
            "Campaign WHERE StartDate < TODAY AND EndDate > TODAY",
        ] {
            assert!(world.count(some) > 0, "{some} at {now}");
        }
    }
}

/// A second start finds everything there; new records get ids of their own.
#[test]
fn records_are_made_once() {
    let folder = std::env::temp_dir().join(format!("orglet-sample-{}", std::process::id()));
    let options = || OrgOptions { data: Some(folder.clone()), sample_data: true, now: DateTime::parse(NOW), ..OrgOptions::default() };
    for _ in 0..2 {
        let server = Server::open(options()).unwrap();
        let admin = server.admin().unwrap();
        let world = World { server, admin };
        assert_eq!(world.count("Account"), 50);
        assert_eq!(world.count("Task"), 80);
    }
    std::fs::remove_dir_all(folder).unwrap();
}
