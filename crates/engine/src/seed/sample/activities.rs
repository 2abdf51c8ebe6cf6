//! Tasks, events and notes, and when something was last done for whom.

use super::{Dice, Sample};
use orglet_base::{Date, Id, Value};
use std::collections::HashMap;

const TASKS: usize = 80;
const EVENTS: usize = 40;
const STATUSES: [&str; 8] =
    ["Completed", "Not Started", "Completed", "In Progress", "Completed", "Not Started", "Waiting on someone else", "Deferred"];
const SUBJECTS: [(&str, &str); 5] =
    [("Call", "Call"), ("Email", "Email"), ("Send Letter", "Task"), ("Send Quote", "Task"), ("Other", "Task")];
const MEETINGS: [&str; 4] = ["Meeting", "Call", "Meeting", "Other"];
const NOTES: &[(&str, &str)] = &[
    ("Prefers mornings", "Calls before ten are answered, later ones are not."),
    ("Gate code", "Ask at the east gate for a visitor's pass."),
    ("Budget", "The budget is decided on in November.\nThe board meets once a month."),
    ("Competitor on site", "Two pumps of another maker run in hall 3."),
    ("Spare parts", "Keeps its own store of seals."),
];

/// Whom and what an activity is about.
struct About {
    who: Option<Id>,
    what: Option<Id>,
    account: Option<Id>,
    /// Days since all of them have been there.
    age: i64,
}

/// By turns an opportunity, a case, an account and a lead. A lead stands alone: the platform wants it so.
fn about(sample: &Sample, at: usize) -> About {
    let turn = at / 4;
    let account = |place: usize| Some(sample.accounts[place].id);
    match at % 4 {
        0 => {
            let deal = &sample.opportunities[(turn * 7 + 3) % sample.opportunities.len()];
            let who = deal.contact.map(|c| sample.people[c].id);
            About { who, what: Some(deal.id), account: account(deal.account), age: deal.age }
        }
        1 => {
            let case = &sample.cases[turn * 11 % sample.cases.len()];
            About { who: Some(sample.people[case.contact].id), what: Some(case.id), account: account(case.account), age: case.age }
        }
        2 => {
            let person = &sample.people[turn * 13 % sample.people.len()];
            let account = person.account.and_then(account);
            About { who: Some(person.id), what: account, account, age: person.age }
        }
        _ => {
            let lead = &sample.leads[turn * 3 % sample.leads.len()];
            About { who: Some(lead.id), what: None, account: None, age: lead.age }
        }
    }
}

fn id(id: Option<Id>) -> Value {
    id.map_or(Value::Null, Value::Id)
}

pub(super) fn tasks(sample: &mut Sample) {
    let mut dice = Dice::of(12);
    let calendar = sample.calendar;
    for at in 0..TASKS {
        let About { who, what, account, age } = about(sample, at);
        let status = STATUSES[(at + at / 8) % STATUSES.len()];
        let done = status == "Completed";
        let (subject, subtype) = dice.pick(&SUBJECTS);
        let made = dice.range(0, age.min(60));
        let due = if done { -dice.range(0, made) } else { dice.range(-4.min(made), 30) };
        let created = calendar.worked(-made, &mut dice);
        let ended = calendar.worked(due.min(0), &mut dice).max(created);
        let record = sample.add("Task");
        record
            .stamp(created, if done { ended } else { created })
            .set("Subject", subject)
            .set("TaskSubtype", subtype)
            .set("WhoId", id(who))
            .set("WhatId", id(what))
            .set("AccountId", id(account))
            .set("Status", status)
            .set("Priority", dice.pick(&["Normal", "Normal", "High", "Low"]))
            .set("ActivityDate", calendar.day(due));
        if done {
            record.set("CompletedDateTime", Value::DateTime(ended)).set("Description", "Done as agreed.");
            if subtype == "Call" {
                record.set("CallType", "Outbound").set("CallDurationInSeconds", Value::Int(dice.range(40, 1500)));
                record.set("CallDisposition", "Reached");
            }
        } else if dice.chance(30) {
            record.set("IsReminderSet", true).set("ReminderDateTime", Value::DateTime(calendar.at(due, 8 * 60)));
        }
    }
}

pub(super) fn events(sample: &mut Sample) {
    let mut dice = Dice::of(13);
    let calendar = sample.calendar;
    for at in 0..EVENTS {
        let About { who, what, account, age } = about(sample, at + TASKS);
        let all_day = at % 10 == 9;
        let day = if at % 2 == 0 { dice.range(0, 45) } else { -dice.range(0, age.min(120)) };
        let (start, minutes) = if all_day { (0, 1440) } else { (dice.range(16, 32) * 30, dice.pick(&[30, 60, 90])) };
        let created = calendar.worked((day - dice.range(1, 20)).clamp(-age, 0), &mut dice);
        let begins = Value::DateTime(calendar.at(day, start));
        // An all-day event ends, on this platform, on the day on which it begins.
        let ends = calendar.at(day, if all_day { 0 } else { start + minutes });
        let record = sample.add("Event");
        record
            .stamp(created, created)
            .set("Subject", MEETINGS[at % MEETINGS.len()])
            .set("WhoId", id(who))
            .set("WhatId", id(what))
            .set("AccountId", id(account))
            .set("IsAllDayEvent", all_day)
            .set("ActivityDate", calendar.day(day))
            .set("ActivityDateTime", begins.clone())
            .set("StartDateTime", begins)
            .set("EndDateTime", Value::DateTime(ends))
            .set("EndDate", Value::Date(ends.split().0))
            .set("DurationInMinutes", Value::Int(minutes))
            .set("Location", dice.pick(&["At the customer's", "Headquarters", "By video", ""]))
            .set("ShowAs", if all_day { "OutOfOffice" } else { "Busy" });
    }
}

pub(super) fn notes(sample: &mut Sample) {
    let mut dice = Dice::of(14);
    let calendar = sample.calendar;
    for at in 0..10 {
        let (title, body) = NOTES[at % NOTES.len()];
        let account = &sample.accounts[at * 3 % sample.accounts.len()];
        let deal = &sample.opportunities[at * 9 % sample.opportunities.len()];
        let (parent, age) = if at % 2 == 0 { (account.id, account.age) } else { (deal.id, deal.age) };
        let moment = calendar.worked(-dice.range(0, age), &mut dice);
        let note = sample.add("Note");
        note.stamp(moment, moment).set("ParentId", parent).set("Title", title).set("Body", body).set("IsPrivate", false);
    }
}

/// The latest day of a task that is done or an event that is over, for each record that it is about.
pub(super) fn last(sample: &mut Sample) {
    let today = sample.calendar.date(0);
    let mut latest: HashMap<Id, Date> = HashMap::new();
    for object in ["Task", "Event"] {
        for record in sample.rows(object).iter() {
            let field = |name: &str| record.fields.iter().find(|(n, _)| *n == name).map(|(_, v)| v);
            let Some(Value::Date(day)) = field("ActivityDate") else { continue };
            let counts = if object == "Task" { field("CompletedDateTime").is_some() } else { *day <= today };
            for of in ["WhoId", "WhatId", "AccountId"].iter().filter(|_| counts).filter_map(|name| field(name)?.as_id()) {
                let known = latest.entry(of).or_insert(*day);
                *known = (*known).max(*day);
            }
        }
    }
    for object in ["Account", "Contact", "Lead", "Opportunity"] {
        for record in sample.rows(object) {
            if let Some(day) = latest.get(&record.id) {
                record.set("LastActivityDate", Value::Date(*day));
            }
        }
    }
}
