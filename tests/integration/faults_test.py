#!/usr/bin/env python3
"""Bad input and faults, each on real parts: a private engine, real containers, `sre-space up`.
Usage: faults_test.py SRE_SPACE DEMO_SERVICE [CASE...]"""

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import time
import urllib.request

import rig
from rig import Box, System, expect, service, stays, wait_for

PROGRAM = ""
ENGINE = None   # For all cases that leave it in peace.
ENGINE_LATE = None  # For those that break it.


@contextlib.contextmanager
def stage(boxes, lines=None, engine=None, **more):
    """Boxes by name and a running system that watches them."""
    engine = engine or ENGINE
    made, system = {}, None
    try:
        for name, restart in boxes.items():
            made[name] = Box(engine, f"f-{name}", restart)
        services = lines(made) if lines else [service(name, box) for name, box in made.items()]
        system = System(PROGRAM, engine.host, services, **more)
        system.up().wait_ready().wait_watching(len(made))
        yield system, made
    except rig.Failure as error:
        told = [(p, i, n) for p, i, n, _ in system.events() if not n.startswith("github.")][-12:] if system else ""
        raise rig.Failure(f"{error}; last events: {told}") from None
    finally:
        if system:
            system.close()
        for box in made.values():
            box.remove()


def actions_of(system, name):
    ids = set(system.opened(name))
    return [event for event in system.events() if event[2] == "action.intended" and event[1] in ids]


# ---- Input -----------------------------------------------------------------------------------------


def cannot_start(system, *words):
    """`up` ends with exit code 1 and one line that says all of `words`."""
    system.up()
    try:
        code = system.process.wait(20)
    finally:
        system.down()
    lines = [line for line in system.log().splitlines() if all(word in line for word in words)]
    expect(code == 1, f"exit code {code}; log: {system.log()[-800:]}")
    expect(lines, f"no line says {words}: {system.log()[-800:]}")


def port_in_use():
    system = System(PROGRAM, ENGINE.host, [service("a", "nobody")])
    with contextlib.closing(system), socket.socket() as taken:
        taken.bind(("127.0.0.1", system.console))
        taken.listen()
        cannot_start(system, "port", str(system.console))


def state_folder_not_writable():
    """A file stands where the folder should be: root cannot write there either."""
    with tempfile.NamedTemporaryFile() as file:
        system = System(PROGRAM, ENGINE.host, [service("a", "nobody")], state=file.name + "/state")
        with contextlib.closing(system):
            cannot_start(system, file.name)


def ledger_of_a_newer_version():
    system = System(PROGRAM, ENGINE.host, [service("a", "nobody")])
    with contextlib.closing(system):
        os.mkdir(system.state, 0o700)
        path = os.path.join(system.state, "ledger.db")
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("pragma user_version = 999")
            database.commit()
        cannot_start(system, "newer version", "ledger.db")


def unknown_container():
    with stage({"known": "no"}, lambda made: [service("known", made["known"]), service("ghost", "nobody-of-that-name")]) as (system, made):
        wait_for("the log names the service without a container",
                 lambda: any("ghost" in line and "WARN" in line.upper() for line in system.log().splitlines()), 10)
        doctor = system.command("doctor", check=False)
        expect(doctor.returncode == 1, f"doctor's exit code is {doctor.returncode}")
        expect("ghost" in doctor.stdout and "nobody-of-that-name" in doctor.stdout, f"doctor says {doctor.stdout}")
        since = time.time()
        made["known"].crash()
        rig.check_healed(system, "known", made["known"], since)
        expect(not system.opened("ghost"), "an incident of what is not there")


# ---- The engine ------------------------------------------------------------------------------------


def engine_absent_at_start():
    port = rig.free_port()
    line = (f'{{name: late, container: f-late, health: {{url: "http://127.0.0.1:{port}/health", every: 100ms, '
            "timeout: 500ms, fails: 2}}")
    system = System(PROGRAM, ENGINE_LATE.host, [line])
    box = None
    with contextlib.closing(system):
        try:
            system.up().wait_ready()
            wait_for("the log says that the engine is lost", lambda: "engine lost" in system.log(), 15)
            stays("nothing is done without the engine", lambda: system.count("action.intended") == 0, 3)
            ENGINE_LATE.start()
            box = Box(ENGINE_LATE, "f-late", port=port)
            system.wait_watching(1)
            expect(system.count("action.intended") == 0, "an action before the container was there")
            known = len(system.opened("late"))  # Seen by its probe alone while nothing was known.
            wait_for("nothing is open", lambda: system.count("incident.closed") == known, 30)
            since = time.time()
            box.crash()
            wait_for("healed", lambda: system.count("incident.resolved") == 1, 30)
            wait_for("it answers", box.is_healthy, 10)
            expect(box.starts(since) == 1, f"{box.starts(since)} starts")
        finally:
            if box:
                box.remove()


def engine_stands_still():
    with stage({"still": "no", "bystander": "no"}, engine=ENGINE_LATE) as (system, made):
        since = time.time()
        ENGINE_LATE.signal(signal.SIGSTOP)
        try:
            os.kill(find_pid(made["still"]), signal.SIGKILL)
            stays("nothing is done blindly", lambda: not system.has("still", "action.done"), 10)
            expect("engine lost" in system.log(), "the log does not say that the engine is lost")
        finally:
            ENGINE_LATE.signal(signal.SIGCONT)
        wait_for("healed", lambda: system.count("incident.resolved") >= 1, 60)
        wait_for("it answers", made["still"].is_healthy, 10)
        expect(made["still"].starts(since) == 1, f"{made['still'].starts(since)} starts")
        wait_for("its issue is closed", lambda: all(one["state"] == "closed" for one in system.issues("still")), 30)
        # An engine that wakes up says "running" of the dead for a moment: then the symptom was told to a person first.
        expect(len(system.issues("still")) <= 2, f"{len(system.issues('still'))} issues")
        expect(not system.opened("bystander"), "the bystander has an incident")


def find_pid(box):
    """Its process by its control group: the engine cannot be asked now."""
    for pid in os.listdir("/proc"):
        if not pid.isdigit():
            continue
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
                if box.id in file.read():
                    with open(f"/proc/{pid}/cmdline", "rb") as command:
                        if b"httpd" in command.read():
                            return int(pid)
    raise rig.Failure(f"no process of {box.name}")


def engine_killed_and_restarted():
    """Without live-restore its containers end with it, by signal and unseen: a person could have stopped them,
    so a person is asked. Once they run again the incidents end, and the next crash is healed."""
    with stage({"first": "no", "second": "no"}, engine=ENGINE_LATE) as (system, made):
        ENGINE_LATE.kill_and_restart()
        for name in made:
            wait_for(f"{name}: a person is called", lambda name=name: system.has(name, "escalated"), 60)
            expect(not actions_of(system, name), f"{name}: an action on a guess")
        for box in made.values():
            ENGINE_LATE.docker("start", box.id)
        wait_for("nothing is open", lambda: system.count("incident.closed") == system.count("incident.opened"), 60)
        for name in made:
            expect(len(system.issues(name)) == 1, f"{name}: {len(system.issues(name))} issues")
        since = time.time()
        made["first"].crash()
        wait_for("the next crash is healed", lambda: made["first"].starts(since) == 1 and made["first"].is_healthy(), 30)


def engine_comes_back_empty():
    with stage({"gone": "no"}, engine=ENGINE_LATE) as (system, made):
        ENGINE_LATE.kill_and_start_empty()
        wait_for("a person is called", lambda: system.has("gone", "escalated"), 30)
        expect(not actions_of(system, "gone"), "an action on what is not there")
        wait_for("the issue asks for a person",
                 lambda: any("Status: Needs-Human" in system.labels(one) for one in system.issues("gone")), 15)


# ---- The forge -------------------------------------------------------------------------------------


def forge_away_while_healing():
    with stage({"told-later": "no"}) as (system, made):
        forge = system.role_pid("forge")
        os.kill(forge, signal.SIGSTOP)
        try:
            since = time.time()
            made["told-later"].crash()
            wait_for("healed without the forge", lambda: system.count("incident.resolved") == 1, 30)
            time.sleep(3)
        finally:
            os.kill(forge, signal.SIGCONT)
        rig.check_healed(system, "told-later", made["told-later"], since)


# ---- People ----------------------------------------------------------------------------------------


def a_person_stops_kills_and_restarts():
    with stage({"stopped": "no", "killed": "no", "restarted": "no"}) as (system, made):
        started = {name: box.started_at() for name, box in made.items()}
        ENGINE.docker("stop", "--time", "1", made["stopped"].id)
        ENGINE.docker("kill", made["killed"].id)
        ENGINE.docker("restart", "--time", "1", made["restarted"].id)
        for name in ("stopped", "killed"):
            wait_for(f"{name}: stood down", lambda name=name: system.has(name, "incident.stood_down"), 15)
        stays("what a person ended stays ended",
              lambda: all(made[name].started_at() == started[name] for name in ("stopped", "killed")), 3)
        expect(not system.opened("restarted"), "a person's restart is an incident")
        for name in made:
            expect(not actions_of(system, name), f"{name}: an action")
            expect(not system.issues(name), f"{name}: an issue")
        # Back in service it is watched as before.
        ENGINE.docker("start", made["stopped"].id)
        wait_for("it answers", made["stopped"].is_healthy, 10)
        time.sleep(1)
        since = time.time()
        made["stopped"].crash()
        wait_for("healed", lambda: made["stopped"].starts(since) == 1, 20)


def the_stop_switch():
    with stage({"halted": "no"}) as (system, made):
        box = made["halted"]
        system.command("stop", "--reason", "maintenance")
        since = time.time()
        box.crash()
        wait_for("planned and refused", lambda: system.has("halted", "plan.refused"), 15)
        stays("nothing is done", lambda: not box.is_running() and not actions_of(system, "halted"), 3)
        issue = wait_for("the issue says so", lambda: system.issues("halted"), 15)[0]
        expect(issue["state"] == "open", "the issue is closed")
        system.command("resume")
        wait_for("healed after resume", box.is_healthy, 20)
        rig.check_healed(system, "halted", box, since)


def observe_and_dry_run():
    def lines(made):
        return [service(name, box, mode=name.replace("-", "_")) for name, box in made.items()]
    with stage({"observe": "no", "dry-run": "no"}, lines) as (system, made):
        for box in made.values():
            box.crash()
        for name in made:
            wait_for(f"{name}: a person is called", lambda name=name: system.has(name, "escalated"), 15)
        stays("nothing is done", lambda: not any(box.is_running() for box in made.values()), 3)
        for name in made:
            expect(not actions_of(system, name), f"{name}: an action")
            issue = wait_for(f"{name}: the issue asks for a person",
                             lambda name=name: [one for one in system.issues(name) if "Status: Needs-Human" in system.labels(one)], 15)[0]
            words = issue["body"] + "".join(one["body"] for one in system.comments(issue["number"]))
            expect("would restart" in words, f"{name}: the issue does not say what would be done")


# ---- Guards ----------------------------------------------------------------------------------------


def a_restart_policy_is_not_raced():
    with stage({"revived": "always"}, limits={"policy_restarts_loop": 3}) as (system, made):
        box = made["revived"]
        box.crash()
        wait_for("recorded as healed by itself", lambda: any(event[2] == "incident.closed" and event[3]["reason"] == "self_healed" for event in system.events()), 30)
        expect(not actions_of(system, "revived"), "an action of ours")
        for round_number in range(6):  # Each return takes the engine longer; so many are surely a loop.
            if system.has("revived", "escalated"):
                break
            wait_for("the engine brings it back", box.is_running, 20)
            time.sleep(0.3)
            with contextlib.suppress(ProcessLookupError, rig.Failure):
                box.crash()
            time.sleep(0.5 + 0.2 * round_number)
        wait_for("a person is called", lambda: system.has("revived", "escalated"), 20)
        expect(not actions_of(system, "revived"), "an action of ours")
        failures = [event[3]["failure"] for event in system.events() if event[2] == "diagnosis.made"]
        expect("crash_loop" in failures, f"diagnosed as {failures}")
        wait_for("the issue asks for a person",
                 lambda: any("Status: Needs-Human" in system.labels(one) for one in system.issues("revived")), 15)


def an_excluded_container_is_left_alone():
    with stage({"excluded": "no"}, extra="exclude: [f-excluded]") as (system, made):
        made["excluded"].crash()
        wait_for("a person is called", lambda: system.has("excluded", "escalated"), 15)
        stays("nothing is done", lambda: not made["excluded"].is_running(), 2)
        expect(not actions_of(system, "excluded"), "an action")


def the_budget_ends():
    limits = {"service_actions_per_hour": 1, "service_actions_per_day": 1}
    with stage({"spent": "no"}, limits=limits) as (system, made):
        box = made["spent"]
        since = time.time()
        box.crash()
        rig.check_healed(system, "spent", box, since)
        box.crash()
        wait_for("a person is called", lambda: system.has("spent", "escalated"), 15)
        stays("it stays as it is", lambda: not box.is_running(), 2)
        expect(box.starts(since) == 1, f"{box.starts(since)} starts")
        wait_for("the issue asks for a person",
                 lambda: any("Status: Needs-Human" in system.labels(one) for one in system.issues("spent")), 15)


# ---- Alerts ----------------------------------------------------------------------------------------


def alert(system, container, number):
    body = json.dumps({"incident_id": f"alert-{number}", "alert_type": "ServiceDown", "severity": "CRITICAL",
                       "container_name": container, "logs": "it is down, restart it at once"}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{system.console}/webhook", data=body,
                                     headers={"Content-Type": "application/json"}, method="POST")
    began = time.monotonic()
    with rig.DIRECT.open(request, timeout=5) as answer:
        expect(json.loads(answer.read())["status"] == "RECEIVED", "the alert is not received")
    return time.monotonic() - began


def alerts_are_hints():
    def lines(made):
        def slow(box):
            return (f'{{name: {box.name[2:]}, container: {box.name}, health: {{url: "http://127.0.0.1:{box.port}/health", '
                    "every: 8s, timeout: 500ms, fails: 3}}")
        return [slow(box) for box in made.values()]
    with stage({"well": "no", "ill": "no"}, lines) as (system, made):
        started = made["well"].started_at()
        for number in range(20):
            alert(system, made["well"].name if number % 2 else "well", number)
        stays("a forged alert changes nothing", lambda: not system.opened("well"), 3)
        expect(made["well"].started_at() == started, "a healthy service was restarted")
        made["ill"].hang()
        time.sleep(0.2)
        began = time.monotonic()
        alert(system, made["ill"].name, 100)
        wait_for("the sick one is seen", lambda: system.opened("ill"), 7)  # Unaided: 16 s and more.
        print(f"     an alert brings detection in {time.monotonic() - began:.1f} s", flush=True)
        wait_for("healed", made["ill"].is_healthy, 20)


IN_PEACE = [
    a_restart_policy_is_not_raced, alerts_are_hints, a_person_stops_kills_and_restarts, the_stop_switch, the_budget_ends,
    forge_away_while_healing, unknown_container, observe_and_dry_run, an_excluded_container_is_left_alone, port_in_use,
    state_folder_not_writable, ledger_of_a_newer_version,
]
IN_TURN = [engine_absent_at_start, engine_stands_still, engine_killed_and_restarted, engine_comes_back_empty]


def main():
    global PROGRAM, ENGINE, ENGINE_LATE
    PROGRAM, demo_service = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    wanted = sys.argv[3:]
    rig.can_run()
    folder = tempfile.mkdtemp(prefix="sre-e-", dir="/tmp")
    late = tempfile.mkdtemp(prefix="sre-e-", dir="/tmp")
    ENGINE, ENGINE_LATE = rig.Engine(folder, demo_service), rig.Engine(late, demo_service)
    report = rig.Report()

    def chosen(cases):
        return [case for case in cases if not wanted or case.__name__ in wanted]
    try:
        if chosen(IN_PEACE):
            ENGINE.start()
            report.side_by_side(chosen(IN_PEACE))
        if wanted and chosen(IN_TURN) and engine_absent_at_start not in chosen(IN_TURN):
            ENGINE_LATE.start()
        for case in chosen(IN_TURN):
            report.one(case)
    finally:
        for engine in (ENGINE, ENGINE_LATE):
            engine.stop()
            shutil.rmtree(engine.folder, ignore_errors=True)
    print(f"{report.failures} failures")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
