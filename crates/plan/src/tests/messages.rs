use super::Org;

#[test]
fn messages_point_into_the_query() {
    // Rows query-001, 003, 013 of the error catalogue.
    let org = Org::new();
    let advice = "Please reference your WSDL or the describe call for the appropriate names.";
    assert_eq!(
        org.error("SELECT Bacon__c FROM Account LIMIT 2"),
        format!(
            "INVALID_FIELD: \nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\nNo such column 'Bacon__c' on entity \
             'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. {advice}"
        )
    );
    assert_eq!(
        org.error("SELECT Id,Name,BillingCity,IsDeleted FROM Accout"),
        format!(
            "INVALID_TYPE: \nName,BillingCity,IsDeleted FROM Accout\n{}^\nERROR at Row:1:Column:43\nsObject type 'Accout' is not supported. \
             If you are attempting to use a custom object, be sure to append the '__c' after the entity name. {advice}",
            " ".repeat(32)
        )
    );
    assert_eq!(
        org.error("SELECT Id FROM Account WHERE Id = 'abc'"),
        format!(
            "INVALID_QUERY_FILTER_OPERATOR: \nSELECT Id FROM Account WHERE Id = 'abc'\n{}^\nERROR at Row:1:Column:30\ninvalid ID field: abc",
            " ".repeat(29)
        )
    );
}

#[test]
fn sentences() {
    let org = Org::new();
    for (query, want) in [
        ("SELECT Id FROM Hidden", "INVALID_TYPE_FOR_OPERATION: entity type Hidden does not support query"),
        ("SELECT Id, Name, Id FROM Account", "INVALID_FIELD: duplicate field selected: Id"),
        ("SELECT Account.Name, Contact.Account.Name FROM Contact", "INVALID_FIELD: duplicate field selected: Account.Name"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD: field 'Description' can not be filtered in a query call"),
        ("SELECT Id FROM Account ORDER BY Description", "MALFORMED_QUERY: field 'Description' can not be sorted in a query call"),
        (
            "SELECT AnnualRevenue FROM Account GROUP BY AnnualRevenue",
            "MALFORMED_QUERY: field 'AnnualRevenue' can not be grouped in a query call",
        ),
        (
            "SELECT Id FROM Account WHERE BillingAddress = 'x'",
            "INVALID_FIELD: Address fields can only be filtered using Distance expressions",
        ),
        (
            "SELECT Id FROM Account WHERE AnnualRevenue = '5'",
            "INVALID_FIELD: value of filter criterion for field 'AnnualRevenue' must be of type double and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE CreatedDate > 2024-01-01",
            "INVALID_FIELD: value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 5",
            "INVALID_FIELD: value of filter criterion for field 'Name' must be of type string and should be enclosed in quotes",
        ),
        ("SELECT Id FROM Opportunity WHERE CloseDate = 2024-02-30", "MALFORMED_QUERY: Invalid date: 2024-02-30"),
        ("SELECT Id FROM Opportunity WHERE CloseDate = N_YEARS_AGO:99999", "MALFORMED_QUERY: Invalid date: N_YEARS_AGO:99999"),
        ("SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS", "MALFORMED_QUERY: unexpected token: 'LAST_N_DAYS'"),
        ("SELECT Id FROM Account WHERE Id LIKE '001%'", "MALFORMED_QUERY: invalid operator on id field"),
        ("SELECT Id FROM Warehouse__c WHERE MSP1__c LIKE 'A%'", "MALFORMED_QUERY: invalid operator on multipicklist field"),
        ("SELECT Id n FROM Account", "MALFORMED_QUERY: only aggregate expressions use field aliasing"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY: Field must be grouped or aggregated: Name"),
        (
            "SELECT FIELDS(ALL), MIN(NumberOfEmployees) FROM Account GROUP BY Id LIMIT 200",
            "MALFORMED_QUERY: Field must be grouped or aggregated: IsDeleted",
        ),
        ("SELECT Name FROM Account GROUP BY Name ORDER BY Site", "MALFORMED_QUERY: Ordered field must be grouped or aggregated: Site"),
        ("SELECT COUNT(Id) FROM Account GROUP BY Id", "MALFORMED_QUERY: Grouped field should not be aggregated: Id"),
        ("SELECT Name FROM Account GROUP BY Name, Name", "MALFORMED_QUERY: duplicate grouping expression: Name"),
        ("SELECT COUNT(IsDeleted) FROM Account", "MALFORMED_QUERY: field IsDeleted does not support aggregate operator COUNT"),
        (
            "SELECT COUNT(Id) FROM Account LIMIT 5",
            "MALFORMED_QUERY: Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
        ),
        (
            "SELECT COUNT(Id) FROM Account OFFSET 5",
            "MALFORMED_QUERY: Non-grouped query that uses overall aggregate functions cannot also use OFFSET",
        ),
        ("SELECT Account.Name, Owner.Name FROM Contact GROUP BY Account.Name, Owner.Name", "MALFORMED_QUERY: duplicate alias: Name"),
        ("SELECT Id, (SELECT COUNT(Id) FROM Contacts) FROM Account", "MALFORMED_QUERY: only root queries support aggregate expressions"),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) OR Name = 'x'",
            "MALFORMED_QUERY: Semi join sub-selects are not allowed with the 'OR' operator",
        ),
        (
            "SELECT Id FROM Account WHERE (Id IN (SELECT AccountId FROM Contact) AND Name = 'x')",
            "MALFORMED_QUERY: Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions.",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT Name FROM Contact)",
            "MALFORMED_QUERY: semi join sub selects can only query id fields, cannot use: 'Name'",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)",
            "MALFORMED_QUERY: The inner and outer selects should not be on the same object type",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT CampaignId FROM Opportunity)",
            "MALFORMED_QUERY: The selected field 'CampaignId' in the subquery and the left operand field in the where expression in the outer query \
             'Id' should point to the same object type",
        ),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE: Maximum SOQL offset allowed is 2000"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY: The SOQL FIELDS function must have a LIMIT of at most 200"),
        (
            "SELECT FIELDS(CUSTOM) FROM User LIMIT 200",
            "MALFORMED_QUERY: 'FIELDS(...)' expansion function must result in at least one field being selected.",
        ),
        ("SELECT FIELDS(STANDARD), Id FROM Account", "INVALID_FIELD: duplicate field selected: Id"),
        (
            "SELECT Id FROM Account WITH SECURITY_ENFORCED",
            "MALFORMED_QUERY: rule soqlWithIdentifierClause failed predicate: {this.helper.allowApexSyntax() && this.helper.hasApexContext()}?",
        ),
        (
            "SELECT Id FROM Account WHERE convertTimezone(CreatedDate) = 1",
            "MALFORMED_QUERY: nested functional syntax can only be used in the following manner: date_function(convertTimezone(columnName))",
        ),
        (
            "SELECT Id FROM FieldDefinition",
            "MALFORMED_QUERY: FieldDefinition: a filter on a reified column is required [EntityDefinitionId,DurableId]",
        ),
        ("SELECT COUNT() FROM Account ORDER BY Name", "MALFORMED_QUERY: Ordered field must be grouped or aggregated: Name"),
    ] {
        assert_eq!(org.sentence(query), want, "{query}");
    }
}

#[test]
fn versions_differ() {
    let nested = "SELECT Id, (SELECT Id, (SELECT Id FROM Tasks) FROM Contacts) FROM Account";
    assert!(Org::new().try_plan(nested).is_ok());
    let old = Org { version: 57, ..Org::new() };
    assert_eq!(
        old.sentence(nested),
        "MALFORMED_QUERY: SOQL statements cannot query aggregate relationships more than 1 level away from the root entity object."
    );
    assert_eq!(old.sentence("SELECT Id FROM Account WHERE Id LIKE '001%'"), "INVALID_QUERY_FILTER_OPERATOR: invalid operator on id field");
    assert_eq!(
        old.sentence("SELECT Id FROM Account WITH SECURITY_ENFORCED"),
        "MALFORMED_QUERY: SECURITY_ENFORCED not allowed in this context"
    );
    let older = Org { version: 50, ..Org::new() };
    assert!(older.try_plan("SELECT FIELDS(STANDARD) FROM Account").is_err());
}

#[test]
fn what_is_allowed() {
    let org = Org::new();
    for query in [
        "SELECT Id FROM Account WHERE Name = 'x' AND (Id IN (SELECT AccountId FROM Contact))",
        "SELECT Id FROM Account a, a.Owner o WHERE o.Name = 'x' AND a.Name != null",
        "SELECT FIELDS(ALL) FROM Account WHERE Id IN ('001000000000001')",
        "SELECT Name, COUNT(Name) FROM Account GROUP BY Name HAVING COUNT(Name) > 1",
        "SELECT Id FROM Task WHERE WhoId IN (SELECT Id FROM Contact)",
        "SELECT Id FROM Account FOR VIEW",
        "SELECT Id, Owner.Profile.Name FROM Task ORDER BY Owner.Name",
        "SELECT CALENDAR_MONTH(CloseDate) FROM Opportunity GROUP BY CloseDate",
        "SELECT Id, (SELECT Id FROM ChildAccounts LIMIT 2 OFFSET 1) FROM Account LIMIT 1",
    ] {
        org.plan(query);
    }
}

#[test]
fn a_plan_lasts_unless_it_counts_on_the_time() {
    let org = Org::new();
    for (query, lasts) in [
        ("SELECT Id FROM Account WHERE Name = 'x' AND CreatedDate > 2026-01-01T00:00:00Z", true),
        ("SELECT Id FROM Account USING SCOPE mine", true),
        ("SELECT Id FROM Account WHERE CreatedDate = TODAY", false),
        ("SELECT Id, (SELECT Id FROM Contacts WHERE CreatedDate > LAST_N_DAYS:3) FROM Account", false),
        (
            "SELECT HOUR_IN_DAY(convertTimezone(CreatedDate)), COUNT(Id) FROM Account GROUP BY HOUR_IN_DAY(convertTimezone(CreatedDate))",
            false,
        ),
    ] {
        assert_eq!(org.plan(query).lasting, lasts, "{query}");
    }
}
