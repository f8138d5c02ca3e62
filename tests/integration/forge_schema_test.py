#!/usr/bin/python3
"""Performs every path of the forge and validates each answer, and what its webhooks tell, against
GitHub's published schemas.

usage: forge_schema_test.py FORGE_PROBE VALIDATOR

Skips loudly (exit code 77) when the schemas are not there; where SRE_SHARED or CI says they must be,
that is a failure instead.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import jsonschema

from forge_git_calls import perform_git
from forge_http import send
from forge_pull_calls import PULLS_TOLD, perform_pulls, perform_pulls_told

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
REPO = "/repos/sre-space/demo"
ISSUE = REPO + "/issues/1"


class Forge:
    def __init__(self, url):
        self.url = url
        self.faults = []

    def call(self, method, path, body=None, token="owner-token", expect=200, headers=None):
        """Sends one request; notes a fault when the status is not the expected one."""
        status, text, fields = self.send(method, path, body, token, headers)
        if status != expect:
            self.faults.append(f"{method} {path}: {status} instead of {expect}: {text[:200]}")
        return (json.loads(text) if text else None), fields


    def ask(self, method, path, body, token):
        """Status and text of whatever the answer is."""
        return self.send(method, path, None if method in ("GET", "DELETE") else body, token, {})[:2]

    def send(self, method, path, body, token, headers):
        return send(self.url, method, path, body, token, headers)


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
    call("GET", REPO + "/releases", expect=501)


def perform_more(forge):
    """Assignees, locks, reactions taken back, milestones, search."""
    call = forge.call
    call("GET", REPO + "/assignees")
    call("GET", REPO + "/assignees/tom", expect=204)
    call("GET", REPO + "/assignees/nobody", expect=404)
    call("GET", REPO + "/collaborators")
    call("GET", REPO + "/collaborators", token="reader-token", expect=403)
    call("POST", ISSUE + "/assignees", {"assignees": ["tom", "nobody"]}, expect=201)
    call("DELETE", ISSUE + "/assignees", {"assignees": ["tom"]})

    call("PUT", ISSUE + "/lock", {"lock_reason": "resolved"}, expect=204)
    call("PUT", ISSUE + "/lock", {"lock_reason": "bored"}, expect=422)
    call("POST", ISSUE + "/comments", {"body": "x"}, token="reader-token", expect=403)
    call("GET", ISSUE)
    call("DELETE", ISSUE + "/lock", expect=204)

    reaction, _ = call("POST", ISSUE + "/reactions", {"content": "eyes"}, expect=201)
    path = f"{ISSUE}/reactions/{reaction['id']}"
    call("DELETE", path, token="reader-token", expect=403)
    call("DELETE", path, expect=204)
    call("DELETE", path, expect=404)

    milestone, _ = call("POST", REPO + "/milestones",
                        {"title": "v1", "description": "first", "due_on": "2030-01-01T00:00:00Z"},
                        expect=201)
    call("POST", REPO + "/milestones", {"title": "v1"}, expect=422)
    call("POST", REPO + "/milestones", {"title": "v2"}, token="reader-token", expect=403)
    call("POST", REPO + "/milestones", {"title": "v2"}, expect=201)
    call("GET", REPO + "/milestones?state=all")
    path = f"{REPO}/milestones/{milestone['number']}"
    call("GET", path)
    call("PATCH", ISSUE, {"milestone": milestone["number"]})
    call("PATCH", ISSUE, {"milestone": 99}, expect=422)
    call("GET", f"{REPO}/issues?milestone={milestone['number']}")
    call("GET", ISSUE + "/events")
    call("GET", ISSUE + "/timeline")
    call("PATCH", path, {"state": "closed", "title": "v1.0"})
    call("PATCH", ISSUE, {"milestone": None})
    call("DELETE", path, expect=204)
    call("GET", path, expect=404)

    call("GET", "/search/issues?q=" + urllib.parse.quote("repo:sre-space/demo is:issue renamed"))
    call("GET", "/search/issues?q=" + urllib.parse.quote('label:"severity: high" is:open x'))
    call("GET", "/search/issues?q=is:pr")
    call("GET", "/search/issues?q=is:odd", expect=422)
    call("GET", "/search/issues", expect=422)
    call("GET", "/search/issues?q=repo:a/b", expect=422)


def perform_all_listed(forge, operations):
    """Each operation GitHub's list has is served, or is on the list of those that are not."""
    missing = []
    for operation in operations:
        path = operation["path"].replace("{owner}/{repo}", "sre-space/demo")
        path = re.sub(r"{[^}]*}", "9999", path)
        if operation["path"] == "/":
            path = "/api/v3/"  # Without it the pages begin there.
        token = "reader-token"  # Who may do nothing that changes what the next one finds.
        status, text = forge.ask(operation["method"], path, {}, token)
        if status == 501:
            missing.append(f"{operation['method']} {operation['path']}")
            message = json.loads(text).get("message", "")
            if not message.startswith("Not implemented by this forge: " + operation["method"]):
                forge.faults.append(f"{missing[-1]}: 501 without saying what: {message}")
        elif status >= 500:
            forge.faults.append(f"{operation['method']} {path}: {status}")
    documented = re.findall(r"^    ((?:GET|POST|PUT|PATCH|DELETE) /\S*)$",
                            (PROJECT / "docs/formats/forge.md").read_text("utf-8"), re.M)
    unsaid = sorted(set(missing) - set(documented))
    if unsaid:
        forge.faults.append(f"docs/formats/forge.md does not say that these are not served: {unsaid}")


# Of api.github.com's answers, what the forge has no use for: browsers of other sites, HTTPS, and the
# scopes a token would need.
LEFT_OUT = {"access-control-allow-origin", "access-control-expose-headers",
            "strict-transport-security", "x-accepted-oauth-scopes", "x-xss-protection"}
SCENARIOS = ("errors", "add-labels-to-issue", "search-issues")


def perform_recorded(forge, folder):
    """Repeats exchanges recorded from api.github.com: same status, same headers, same fields."""
    number = None
    for _ in range(2):
        forge.call("POST", REPO + "/issues", {"title": "The doors don't open", "body":
                   "I tried \"Open Sesame\""}, expect=201)
    for scenario in SCENARIOS:
        entries = json.loads((folder / scenario / "normalized-fixture.json").read_text("utf-8"))
        owner = f"octokit-fixture-org/{scenario}"
        for entry in entries:
            path = entry["path"].replace(owner, "sre-space/demo").replace(
                urllib.parse.quote(owner, safe=""), "sre-space%2Fdemo")
            if "/issues/1/" in path:
                path = path.replace("/issues/1/", f"/issues/{number}/")
            reply, headers = forge.call(entry["method"].upper(), path, entry["body"] or None,
                                        expect=entry["status"])
            what = f"recorded {scenario} {entry['method']} {path}"
            number = reply.get("number") if isinstance(reply, dict) else None
            compare_fields(forge, what, entry["response"], reply)
            missing = set(entry["headers"]) - {name.lower() for name in headers} - LEFT_OUT
            if missing:
                forge.faults.append(f"{what}: without the headers {sorted(missing)}")
            for name in ("content-type", "cache-control", "x-ratelimit-resource"):
                if entry["headers"].get(name) != headers.get(name):
                    forge.faults.append(f"{what}: {name} is {headers.get(name)}")


def compare_fields(forge, what, theirs, ours):
    """Each field GitHub gave is there and of the same kind; null fits all."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name, value in theirs.items():
            if name not in ours:
                forge.faults.append(f"{what}: no field {name}")
            else:
                compare_fields(forge, f"{what} {name}", value, ours[name])
    elif isinstance(theirs, list) and isinstance(ours, list):
        if theirs and ours:
            compare_fields(forge, what, theirs[0], ours[0])
        elif theirs:
            forge.faults.append(f"{what}: an empty list")
    elif None not in (theirs, ours) and isinstance(theirs, str) != isinstance(ours, str):
        forge.faults.append(f"{what}: {ours!r} where GitHub has {theirs!r}")


class AppKey:
    """An RSA key made by openssl, and what it signs."""

    def __init__(self, folder):
        self.private = os.path.join(folder, "app.pem")
        self.public = os.path.join(folder, "app.pub.pem")
        subprocess.run(["openssl", "genrsa", "-out", self.private, "2048"], check=True,
                       capture_output=True)
        subprocess.run(["openssl", "rsa", "-in", self.private, "-pubout", "-out", self.public],
                       check=True, capture_output=True)

    def sign(self, alg="RS256", **claims):
        now = int(time.time())
        claims = {"iat": now - 60, "exp": now + 540, "iss": 7} | claims
        text = ".".join(encode(json.dumps(part).encode())
                        for part in ({"alg": alg, "typ": "JWT"}, claims))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.private],
                                   input=text.encode(), check=True, capture_output=True).stdout
        return text + "." + encode(signature)


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def perform_apps(forge, key, others_key):
    """A GitHub App: its own signed token, then the installation's."""
    call = forge.call
    now = int(time.time())
    jwt = key.sign()
    app, _ = call("GET", "/app", token=jwt)
    for wrong in (others_key.sign(), key.sign(iss=8), key.sign(exp=now - 1),
                  key.sign(exp=now + 3600), key.sign(iat=now + 300), jwt[:-8] + "AAAAAAAA",
                  key.sign(alg="HS256"), key.sign(alg="none"), "a.b.c", "..", key.sign(iat="x")):
        call("GET", "/app", token=wrong, expect=401)
    call("GET", "/app", token=key.sign(iss="Iv1.forge7"))
    call("GET", "/app", expect=401)
    call("GET", "/user", token=jwt, expect=403)
    call("GET", REPO, token=jwt, expect=403)
    installations, _ = call("GET", "/app/installations", token=jwt)
    installation = installations[0]["id"]
    call("GET", f"/app/installations/{installation}", token=jwt)
    call("GET", "/app/installations/99", token=jwt, expect=404)
    call("GET", REPO + "/installation", token=jwt)
    made, _ = call("POST", f"/app/installations/{installation}/access_tokens", {}, token=jwt,
                   expect=201)
    token = made["token"]
    call("GET", "/installation/repositories", token=token)
    call("GET", "/installation/repositories", expect=403)
    call("GET", "/user", token=token, expect=403)
    call("GET", "/app", token=token, expect=401)
    issue, _ = call("POST", REPO + "/issues", {"title": "by an app", "labels": ["incident"]},
                    token=token, expect=201)
    if issue["user"]["login"] != app["slug"] + "[bot]" or issue["user"]["type"] != "Bot":
        forge.faults.append(f"an app's issue is by {issue['user']['login']}")
    call("GET", REPO + "/hooks", token=token, expect=403)


def perform_dispatches(forge):
    """Organisations, teams, dispatches, and what is honestly not served."""
    call = forge.call
    call("GET", "/meta")
    call("GET", "/user/repos")
    call("GET", "/orgs/acme")
    call("GET", "/orgs/other", expect=404)
    call("GET", "/orgs/acme/repos")
    team = "/orgs/acme/teams/on-call"
    call("GET", team + "/memberships/tom")
    call("GET", team + "/memberships/TOM")
    call("GET", team + "/memberships/rita", expect=404)
    call("GET", team + "/memberships/tom", token="reader-token", expect=404)
    call("GET", "/orgs/acme/teams/none/memberships/tom", expect=404)
    call("GET", team + "/members")
    call("GET", REPO + "/issues/events?per_page=5")
    call("POST", REPO + "/dispatches", {"event_type": "deploy"}, expect=204)
    call("POST", REPO + "/dispatches", {}, expect=422)
    call("POST", REPO + "/dispatches", expect=422)
    call("POST", REPO + "/dispatches", {"event_type": "x", "client_payload": [1]}, expect=422)
    call("POST", REPO + "/dispatches", {"event_type": "x"}, token="reader-token", expect=403)
    workflows = REPO + "/actions/workflows"
    call("GET", workflows)
    call("GET", workflows + "/1")
    call("GET", workflows + "/rollback.yml")
    call("GET", workflows + "/3", expect=404)
    call("POST", workflows + "/deploy.yml/dispatches", {"ref": "main"}, expect=204)
    call("POST", workflows + "/deploy.yml/dispatches", {}, expect=422)
    call("POST", workflows + "/none.yml/dispatches", {"ref": "main"}, expect=404)
    call("GET", workflows + "/2/runs")
    call("GET", REPO + "/actions/runs")
    for path in (REPO + "/releases", REPO + "/deployments", "/search/code?q=x", "/gists"):
        reply, _ = call("GET", path, expect=501)
        if path.split("?")[0] not in reply["message"]:
            forge.faults.append(f"501 does not name the path: {reply}")


def perform_hooks(forge, receiver):
    """Webhooks, while `receiver` listens; what it hears is checked by check_deliveries."""
    call = forge.call
    config = {"url": receiver.url, "content_type": "json", "secret": SECRET}
    hook, _ = call("POST", REPO + "/hooks", {"config": config, "events": ["*"]}, expect=201)
    call("POST", REPO + "/hooks", {"config": {"url": "ftp://x/"}}, expect=422)
    call("POST", REPO + "/hooks", {"config": config, "events": ["odd"]}, expect=422)
    call("POST", REPO + "/hooks", {"config": config}, token="reader-token", expect=403)
    path = f"{REPO}/hooks/{hook['id']}"
    receiver.await_count(1)
    perform_everything_told(call)
    perform_pulls_told(call)
    receiver.await_count(len(TOLD))
    call("POST", path + "/pings", expect=204)
    receiver.await_count(len(TOLD) + 1)
    call("GET", REPO + "/hooks")
    deliveries, headers = call("GET", path + "/deliveries?per_page=2")
    if 'rel="next"' not in (headers.get("Link") or ""):
        forge.faults.append("deliveries: no next page")
    call("GET", path + "/deliveries?cursor=x", expect=400)
    one = f"{path}/deliveries/{deliveries[-1]['id']}"
    call("GET", one)
    call("POST", one + "/attempts", expect=202)
    receiver.await_count(len(TOLD) + 2)
    if receiver.heard[-1]["headers"]["X-GitHub-Delivery"] != deliveries[-1]["guid"]:
        forge.faults.append("redelivery: another delivery id")
    call("PATCH", path, {"active": False, "add_events": ["issues"], "config": config})
    call("GET", path)
    call("DELETE", path, expect=204)
    call("GET", path, expect=404)


# What perform_everything_told causes, in order.
TOLD = [("ping", None), ("label", "created"), ("label", "edited"), ("issues", "opened"),
        ("issues", "labeled"), ("issues", "assigned"), ("issue_comment", "created"),
        ("issue_comment", "edited"), ("issues", "edited"), ("issues", "unlabeled"),
        ("issues", "unassigned"), ("issue_comment", "deleted"), ("issues", "locked"),
        ("issues", "unlocked"), ("milestone", "created"), ("issues", "milestoned"),
        ("issues", "demilestoned"), ("milestone", "edited"), ("milestone", "closed"),
        ("milestone", "deleted"), ("issues", "closed"), ("issues", "reopened"),
         ("label", "deleted"), ("repository_dispatch", "deploy"), ("workflow_dispatch", None)] + PULLS_TOLD


def perform_everything_told(call):
    call("POST", REPO + "/labels", {"name": "told", "color": "aabbcc"}, expect=201)
    call("PATCH", REPO + "/labels/told", {"color": "112233", "description": "new"})
    issue, _ = call("POST", REPO + "/issues", {"title": "told", "labels": ["told"],
                                               "assignees": ["tom"]}, expect=201)
    path = f"{REPO}/issues/{issue['number']}"
    comment, _ = call("POST", path + "/comments", {"body": "hello"}, expect=201)
    call("PATCH", f"{REPO}/issues/comments/{comment['id']}", {"body": "bye"})
    call("PATCH", path, {"title": "told twice", "body": "text"})
    call("PUT", path + "/labels", {"labels": []})
    call("PATCH", path, {"assignees": []})
    call("DELETE", f"{REPO}/issues/comments/{comment['id']}", expect=204)
    call("PUT", path + "/lock", {"lock_reason": "spam"}, expect=204)
    call("DELETE", path + "/lock", expect=204)
    milestone, _ = call("POST", REPO + "/milestones", {"title": "soon"}, expect=201)
    call("PATCH", path, {"milestone": milestone["number"]})
    call("PATCH", path, {"milestone": None})
    call("PATCH", f"{REPO}/milestones/{milestone['number']}", {"title": "later"})
    call("PATCH", f"{REPO}/milestones/{milestone['number']}", {"state": "closed"})
    call("DELETE", f"{REPO}/milestones/{milestone['number']}", expect=204)
    call("PATCH", path, {"state": "closed"})
    call("PATCH", path, {"state": "open"})
    call("DELETE", REPO + "/labels/told", expect=204)
    call("POST", REPO + "/dispatches",
         {"event_type": "deploy", "client_payload": {"service": "shop"}}, expect=204)
    call("POST", REPO + "/actions/workflows/1/dispatches",
         {"ref": "main", "inputs": {"service": "shop"}}, expect=204)


SECRET = "a secret of the hook"


class Receiver:
    """A webhook's other end: keeps what it hears."""

    def __init__(self):
        self.heard = []
        self.changed = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # The base class's spelling.
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.changed:
                    receiver.heard.append({"headers": dict(self.headers.items()), "body": body})
                    receiver.changed.notify_all()
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?x=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def await_count(self, count):
        with self.changed:
            self.changed.wait_for(lambda: len(self.heard) >= count, timeout=20)


def check_deliveries(heard, schema_path):
    """The faults of what the webhook heard: order, signature, headers, GitHub's schema."""
    faults = []
    definitions = json.loads(schema_path.read_text(encoding="utf-8"))
    told = [(entry["headers"].get("X-GitHub-Event"), json.loads(entry["body"]).get("action"))
            for entry in heard]
    if told[:len(TOLD)] != TOLD:
        faults.append(f"webhook heard {told} instead of {TOLD}")
    for entry, (event, action) in zip(heard, told):
        wanted = "sha256=" + hmac.new(SECRET.encode(), entry["body"], hashlib.sha256).hexdigest()
        if entry["headers"].get("X-Hub-Signature-256") != wanted:
            faults.append(f"{event} {action}: wrong signature")
        if len(entry["headers"].get("X-GitHub-Delivery", "")) != 36:
            faults.append(f"{event} {action}: no delivery id")
        is_free = event.endswith("_dispatch")  # Its action is the sender's own word.
        name = f"{event}${'event' if is_free else action or 'event'}"
        resolver = jsonschema.RefResolver.from_schema(definitions)
        validator = jsonschema.Draft7Validator(
            definitions["definitions"][name], resolver=resolver,
            format_checker=jsonschema.FormatChecker())
        for error in validator.iter_errors(json.loads(entry["body"])):
            where = "/".join(str(part) for part in error.absolute_path)
            faults.append(f"webhook {name} at /{where}: {error.message[:300]}")
    return faults


def main():
    probe, validator = sys.argv[1], sys.argv[2]
    shared = pathlib.Path(os.environ.get("SRE_SHARED", PROJECT.parent / "shared"))
    schemas = shared / "data" / "github-openapi" / "response-schemas.draft07.json"
    if not schemas.exists():
        print(f"SKIPPED (optional): GitHub's schemas are not at {schemas} (set SRE_SHARED)")
        return 1 if "SRE_SHARED" in os.environ or os.environ.get("CI") == "true" else 77
    with tempfile.TemporaryDirectory() as folder:
        record = os.path.join(folder, "record.jsonl")
        key = AppKey(folder)
        process = subprocess.Popen([probe, os.path.join(folder, "forge.db"), record, key.public],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            forge = Forge(process.stdout.readline().strip())
            perform(forge)
            perform_more(forge)
            perform_git(forge)
            perform_pulls(forge)
            perform_apps(forge, key, AppKey(tempfile.mkdtemp(dir=folder)))
            perform_dispatches(forge)
            operations = json.loads((shared / "data/github-openapi/operations.json").read_text())
            perform_all_listed(forge, operations)
            perform_recorded(forge, shared / "data" / "github-recorded")
            receiver = Receiver()
            perform_hooks(forge, receiver)
            receiver.server.shutdown()
            forge.faults += check_deliveries(
                receiver.heard, shared / "data" / "github-webhooks" / "webhooks.schema.json")
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
