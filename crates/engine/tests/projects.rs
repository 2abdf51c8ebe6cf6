//! Validation rules of SFDX projects.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod world;

use orglet_engine::project::{self, LoadError};
use world::{Folder, World};

fn rule(formula: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ValidationRule xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n<fullName>R</fullName><active>true</active>\n<errorConditionFormula>{formula}</errorConditionFormula><errorMessage>No.</errorMessage></ValidationRule>"
    )
}

fn write(folder: &Folder, path: &str, text: &str) {
    let path = folder.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn load(folder: &Folder, strict: bool) -> Result<(World, Vec<String>), LoadError> {
    let world = World::in_memory();
    let skipped = project::load(&world.admin(), &[folder.path().to_owned()], strict)?;
    Ok((world, skipped.iter().map(ToString::to_string).collect()))
}

fn active(world: &World, object: &str) -> Vec<String> {
    let rules = world.object(object).rules.clone();
    rules.map_or(Vec::new(), |rules| rules.validation_rules.iter().map(|r| r.full_name.clone()).collect())
}

#[test]
fn rules_are_taken_and_what_is_not_built_is_left_out() {
    let folder = Folder::new("project-rules");
    write(
        &folder,
        "objects/Account/validationRules/Good.validationRule-meta.xml",
        &rule("NOT(ISBLANK(Fax)) &amp;&amp; ISNEW()").replace(">R<", ">Good<"),
    );
    write(&folder, "objects/Account/validationRules/Look.validationRule-meta.xml", &rule("BR() = Name").replace(">R<", ">Look<"));
    write(&folder, "objects/Account/validationRules/Sum.validationRule-meta.xml", &rule("Total__c &gt; 3").replace(">R<", ">Sum<"));
    write(
        &folder,
        "objects/Account/fields/Total__c.field-meta.xml",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CustomField xmlns=\"http://soap.sforce.com/2006/04/metadata\"><fullName>Total__c</fullName><label>T</label><type>Number</type><formula>1</formula><precision>18</precision><scale>0</scale></CustomField>",
    );
    let (world, skipped) = load(&folder, false).unwrap();
    assert_eq!(active(&world, "Account"), ["Good"]);
    assert_eq!(skipped.len(), 3, "{skipped:?}");
    assert!(
        skipped.iter().any(|s| s.contains("Look.validationRule-meta.xml") && s.contains("The function BR in formulas is not supported")),
        "{skipped:?}"
    );
    assert!(
        skipped.iter().any(|s| s.contains("validation rule Account.Sum") && s.contains("Field Total__c does not exist")),
        "{skipped:?}"
    );
    assert!(matches!(load(&folder, true), Err(LoadError::Strict(_))));
}

#[test]
fn a_formula_that_is_wrong_is_told_with_its_file() {
    let folder = Folder::new("project-wrong-rule");
    write(&folder, "objects/Account/validationRules/R.validationRule-meta.xml", &rule("ISBLANK(Gone__c)"));
    match load(&folder, false) {
        Err(LoadError::Files(errors)) => {
            assert!(errors[0].path.ends_with("R.validationRule-meta.xml"), "{errors:?}");
            assert!(errors[0].reason.contains("Field Gone__c does not exist. Check spelling."), "{errors:?}");
        }
        other => panic!("{:?}", other.map(|(_, skipped)| skipped)),
    }
}

#[test]
fn a_project_with_much_that_is_not_built_is_put_together_few_times() {
    const RULES: u64 = 60;
    let folder = Folder::new("project-many");
    for n in 0..RULES {
        let path = format!("objects/Account/validationRules/R{n}.validationRule-meta.xml");
        write(&folder, &path, &rule("BR() = Name").replace(">R<", &format!(">R{n}<")));
    }
    write(&folder, "objects/Account/validationRules/Good.validationRule-meta.xml", &rule("ISNEW()").replace(">R<", ">Good<"));
    let (world, skipped) = load(&folder, false).unwrap();
    assert_eq!((active(&world, "Account"), skipped.len() as u64), (vec!["Good".to_owned()], RULES));
    // Each time that definitions are put together, each new one takes an id.
    let world = World::in_memory();
    let before = validation_rule(&world, "Before");
    project::load(&world.admin(), &[folder.path().to_owned()], false).unwrap();
    let taken = validation_rule(&world, "After") - before;
    assert!(taken <= 3 * (RULES + 1), "{taken} ids for {RULES} rules");
}

/// Makes a validation rule and answers the counter of its id.
fn validation_rule(world: &World, name: &str) -> u64 {
    let folder = Folder::new(&format!("project-{name}"));
    let path = format!("objects/Account/validationRules/{name}.validationRule-meta.xml");
    write(&folder, &path, &rule("ISNEW()").replace(">R<", &format!(">{name}<")));
    project::load(&world.admin(), &[folder.path().to_owned()], false).unwrap();
    let all = orglet_engine::metadata::all(&world.server.default_org()).unwrap();
    all.iter().find(|custom| custom.name == name).unwrap().id.counter()
}

#[test]
fn records_of_projects_are_saved_and_saved_again() {
    let folder = Folder::new("project-records");
    let meta = |cache: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<StaticResource xmlns=\"http://soap.sforce.com/2006/04/metadata\"><cacheControl>{cache}</cacheControl><contentType>text/css</contentType></StaticResource>"
        )
    };
    write(&folder, "staticresources/styles.resource-meta.xml", &meta("Public"));
    write(&folder, "staticresources/styles.css", "p {}");
    write(&folder, "staticresources/site.resource-meta.xml", &meta("Public"));
    write(&folder, "staticresources/site/index.html", "<p/>");
    let (world, skipped) = load(&folder, false).unwrap();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert!(skipped[0].contains("static resource site: folders that become an archive are not supported"), "{skipped:?}");
    write(&folder, "staticresources/styles.css", "p { top: 0 }");
    project::load(&world.admin(), &[folder.path().to_owned()], false).unwrap();
    let lengths = world.rows("SELECT Name, BodyLength FROM StaticResource");
    assert_eq!(lengths, [["styles".to_owned(), "12".to_owned()]]);
    // What is wrong is told with its file.
    for (text, why) in [(meta("Never"), "'Never' is not a valid value"), (meta("Public").replace("text/css", ""), "contentType")] {
        write(&folder, "staticresources/styles.resource-meta.xml", &text);
        match load(&folder, false) {
            Err(e @ LoadError::Files(_)) => {
                assert!(e.to_string().contains("styles.resource-meta.xml") && e.to_string().contains(why), "{e}")
            }
            other => panic!("{:?}", other.map(|_| ())),
        }
    }
    write(&folder, "staticresources/styles.resource-meta.xml", &meta("Public"));
    std::fs::remove_file(folder.path().join("staticresources/styles.css")).unwrap();
    assert!(matches!(load(&folder, false), Err(LoadError::Files(_))));
}
