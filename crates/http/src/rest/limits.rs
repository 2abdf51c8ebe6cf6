//! Limits and record counts.

use super::Rest;
use crate::codec::{Doc, XmlOrder};
use crate::{Reply, compat};
use orglet_engine::Failure;
use orglet_engine::events;

/// An allocation that nothing here uses up.
struct Unused {
    name: &'static str,
    max: i64,
    /// The first version that shows it, and the last.
    since: u16,
    until: u16,
}

const fn unused(name: &'static str, max: i64) -> Unused {
    Unused { name, max, since: 0, until: u16::MAX }
}

impl Unused {
    const fn since(self, since: u16) -> Self {
        Self { since, ..self }
    }

    const fn until(self, until: u16) -> Self {
        Self { until, ..self }
    }
}

/// The documented allocations that nothing here uses up, with the maxima of a Developer Edition: as recorded from one, and
/// where the recording is older than the allocation as the documentation shows them.
const UNUSED: &[Unused] = &[
    unused("ActiveScratchOrgs", 3),
    unused("AnalyticsExternalDataSizeMB", 40_960),
    unused("ConcurrentAsyncGetReportInstances", 200),
    unused("ConcurrentEinsteinDataInsightsStoryCreation", 5),
    unused("ConcurrentEinsteinDiscoveryStoryCreation", 2),
    unused("ConcurrentSyncReportRuns", 20),
    unused("DailyAnalyticsDataflowJobExecutions", 60),
    unused("DailyAnalyticsUploadedFilesSizeMB", 51_200),
    unused("DailyAsyncApexExecutions", 250_000),
    unused("DailyAsyncApexTests", 500).since(56),
    unused("DailyBulkApiBatches", 15_000).since(49),
    unused("DailyBulkApiRequests", 15_000).until(48),
    unused("DailyBulkV2QueryFileStorageMB", 976_562).since(47),
    unused("DailyBulkV2QueryJobs", 10_000).since(47),
    unused("DailyDeliveredPlatformEvents", 10_000),
    unused("DailyDurableGenericStreamingApiEvents", 10_000).since(37),
    unused("DailyDurableStreamingApiEvents", 10_000).since(37),
    unused("DailyEinsteinDataInsightsStoryCreation", 1000),
    unused("DailyEinsteinDiscoveryPredictAPICalls", 50_000),
    unused("DailyEinsteinDiscoveryPredictionsByCDC", 500_000),
    unused("DailyEinsteinDiscoveryStoryCreation", 100),
    unused("DailyFunctionsApiCallLimit", 50_000).since(53),
    unused("DailyGenericStreamingApiEvents", 10_000),
    unused("DailyScratchOrgs", 6),
    unused("DailyStandardVolumePlatformEvents", 10_000),
    unused("DailyStreamingApiEvents", 10_000),
    unused("DailyWorkflowEmails", 390),
    unused("DurableStreamingApiConcurrentClients", 20),
    unused("HourlyAsyncReportRuns", 1200),
    unused("HourlyDashboardRefreshes", 200),
    unused("HourlyDashboardResults", 5000),
    unused("HourlyDashboardStatuses", 999_999_999),
    unused("HourlyLongTermIdMapping", 100_000),
    unused("HourlyManagedContentPublicRequests", 50_000),
    unused("HourlyODataCallout", 1000),
    unused("HourlyPublishedStandardVolumePlatformEvents", 1000),
    unused("HourlyShortTermIdMapping", 100_000),
    unused("HourlySyncReportRuns", 500),
    unused("HourlyTimeBasedWorkflow", 50),
    unused("MassEmail", 10),
    unused("MonthlyEinsteinDiscoveryStoryCreation", 500),
    unused("MonthlyPlatformEvents", 0).until(47),
    unused("MonthlyPlatformEventsUsageEntitlement", 0).since(48),
    unused("Package2VersionCreates", 6),
    unused("Package2VersionCreatesWithoutValidation", 500),
    unused("PlatformEventTriggersWithParallelProcessing", 5),
    unused("PrivateConnectOutboundCalloutHourlyLimitMB", 0),
    unused("SingleEmail", 15),
    unused("StreamingApiConcurrentClients", 20),
];

/// `GET /limits`: what is counted here as it stands, the rest untouched.
pub(super) fn limits(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let entry = |max: i64, left: i64| Doc::obj([("Max", max.into()), ("Remaining", left.into())]);
    let served = UNUSED.iter().filter(|line| (line.since..=line.until).contains(&cx.version.0));
    let mut all: Vec<(&'static str, Doc)> = served.map(|line| (line.name, entry(line.max, line.max))).collect();
    let org = &cx.identity.org;
    let (used, max) = (cx.server.engine.requests_today(org)?, org.allowed_requests());
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let published = events::HOURLY - events::published_this_hour(org)?;
    all.push(("HourlyPublishedPlatformEvents", entry(events::HOURLY, published.max(0))));
    all.push(("DailyApiRequests", entry(number(max), number(max.saturating_sub(used)))));
    let (data, files) = org.storage_figures()?;
    all.push(("DataStorageMB", entry(data.max, data.remaining())));
    all.push(("FileStorageMB", entry(files.max, files.remaining())));
    if compat::limits_permission_sets(cx.version) {
        all.push(("PermissionSets", Doc::obj([("Max", 1500.into()), ("Remaining", 1500.into()), ("CreateCustom", entry(1000, 1000))])));
    }
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
