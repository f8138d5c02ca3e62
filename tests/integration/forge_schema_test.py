#!/usr/bin/python3
"""Performs every path of the forge and validates each answer against GitHub's published schemas.

usage: forge_schema_test.py FORGE_PROBE VALIDATOR

Skips loudly (exit code 77) when the schemas are not there; where SRE_SHARED or CI says they must be,
that is a failure instead.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
REPO = "/repos/sre-space/demo"
ISSUE = REPO + "/issues/1"


class Forge:
    def __init__(self, url):
        self.url = url
        self.faults = []

    def call(self, method, path, body=None, token="owner-token", expect=200, headers=None):
        """Sends one request; notes a fault when the status is not the expected one."""
        data = None if body is None else (
            body if isinstance(body, bytes) else json.dumps(body).encode())
        request = urllib.request.Request(self.url + path, data=data, method=method)
        if token:
            request.add_header("Authorization", "Bearer " + token)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                status, text, fields = reply.status, reply.read(), reply.headers
        except urllib.error.HTTPError as error:
            status, text, fields = error.code, error.read(), error.headers
        if status != expect:
            self.faults.append(f"{method} {path}: {status} instead of {expect}: {text[:200]}")
        return (json.loads(text) if text else None), fields


def perform(forge):
    """Every path once well, and each kind of refusal."""
    call = forge.call
    call("GET", "/user")
    call("GET", "/user", token="reader-token")
    call("GET", "/user", token=None, expect=401)
    call("GET", "/user", token="wrong", expect=401)
    call("GET", "/users/rita")
    call("GET", "/users/nobody", expect=404)
    call("GET", "/rate_limit")
    call("GET", REPO)
    call("GET", "/api/v3" + REPO)
    call("GET", "/repos/sre-space/other", expect=404)
    for login in ("sre-space", "rita", "tom"):
        call("GET", f"{REPO}/collaborators/{login}/permission")
    call("GET", f"{REPO}/collaborators/nobody/permission", expect=404)
    call("GET", f"{REPO}/collaborators/tom/permission", token="reader-token", expect=403)

    call("POST", REPO + "/labels", {"name": "Status: Fixed", "color": "0E8A16"}, expect=201)
    call("POST", REPO + "/labels", {"name": "status: fixed", "color": "0E8A16"}, expect=422)
    call("POST", REPO + "/labels", {"name": "x", "color": "invalid"}, expect=422)
    call("POST", REPO + "/labels", {"name": "x"}, token="reader-token", expect=403)
    call("GET", REPO + "/labels")
    quoted = urllib.parse.quote("Status: Fixed", safe="")
    call("GET", f"{REPO}/labels/{quoted}")
    call("PATCH", f"{REPO}/labels/{quoted}", {"description": "done", "color": "ff0000"})
    call("GET", f"{REPO}/labels/none", expect=404)

    call("GET", REPO + "/issues")
    call("POST", REPO + "/issues", {"title": "[INCIDENT] shop: out of memory", "body": "**body**",
                                    "labels": ["incident", "severity: high"],
                                    "assignees": ["tom"]}, expect=201)
    call("POST", REPO + "/issues", {"body": "no title"}, expect=422)
    call("POST", REPO + "/issues", {"title": "x" * 257}, expect=422)
    call("POST", REPO + "/issues", b"{not json", expect=400)
    call("POST", REPO + "/issues", {"title": "by a reader"}, token="reader-token", expect=201)
    call("GET", REPO + "/issues?state=all&sort=updated&per_page=1")
    call("GET", REPO + "/issues?state=open&labels=incident&creator=sre-space")
    _, headers = call("GET", ISSUE)
    call("GET", ISSUE, expect=304, headers={"If-None-Match": headers["ETag"]})
    call("GET", REPO + "/issues/99", expect=404)

    call("POST", ISSUE + "/labels", {"labels": ["Status: Fixed", "made up"]})
    call("GET", ISSUE + "/labels")
    call("DELETE", f"{ISSUE}/labels/{quoted}")
    call("DELETE", f"{ISSUE}/labels/{quoted}", expect=404)
    call("PUT", ISSUE + "/labels", {"labels": ["incident"]})
    call("POST", ISSUE + "/labels", {"labels": ["no"]}, token="reader-token", expect=403)

    comment, _ = call("POST", ISSUE + "/comments", {"body": "hello"}, expect=201)
    other, _ = call("POST", ISSUE + "/comments", {"body": "bye"}, expect=201)
    call("POST", ISSUE + "/comments", {"body": ""}, expect=422)
    call("POST", ISSUE + "/comments", {"body": "x" * 65537}, expect=422)
    call("GET", ISSUE + "/comments?per_page=1")
    call("GET", REPO + "/issues/comments?sort=updated&since=2020-01-01T00:00:00Z")
    path = f"{REPO}/issues/comments/{comment['id']}"
    call("GET", path)
    call("PATCH", path, {"body": "hello again"})
    call("PATCH", path, {"body": "not mine"}, token="reader-token", expect=403)

    for subject in (ISSUE, path):
        call("POST", subject + "/reactions", {"content": "+1"}, expect=201)
        call("POST", subject + "/reactions", {"content": "+1"})
        call("POST", subject + "/reactions", {"content": "-1"}, token="reader-token", expect=201)
        call("POST", subject + "/reactions", {"content": "wow"}, expect=422)
        call("GET", subject + "/reactions")
    call("GET", path)
    call("DELETE", f"{REPO}/issues/comments/{other['id']}", expect=204)
    call("DELETE", f"{REPO}/issues/comments/{other['id']}", expect=404)

    call("PATCH", ISSUE, {"title": "renamed", "body": None})
    call("PATCH", ISSUE, {"state": "closed", "state_reason": "completed", "assignees": []})
    call("GET", ISSUE)
    call("PATCH", ISSUE, {"state": "open"})
    call("PATCH", ISSUE, {"state": "gone"}, expect=422)
    call("PATCH", ISSUE, {"state": "closed"}, token="reader-token", expect=403)
    call("GET", ISSUE + "/events")
    call("GET", ISSUE + "/timeline")
    call("DELETE", ISSUE + "/labels", expect=204)
    call("DELETE", f"{REPO}/labels/{quoted}", expect=204)
    call("GET", "/search/issues?q=x", expect=501)
    call("PUT", ISSUE + "/lock", {}, expect=501)


def main():
    probe, validator = sys.argv[1], sys.argv[2]
    shared = pathlib.Path(os.environ.get("SRE_SHARED", PROJECT.parent / "shared"))
    schemas = shared / "data" / "github-openapi" / "response-schemas.draft07.json"
    if not schemas.exists():
        print(f"SKIPPED: GitHub's schemas are not at {schemas} (set SRE_SHARED)")
        return 1 if "SRE_SHARED" in os.environ or os.environ.get("CI") == "true" else 77
    with tempfile.TemporaryDirectory() as folder:
        record = os.path.join(folder, "record.jsonl")
        process = subprocess.Popen([probe, os.path.join(folder, "forge.db"), record],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            forge = Forge(process.stdout.readline().strip())
            perform(forge)
        finally:
            process.stdin.close()
            process.wait(timeout=10)
        result = subprocess.run(["/usr/bin/python3", validator, record, "--schemas", str(schemas),
                                 "--list"], check=False)
    for fault in forge.faults:
        print(fault)
    return 1 if forge.faults or result.returncode != 0 or process.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
