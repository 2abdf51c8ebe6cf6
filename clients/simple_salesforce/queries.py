"""Queries: parents, children, aggregates, paging over 4,500 rows, deleted rows, searches, and refusals."""

from concurrent.futures import ThreadPoolExecutor

from simple_salesforce import SalesforceMalformedRequest

from harness import check, equal, raises, same
from records import error

ROWS = 4500


def steps(run):
    """The steps."""
    sf, server, step = run.sf, run.server, run.suite.step
    root = f"/services/data/v{server.api_version}"
    like = f"Name LIKE '{run.name}%'"

    @step("query answers totalSize, done and records, in this order")
    def _():
        answer = sf.query(f"SELECT Id, Name FROM Account WHERE {run.ext} = '{run.name}/é'")
        same(list(answer), ["totalSize", "done", "records"], "keys")
        expected = {
            "attributes": {"type": "Account", "url": f"{root}/sobjects/Account/{run.account}"},
            "Id": run.account,
            "Name": f"{run.name} Ärzte & Söhne <1>",
        }
        same([dict(row) for row in answer["records"]], [expected], "records")

    @step("query without a match answers no records")
    def _():
        same(dict(sf.query("SELECT Id FROM Account WHERE Name = 'no such name'")), {"totalSize": 0, "done": True, "records": []})

    @step("query with parents, two levels up")
    def _():
        soql = f"SELECT LastName, Account.Name, Account.Owner.Username FROM Contact WHERE LastName LIKE '{run.name}%' ORDER BY LastName"
        rows = sf.query(soql)["records"]
        equal([row["LastName"] for row in rows], [f"{run.name} Alpha", f"{run.name} Beta"], "order")
        parent = rows[0]["Account"]
        same(list(parent), ["attributes", "Name", "Owner"], "keys of the parent")
        same(dict(parent["attributes"]), {"type": "Account", "url": f"{root}/sobjects/Account/{run.account}"}, "attributes")
        equal(parent["Owner"]["Username"], server.username, "grandparent")

    @step("query with child records; no children are null")
    def _():
        soql = f"SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC) FROM Account WHERE {like}"
        rows = {row["Name"]: row["Contacts"] for row in sf.query(soql)["records"]}
        children = rows[f"{run.name} Ärzte & Söhne <1>"]
        same(list(children), ["totalSize", "done", "records"], "keys of the child result")
        equal((children["totalSize"], children["done"]), (2, True), "child result")
        equal([row["LastName"] for row in children["records"]], [f"{run.name} Beta", f"{run.name} Alpha"], "order")
        equal(rows[f"{run.name} twin"], None, "account without contacts")

    @step("aggregates with GROUP BY, HAVING, alias and expr0")
    def _():
        for revenue in (10, 20):
            sf.Account.create({"Name": f"{run.name} sum", "AnnualRevenue": revenue, "NumberOfEmployees": 5})
        soql = f"SELECT Name, COUNT(Id), SUM(AnnualRevenue) total, MAX(NumberOfEmployees) FROM Account WHERE {like} GROUP BY Name"
        rows = sf.query(f"{soql} HAVING COUNT(Id) > 1 ORDER BY Name")["records"]
        expected = [
            {"attributes": {"type": "AggregateResult"}, "Name": f"{run.name} sum", "expr0": 2, "total": 30.0, "expr1": 5},
            {"attributes": {"type": "AggregateResult"}, "Name": f"{run.name} twin", "expr0": 2, "total": None, "expr1": None},
        ]
        same([dict(row) for row in rows], expected, "records")

    @step("COUNT() answers the count as totalSize and no records")
    def _():
        answer = sf.query(f"SELECT COUNT() FROM Account WHERE Name = '{run.name} sum'")
        same(dict(answer), {"totalSize": 2, "done": True, "records": []})

    @step("ORDER BY, LIMIT and OFFSET")
    def _():
        soql = f"SELECT AnnualRevenue FROM Account WHERE Name = '{run.name} sum' ORDER BY AnnualRevenue DESC NULLS LAST LIMIT 1 OFFSET 1"
        equal([row["AnnualRevenue"] for row in sf.query(soql)["records"]], [10.0], "row")

    @step("comparisons: IN, NOT IN, LIKE without regard to case, dates, semi-join")
    def _():
        def names(where):
            return [row["Name"] for row in sf.query(f"SELECT Name FROM Account WHERE {where} AND {like} ORDER BY Name")["records"]]

        equal(names(f"Name IN ('{run.name} TWIN', 'x')"), [f"{run.name} twin"] * 2, "IN")
        equal(names(f"Name NOT IN ('{run.name} twin') AND Name LIKE '%SUM'"), [f"{run.name} sum"] * 2, "NOT IN and LIKE")
        equal(names("CreatedDate = TODAY AND NumberOfEmployees > 42"), [f"{run.name} Ärzte & Söhne <1>"], "TODAY")
        semi = f"Id IN (SELECT AccountId FROM Contact WHERE LastName = '{run.name} Alpha')"
        equal(names(semi), [f"{run.name} Ärzte & Söhne <1>"], "semi-join")

    @step("queryAll shows deleted rows, query does not")
    def _():
        soql = f"SELECT Id, IsDeleted FROM Account WHERE Name = '{run.name} gone'"
        equal(sf.query(soql)["totalSize"], 0, "query")
        rows = sf.query(soql, include_deleted=True)["records"]
        equal([(row["Id"], row["IsDeleted"]) for row in rows], [(run.gone, True)], "queryAll")
        equal(sf.query_all(f"{soql} AND IsDeleted = true", include_deleted=True)["totalSize"], 1, "query_all")

    @step(f"{ROWS} rows are created over kept connections")
    def _():
        create = getattr(sf, run.row).create
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: create({"Name": f"row {n}", "Seq__c": n}), range(ROWS)))
        equal(len({answer["id"] for answer in answers}), ROWS, "distinct ids")
        check(all(answer["success"] for answer in answers), "a create did not succeed")

    soql = f"SELECT Id, Seq__c FROM {run.row} ORDER BY Seq__c"

    @step("query_all reads all of them, in order")
    def _():
        answer = sf.query_all(soql)
        equal((answer["totalSize"], answer["done"], len(answer["records"])), (ROWS, True, ROWS), "answer")
        equal([row["Seq__c"] for row in answer["records"]], [float(n) for n in range(ROWS)], "order")

    @step("query_all_iter reads all of them lazily")
    def _():
        equal(sum(1 for _ in sf.query_all_iter(soql)), ROWS, "rows")

    @step("query pages hold 2,000 rows; query_more by URL and by identifier")
    def _():
        first = sf.query(soql)
        same(list(first), ["totalSize", "done", "nextRecordsUrl", "records"], "keys")
        equal((first["totalSize"], first["done"], len(first["records"])), (ROWS, False, 2000), "first page")
        url = first["nextRecordsUrl"]
        check(url.startswith(f"{root}/query/"), f"nextRecordsUrl: {url}")
        second = sf.query_more(url, identifier_is_url=True)
        equal((second["totalSize"], second["done"], len(second["records"])), (ROWS, False, 2000), "second page")
        third = sf.query_more(second["nextRecordsUrl"].rsplit("/", 1)[1])
        equal((third["totalSize"], third["done"], len(third["records"])), (ROWS, True, 500), "last page")
        equal(third["records"][0]["Seq__c"], 4000.0, "first row of the last page")
        check("nextRecordsUrl" not in third, "the last page has no next one")
        equal(sf.query_more(url, identifier_is_url=True)["records"], second["records"], "the second page read again")

    @step("Sforce-Query-Options sets the page size")
    def _():
        page = sf.query(soql, headers={"Sforce-Query-Options": "batchSize=300"})
        equal((len(page["records"]), page["totalSize"], page["done"]), (300, ROWS, False), "page")
        page = sf.query_more(page["nextRecordsUrl"], identifier_is_url=True)
        equal((len(page["records"]), page["records"][0]["Seq__c"]), (300, 300.0), "next page")

    @step("a query locator that is none raises INVALID_QUERY_LOCATOR")
    def _():
        expected = error("invalid query locator", "INVALID_QUERY_LOCATOR")
        raises(SalesforceMalformedRequest, lambda: sf.query_more("01g000000000001AAA-2000"), 400, expected)

    @step("a misspelt SELECT raises SalesforceMalformedRequest MALFORMED_QUERY")
    def _():
        failure = raises(SalesforceMalformedRequest, lambda: sf.query("SELEKT Name FROM Account"), 400)
        equal(failure.content[0]["errorCode"], "MALFORMED_QUERY", "errorCode")
        check(failure.content[0]["message"].replace("'", "") == "unexpected token: SELEKT", failure.content[0]["message"])

    @step("an unknown column raises INVALID_FIELD with row, column and caret")
    def _():
        text = (
            "\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\nNo such column 'Bacon__c' on entity 'Account'."
            " If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please"
            " reference your WSDL or the describe call for the appropriate names."
        )
        call = lambda: sf.query("SELECT Bacon__c FROM Account LIMIT 2")
        raises(SalesforceMalformedRequest, call, 400, error(text, "INVALID_FIELD"))

    @step("an unknown object raises INVALID_TYPE")
    def _():
        failure = raises(SalesforceMalformedRequest, lambda: sf.query("SELECT Id FROM Bacon__c"), 400)
        equal(failure.content[0]["errorCode"], "INVALID_TYPE", "errorCode")
        check("sObject type 'Bacon__c' is not supported." in failure.content[0]["message"], failure.content[0]["message"])

    @step("an object that cannot be queried raises INVALID_TYPE_FOR_OPERATION")
    def _():
        expected = error("entity type OpenActivity does not support query", "INVALID_TYPE_FOR_OPERATION")
        raises(SalesforceMalformedRequest, lambda: sf.query("SELECT Id FROM OpenActivity"), 400, expected)

    @step("restful() explains a query")
    def _():
        plan = sf.restful("query", params={"explain": "SELECT Id FROM Account"})["plans"][0]
        equal((plan["leadingOperationType"], plan["fields"], plan["sobjectType"]), ("TableScan", [], "Account"), "plan")
        equal(plan["cardinality"], plan["sobjectCardinality"], "cardinality")

    @step("an empty query raises MALFORMED_QUERY")
    def _():
        expected = error("SOQL statements cannot be empty or null", "MALFORMED_QUERY")
        raises(SalesforceMalformedRequest, lambda: sf.query(""), 400, expected)

    @step("search finds words in the fields of several objects")
    def _():
        answer = sf.search(f"FIND {{{run.name} Alpha}} IN NAME FIELDS RETURNING Contact(LastName), Account(Id)")
        expected = {
            "attributes": {"type": "Contact", "url": f"{root}/sobjects/Contact/{answer['searchRecords'][0]['attributes']['url'][-18:]}"},
            "LastName": f"{run.name} Alpha",
        }
        same([dict(row) for row in answer["searchRecords"]], [expected], "searchRecords")

    @step("quick_search finds Ids; nothing found is an empty list")
    def _():
        found = [row["Id"] for row in sf.quick_search(f"{run.name} Söhne")["searchRecords"]]
        equal(found, [run.account], "Ids")
        same(dict(sf.quick_search("nosuchword")), {"searchRecords": []}, "nothing")

    @step("a reserved character in a search raises MALFORMED_SEARCH")
    def _():
        text = "\nFIND {a-b}\n      ^\nERROR at Row:1:Column:7\nline 1:7 mismatched character '-' expecting '}'"
        raises(SalesforceMalformedRequest, lambda: sf.quick_search("a-b"), 400, error(text, "MALFORMED_SEARCH"))

    @step("is_sandbox reads the Organization row")
    def _():
        equal(sf.is_sandbox(), False, "IsSandbox")
