use super::*;
use crate::custom::FieldKindDef;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that goes away with the test.
struct Dir(PathBuf);

impl Dir {
    fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("orglet-project-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let root = std::env::temp_dir().join(name);
        for (path, content) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Self(root)
    }

    fn load(&self) -> Result<Project, Vec<ProjectError>> {
        load(std::slice::from_ref(&self.0))
    }

    fn fails(&self) -> Vec<String> {
        let errors = self.load().unwrap_err();
        errors.iter().map(|e| e.to_string().replace(&format!("{}/", self.0.display()), "")).collect()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn xml(root: &str, body: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n{body}\n</{root}>\n")
}

const INVOICE: &str = "<label>Invoice</label>\n<pluralLabel>Invoices</pluralLabel>\n<nameField><label>Number</label><type>AutoNumber</type><displayFormat>I-{0000}</displayFormat></nameField>\n<deploymentStatus>Deployed</deploymentStatus>\n<sharingModel>ReadWrite</sharingModel>\n<actionOverrides><actionName>View</actionName><type>Default</type></actionOverrides>";

fn lookup(name: &str, to: &str) -> String {
    let body = format!(
        "<fullName>{name}</fullName><label>L</label><type>Lookup</type>\n<referenceTo>{to}</referenceTo><required>false</required>"
    );
    xml("CustomField", &body)
}

#[test]
fn source_format() {
    let object = xml("CustomObject", INVOICE);
    let status = xml(
        "CustomField",
        "<fullName>Status__c</fullName><label>Status</label><type>Picklist</type><valueSet><restricted>true</restricted><valueSetName>States</valueSetName></valueSet>",
    );
    let states = xml(
        "GlobalValueSet",
        "<customValue><fullName>Open</fullName><default>true</default><label>Open</label></customValue><customValue><fullName>Paid</fullName><default>false</default></customValue><masterLabel>States</masterLabel><sorted>false</sorted>",
    );
    let due = xml("CustomField", "<fullName>Due__c</fullName><label>Due</label><type>Date</type><defaultValue>TODAY() + 30</defaultValue>");
    let total = xml(
        "CustomField",
        "<fullName>T__c</fullName><label>T</label><type>Number</type><formula>1</formula><precision>18</precision><scale>0</scale>",
    );
    let rule = xml(
        "ValidationRule",
        "<fullName>V</fullName><active>false</active><errorConditionFormula>1 = 1</errorConditionFormula><errorMessage>No.</errorMessage>",
    );
    let dir = Dir::new(&[
        ("sfdx-project.json", r#"{"packageDirectories": [{"path": "app", "default": true}], "sourceApiVersion": "60.0"}"#),
        ("app/main/default/objects/Invoice__c/Invoice__c.object-meta.xml", &object),
        ("app/main/default/objects/Invoice__c/fields/Status__c.field-meta.xml", &status),
        ("app/main/default/objects/Invoice__c/fields/Due__c.field-meta.xml", &due),
        ("app/main/default/objects/Invoice__c/fields/T__c.field-meta.xml", &total),
        ("app/main/default/objects/Invoice__c/fields/Rate__c.field-meta.xml", &lookup("Rate__c", "Rate__mdt")),
        ("app/main/default/objects/Invoice__c/compactLayouts/R.compactLayout-meta.xml", "<not read"),
        ("app/main/default/objects/Invoice__c/validationRules/V.validationRule-meta.xml", &rule),
        ("app/main/default/objects/Rate__mdt/fields/V__c.field-meta.xml", &lookup("V__c", "Account")),
        ("app/main/default/objects/Account/fields/Inv__c.field-meta.xml", &lookup("Inv__c", "Invoice__c")),
        ("app/main/default/objects/Account/fields/Industry.field-meta.xml", &xml("CustomField", "<fullName>Industry</fullName>")),
        ("app/main/default/objects/Activity/fields/A__c.field-meta.xml", &lookup("A__c", "Invoice__c")),
        ("app/main/default/globalValueSets/States.globalValueSet-meta.xml", &states),
        ("app/main/default/classes/C.cls", "class C {}"),
        ("elsewhere/objects/Other__c/Other__c.object-meta.xml", "<broken"),
    ]);
    let project = dir.load().unwrap();
    assert_eq!(project.objects.len(), 1);
    let invoice = &project.objects[0];
    assert_eq!(invoice.fields.iter().map(|f| f.full_name.as_str()).collect::<Vec<_>>(), ["Due__c", "Status__c"]);
    assert!(invoice.fields[0].default_value.is_some());
    let set = invoice.fields[1].value_set.as_ref().unwrap();
    assert_eq!((set.values.len(), set.value_set_name.as_deref(), set.restricted), (2, Some("States"), true));
    let others: Vec<String> = project.fields.iter().map(FieldDef::qualified_name).collect();
    assert_eq!(others, ["Account.Inv__c", "Event.A__c", "Task.A__c"]);
    let skipped: Vec<&str> = project.skipped.iter().map(|s| s.what.as_str()).collect();
    assert_eq!(
        skipped,
        [
            "standard field Account.Industry",
            "compact layout Invoice__c.R",
            "field Invoice__c.Rate__c",
            "field Invoice__c.T__c",
            "object Rate__mdt",
        ]
    );
    let formula = &project.skipped[3];
    assert_eq!((formula.line, formula.why.as_str()), (Some(3), "Formula fields are not supported by this org."));
    assert_eq!(project.parts.iter().map(PartDef::qualified_name).collect::<Vec<_>>(), ["validation rule Invoice__c.V"]);
    let (path, line) = &project.origins["Invoice__c.Status__c"];
    assert!(path.ends_with("fields/Status__c.field-meta.xml") && *line == Some(2));
}

#[test]
fn single_file_format() {
    let fields = "<fields><fullName>Lines__c</fullName><label>Lines</label><type>MultiselectPicklist</type><visibleLines>4</visibleLines>\n<picklist><picklistValues><fullName>a</fullName><default>false</default></picklistValues><sorted>false</sorted></picklist></fields>\n<fields><fullName>Sum__c</fullName><label>S</label><type>Summary</type><summaryOperation>count</summaryOperation></fields>\n<validationRules><fullName>Rule</fullName><active>false</active><errorConditionFormula>false</errorConditionFormula><errorMessage>No.</errorMessage></validationRules>\n<fieldSets><fullName>Set</fullName></fieldSets>\n<listViews><fullName>All</fullName><columns>NAME</columns><columns>Sum__c</columns><filterScope>Everything</filterScope><label>All</label></listViews>";
    let dir = Dir::new(&[
        ("src/objects/Invoice__c.object", &xml("CustomObject", &format!("{INVOICE}\n{fields}"))),
        (
            "src/objects/Account.object",
            &xml("CustomObject", "<fields><fullName>Code__c</fullName><label>Code</label><type>Text</type><length>9</length></fields>"),
        ),
        (
            "src/objects/S__c.object",
            &xml("CustomObject", "<customSettingsType>List</customSettingsType><label>S</label><fields><fullName>V__c</fullName></fields>"),
        ),
        ("src/layouts/Invoice__c-Invoice Layout.layout", "<Layout/>"),
    ]);
    let project = dir.load().unwrap();
    assert_eq!(project.objects.len(), 1);
    assert_eq!(project.objects[0].fields[0].kind, FieldKindDef::MultiselectPicklist);
    assert_eq!(project.fields[0].qualified_name(), "Account.Code__c");
    let parts: Vec<_> = project.parts.iter().map(PartDef::qualified_name).collect();
    assert_eq!(parts, ["validation rule Invoice__c.Rule", "list view Invoice__c.All"]);
    let skipped: Vec<(&str, Option<u32>)> = project.skipped.iter().map(|s| (s.what.as_str(), s.line)).collect();
    assert_eq!(
        skipped,
        [
            ("layout Invoice__c-Invoice Layout", None),
            ("field Invoice__c.Sum__c", Some(11)),
            ("field set Invoice__c.Set", Some(13)),
            ("column sum__c in list view Invoice__c.All", Some(14)),
            ("object S__c", Some(3)),
        ]
    );
}

#[test]
fn every_error_of_every_file_is_told() {
    let dir = Dir::new(&[
        ("objects/A__c/A__c.object-meta.xml", "<?xml version=\"1.0\"?>\n<CustomObject>\n<label>A</label>\n</Custom>"),
        (
            "objects/A__c/fields/F__c.field-meta.xml",
            &xml("CustomField", "<fullName>F__c</fullName>\n<label>F</label>\n<type>Text</type>\n<length>300</length>"),
        ),
        (
            "objects/A__c/fields/G__c.field-meta.xml",
            &xml("CustomField", "<fullName>G__c</fullName><label>G</label><type>Text</type>\n<lenght>9</lenght>"),
        ),
        ("objects/A__c/fields/H__c.field-meta.xml", &xml("Field", "")),
        (
            "objects/A__c/fields/P__c.field-meta.xml",
            &xml("CustomField", "<label>P</label><type>Picklist</type>\n<valueSet><valueSetName>Gone</valueSetName></valueSet>"),
        ),
        ("objects/B__c/B__c.object-meta.xml", &xml("CustomObject", INVOICE)),
        ("two/objects/B__c/B__c.object-meta.xml", &xml("CustomObject", INVOICE)),
    ]);
    let errors = dir.fails();
    assert!(errors[0].starts_with("objects/A__c/A__c.object-meta.xml:4: "), "{}", errors[0]);
    assert_eq!(errors[1], "objects/A__c/fields/F__c.field-meta.xml:6: Invalid length, maximum is: 255");
    assert_eq!(
        errors[2],
        "objects/A__c/fields/G__c.field-meta.xml:4: Element {http://soap.sforce.com/2006/04/metadata}lenght invalid at this location in type CustomField"
    );
    assert_eq!(errors[3], "objects/A__c/fields/H__c.field-meta.xml:2: the root element is Field, not CustomField");
    assert_eq!(errors[4], "objects/A__c/fields/P__c.field-meta.xml:4: the value set Gone is not in the project");
    assert!(errors[5].starts_with("two/objects/B__c/B__c.object-meta.xml:2: B__c is already defined in "));
    assert_eq!(errors.len(), 6);
}

#[test]
fn project_files_that_mislead() {
    assert_eq!(
        Dir::new(&[("sfdx-project.json", "{\n\"packageDirectories\": oops}")]).fails()[0].split(": not").next(),
        Some("sfdx-project.json:2")
    );
    assert_eq!(Dir::new(&[("sfdx-project.json", "{}")]).fails(), ["sfdx-project.json: packageDirectories is missing or empty"]);
    assert_eq!(
        Dir::new(&[("sfdx-project.json", r#"{"packageDirectories": [{"path": "gone"}]}"#)]).fails(),
        ["sfdx-project.json: the package directory gone does not exist"]
    );
    let none = PathBuf::from("/nonexistent/orglet");
    assert_eq!(load(std::slice::from_ref(&none)).unwrap_err()[0].path, none);
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    let dir = Dir::new(&[("objects/B__c/B__c.object-meta.xml", &xml("CustomObject", INVOICE))]);
    std::os::unix::fs::symlink(&dir.0, dir.0.join("objects/again")).unwrap();
    assert_eq!(dir.load().unwrap().objects.len(), 1);
}

#[test]
fn dangling_fields_go_with_what_they_refer_to() {
    let setting = "<customSettingsType>Hierarchy</customSettingsType><label>S</label>";
    let dir = Dir::new(&[
        ("objects/S__c/S__c.object-meta.xml", &xml("CustomObject", setting)),
        ("objects/B__c/B__c.object-meta.xml", &xml("CustomObject", INVOICE)),
        ("objects/B__c/fields/S__c.field-meta.xml", &lookup("S__c", "S__c")),
    ]);
    let project = dir.load().unwrap();
    assert!(project.objects[0].fields.is_empty());
    let field = &project.skipped[0];
    assert_eq!((field.what.as_str(), field.why.as_str()), ("field B__c.S__c", "it refers to S__c, which is not supported by this org."));
}

#[test]
fn errors_of_the_whole_are_placed() {
    let dir = Dir::new(&[("objects/Account/fields/L__c.field-meta.xml", &lookup("L__c", "Gone__c"))]);
    let project = dir.load().unwrap();
    let errors = crate::custom::overlay(&crate::ObjectSet::default(), &[], &project.fields, &[]).unwrap_err();
    assert!(project.locate(&errors[0]).unwrap().path.ends_with("L__c.field-meta.xml"));
}

#[test]
fn record_types_of_both_formats() {
    let process = xml(
        "BusinessProcess",
        "<fullName>New Deal</fullName><isActive>true</isActive><values><fullName>Prospecting</fullName><default>false</default></values>\n<values><fullName>Closed%20Won</fullName><default>false</default></values>\n<values><fullName>Bound</fullName><default>false</default></values>",
    );
    let deal = xml(
        "RecordType",
        "<fullName>Deal</fullName><active>true</active><businessProcess>New Deal</businessProcess><label>Deal</label>\n<picklistValues><picklist>Gone__c</picklist><values><fullName>a</fullName></values></picklistValues>\n<picklistValues><picklist>BillingStateCode</picklist><values><fullName>CA</fullName></values></picklistValues>\n<picklistValues><picklist>LeadSource</picklist><values><fullName>Web</fullName><default>true</default></values></picklistValues>",
    );
    let gone = xml("CustomField", "<fullName>Gone__c</fullName><label>G</label><type>Text</type><formula>1</formula>");
    let kinds = "<recordTypes><fullName>Kind</fullName><active>false</active><label>Kind</label></recordTypes>";
    let dir = Dir::new(&[
        ("objects/Opportunity/businessProcesses/New Deal.businessProcess-meta.xml", &process),
        ("objects/Opportunity/recordTypes/Deal.recordType-meta.xml", &deal),
        ("objects/Opportunity/fields/Gone__c.field-meta.xml", &gone),
        ("objects/User/recordTypes/None.recordType-meta.xml", &xml("RecordType", "<active>true</active><label>N</label>")),
        ("src/objects/Invoice__c.object", &xml("CustomObject", &format!("{INVOICE}\n{kinds}"))),
    ]);
    let project = dir.load().unwrap();
    let parts: Vec<String> = project.parts.iter().map(PartDef::qualified_name).collect();
    assert_eq!(parts, ["record type Invoice__c.Kind", "business process Opportunity.New Deal", "record type Opportunity.Deal"]);
    let skipped: Vec<&str> = project.skipped.iter().map(|s| s.what.as_str()).collect();
    assert_eq!(
        skipped,
        [
            "value Bound of StageName in business process Opportunity.New Deal",
            "field Opportunity.Gone__c",
            "picklist BillingStateCode in record type Opportunity.Deal",
            "picklist gone__c in record type Opportunity.Deal",
            "record type User.None",
        ]
    );
    let id = |n: u8| orglet_base::Id::new(orglet_base::KeyPrefix(*b"012"), *b"00", u64::from(n));
    let stored: Vec<PartDef> = (1..).zip(&project.parts).map(|(n, part)| part.clone().stored(id(n), false)).collect();
    let objects: Vec<_> = project.objects.iter().map(|o| (o.clone(), orglet_base::KeyPrefix(*b"a00"))).collect();
    let set = crate::custom::overlay(&crate::standard::objects(), &objects, &[], &stored).unwrap();
    let deal = &set.object("Opportunity").unwrap().record_types()[0];
    assert_eq!((deal.id, deal.label.as_str(), deal.business_process.as_deref()), (id(3), "Deal", Some("New Deal")));
    assert_eq!(deal.choice("stagename").unwrap().values, ["Prospecting", "Closed Won"]);
    assert_eq!(deal.choice("LeadSource").unwrap().default.as_deref(), Some("Web"));
    assert!(deal.choice("Type").is_none() && deal.offers("Type", "anything"));
    let names = |object: &str| set.object(object).unwrap().fields().iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    assert_eq!(names("Opportunity")[2..4], ["AccountId", "RecordTypeId"]);
    assert_eq!(names("Invoice__c")[3..5], ["Name", "RecordTypeId"]);
    assert!(!set.object("Invoice__c").unwrap().record_types()[0].active);
}

#[test]
fn platform_events() {
    let event = xml(
        "CustomObject",
        "<deploymentStatus>Deployed</deploymentStatus>\n<eventType>HighVolume</eventType>\n<label>Low Ink</label>\n<pluralLabel>Low Inks</pluralLabel>\n<publishBehavior>PublishAfterCommit</publishBehavior>\n<sharingModel>ReadWrite</sharingModel>",
    );
    let printer = xml(
        "CustomField",
        "<fullName>Printer__c</fullName>\n<externalId>false</externalId><isFilteringDisabled>false</isFilteringDisabled><isNameField>false</isNameField>\n<label>Printer</label><length>20</length><required>false</required><type>Text</type><unique>false</unique>",
    );
    let dir = Dir::new(&[
        ("objects/Low_Ink__e/Low_Ink__e.object-meta.xml", &event),
        ("objects/Low_Ink__e/fields/Printer__c.field-meta.xml", &printer),
        ("objects/Account/fields/Ink__c.field-meta.xml", &lookup("Ink__c", "Other__e")),
    ]);
    let project = dir.load().unwrap();
    let def = &project.objects[0];
    assert_eq!((def.full_name.as_str(), def.fields.len()), ("Low_Ink__e", 1));
    assert_eq!(def.event.as_ref().unwrap().publish_behavior, "PublishAfterCommit");
    // What events have no use for is left out, and said.
    assert_eq!(project.skipped.iter().map(|s| s.what.as_str()).collect::<Vec<_>>(), ["sharingModel of Low_Ink__e"]);
    let picklist = xml("CustomField", "<fullName>P__c</fullName><label>P</label>\n<type>Email</type>");
    let dir = Dir::new(&[
        ("objects/Low_Ink__e/Low_Ink__e.object-meta.xml", &event),
        ("objects/Low_Ink__e/fields/P__c.field-meta.xml", &picklist),
    ]);
    assert_eq!(
        dir.fails(),
        ["objects/Low_Ink__e/fields/P__c.field-meta.xml:4: Can not specify a CustomField of type Email for a platform event"]
    );
}

#[test]
fn lookup_filters_stay_while_all_that_they_look_at_does() {
    let filtered = |name: &str, field: &str| {
        let body = format!(
            "<fullName>{name}</fullName><label>L</label><type>Lookup</type><lookupFilter><active>true</active><filterItems><field>{field}</field><operation>equals</operation><value>1</value></filterItems><isOptional>false</isOptional></lookupFilter><referenceTo>B__c</referenceTo>"
        );
        xml("CustomField", &body)
    };
    let formula =
        xml("CustomField", "<fullName>T__c</fullName><label>T</label><type>Hierarchy</type><relationshipName>T</relationshipName>");
    let dir = Dir::new(&[
        ("objects/B__c/B__c.object-meta.xml", &xml("CustomObject", INVOICE)),
        ("objects/B__c/fields/T__c.field-meta.xml", &formula),
        ("objects/B__c/fields/A__c.field-meta.xml", &filtered("A__c", "B__c.Name")),
        ("objects/B__c/fields/C__c.field-meta.xml", &filtered("C__c", "B__c.T__c")),
        ("objects/B__c/fields/D__c.field-meta.xml", &filtered("D__c", "B__c.RecordTypeId")),
    ]);
    let mut project = dir.load().unwrap();
    let skipped: Vec<(&str, &str)> = project.skipped.iter().map(|s| (s.what.as_str(), s.why.as_str())).collect();
    assert_eq!(skipped[0], ("lookupFilter of B__c.C__c", "it refers to B__c.T__c, which is not supported by this org."));
    let defs = |project: &Project| vec![(project.objects[0].clone(), orglet_base::KeyPrefix::parse("a00").unwrap())];
    let standard = crate::ObjectSet::default();
    let errors = crate::custom::overlay(&standard, &defs(&project), &[], &[]).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].message, "Lookup filters by B__c.RecordTypeId are not supported by this org.");
    assert!(project.leave_out(&errors) && !project.leave_out(&errors));
    let set = crate::custom::overlay(&standard, &defs(&project), &[], &[]).unwrap();
    assert_eq!(set.object("B__c").unwrap().filtered_lookups().len(), 1);
}

#[test]
fn rules_of_duplicates() {
    let item = |field: &str| {
        format!("<matchingRuleItems><fieldName>{field}</fieldName><matchingMethod>Exact</matchingMethod></matchingRuleItems>")
    };
    let rule = |name: &str, items: &str| {
        format!("<matchingRules>\n<fullName>{name}</fullName><label>{name}</label>{items}<ruleStatus>Active</ruleStatus></matchingRules>\n")
    };
    let duplicate = |of: &str, more: &str| {
        xml(
            "DuplicateRule",
            &format!(
                "<actionOnInsert>Allow</actionOnInsert><actionOnUpdate>Block</actionOnUpdate>\n{more}<duplicateRuleMatchRules><matchRuleSObjectType>Account</matchRuleSObjectType><matchingRule>{of}</matchingRule></duplicateRuleMatchRules><isActive>true</isActive><masterLabel>L</masterLabel><operationsOnInsert>Alert</operationsOnInsert><securityOption>EnforceSharingRules</securityOption><sortOrder>1</sortOrder>"
            ),
        )
    };
    let filter = "<duplicateRuleFilter><duplicateRuleFilterItems><field>RecordTypeId</field><operation>equals</operation><value>A</value><sortOrder>1</sortOrder><table>Account</table></duplicateRuleFilterItems></duplicateRuleFilter>\n";
    let formula = xml("CustomField", "<fullName>F__c</fullName><label>F</label><type>Checkbox</type><formula>TRUE</formula>");
    let rules = xml("MatchingRules", &(rule("A", &item("Name")) + &rule("B", &item("F__c"))));
    let person = xml("MatchingRules", &rule("P", &item("Name")));
    let (of_a, of_b, filtered) = (duplicate("A", ""), duplicate("B", ""), duplicate("A", filter));
    let dir = Dir::new(&[
        ("matchingRules/Account.matchingRule-meta.xml", rules.as_str()),
        ("matchingRules/PersonAccount.matchingRule", person.as_str()),
        ("objects/Account/fields/F__c.field-meta.xml", formula.as_str()),
        ("duplicateRules/Account.A.duplicateRule-meta.xml", of_a.as_str()),
        ("duplicateRules/Account.B.duplicateRule-meta.xml", of_b.as_str()),
        ("duplicateRules/Account.C.duplicateRule-meta.xml", filtered.as_str()),
    ]);
    let project = dir.load().unwrap();
    let names: Vec<String> = project.parts.iter().map(PartDef::qualified_name).collect();
    assert_eq!(names, ["duplicate rule Account.A", "matching rule Account.A"]);
    let skipped: Vec<String> = project.skipped.iter().map(|s| format!("{}: {}", s.what, s.why)).collect();
    assert_eq!(
        skipped,
        [
            "duplicate rule Account.B: it refers to matching rule Account.B, which is not supported by this org.",
            "duplicate rule Account.C: Duplicate rule conditions on record types are not supported by this org.",
            "matching rule Account.B: it refers to account.f__c, which is not supported by this org.",
            "matching rule PersonAccount.P: Person accounts are not supported by this org.",
            "field Account.F__c: Formula fields are not supported by this org.",
        ]
    );
    let odd = xml("MatchingRules", "<rules>1</rules>");
    let unnamed = xml("MatchingRules", "<matchingRules><label>L</label></matchingRules>");
    let bad = duplicate("A", "<operationsOnUpdate>Shout</operationsOnUpdate>\n");
    let dir = Dir::new(&[
        ("a/Account.matchingRule-meta.xml", odd.as_str()),
        ("b/Contact.matchingRule-meta.xml", unnamed.as_str()),
        ("c/Account.A.duplicateRule-meta.xml", bad.as_str()),
    ]);
    let fails = dir.fails();
    assert_eq!(fails[0], "a/Account.matchingRule-meta.xml:3: Element rules invalid at this location in type MatchingRules");
    assert!(fails[1].starts_with("b/Contact.matchingRule-meta.xml:3: The Rule Name field can only contain"), "{fails:?}");
    assert_eq!(fails[2], "c/Account.A.duplicateRule-meta.xml:4: 'Shout' is not a valid value for the operation of a duplicate rule");
}
