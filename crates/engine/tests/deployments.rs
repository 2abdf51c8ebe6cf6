//! Deployments and retrievals of files: what is retrieved deploys again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_base::ApiVersion;
use orglet_engine::deploy::{self, Deployment, Manifest, Options, RetrieveRequest, Retrieved, Status};
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use world::World;

const NS: &str = "xmlns=\"http://soap.sforce.com/2006/04/metadata\"";

fn zip(files: &[(&str, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in files {
        writer.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn unzip(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        files.insert(file.name().unwrap().into_owned(), text);
    }
    files
}

fn package(types: &[(&str, &[&str])]) -> String {
    let types: String = types
        .iter()
        .map(|(name, members)| {
            let members: String = members.iter().map(|m| format!("<members>{m}</members>")).collect();
            format!("<types>{members}<name>{name}</name></types>")
        })
        .collect();
    format!("<Package {NS}>{types}<version>62.0</version></Package>")
}

fn single() -> Options {
    Options { single_package: true, ..Options::default() }
}

fn problems(deployment: &Deployment) -> Vec<String> {
    deployment.messages.iter().filter_map(|m| Some(format!("{} {}: {}", m.component_type, m.full_name, m.problem.as_ref()?))).collect()
}

fn deployed(world: &World, files: &[(&str, String)]) -> Deployment {
    let deployment = deploy::deploy(&world.admin(), &zip(files), single()).unwrap();
    assert_eq!(deployment.status, Status::Succeeded, "{:?} {:?}", deployment.error, problems(&deployment));
    deployment
}

fn retrieved(world: &World, types: &[(&str, &[&str])]) -> (Retrieved, Vec<u8>) {
    let types = types.iter().map(|(ty, members)| ((*ty).to_owned(), members.iter().map(|m| (*m).to_owned()).collect())).collect();
    let request = RetrieveRequest {
        packages: Vec::new(),
        single_package: true,
        specific_files: Vec::new(),
        unpackaged: Some(Manifest { types, version: None }),
        version: ApiVersion::LATEST,
    };
    let made = deploy::retrieve(&world.admin(), &request).unwrap();
    let (found, zip) = deploy::retrieved(&world.admin(), &made.id.to_string()).unwrap();
    (found, zip.unwrap())
}

/// An object with a field of each type, and what objects have beside fields.
fn fleet() -> Vec<(&'static str, String)> {
    let fields = [
        (
            "Area__c",
            "<externalId>true</externalId><label>Area</label><precision>18</precision><scale>2</scale><type>Number</type><unique>true</unique>",
        ),
        ("Berth__c", "<displayLocationInDecimal>true</displayLocationInDecimal><label>Berth</label><scale>5</scale><type>Location</type>"),
        ("Built__c", "<label>Built</label><type>Date</type>"),
        (
            "Code__c",
            "<caseSensitive>true</caseSensitive><externalId>true</externalId><label>Code</label><length>20</length><type>Text</type><unique>true</unique>",
        ),
        ("Cost__c", "<label>Cost</label><precision>18</precision><scale>2</scale><type>Currency</type>"),
        (
            "Crew__c",
            "<description>&lt;All&gt; &amp; &quot;more&quot;</description><label>Crew</label><length>32768</length><type>LongTextArea</type><visibleLines>3</visibleLines>",
        ),
        ("Fit__c", "<defaultValue>true</defaultValue><label>Fit</label><type>Checkbox</type>"),
        (
            "Flags__c",
            "<label>Flags</label><type>MultiselectPicklist</type><valueSet><valueSetDefinition><sorted>false</sorted><value><fullName>A</fullName><default>false</default><label>A</label></value><value><fullName>B</fullName><default>false</default><label>Bee</label></value></valueSetDefinition></valueSet><visibleLines>4</visibleLines>",
        ),
        (
            "Kind__c",
            "<label>Kind</label><type>Picklist</type><valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted><value><fullName>Sail</fullName><default>true</default><label>Sail</label></value><value><fullName>Steam</fullName><default>false</default><label>Steam</label></value></valueSetDefinition></valueSet>",
        ),
        ("Mail__c", "<label>Mail</label><type>Email</type>"),
        (
            "Number__c",
            "<displayFormat>S-{0000}</displayFormat><label>Number</label><startingNumber>5</startingNumber><type>AutoNumber</type>",
        ),
        (
            "Owner2__c",
            "<deleteConstraint>SetNull</deleteConstraint><label>Owner</label><referenceTo>Account</referenceTo><relationshipLabel>Ships</relationshipLabel><relationshipName>Ships</relationshipName><type>Lookup</type>",
        ),
        ("Page__c", "<label>Page</label><type>Url</type>"),
        ("Seen__c", "<label>Seen</label><type>DateTime</type>"),
        (
            "Size__c",
            "<label>Size</label><type>Picklist</type><valueSet><controllingField>Kind__c</controllingField><valueSetDefinition><sorted>false</sorted><value><fullName>Big</fullName><default>false</default><label>Big</label></value></valueSetDefinition><valueSettings><controllingFieldValue>Steam</controllingFieldValue><valueName>Big</valueName></valueSettings></valueSet>",
        ),
    ];
    let fields: String = fields.iter().map(|(name, rest)| format!("<fields><fullName>{name}</fullName>{rest}</fields>")).collect();
    let ship = format!(
        "<CustomObject {NS}><deploymentStatus>Deployed</deploymentStatus><enableSearch>true</enableSearch>{fields}<label>Ship</label><nameField><displayFormat>N-{{0}}</displayFormat><label>Ship Name</label><type>AutoNumber</type></nameField><pluralLabel>Ships</pluralLabel><recordTypes><fullName>Steamer</fullName><active>true</active><label>Steamer</label><picklistValues><picklist>Kind__c</picklist><values><fullName>Steam</fullName><default>true</default></values></picklistValues></recordTypes><sharingModel>ReadWrite</sharingModel><validationRules><fullName>Old</fullName><active>true</active><errorConditionFormula>Built__c &lt; DATE(1800,1,1)</errorConditionFormula><errorDisplayField>Built__c</errorDisplayField><errorMessage>too &quot;old&quot;</errorMessage></validationRules></CustomObject>"
    );
    let mate = format!(
        "<CustomObject {NS}><deploymentStatus>Deployed</deploymentStatus><fields><fullName>Ship__c</fullName><label>Ship</label><referenceTo>Ship__c</referenceTo><relationshipLabel>Mates</relationshipLabel><relationshipName>Mates</relationshipName><relationshipOrder>0</relationshipOrder><reparentableMasterDetail>false</reparentableMasterDetail><type>MasterDetail</type><writeRequiresMasterRead>false</writeRequiresMasterRead></fields><label>Mate</label><nameField><label>Mate Name</label><type>Text</type></nameField><pluralLabel>Mates</pluralLabel><sharingModel>ControlledByParent</sharingModel></CustomObject>"
    );
    let horn = format!(
        "<CustomObject {NS}><deploymentStatus>Deployed</deploymentStatus><eventType>HighVolume</eventType><fields><fullName>Text__c</fullName><label>Text</label><length>20</length><type>Text</type></fields><label>Horn</label><pluralLabel>Horns</pluralLabel><publishBehavior>PublishAfterCommit</publishBehavior></CustomObject>"
    );
    let opportunity = format!(
        "<CustomObject {NS}><businessProcesses><fullName>Short</fullName><isActive>true</isActive><values><fullName>Prospecting</fullName><default>false</default></values><values><fullName>Closed Won</fullName><default>false</default></values></businessProcesses><fields><fullName>Ship__c</fullName><label>Ship</label><referenceTo>Ship__c</referenceTo><relationshipLabel>Sales</relationshipLabel><relationshipName>Sales</relationshipName><type>Lookup</type></fields><recordTypes><fullName>Quick</fullName><active>true</active><businessProcess>Short</businessProcess><label>Quick</label></recordTypes></CustomObject>"
    );
    let matching = format!(
        "<MatchingRules {NS}><matchingRules><fullName>Same</fullName><label>Same</label><matchingRuleItems><blankValueBehavior>NullNotAllowed</blankValueBehavior><fieldName>Code__c</fieldName><matchingMethod>Exact</matchingMethod></matchingRuleItems><ruleStatus>Active</ruleStatus></matchingRules></MatchingRules>"
    );
    let duplicates = format!(
        "<DuplicateRule {NS}><actionOnInsert>Block</actionOnInsert><actionOnUpdate>Allow</actionOnUpdate><alertText>there is one</alertText><duplicateRuleMatchRules><matchRuleSObjectType>Ship__c</matchRuleSObjectType><matchingRule>Same</matchingRule></duplicateRuleMatchRules><isActive>true</isActive><masterLabel>One</masterLabel><securityOption>EnforceSharingRules</securityOption><sortOrder>1</sortOrder></DuplicateRule>"
    );
    let listed: &[(&str, &[&str])] = &[
        ("CustomObject", &["Ship__c", "Mate__c", "Horn__e"]),
        ("CustomField", &["Opportunity.Ship__c"]),
        ("RecordType", &["Opportunity.Quick"]),
        ("BusinessProcess", &["Opportunity.Short"]),
        ("MatchingRules", &["Ship__c"]),
        ("DuplicateRule", &["*"]),
    ];
    vec![
        ("package.xml", package(listed)),
        ("objects/Ship__c.object", ship),
        ("objects/Mate__c.object", mate),
        ("objects/Horn__e.object", horn),
        ("objects/Opportunity.object", opportunity),
        ("matchingRules/Ship__c.matchingRule", matching),
        ("duplicateRules/Ship__c.One.duplicateRule", duplicates),
    ]
}

const ALL: &[(&str, &[&str])] =
    &[("CustomObject", &["*", "Opportunity"]), ("MatchingRules", &["*"]), ("DuplicateRule", &["*"]), ("ApexClass", &["*"])];

#[test]
fn what_is_retrieved_deploys_again() {
    let first = World::in_memory();
    deployed(&first, &fleet());
    let (found, bytes) = retrieved(&first, ALL);
    assert!(found.messages.is_empty(), "{:?}", found.messages);
    let files = unzip(&bytes);
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "duplicateRules/Ship__c.One.duplicateRule",
            "matchingRules/Ship__c.matchingRule",
            "objects/Horn__e.object",
            "objects/Mate__c.object",
            "objects/Opportunity.object",
            "objects/Ship__c.object",
            "package.xml"
        ]
    );
    let second = World::in_memory();
    let deployment = deploy::deploy(&second.admin(), &bytes, single()).unwrap();
    assert_eq!(deployment.status, Status::Succeeded, "{:?} {:#?}", problems(&deployment), files);
    let (_, again) = retrieved(&second, ALL);
    assert_eq!(unzip(&again), files);
    // Nothing is left to be changed.
    let deployment = deploy::deploy(&second.admin(), &bytes, single()).unwrap();
    let changed: Vec<_> = deployment.messages.iter().filter(|m| m.changed && !m.of_package).map(|m| &m.full_name).collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn source_format_is_read_too() {
    let world = World::in_memory();
    let field =
        format!("<CustomField {NS}><fullName>Hull__c</fullName><label>Hull</label><length>9</length><type>Text</type></CustomField>");
    let files =
        [("package.xml", package(&[("CustomField", &["Account.Hull__c"])])), ("objects/Account/fields/Hull__c.field-meta.xml", field)];
    let deployment = deployed(&world, &files);
    assert_eq!(deployment.counts(), (1, 1, 0));
}

#[test]
fn fields_of_activities_are_of_both() {
    let world = World::in_memory();
    let object = format!(
        "<CustomObject {NS}><fields><fullName>Mood__c</fullName><label>Mood</label><length>9</length><type>Text</type></fields></CustomObject>"
    );
    deployed(&world, &[("package.xml", package(&[("CustomField", &["Activity.Mood__c"])])), ("objects/Activity.object", object)]);
    for object in ["Task", "Event"] {
        assert!(world.object(object).field("Mood__c").is_some());
    }
    deployed(&world, &[("package.xml", package(&[])), ("destructiveChanges.xml", package(&[("CustomField", &["Activity.Mood__c"])]))]);
    assert!(world.object("Task").field("Mood__c").is_none());
}

#[test]
fn old_jobs_make_room() {
    let world = World::in_memory();
    let first = deployed(&world, &[("package.xml", package(&[]))]);
    for _ in 0..200 {
        deployed(&world, &[("package.xml", package(&[]))]);
    }
    assert!(deploy::find(&world.admin(), &first.id.to_string()).is_err());
    assert_eq!(deploy::recent(&world.admin()).unwrap().len(), 200);
}

#[test]
fn what_is_deleted_is_not_deployed_by_the_same_package() {
    let world = World::in_memory();
    deployed(&world, &fleet());
    let mut files = fleet();
    files.push(("destructiveChangesPre.xml", package(&[("CustomField", &["Ship__c.Mail__c"])])));
    let deployment = deploy::deploy(&world.admin(), &zip(&files), single()).unwrap();
    assert_eq!(deployment.status, Status::Failed);
    assert!(problems(&deployment)[0].contains("cannot be deployed by the same package"), "{:?}", problems(&deployment));
}

/// A global value set of these values, each its own label.
fn set(values: &[&str]) -> String {
    let values: String = { values.iter() }
        .map(|v| format!("<customValue><fullName>{v}</fullName><default>false</default><label>{v}</label></customValue>"))
        .collect();
    format!("<GlobalValueSet {NS}>{values}<masterLabel>All the moods</masterLabel><sorted>false</sorted></GlobalValueSet>")
}

fn mood(name: &str) -> String {
    format!(
        "<fields><fullName>{name}</fullName><label>Mood</label><type>Picklist</type><valueSet><restricted>true</restricted><valueSetName>Moods</valueSetName></valueSet></fields>"
    )
}

fn values(world: &World, field: &str) -> Vec<String> {
    world.object("Account").field(field).unwrap().picklist.iter().map(|value| value.value.clone()).collect()
}

#[test]
fn global_value_sets_go_to_the_fields_that_use_them() {
    let world = World::in_memory();
    let types: &[(&str, &[&str])] = &[("GlobalValueSet", &["Moods"]), ("CustomField", &["Account.A__c", "Account.B__c"])];
    let account = |fields: &str| format!("<CustomObject {NS}>{fields}</CustomObject>");
    let files = [
        ("package.xml", package(types)),
        ("globalValueSets/Moods.globalValueSet", set(&["Good", "Bad"])),
        ("objects/Account.object", account(&(mood("A__c") + &mood("B__c")))),
    ];
    let made = deployed(&world, &files);
    assert!(made.messages.iter().any(|m| m.component_type == "GlobalValueSet" && m.created));
    // What is retrieved deploys elsewhere, and is the same there.
    let (found, bytes) = retrieved(&world, &[("GlobalValueSet", &["*"]), ("CustomField", &["Account.A__c", "Account.B__c"])]);
    assert!(found.messages.is_empty(), "{:?}", found.messages);
    let elsewhere = World::in_memory();
    let deployment = deploy::deploy(&elsewhere.admin(), &bytes, single()).unwrap();
    assert_eq!(deployment.status, Status::Succeeded, "{:?}", problems(&deployment));
    let (_, again) = retrieved(&elsewhere, &[("GlobalValueSet", &["Moods"]), ("CustomField", &["Account.A__c", "Account.B__c"])]);
    assert_eq!(unzip(&again), unzip(&bytes));
    // Another value with one of the fields, which says what it said before, comes to both.
    let files = [
        ("package.xml", package(&[("GlobalValueSet", &["Moods"]), ("CustomField", &["Account.A__c"])])),
        ("globalValueSets/Moods.globalValueSet", set(&["Good", "Bad", "None"])),
        ("objects/Account.object", account(&mood("A__c"))),
    ];
    deployed(&world, &files);
    assert_eq!(values(&world, "A__c"), ["Good", "Bad", "None"]);
    assert_eq!(values(&world, "B__c"), ["Good", "Bad", "None"]);
    // So does one with none of them.
    let alone =
        [("package.xml", package(&[("GlobalValueSet", &["Moods"])])), ("globalValueSets/Moods.globalValueSet", set(&["Good", "Odd"]))];
    deployed(&world, &alone);
    assert_eq!([values(&world, "A__c"), values(&world, "B__c")], [["Good", "Odd"], ["Good", "Odd"]]);
    let again = deployed(&world, &alone);
    assert!(again.messages.iter().all(|m| m.of_package || !m.changed), "{:?}", again.messages);
    // A field may use what the org has.
    let files = [("package.xml", package(&[("CustomField", &["Account.C__c"])])), ("objects/Account.object", account(&mood("C__c")))];
    deployed(&world, &files);
    assert_eq!(values(&world, "C__c"), ["Good", "Odd"]);
    let removal = |types: &[(&str, &[&str])]| [("package.xml", package(&[])), ("destructiveChanges.xml", package(types))];
    let failed = deploy::deploy(&world.admin(), &zip(&removal(&[("GlobalValueSet", &["Moods"])])), single()).unwrap();
    assert_eq!(problems(&failed), ["GlobalValueSet Moods: This global value set is used by the custom field Account.A__c"]);
    deployed(&world, &removal(&[("GlobalValueSet", &["Moods"]), ("CustomField", &["Account.A__c", "Account.B__c", "Account.C__c"])]));
    // A set that nothing uses is kept nowhere.
    let failed = deploy::deploy(&elsewhere.admin(), &zip(&files), single()).unwrap();
    assert_eq!(failed.status, Status::Succeeded);
    let nowhere = deploy::deploy(&world.admin(), &zip(&files), single()).unwrap();
    assert_eq!(problems(&nowhere), ["CustomField Account.C__c: In field: valueSet - no GlobalValueSet named Moods found"]);
}

#[test]
fn workflows_are_listed_by_their_objects_and_lose_nothing_in_silence() {
    let world = World::in_memory();
    let update = "<fieldUpdates><fullName>Hot</fullName><field>Rating</field><literalValue>Hot</literalValue><name>Hot</name><notifyAssignee>false</notifyAssignee><operation>Literal</operation><protected>false</protected></fieldUpdates>";
    let files = |rest: &str| {
        [
            ("package.xml", package(&[("Workflow", &["Account"])])),
            ("workflows/Account.workflow", format!("<Workflow {NS}>{rest}{update}</Workflow>")),
        ]
    };
    let deployment = deployed(&world, &files(""));
    assert_eq!(deployment.counts(), (1, 1, 0));
    let (found, bytes) = retrieved(&world, &[("Workflow", &["*"])]);
    assert!(found.messages.is_empty());
    let elsewhere = World::in_memory();
    let deployment = deploy::deploy(&elsewhere.admin(), &bytes, single()).unwrap();
    assert_eq!(deployment.status, Status::Succeeded, "{:?}", problems(&deployment));
    let alert = "<alerts><fullName>Tell</fullName><description>Tell</description><protected>false</protected></alerts>";
    let failed = deploy::deploy(&world.admin(), &zip(&files(alert)), single()).unwrap();
    assert_eq!(failed.status, Status::Failed);
    assert_eq!(problems(&failed), ["WorkflowAlert Account.Tell: email alert Account.Tell: email alert metadata is not supported"]);
}
