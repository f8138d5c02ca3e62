#!/usr/bin/python3
"""Drives a running forge with clients made for GitHub, unchanged: GitHub's own gh, Octokit, and an
app made with Probot.

usage: forge_clients_test.py FORGE_PROBE

gh comes from Debian's package gh; @octokit/rest with its retry plugin and probot are installed by
npm into temporary folders. What is missing is SKIPPED loudly and counted; when all is missing the
exit code is 77. With CI=true a skip is a failure.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ["@octokit/rest@21", "@octokit/plugin-retry@7"]
PROBOT = ["probot@14"]
REPO = "repos/sre-space/demo"


class Skipped(Exception):
    """A client that is not there."""


def run(command, timeout=60, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False,
                          **options)


def check(is_right, what):
    if not is_right:
        raise AssertionError(what)


def try_gh(url, folder):
    """gh api: reads, writes, pages, errors; by the forge's Enterprise address."""
    program = os.environ.get("SRE_GH") or shutil.which("gh")
    if not program:
        raise Skipped("gh is not installed (Debian's package gh, or its path in SRE_GH)")
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "GH_CONFIG_DIR": folder + "/gh",
                   "GH_ENTERPRISE_TOKEN": "owner-token", "GH_NO_UPDATE_NOTIFIER": "1",
                   "GH_PROMPT_DISABLED": "1", "NO_PROXY": "127.0.0.1"}

    def gh(*arguments, expect=0):
        result = run([program, "api", f"{url}/api/v3/{arguments[0]}", *arguments[1:]],
                     env=environment)
        check(result.returncode == expect, f"gh api {arguments}: {result.stdout} {result.stderr}")
        return result.stdout

    check(gh("user", "--jq", ".login").strip() == "sre-space", "gh: who am I")
    numbers = []
    for i in range(1, 6):
        made = json.loads(gh(f"{REPO}/issues", "-f", f"title=by gh {i}", "-f", "labels[]=gh"))
        numbers.append(made["number"])
    shown = gh(f"{REPO}/issues?labels=gh&per_page=2", "--paginate", "--jq", ".[].number")
    check([int(line) for line in shown.split()] == numbers[::-1], f"gh: pages {shown}")
    gh(f"{REPO}/issues/{numbers[0]}/comments", "-f", "body=hello from gh")
    gh(f"{REPO}/issues/{numbers[0]}", "-X", "PATCH", "-f", "state=closed")
    found = json.loads(gh("search/issues", "-X", "GET", "-f",
                          "q=repo:sre-space/demo is:closed label:gh"))
    check(found["total_count"] == 1 and found["items"][0]["comments"] == 1, f"gh: search {found}")
    main = gh(f"{REPO}/git/ref/heads/main", "--jq", ".object.sha").strip()
    gh(f"{REPO}/git/refs", "-f", "ref=refs/heads/by/gh", "-f", f"sha={main}")
    gh(f"{REPO}/contents/by/gh.txt", "-X", "PUT", "-f", "message=by gh", "-f", "branch=by/gh",
       "-f", "content=Z2g=")
    pull = json.loads(gh(f"{REPO}/pulls", "-f", "title=by gh", "-f", "head=by/gh", "-f",
                         "base=main"))
    check(pull["changed_files"] == 1, f"gh: pull request {pull}")
    gh(f"{REPO}/pulls/{pull['number']}/merge", "-X", "PUT", "-f", "merge_method=squash", "-f",
       f"sha={pull['head']['sha']}")
    gh(f"{REPO}/git/refs/heads/by/gh", "-X", "DELETE")
    refused = gh(f"{REPO}/issues/9999", expect=1)
    check(json.loads(refused)["message"] == "Not Found", f"gh: 404 {refused}")


def try_octokit(url, folder):
    """@octokit/rest with pagination and retries; see forge_clients.mjs."""
    packages = install(folder, PACKAGES)
    result = run(["node", str(HERE / "forge_clients.mjs"), url], cwd=packages)
    check(result.returncode == 0 and result.stdout.strip().endswith("ok"),
          f"octokit: {result.stdout} {result.stderr}")


def try_probot(url, folder):
    """A Probot app, signed in as a GitHub App; see forge_probot.mjs."""
    packages = install(folder, PROBOT)
    result = run(["node", str(HERE / "forge_probot.mjs"), url, folder + "/app.pem"], cwd=packages)
    check(result.returncode == 0 and result.stdout.strip().endswith("ok"),
          f"probot: {result.stdout} {result.stderr}")


def install(folder, names):
    """The folder into which npm has put the packages."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Skipped(f"{program} is not installed")
    packages = pathlib.Path(folder, "packages")
    packages.mkdir()
    (packages / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    try:
        installed = run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
                         "--fetch-retries=1", "--fetch-timeout=20000", *names], cwd=packages,
                        timeout=120)
    except subprocess.TimeoutExpired:
        raise Skipped("npm's registry does not answer in time") from None
    if installed.returncode != 0:
        raise Skipped(f"npm cannot install {names}: {installed.stderr.strip()[-300:]}")
    return packages


def make_app_key(folder):
    """The public half of a new RSA key, app.pem in the folder; as the forge is given it."""
    run(["openssl", "genrsa", "-out", folder + "/app.pem", "2048"])
    run(["openssl", "rsa", "-in", folder + "/app.pem", "-pubout", "-out", folder + "/app.pub.pem"])
    return folder + "/app.pub.pem"


def main():
    skipped = []
    faults = []
    clients = (try_gh, try_octokit, try_probot)
    for client in clients:
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [sys.argv[1], os.path.join(folder, "forge.db"), os.path.join(folder, "record"),
                 make_app_key(folder)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            try:
                client(process.stdout.readline().strip(), folder)
                print(f"{client.__name__}: passed")
            except Skipped as reason:
                skipped.append(f"SKIPPED (optional): {client.__name__}: {reason}")
            except AssertionError as fault:
                faults.append(f"{client.__name__}: {fault}")
            finally:
                process.stdin.close()
                process.wait(timeout=10)
    for line in skipped + faults:
        print(line)
    print(f"{len(clients)} clients, {len(skipped)} skipped, {len(faults)} faults")
    if faults:
        return 1
    return 77 if len(skipped) == len(clients) else 0


if __name__ == "__main__":
    sys.exit(main())
