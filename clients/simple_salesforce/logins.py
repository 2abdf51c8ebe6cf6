"""Every way in that the client has, and what it raises when the way is barred."""

from simple_salesforce import Salesforce, SalesforceAuthenticationFailed, SalesforceExpiredSession, SalesforceLogin

from harness import TOKEN, check, equal, good_id, raises, same

EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def refused_login(function, code, message):
    """Fails unless the call raises the client's login error with this code and message."""
    error = raises(SalesforceAuthenticationFailed, function)
    equal(error.code, code, "code")
    equal(error.auth_message, message, "message")


def works(sf):
    """Fails unless the client can read its own organization's row."""
    answer = sf.query("SELECT Id FROM Organization")
    equal(answer["totalSize"], 1, "organizations")


def steps(run):
    """The steps; leaves the client that the other parts use in `run.sf`."""
    server, step = run.server, run.suite.step
    secret = server.password + server.security_token

    def soap(**more):
        known = {"username": server.username, "scratch_url": server.base, "session": server.session()}
        return SalesforceLogin(**{**known, **more})

    run.sf = Salesforce(
        session_id=server.access_token,
        instance_url=server.instance_url,
        version=server.api_version,
        session=server.session(),
    )

    @step("session id and instance URL given directly")
    def _():
        equal(run.sf.auth_type, "direct")
        works(run.sf)

    @step("SOAP login with security token answers session and instance")
    def _():
        session_id, instance = soap(password=server.password, security_token=server.security_token)
        check(TOKEN.match(session_id), f"shape of the session id: {session_id}")
        equal(session_id.split("!")[0], server.org_id[:15], "organization in the session id")
        equal(instance, server.authority, "instance")
        works(Salesforce(session_id=session_id, instance=instance, session=server.session()))

    @step("SOAP login with an organization's scope header")
    def _():
        session_id, instance = soap(password=secret, organizationId=server.org_id)
        check(TOKEN.match(session_id), f"shape of the session id: {session_id}")
        equal(instance, server.authority, "instance")

    @step("SOAP login with the token appended to the password")
    def _():
        session_id, _instance = soap(password=secret)
        check(TOKEN.match(session_id), f"shape of the session id: {session_id}")

    @step("SOAP login with a wrong password raises INVALID_LOGIN")
    def _():
        refused_login(
            lambda: soap(password="wrong", security_token=server.security_token),
            "INVALID_LOGIN",
            "Invalid username, password, security token; or user locked out.",
        )

    @step("SOAP login of an unknown user raises INVALID_LOGIN")
    def _():
        refused_login(
            lambda: soap(username="nobody@nowhere.invalid", password=server.password, security_token=server.security_token),
            "INVALID_LOGIN",
            "Invalid username, password, security token; or user locked out.",
        )

    for domain in ("login", "test"):

        @step(f"SOAP login at hard-wired {domain}.salesforce.com through the CONNECT tunnel")
        def _(domain=domain):
            sf = Salesforce(
                username=server.username,
                password=server.password,
                security_token=server.security_token,
                domain=domain,
                session=server.proxied(),
            )
            equal(sf.auth_type, "password")
            equal(sf.sf_instance, "orglet.my.salesforce.com", "the instance is not the host for logging in")
            works(sf)

    @step("OAuth password grant through the CONNECT tunnel")
    def _():
        sf = Salesforce(
            username=server.username,
            password=secret,
            consumer_key=server.client_id,
            consumer_secret=server.client_secret,
            session=server.proxied(),
        )
        check(TOKEN.match(sf.session_id), f"shape of the access token: {sf.session_id}")
        works(sf)

    @step("OAuth password grant with a wrong password raises invalid_grant")
    def _():
        refused_login(
            lambda: Salesforce(
                username=server.username,
                password="wrong",
                consumer_key=server.client_id,
                consumer_secret=server.client_secret,
                session=server.proxied(),
            ),
            "invalid_grant",
            "authentication failure",
        )

    @step("OAuth password grant with an unknown client id raises invalid_client_id")
    def _():
        refused_login(
            lambda: Salesforce(
                username=server.username,
                password=secret,
                consumer_key="nosuchclient",
                consumer_secret=server.client_secret,
                session=server.proxied(),
            ),
            "invalid_client_id",
            "client identifier invalid",
        )

    @step("OAuth password grant with a wrong client secret raises invalid_client")
    def _():
        refused_login(
            lambda: Salesforce(
                username=server.username,
                password=secret,
                consumer_key=server.client_id,
                consumer_secret="wrong",
                session=server.proxied(),
            ),
            "invalid_client",
            "invalid client credentials",
        )

    @step("client-credentials grant with a Basic header at a My Domain host")
    def _():
        sf = Salesforce(
            consumer_key=server.client_id,
            consumer_secret=server.client_secret,
            domain="orglet.my",
            session=server.proxied(),
        )
        equal(sf.auth_type, "client-credentials")
        equal(sf.sf_instance, "orglet.my.salesforce.com", "instance follows the host that was asked")
        works(sf)

    @step("a session that is no session raises SalesforceExpiredSession")
    def _():
        bad = Salesforce(
            session_id=f"{server.org_id[:15]}!nosuchsession",
            instance_url=server.instance_url,
            version=server.api_version,
            session=server.session(),
        )
        raises(SalesforceExpiredSession, lambda: bad.query("SELECT Id FROM Account"), 401, EXPIRED)
        raises(SalesforceExpiredSession, lambda: bad.Account.describe(), 401, EXPIRED)
        raises(SalesforceExpiredSession, lambda: bad.Account.create({"Name": "x"}), 401, EXPIRED)

    @step("the client logs in again by itself when its session has gone")
    def _():
        sf = Salesforce(
            username=server.username,
            password=server.password,
            security_token=server.security_token,
            session=server.proxied(),
        )
        sf.session_id = f"{server.org_id[:15]}!gone"
        sf._generate_headers()
        works(sf)
        check(not sf.session_id.endswith("!gone"), "the session was not renewed")

    @step("a revoked token is refused afterwards")
    def _():
        sf = Salesforce(
            consumer_key=server.client_id,
            consumer_secret=server.client_secret,
            domain="orglet.my",
            session=server.proxied(),
        )
        token = sf.session_id
        equal(sf.oauth2("revoke", {"token": token}, method="POST"), None, "answer")
        left = Salesforce(session_id=token, instance=sf.sf_instance, session=server.proxied())
        raises(SalesforceExpiredSession, lambda: left.limits(), 401, EXPIRED)
        works(run.sf)

    @step("userinfo names the user, the organization and the identity URL")
    def _():
        info = run.sf.oauth2("userinfo")
        equal(info["user_id"], server.user_id, "user_id")
        equal(info["organization_id"], server.org_id, "organization_id")
        equal(info["preferred_username"], server.username, "preferred_username")
        check(info["sub"].endswith(f"/id/{server.org_id}/{server.user_id}"), f"sub: {info['sub']}")
        equal(info["active"], True, "active")

    @step("the identity URL of the version's resources answers who this is")
    def _():
        url = run.sf.restful("")["identity"]
        check(url.startswith(server.base + "/id/"), f"identity URL follows scheme and host: {url}")
        answer = run.sf.session.get(url, headers={"Authorization": f"Bearer {run.sf.session_id}"})
        equal(answer.status_code, 200, "status")
        who = answer.json()
        good_id(who["user_id"], "005")
        equal(who["username"], server.username, "username")
        same(list(who)[:6], ["id", "asserted_user", "user_id", "organization_id", "username", "nick_name"], "first keys")
