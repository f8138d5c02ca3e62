"""The demo application with a mistake planted in its code: builds it, runs it, asks whether the mistake
shows. The mistakes are data, in tests/data/tier3. Used by the tests of tier 3; Python's standard library only."""

import concurrent.futures
import hashlib
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import rig

DATA = os.path.join(rig.PROJECT, "tests/data/tier3")
CODER = os.path.join(rig.PROJECT, "tests/support/stand_in_coder.py")
WORDS = ["alder", "basalt", "cobalt", "dune", "ember", "fjord", "garnet", "heron", "indigo", "juniper", "kelp", "larch",
         "maple", "nettle", "otter", "pewter", "quartz", "raven", "slate", "tundra"]
# As chaos/demo/CMakeLists.txt has it, without what takes time.
FLAGS = ["-std=c++20", "-O0", "-Wall", "-Wextra", "-Wconversion", "-Werror"]


class Fault:
    """One of tests/data/tier3; its README says what the fields mean."""

    def __init__(self, name):
        self.name = name
        with open(os.path.join(DATA, name, "fault.json"), encoding="utf-8") as file:
            facts = json.load(file)
        self.what, self.trouble, self.good, self.names = facts["what"], facts["trouble"], facts["good"], facts["names"]
        self.load = dict({"within": 5}, **facts["load"])
        self.rest_cpu_percent = facts.get("rest_cpu_percent")

    def plant(self, tree, chance):
        """Into the sources below `tree`, its names changed by `chance`: no cure may know them."""
        with open(os.path.join(DATA, self.name, "plant.patch"), encoding="utf-8") as file:
            lines = file.read().split("\n")
        for name, word in zip(self.names, chance.sample(WORDS, len(self.names))):
            new = ("k" + word.capitalize() if re.match("k[A-Z]", name) else word) + ("_" if name.endswith("_") else "")
            lines = [re.sub(rf"\b{name}\b", new, line) if line.startswith("+") and not line.startswith("+++") else line
                     for line in lines]
        done = subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=tree, input="\n".join(lines), text=True,
                              capture_output=True, check=False)
        rig.expect(done.returncode == 0, f"{self.name} cannot be planted: {done.stderr.strip()[-300:]}")


def all_faults():
    return [Fault(name) for name in sorted(os.listdir(DATA)) if os.path.isdir(os.path.join(DATA, name))]


def copy_demo(tree):
    shutil.copytree(os.path.join(rig.PROJECT, "chaos/demo"), os.path.join(tree, "chaos/demo"))


class Workshop:
    """Compiles and links the demo service of a tree. What two trees have in common is compiled once."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.lock = threading.Lock()
        self.objects = {}  # Of a key: the future of its file.
        self.pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2)

    def close(self):
        self.pool.shutdown()

    def object_of(self, tree, name):
        demo = os.path.join(tree, "chaos/demo")
        key = hashlib.sha256()
        for part in sorted(one for one in os.listdir(demo) if one == name or one.endswith(".h")):
            with open(os.path.join(demo, part), "rb") as file:
                key.update(part.encode() + b"\0" + file.read() + b"\0")
        path = os.path.join(self.folder, key.hexdigest()[:20] + ".o")
        with self.lock:
            if path not in self.objects:
                self.objects[path] = self.pool.submit(rig.run, "g++", *FLAGS, "-I", tree, "-c", os.path.join(demo, name),
                                                      "-o", path, timeout=120)
        return path

    def build(self, tree):
        """The program's path."""
        sources = [name for name in sorted(os.listdir(os.path.join(tree, "chaos/demo"))) if name.endswith(".cc")]
        paths = [self.object_of(tree, name) for name in sources]
        for path in paths:
            self.objects[path].result()
        program = os.path.join(tree, "demo-service")
        rig.run("g++", "-static", "-s", *paths, "-o", program)
        return program


def make_image(engine, program, image):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(program, os.path.join(folder, "demo-service"))
        rig.run("tar", "--create", "--file", folder + ".tar", "--directory", folder, ".")
        engine.docker("import", "--change", 'ENTRYPOINT ["/demo-service"]', folder + ".tar", image)
        os.unlink(folder + ".tar")


class Site:
    """The three demo services of one image, on a network of their own."""

    def __init__(self, engine, image, name, cpus=0.5):
        self.engine, self.name, self.network, self.cpus = engine, name, f"net-{name}", cpus
        self.ports = {persona: rig.free_port() for persona in ("quote", "policy", "user")}
        engine.docker("network", "create", self.network)
        below = {"quote": "policy", "policy": "user"}

        def start(persona):
            upstream = ["--upstream", f"http://{below[persona]}-service:8000"] if persona in below else []
            engine.docker("run", "--detach", "--name", self.container(persona), "--network", self.network,
                          "--network-alias", f"{persona}-service", "--publish", f"127.0.0.1:{self.ports[persona]}:8000",
                          "--memory", "64m", "--memory-swap", "64m", "--cpus", str(cpus), image, persona, *upstream)
        try:
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                list(pool.map(start, self.ports))
            for persona in self.ports:
                rig.wait_for(f"{persona} of {name} answers", lambda persona=persona: self.ask(persona, "/health") == 200, 30)
        except Exception:
            self.close()
            raise

    def container(self, persona):
        return f"{self.name}-{persona}"

    def url(self, persona, path):
        return f"http://127.0.0.1:{self.ports[persona]}{path}"

    def ask(self, persona, path, within=5.0):
        """The status; 0 when no answer comes in time."""
        try:
            return rig.http_get(self.url(persona, path), timeout=within)[0]
        except (OSError, http.client.HTTPException):
            return 0

    def state(self, persona):
        form = "{{.State.Running}} {{.State.Pid}} {{.State.StartedAt}}"
        running, pid, started = self.engine.docker("inspect", "--format", form, self.container(persona)).split()
        return running == "true", int(pid), started

    def bring(self, trouble):
        """What is not the service's own fault, and what its code must bear."""
        if trouble.get("user") == "stopped":
            os.kill(self.state("user")[1], signal.SIGSTOP)
        if trouble.get("user") == "dead":
            self.engine.docker("kill", self.container("user"))
        if "slow_user_ms" in trouble:
            self.ask("user", f"/trigger_slow?ms={trouble['slow_user_ms']}&seconds=600")
        if "files" in trouble:
            resource.prlimit(self.state("policy")[1], resource.RLIMIT_NOFILE, (trouble["files"], trouble["files"]))

    def put_load(self, load):
        """The statuses of all calls."""
        calls = [load["path"].replace("{n}", str(number)) for number in range(1, load["calls"] + 1)]
        with concurrent.futures.ThreadPoolExecutor(load["at_once"]) as pool:
            return list(pool.map(lambda path: self.ask("policy", path, load["within"]), calls))

    def cpu_percent(self):
        """What the policy service takes of the processor it may have, while nobody asks it."""
        def ticks():
            with open(f"/proc/{self.state('policy')[1]}/stat", encoding="ascii", errors="replace") as file:
                return sum(int(word) for word in file.read().rsplit(")", 1)[1].split()[11:13])
        before, began = ticks(), time.monotonic()
        threading.Event().wait(2)  # The time over which it is measured.
        return 100 * (ticks() - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - began) / self.cpus

    def complaint(self, fault):
        """What is wrong with the service under the fault's trouble and load; empty: nothing."""
        self.bring(fault.trouble)
        before = self.state("policy")
        statuses = self.put_load(fault.load)
        bad = [status for status in statuses if status not in fault.good]
        if not self.state("policy")[0]:
            return "its process died"
        if self.state("policy") != before:
            return "it was started again"
        if bad:
            return f"{len(bad)} of {len(statuses)} answers are wrong, first {bad[0] or 'none in time'}"
        if self.ask("policy", "/health") != 200:
            return "its health is not good"
        if fault.rest_cpu_percent is not None and self.cpu_percent() > fault.rest_cpu_percent:
            return "its processor is busy at rest"
        return ""

    def broken_routes(self):
        """All that the demo offers and that does not answer as it should."""
        wanted = [(persona, path, 200) for persona in self.ports for path in
                  ("/", "/health", "/trigger_slow?ms=1&seconds=1", "/trigger_cpu?seconds=1", "/trigger_memory",
                   "/trigger_db_latency")]
        wanted += [("quote", "/quote?user=7", 200), ("policy", "/policy?user=7", 200), ("user", "/user?id=7", 200),
                   ("policy", "/policy?user=x", 400), ("policy", "/nothing", 404)]
        with concurrent.futures.ThreadPoolExecutor(len(wanted)) as pool:
            got = list(pool.map(lambda one: self.ask(one[0], one[1], 15), wanted))
        broken = [f"{persona}{path}: {status}" for (persona, path, good), status in zip(wanted, got) if status != good]
        return broken + [f"{persona}/reset" for persona in self.ports if self.ask(persona, "/reset") != 200]

    def close(self):
        for persona in self.ports:
            self.engine.docker("rm", "--force", "--volumes", self.container(persona), check=False)
        self.engine.docker("network", "rm", self.network, check=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Load:
    """The fault's load again and again, until the end of the block."""

    def __init__(self, site, fault):
        self.site, self.fault, self.over = site, fault, threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.over.is_set():
            self.site.put_load(dict(self.fault.load, within=min(2, self.fault.load["within"])))
            self.over.wait(0.2)  # A service that refuses at once must not keep this machine busy.

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def git(tree, *words):
    identity = ["-c", "user.name=Alice", "-c", "user.email=alice@example.org", "-c", "protocol.version=2"]
    environment = {"PATH": os.environ["PATH"], "HOME": tree, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    return rig.run("git", *identity, *words, env=environment | {"PWD": tree}, timeout=60, cwd=tree).stdout


class Forge:
    """The embedded GitHub of a system, as a person uses it."""

    def __init__(self, system, login="alice"):
        self.system = system
        with open(os.path.join(system.state, "forge-users"), encoding="utf-8") as file:
            self.token = next(line.split()[2] for line in file if line.startswith(login + " "))
        self.remote = f"http://{login}:{self.token}@127.0.0.1:{system.forge}/sre-space/demo.git"

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.system.forge}/repos/sre-space/demo/{path}", method=method,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode())
        with rig.DIRECT.open(request, timeout=10) as answer:
            return json.load(answer)

    def seed(self, tree):
        """The tree becomes the repository's main branch."""
        clone = tree + ".git"
        rig.run("git", "clone", "--quiet", self.remote, clone)
        shutil.copytree(tree, clone, dirs_exist_ok=True, ignore=shutil.ignore_patterns("demo-service"))
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "--message", "The application as it is")
        git(clone, "push", "--quiet", "origin", "HEAD:main")
        shutil.rmtree(clone)

    def fetch(self, branch, folder):
        rig.run("git", "clone", "--quiet", "--branch", branch, self.remote, folder)

    def hand_over(self, issue, seconds=90):
        """The pull request that comes of the label."""
        self.call("POST", f"issues/{issue}/labels", {"labels": ["jules-fix"]})

        def outcome():
            ops = {event[3]["op"] for event in self.system.events()
                   if event[2] == "github.intended" and event[3]["kind"] == "hand_over"}
            return next((event for event in self.system.events() if event[2] in (
                "github.done", "github.failed", "github.unknown") and event[3]["op"] in ops), None)
        _, _, name, what = rig.wait_for("the hand-over has an outcome", outcome, seconds, 0.2)
        rig.expect(name == "github.done" and what.get("number"), f"the hand-over: {name} {what.get('error', '')}")
        return self.call("GET", f"pulls/{what['number']}")


def policy_service(site):
    """The line of the configuration that has it watched. Those around it are not ours."""
    return (f"{{name: policy-service, container: {site.container('policy')}, grace: 0s, "
            f'health: {{url: "{site.url("policy", "/health")}", every: 250ms, timeout: 1s, fails: 3}}, '
            f'path: {{url: "{site.url("policy", "/policy?user=7")}", every: 250ms, timeout: 2s, latency_bound: 1s, '
            f"window: 2s}}}}")


def coder_config():
    words = ", ".join(json.dumps(word) for word in ("/usr/bin/env", "python3", CODER))
    return f"escalation: {{agent: command, command: [{words}], time: 60s, per_day: 100}}"


def begin():
    """A test's source of chance. A polite end from outside is one: what was made is removed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = int(os.environ.get("SRE_SEED") or random.SystemRandom().randrange(1 << 30))
    print(f"SRE_SEED={seed}", flush=True)
    return random.Random(seed)
