"""Rows: create, read, update, upsert, delete, by id and by external ID, and every refusal on the way."""

from datetime import datetime, timedelta, timezone

from simple_salesforce import (
    Salesforce,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from harness import DATETIME, check, equal, good_id, raises, same
from schema import NOT_FOUND

NO_SUCH_ROW = "001000000000ZZZAA0"


def error(message, code, fields=None):
    """The body of a refusal with one error."""
    body = {"message": message, "errorCode": code}
    if fields is not None:
        body["fields"] = fields
    return [body]


def made(answer, prefix):
    """Fails unless this is the answer to a create; answers the id."""
    same(list(answer), ["id", "success", "errors"], "keys")
    equal((answer["success"], answer["errors"]), (True, []), "answer")
    good_id(answer["id"], prefix)
    return answer["id"]


def steps(run):
    """The steps; leaves the ids of the run's account and contacts in `run`."""
    sf, server, step = run.sf, run.server, run.suite.step
    account = sf.Account
    home = f"/services/data/v{server.api_version}/sobjects/Account"

    @step("create answers id, success and no errors")
    def _():
        run.account = made(
            account.create(
                {
                    "Name": f"{run.name} Ärzte & Söhne <1>",
                    "Industry": "Energy",
                    "AnnualRevenue": 1250000.0,
                    "NumberOfEmployees": 42,
                    "BillingCity": "Köln",
                    "BillingCountry": "Germany",
                    run.ext: f"{run.name}/é",
                }
            ),
            "001",
        )

    @step("get answers every field of the describe")
    def _():
        row = account.get(run.account)
        same(row["attributes"], {"type": "Account", "url": f"{home}/{run.account}"}, "attributes")
        equal(list(row)[0], "attributes", "first key")
        equal(set(row) - {"attributes"} ^ set(run.account_fields), set(), "fields that differ from the describe")
        equal((row["Id"], row["Name"], row["Industry"]), (run.account, f"{run.name} Ärzte & Söhne <1>", "Energy"), "text")
        equal((row["AnnualRevenue"], row["NumberOfEmployees"]), (1250000.0, 42), "numbers")
        equal((row["IsDeleted"], row["Phone"], row["OwnerId"]), (False, None, server.user_id), "defaults")
        equal((row["BillingAddress"]["city"], row["BillingAddress"]["country"]), ("Köln", "Germany"), "compound address")
        check(DATETIME.match(row["CreatedDate"]), f"CreatedDate: {row['CreatedDate']}")
        equal((row["CreatedDate"], row["CreatedById"]), (row["SystemModstamp"], server.user_id), "system fields")

    @step("get with fields= answers these and Id, by 15-character id too")
    def _():
        row = account.get(run.account[:15], params={"fields": "AnnualRevenue,NumberOfEmployees"})
        same(list(row), ["attributes", "AnnualRevenue", "NumberOfEmployees", "Id"], "keys")
        equal(row["Id"], run.account, "Id")

    @step("get with an unknown field in fields= raises INVALID_FIELD")
    def _():
        failure = raises(SalesforceMalformedRequest, lambda: account.get(run.account, params={"fields": "Nope__c"}), 400)
        equal(failure.content[0]["errorCode"], "INVALID_FIELD", "errorCode")

    @step("get by custom external ID, with a slash and an accent in the value")
    def _():
        row = account.get_by_custom_id(run.ext, f"{run.name}/é")
        equal((row["Id"], row[run.ext]), (run.account, f"{run.name}/é"), "row")

    @step("get by custom external ID without a match raises SalesforceResourceNotFound")
    def _():
        raises(SalesforceResourceNotFound, lambda: account.get_by_custom_id(run.ext, "nothing"), 404, NOT_FOUND)

    @step("get by a field that is no external ID raises SalesforceResourceNotFound")
    def _():
        expected = error("Provided external ID field does not exist or is not accessible: Industry", "NOT_FOUND")
        raises(SalesforceResourceNotFound, lambda: account.get_by_custom_id("Industry", "Energy"), 404, expected)

    @step("update answers 204; text, number, null and boolean arrive")
    def _():
        equal(account.update(run.account, {"Phone": "+49 221 1", "NumberOfEmployees": 43, "Industry": None}), 204, "status")
        row = account.get(run.account, params={"fields": "Phone,NumberOfEmployees,Industry"})
        equal((row["Phone"], row["NumberOfEmployees"], row["Industry"]), ("+49 221 1", 43, None), "row")

    @step("POST with _HttpMethod=PATCH updates")
    def _():
        answer = sf.restful(f"sobjects/Account/{run.account}", params={"_HttpMethod": "PATCH"}, method="POST", json={"Fax": "7"})
        equal(answer, None, "answer")
        equal(account.get(run.account, params={"fields": "Fax"})["Fax"], "7", "Fax")

    @step("upsert that inserts answers 201")
    def _():
        answer = account.upsert(f"{run.ext}/{run.name}-u", {"Name": f"{run.name} upserted"}, raw_response=True)
        equal(answer.status_code, 201, "status")
        body = answer.json()
        equal((body["success"], body["errors"], body["created"]), (True, [], True), "body")
        good_id(body["id"], "001")
        equal(answer.headers["Location"], f"{home}/{body['id']}", "Location")
        run.upserted = body["id"]

    @step("upsert that updates answers 200 and the same id")
    def _():
        answer = account.upsert(f"{run.ext}/{run.name}-u", {"Site": "second"}, raw_response=True)
        equal(answer.status_code, 200, "status")
        same(answer.json(), {"id": run.upserted, "success": True, "errors": [], "created": False})

    @step("upsert that updates answers 204 without a body up to v45.0")
    def _():
        old = Salesforce(
            session_id=server.access_token, instance_url=server.instance_url, version="45.0", session=server.session()
        )
        answer = old.Account.upsert(f"{run.ext}/{run.name}-u", {"Site": "third"}, raw_response=True)
        equal((answer.status_code, answer.content), (204, b""), "answer")
        equal(old.Account.get(run.upserted)["Site"], "third", "Site")

    @step("an ambiguous external ID raises SalesforceMoreThanOneRecord with both URLs")
    def _():
        twins = [made(account.create({"Name": f"{run.name} twin", run.ext: f"{run.name}-twin"}), "001") for _ in range(2)]
        expected = sorted(f"{home}/{twin}" for twin in twins)
        path = f"{run.ext}/{run.name}-twin"
        for call in (
            lambda: account.get_by_custom_id(run.ext, f"{run.name}-twin"),
            lambda: account.upsert(path, {"Name": "x"}),
            lambda: account.delete(path),
        ):
            failure = raises(SalesforceMoreThanOneRecord, call, 300)
            equal(sorted(failure.content), expected, "URLs")
        for twin in twins:
            equal(account.get(twin, params={"fields": "Name"})["Name"], f"{run.name} twin", "twin is untouched")

    @step("the upsert key inside the body raises INVALID_FIELD")
    def _():
        expected = error(f"The {run.ext} field should not be specified in the sobject data.", "INVALID_FIELD")
        call = lambda: account.upsert(f"{run.ext}/{run.name}-u", {run.ext: "other"})
        raises(SalesforceMalformedRequest, call, 400, expected)

    @step("a clash on a unique field raises DUPLICATE_VALUE with the other's id, whatever the case")
    def _():
        first = made(account.create({"Name": f"{run.name} unique", run.unique: f"{run.name}-Only"}), "001")
        expected = error(
            f"duplicate value found: {run.unique} duplicates value on record with id: {first}", "DUPLICATE_VALUE", []
        )
        call = lambda: account.create({"Name": f"{run.name} unique", run.unique: f"{run.name}-oNLY"})
        raises(SalesforceMalformedRequest, call, 400, expected)

    @step("contacts are created under an account named by its external ID in the body")
    def _():
        run.contacts = [
            made(sf.Contact.create({"LastName": f"{run.name} {last}", "FirstName": "Ada", "Account": {run.ext: f"{run.name}/é"}}), "003")
            for last in ("Alpha", "Beta")
        ]
        equal(sf.Contact.get(run.contacts[0])["AccountId"], run.account, "AccountId")

    @step("an external ID in the body that finds nothing raises INVALID_FIELD")
    def _():
        expected = error(
            f"Foreign key external ID: {run.name}-none not found for field {run.ext} in entity Account", "INVALID_FIELD", []
        )
        call = lambda: sf.Contact.create({"LastName": "x", "Account": {run.ext: f"{run.name}-none"}})
        raises(SalesforceMalformedRequest, call, 400, expected)

    @step("relationship paths lead to the parent and to the children")
    def _():
        parent = sf.restful(f"sobjects/Contact/{run.contacts[0]}/Account", params={"fields": "Name"})
        equal(parent["Id"], run.account, "parent")
        children = sf.restful(f"sobjects/Account/{run.account}/Contacts")
        equal((children["totalSize"], children["done"]), (2, True), "children")
        equal({row["Id"] for row in children["records"]}, set(run.contacts), "children")

    @step("a required field that is missing raises REQUIRED_FIELD_MISSING")
    def _():
        expected = error("Required fields are missing: [LastName]", "REQUIRED_FIELD_MISSING", ["LastName"])
        failure = raises(SalesforceMalformedRequest, lambda: sf.Contact.create({"FirstName": "x"}), 400, expected)
        equal(failure.resource_name, "Contact", "resource_name")
        check(str(failure).startswith(f"Malformed request {failure.url}. Response content: [{{"), f"text: {failure}")
        check(failure.url.endswith(f"/services/data/v{server.api_version}/sobjects/Contact/"), f"url: {failure.url}")

    @step("an unknown field raises INVALID_FIELD on create and on update")
    def _():
        expected = error("No such column 'Nope__c' on sobject of type Account", "INVALID_FIELD")
        raises(SalesforceMalformedRequest, lambda: account.create({"Name": "x", "Nope__c": 1}), 400, expected)
        raises(SalesforceMalformedRequest, lambda: account.update(run.account, {"Nope__c": 1}), 400, expected)

    @step("Id inside the body raises INVALID_FIELD")
    def _():
        expected = error("The Id field should not be specified in the sobject data.", "INVALID_FIELD")
        raises(SalesforceMalformedRequest, lambda: account.update(run.account, {"Id": run.account}), 400, expected)

    @step("a read-only field raises INVALID_FIELD_FOR_INSERT_UPDATE")
    def _():
        text = (
            "Unable to create/update fields: CreatedDate. Please check the security settings of this field and verify that"
            " it is read/write for your profile or permission set."
        )
        expected = error(text, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"])
        call = lambda: account.update(run.account, {"CreatedDate": "2020-01-01T00:00:00Z"})
        raises(SalesforceMalformedRequest, call, 400, expected)

    @step("a bad e-mail address raises INVALID_EMAIL_ADDRESS")
    def _():
        expected = error("Email: invalid email address: not an address", "INVALID_EMAIL_ADDRESS", ["Email"])
        call = lambda: sf.Contact.create({"LastName": "x", "Email": "not an address"})
        raises(SalesforceMalformedRequest, call, 400, expected)

    @step("a text that is too long raises STRING_TOO_LONG")
    def _():
        text = "n" * 256
        expected = error(f"Account Name: data value too large: {text} (max length=255)", "STRING_TOO_LONG", ["Name"])
        raises(SalesforceMalformedRequest, lambda: account.create({"Name": text}), 400, expected)

    @step("malformed JSON raises JSON_PARSER_ERROR with the place")
    def _():
        call = lambda: sf.restful("sobjects/Account", method="POST", data='{"Name" j}')
        failure = raises(SalesforceMalformedRequest, call, 400)
        equal(failure.content[0]["errorCode"], "JSON_PARSER_ERROR", "errorCode")
        text = "Unexpected character ('j' (code 106)): was expecting a colon to separate field name and value at [line:1, column:"
        check(failure.content[0]["message"].startswith(text), failure.content[0]["message"])

    @step("a segment that is no id is taken as a field name and refused")
    def _():
        expected = error("Provided external ID field does not exist or is not accessible: notanid", "NOT_FOUND")
        raises(SalesforceResourceNotFound, lambda: account.get("notanid"), 404, expected)

    @step("an id of another object raises MALFORMED_ID")
    def _():
        expected = error(f"Account ID: id value of incorrect type: {run.contacts[0]}", "MALFORMED_ID", ["Id"])
        raises(SalesforceMalformedRequest, lambda: account.update(run.contacts[0], {"Name": "x"}), 400, expected)

    @step("a well-formed id without a row: get NOT_FOUND, update INVALID_CROSS_REFERENCE_KEY")
    def _():
        missing = NO_SUCH_ROW[:15]
        raises(SalesforceResourceNotFound, lambda: account.get(missing), 404, NOT_FOUND)
        failure = raises(SalesforceResourceNotFound, lambda: account.update(missing, {"Name": "x"}), 404)
        equal(failure.content[0]["errorCode"], "INVALID_CROSS_REFERENCE_KEY", "errorCode")
        equal(failure.content[0]["message"], "invalid cross reference id", "message")

    @step("an unknown object raises SalesforceResourceNotFound on create")
    def _():
        raises(SalesforceResourceNotFound, lambda: sf.Nope__c.create({"Name": "x"}), 404, NOT_FOUND)

    @step("a method that the resource lacks raises SalesforceGeneralError 405")
    def _():
        failure = raises(SalesforceGeneralError, lambda: sf.restful("sobjects/Account", method="PATCH", json={}), 405)
        equal(failure.content[0]["errorCode"], "METHOD_NOT_ALLOWED", "errorCode")
        check(failure.content[0]["message"].startswith("HTTP Method 'PATCH' not allowed. Allowed are "), failure.content)

    @step("delete answers 204; then get, update and delete raise ENTITY_IS_DELETED")
    def _():
        run.gone = made(account.create({"Name": f"{run.name} gone"}), "001")
        equal(account.delete(run.gone), 204, "status")
        expected = error("entity is deleted", "ENTITY_IS_DELETED", [])
        raises(SalesforceResourceNotFound, lambda: account.get(run.gone), 404, expected)
        raises(SalesforceResourceNotFound, lambda: account.update(run.gone, {"Name": "x"}), 404, expected)
        raises(SalesforceResourceNotFound, lambda: account.delete(run.gone), 404, expected)

    @step("delete by external ID")
    def _():
        equal(account.delete(f"{run.ext}/{run.name}-u"), 204, "status")
        raises(SalesforceResourceNotFound, lambda: account.get_by_custom_id(run.ext, f"{run.name}-u"), 404, NOT_FOUND)

    def window():
        now = datetime.now(timezone.utc)
        return now - timedelta(hours=1), now + timedelta(minutes=2)

    @step("deleted() lists the deleted row with its time")
    def _():
        answer = account.deleted(*window())
        equal(set(answer), {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}, "keys")
        rows = {row["id"]: row["deletedDate"] for row in answer["deletedRecords"]}
        check(run.gone in rows and run.upserted in rows, "deleted rows are missing")
        check(run.account not in rows, "a live row is listed")
        for moment in (rows[run.gone], answer["earliestDateAvailable"], answer["latestDateCovered"]):
            check(DATETIME.match(moment), f"time: {moment}")

    @step("updated() lists the live rows")
    def _():
        answer = account.updated(*window())
        equal(set(answer), {"ids", "latestDateCovered"}, "keys")
        check(run.account in answer["ids"], "the row is missing")
        check(run.gone not in answer["ids"], "a deleted row is listed")

    @step("a window that ends before it starts raises INVALID_REPLICATION_DATE")
    def _():
        start, end = window()
        failure = raises(SalesforceMalformedRequest, lambda: account.updated(end, start), 400)
        equal(failure.content[0]["errorCode"], "INVALID_REPLICATION_DATE", "errorCode")
