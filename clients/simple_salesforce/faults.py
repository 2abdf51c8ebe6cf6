"""Errors on demand: every row of the server's catalogue is forced by its id, and the client raises what belongs to it."""

import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

import requests
from simple_salesforce import (
    Salesforce,
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceLogin,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from harness import Failed, check, equal, raises

RAISED = {
    300: SalesforceMoreThanOneRecord,
    400: SalesforceMalformedRequest,
    401: SalesforceExpiredSession,
    403: SalesforceRefusedRequest,
    404: SalesforceResourceNotFound,
}
# In every place of every message: what each format has to escape.
VALUE = "x & <é>"
JOB = "750000000000001AAA"


class Admin:
    """The admin API."""

    def __init__(self, server):
        self.url = server.admin_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {server.admin_token}"

    def __call__(self, method, path, body=None):
        answer = self.session.request(method, self.url + path, json=body)
        if not answer.ok:
            raise Failed(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


def filled(row, template):
    """A template of the row with the value in its places; without the piece of the query before it."""
    for name in row["values"]:
        if name != "context":
            template = template.replace("{" + name + "}", VALUE)
    return template.replace("{context}", "")


def told(row):
    """Code, message and fields that the row's errors tell."""
    fields = row["fields"]
    message = filled(row, row["template_61"] or row["template"])
    return row["code"], message, None if fields is None else [filled(row, field) for field in fields]


def is_message(row, actual, expected):
    """Fails unless this is the message, behind the piece of the query where it has one."""
    if "context" in row["values"]:
        check(actual.startswith("\n") and "^\nERROR at Row:1:Column:" in actual, f"no piece of the query: {actual!r}")
        actual = actual[-len(expected) :]
    equal(actual, expected, "message")


def is_error(row, error, code_name="errorCode", fields=True):
    """Fails unless this object tells the row's error."""
    code, message, names = told(row)
    equal(error[code_name], code, "code")
    is_message(row, error["message"], message)
    if fields:
        equal(error.get("fields"), names, "fields")


def local(element, name):
    """The text of the first element with a local name."""
    for one in element.iter():
        if one.tag.split("}")[-1] == name:
            return one.text or ""
    raise Failed(f"no element {name}")


def steps(run):
    """The steps."""
    sf, server, step = run.sf, run.server, run.suite.step
    admin = Admin(server)

    def login():
        SalesforceLogin(
            username=server.username,
            password=server.password,
            security_token=server.security_token,
            scratch_url=server.base,
            session=server.session(),
        )

    def oauth():
        Salesforce(
            username=server.username,
            password=server.password,
            consumer_key=server.client_id,
            consumer_secret=server.client_secret,
            session=server.proxied(),
        )

    # The calls in which a client meets the errors of an area.
    calls = {
        "auth": lambda: sf.describe(),
        "routing": lambda: sf.restful("nothing"),
        "limits": lambda: sf.limits(),
        "crud": lambda: sf.Account.create({"Name": "x"}),
        "query": lambda: sf.query("SELECT Id FROM Account"),
        "search": lambda: sf.search("FIND {x}"),
        "composite": lambda: sf.restful("composite/sobjects", method="POST", json={"records": [{}]}),
        "bulk": lambda: sf.bulk2.Account._client.create_job("insert"),
        "metadata": lambda: sf.Account.describe(),
    }

    def raised(row, call=None):
        """The content of what the call raises."""
        kind = RAISED.get(row["status"], SalesforceGeneralError)
        return raises(kind, call or calls[row["area"]], status=row["status"]).content

    def seen(row, method="GET", path="limits", **more):
        """What the client's own request is answered, whatever its status."""
        answers = []
        hooks = {"response": lambda response, **_: answers.append(response)}
        try:
            sf._call_salesforce(method, sf.base_url + path, hooks=hooks, allow_redirects=False, **more)
            check(row["status"] < 300, "nothing was raised")
        except SalesforceGeneralError as error:
            equal(error.status, row["status"], "status")
        return answers[0]

    def array(row):
        content = raised(row)
        equal(len(content), 1, "errors")
        is_error(row, content[0])

    def refused(row, call, read=str):
        error = raises(SalesforceAuthenticationFailed, call)
        code, message, _ = told(row)
        equal(error.code, code, "code")
        is_message(row, error.auth_message, read(message))

    def redirect(row):
        query = requests.utils.urlparse(seen(row).headers["Location"]).query
        code, message, _ = told(row)
        expected = requests.models.RequestEncodingMixin._encode_params([("error", code), ("error_description", message)])
        equal(query, expected, "query of the redirect")

    def in_xml(row, path="limits"):
        tree = ElementTree.fromstring(seen(row, path=path, headers={"Content-Type": "text/xml"}).content)
        code, message, _ = told(row)
        equal((local(tree, "statusCode"), local(tree, "message")), (code, message), "row")

    def composite(row):
        parts = {"compositeRequest": [{"referenceId": "a"}, {"referenceId": "b"}]}
        answer = sf.restful("composite", method="POST", json=parts)["compositeResponse"]
        equal([part["referenceId"] for part in answer], ["a", "b"], "parts")
        for part in answer:
            check(part["httpStatusCode"] >= 400, "status of the part")
            is_error(row, part["body"][0])

    def graph(row):
        answer = sf.restful("composite/graph", method="POST", json={})["graphs"][0]
        equal(answer["isSuccessful"], False, "isSuccessful")
        is_error(row, answer["graphResponse"]["compositeResponse"][0]["body"][0])

    def batch(row):
        answer = sf.restful("composite/batch", method="POST", json={})
        equal(answer["hasErrors"], True, "hasErrors")
        is_error(row, answer["results"][0]["result"][0])

    def collections(row):
        answer = sf.restful("composite/sobjects", method="POST", json={"records": [{}, {}]})
        equal([one["success"] for one in answer], [False, False], "success")
        error = answer[0]["errors"][0]
        is_error(row, error, "statusCode", fields=False)
        equal(error["fields"], told(row)[2] or [], "fields")

    def tree(row):
        body = {"records": [{"attributes": {"type": "Account", "referenceId": "one"}}]}
        content = raised(row, lambda: sf.restful("composite/tree/Account", method="POST", json=body))
        equal((content["hasErrors"], content["results"][0]["referenceId"]), (True, "one"), "result")
        is_error(row, content["results"][0]["errors"][0], "statusCode")

    def bulk(row):
        call = lambda: sf.bulk.Account._create_job("insert", False)  # noqa: E731
        content = call() if row["status"] == 200 else raised(row, call)
        code, message, _ = told(row)
        equal(dict(content), {"exceptionCode": code, "exceptionMessage": message}, "content")

    def bulk_row(row):
        result = next(sf.bulk.Account._get_batch_results(JOB, "751", "insert"))[0]
        equal((result["success"], result["created"], result["id"]), (False, False, None), "result")
        is_error(row, result["errors"][0], "statusCode")

    def batch_info(row):
        answer = sf.bulk.Account._get_batch(JOB, "751")
        equal((answer["jobId"], answer["state"], answer["stateMessage"]), (JOB, "Failed", told(row)[1]), "batch")

    def job(row):
        answer = sf.bulk2.Account._client.get_job(JOB, False)
        equal((answer["id"], answer["state"], answer["errorMessage"]), (JOB, "Failed", told(row)[1]), "job")

    def csv(row):
        answer = sf.bulk2.Account.get_failed_records(JOB)
        # The answer names no charset, and the client then takes Latin-1 for it.
        check(f',"{told(row)[1]}",' in answer.encode("latin-1").decode(), f"failed rows: {answer}")

    def gateway(row):
        equal(raised(row)["error"]["message"], told(row)[1], "message")

    forms = {
        "array": array,
        "object": lambda row: is_error(row, raised(row)),
        "ui": lambda row: is_error(row, raised(row, lambda: sf.restful("ui-api/object-info"))),
        "duplicates": lambda row: (check("duplicateResut" in raised(row)[0], "no matches"), array(row)),
        "gateway": gateway,
        "choices": lambda row: equal(raised(row), told(row)[1].split("\n"), "paths"),
        "none": lambda row: equal(raised(row), "", "content"),
        "text": lambda row: equal(raised(row), told(row)[1], "content"),
        "page": lambda row: equal(raised(row), told(row)[1], "content"),
        "oauth": lambda row: refused(row, oauth),
        "oauth-uri": lambda row: refused(row, oauth),
        "redirect": redirect,
        "fault-code": lambda row: check(f"<faultcode>{row['code']}(" in raised(row), "no fault code"),
        # The client leaves the text of an element as the document has it.
        "soap": lambda row: refused(row, login, escape),
        "soap-row": in_xml,
        "metadata-row": in_xml,
        "composite": composite,
        "graph": graph,
        "batch": batch,
        "collections": collections,
        "tree": tree,
        "bulk": bulk,
        "bulk-row": bulk_row,
        "batch-info": batch_info,
        "job": job,
        "csv": csv,
    }

    rows = admin("GET", "/errors")["errors"]
    for area in dict.fromkeys(row["area"] for row in rows):
        own = [row for row in rows if row["area"] == area]

        @step(f"every error of {area} ({len(own)}) is forced by its id and raised")
        def _(own=own):
            wrong = []
            for row in own:
                values = {name: VALUE for name in row["values"] if name != "context"}
                admin("POST", "/orgs/default/faults", {"error": row["id"], "values": values})
                try:
                    forms[row["form"]](row)
                except Exception as error:  # all that is wrong is told
                    wrong.append(f"{row['id']}: {type(error).__name__}: {error}")
                finally:
                    admin("DELETE", "/orgs/default/faults")
            check(not wrong, f"{len(wrong)} wrong: " + "; ".join(wrong))

    @step("a rule strikes the requests that it names alone, as often as it says")
    def _():
        admin("POST", "/orgs/default/faults", {"error": "crud-060", "method": "POST", "object": "Account", "first": 2})
        found = []
        for _n in range(3):
            try:
                found.append(sf.Account.create({"Name": f"{run.name} fault"})["success"])
            except SalesforceMalformedRequest as error:
                found.append(error.content[0]["errorCode"])
        equal(found, ["UNABLE_TO_LOCK_ROW", "UNABLE_TO_LOCK_ROW", True])
        rule = admin("GET", "/orgs/default/faults")["faults"][0]
        equal((rule["matched"], rule["fired"]), (3, 2), "counts")
        admin("DELETE", "/orgs/default/faults")

    @step("connections are dropped, answers break off")
    def _():
        for rule in ({"drop": "before"}, {"drop": "after"}, {"torn": "half"}):
            admin("POST", "/orgs/default/faults", {"path": "limits", **rule})
            try:
                sf.limits()
                raise Failed(f"{rule}: answered")
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                pass
            finally:
                admin("DELETE", "/orgs/default/faults")
        sf.limits()

    @step("the journal has the requests, without their secrets")
    def _():
        before = admin("GET", "/orgs/default/log?limit=1")["next"]
        sf.restful("limits", params={"sid": "secret"})
        raises(SalesforceResourceNotFound, lambda: sf.restful("nothing"))
        entries = admin("GET", f"/orgs/default/log?after={before}")["entries"]
        root = f"/services/data/v{server.api_version}"
        found = [(entry["target"], entry["status"], entry["code"], entry["user"]) for entry in entries]
        expected = [(f"{root}/limits?sid=***", 200, None, server.username), (f"{root}/nothing", 404, "NOT_FOUND", server.username)]
        equal(found, expected, "entries")
