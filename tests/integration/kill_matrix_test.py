#!/usr/bin/env python3
"""Role × event with real processes: a container's process dies; the moment a certain event of its
incident stands in the ledger, a certain role is killed with SIGKILL. `up` brings it back, and the incident
ends right: healed by exactly one start, told once and completely.
Usage: kill_matrix_test.py SRE_SPACE DEMO_SERVICE     SRE_FULL=1 tries all pairs, else a rotating sample."""

import contextlib
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
import time

import rig

EVENTS = ["incident.opened", "plan.made", "action.intended", "action.done", "verification.asked",
          "incident.resolved", "postmortem.written"]
SYSTEMS = 3
SAMPLE = 16


def chosen_pairs():
    pairs = [(role, event) for role in rig.ROLES for event in EVENTS]
    if os.environ.get("SRE_FULL") == "1":
        return pairs
    # Steps of 17 through the 56 pairs meet each role and each event; the start moves from day to day.
    start = int(time.time() // 86400) * SAMPLE
    return [pairs[(start + step) * 17 % len(pairs)] for step in range(SAMPLE)]


def wait_event(system, service, name, seconds=20):
    """Returns as soon as the event stands in the ledger: looks every millisecond."""
    path = os.path.join(system.state, "ledger.db")
    query = ("select 1 from events where name = ? and incident in (select incident from events "
             "where name = 'incident.opened' and json_extract(payload, '$.signal.service') = ?)")
    end = time.monotonic() + seconds
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as ledger:
        while time.monotonic() < end:
            with contextlib.suppress(sqlite3.OperationalError):
                if ledger.execute(query, (name, service)).fetchone():
                    return
            time.sleep(0.001)
    raise rig.Failure(f"{service}: no {name} within {seconds} s")


def try_pair(system, name, box, role, event):
    since = time.time()
    box.crash()
    wait_event(system, name, event)
    killed = system.kill_role(role)
    try:
        rig.check_healed(system, name, box, since)
        rig.wait_for(f"{role} is back", lambda: system.role_pid(role) not in (0, killed), 15)
    except rig.Failure as error:
        tail = "".join(f"\n    {p} {n}" for p, _, n, _ in system.events(system.opened(name)[0])) if system.opened(name) else ""
        raise rig.Failure(f"{role} killed after {event}: {error}{tail}") from None


def run_system(engine, program, pairs, report, number):
    names = [f"s{number}-{index}-{role}" for index, (role, _) in enumerate(pairs)]
    boxes = [rig.Box(engine, f"km-{name}") for name in names]
    system = rig.System(program, engine.host, [rig.service(name, box) for name, box in zip(names, boxes)])
    try:
        system.up().wait_ready().wait_watching(len(names))
        for name, box, (role, event) in zip(names, boxes, pairs):
            def case(name=name, box=box, role=role, event=event):
                try_pair(system, name, box, role, event)
            case.__name__ = f"{role} × {event}"
            report.one(case)
        if report.failures:
            shutil.copy(system.log_path, f"/tmp/kill-matrix-{number}.log") if os.environ.get("SRE_KEEP") else None
    finally:
        system.close()
        for box in boxes:
            box.remove()


def main():
    program, demo_service = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    rig.can_run()
    folder = tempfile.mkdtemp(prefix="sre-k-", dir="/tmp")
    engine = rig.Engine(folder, demo_service)
    report = rig.Report()
    pairs = chosen_pairs()
    try:
        engine.start()
        threads = []
        for number in range(SYSTEMS):
            def work(number=number):
                def whole_system():
                    run_system(engine, program, pairs[number::SYSTEMS], report, number)
                try:
                    whole_system()
                except Exception as error:  # Not a case's own failure: the system never stood.
                    with report.lock:
                        report.failures += 1
                        print(f"FAIL system {number}: {error}", flush=True)
            threads.append(threading.Thread(target=work))
            threads[-1].start()
        for thread in threads:
            thread.join()
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(pairs)} kills, {report.failures} failures")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
