"""The forge's paths for pull requests, each performed once well and with each kind of refusal. Used by
forge_schema_test.py, which holds every reply, and what the webhooks tell, to GitHub's schemas."""

from forge_git_calls import REPO, encoded, expect


def make_branch(call, name, files, base="main"):
    """A branch from `base` with one commit for each file; its tip."""
    ref, _ = call("GET", f"{REPO}/git/ref/heads/{base}")
    call("POST", REPO + "/git/refs", {"ref": "refs/heads/" + name, "sha": ref["object"]["sha"]},
         expect=201)
    tip = ref["object"]["sha"]
    for path, text in files.items():
        tip = write(call, name, path, text)
    return tip


def write(call, branch, path, text):
    """Commits one file to the branch, new or changed; the commit."""
    entries, _ = call("GET", f"{REPO}/git/trees/{branch}?recursive=1")
    known = {entry["path"]: entry["sha"] for entry in entries["tree"]}
    body = {"message": f"write {path}", "content": encoded(text), "branch": branch}
    if path in known:
        body["sha"] = known[path]
    made, _ = call("PUT", f"{REPO}/contents/{path}", body, expect=200 if path in known else 201)
    return made["commit"]["sha"]


def perform_pulls(forge):
    perform_one_life(forge)
    perform_refusals(forge)
    perform_conflict(forge)
    perform_plain_merges(forge)
    perform_required_checks(forge)
    perform_as_issue(forge)


def perform_one_life(forge):
    call = forge.call
    tip = make_branch(call, "fix/oom", {"limits.yaml": "memory: 512Mi\n", "notes.md": "why\n"})
    pull, _ = call("POST", REPO + "/pulls", {
        "title": "Raise the limit", "head": "fix/oom", "base": "main", "body": "Closes nothing."},
        expect=201)
    number = pull["number"]
    path = f"{REPO}/pulls/{number}"
    expect(forge, pull["mergeable"] is True and pull["mergeable_state"] == "clean", "mergeable")
    expect(forge, (pull["commits"], pull["changed_files"], pull["additions"]) == (2, 2, 2), "sizes")
    expect(forge, pull["head"]["sha"] == tip, "the head is not the branch's tip")
    call("GET", REPO + "/pulls")
    listed, _ = call("GET", REPO + "/pulls?head=sre-space:fix/oom&base=main&state=all")
    expect(forge, [one["number"] for one in listed] == [number], "listing by head")
    nobodys, _ = call("GET", REPO + "/pulls?head=other:fix/oom")
    expect(forge, nobodys == [], "a fork's pull request that there is not")
    call("GET", REPO + "/pulls?state=odd", expect=422)
    call("GET", path)
    call("GET", f"{REPO}/pulls/999", expect=404)
    files, _ = call("GET", path + "/files")
    expect(forge, files[0]["patch"] == "@@ -0,0 +1 @@\n+memory: 512Mi", f"patch {files[0]}")
    call("GET", path + "/commits")
    call("GET", f"{REPO}/commits/{tip}/pulls")
    call("PATCH", path, {"title": "Raise the memory limit", "body": "It was too low."})
    call("PATCH", path, {"title": "mine"}, token="reader-token", expect=403)
    call("PATCH", path, {"state": "odd"}, expect=422)
    perform_reviews(forge, path)
    call("GET", path + "/merge", expect=404)
    call("PUT", path + "/merge", {"merge_method": "squash", "sha": "0" * 40}, expect=409)
    call("PUT", path + "/merge", {"merge_method": "rebase"}, expect=405)
    call("PUT", path + "/merge", {"merge_method": "odd"}, expect=422)
    call("PUT", path + "/merge", {}, token="reader-token", expect=403)
    merged, _ = call("PUT", path + "/merge", {"merge_method": "squash", "sha": tip})
    call("GET", path + "/merge", expect=204)
    call("PUT", path + "/merge", {"merge_method": "squash", "sha": tip}, expect=405)
    call("PATCH", path, {"state": "open"}, expect=422)
    timeline, _ = call("GET", path.replace("/pulls/", "/issues/") + "/timeline")
    told = [(one["event"], one.get("commit_id")) for one in timeline][-2:]
    expect(forge, told == [("merged", merged["sha"]), ("closed", None)], f"timeline {told}")
    pull, _ = call("GET", path)
    expect(forge, pull["merged"] and pull["merge_commit_sha"] == merged["sha"], "merged")
    expect(forge, (pull["commits"], pull["changed_files"]) == (2, 2), "sizes after the merge")
    commit, _ = call("GET", f"{REPO}/commits/main")
    expect(forge, commit["sha"] == merged["sha"] and len(commit["parents"]) == 1, "squashed once")
    expect(forge, commit["commit"]["message"].startswith(f"Raise the memory limit (#{number})\n"),
           f"squash message {commit['commit']['message']!r}")
    call("DELETE", REPO + "/git/refs/heads/fix/oom", expect=204)
    pull, _ = call("GET", path)
    expect(forge, pull["head"]["sha"] == tip, "a merged pull request lost its head")


def perform_reviews(forge, path):
    call = forge.call
    call("POST", path + "/requested_reviewers", {"reviewers": ["tom", "rita"]}, expect=201)
    call("POST", path + "/requested_reviewers", {"reviewers": ["nobody"]}, expect=422)
    call("POST", path + "/requested_reviewers", {"reviewers": ["sre-space"]}, expect=422)
    call("GET", path + "/requested_reviewers")
    call("DELETE", path + "/requested_reviewers", {"reviewers": ["tom"]})
    call("POST", path + "/reviews", {"event": "APPROVE"}, expect=422)  # One's own.
    call("POST", path + "/reviews", {"event": "APPROVE"}, token="reader-token")
    call("POST", path + "/reviews", {"event": "REQUEST_CHANGES"}, token="reader-token", expect=422)
    call("POST", path + "/reviews", {"event": "ODD", "body": "x"}, expect=422)
    call("POST", path + "/reviews", {"event": "COMMENT", "body": "look"})
    reviews, _ = call("GET", path + "/reviews")
    expect(forge, [one["state"] for one in reviews] == ["APPROVED", "COMMENTED"], "reviews")
    perform_line_comments(forge, path)
    asked, _ = call("GET", path + "/requested_reviewers")
    expect(forge, asked["users"] == [], "who has reviewed is still asked")


def perform_line_comments(forge, path):
    call = forge.call
    good = {"body": "enough?", "path": "limits.yaml", "line": 1}
    first, _ = call("POST", path + "/comments", good, token="reader-token", expect=201)
    expect(forge, first["diff_hunk"] == "@@ -0,0 +1 @@\n+memory: 512Mi" and first["position"] == 1,
           f"the place of a comment: {first['diff_hunk']!r} {first.get('position')}")
    answer, _ = call("POST", f"{path}/comments/{first['id']}/replies", {"body": "yes"}, expect=201)
    again, _ = call("POST", path + "/comments", {"body": "sure", "in_reply_to": answer["id"]},
                    expect=201)
    expect(forge, (answer["in_reply_to_id"], again["in_reply_to_id"]) == (first["id"],) * 2,
           "answers belong to the first")
    for wrong in ({"line": 2}, {"line": 0}, {"line": "1"}, {"path": "README.md"}, {"body": ""},
                  {"side": "LEFT"}, {"side": "TOP"}, {"commit_id": "0" * 40},
                  {"body": "x" * 65_537}):
        call("POST", path + "/comments", {**good, **wrong}, expect=422)
    call("POST", path + "/comments", ["x"], expect=422)
    call("POST", path + "/comments/999/replies", {"body": "x"}, expect=404)
    call("POST", f"{path}/comments/{first['id']}/replies", {}, expect=422)
    call("POST", path + "/comments", {"body": "x", "in_reply_to": 999}, expect=404)
    call("GET", f"{REPO}/pulls/999/comments", expect=404)
    review, _ = call("POST", path + "/reviews", {"event": "COMMENT", "comments": [
        {**good, "body": "two at once"}, {**good, "path": "notes.md"}]})
    call("POST", path + "/reviews", {"event": "COMMENT", "comments": [{**good, "line": 9}]}, expect=422)
    listed, _ = call("GET", path + "/comments")
    expect(forge, [one["body"] for one in listed] ==
           ["enough?", "yes", "sure", "two at once", "enough?"], "comments on lines")
    expect(forge, {one["pull_request_review_id"] for one in listed[3:]} == {review["id"]},
           "comments of one review")


def perform_refusals(forge):
    call = forge.call
    make_branch(call, "empty", {})
    make_branch(call, "twice", {"twice.md": "x\n"})
    good = {"title": "t", "head": "twice", "base": "main"}
    call("POST", REPO + "/pulls", {**good, "head": "empty"}, expect=422)
    call("POST", REPO + "/pulls", {**good, "head": "nothing"}, expect=422)
    call("POST", REPO + "/pulls", {**good, "base": "nothing"}, expect=422)
    call("POST", REPO + "/pulls", {**good, "title": None}, expect=422)
    call("POST", REPO + "/pulls", {**good, "head": "other:twice"}, expect=422)
    call("POST", REPO + "/pulls", {**good, "head": "../twice"}, expect=422)
    call("POST", REPO + "/pulls", good, token="reader-token", expect=403)
    pull, _ = call("POST", REPO + "/pulls", {**good, "draft": True}, expect=201)
    call("POST", REPO + "/pulls", good, expect=422)
    path = f"{REPO}/pulls/{pull['number']}"
    call("PUT", path + "/merge", {}, expect=405)  # A draft.
    call("PATCH", path, {"base": "empty"})
    call("PATCH", path, {"base": "nothing"}, expect=422)
    call("DELETE", REPO + "/git/refs/heads/twice", expect=204)
    pull, _ = call("GET", path)
    expect(forge, pull["state"] == "closed" and not pull["merged"], "its branch is gone")
    call("PATCH", path, {"state": "open"}, expect=422)


def perform_conflict(forge):
    call = forge.call
    make_branch(call, "ours", {"README.md": "# ours\n"})
    make_branch(call, "theirs", {"README.md": "# theirs\n"})
    numbers = []
    for head in ("ours", "theirs"):
        pull, _ = call("POST", REPO + "/pulls", {"title": head, "head": head, "base": "main"},
                       expect=201)
        numbers.append(pull["number"])
    merged, _ = call("PUT", f"{REPO}/pulls/{numbers[0]}/merge", {})
    commit, _ = call("GET", f"{REPO}/git/commits/{merged['sha']}")
    expect(forge, len(commit["parents"]) == 2, "a merge has two parents")
    path = f"{REPO}/pulls/{numbers[1]}"
    pull, _ = call("GET", path)
    expect(forge, pull["mergeable"] is False and pull["mergeable_state"] == "dirty", "conflict")
    call("PUT", path + "/merge", {}, expect=405)
    call("PUT", path + "/update-branch", {}, expect=422)
    call("PATCH", path, {"state": "closed"})
    call("PATCH", path, {"state": "open"})
    call("PATCH", path, {"state": "closed"})


def perform_plain_merges(forge):
    call = forge.call
    tip = make_branch(call, "side", {"side.md": "x\n"})
    write(call, "main", "main.md", "x\n")
    merged, _ = call("POST", REPO + "/merges", {"base": "main", "head": "side"}, expect=201)
    expect(forge, merged["parents"][1]["sha"] == tip, "a merge's second parent")
    call("POST", REPO + "/merges", {"base": "main", "head": "side"}, expect=204)
    call("POST", REPO + "/merges", {"base": "main", "head": "theirs"}, expect=409)
    call("POST", REPO + "/merges", {"base": "nothing", "head": "side"}, expect=404)
    call("POST", REPO + "/merges", {"base": "main", "head": "nothing"}, expect=404)
    make_branch(call, "late", {"late.md": "x\n"})
    pull, _ = call("POST", REPO + "/pulls", {"title": "late", "head": "late", "base": "main"},
                   expect=201)
    write(call, "main", "later.md", "x\n")
    path = f"{REPO}/pulls/{pull['number']}"
    call("PUT", path + "/update-branch", {"expected_head_sha": tip}, expect=422)
    call("PUT", path + "/update-branch", {}, expect=202)
    call("PUT", path + "/update-branch", {}, expect=422)
    pull, _ = call("GET", path)
    expect(forge, pull["changed_files"] == 1, "an updated branch shows its own change alone")


def perform_required_checks(forge):
    call = forge.call
    rules = {"required_status_checks": {"strict": True, "contexts": ["ci", "replay"]}}
    call("PUT", REPO + "/branches/main/protection", rules)
    tip = make_branch(call, "checked", {"checked.md": "x\n"})
    pull, _ = call("POST", REPO + "/pulls", {"title": "c", "head": "checked", "base": "main"},
                   expect=201)
    path = f"{REPO}/pulls/{pull['number']}"
    expect(forge, pull["mergeable_state"] == "blocked", "blocked without its checks")
    call("PUT", path + "/merge", {}, expect=405)
    call("POST", f"{REPO}/statuses/{tip}", {"state": "success", "context": "ci"}, expect=201)
    check, _ = call("POST", REPO + "/check-runs", {"name": "replay", "head_sha": tip}, expect=201)
    call("PUT", path + "/merge", {}, expect=405)
    call("PATCH", f"{REPO}/check-runs/{check['id']}", {"conclusion": "failure"})
    call("PUT", path + "/merge", {}, expect=405)
    call("PATCH", f"{REPO}/check-runs/{check['id']}", {"conclusion": "success"})
    call("PUT", path + "/merge", {"sha": tip, "merge_method": "squash"})
    call("PATCH", REPO + "/git/refs/heads/main", {"sha": tip, "force": True}, expect=422)
    call("DELETE", REPO + "/branches/main/protection", expect=204)


def perform_as_issue(forge):
    call = forge.call
    make_branch(call, "told", {"told.md": "x\n"})
    pull, _ = call("POST", REPO + "/pulls", {"title": "as an issue", "head": "told",
                                             "base": "main"}, expect=201)
    number = pull["number"]
    path = f"{REPO}/issues/{number}"
    issue, _ = call("GET", path)
    expect(forge, issue["pull_request"]["url"].endswith(f"/pulls/{number}"), "pull_request is gone")
    call("POST", path + "/labels", {"labels": ["incident"]})
    call("POST", path + "/comments", {"body": "seen"}, expect=201)
    call("GET", path + "/timeline")
    pull, _ = call("GET", f"{REPO}/pulls/{number}")
    expect(forge, pull["comments"] == 1 and pull["labels"][0]["name"] == "incident", "shared parts")
    call("GET", REPO + "/pulls")
    found, _ = call("GET", "/search/issues?q=is:pr+is:open")
    expect(forge, number in [item["number"] for item in found["items"]], "search of is:pr")
    found, _ = call("GET", "/search/issues?q=is:issue+told")
    expect(forge, all("pull_request" not in item for item in found["items"]), "search of is:issue")
    call("PATCH", path, {"state": "closed"})
    pull, _ = call("GET", f"{REPO}/pulls/{number}")
    expect(forge, pull["state"] == "closed" and pull["mergeable"] is None, "closed as an issue")


# What perform_pulls_told causes, in order.
PULLS_TOLD = [("create", None), ("push", None), ("push", None), ("pull_request", "opened"),
              ("pull_request", "labeled"), ("issue_comment", "created"),
              ("pull_request", "review_requested"), ("pull_request_review", "submitted"),
              ("pull_request_review", "submitted"), ("pull_request_review", "submitted"),
              ("pull_request_review_comment", "created"), ("pull_request", "edited"), ("push", None),
              ("pull_request", "synchronize"), ("status", None), ("check_run", "created"),
              ("check_run", "completed"), ("push", None), ("pull_request", "closed"),
              ("push", None), ("delete", None)]


def perform_pulls_told(call):
    make_branch(call, "heard", {"heard.md": "x\n"})
    pull, _ = call("POST", REPO + "/pulls", {"title": "heard", "head": "heard", "base": "main"},
                   expect=201)
    path = f"{REPO}/pulls/{pull['number']}"
    call("POST", f"{REPO}/issues/{pull['number']}/labels", {"labels": ["incident"]})
    call("POST", f"{REPO}/issues/{pull['number']}/comments", {"body": "hello"}, expect=201)
    call("POST", path + "/requested_reviewers", {"reviewers": ["rita"]}, expect=201)
    call("POST", path + "/reviews", {"event": "APPROVE"}, token="reader-token")
    call("POST", path + "/reviews", {"event": "COMMENT", "body": "look"})
    call("POST", path + "/comments", {"body": "why?", "path": "heard.md", "line": 1}, expect=201)
    call("PATCH", path, {"title": "heard twice"})
    tip = write(call, "heard", "heard.md", "y\n")
    call("POST", f"{REPO}/statuses/{tip}", {"state": "success", "context": "ci"}, expect=201)
    check, _ = call("POST", REPO + "/check-runs", {"name": "r", "head_sha": tip}, expect=201)
    call("PATCH", f"{REPO}/check-runs/{check['id']}", {"conclusion": "success"})
    call("PUT", path + "/merge", {"merge_method": "squash"})
    call("DELETE", REPO + "/git/refs/heads/heard", expect=204)
