"""Steps that print one line each, and the few comparisons the steps use."""

import json
import re
import time
import traceback

import requests
from requests.adapters import HTTPAdapter

ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
DATETIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$")
TOKEN = re.compile(r"^00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?![A-Za-z0-9_.]+$")


class Failed(Exception):
    """A step found something other than what it expects."""


class Suite:
    """Runs steps, prints their lines and counts them."""

    def __init__(self, client, transport):
        self.client = client
        self.transport = transport
        self.passed = 0
        self.failed = 0

    def step(self, name):
        """Decorator: runs the function at once as the step `name`."""

        def run(function):
            number = self.passed + self.failed + 1
            label = f"{number} {self.client} {self.transport} - {name}"
            try:
                function()
            except Exception as error:  # a step may fail in any way; the suite goes on
                self.failed += 1
                reason = " ".join(str(error).split()) or type(error).__name__
                if not isinstance(error, Failed):
                    where = traceback.extract_tb(error.__traceback__)[-1]
                    reason = f"{type(error).__name__}: {reason} ({where.name}, line {where.lineno})"
                print(f"not ok {label}: {reason[:900]}", flush=True)
            else:
                self.passed += 1
                print(f"ok {label}", flush=True)
            return function

        return run

    def finish(self):
        """Prints the closing line; answers the exit code."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


class PlainHttp(HTTPAdapter):
    """A transport for a caller's own session: what the client addresses by https travels as plain http."""

    def send(self, request, *args, **kwargs):
        if request.url.startswith("https://"):
            request.url = "http://" + request.url.removeprefix("https://")
        return super().send(request, *args, **kwargs)


class Server:
    """Where the server is, from its ready file, and sessions that reach it over one transport."""

    def __init__(self, ready, transport):
        self.__dict__.update(ready)
        self.transport = transport
        self.base = (ready["url"] if transport == "http" else ready["tls_url"]).rstrip("/")
        self.authority = self.base.split("://", 1)[1]
        # What the client is told: it speaks https in its URLs, whatever carries them.
        self.instance_url = f"https://{self.authority}"

    def session(self):
        """A session straight to the server."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.ca_file
        if self.transport == "http":
            session.mount(self.instance_url, PlainHttp(pool_maxsize=32))
        else:
            session.mount("https://", HTTPAdapter(pool_maxsize=32))
        return session

    def proxied(self):
        """A session that reaches the vendor's host names through the server's CONNECT tunnel."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.ca_file
        session.proxies = {"https": self.proxy_url}
        return session


def run_name():
    """A short name that no earlier run on the same server has used."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    number, name = time.time_ns() // 1_000_000, ""
    while number:
        number, rest = divmod(number, 36)
        name = digits[rest] + name
    return "p" + name


def check(truth, what):
    """Fails with `what` unless `truth` holds."""
    if not truth:
        raise Failed(what)


def equal(actual, expected, what="value"):
    """Fails unless both are equal; key order is not compared."""
    if actual != expected:
        raise Failed(f"{what}: got {show(actual)}, expected {show(expected)}")


def same(actual, expected, what="body"):
    """Fails unless both are the same JSON, key order included."""
    if json.dumps(actual) != json.dumps(expected):
        raise Failed(f"{what}: got {show(actual)}, expected {show(expected)}")


def show(value):
    """A value as one line of JSON, cut to a bearable length."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 360 else text[:360] + "…"


def raises(kind, function, status=None, content=None):
    """Fails unless the call raises exactly `kind`, with this status and these contents; answers the error."""
    try:
        result = function()
    except Exception as error:
        if type(error) is not kind:
            raise Failed(f"raised {type(error).__name__} ({error}), expected {kind.__name__}") from error
        if status is not None:
            equal(error.status, status, "status")
        if content is not None:
            same(error.content, content, "content")
        return error
    raise Failed(f"answered {show(result)}, expected {kind.__name__}")


def good_id(value, prefix):
    """Fails unless the value is an 18-character id with this key prefix and a right checksum."""
    check(isinstance(value, str) and len(value) == 18 and value.isalnum(), f"not an 18-character id: {value!r}")
    check(value.startswith(prefix), f"id {value} lacks the key prefix {prefix}")
    suffix = ""
    for part in range(3):
        bits = sum(1 << place for place, letter in enumerate(value[part * 5 : part * 5 + 5]) if letter.isupper())
        suffix += ID_ALPHABET[bits]
    equal(value[15:], suffix, f"checksum of {value}")
