"""Versions, limits, describes, and custom metadata made through the Tooling API."""

from simple_salesforce import SalesforceResourceNotFound

from harness import check, equal, good_id, raises, same

NOT_FOUND = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
GLOBAL_KEYS = {
    "activateable", "associateEntityType", "associateParentEntity", "createable", "custom", "customSetting", "deepCloneable",
    "deletable", "deprecatedAndHidden", "feedEnabled", "hasSubtypes", "isInterface", "isSubtype", "keyPrefix", "label",
    "labelPlural", "layoutable", "mergeable", "mruEnabled", "name", "queryable", "replicateable", "retrieveable",
    "searchable", "triggerable", "undeletable", "updateable", "urls",
}


def text_field(run, suffix, **more):
    """The tooling body of a text field on Account of this run."""
    metadata = {"label": f"{run.name} {suffix}", "type": "Text", "length": 40, "required": False, "externalId": True, "unique": False}
    return {"FullName": f"Account.{run.name}_{suffix}__c", "Metadata": {**metadata, **more}}


def create(run, kind, body):
    """Makes custom metadata; answers its id."""
    answer = run.sf.toolingexecute(f"sobjects/{kind}/", method="POST", data=body)
    equal(answer["success"], True, "success")
    equal(answer["errors"], [], "errors")
    return answer["id"]


def tooling_rows(run, soql):
    """Records of a tooling query."""
    answer = run.sf.toolingexecute("query/", params={"q": soql})
    equal(answer["done"], True, "done")
    return answer["records"]


def steps(run):
    """The steps; leaves names and ids of this run's fields and object in `run`."""
    sf, server, step = run.sf, run.server, run.suite.step
    run.ext, run.unique, run.row = f"{run.name}_Ext__c", f"{run.name}_Unique__c", f"{run.name}_Row__c"
    run.made = []

    @step("versions are listed without a session, oldest first")
    def _():
        answer = server.session().get(f"{server.instance_url}/services/data")
        equal(answer.status_code, 200, "status")
        versions = answer.json()
        equal(versions[0]["version"], "31.0", "first version")
        equal(versions[-1]["version"], "68.0", "last version")
        check(server.api_version in [v["version"] for v in versions], "the ready file's version is listed")
        for version in versions:
            same(sorted(version), ["label", "url", "version"], "keys of a version")
            equal(version["url"], f"/services/data/v{version['version']}", "url")

    @step("the version's resources are its own URLs")
    def _():
        resources = sf.restful("")
        for name in ("sobjects", "query", "queryAll", "limits", "tooling"):
            equal(resources[name], f"/services/data/v{server.api_version}/{name}", name)

    @step("limits hold what quota checks read, and the client parses the usage header")
    def _():
        limits = sf.limits()
        for name in ("DailyApiRequests", "DailyBulkApiBatches"):
            check(set(limits[name]) >= {"Max", "Remaining"}, f"{name}: {limits[name]}")
            check(0 <= limits[name]["Remaining"] <= limits[name]["Max"], f"{name}: {limits[name]}")
        usage = sf.api_usage["api-usage"]
        check(usage.total > 5000 and 0 < usage.used <= usage.total, f"usage: {usage}")

    @step("describe global lists 250 standard objects or more")
    def _():
        answer = sf.describe()
        equal(answer["encoding"], "UTF-8", "encoding")
        equal(answer["maxBatchSize"], 200, "maxBatchSize")
        found = {item["name"]: item for item in answer["sobjects"]}
        equal(len(found), len(answer["sobjects"]), "names are unique")
        check(len([n for n in found if not n.endswith("__c")]) >= 250, f"{len(found)} objects")
        account = found["Account"]
        equal(set(account) ^ GLOBAL_KEYS, set(), "keys that differ")
        equal((account["keyPrefix"], account["label"], account["labelPlural"]), ("001", "Account", "Accounts"), "Account")
        home = f"/services/data/v{server.api_version}/sobjects/Account"
        urls = account["urls"]
        equal((urls["sobject"], urls["describe"], urls["rowTemplate"]), (home, f"{home}/describe", f"{home}/{{ID}}"), "urls")

    @step("basic information of an object: description and recent items")
    def _():
        answer = sf.Account.metadata()
        same(list(answer), ["objectDescribe", "recentItems"], "keys")
        equal(answer["objectDescribe"]["name"], "Account", "name")
        equal(set(answer["objectDescribe"]) ^ GLOBAL_KEYS, set(), "keys that differ")

    @step("object names in the URL are case-insensitive")
    def _():
        equal(sf.aCCount.describe()["name"], "Account", "name")

    @step("describe of an unknown object raises SalesforceResourceNotFound")
    def _():
        error = raises(SalesforceResourceNotFound, lambda: sf.NoSuchThing__c.describe(), 404, NOT_FOUND)
        equal(error.resource_name, "NoSuchThing__c", "resource_name")

    @step("tooling makes an external ID field that is not unique")
    def _():
        run.ext_id = create(run, "CustomField", text_field(run, "Ext"))
        run.made.append(("CustomField", run.ext_id))
        good_id(run.ext_id, "00N")

    @step("tooling makes a unique field")
    def _():
        field_id = create(run, "CustomField", text_field(run, "Unique", unique=True, caseSensitive=False))
        run.made.append(("CustomField", field_id))
        good_id(field_id, "00N")

    @step("tooling makes a custom object with a number field")
    def _():
        body = {
            "FullName": run.row,
            "Metadata": {
                "label": f"{run.name} Row",
                "pluralLabel": f"{run.name} Rows",
                "nameField": {"type": "Text", "label": "Row Name"},
                "deploymentStatus": "Deployed",
                "sharingModel": "ReadWrite",
            },
        }
        object_id = create(run, "CustomObject", body)
        run.made.append(("CustomObject", object_id))
        good_id(object_id, "01I")
        metadata = {"label": "Seq", "type": "Number", "precision": 18, "scale": 0, "required": False}
        good_id(create(run, "CustomField", {"FullName": f"{run.row}.Seq__c", "Metadata": metadata}), "00N")

    @step("describe of Account shows its fields, the new ones among them")
    def _():
        answer = sf.Account.describe()
        equal((answer["name"], answer["keyPrefix"], answer["custom"]), ("Account", "001", False), "object")
        run.account_fields = [field["name"] for field in answer["fields"]]
        fields = {field["name"]: field for field in answer["fields"]}
        name = fields["Name"]
        equal((name["type"], name["length"], name["nillable"], name["nameField"]), ("string", 255, False, True), "Name")
        ext = fields[run.ext]
        equal((ext["type"], ext["length"], ext["custom"]), ("string", 40, True), run.ext)
        equal((ext["externalId"], ext["idLookup"], ext["unique"]), (True, True, False), run.ext)
        unique = fields[run.unique]
        equal((unique["externalId"], unique["unique"], unique["caseSensitive"]), (True, True, False), run.unique)
        children = {child["relationshipName"]: child for child in answer["childRelationships"] if child["relationshipName"]}
        equal((children["Contacts"]["childSObject"], children["Contacts"]["field"]), ("Contact", "AccountId"), "Contacts")

    @step("describe of the new object: prefix, label, name field, number field")
    def _():
        answer = getattr(sf, run.row).describe()
        equal((answer["label"], answer["custom"], answer["queryable"]), (f"{run.name} Row", True, True), "object")
        check(answer["keyPrefix"][0] == "a" and len(answer["keyPrefix"]) == 3, f"prefix {answer['keyPrefix']}")
        fields = {field["name"]: field for field in answer["fields"]}
        equal((fields["Name"]["type"], fields["Name"]["label"]), ("string", "Row Name"), "Name")
        equal((fields["Seq__c"]["type"], fields["Seq__c"]["precision"], fields["Seq__c"]["scale"]), ("double", 18, 0), "Seq__c")

    @step("tooling query finds the field by its developer name")
    def _():
        rows = tooling_rows(run, f"SELECT Id, DeveloperName FROM CustomField WHERE DeveloperName = '{run.name}_Ext'")
        equal([(row["Id"], row["DeveloperName"]) for row in rows], [(run.ext_id, f"{run.name}_Ext")], "rows")
        equal(rows[0]["attributes"]["type"], "CustomField", "type")

    @step("tooling query on EntityDefinition and FieldDefinition finds object and field")
    def _():
        rows = tooling_rows(run, f"SELECT QualifiedApiName FROM EntityDefinition WHERE QualifiedApiName = '{run.row}'")
        equal([row["QualifiedApiName"] for row in rows], [run.row], "EntityDefinition")
        soql = "SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Account'"
        rows = tooling_rows(run, f"{soql} AND QualifiedApiName = '{run.ext}'")
        equal([row["QualifiedApiName"] for row in rows], [run.ext], "FieldDefinition")


def clean_up(run):
    """Takes back this run's custom metadata, itself a step: a second run finds the org as it was."""
    sf = run.sf

    @run.suite.step("tooling deletes the run's fields and object; describe no longer has them")
    def _():
        equal(len(run.made), 3, "things made")
        for kind, made_id in run.made:
            equal(sf.toolingexecute(f"sobjects/{kind}/{made_id}", method="DELETE"), "", "answer")
        names = [field["name"] for field in sf.Account.describe()["fields"]]
        check(run.ext not in names and run.unique not in names, "fields are still there")
        raises(SalesforceResourceNotFound, lambda: getattr(sf, run.row).describe(), 404, NOT_FOUND)
