#!/usr/bin/python3
"""Clones from and pushes to a forge with the real git, while the API looks at the same repository.

usage: forge_git_test.py FORGE_PROBE
"""

import concurrent.futures
import gzip
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

from forge_http import send

REPO = "/repos/sre-space/demo"


class Stage:
    """A running forge, a folder, and git as three people use it."""

    def __init__(self, url, folder):
        self.url = url
        self.folder = pathlib.Path(folder)
        self.faults = []

    def check(self, condition, what):
        if not condition:
            self.faults.append(what)

    def git(self, *words, at=None, token="owner-token", expect=0, text=None):
        """Runs git; its output. A wrong exit code is a fault."""
        remote = self.url.replace("http://", f"http://somebody:{token}@") if token else self.url
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C",
                       "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1",
                       "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
                       "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
        words = [word.replace("REMOTE", remote + "/sre-space/demo.git") for word in words]
        done = subprocess.run(["git", *words], cwd=at or self.folder, env=environment, input=text,
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != expect:
            self.faults.append(f"git {' '.join(words)}: {done.returncode} instead of {expect}: "
                               f"{done.stdout[-300:]}{done.stderr[-600:]}")
        return done.stdout + done.stderr

    def call(self, method, path, body=None, expect=200, headers=None, token="owner-token"):
        status, answer, _ = send(self.url, method, path, body, token, headers)
        if status != expect:
            self.faults.append(f"{method} {path}: {status} instead of {expect}: {answer[:300]}")
        try:
            return json.loads(answer) if answer else None
        except ValueError:
            return answer

    def commit(self, clone, name, text):
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.git("add", "-A", at=clone)
        self.git("commit", "-qm", "change " + name, at=clone)
        return self.git("rev-parse", "HEAD", at=clone).strip()

    def tip(self, branch):
        return self.call("GET", f"{REPO}/git/ref/heads/{branch}")["object"]["sha"]


def push_and_merge(stage):
    """What git pushed the API sees; what the API merged git fetches."""
    clone = stage.folder / "clone"
    stage.git("clone", "-q", "REMOTE", str(clone))
    stage.git("checkout", "-qb", "fix/limit", at=clone)
    pushed = stage.commit(clone, "deploy/limits.yaml", "memory: 512Mi\n")
    stage.git("push", "-q", "origin", "fix/limit", at=clone)
    stage.check(stage.tip("fix/limit") == pushed, "the API does not see the push")
    pull = stage.call("POST", REPO + "/pulls",
                      {"title": "limit", "head": "fix/limit", "base": "main"}, expect=201)
    path = f"{REPO}/pulls/{pull['number']}"
    second = stage.commit(clone, "deploy/limits.yaml", "memory: 1Gi\n")
    stage.git("push", "-q", "origin", "fix/limit", at=clone)
    stage.check(stage.call("GET", path)["head"]["sha"] == second, "a push did not move the head")
    stage.call("PUT", path + "/merge", {"merge_method": "squash", "sha": pushed}, expect=409)
    merged = stage.call("PUT", path + "/merge", {"merge_method": "squash", "sha": second})
    stage.git("fetch", "-q", "origin", at=clone)
    tip = stage.git("rev-parse", "origin/main", at=clone).strip()
    stage.check(tip == merged["sha"], "git does not see the merge")
    shown = stage.git("show", "origin/main:deploy/limits.yaml", at=clone)
    stage.check(shown == "memory: 1Gi\n", "the merge holds something else")
    stage.git("push", "-q", "origin", "--delete", "fix/limit", at=clone)
    stage.call("GET", f"{REPO}/git/ref/heads/fix/limit", expect=404)
    stage.git("fetch", "-q", "origin", f"refs/pull/{pull['number']}/head", at=clone)
    kept = stage.git("rev-parse", "FETCH_HEAD", at=clone).strip()
    stage.check(kept == second, "the pull request's head is gone")
    return clone


def merge_by_push(stage, clone):
    """A pull request whose commits arrive on the base by a push is merged."""
    stage.git("checkout", "-qB", "plain", "origin/main", at=clone)
    tip = stage.commit(clone, "plain.md", "x\n")
    stage.git("push", "-q", "origin", "plain", at=clone)
    pull = stage.call("POST", REPO + "/pulls", {"title": "p", "head": "plain", "base": "main"},
                      expect=201)
    stage.git("push", "-q", "origin", "plain:main", at=clone)
    pull = stage.call("GET", f"{REPO}/pulls/{pull['number']}")
    stage.check(pull["merged"] and pull["merge_commit_sha"] == tip, "not merged by the push")


def refuse(stage, clone):
    """Who may not, may not; and what harms is refused."""
    stage.git("clone", "-q", "REMOTE", "read", token="reader-token")
    stage.git("ls-remote", "REMOTE", token="wrong", expect=128)
    stage.git("ls-remote", "REMOTE", token=None, expect=128)
    said = stage.git("push", "REMOTE", "main:refs/heads/reader", token="reader-token", expect=128,
                     at=clone)
    stage.check("403" in said, f"a reader's push: {said}")
    stage.git("ls-remote", "REMOTE/../other.git", expect=128)
    info = "/sre-space/demo.git/info/refs"
    for path, status in ((info, 403), (info + "?service=git-shell", 403),
                         ("/sre-space/other.git/info/refs?service=git-upload-pack", 404),
                         ("/..%2F..%2Fetc/info/refs?service=git-upload-pack", 404)):
        stage.call("GET", path, expect=status)
    stage.call("GET", info + "?service=git-upload-pack", token=None, expect=401)
    push = "/sre-space/demo.git/git-receive-pack"
    typed = {"Content-Type": "application/x-git-receive-pack-request"}
    stage.call("POST", push, b"no packets", headers=typed, expect=400)
    stage.call("POST", push, b"0000", expect=415)
    stage.call("POST", push, b"0000", headers={**typed, "Content-Encoding": "gzip"}, expect=415)
    sha = stage.tip("main")
    for name in ("refs/heads/../../config", "refs/heads/-x", "refs/pull/1/head", "HEAD",
                 "refs/forge/merged/1", "refs/heads/a..b", "refs/heads/" + "x" * 60_000):
        line = f"{'0' * 40} {sha} {name}\0report-status\n".encode()
        stage.call("POST", push, f"{len(line) + 4:04x}".encode() + line + b"0000", headers=typed,
                   expect=422)
    refuse_unread(stage)
    refuse_too_long(stage)


def announce(stage, service, size, token, repository="sre-space/demo.git"):
    """Sends the head of a request and nothing of its body: the status and the way to sign in, told by that alone."""
    address = urllib.parse.urlparse(stage.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    connection.putrequest("POST", f"/{repository}/{service}")
    if token:
        connection.putheader("Authorization", "Bearer " + token)
    connection.putheader("Content-Type", f"application/x-{service}-request")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    response = connection.getresponse()
    response.read()
    told = response.status, response.getheader("WWW-Authenticate")
    connection.close()
    return told


def refuse_unread(stage):
    """Nothing of a body is read for somebody who may not do what it asks."""
    sign_in = 'Basic realm="forge"'
    for service, token, repository, wanted in (
            ("git-receive-pack", None, "sre-space/demo.git", (401, sign_in)),
            ("git-receive-pack", "wrong", "sre-space/demo.git", (401, sign_in)),
            ("git-receive-pack", "reader-token", "sre-space/demo.git", (403, None)),
            ("git-receive-pack", "owner-token", "sre-space/other.git", (404, None)),
            ("git-upload-pack", None, "sre-space/demo.git", (401, sign_in)),
            ("git-upload-pack", "wrong", "sre-space/other.git", (401, sign_in))):
        told = announce(stage, service, 60 << 20, token, repository)
        stage.check(told == wanted, f"{service} by {token} on {repository}: {told} unread")


def refuse_too_long(stage):
    """By the announced length alone: nothing of the body is sent, which would race with the door closing."""
    status, _ = announce(stage, "git-upload-pack", 65 << 20, "owner-token")
    stage.check(status == 413, f"a body of 65 MB: {status} instead of 413")


def fetch_zipped(stage):
    """git zips a long request; here a short one."""
    line = f"want {stage.tip('main')} no-progress\n".encode()
    body = f"{len(line) + 4:04x}".encode() + line + b"0000" + b"0009done\n"
    answer = stage.call("POST", "/sre-space/demo.git/git-upload-pack", gzip.compress(body), headers={
        "Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"})
    stage.check(b"PACK" in (answer or b""), f"a zipped fetch: {answer!r:.200}")


def protect(stage, clone):
    """A protected branch takes no push past its checks, and none that drops commits."""
    rules = {"required_status_checks": {"strict": False, "contexts": ["ci"]}}
    stage.call("PUT", REPO + "/branches/main/protection", rules)
    stage.git("fetch", "-q", "origin", at=clone)
    stage.git("checkout", "-qB", "direct", "origin/main", at=clone)
    tip = stage.commit(clone, "direct.md", "x\n")
    stage.git("push", "-q", "origin", "direct:main", at=clone, expect=1)
    stage.git("push", "-q", "origin", "direct", at=clone)
    stage.call("POST", f"{REPO}/statuses/{tip}", {"state": "success", "context": "ci"}, expect=201)
    stage.git("push", "-q", "origin", "direct:main", at=clone)
    stage.check(stage.tip("main") == tip, "a green push to a protected branch")
    stage.git("push", "-q", "origin", "--delete", "main", at=clone, expect=1)
    stage.call("PUT", REPO + "/branches/main/protection", {"required_status_checks": None})
    stage.git("checkout", "-qB", "forced", "origin/main~1", at=clone)
    stage.commit(clone, "forced.md", "x\n")
    stage.git("push", "-qf", "origin", "forced:main", at=clone, expect=1)
    stage.check(stage.tip("main") == tip, "a protected branch lost a commit")
    stage.call("DELETE", REPO + "/branches/main/protection", expect=204)


def all_at_once(stage, clone):
    """Pushes and API calls side by side; nobody waits for anybody's transfer to answer rightly."""
    def push(number):
        copy = stage.folder / f"copy{number}"
        stage.git("clone", "-q", str(clone), str(copy))
        tip = stage.commit(copy, f"file{number}", "x\n" * 1000)
        stage.git("push", "-q", "REMOTE", f"HEAD:refs/heads/many/{number}", at=copy)
        return number, tip

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for number, tip in pool.map(push, range(6)):
            stage.check(stage.tip(f"many/{number}") == tip, f"push {number} is not there")


def push_much(stage, clone):
    """More than git sends at once: it probes, then sends chunks."""
    stage.git("checkout", "-qB", "big", "origin/main", at=clone)
    (clone / "big.bin").write_bytes(os.urandom(5 << 20))
    tip = stage.commit(clone, "beside", "x\n")
    stage.git("push", "-q", "origin", "big", at=clone)
    stage.check(stage.tip("big") == tip, "a big push is not there")
    again = stage.folder / "again"
    stage.git("clone", "-q", "--branch", "big", "REMOTE", str(again))
    stage.check((again / "big.bin").read_bytes() == (clone / "big.bin").read_bytes(), "big.bin")
    stage.git("fsck", "--strict", at=again)


def main():
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([sys.argv[1], os.path.join(folder, "forge.db"),
                                    os.path.join(folder, "record.jsonl")],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            stage = Stage(process.stdout.readline().strip(), folder)
            clone = push_and_merge(stage)
            merge_by_push(stage, clone)
            refuse(stage, clone)
            fetch_zipped(stage)
            protect(stage, clone)
            all_at_once(stage, clone)
            push_much(stage, clone)
        finally:
            process.stdin.close()
            process.wait(timeout=10)
    for fault in stage.faults:
        print(fault)
    return 1 if stage.faults or process.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
