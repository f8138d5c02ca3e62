"""The forge's paths for git, each performed once well and with each kind of refusal. Used by
forge_schema_test.py, which holds every reply to GitHub's schemas."""

import base64

REPO = "/repos/sre-space/demo"

# What no branch may be called, and no file.
HOSTILE_BRANCHES = ["../up", "a/../b", "-f", "--upload-pack=x", "a b", "a\u0000b", "x" * 65_000,
                    "a..b", "a.lock", ".hidden", "a//b", "/a", "a/", "a~1", "a^", "a:b", "a?", "a*",
                    "a[b", "a\\b", "@", "@{1}", "HEAD", "", "a\nb", "a\u007fb", "a."]
HOSTILE_PATHS = ["../up", "a/../b", "-rf", "a\u0000b", "x" * 65_000, ".git/config", "a/.GIT/hooks",
                 "/etc/passwd", "a//b", "a/./b", "git~1", "a\\b", "", "a\nb", "y" * 300]


def expect(forge, condition, what):
    if not condition:
        forge.faults.append(what)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def perform_git(forge):
    perform_objects(forge)
    perform_refs(forge)
    perform_contents(forge)
    perform_commits(forge)
    perform_protection(forge)
    refuse_hostile(forge)


def perform_objects(forge):
    call = forge.call
    main, _ = call("GET", REPO + "/git/ref/heads/main")
    tip = main["object"]["sha"]
    commit, _ = call("GET", f"{REPO}/git/commits/{tip}")
    call("GET", f"{REPO}/git/commits/{'0' * 40}", expect=404)
    call("GET", f"{REPO}/git/trees/main?recursive=1")
    call("GET", f"{REPO}/git/trees/nothing", expect=404)
    blob, _ = call("POST", REPO + "/git/blobs", {"content": "aGVsbG8=", "encoding": "base64"},
                   expect=201)
    read, _ = call("GET", f"{REPO}/git/blobs/{blob['sha']}")
    expect(forge, base64.b64decode(read["content"]) == b"hello", "the blob is not what was sent")
    call("POST", REPO + "/git/blobs", {"content": "%%%", "encoding": "base64"}, expect=422)
    call("POST", REPO + "/git/blobs", {}, expect=422)
    call("POST", REPO + "/git/blobs", {"content": "x"}, token="reader-token", expect=403)
    call("GET", f"{REPO}/git/blobs/{'1' * 40}", expect=404)
    tree, _ = call("POST", REPO + "/git/trees", {
        "base_tree": commit["tree"]["sha"],
        "tree": [{"path": "src/app.py", "mode": "100644", "type": "blob", "content": "x = 1\n"},
                 {"path": "hello", "mode": "100755", "type": "blob", "sha": blob["sha"]}]},
        expect=201)
    names = [entry["path"] for entry in tree["tree"]]
    expect(forge, names == ["README.md", "hello", "src"], f"the new tree holds {names}")
    call("POST", REPO + "/git/trees", {"base_tree": tree["sha"], "tree": [
        {"path": "src/app.py", "mode": "100644", "type": "blob", "sha": None}]}, expect=201)
    call("POST", REPO + "/git/trees", {"tree": [{"path": "a", "sha": "2" * 40}]}, expect=422)
    call("POST", REPO + "/git/trees", {"base_tree": "3" * 40, "tree": [
        {"path": "a", "content": ""}]}, expect=422)
    call("POST", REPO + "/git/trees", {"tree": []}, expect=422)
    made, _ = call("POST", REPO + "/git/commits", {
        "message": "add the app", "tree": tree["sha"], "parents": [tip]}, expect=201)
    call("POST", REPO + "/git/commits", {"message": "x", "tree": "4" * 40}, expect=422)
    call("POST", REPO + "/git/commits", {"message": "x", "tree": tree["sha"],
                                         "parents": ["5" * 40]}, expect=422)
    call("POST", REPO + "/git/commits", {"tree": tree["sha"]}, expect=422)
    call("POST", REPO + "/git/refs", {"ref": "refs/heads/app", "sha": made["sha"]}, expect=201)


def perform_refs(forge):
    call = forge.call
    app, _ = call("GET", REPO + "/git/ref/heads/app")
    main, _ = call("GET", REPO + "/git/ref/heads/main")
    new, old = app["object"]["sha"], main["object"]["sha"]
    call("POST", REPO + "/git/refs", {"ref": "refs/heads/app", "sha": new}, expect=422)
    call("POST", REPO + "/git/refs", {"ref": "refs/heads/app/below", "sha": new}, expect=422)
    call("POST", REPO + "/git/refs", {"ref": "refs/heads/none", "sha": "6" * 40}, expect=422)
    call("POST", REPO + "/git/refs", {"ref": "refs/heads/x", "sha": new}, token="reader-token",
         expect=403)
    call("POST", REPO + "/git/refs", {"ref": "refs/tags/v1", "sha": old}, expect=201)
    call("GET", REPO + "/git/ref/tags/v1")
    perform_tag_objects(forge, old)
    call("GET", REPO + "/git/ref/heads/nothing", expect=404)
    found, _ = call("GET", REPO + "/git/matching-refs/heads/a")
    expect(forge, [ref["ref"] for ref in found] == ["refs/heads/app"], "matching refs")
    call("POST", REPO + "/git/refs", {"ref": "refs/heads/deep/er", "sha": old}, expect=201)
    call("GET", REPO + "/git/ref/heads/deep/er")
    call("GET", REPO + "/git/ref/heads%2Fdeep%2Fer")
    call("PATCH", REPO + "/git/refs/heads/deep/er", {"sha": new})
    call("PATCH", REPO + "/git/refs/heads/deep/er", {"sha": old}, expect=422)
    call("PATCH", REPO + "/git/refs/heads/deep/er", {"sha": old, "force": True})
    call("PATCH", REPO + "/git/refs/heads/nothing", {"sha": old}, expect=422)
    call("PATCH", REPO + "/git/refs/heads/deep/er", {"sha": "7" * 40}, expect=422)
    call("GET", REPO + "/branches")
    call("GET", REPO + "/branches/deep/er")
    call("GET", REPO + "/branches/nothing", expect=404)
    call("DELETE", REPO + "/git/refs/heads/deep/er", expect=204)
    call("DELETE", REPO + "/git/refs/heads/deep/er", expect=422)
    call("DELETE", REPO + "/git/refs/heads/main", expect=422)


def perform_tag_objects(forge, sha):
    call = forge.call
    good = {"tag": "v2", "message": "the second", "object": sha, "type": "commit"}
    tag, _ = call("POST", REPO + "/git/tags", {**good, "tagger": {
        "name": "Ann", "email": "ann@example.org", "date": "2026-11-20T14:52:36Z"}}, expect=201)
    same, _ = call("GET", f"{REPO}/git/tags/{tag['sha']}")
    expect(forge, same == tag and tag["tagger"]["date"] == "2026-11-20T14:52:36Z", f"a tag {same}")
    call("POST", REPO + "/git/refs", {"ref": "refs/tags/v2", "sha": tag["sha"]}, expect=201)
    ref, _ = call("GET", REPO + "/git/ref/tags/v2")
    expect(forge, ref["object"]["type"] == "tag" and ref["object"]["sha"] == tag["sha"],
           f"the ref of a tag {ref}")
    commit, _ = call("GET", REPO + "/commits/v2")
    expect(forge, commit["sha"] == sha, "a tag leads to its commit")
    for wrong in ({"tag": "a..b"}, {"tag": ""}, {"message": ""}, {"object": "0" * 40},
                  {"object": "x"}, {"type": "tree"}, {"tagger": {"name": "<", "email": "x"}}):
        call("POST", REPO + "/git/tags", {**good, **wrong}, expect=422)
    call("POST", REPO + "/git/tags", good, token="reader-token", expect=403)
    call("GET", f"{REPO}/git/tags/{sha}", expect=404)
    call("GET", REPO + "/git/tags/x", expect=404)



def perform_contents(forge):
    call = forge.call
    call("GET", REPO + "/contents/")
    call("GET", REPO + "/contents/src?ref=app")
    call("GET", REPO + "/readme")
    call("GET", REPO + "/readme?ref=nothing", expect=404)
    read, _ = call("GET", REPO + "/contents/src/app.py?ref=app")
    expect(forge, base64.b64decode(read["content"]) == b"x = 1\n", "contents of src/app.py")
    call("GET", REPO + "/contents/nothing", expect=404)
    call("GET", REPO + "/contents/README.md?ref=nothing", expect=404)
    made, _ = call("PUT", REPO + "/contents/docs/run.md", {
        "message": "say how", "content": encoded("run\n"), "branch": "app"}, expect=201)
    path = REPO + "/contents/docs/run.md"
    call("PUT", path, {"message": "x", "content": "", "branch": "app"}, expect=422)
    call("PUT", path, {"message": "x", "content": "", "branch": "app", "sha": "8" * 40}, expect=409)
    call("PUT", path, {"message": "x", "content": "", "branch": "none"}, expect=404)
    call("PUT", path, {"content": "", "branch": "app", "sha": made["content"]["sha"]}, expect=422)
    changed, _ = call("PUT", path, {
        "message": "say more", "content": encoded("run it\n"), "branch": "app",
        "sha": made["content"]["sha"], "committer": {"name": "N", "email": "n@example.org"}})
    call("DELETE", path, {"message": "gone", "branch": "app", "sha": "9" * 40}, expect=409)
    call("DELETE", path, {"message": "gone", "branch": "app", "sha": changed["content"]["sha"]})
    call("GET", path + "?ref=app", expect=404)


def perform_commits(forge):
    call = forge.call
    log, _ = call("GET", REPO + "/commits?sha=app")
    expect(forge, len(log) == 5, f"{len(log)} commits on app instead of 5")
    call("GET", REPO + "/commits?sha=app&path=docs/run.md&per_page=1")
    call("GET", REPO + "/commits?sha=nothing", expect=404)
    call("GET", REPO + "/commits/app")
    call("GET", REPO + "/commits/nothing", expect=422)
    compared, _ = call("GET", REPO + "/compare/main...app")
    expect(forge, (compared["status"], compared["ahead_by"]) == ("ahead", 4), "compare main...app")
    call("GET", REPO + "/compare/app...main")
    call("GET", REPO + "/compare/main...nothing", expect=404)
    sha = log[0]["sha"]
    call("GET", f"{REPO}/commits/{sha}/status")
    for state in ("pending", "success"):
        call("POST", f"{REPO}/statuses/{sha}", {"state": state, "context": "ci/build",
                                                "target_url": "https://example.org/1"}, expect=201)
    call("POST", f"{REPO}/statuses/{sha}", {"state": "odd"}, expect=422)
    call("POST", f"{REPO}/statuses/{'a' * 40}", {"state": "success"}, expect=422)
    call("POST", f"{REPO}/statuses/{sha}", {"state": "success"}, token="reader-token", expect=403)
    combined, _ = call("GET", f"{REPO}/commits/app/status")
    expect(forge, (combined["state"], combined["total_count"]) == ("success", 1), "combined status")
    call("GET", f"{REPO}/commits/app/statuses")
    check, _ = call("POST", REPO + "/check-runs", {
        "name": "replay", "head_sha": sha, "status": "in_progress",
        "output": {"title": "Replay", "summary": "running"}}, expect=201)
    call("POST", REPO + "/check-runs", {"name": "x", "head_sha": "b" * 40}, expect=422)
    call("POST", REPO + "/check-runs", {"name": "x", "head_sha": sha, "status": "completed"},
         expect=422)
    path = f"{REPO}/check-runs/{check['id']}"
    call("PATCH", path, {"conclusion": "success", "output": {"title": "Replay", "summary": "ok"}})
    call("PATCH", path, {"conclusion": "odd"}, expect=422)
    call("GET", path)
    call("GET", REPO + "/check-runs/99", expect=404)
    listed, _ = call("GET", f"{REPO}/commits/app/check-runs?check_name=replay")
    expect(forge, listed["check_runs"][0]["conclusion"] == "success", "check run's conclusion")


def perform_protection(forge):
    call = forge.call
    path = REPO + "/branches/main/protection"
    rules = {"required_status_checks": {"strict": False, "contexts": ["ci/build"]},
             "enforce_admins": True, "required_pull_request_reviews": None, "restrictions": None}
    call("GET", path, expect=404)
    call("PUT", path, rules, token="reader-token", expect=403)
    call("PUT", path, {"required_status_checks": {"contexts": ["a\nb"]}}, expect=422)
    call("PUT", path, rules)
    call("GET", path)
    call("GET", REPO + "/branches/main")
    call("GET", REPO + "/branches?protected=true")
    call("PUT", REPO + "/contents/now.md", {"message": "past the rules", "content": ""}, expect=409)
    call("DELETE", path, expect=204)
    call("DELETE", path, expect=404)


def refuse_hostile(forge):
    call = forge.call
    main, _ = call("GET", REPO + "/git/ref/heads/main")
    sha = main["object"]["sha"]
    for name in HOSTILE_BRANCHES:
        call("POST", REPO + "/git/refs", {"ref": "refs/heads/" + name, "sha": sha}, expect=422)
    for ref in ("HEAD", "refs/pull/1/head", "refs/forge/merged/1", "refs/../config", "config"):
        call("POST", REPO + "/git/refs", {"ref": ref, "sha": sha}, expect=422)
    for path in HOSTILE_PATHS:
        call("POST", REPO + "/git/trees", {"tree": [{"path": path, "content": "x"}]}, expect=422)
    for path in ("..%2Fup", "a%2F..%2Fb", "-rf", ".git%2Fconfig", "a%5Cb"):
        call("PUT", REPO + "/contents/" + path, {"message": "m", "content": ""}, expect=422)
    call("PUT", REPO + "/contents/a%00b", {"message": "m", "content": ""}, expect=400)
    names, _ = call("GET", REPO + "/branches")
    expect(forge, {entry["name"] for entry in names} == {"main", "app"}, "a hostile branch exists")
