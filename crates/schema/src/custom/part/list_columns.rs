//! What list views call the fields that they show and look at. Fields of newer objects, and custom ones, go by their own names;
//! others have names from before there was an API, as metadata of real orgs has them
//! (<https://developer.salesforce.com/docs/platform/api-metadata/references/meta-types/metadata-listview.html>).

use crate::object::Object;
use crate::standard::list_views::owner;

/// What stands before the dot of names that belong to an object.
const HEADS: &[(&str, &str)] = &[
    ("ACCOUNT", "Account"),
    ("ASSET", "Asset"),
    ("CAMPAIGN", "Campaign"),
    ("CASES", "Case"),
    ("CONTACT", "Contact"),
    ("CONTRACT", "Contract"),
    ("LEAD", "Lead"),
    ("OPPORTUNITY", "Opportunity"),
    ("ORDERS", "Order"),
    ("PRODUCT2", "Product2"),
    ("SOLUTION", "Solution"),
    ("TASK", "Task"),
];

/// Names that are not those of their fields in capitals: the object (or `*`), the name, the path.
const CALLED: &[(&str, &str, &str)] = &[
    ("*", "LAST_UPDATE", "LastModifiedDate"),
    ("*", "LAST_ACTIVITY", "LastActivityDate"),
    ("*", "CREATEDBY_USER", "CreatedBy.Name"),
    ("*", "CREATEDBY_USER.ALIAS", "CreatedBy.Alias"),
    ("*", "UPDATEDBY_USER", "LastModifiedBy.Name"),
    ("*", "UPDATEDBY_USER.ALIAS", "LastModifiedBy.Alias"),
    ("*", "FULL_NAME", "Name"),
    ("*", "ACTIVE", "IsActive"),
    ("*", "CLOSED", "IsClosed"),
    ("*", "WON", "IsWon"),
    ("*", "PRIVATE", "IsPrivate"),
    ("*", "UNREAD", "IsUnreadByOwner"),
    ("*", "PHONE1", "Phone"),
    ("*", "URL", "Website"),
    ("*", "EMPLOYEES", "NumberOfEmployees"),
    ("Account", "PHONE2", "Fax"),
    ("Account", "SALES", "AnnualRevenue"),
    ("Account", "ADDRESS1_STREET", "BillingStreet"),
    ("Account", "ADDRESS1_CITY", "BillingCity"),
    ("Account", "ADDRESS1_STATE", "BillingState"),
    ("Account", "ADDRESS1_ZIP", "BillingPostalCode"),
    ("Account", "ADDRESS1_COUNTRY", "BillingCountry"),
    ("Account", "ADDRESS2_STREET", "ShippingStreet"),
    ("Account", "ADDRESS2_CITY", "ShippingCity"),
    ("Account", "ADDRESS2_STATE", "ShippingState"),
    ("Account", "ADDRESS2_ZIP", "ShippingPostalCode"),
    ("Account", "ADDRESS2_COUNTRY", "ShippingCountry"),
    ("Campaign", "CAMPAIGN_TYPE", "Type"),
    ("Case", "NAME", "Contact.Name"),
    ("Contact", "PHONE2", "Fax"),
    ("Contact", "PHONE3", "MobilePhone"),
    ("Product2", "CUSTOMER_PRODUCT_ID", "ProductCode"),
    ("Product2", "FAMILY_ENUM", "Family"),
    ("Task", "DUE_DATE", "ActivityDate"),
    ("Task", "WHO_NAME", "Who.Name"),
    ("Task", "WHAT_NAME", "What.Name"),
];

/// Names whose values are codes of their own.
const CODED: &[&str] = &["STATUS_CODE"];

/// The field that a list view of an object means by a name, as a path from the object; none where no field of it is called so.
pub(super) fn path(object: &Object, name: &str) -> Option<String> {
    let own = |field: &str| object.field(field).filter(|f| f.has_column()).map(|f| f.name.clone());
    if let Some(field) = own(name) {
        return Some(field);
    }
    let name = name.to_ascii_uppercase();
    if let Some(of_user) = ["CORE.USERS.", "OWNER."].iter().find_map(|head| name.strip_prefix(head)) {
        return match of_user {
            "ALIAS" => owner(object),
            "FIRST_NAME" => own("OwnerId").map(|_| "Owner.FirstName".to_owned()),
            "LAST_NAME" => own("OwnerId").map(|_| "Owner.LastName".to_owned()),
            _ => None,
        };
    }
    let name = name.strip_prefix("SALES.").unwrap_or(&name);
    let name = match name.split_once('.').and_then(|(head, rest)| Some((HEADS.iter().find(|(h, _)| *h == head)?.1, rest))) {
        Some((of, rest)) if object.name != of => {
            object.parent_field(of)?;
            return match rest {
                "NAME" => Some(format!("{of}.Name")),
                "SITE" if of == "Account" => Some("Account.Site".to_owned()),
                _ => None,
            };
        }
        Some((_, rest)) => rest,
        None => name,
    };
    if CODED.contains(&name) {
        return None;
    }
    if let Some((_, _, path)) = CALLED.iter().find(|(of, called, _)| *called == name && (*of == "*" || *of == object.name)) {
        return match path.split_once('.') {
            Some((relation, _)) => object.parent_field(relation).map(|_| (*path).to_owned()),
            None => own(path),
        };
    }
    own(&name.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard;

    #[test]
    fn names_lead_to_fields() {
        let of = |object: &str, name: &str| path(standard::objects().object(object).unwrap(), name);
        for (object, name, wanted) in [
            ("Account", "ACCOUNT.NAME", "Name"),
            ("Account", "ACCOUNT.ADDRESS1_STATE", "BillingState"),
            ("Account", "CORE.USERS.ALIAS", "Owner.Alias"),
            ("Contact", "FULL_NAME", "Name"),
            ("Contact", "ACCOUNT.NAME", "Account.Name"),
            ("Contact", "CONTACT.EMAIL", "Email"),
            ("Opportunity", "OPPORTUNITY.CLOSE_DATE", "CloseDate"),
            ("Case", "CASES.CASE_NUMBER", "CaseNumber"),
            ("Case", "NAME", "Contact.Name"),
            ("Lead", "LEAD.UNREAD", "IsUnreadByOwner"),
            ("Lead", "LastModifiedDate", "LastModifiedDate"),
            ("Contract", "SALES.ACCOUNT.NAME", "Account.Name"),
        ] {
            assert_eq!(of(object, name).as_deref(), Some(wanted), "{object} {name}");
        }
        for (object, name) in
            [("Contract", "CONTRACT.STATUS_CODE"), ("Account", "ACCOUNT.NOPE"), ("Account", "LEAD.EMAIL"), ("Account", "")]
        {
            assert_eq!(of(object, name), None, "{object} {name}");
        }
    }
}
