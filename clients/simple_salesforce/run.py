"""Drives an unmodified simple-salesforce against a running server.

    python run.py --ready FILE --transport http|https

The client builds nothing but https URLs. Over `http` the caller's session, which the client takes as it is, carries
them as plain http; over `https` it trusts the server's own certificate authority. Logins with hard-wired vendor hosts
go through the server's CONNECT tunnel in both runs.
"""

import argparse
import json
import sys
from types import SimpleNamespace

import apex
import blobs
import faults
import logins
import queries
import records
import schema
from harness import Server, Suite, run_name


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ready", required=True, help="the server's ready file")
    parser.add_argument("--transport", required=True, choices=["http", "https"])
    options = parser.parse_args()
    with open(options.ready, encoding="utf-8") as file:
        server = Server(json.load(file), options.transport)
    suite = Suite("simple-salesforce", options.transport)
    run = SimpleNamespace(server=server, suite=suite, name=run_name())
    for part in (logins, schema, apex, records, blobs, queries, faults):
        part.steps(run)
    schema.clean_up(run)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
