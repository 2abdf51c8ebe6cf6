//! Campaigns, leads, and who takes part in which campaign.

use super::customers::{City, Names, Person, SOURCES, address, plain};
use super::{Dice, Sample, column, decimal, id, money, number, table};
use orglet_base::{Id, Value};

const CAMPAIGNS: &str = include_str!("../../../data/sample/campaigns.tsv");
const PROSPECTS: &str = include_str!("../../../data/sample/prospects.tsv");

/// Leads by status, in ten: four of the forty are converted.
const STATUSES: [&str; 10] = [
    "Open - Not Contacted",
    "Working - Contacted",
    "Open - Not Contacted",
    "Closed - Not Converted",
    "Working - Contacted",
    "Open - Not Contacted",
    "Closed - Converted",
    "Working - Contacted",
    "Open - Not Contacted",
    "Closed - Not Converted",
];
const LEADS: usize = 40;
const MEMBERS: usize = 60;

/// A campaign that was made, with what came of it.
pub(super) struct Campaign {
    pub(super) id: Id,
    start: i64,
    leads: i64,
    converted: i64,
    contacts: i64,
    responses: i64,
}

pub(super) fn campaigns(sample: &mut Sample) {
    let mut dice = Dice::of(6);
    let calendar = sample.calendar;
    let mut names: Vec<(&str, Id)> = Vec::new();
    for line in table(CAMPAIGNS) {
        let (start, end) = (number(column(&line, 4)), number(column(&line, 5)));
        let parent = names.iter().find(|(name, _)| *name == column(&line, 1)).map(|(_, id)| *id);
        let made = (start - dice.range(20, 60)).min(-dice.range(1, 9));
        let created = calendar.worked(made, &mut dice);
        let status = column(&line, 3);
        let modified = calendar.worked(end.min(0), &mut dice);
        let spent = match status {
            "Completed" => dice.range(80, 110),
            "In Progress" => dice.range(30, 60),
            _ => 0,
        };
        let budget = number(column(&line, 6));
        let record = sample.add("Campaign");
        record
            .stamp(created, modified)
            .set("Name", column(&line, 0))
            .set("ParentId", parent.map_or(Value::Null, Value::Id))
            .set("Type", column(&line, 2))
            .set("Status", status)
            .set("StartDate", calendar.day(start))
            .set("EndDate", calendar.day(end))
            .set("BudgetedCost", decimal(budget))
            .set("ActualCost", if spent > 0 { decimal(budget * spent / 100) } else { Value::Null })
            .set("ExpectedRevenue", decimal(number(column(&line, 7))))
            .set("ExpectedResponse", decimal(number(column(&line, 8))))
            .set("NumberSent", decimal(number(column(&line, 9))))
            .set("IsActive", status != "Completed")
            .set("Description", format!("{}, {}.", column(&line, 2), status.to_lowercase()));
        let campaign = record.id;
        for (order, (label, responded)) in [("Sent", false), ("Responded", true)].into_iter().enumerate() {
            sample
                .add("CampaignMemberStatus")
                .stamp(created, created)
                .set("CampaignId", campaign)
                .set("Label", label)
                .set("SortOrder", Value::Int(order as i64 + 1))
                .set("IsDefault", !responded)
                .set("HasResponded", responded);
        }
        names.push((column(&line, 0), campaign));
        sample.campaigns.push(Campaign { id: campaign, start, leads: 0, converted: 0, contacts: 0, responses: 0 });
    }
}

pub(super) fn leads(sample: &mut Sample) {
    let mut dice = Dice::of(7);
    let calendar = sample.calendar;
    let (cities, names) = (City::all(), Names::read());
    let prospects: Vec<_> = table(PROSPECTS).collect();
    // What converted leads became: deals that were won, with their contacts.
    let won: Vec<usize> = (0..sample.opportunities.len())
        .filter(|i| sample.opportunities[*i].won && sample.opportunities[*i].contact.is_some())
        .step_by(3)
        .collect();
    let mut won = won.into_iter();
    for at in 0..LEADS {
        let status = STATUSES[at % STATUSES.len()];
        let company = &prospects[at % prospects.len()];
        let city = dice.pick(&cities);
        let (first, last, woman) = names.of(sample.people.len() + at);
        let mut lead = Person {
            id: id("Lead", at),
            first,
            last,
            salutation: if woman { "Ms." } else { "Mr." },
            title: dice.pick(&["Owner", "Plant Manager", "Buyer", "Head of Engineering"]),
            email: format!("{}@{}.example", plain(last), plain(column(company, 0))),
            phone: city.phone(&mut dice),
            mobile: String::new(),
            company: column(company, 0),
            account: None,
            city,
            street: city.street(&mut dice),
            source: dice.pick(SOURCES),
            age: dice.range(0, 150),
        };
        let became = if status == "Closed - Converted" { won.next().map(|i| &sample.opportunities[i]) } else { None };
        let mut industry = column(company, 1);
        let mut links = None;
        if let Some((deal, contact)) = became.and_then(|deal| Some((deal, &sample.people[deal.contact?]))) {
            lead = Person { id: lead.id, account: None, age: deal.age + 5, ..contact.clone() };
            industry = "";
            links = Some((sample.accounts[deal.account].id, contact.id, deal.id, -deal.age));
        }
        let created = calendar.worked(-lead.age, &mut dice);
        let modified = calendar.worked(links.map_or(-dice.range(0, lead.age), |(_, _, _, day)| day), &mut dice);
        let record = sample.add("Lead");
        record
            .stamp(created, modified)
            .set("FirstName", lead.first)
            .set("LastName", lead.last)
            .set("Salutation", lead.salutation)
            .set("Company", lead.company)
            .set("Title", lead.title)
            .set("Email", lead.email.as_str())
            .set("Phone", lead.phone.as_str())
            .set("Website", lead.email.split_once('@').map_or(String::new(), |(_, host)| format!("https://www.{host}")))
            .set("Industry", industry)
            .set("Rating", dice.pick(&["Hot", "Warm", "Cold"]))
            .set("LeadSource", lead.source)
            .set("Status", status)
            .set("AnnualRevenue", decimal(dice.range(2, 80) * 500_000))
            .set("NumberOfEmployees", Value::Int(dice.range(5, 900)))
            .set("IsUnreadByOwner", status.starts_with("Open") && dice.chance(50));
        // The fields of a lead's address have no prefix.
        address!(record, "", lead.street, lead.city);
        if let Some((account, contact, opportunity, day)) = links {
            record
                .set("IsConverted", true)
                .set("ConvertedDate", calendar.day(day))
                .set("ConvertedAccountId", account)
                .set("ConvertedContactId", contact)
                .set("ConvertedOpportunityId", opportunity);
        }
        sample.leads.push(lead);
    }
}

/// Sixty members: three contacts to two leads. Campaigns that are only planned have none.
pub(super) fn members(sample: &mut Sample) {
    let mut dice = Dice::of(8);
    let calendar = sample.calendar;
    let started: Vec<usize> = (0..sample.campaigns.len()).filter(|i| sample.campaigns[*i].start <= 0).collect();
    let (people, leads) = (sample.people.len(), sample.leads.len());
    for at in 0..MEMBERS {
        let place = started[at % started.len()];
        let (campaign, start) = (sample.campaigns[place].id, sample.campaigns[place].start);
        let is_lead = at % 5 >= 3;
        // The steps have no factor in common with the counts: contacts come once, leads again in another campaign.
        let person = if is_lead { &sample.leads[at * 7 % leads] } else { &sample.people[at * 11 % people] };
        let (person, converted) = (person.clone(), is_lead && STATUSES[(at * 7 % leads) % STATUSES.len()] == "Closed - Converted");
        let responded = dice.chance(45);
        let first = start.max(-person.age);
        let created = calendar.worked(first, &mut dice);
        let answered = dice.range(first, 0).min(first + 12);
        let modified = if responded { calendar.worked(answered, &mut dice) } else { created };
        let status = if responded { "Responded" } else { "Sent" };
        let record = sample.add("CampaignMember");
        record
            .stamp(created, modified)
            .set("CampaignId", campaign)
            .set(if is_lead { "LeadId" } else { "ContactId" }, person.id)
            .set("LeadOrContactId", person.id)
            .set("Type", if is_lead { "Lead" } else { "Contact" })
            .set("Status", status)
            .set("HasResponded", responded)
            .set("FirstRespondedDate", if responded { calendar.day(answered) } else { Value::Null })
            .set("Salutation", person.salutation)
            .set("FirstName", person.first)
            .set("LastName", person.last)
            .set("Name", person.name())
            .set("Title", person.title)
            .set("CompanyOrAccount", person.company)
            .set("Email", person.email.as_str())
            .set("Phone", person.phone.as_str())
            .set("MobilePhone", person.mobile.as_str())
            .set("LeadSource", person.source);
        address!(record, "", person.street, person.city);
        let admin = sample.admin;
        sample.rows("CampaignMember")[at].set("LeadOrContactOwnerId", admin);
        let campaign = &mut sample.campaigns[place];
        campaign.responses += i64::from(responded);
        campaign.leads += i64::from(is_lead);
        campaign.converted += i64::from(converted);
        campaign.contacts += i64::from(!is_lead);
    }
}

/// What came of the campaigns, as the platform counts it.
pub(super) fn results(sample: &mut Sample) {
    for place in 0..sample.campaigns.len() {
        let of_it: Vec<_> = sample.opportunities.iter().filter(|o| o.campaign == Some(place)).collect();
        let sum = |won: bool| of_it.iter().filter(|o| o.won || !won).filter_map(|o| o.amount).sum::<i64>();
        let (all, won) = (of_it.len(), of_it.iter().filter(|o| o.won).count());
        let (amount, amount_won) = (sum(false), sum(true));
        let Campaign { leads, converted, contacts, responses, .. } = sample.campaigns[place];
        sample.rows("Campaign")[place]
            .set("NumberOfLeads", Value::Int(leads))
            .set("NumberOfConvertedLeads", Value::Int(converted))
            .set("NumberOfContacts", Value::Int(contacts))
            .set("NumberOfResponses", Value::Int(responses))
            .set("NumberOfOpportunities", Value::Int(all as i64))
            .set("NumberOfWonOpportunities", Value::Int(won as i64))
            .set("AmountAllOpportunities", money(amount))
            .set("AmountWonOpportunities", money(amount_won));
    }
}
