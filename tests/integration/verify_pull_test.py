#!/usr/bin/env python3
"""Tier 3 from end to end: a mistake in the code that the forge holds lets a service run out of memory; the roles heal
it; a person's label hands the incident to the stand-in; its pull request is verified by the real suite: success. One
that breaks the demo, and that no guard stops, is a failure. Both say so on the forge.
Usage: verify_pull_test.py SRE_SPACE DEMO_SERVICE"""

import concurrent.futures
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import planted
import rig

FAULT = "01-endless-cache"
EXPERIMENTS = "oom crash"
CONTEXT = "sre-space/verify-jules-pr"


def make_repository(tree, chance):
    """What the suite needs, and the demo with the mistake."""
    planted.copy_demo(tree)
    for name in ("run", "tools"):
        source = os.path.join(rig.PROJECT, name)
        (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, os.path.join(tree, name))
    fault = planted.Fault(FAULT)
    fault.plant(tree, chance)
    return fault


def heal(system, site, fault):
    """The incident of the mistake, closed as completed; its issue's number."""
    site.put_load(fault.load)
    issue = system.wait_closed("policy-service", 90)
    rig.expect("Status: AI-Resolved" in system.labels(issue), f"labels {system.labels(issue)}")
    return issue["number"]


def break_demo(forge, folder):
    """A pull request as an agent makes them, with a change that no word gives away."""
    forge.fetch("main", folder)
    path = os.path.join(folder, "chaos/demo/service.cc")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    broken = text.replace("if (below.ok && below.reply.status == 200) {", "if (below.ok && below.reply.status == 204) {")
    rig.expect(broken != text, "the demo does not look like that any more")
    with open(path, "w", encoding="utf-8") as file:
        file.write(broken)
    planted.git(folder, "commit", "--quiet", "--all", "--message", "Take only what is complete")
    planted.git(folder, "push", "--quiet", "origin", "HEAD:only-complete")
    body = ("## Summary\n\nAn upstream's answer is taken only when it is complete.\n\n"
            "## Expected MTTR effect\n\nNothing half done is passed on, so there is less to heal.\n")
    return forge.call("POST", "pulls", {"title": "Take only what is complete", "head": "only-complete", "base": "main",
                                        "body": body})


def verify(system, engine, forge, pull):
    """Runs it; (exit code, its JSON, the comments, the newest status)."""
    began = time.monotonic()
    done = subprocess.run([system.program, "--config", system.config, "chaos", "verify-jules-pr", str(pull["number"]),
                           "--suite", "--experiments", EXPERIMENTS, "--json"], env=engine.env, capture_output=True,
                          text=True, timeout=400, check=False)
    rig.expect(done.stdout.strip(), f"it said nothing: {done.stderr.strip()[-600:]}")
    comments = [one["body"] for one in forge.call("GET", f"issues/{pull['number']}/comments")]
    statuses = [one for one in forge.call("GET", f"commits/{pull['head']['sha']}/statuses") if one["context"] == CONTEXT]
    print(f"pull request {pull['number']} ({pull['title']}): {done.stdout.strip()} ({time.monotonic() - began:.0f} s)",
          flush=True)
    return done.returncode, json.loads(done.stdout), comments, statuses[0]


def check_good(forge, pull, code, said, comments, status):
    rig.expect((code, said["state"], said["suite"], said["built"]) == (0, "success", "passed", "demo"),
               f"the good one: exit code {code}, {said}\n" + "\n".join(comments)[-2500:])
    rig.expect(status["state"] == "success" and EXPERIMENTS in status["description"], f"its status is {status}")
    rig.expect(len(comments) == 1 and "**success**" in comments[0] and "**Passed**" in comments[0],
               f"its comments are {comments}")
    rig.expect(forge.call("GET", f"pulls/{pull['number']}")["state"] == "open", "it is not left to a person")


def check_broken(code, said, comments, status):
    rig.expect((code, said["state"], said["suite"], said["findings"]) == (1, "failure", "failed", []),
               f"the broken one: exit code {code}, {said}")
    rig.expect(status["state"] == "failure", f"its status is {status}")
    rig.expect(len(comments) == 1 and "**failure**" in comments[0] and "**Failed**" in comments[0],
               f"its comments are {comments}")
    rig.expect("steady_state" in comments[0], "its comment does not say what is missing")


def play(program, engine, folder, chance):
    tree = os.path.join(folder, "tree")
    fault = make_repository(tree, chance)
    workshop = planted.Workshop(os.path.join(folder, "objects"))
    try:
        planted.make_image(engine, workshop.build(tree), "t3-e2e:planted")
    finally:
        workshop.close()
    with planted.Site(engine, "t3-e2e:planted", "t3-e2e") as site:
        system = rig.System(program, engine.host, [planted.policy_service(site)], extra=planted.coder_config())
        try:
            system.up().wait_ready().wait_watching(1)
            forge = planted.Forge(system)
            forge.seed(tree)
            pull = forge.hand_over(heal(system, site, fault))
            rig.expect(pull["head"]["ref"].startswith("jules-fix-"), f"its branch is {pull['head']['ref']}")

            broken = break_demo(forge, os.path.join(folder, "broken"))
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                both = [pool.submit(verify, system, engine, forge, one) for one in (pull, broken)]
            check_good(forge, pull, *both[0].result())
            check_broken(*both[1].result())
        finally:
            if os.environ.get("SRE_KEEP"):
                shutil.copy(system.log_path, "/tmp/verify-pull.log")
            system.close()
    left = engine.docker("ps", "--all", "--format", "{{.Names}}")
    rig.expect(not left, f"containers are left: {left}")
    images = engine.docker("images", "--format", "{{.Tag}}", "sre-demo-service").split()
    rig.expect(images == ["latest"], f"images are left: {images}")


def main():
    program, demo_service = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    rig.can_run()
    chance = planted.begin()
    folder = tempfile.mkdtemp(prefix="sre-v-", dir="/tmp")
    engine = rig.Engine(os.path.join(folder, "engine"), demo_service)
    try:
        engine.start()
        play(program, engine, folder, chance)
    except rig.Failure as failure:
        print(f"FAIL {failure}")
        return 1
    finally:
        engine.stop()
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
    print("all checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
