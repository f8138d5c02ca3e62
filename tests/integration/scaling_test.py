#!/usr/bin/env python3
"""Scaling from the console to the balancer, with all roles, a real engine and a real nginx: no request
fails while replicas come and go, what was asked for is on the issue, and a service that can get no
replica is restarted with the cause kept.
Usage: scaling_test.py SRE_SPACE DEMO_SERVICE"""

import collections
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import rig

KEY = "a key of 24 characters!!"
RATE, CLIENTS = 200, 8  # Requests a second, over so many connections at once.
RUNBOOK = """runbook: busy-scale-up
title: A busy service gets a replica more
when: {failure: [cpu_saturation]}
risk: medium
rank: 0.9
reason: A replica more shares the load.
steps:
  - scale_up: {by: 1, at_most: 5}
  - verify
proof: the CPU stays under its limit
undo: the replica is taken away again
on_failure: scale-failed-restart
"""


class Nginx:
    """A private nginx that includes the balancer's file, in front of one service."""

    def __init__(self, folder, backend):
        self.folder = folder
        self.port, self.says = rig.free_port(), rig.free_port()
        self.file = os.path.join(folder, "balancer.conf")
        self.pid_file = os.path.join(folder, "nginx.pid")
        self.conf = os.path.join(folder, "nginx.conf")
        temporary = "".join(f"  {kind}_temp_path {folder}/tmp;\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(f"upstream shop {{ server {backend}; }}\n")
        # Without kept connections: a worker that leaves closes them, and whoever writes on one just then has to repeat.
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(f"daemon off;\nworker_processes 2;\nerror_log {folder}/error.log;\npid {self.pid_file};\n"
                       f"events {{}}\nhttp {{\n  access_log off;\n  keepalive_timeout 0;\n{temporary}  include {self.file};\n"
                       f"  server {{\n    listen 127.0.0.1:{self.port};\n    location / {{\n"
                       "      proxy_pass http://shop;\n      add_header X-Served-By $upstream_addr;\n    }\n  }\n}\n")
        self.process = subprocess.Popen(["nginx", "-c", self.conf])
        rig.wait_for("nginx answers", lambda: rig.http_get(f"http://127.0.0.1:{self.port}/health")[0] == 200)

    def settings(self):
        return (f"balancer:\n  file: {self.file}\n  test: [nginx, -t, -c, {self.conf}]\n  pid_file: {self.pid_file}\n"
                f"  generation_address: 127.0.0.1:{self.says}\n  drain: 500ms\n"
                "  upstreams:\n    - {service: shop, name: shop, port: 8000}")

    def close(self):
        self.process.terminate()
        self.process.wait(10)


class Load:
    """So many requests a second through nginx until it is closed."""

    def __init__(self, port):
        self.port = port
        self.lock = threading.Lock()
        self.good, self.failures, self.served = 0, [], collections.Counter()
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        due = time.monotonic()
        while not self.ending.wait(max(0.0, due - time.monotonic())):
            due += CLIENTS / RATE
            try:
                connection.request("GET", "/health")
                answer = connection.getresponse()
                answer.read()
                what = None if answer.status == 200 else f"status {answer.status}"
                by = answer.getheader("X-Served-By")
            except OSError as error:
                what, by = repr(error), None
                connection.close()
            with self.lock:
                if what:
                    self.failures.append(what)
                else:
                    self.good += 1
                    self.served[by] += 1
        connection.close()

    def count(self):
        with self.lock:
            return self.good

    def close(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()


class Scene:
    def __init__(self, program, engine, folder):
        self.engine = engine
        # What one busy container gets even on a machine as busy as this one is: else it is never at its limit.
        cpus = min(0.5, max(0.15, 0.8 * (os.cpu_count() or 1) / (os.getloadavg()[0] + 1)))
        image = ("--memory", "64m", "--cpus", f"{cpus:.2f}", "sre-demo-service:latest")
        self.ports = {name: rig.free_port() for name in ("shop", "busy")}
        for name, port in self.ports.items():
            engine.docker("run", "--detach", "--name", name, "--network", "rig", "--publish", f"127.0.0.1:{port}:8000",
                          *image, "user", "--name", name)
            rig.wait_for(f"{name} answers", lambda at=port: rig.http_get(f"http://127.0.0.1:{at}/health")[0] == 200)
        address = engine.docker("inspect", "--format", "{{.NetworkSettings.Networks.rig.IPAddress}}", "shop")
        self.nginx = Nginx(folder, f"{address}:8000")
        workflows = os.path.join(folder, "workflows")
        os.mkdir(workflows)
        with open(os.path.join(workflows, "busy-scale-up.yaml"), "w", encoding="utf-8") as file:
            file.write(RUNBOOK)
        settings = self.nginx.settings() + "\n    - {service: busy, name: busy, port: 8000}"
        services = [f"{{name: {name}, container: {name}, grace: 0s, health: {{url: \"http://127.0.0.1:{port}/health\", "
                    "every: 250ms, timeout: 2s, fails: 5}}" for name, port in self.ports.items()]
        services[1] = services[1][:-1] + ", depends_on: [shop]}"
        self.system = rig.System(program, engine.host, services, extra=f"workflows: {workflows}\n{settings}",
                                 limits={"scale_cooldown": "8s", "cpu_window": "2s", "soak": "3s"})
        with open(self.system.config, encoding="utf-8") as file:
            text = file.read()
        with open(self.system.config, "w", encoding="utf-8") as file:
            file.write(text.replace(f"{{port: {self.system.console}}}", f'{{port: {self.system.console}, key: "{KEY}"}}'))

    def close(self):
        self.system.close()
        self.nginx.close()

    def ask(self, method, path, key=KEY):
        connection = http.client.HTTPConnection("127.0.0.1", self.system.console, timeout=45)
        connection.request(method, path, headers={"X-API-Key": key} if key else {})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, json.loads(body)

    def replicas(self, service):
        names = self.engine.docker("ps", "--format", "{{.Names}}", "--filter", f"label=sre-space.replica-of={service}")
        return sorted(names.split())

    # Another one is begun once the cooldown is over; what it says until then is a refusal.
    def scale(self, path):
        def begun():
            status, body = self.ask("POST", path)
            rig.expect(status in (200, 409), f"{path}: {status} {body}")
            return body if status == 200 else None
        return rig.wait_for(f"{path} is let through", begun, 40, 0.5)


def check_access(scene):
    for path in ("/scale/up?count=3&service=shop", "/scale/down?service=shop"):
        rig.expect(scene.ask("POST", path, key=None)[0] == 401, f"{path} passes without the key")
        rig.expect(scene.ask("POST", path, key="wrong")[0] == 403, f"{path} passes with another key")
    rig.expect(scene.ask("GET", "/topology", key=None)[0] == 401, "the topology is shown without the key")
    status, body = scene.ask("POST", "/scale/up")
    rig.expect(status == 400 and "shop, busy" in body["error"], f"which service was not asked: {status} {body}")
    rig.expect(scene.system.count("incident.opened") == 0, "a refused request opened an incident")


def check_three(scene):
    body = scene.scale("/scale/up?count=3&service=shop")
    names = [f"shop-replica-{index}" for index in (1, 2, 3)]
    rig.expect(body["replicas"] == names and body["lb_configured"] is True, f"scaled up: {body}")
    rig.expect(scene.replicas("shop") == names, f"the engine has {scene.replicas('shop')}")
    status, refused = scene.ask("POST", "/scale/up?count=4&service=shop")
    rig.expect(status == 409 and "cooldown" in refused["error"], f"within the cooldown: {status} {refused}")
    rig.expect(scene.replicas("shop") == names, "a refused request made a replica")
    return body["incident"]


def check_views(scene):
    graph = scene.ask("GET", "/topology")[1]
    nodes = {node["id"]: node["type"] for node in graph["nodes"]}
    edges = {(edge["from"], edge["to"]) for edge in graph["edges"]}
    found = sorted(node for node, kind in nodes.items() if kind == "replica")
    rig.expect(found == [f"replica:shop-replica-{index}" for index in (1, 2, 3)], f"replica nodes: {found}")
    for node in found:
        rig.expect(("loadbalancer", node) in edges and ("app:shop", node) in edges, f"no edges to {node}")
    for edge in (("loadbalancer", "app:shop"), ("app:busy", "app:shop"), ("agent:scout", "app:shop")):
        rig.expect(edge in edges, f"no edge {edge}")
    for kind in ("agent", "dashboard", "loadbalancer", "app"):
        rig.expect(kind in nodes.values(), f"no node of type {kind}")
    listed = scene.ask("GET", "/containers")[1]["containers"]
    rig.expect(len(listed) == 5, f"{len(listed)} containers instead of 5")
    for one in listed:
        engine = json.loads(scene.engine.docker("inspect", one["id"]))[0]
        truth = (engine["Name"].lstrip("/"), engine["Config"]["Image"], engine["State"]["Status"], engine["State"]["StartedAt"],
                 engine["HostConfig"]["Memory"], engine["HostConfig"]["NanoCpus"] / 1e9, engine["RestartCount"],
                 engine["Config"]["Labels"].get("sre-space.replica-of"))
        said = tuple(one[key] for key in ("name", "image", "state", "started_at", "memory_limit_bytes", "cpu_limit",
                                          "restart_count", "replica_of"))
        rig.expect(said == truth, f"{said} is not what the engine says: {truth}")


def check_issue(scene, incident):
    system = scene.system
    rig.wait_for("the request is closed", lambda: system.count("incident.closed", incident) == 1, 40)
    names = [event[2] for event in system.events(incident)]
    for once in ("plan.made", "action.intended", "action.done", "verification.passed", "incident.resolved"):
        rig.expect(names.count(once) == 1, f"{once} stands {names.count(once)} times in {names}")
    for never in ("diagnosis.made", "postmortem.written", "memory.indexed", "escalated"):
        rig.expect(never not in names, f"{never} of a request")

    def told():
        return next((one for one in system.issues("shop") if one["title"] == "[REQUEST] shop: scaling to 3 replicas"), None)
    issue = rig.wait_for("the request has an issue", told)
    rig.expect(issue["state"] == "closed" and issue["state_reason"] == "completed", f"the issue is {issue['state']}")
    thread = "\n".join(one["body"] for one in system.comments(issue["number"]))
    for words in ("**Scaling asked** by `console`", "`/scale shop 3`", "from 0 to 3 replicas", "scale_up of `shop`: **done**"):
        rig.expect(words in thread, f"the thread does not say {words}: {thread}")


def up_and_down(scene):
    check_access(scene)
    load = Load(scene.nginx.port)
    try:
        rig.wait_for("requests flow", lambda: load.count() > RATE)
        incident = check_three(scene)
        check_views(scene)
        body = scene.scale("/scale/up?count=9&service=shop")
        rig.expect(len(body["replicas"]) == 5 and len(scene.replicas("shop")) == 5, f"asked for 9: {body}")
        before = load.count()
        rig.wait_for("requests flow on", lambda: load.count() > before + RATE)
        rig.expect(len(load.served) >= 6, f"served by {dict(load.served)}")
        body = scene.scale("/scale/down?service=shop")
        rig.expect(body["replicas"] == [] and scene.replicas("shop") == [], f"scaled down: {body}")
        before = load.count()
        rig.wait_for("requests flow after it", lambda: load.count() > before + RATE)
    finally:
        load.close()
    print(f"requests {load.good + len(load.failures)}, failed {len(load.failures)}, served by {dict(load.served)}")
    rig.expect(not load.failures, f"{len(load.failures)} requests failed: {load.failures[:5]}")
    check_issue(scene, incident)
    rig.expect(not scene.system.has("shop", "diagnosis.made"), "scaling made the service look sick")


def falls_back(scene):
    """A stranger's container has the replica's name."""
    scene.engine.docker("run", "--detach", "--name", "busy-replica-1", "--network", "rig", rig.IMAGE)
    before = scene.engine.docker("inspect", "--format", "{{.State.StartedAt}}", "busy")
    rig.http_get(f"http://127.0.0.1:{scene.ports['busy']}/trigger_cpu?seconds=600")
    system = scene.system
    ids = rig.wait_for("the busy service has an incident", lambda: system.opened("busy"), 40)
    rig.wait_for("it is closed", lambda: system.count("incident.closed", ids[0]) == 1, 120)
    events = system.events(ids[0])
    intents = [event[3]["action"] for event in events if event[2] == "action.intended"]
    rig.expect(intents == ["scale_up", "restart"], f"intended: {intents}")
    failed = [event[3]["error"] for event in events if event[2] == "action.failed"]
    rig.expect(len(failed) == 1 and "somebody else's container has that name" in failed[0], f"failed: {failed}")
    plans = [event[3]["menu"][0]["reason"] for event in events if event[2] == "plan.made"]
    rig.expect("somebody else's container has that name" in plans[-1], f"the restart's reason: {plans[-1]}")
    rig.expect(any(event[2] == "incident.resolved" and event[3]["action"] == "restart" for event in events), "not resolved")
    after = scene.engine.docker("inspect", "--format", "{{.State.StartedAt}}", "busy")
    rig.expect(after != before, "busy was not restarted")
    rig.expect(scene.replicas("busy") == [], "a replica was left behind")
    issue = system.wait_closed("busy")
    thread = "\n".join(one["body"] for one in system.comments(issue["number"]))
    rig.expect("somebody else's container has that name" in thread, "the issue does not keep the cause")


def main():
    program, demo_service = sys.argv[1:3]
    rig.can_run()
    if shutil.which("nginx") is None:
        rig.skip_or_fail("nginx is missing (package nginx-light)")
    folder = tempfile.mkdtemp(prefix="sre-s-", dir="/tmp")
    os.chmod(folder, 0o755)
    engine = rig.Engine(os.path.join(folder, "engine"), demo_service)
    report, scene = rig.Report(), None
    try:
        engine.start()
        scene = Scene(program, engine, folder)
        scene.system.up().wait_ready().wait_watching(2)

        def scaling_up_and_down():
            up_and_down(scene)

        def without_a_replica_a_restart():
            falls_back(scene)
        report.one(scaling_up_and_down)
        report.one(without_a_replica_a_restart)
        if report.failures:
            print(scene.system.log()[-4000:])
    finally:
        if scene:
            scene.close()
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main()
