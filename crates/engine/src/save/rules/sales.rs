//! Opportunities.

use super::{Stage, derive, fact};
use crate::Failure;
use crate::record::Row;
use orglet_base::Value;
use orglet_schema::Object;
use rust_decimal::Decimal;

/// Stage, amount and close date of an opportunity, and what follows from them.
pub(super) fn opportunity(it: &Stage<'_>, row: &mut Row) -> Result<(), Failure> {
    let object = it.object;
    let with_products = *it.was("HasOpportunityLineItem") == Value::Bool(true);
    if with_products {
        // With products amount and quantity are theirs; one that is given is passed over.
        for theirs in ["Amount", "TotalOpportunityQuantity"] {
            row.set(object, theirs, it.was(theirs).clone());
        }
    }
    if it.old.is_some() && it.differs(row, "StageName") {
        row.set(object, "LastStageChangeDate", Value::DateTime(it.now));
    }
    follow(object, row, it.old.is_none() || it.set("StageName"), it.set("Probability"))
}

/// Stage drives probability (unless one is given), forecast category, closed and won; amount and probability the
/// expected revenue; the close date the fiscal period.
pub(super) fn follow(object: &Object, row: &mut Row, stage_set: bool, probability_set: bool) -> Result<(), Failure> {
    let stage = row.get(object, "StageName").clone();
    let of_stage = |name: &str| fact(object, "StageName", &stage, name).map(str::to_owned);
    if stage_set {
        if !probability_set && let Some(p) = of_stage("probability").and_then(|p| p.parse::<Decimal>().ok()) {
            row.set(object, "Probability", Value::Decimal(p));
        }
        let category = of_stage("forecastCategory").unwrap_or_else(|| "Pipeline".into());
        let name = of_stage("forecastCategoryName").unwrap_or_else(|| forecast_category_name(&category).to_owned());
        row.set(object, "ForecastCategory", category);
        row.set(object, "ForecastCategoryName", name);
        row.set(object, "IsClosed", of_stage("closed").is_some_and(|f| f == "true"));
        row.set(object, "IsWon", of_stage("won").is_some_and(|f| f == "true"));
    }
    match (row.get(object, "Amount"), row.get(object, "Probability")) {
        (Value::Decimal(amount), Value::Decimal(probability)) => {
            let expected = amount.checked_mul(*probability).map(|x| x / Decimal::from(100));
            derive(object, row, "ExpectedRevenue", expected)?;
        }
        _ => row.set(object, "ExpectedRevenue", Value::Null),
    }
    if let Value::Date(close) = row.get(object, "CloseDate") {
        let (year, quarter) = (close.year(), (close.month() - 1) / 3 + 1);
        row.set(object, "FiscalYear", Value::Int(i64::from(year)));
        row.set(object, "FiscalQuarter", Value::Int(i64::from(quarter)));
        row.set(object, "Fiscal", format!("{year} {quarter}"));
    }
    Ok(())
}

fn forecast_category_name(category: &str) -> &str {
    match category {
        "BestCase" => "Best Case",
        "MostLikely" => "Most Likely",
        "Forecast" => "Commit",
        other => other,
    }
}
