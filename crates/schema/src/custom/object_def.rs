//! The definition of a custom object, as an org stores it.

use super::part::KINDS;
use super::reader::Members;
use super::{DefError, FieldDef, FieldKindDef, MetaNode, name, validate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What kind of name an object's records have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum NameFieldKind {
    /// Text of at most 80 characters that users write.
    Text,
    /// A counter that the platform writes.
    #[serde(rename_all = "camelCase")]
    AutoNumber {
        /// Display format such as `A-{0000}`.
        display_format: String,
        /// First number given.
        starting_number: u64,
    },
}

/// The `Name` field of a custom object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NameFieldDef {
    /// The field's label.
    pub label: String,
    /// Text or auto-number.
    #[serde(flatten)]
    pub kind: NameFieldKind,
    /// Whether changes are recorded.
    #[serde(default)]
    pub track_history: bool,
}

/// What makes an object a platform event. Members are named and meant as in the `CustomObject` metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDef {
    /// `HighVolume`: orgs take no new events of standard volume, and make one of high volume of what asks for it
    /// (apex-enterprise-patterns/at4dx issue 27).
    pub event_type: String,
    /// `PublishImmediately` or `PublishAfterCommit`.
    pub publish_behavior: String,
}

/// The definition of a custom object or of a platform event. Members are named and meant as in the `CustomObject` metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct ObjectDef {
    /// API name (`X__c`, `X__e`).
    pub full_name: String,
    pub label: String,
    pub plural_label: String,
    /// A platform event has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_field: Option<NameFieldDef>,
    /// `ReadWrite` where the metadata names none; empty for a platform event.
    #[serde(default)]
    pub sharing_model: String,
    /// What only platform events have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventDef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_sharing_model: Option<String>,
    /// `Deployed` or `InDevelopment`.
    pub deployment_status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default)]
    pub enable_activities: bool,
    #[serde(default)]
    pub enable_bulk_api: bool,
    #[serde(default)]
    pub enable_feeds: bool,
    #[serde(default)]
    pub enable_history: bool,
    #[serde(default)]
    pub enable_reports: bool,
    #[serde(default)]
    pub enable_search: bool,
    #[serde(default)]
    pub enable_sharing: bool,
    #[serde(default)]
    pub enable_streaming_api: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_with: Option<String>,
    /// Members without an effect on data, as written, to be read back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
    /// Custom fields, in order of creation.
    #[serde(default)]
    pub fields: Vec<FieldDef>,
}

const TYPED: &[&str] = &[
    "fullName",
    "label",
    "pluralLabel",
    "nameField",
    "sharingModel",
    "externalSharingModel",
    "deploymentStatus",
    "description",
    "enableActivities",
    "enableBulkApi",
    "enableFeeds",
    "enableHistory",
    "enableReports",
    "enableSearch",
    "enableSharing",
    "enableStreamingApi",
    "gender",
    "startsWith",
    "fields",
];
/// Members without an effect on data or its description.
const NOTES: &[&str] = &[
    "allowInChatterGroups",
    "compactLayoutAssignment",
    "customHelp",
    "customHelpPage",
    "dataStewardGroup",
    "dataStewardUser",
    "enableDataTranslation",
    "enableEnhancedLookup",
    "enableLicensing",
    "recordTypeTrackFeedHistory",
    "recordTypeTrackHistory",
    "visibility",
    "articleTypeChannelDisplay",
];
/// Pages, buttons and the like: they belong to the user interface, which this org does not have.
const INTERFACE: &[&str] = &["actionOverrides", "profileSearchLayouts", "searchLayouts"];
/// Members that ask for what is not built; false, null and an empty list ask for nothing.
const DEMANDS: &[&str] = &[
    "customSettingsType",
    "customSettingsVisibility",
    "deprecated",
    "enableChangeDataCapture",
    "enableDivisions",
    "eventType",
    "externalDataSource",
    "externalName",
    "externalRepository",
    "historyRetentionPolicy",
    "household",
    "isInterface",
    "protected",
    "publishBehavior",
    "sharingRecalculations",
    "associationEventSource",
    "urls",
];

/// Parts of an object that have files of their own in a project and are not built, with what to call them.
pub(super) const UNBUILT_PARTS: &[(&str, &str)] = &[
    ("compactLayouts", "compact layout"),
    ("fieldSets", "field set"),
    ("indexes", "index"),
    ("sharingReasons", "sharing reason"),
    ("webLinks", "web link"),
];

impl ObjectDef {
    /// Reads and checks the metadata of a custom object with the fields inside it.
    pub fn from_meta(full_name: &str, node: &MetaNode) -> Result<ObjectDef, DefError> {
        Self::read(full_name, node).map_err(|e| e.at(node).about(full_name))
    }

    fn read(full_name: &str, node: &MetaNode) -> Result<ObjectDef, DefError> {
        let m = Members::new(node, "CustomObject");
        let built = KINDS.iter().filter_map(|kind| kind.member);
        let parts: Vec<&str> = UNBUILT_PARTS.iter().map(|(member, _)| *member).chain(built).collect();
        m.only(&[TYPED, NOTES, INTERFACE, DEMANDS, &parts])?;
        let no_suffix = "Invalid fullName, must end in a custom suffix (e.g. __c)";
        name::check(full_name, name::OBJECTS, "Object Name", node.is_file(), no_suffix)?;
        let event = if name::is_event(full_name) { Some(event(&m)?) } else { None };
        if event.is_none() {
            refuse_unbuilt(&m)?;
        }
        let label = required_text(&m, "label", 40, "Must specify a non-empty label for the CustomObject")?;
        let plural_label = required_text(&m, "pluralLabel", 40, "Must specify a non-empty pluralLabel for the CustomObject")?;
        let (name_field, usual) = match event {
            None => (Some(name_field(&m)?), "ReadWrite"),
            Some(_) => (None, ""),
        };
        let mut notes = BTreeMap::new();
        for member in NOTES {
            if let Some(text) = m.text(member)? {
                notes.insert((*member).to_owned(), text);
            }
        }
        let flag = |member: &str| m.flag(member).map(|f| f.unwrap_or(false));
        let mut def = ObjectDef {
            full_name: full_name.to_owned(),
            label,
            plural_label,
            name_field,
            sharing_model: m.choice("sharingModel", "SharingModel", sharing)?.unwrap_or_else(|| usual.to_owned()),
            event,
            external_sharing_model: m.choice("externalSharingModel", "SharingModel", sharing)?,
            deployment_status: m
                .choice("deploymentStatus", "DeploymentStatus", |w| matches!(w, "Deployed" | "InDevelopment").then(|| w.to_owned()))?
                .unwrap_or_else(|| "Deployed".to_owned()),
            description: m.text("description")?,
            enable_activities: flag("enableActivities")?,
            enable_bulk_api: flag("enableBulkApi")?,
            enable_feeds: flag("enableFeeds")?,
            enable_history: flag("enableHistory")?,
            enable_reports: flag("enableReports")?,
            enable_search: flag("enableSearch")?,
            enable_sharing: flag("enableSharing")?,
            enable_streaming_api: flag("enableStreamingApi")?,
            gender: m.word("gender")?,
            starts_with: m.word("startsWith")?,
            notes,
            fields: Vec::new(),
        };
        for field in node.all("fields") {
            let own = field.child_text("fullName").unwrap_or_default().trim();
            def.fields.push(FieldDef::from_meta(full_name, own, field)?);
        }
        Ok(def)
    }

    /// Whether the object is the detail of a master.
    pub fn is_detail(&self) -> bool {
        self.fields.iter().any(|f| f.kind == FieldKindDef::MasterDetail)
    }
}

/// What a platform event takes beside its fields.
const EVENT_MEMBERS: &[&str] = &[
    "fullName",
    "label",
    "pluralLabel",
    "deploymentStatus",
    "description",
    "eventType",
    "publishBehavior",
    "gender",
    "startsWith",
    "fields",
    "visibility",
];

/// Reads what makes an object a platform event, and refuses members that events have no use for. Published events are
/// messages: nothing is said of their records, for they have none.
fn event(m: &Members<'_>) -> Result<EventDef, DefError> {
    for child in m.node.children.iter().filter(|c| !c.is_null() && !EVENT_MEMBERS.contains(&c.name.as_str())) {
        let silent = child.children.is_empty() && matches!(child.text.as_deref().map(str::trim), None | Some("" | "false"));
        if !silent {
            return Err(DefError::unsupported(format_args!("{} on a platform event is", child.name)).on(&child.name).at(child));
        }
    }
    let word = |names: &'static [&'static str]| move |word: &str| names.contains(&word).then(|| word.to_owned());
    m.choice("eventType", "PlatformEventType", word(&["HighVolume", "StandardVolume"]))?;
    let behavior = m.choice("publishBehavior", "PlatformEventPublishBehavior", word(&["PublishAfterCommit", "PublishImmediately"]))?;
    Ok(EventDef { event_type: "HighVolume".to_owned(), publish_behavior: behavior.unwrap_or_else(|| "PublishImmediately".to_owned()) })
}

fn sharing(word: &str) -> Option<String> {
    const MODELS: &[&str] = &["ControlledByParent", "FullAccess", "Private", "Read", "ReadWrite", "ReadWriteTransfer"];
    MODELS.contains(&word).then(|| word.to_owned())
}

fn required_text(m: &Members<'_>, member: &str, most: usize, message: &str) -> Result<String, DefError> {
    match m.word(member)? {
        Some(text) if text.chars().count() <= most => Ok(text),
        Some(text) => {
            let message = format!("{member}: data value too large: {text} (max length={most})");
            Err(m.place(member, DefError::new(orglet_base::ErrorCode::StringTooLong, message)))
        }
        None => Err(m.place(member, DefError::integrity(message))),
    }
}

fn name_field(m: &Members<'_>) -> Result<NameFieldDef, DefError> {
    let missing = || DefError::integrity("Must specify a nameField of type Text or AutoNumber");
    let Some(node) = m.one("nameField")? else { return Err(m.place("nameField", missing())) };
    let n = Members::new(node, "CustomField");
    n.only(&[&[
        "fullName",
        "label",
        "type",
        "displayFormat",
        "startingNumber",
        "trackHistory",
        "trackFeedHistory",
        "trackTrending",
        "length",
        "description",
        "inlineHelpText",
        "required",
        "unique",
        "externalId",
        "caseSensitive",
        "encryptionScheme",
    ]])?;
    let kind = match n.word("type")?.as_deref() {
        Some("Text") => NameFieldKind::Text,
        Some("AutoNumber") => {
            let Some(format) = n.text("displayFormat")? else {
                let message = "Must specify 'displayFormat' for a CustomField of type AutoNumber";
                return Err(n.place("displayFormat", DefError::integrity(message)));
            };
            validate::display_format(&format).map_err(|e| n.place("displayFormat", e))?;
            NameFieldKind::AutoNumber { display_format: format, starting_number: n.int("startingNumber")?.unwrap_or(1) }
        }
        _ => return Err(n.place("type", missing())),
    };
    let label = required_text(&n, "label", 80, "Must specify a non-empty label for the CustomField")?;
    Ok(NameFieldDef { label, kind, track_history: n.flag("trackHistory")?.unwrap_or(false) })
}

/// Refuses parts and members that ask for what is not built.
fn refuse_unbuilt(m: &Members<'_>) -> Result<(), DefError> {
    for child in m.node.children.iter().filter(|c| !c.is_null()) {
        let silent = matches!(child.text.as_deref().map(str::trim), Some("" | "false"));
        let e = match child.name.as_str() {
            "customSettingsType" if !silent => DefError::unsupported("Custom settings are"),
            other if DEMANDS.contains(&other) && !silent && other != "customSettingsVisibility" => {
                DefError::unsupported(format_args!("{other} on a CustomObject is"))
            }
            // What is built is made by itself, and not as a member of the object's definition.
            other => match UNBUILT_PARTS
                .iter()
                .map(|(member, _)| *member)
                .chain(KINDS.iter().filter_map(|kind| kind.member))
                .find(|m| *m == other)
            {
                Some(member) if !child.children.is_empty() => DefError::unsupported(format_args!("{member} on a CustomObject are")),
                _ => continue,
            },
        };
        return Err(e.on(&child.name).at(child));
    }
    Ok(())
}
