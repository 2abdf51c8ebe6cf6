//! `System`, `UserInfo`, `Limits`, `Test`.

use super::Line;
use crate::host::UserInfo;
use crate::run::{Done, Vm};
use crate::value::Value;
use orglet_base::Id;

/// A failed assertion can't be caught.
fn failed(vm: &mut Vm<'_, '_>, text: String) -> crate::run::Throw {
    let (stack, line) = vm.trace();
    Box::new(crate::run::Thrown::Fatal(Box::new(crate::outcome::ApexException {
        type_name: "System.AssertException".to_owned(),
        message: text,
        line,
        column: 1,
        stack,
        ..Default::default()
    })))
}

fn assert_that(vm: &mut Vm<'_, '_>, a: &[Value]) -> Done<Value> {
    match &a[0] {
        Value::Bool(true) => Ok(Value::Null),
        Value::Bool(false) => {
            let text = match a.get(1) {
                Some(message) => format!("Assertion Failed: {}", vm.shown(message)?),
                None => "Assertion Failed".to_owned(),
            };
            Err(failed(vm, text))
        }
        _ => Err(vm.null_pointer()),
    }
}

fn assert_equal(vm: &mut Vm<'_, '_>, a: &[Value], equal: bool) -> Done<Value> {
    if vm.equal(&a[0], &a[1])? == equal {
        return Ok(Value::Null);
    }
    let message = match a.get(2) {
        Some(message) => format!(": {}", vm.shown(message)?),
        None => String::new(),
    };
    let text = if equal {
        format!("Assertion Failed{message}: Expected: {}, Actual: {}", vm.shown(&a[0])?, vm.shown(&a[1])?)
    } else {
        format!("Assertion Failed{message}: Same value: {}", vm.shown(&a[0])?)
    };
    Err(failed(vm, text))
}

fn debug(vm: &mut Vm<'_, '_>, level: &str, value: &Value) -> Done<Value> {
    let text = vm.shown(value)?;
    let line = vm.trace().1;
    vm.host.debug(level, line, &text);
    Ok(Value::Null)
}

fn id(id: Option<Id>) -> Value {
    id.map_or(Value::Null, Value::Id)
}

macro_rules! user {
    ($name:literal, $returns:literal, $of:expr) => {
        (concat!("static ", $returns, " UserInfo.", $name, "()"), |vm, _| {
            let of: fn(&UserInfo) -> Value = $of;
            Ok(of(&vm.user()))
        })
    };
}

macro_rules! limit {
    ($name:literal, $used:expr) => {
        (concat!("static Integer Limits.get", $name, "()"), |vm, _| {
            let used: fn(&mut Vm<'_, '_>) -> i64 = $used;
            Ok(Value::Int(used(vm) as i32))
        })
    };
}

macro_rules! most {
    ($name:literal, $most:expr) => {
        (concat!("static Integer Limits.getLimit", $name, "()"), |_, _| Ok(Value::Int($most)))
    };
}

pub(super) const LINES: &[Line] = &[
    ("static void System.debug(Object)", |vm, a| debug(vm, "DEBUG", &a[0])),
    ("static void System.debug(LoggingLevel,Object)", |vm, a| {
        let level = vm.shown(&a[0])?;
        debug(vm, &level, &a[1])
    }),
    ("static void System.assert(Boolean)", |vm, a| assert_that(vm, &a)),
    ("static void System.assert(Boolean,Object)", |vm, a| assert_that(vm, &a)),
    ("static void System.assertEquals(Object,Object)", |vm, a| assert_equal(vm, &a, true)),
    ("static void System.assertEquals(Object,Object,Object)", |vm, a| assert_equal(vm, &a, true)),
    ("static void System.assertNotEquals(Object,Object)", |vm, a| assert_equal(vm, &a, false)),
    ("static void System.assertNotEquals(Object,Object,Object)", |vm, a| assert_equal(vm, &a, false)),
    ("static Boolean System.equals(Object,Object)", |vm, a| vm.equal(&a[0], &a[1]).map(Value::Bool)),
    ("static Integer System.hashCode(Object)", |vm, a| Ok(Value::Int(vm.hash(&a[0])? as i32))),
    ("static Boolean System.isBatch()", |_, _| Ok(Value::Bool(false))),
    ("static Boolean System.isFuture()", |_, _| Ok(Value::Bool(false))),
    ("static Boolean System.isQueueable()", |_, _| Ok(Value::Bool(false))),
    ("static Boolean System.isScheduled()", |_, _| Ok(Value::Bool(false))),
    ("static Boolean Test.isRunningTest()", |_, _| Ok(Value::Bool(false))),
    user!("getUserId", "Id", |user| id(user.user_id)),
    user!("getProfileId", "Id", |user| id(user.profile_id)),
    user!("getUserRoleId", "Id", |user| id(user.role_id)),
    user!("getOrganizationId", "Id", |user| id(user.organization_id)),
    user!("getOrganizationName", "String", |user| Value::str(&user.organization_name)),
    user!("getName", "String", |user| Value::str(&user.name)),
    user!("getFirstName", "String", |user| Value::option(Some(user.first_name.as_str()).filter(|name| !name.is_empty()))),
    user!("getLastName", "String", |user| Value::str(&user.last_name)),
    user!("getUserName", "String", |user| Value::str(&user.user_name)),
    user!("getUserEmail", "String", |user| Value::str(&user.email)),
    user!("getUserType", "String", |user| Value::str(&user.user_type)),
    user!("getLocale", "String", |user| Value::str(&user.locale)),
    user!("getLanguage", "String", |user| Value::str(&user.language)),
    user!("getDefaultCurrency", "String", |user| Value::str(&user.default_currency)),
    user!("getSessionId", "String", |user| Value::option(user.session_id.as_deref())),
    user!("isMultiCurrencyOrganization", "Boolean", |_| Value::Bool(false)),
    limit!("Queries", |vm| vm.host.usage().queries.into()),
    limit!("QueryRows", |vm| vm.host.usage().query_rows.into()),
    limit!("SoslQueries", |vm| vm.host.usage().searches.into()),
    limit!("DmlStatements", |vm| vm.host.usage().dml.into()),
    limit!("DmlRows", |vm| vm.host.usage().dml_rows.into()),
    limit!("CpuTime", |vm| (vm.steps / 20_000) as i64),
    limit!("HeapSize", |vm| vm.alive() as i64),
    limit!("Callouts", |_| 0),
    limit!("FutureCalls", |_| 0),
    limit!("QueueableJobs", |_| 0),
    limit!("EmailInvocations", |_| 0),
    limit!("AggregateQueries", |_| 0),
    most!("Queries", 100),
    most!("QueryRows", 50_000),
    most!("SoslQueries", 20),
    most!("DmlStatements", 150),
    most!("DmlRows", 10_000),
    most!("CpuTime", 10_000),
    most!("HeapSize", 6_000_000),
    most!("Callouts", 100),
    most!("FutureCalls", 50),
    most!("QueueableJobs", 50),
    most!("EmailInvocations", 10),
    most!("AggregateQueries", 300),
];
