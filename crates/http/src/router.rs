//! The resources of `/services/data/vNN.0`, as a table: path, verbs, formats. COMPAT.md is made from it.

use std::sync::LazyLock;

/// The resources, each named once.
macro_rules! resources {
    ($($name:ident)*) => {
        /// A resource of the REST API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the table below says what each is")]
        pub enum Resource {
            $($name,)*
        }

        impl Resource {
            /// Every resource, in the order of their numbers.
            pub fn all() -> &'static [Resource] {
                &[$(Resource::$name,)*]
            }
        }
    };
}

resources! {
    Resources
    Limits
    RecordCount
    DescribeGlobal
    BasicInformation
    Describe
    Deleted
    Updated
    CreateAtId
    Row
    RowByKey
    Relationship
    Query
    QueryAll
    QueryMore
    UserPassword
    SelfServiceUserPassword
    RichTextImage
    SuggestedArticles
    ProductSchedules
    EventSeries
    Layouts
    NamedLayouts
    GlobalLayouts
    CompactLayouts
    PrimaryCompactLayouts
    ApprovalLayouts
    ListViews
    ListView
    ListViewDescribe
    ListViewResults
    RecentlyViewed
    RelevantItems
    Tabs
    Theme
    AppMenus
    AppMenu
    Consent
    Consents
    QuickActions
    QuickAction
    QuickActionDescribe
    QuickActionDefaults
    ObjectQuickActions
    ObjectQuickAction
    ObjectQuickActionDescribe
    ObjectQuickActionDefaults
    Process
    ProcessRules
    ProcessRule
    ProcessApprovals
    Actions
    StandardActions
    StandardAction
    CustomActions
    CustomActionKind
    CustomAction
    EventSchema
    EventSchemaById
    ChannelPush
    Search
    SearchLayouts
    SearchScope
    Suggestions
    ParameterizedSearch
    ToolingResources
    ToolingQuery
    ToolingQueryMore
    ToolingSearch
    ToolingExecuteAnonymous
    ToolingCompletions
    ToolingApexManifest
    ToolingRunTests
    ToolingTests
    ToolingDescribeGlobal
    ToolingBasicInformation
    ToolingDescribe
    ToolingRow
    ToolingBlob
    DeployRequests
    DeployRequest
    UiObjectInfo
    UiPicklists
    UiPicklist
    UiRecord
    Sites
    Site
    SiteTemplates
    SitePublication
}

/// A line of the table.
#[derive(Debug)]
pub struct Route {
    /// Path below the version; `{x}` takes one segment, `{x…}` the rest.
    pub path: &'static str,
    /// What it is.
    pub resource: Resource,
    /// Its verbs, in the order in which a 405 lists them.
    pub verbs: &'static [&'static str],
    /// The resource's name for people.
    pub name: &'static str,
}

const READ: &[&str] = &["HEAD", "GET"];

/// The table. The first line that fits a path is taken.
pub static ROUTES: &[Route] = &[
    Route { path: "", resource: Resource::Resources, verbs: READ, name: "Resources by Version" },
    Route { path: "limits", resource: Resource::Limits, verbs: READ, name: "Limits" },
    Route { path: "limits/recordCount", resource: Resource::RecordCount, verbs: READ, name: "Record Count" },
    Route { path: "sobjects", resource: Resource::DescribeGlobal, verbs: READ, name: "Describe Global" },
    Route {
        path: "sobjects/Global/describe/layouts",
        resource: Resource::GlobalLayouts,
        verbs: READ,
        name: "sObject Global Publisher Layouts",
    },
    Route { path: "sobjects/relevantItems", resource: Resource::RelevantItems, verbs: READ, name: "sObject Relevant Items" },
    Route {
        path: "sobjects/{object}",
        resource: Resource::BasicInformation,
        verbs: &["HEAD", "GET", "POST"],
        name: "sObject Basic Information",
    },
    Route { path: "sobjects/{object}/describe", resource: Resource::Describe, verbs: READ, name: "sObject Describe" },
    Route { path: "sobjects/{object}/describe/layouts", resource: Resource::Layouts, verbs: READ, name: "sObject Layouts" },
    Route { path: "sobjects/{object}/describe/layouts/{recordType}", resource: Resource::Layouts, verbs: READ, name: "sObject Layouts" },
    Route {
        path: "sobjects/{object}/describe/namedLayouts/{name}",
        resource: Resource::NamedLayouts,
        verbs: READ,
        name: "sObject Named Layouts",
    },
    Route {
        path: "sobjects/{object}/describe/compactLayouts",
        resource: Resource::CompactLayouts,
        verbs: READ,
        name: "sObject Compact Layouts",
    },
    Route {
        path: "sobjects/{object}/describe/compactLayouts/{recordType}",
        resource: Resource::CompactLayouts,
        verbs: READ,
        name: "sObject Compact Layouts",
    },
    Route {
        path: "sobjects/{object}/describe/approvalLayouts",
        resource: Resource::ApprovalLayouts,
        verbs: READ,
        name: "sObject Approval Layouts",
    },
    Route {
        path: "sobjects/{object}/describe/approvalLayouts/{process}",
        resource: Resource::ApprovalLayouts,
        verbs: READ,
        name: "sObject Approval Layouts",
    },
    Route { path: "sobjects/{object}/listviews", resource: Resource::ListViews, verbs: READ, name: "List Views" },
    Route { path: "sobjects/{object}/listviews/{id}", resource: Resource::ListView, verbs: READ, name: "List View" },
    Route {
        path: "sobjects/{object}/listviews/{id}/describe",
        resource: Resource::ListViewDescribe,
        verbs: READ,
        name: "List View Describe",
    },
    Route { path: "sobjects/{object}/listviews/{id}/results", resource: Resource::ListViewResults, verbs: READ, name: "List View Results" },
    Route { path: "metadata/deployRequest", resource: Resource::DeployRequests, verbs: &["POST"], name: "Deploy Request" },
    Route {
        path: "metadata/deployRequest/{id}",
        resource: Resource::DeployRequest,
        verbs: &["HEAD", "GET", "POST", "PATCH"],
        name: "Deploy Request by ID",
    },
    Route { path: "compactLayouts", resource: Resource::PrimaryCompactLayouts, verbs: READ, name: "Compact Layouts" },
    Route { path: "sobjects/{object}/deleted", resource: Resource::Deleted, verbs: READ, name: "sObject Get Deleted" },
    Route { path: "sobjects/{object}/updated", resource: Resource::Updated, verbs: READ, name: "sObject Get Updated" },
    Route {
        path: "sobjects/{object}/eventSchema",
        resource: Resource::EventSchema,
        verbs: READ,
        name: "Platform Event Schema by Event Name",
    },
    Route { path: "sobjects/{object}/quickActions", resource: Resource::ObjectQuickActions, verbs: READ, name: "sObject Quick Actions" },
    Route {
        path: "sobjects/{object}/quickActions/{action}",
        resource: Resource::ObjectQuickAction,
        verbs: &["HEAD", "GET", "POST"],
        name: "sObject Specific Quick Actions",
    },
    Route {
        path: "sobjects/{object}/quickActions/{action}/describe",
        resource: Resource::ObjectQuickActionDescribe,
        verbs: READ,
        name: "sObject Quick Action Details",
    },
    Route {
        path: "sobjects/{object}/quickActions/{action}/defaultValues",
        resource: Resource::ObjectQuickActionDefaults,
        verbs: READ,
        name: "sObject Quick Action Default Values",
    },
    Route {
        path: "sobjects/{object}/quickActions/{action}/defaultValues/{id}",
        resource: Resource::ObjectQuickActionDefaults,
        verbs: READ,
        name: "sObject Quick Action Default Values by ID",
    },
    Route { path: "sobjects/{object}/Id", resource: Resource::CreateAtId, verbs: &["POST"], name: "sObject Rows by External ID: create" },
    Route {
        path: "sobjects/User/{id}/password",
        resource: Resource::UserPassword,
        verbs: &["HEAD", "GET", "POST", "DELETE"],
        name: "sObject User Password",
    },
    Route {
        path: "sobjects/SelfServiceUser/{id}/password",
        resource: Resource::SelfServiceUserPassword,
        verbs: &["HEAD", "GET", "POST", "DELETE"],
        name: "sObject Self-Service User Password",
    },
    Route {
        path: "sobjects/StreamingChannel/{id}/push",
        resource: Resource::ChannelPush,
        verbs: &["HEAD", "GET", "POST"],
        name: "Streaming Channel Push",
    },
    Route {
        path: "sobjects/Case/suggestedArticles",
        resource: Resource::SuggestedArticles,
        verbs: READ,
        name: "sObjects Suggested Articles",
    },
    Route {
        path: "sobjects/Case/{id}/suggestedArticles",
        resource: Resource::SuggestedArticles,
        verbs: READ,
        name: "sObjects Suggested Articles by ID",
    },
    Route {
        path: "sobjects/WorkOrder/suggestedArticles",
        resource: Resource::SuggestedArticles,
        verbs: READ,
        name: "sObjects Suggested Articles",
    },
    Route {
        path: "sobjects/WorkOrder/{id}/suggestedArticles",
        resource: Resource::SuggestedArticles,
        verbs: READ,
        name: "sObjects Suggested Articles by ID",
    },
    Route {
        path: "sobjects/WorkOrderLineItem/suggestedArticles",
        resource: Resource::SuggestedArticles,
        verbs: READ,
        name: "sObjects Suggested Articles",
    },
    Route {
        path: "sobjects/WorkOrderLineItem/{id}/suggestedArticles",
        resource: Resource::SuggestedArticles,
        verbs: READ,
        name: "sObjects Suggested Articles by ID",
    },
    Route {
        path: "sobjects/OpportunityLineItem/{id}/OpportunityLineItemSchedules",
        resource: Resource::ProductSchedules,
        verbs: &["HEAD", "GET", "PUT", "DELETE"],
        name: "Product Schedules",
    },
    Route {
        path: "sobjects/Event/{id}/fromThisEventOnwards",
        resource: Resource::EventSeries,
        verbs: &["DELETE"],
        name: "Delete an event series",
    },
    Route {
        path: "sobjects/{object}/{id}/richTextImageFields/{field}/{reference}",
        resource: Resource::RichTextImage,
        verbs: READ,
        name: "sObject Rich Text Image Get",
    },
    Route { path: "sobjects/{object}/{id}", resource: Resource::Row, verbs: &["HEAD", "GET", "PATCH", "DELETE"], name: "sObject Rows" },
    Route {
        path: "sobjects/{object}/{field}/{value}",
        resource: Resource::RowByKey,
        verbs: &["HEAD", "GET", "PATCH", "DELETE"],
        name: "sObject Rows by External ID; sObject Relationships; sObject Blob Get",
    },
    Route {
        path: "sobjects/{object}/{id}/{relations…}",
        resource: Resource::Relationship,
        verbs: &["HEAD", "GET", "PATCH", "DELETE"],
        name: "sObject Relationships",
    },
    Route { path: "query", resource: Resource::Query, verbs: READ, name: "Query" },
    Route { path: "query/{locator}", resource: Resource::QueryMore, verbs: READ, name: "Query More Results" },
    Route { path: "queryAll", resource: Resource::QueryAll, verbs: READ, name: "QueryAll" },
    Route { path: "queryAll/{locator}", resource: Resource::QueryMore, verbs: READ, name: "QueryAll More Results" },
    Route { path: "recent", resource: Resource::RecentlyViewed, verbs: READ, name: "Recently Viewed Items" },
    Route { path: "tabs", resource: Resource::Tabs, verbs: READ, name: "Tabs" },
    Route { path: "theme", resource: Resource::Theme, verbs: READ, name: "Themes" },
    Route { path: "appMenu", resource: Resource::AppMenus, verbs: READ, name: "AppMenu" },
    Route { path: "appMenu/{menu}", resource: Resource::AppMenu, verbs: READ, name: "AppMenu Items" },
    Route { path: "consent/action/{action}", resource: Resource::Consent, verbs: &["HEAD", "GET", "PATCH"], name: "Consent" },
    Route { path: "consent/multiaction", resource: Resource::Consents, verbs: READ, name: "Consent: several actions" },
    Route { path: "quickActions", resource: Resource::QuickActions, verbs: READ, name: "Quick Actions" },
    Route { path: "quickActions/{action}", resource: Resource::QuickAction, verbs: &["HEAD", "GET", "POST"], name: "Quick Action" },
    Route { path: "quickActions/{action}/describe", resource: Resource::QuickActionDescribe, verbs: READ, name: "Quick Action Details" },
    Route {
        path: "quickActions/{action}/defaultValues",
        resource: Resource::QuickActionDefaults,
        verbs: READ,
        name: "Quick Action Default Values",
    },
    Route {
        path: "quickActions/{action}/defaultValues/{id}",
        resource: Resource::QuickActionDefaults,
        verbs: READ,
        name: "Quick Action Default Values by ID",
    },
    Route {
        path: "event/eventSchema/{schema}",
        resource: Resource::EventSchemaById,
        verbs: READ,
        name: "Platform Event Schema by Schema ID",
    },
    Route { path: "process", resource: Resource::Process, verbs: READ, name: "Process" },
    Route { path: "process/rules", resource: Resource::ProcessRules, verbs: &["HEAD", "GET", "POST"], name: "Process Rules" },
    Route {
        path: "process/rules/{object}",
        resource: Resource::ProcessRules,
        verbs: &["HEAD", "GET", "POST"],
        name: "Process Rule List for an sObject",
    },
    Route {
        path: "process/rules/{object}/{rule}",
        resource: Resource::ProcessRule,
        verbs: &["HEAD", "GET", "POST"],
        name: "Process Rule for an sObject",
    },
    Route { path: "process/approvals", resource: Resource::ProcessApprovals, verbs: &["HEAD", "GET", "POST"], name: "Process Approvals" },
    Route { path: "actions", resource: Resource::Actions, verbs: READ, name: "Invocable Actions" },
    Route { path: "actions/standard", resource: Resource::StandardActions, verbs: READ, name: "Invocable Actions Standard" },
    Route {
        path: "actions/standard/{action}",
        resource: Resource::StandardAction,
        verbs: &["HEAD", "GET", "POST"],
        name: "Standard Invocable Action",
    },
    Route { path: "actions/custom", resource: Resource::CustomActions, verbs: READ, name: "Invocable Actions Custom" },
    Route { path: "actions/custom/{kind}", resource: Resource::CustomActionKind, verbs: READ, name: "Custom Invocable Actions of a kind" },
    Route {
        path: "actions/custom/{kind}/{action}",
        resource: Resource::CustomAction,
        verbs: &["HEAD", "GET", "POST"],
        name: "Custom Invocable Action",
    },
    Route { path: "search", resource: Resource::Search, verbs: READ, name: "Search (SOSL)" },
    Route { path: "search/layout", resource: Resource::SearchLayouts, verbs: READ, name: "Search Result Layouts" },
    Route { path: "searchlayout", resource: Resource::SearchLayouts, verbs: READ, name: "Search Result Layouts, another path" },
    Route { path: "search/scopeOrder", resource: Resource::SearchScope, verbs: READ, name: "Search Scope and Order" },
    Route { path: "search/suggestions", resource: Resource::Suggestions, verbs: READ, name: "Search Suggestions" },
    Route {
        path: "parameterizedSearch",
        resource: Resource::ParameterizedSearch,
        verbs: &["HEAD", "GET", "POST"],
        name: "Parameterized Search",
    },
    Route { path: "tooling", resource: Resource::ToolingResources, verbs: READ, name: "Tooling Resources" },
    Route { path: "tooling/query", resource: Resource::ToolingQuery, verbs: READ, name: "Tooling Query" },
    Route { path: "tooling/query/{locator}", resource: Resource::ToolingQueryMore, verbs: READ, name: "Tooling Query More Results" },
    Route { path: "tooling/search", resource: Resource::ToolingSearch, verbs: READ, name: "Tooling Search" },
    Route { path: "tooling/executeAnonymous", resource: Resource::ToolingExecuteAnonymous, verbs: READ, name: "Execute Anonymous" },
    Route { path: "tooling/completions", resource: Resource::ToolingCompletions, verbs: READ, name: "Completions" },
    Route { path: "tooling/apexManifest", resource: Resource::ToolingApexManifest, verbs: READ, name: "Apex Manifest" },
    Route { path: "tooling/runTestsAsynchronous", resource: Resource::ToolingRunTests, verbs: &["HEAD", "GET", "POST"], name: "Run Tests" },
    Route { path: "tooling/runTestsSynchronous", resource: Resource::ToolingRunTests, verbs: &["HEAD", "GET", "POST"], name: "Run Tests" },
    Route { path: "tooling/tests", resource: Resource::ToolingTests, verbs: READ, name: "Tests" },
    Route { path: "tooling/sobjects", resource: Resource::ToolingDescribeGlobal, verbs: READ, name: "Tooling Describe Global" },
    Route {
        path: "tooling/sobjects/{object}",
        resource: Resource::ToolingBasicInformation,
        verbs: &["HEAD", "GET", "POST"],
        name: "Tooling sObject",
    },
    Route {
        path: "tooling/sobjects/{object}/describe",
        resource: Resource::ToolingDescribe,
        verbs: READ,
        name: "Tooling sObject Describe",
    },
    Route {
        path: "tooling/sobjects/{object}/{id}",
        resource: Resource::ToolingRow,
        verbs: &["HEAD", "GET", "PATCH", "DELETE"],
        name: "Tooling sObject Rows",
    },
    Route {
        path: "tooling/sobjects/{object}/{id}/{field}",
        resource: Resource::ToolingBlob,
        verbs: READ,
        name: "Tooling sObject Blob Get",
    },
    Route { path: "ui-api/object-info/{object}", resource: Resource::UiObjectInfo, verbs: READ, name: "UI API Object Metadata" },
    Route {
        path: "ui-api/object-info/{object}/picklist-values/{recordType}",
        resource: Resource::UiPicklists,
        verbs: READ,
        name: "UI API Values of a Record Type's Picklists",
    },
    Route {
        path: "ui-api/object-info/{object}/picklist-values/{recordType}/{field}",
        resource: Resource::UiPicklist,
        verbs: READ,
        name: "UI API Values of a Picklist",
    },
    Route { path: "ui-api/records/{id}", resource: Resource::UiRecord, verbs: READ, name: "UI API Record" },
    Route { path: "connect/communities", resource: Resource::Sites, verbs: &["HEAD", "GET", "POST"], name: "Connect: Sites" },
    Route { path: "connect/communities/templates", resource: Resource::SiteTemplates, verbs: READ, name: "Connect: Templates of Sites" },
    Route { path: "connect/communities/{id}", resource: Resource::Site, verbs: READ, name: "Connect: Site" },
    Route {
        path: "connect/communities/{id}/publish",
        resource: Resource::SitePublication,
        verbs: &["POST"],
        name: "Connect: Publish a Site",
    },
];

impl Route {
    /// Whether the route takes a method.
    pub fn takes(&self, method: &str) -> bool {
        self.verbs.contains(&method)
    }

    /// The verbs as a 405 and its `Allow` header list them.
    pub fn allowed(&self) -> String {
        self.verbs.join(",")
    }
}

/// A path of the table, taken apart.
struct Pattern {
    route: &'static Route,
    /// Its parts, without the one that takes the rest.
    parts: Vec<Part>,
    /// Whether it takes the rest, which must not be empty.
    rest: bool,
}

/// A part of a path.
enum Part {
    Literal(&'static str),
    Parameter,
}

/// Segments of the longest path that has a list of its own.
const MOST_SEGMENTS: usize = 8;

/// The patterns that a path of so many segments may fit, in the order of the table; the last list is for longer ones.
static PATTERNS: LazyLock<Vec<Vec<Pattern>>> = LazyLock::new(|| {
    let pattern = |route: &'static Route| {
        let mut parts: Vec<&str> = route.path.split('/').filter(|part| !part.is_empty()).collect();
        let rest = parts.pop_if(|last| last.ends_with("…}")).is_some();
        let part = |text: &'static str| if text.starts_with('{') { Part::Parameter } else { Part::Literal(text) };
        Pattern { route, parts: parts.into_iter().map(part).collect(), rest }
    };
    let fits = |pattern: &Pattern, count: usize| if pattern.rest { count > pattern.parts.len() } else { count == pattern.parts.len() };
    (0..=MOST_SEGMENTS + 1).map(|count| ROUTES.iter().map(pattern).filter(|p| fits(p, count)).collect()).collect()
});

/// Finds the route of a path below the version, given as its segments. Answers it with the segments that its
/// parameters take.
pub fn find<'a>(segments: &[&'a str]) -> Option<(&'static Route, Vec<&'a str>)> {
    let patterns = &PATTERNS[segments.len().min(MOST_SEGMENTS + 1)];
    let found = patterns.iter().find(|pattern| pattern.fits(segments))?;
    let taken = found.parts.iter().zip(segments).filter(|(part, _)| matches!(part, Part::Parameter)).map(|(_, segment)| *segment);
    Some((found.route, taken.chain(segments[found.parts.len()..].iter().copied()).collect()))
}

impl Pattern {
    /// Whether segments fit, of which there are as many as there have to be.
    fn fits(&self, segments: &[&str]) -> bool {
        // From the end: most paths begin alike.
        self.parts.iter().zip(segments).rev().all(|(part, segment)| match part {
            Part::Literal(text) => text.eq_ignore_ascii_case(segment),
            Part::Parameter => !segment.is_empty(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_resource() {
        for (path, resource, params) in [
            ("", Resource::Resources, vec![]),
            ("sobjects/Account", Resource::BasicInformation, vec!["Account"]),
            ("sobjects/Account/describe", Resource::Describe, vec!["Account"]),
            ("sobjects/Account/001", Resource::Row, vec!["Account", "001"]),
            ("sobjects/Account/Ext__c/a b", Resource::RowByKey, vec!["Account", "Ext__c", "a b"]),
            ("sobjects/user/005/password", Resource::UserPassword, vec!["005"]),
            ("sobjects/Lead/00Q/richTextImageFields/Bio__c/0EM", Resource::RichTextImage, vec!["Lead", "00Q", "Bio__c", "0EM"]),
            ("sobjects/Contact/003/Account/Owner", Resource::Relationship, vec!["Contact", "003", "Account", "Owner"]),
            ("queryAll/01g-2000", Resource::QueryMore, vec!["01g-2000"]),
        ] {
            let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
            let (route, taken) = find(&segments).unwrap();
            assert_eq!((route.resource, taken), (resource, params), "{path}");
        }
        assert!(find(&["nothing"]).is_none());
    }
}
