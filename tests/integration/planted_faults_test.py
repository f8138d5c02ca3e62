#!/usr/bin/env python3
"""Tier 3 on ten mistakes planted in the code of the demo application (tests/data/tier3): each is built, shown to
do harm in real containers, found by the roles, handed over with the Scribe's packet to a scripted stand-in for a
coding agent, and what that answers with is built and must bear what the mistake did not. At least eight are mended.
Usage: planted_faults_test.py SRE_SPACE DEMO_SERVICE [NAME...]"""

import concurrent.futures
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import planted
import rig

WANTED = 8
AT_ONCE = 4


def hand_over(program, engine, site, fault, tree, folder):
    """A real incident, its packet, and the branch of the pull request, fetched into `folder`."""
    system = rig.System(program, engine.host, [planted.policy_service(site)], mode="approve",
                        limits={"cpu_window": "2s"}, extra=planted.coder_config())
    try:
        system.up().wait_ready().wait_watching(1)
        forge = planted.Forge(system)
        forge.seed(tree)
        site.bring(fault.trouble)
        with planted.Load(site, fault):
            made = rig.wait_for("the incident is diagnosed",
                                lambda: next((e for e in system.events() if e[2] == "diagnosis.made"), None), 60, 0.2)
        issue = rig.wait_for("its issue is opened",
                             lambda: next((e for e in system.events(made[1]) if e[2] == "issue.opened"), None), 20, 0.2)
        pull = forge.hand_over(issue[3]["number"])
        forge.fetch(pull["head"]["ref"], folder)
        return made[3]["failure"], pull["body"]
    finally:
        if os.environ.get("SRE_KEEP"):
            shutil.copy(system.log_path, f"/tmp/planted-{fault.name}.log")
        system.close()


class Result:
    def __init__(self, fault):
        self.name = fault.name
        self.harm = self.failure = self.mended = ""
        self.fixed = False
        self.error = ""  # Of the test, not of the stand-in.


def try_fault(program, engine, workshop, fault, folder, seed):
    result = Result(fault)
    name = "t3-" + fault.name.split("-")[0]
    tree, after = os.path.join(folder, fault.name), os.path.join(folder, fault.name + "-after")
    try:
        planted.copy_demo(tree)
        fault.plant(tree, random.Random(f"{seed}/{fault.name}"))
        planted.make_image(engine, workshop.build(tree), f"{name}:planted")
        with planted.Site(engine, f"{name}:planted", f"{name}-a") as site:
            result.harm = site.complaint(fault)
        rig.expect(result.harm, "the mistake does no harm")
        # A limit that cannot be reached on a busy machine is never at its limit.
        cpus = 0.1 if fault.rest_cpu_percent else 0.5
        with planted.Site(engine, f"{name}:planted", f"{name}-b", cpus) as site:
            try:
                result.failure, text = hand_over(program, engine, site, fault, tree, after)
            except rig.Failure as failure:
                rig.expect(str(failure).startswith("the hand-over:"), str(failure))
                result.mended = str(failure)
                return result
        rig.expect("## Summary" in text and "## Expected MTTR effect" in text, "the pull request says too little")
        try:
            built = workshop.build(after)
        except rig.Failure as failure:
            result.mended = f"cannot be built: {failure}"
            return result
        planted.make_image(engine, built, f"{name}:mended")
        with planted.Site(engine, f"{name}:mended", f"{name}-c") as site:
            broken = site.broken_routes()
            complaint = site.complaint(fault)
        result.mended = "; ".join(broken + ([complaint] if complaint else [])) or "bears it, and all routes answer"
        result.fixed = not broken and not complaint
    except Exception as error:  # A test says what went wrong, whatever it was.
        result.error = f"{type(error).__name__}: {error}"
    return result


def leaves_sound_code_alone(folder):
    """Whatever the packet says, there is nothing to mend in the demo as it is."""
    tree = os.path.join(folder, "sound")
    planted.copy_demo(tree)
    planted.git(tree, "init", "--quiet")
    planted.git(tree, "add", "--all")
    packet = {"failing": {"service": "policy-service", "symptom": "died", "detail": "exit 137", "probes": []},
              "diagnosis": {"class": "oom", "explanation": "out of memory"}, "forbidden": [".github/"],
              "evidence": [{"kind": "log", "lines": ["policy-service: listening on port 8000",
                                                     "policy-service: error: upstream user-service:8000 is gone"]}]}
    with open(os.path.join(folder, "packet.json"), "w", encoding="utf-8") as file:
        json.dump(packet, file)
    done = subprocess.run([sys.executable, planted.CODER], cwd=tree, check=False, capture_output=True, text=True,
                          env=dict(os.environ, SRE_PACKET_JSON=os.path.join(folder, "packet.json"),
                                   SRE_PULL_TEXT=os.path.join(folder, "text.md")))
    rig.expect(done.returncode == 1, f"the stand-in found something to mend in sound code: {done.stdout}")
    changed = planted.git(tree, "diff", "--name-only")
    rig.expect(not changed, f"sound code was changed: {changed}")


def main():
    program, demo_service = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    rig.can_run()
    chance = planted.begin()
    seed = chance.random()
    faults = [one for one in planted.all_faults() if len(sys.argv) == 3 or one.name in sys.argv[3:]]
    folder = tempfile.mkdtemp(prefix="sre-p-", dir="/tmp")
    engine = rig.Engine(os.path.join(folder, "engine"), demo_service)
    workshop = planted.Workshop(os.path.join(folder, "objects"))
    pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
    failures = []
    results = []
    began = time.monotonic()
    try:
        try:
            leaves_sound_code_alone(folder)
        except rig.Failure as failure:
            failures.append(str(failure))
        engine.start()
        tried = [pool.submit(try_fault, program, engine, workshop, fault, folder, seed) for fault in faults]
        for one in concurrent.futures.as_completed(tried):
            results.append(one.result())
            print(f"{results[-1].name}: {'mended' if results[-1].fixed else 'not mended'} "
                  f"after {time.monotonic() - began:.0f} s", flush=True)
    finally:
        # Interrupted, what is under way ends with its containers.
        pool.shutdown(wait=False, cancel_futures=True)
        engine.stop()
        pool.shutdown()
        workshop.close()
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
    results.sort(key=lambda result: result.name)
    print("\n| fault | harm | diagnosis | after the stand-in's change |\n|---|---|---|---|")
    for one in results:
        print(f"| {one.name} | {one.harm} | {one.failure or '-'} | {one.error or one.mended} |")
    fixed = sum(one.fixed for one in results)
    print(f"{fixed} of {len(results)} mended")
    failures += [f"{one.name}: {one.error}" for one in results if one.error]
    if fixed < WANTED * len(results) / 10:
        failures.append(f"at least {WANTED} of 10 must be mended")
    for failure in failures:
        print(f"FAIL {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
