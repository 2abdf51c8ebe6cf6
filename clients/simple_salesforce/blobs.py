"""Bytes of records, up and down, and passwords."""

import base64
import os
import tempfile

from simple_salesforce import SalesforceMalformedRequest

from harness import equal, good_id, raises
from records import made

HELLO = bytes(range(256))


def steps(run):
    """The steps; they use the run's account and delete what they make."""
    sf, server, step = run.sf, run.server, run.suite.step

    @step("an attachment in base64 comes back byte by byte")
    def _():
        body = base64.b64encode(HELLO).decode()
        parent = made(sf.Account.create({"Name": f"{run.name} with files"}), "001")
        picture = made(sf.Attachment.create({"ParentId": parent, "Name": "all.bin", "Body": body}), "00P")
        equal(sf.Attachment.get_base64(picture), HELLO, "bytes")
        equal(sf.Attachment.get(picture)["BodyLength"], 256, "length")
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(b"shorter")
        try:
            equal(sf.Attachment.update_base64(picture, file.name), 204, "update")
        finally:
            os.unlink(file.name)
        equal(sf.Attachment.get_base64(picture), b"shorter", "bytes after the update")
        equal(sf.Account.delete(parent), 204, "delete")

    @step("a file: version, document, link")
    def _():
        content = base64.b64encode(HELLO).decode()
        version = made(sf.ContentVersion.create({"Title": run.name, "PathOnClient": "all.bin", "VersionData": content}), "068")
        row = sf.ContentVersion.get(version)
        good_id(row["ContentDocumentId"], "069")
        equal((row["VersionNumber"], row["IsLatest"], row["ContentSize"]), ("1", True, 256), "facts")
        equal(sf.ContentVersion.get_base64(version, "VersionData"), HELLO, "bytes")
        links = sf.query(f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{row['ContentDocumentId']}'")
        equal([r["LinkedEntityId"] for r in links["records"]], [server.user_id], "links")
        equal(sf.ContentDocument.delete(row["ContentDocumentId"]), 204, "delete")

    @step("set_password answers nothing; a weak one is INVALID_NEW_PASSWORD")
    def _():
        profile = sf.User.get(server.user_id)["ProfileId"]
        name = f"pw-{run.name.lower().replace(' ', '-')}-{run.suite.transport}@orglet.example"
        user = made(
            sf.User.create(
                {
                    "Username": name,
                    "LastName": "Beck",
                    "Email": name,
                    "Alias": "beck",
                    "ProfileId": profile,
                    "TimeZoneSidKey": "GMT",
                    "LocaleSidKey": "en_US",
                    "EmailEncodingKey": "UTF-8",
                    "LanguageLocaleKey": "en_US",
                }
            ),
            "005",
        )
        equal(sf.set_password(user, "myNewPassword1234"), None, "answer")
        refused = raises(SalesforceMalformedRequest, lambda: sf.set_password(user, "onlyletters"))
        equal(refused.content[0]["errorCode"], "INVALID_NEW_PASSWORD", "code")
        equal(sf.User.update(user, {"IsActive": False}), 204, "deactivated")
