"""Apex REST: a class made through the Tooling API and called."""

from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceResourceNotFound

from harness import check, equal, good_id, raises


def steps(run):
    sf, step = run.sf, run.suite.step
    name = f"Apex_{run.name}"
    body = f"""@RestResource(urlMapping='/{run.name}/*')
global class {name} {{
  @HttpGet global static String hello() {{ return 'Hello ' + RestContext.request.requestURI; }}
  @HttpPost global static Integer twice(Integer n) {{ return n * 2; }}
  @HttpPut global static void fail() {{ insert new Account(); }}
}}"""
    made = {}

    @step("a class by toolingexecute")
    def _():
        answer = sf.toolingexecute("sobjects/ApexClass", method="POST", data={"Body": body})
        good_id(answer["id"], "01p")
        made["id"] = answer["id"]

    @step("apexecute calls it")
    def _():
        equal(sf.apexecute(f"{run.name}/you"), f"Hello /{run.name}/you", "GET")
        equal(sf.apexecute(run.name, method="POST", data={"n": 21}), 42, "POST")

    @step("apexecute raises what it threw")
    def _():
        error = raises(SalesforceGeneralError, lambda: sf.apexecute(run.name, method="PUT", data={}), 500)
        check("System.DmlException: Insert failed." in str(error.content), error.content)
        error = raises(SalesforceResourceNotFound, lambda: sf.apexecute("nothing/here"), 404)
        equal(error.content[0]["errorCode"], "NOT_FOUND", "code")

    @step("the class goes")
    def _():
        sf.toolingexecute(f"sobjects/ApexClass/{made['id']}", method="DELETE")
