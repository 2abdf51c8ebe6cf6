//! Limits and record counts.

use super::Rest;
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use orglet_engine::{Failure, limits as engine};

/// Allocations of a Developer Edition that nothing here uses up: name and maximum.
const UNUSED: &[(&str, i64)] = &[
    ("ActiveScratchOrgs", 3),
    ("AnalyticsExternalDataSizeMB", 40_960),
    ("ConcurrentAsyncGetReportInstances", 200),
    ("ConcurrentSyncReportRuns", 20),
    ("DailyAnalyticsDataflowJobExecutions", 60),
    ("DailyAsyncApexExecutions", 250_000),
    ("DailyAsyncApexTests", 500),
    ("DailyBulkApiBatches", 15_000),
    ("DailyBulkV2QueryFileStorageMB", 976_562),
    ("DailyBulkV2QueryJobs", 10_000),
    ("DailyDurableGenericStreamingApiEvents", 10_000),
    ("DailyDurableStreamingApiEvents", 10_000),
    ("DailyGenericStreamingApiEvents", 10_000),
    ("DailyScratchOrgs", 6),
    ("DailyStandardVolumePlatformEvents", 10_000),
    ("DailyStreamingApiEvents", 10_000),
    ("DailyWorkflowEmails", 390),
    ("DataStorageMB", 5),
    ("DurableStreamingApiConcurrentClients", 20),
    ("FileStorageMB", 20),
    ("HourlyAsyncReportRuns", 1200),
    ("HourlyDashboardRefreshes", 200),
    ("HourlyDashboardResults", 5000),
    ("HourlyDashboardStatuses", 999_999_999),
    ("HourlyLongTermIdMapping", 100_000),
    ("HourlyODataCallout", 1000),
    ("HourlyPublishedPlatformEvents", 50_000),
    ("HourlyPublishedStandardVolumePlatformEvents", 1000),
    ("HourlyShortTermIdMapping", 100_000),
    ("HourlySyncReportRuns", 500),
    ("HourlyTimeBasedWorkflow", 50),
    ("MassEmail", 10),
    ("MonthlyPlatformEventsUsageEntitlement", 0),
    ("Package2VersionCreates", 6),
    ("Package2VersionCreatesWithoutValidation", 500),
    ("PermissionSets", 1500),
    ("PrivateConnectOutboundCalloutHourlyLimitMB", 0),
    ("SingleEmail", 15),
    ("StreamingApiConcurrentClients", 20),
];

/// `GET /limits`: API requests as they are counted; the rest untouched.
pub(super) fn limits(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let entry = |max: i64, left: i64| Doc::obj([("Max", max.into()), ("Remaining", left.into())]);
    let mut all: Vec<(&'static str, Doc)> = UNUSED
        .iter()
        .map(|(name, max)| {
            let name = crate::compat::limit_name(name, cx.version);
            let mut doc = entry(*max, *max);
            if name == "PermissionSets" {
                doc = Doc::obj([("Max", (*max).into()), ("Remaining", (*max).into()), ("CreateCustom", entry(1000, 1000))]);
            }
            (name, doc)
        })
        .collect();
    let used = cx.server.engine.requests_today(&cx.identity.org)?;
    let max = engine::DAILY_API_REQUESTS;
    all.push(("DailyApiRequests", entry(max as i64, max.saturating_sub(used) as i64)));
    all.sort_by_key(|(name, _)| *name);
    let mut doc = Doc::Obj(Vec::new());
    for (name, value) in all {
        doc.push(name, value);
    }
    Ok(cx.doc(200, &doc, "LimitsSnapshot", XmlOrder::Sorted))
}

/// `GET /limits/recordCount`: live rows of objects, those named or all that have any; unknown names are passed over.
pub(super) fn record_count(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let counted = match cx.call.param("sObjects") {
        Some(names) => names.split(',').filter_map(|n| cx.catalog.object(n.trim()).cloned()).collect(),
        None => cx.catalog.objects().into_iter().cloned().collect::<Vec<_>>(),
    };
    let counts = orglet_engine::record::counts(&cx.identity, &counted)?;
    let list = counts.into_iter().map(|(name, n)| Doc::obj([("count", n.into()), ("name", name.into())]));
    Ok(cx.doc(200, &Doc::obj([("sObjects", Doc::list(list))]), "RecordCount", XmlOrder::Sorted))
}
