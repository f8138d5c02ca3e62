"""What the fault tests stand on: a private engine, containers on it, and whole systems (`sre-space up`)
with their own folders and ports. Everything made here is removed by close(), whatever happens.
Python's standard library only."""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IMAGE = "sre-busybox:latest"
ROLES = ["scout", "brain", "fixer", "memory", "scribe", "warden", "console", "forge"]


class Failure(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failure(what)


def wait_for(what, condition, seconds=30.0, every=0.05):
    """The first truthy answer of condition(); Failure after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() >= end:
            raise Failure(f"not within {seconds:g} s: {what}")
        time.sleep(every)


def stays(what, condition, seconds):
    """Failure as soon as condition() is false within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        expect(condition(), f"no longer true: {what}")
        time.sleep(0.05)


_ports_lock = threading.Lock()
_ports_given = set()


def free_port():
    with _ports_lock:
        while True:
            port = random.randint(12000, 29999)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            if port not in _ports_given:
                _ports_given.add(port)
                return port


def run(*words, check=True, env=None, timeout=60, cwd=None):
    done = subprocess.run(words, capture_output=True, text=True, env=env, timeout=timeout, cwd=cwd, check=False)
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(words)}: exit {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done


# Straight to this machine, whatever proxy the environment names.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http_get(url, headers=None, timeout=2.0):
    """(status, body); status 0 when nothing answers."""
    try:
        with DIRECT.open(urllib.request.Request(url, headers=headers or {}), timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (urllib.error.URLError, OSError):
        return 0, ""


class Engine:
    """A Docker engine of our own."""

    def __init__(self, folder, demo_service):
        self.folder = folder
        self.demo_service = demo_service
        self.host = "unix://" + os.path.join(folder, "docker.sock")
        self.env = dict(os.environ, DOCKER_HOST=self.host)
        self.env.pop("DOCKER_CONTEXT", None)

    def start(self):
        run(os.path.join(PROJECT, "tools/private-engine"), "start", self.folder, timeout=90)
        run(os.path.join(PROJECT, "tools/demo-images"), self.host, self.demo_service, env=self.env, timeout=90)
        self.docker("network", "create", "rig")  # A private engine has no default one.

    def stop(self):
        run(os.path.join(PROJECT, "tools/private-engine"), "stop", self.folder, check=False, timeout=60)

    def docker(self, *words, check=True):
        return run("docker", *words, env=self.env, check=check).stdout.strip()

    def dockerd(self):
        with open(os.path.join(self.folder, "dockerd.pid"), encoding="ascii") as file:
            return int(file.read())

    def signal(self, number):
        os.kill(self.dockerd(), number)

    def kill(self):
        pid = self.dockerd()
        os.kill(pid, signal.SIGKILL)
        wait_for("dockerd ended", lambda: not is_alive(pid), 10)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.folder, "dockerd.pid"))

    def kill_and_restart(self):
        """dockerd alone dies; its containerd goes on. A new one starts on the same folder."""
        self.kill()
        with open(os.path.join(self.folder, "log/dockerd.log"), "ab") as log:
            subprocess.Popen(["dockerd", "--config-file", os.path.join(self.folder, "daemon.json")], stdout=log,
                             stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                             env=dict(os.environ, PATH=os.path.join(self.folder, "bin") + ":" + os.environ["PATH"]))
        wait_for("dockerd answers", lambda: run("docker", "version", env=self.env, check=False).returncode == 0, 30)

    def kill_and_start_empty(self):
        """As after the loss of its disk: no container, no image."""
        self.kill()
        self.start()


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Box:
    """A container that answers /health, published on a port of 127.0.0.1."""

    def __init__(self, engine, name, restart="no", port=None):
        self.engine = engine
        self.name = name
        self.port = port or free_port()
        self.id = engine.docker("run", "--detach", "--name", name, "--network", "rig", "--publish", f"127.0.0.1:{self.port}:8000",
                                "--restart", restart, "--memory", "64m", "--cpus", "1", IMAGE)
        wait_for(f"{name} answers", self.is_healthy, 20)

    def is_healthy(self):
        return http_get(f"http://127.0.0.1:{self.port}/health", timeout=1)[0] == 200

    def inspect(self, form):
        return self.engine.docker("inspect", "--format", form, self.id)

    def started_at(self):
        return self.inspect("{{.State.StartedAt}}")

    def is_running(self):
        return self.inspect("{{.State.Running}}") == "true"

    def pid(self):
        return int(self.inspect("{{.State.Pid}}"))

    def crash(self):
        """Its process dies as if by its own fault: no engine was asked."""
        os.kill(self.pid(), signal.SIGKILL)

    def hang(self):
        os.kill(self.pid(), signal.SIGSTOP)

    def starts(self, since):
        """How often the engine started it since that moment (its own clock's seconds)."""
        return self.engine_events("start", since)

    def engine_events(self, kind, since):
        text = self.engine.docker("events", "--since", f"{since:.3f}", "--until", f"{time.time():.3f}",
                                  "--filter", f"container={self.id}", "--filter", f"event={kind}",
                                  "--format", "{{.Action}}")
        return len(text.splitlines())

    def remove(self):
        self.engine.docker("rm", "--force", "--volumes", self.id, check=False)


FAST_LIMITS = {
    "cooldown": "0s", "spacing": "0s", "soak": "1s", "issue_spacing": "0s", "mass_failure_percent": 100,
    "service_actions_per_hour": 1000, "service_actions_per_day": 1000, "global_actions_per_hour": 1000,
    "global_actions_per_day": 1000, "blast_radius_percent": 100, "flap_start_percent": 100, "flap_restarts": 1000,
    "deploy_freeze": "0s", "host_cpu_percent": 100, "host_memory_percent": 100,
    "auto_tiers": "[1, 2]", "pull_requests_per_day": 1000,
}


class System:
    """One configuration and its processes."""

    def __init__(self, program, engine_host, services, mode="auto", limits=None, extra="", state=None):
        self.program = program
        self.folder = tempfile.mkdtemp(prefix="sre-f-", dir="/tmp")
        self.state = state or os.path.join(self.folder, "state")
        self.console = free_port()
        self.forge = free_port()
        self.config = os.path.join(self.folder, "sre-space.yaml")
        self.log_path = os.path.join(self.folder, "up.log")
        self.process = None
        self.services = services
        values = dict(FAST_LIMITS, **(limits or {}))
        lines = [
            f"state: {self.state}", f"mode: {mode}", "github: {repository: embedded}",
            f'engine: {{host: "{engine_host}"}}', f"console: {{port: {self.console}}}",
            f"forge: {{port: {self.forge}}}",
            "limits: {" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}",
        ]
        if extra:
            lines.append(extra)
        lines.append("services:")
        lines += ["  - " + text for text in services]
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    # ---- Processes

    def up(self, env=None):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.program, "--config", self.config, "up"], stdout=log, stderr=log,
                                            env=dict(os.environ, **(env or {})), start_new_session=True)
        return self

    def wait_ready(self, seconds=30):
        """Every role runs, the issues can be read and Scout has seen what the engine has."""
        wait_for("the forge and the console answer",
                 lambda: self.api("issues") is not None and http_get(f"http://127.0.0.1:{self.console}/health")[0] == 200,
                 seconds)
        return self

    def wait_watching(self, count, seconds=30):
        wait_for(f"{count} services are seen", lambda: self.count("deploy.seen") >= count, seconds)
        return self

    def command(self, *words, check=True):
        return run(self.program, "--config", self.config, *words, check=check)

    def role_pid(self, role):
        try:
            with open(os.path.join(self.state, "up.json"), encoding="utf-8") as file:
                roles = json.load(file)["roles"]
        except (FileNotFoundError, ValueError):
            return 0
        return next((one["pid"] for one in roles if one["role"] == role), 0)

    def kill_role(self, role):
        pid = wait_for(f"{role} runs", lambda: self.role_pid(role), 10)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return pid

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        return ""

    def down(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def close(self):
        self.down()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- The ledger, read from outside

    def events(self, incident=None):
        """[(position, incident, name, payload)], oldest first."""
        path = os.path.join(self.state, "ledger.db")
        try:
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
                rows = database.execute("select position, incident, name, payload from events order by position").fetchall()
        except sqlite3.Error:
            return []
        return [(p, i, n, json.loads(text)) for p, i, n, text in rows if incident is None or i == incident]

    def count(self, name, incident=None):
        return sum(1 for event in self.events(incident) if event[2] == name)

    def opened(self, service):
        """The incidents of a service, by id."""
        return [event[1] for event in self.events()
                if event[2] == "incident.opened" and event[3]["signal"]["service"] == service]

    def has(self, service, name):
        """Whether an incident of the service has such an event."""
        ids = set(self.opened(service))
        return any(event[1] in ids and event[2] == name for event in self.events())

    # ---- The issues, read through the API

    def api(self, path):
        """The answer as a value; None when there is none."""
        try:
            with open(os.path.join(self.state, "forge-users"), encoding="utf-8") as file:
                token = next((line.split()[2] for line in file if line.startswith("dave ")), "")
        except FileNotFoundError:
            return None
        status, body = http_get(f"http://127.0.0.1:{self.forge}/repos/sre-space/demo/{path}",
                                {"Authorization": f"token {token}"})
        return json.loads(body) if status == 200 else None

    def issues(self, service):
        """All issues of a service, closed ones too."""
        found = []
        for page in range(1, 20):
            part = self.api(f"issues?state=all&per_page=100&page={page}")
            if not part:
                break
            found += part
        return [one for one in found if any(label["name"] == f"service: {service}" for label in one["labels"])]

    def comments(self, number):
        return self.api(f"issues/{number}/comments?per_page=100") or []

    def labels(self, issue):
        return [label["name"] for label in issue["labels"]]

    def wait_closed(self, service, seconds=60):
        """The one issue of the service, once it is closed."""
        def closed():
            found = self.issues(service)
            return found[0] if len(found) == 1 and found[0]["state"] == "closed" else None
        try:
            return wait_for(f"one closed issue of {service}", closed, seconds)
        except Failure as error:
            shown = [(one["number"], one["state"], self.labels(one)) for one in self.issues(service)]
            raise Failure(f"{error}; issues: {shown}") from None


def service(name, box, **more):
    """One line of the list of services."""
    text = (f"{{name: {name}, container: {box if isinstance(box, str) else box.name}"
            + "".join(f", {key}: {value}" for key, value in more.items()))
    if not isinstance(box, str):
        text += f', health: {{url: "http://127.0.0.1:{box.port}/health", every: 100ms, timeout: 500ms, fails: 2}}'
    return text + "}"


def heading(comment):
    """What kind of comment it is: its first line of text."""
    lines = [line for line in comment["body"].splitlines() if line.strip() and not line.startswith("<!--")]
    return lines[0] if lines else ""


def check_healed(system, name, box, since, starts=1):
    """What must hold of a healed incident, whoever was killed on the way."""
    issue = system.wait_closed(name)
    expect(issue["state_reason"] == "completed", f"{name}: closed as {issue['state_reason']}")
    expect("Status: AI-Resolved" in system.labels(issue), f"{name}: labels {system.labels(issue)}")
    comments = system.comments(issue["number"])
    marks = [one["body"].splitlines()[0] for one in comments]
    expect(len(set(marks)) == len(marks), f"{name}: a comment stands twice")
    kinds = [heading(one) for one in comments]
    for sign in ("📚", "🧠", "🛠", "✅", "📝"):
        found = [kind for kind in kinds if sign in kind]
        expect(found, f"{name}: no comment {sign}; there are {kinds}")
        expect(len(found) == 1 or sign == "🛠", f"{name}: comment {sign} stands {len(found)} times")
    expect(box.is_healthy(), f"{name}: does not answer")
    expect(box.starts(since) == starts, f"{name}: {box.starts(since)} starts by the engine instead of {starts}")
    ids = system.opened(name)
    expect(len(ids) == 1, f"{name}: {len(ids)} incidents")
    check_events(system, name, ids[0])
    return issue


def check_events(system, name, incident):
    names = [event[2] for event in system.events(incident)]
    for once in ("incident.opened", "issue.opened", "verification.passed", "incident.resolved", "postmortem.written",
                 "memory.indexed", "incident.closed"):
        expect(names.count(once) == 1, f"{name}: {once} stands {names.count(once)} times in the ledger")
    expect(names.count("action.done") == 1, f"{name}: {names.count('action.done')} × action.done")


def skip_or_fail(reason):
    """Without its real parts a test is skipped loudly; as root or in CI that is a failure."""
    must = os.geteuid() == 0 or os.environ.get("CI") == "true"
    print(f"{'FAIL' if must else 'SKIPPED'} {os.path.basename(sys.argv[0])}: {reason}")
    sys.exit(1 if must else 77)


def can_run():
    if os.geteuid() != 0:
        skip_or_fail("must run as root")
    for tool in ("docker", "dockerd", "containerd"):
        if shutil.which(tool) is None:
            skip_or_fail(f"{tool} is missing (package docker.io)")


class Report:
    """Runs cases, several at once, and says how each went."""

    def __init__(self):
        self.failures = 0
        self.lock = threading.Lock()

    def one(self, case):
        began = time.monotonic()
        try:
            case()
            text = f"ok   {case.__name__}"
        except Exception as error:  # A test says what went wrong, whatever it was.
            text = f"FAIL {case.__name__}: {type(error).__name__}: {error}"
        with self.lock:
            self.failures += text.startswith("FAIL")
            print(f"{text} ({time.monotonic() - began:.1f} s)", flush=True)

    def side_by_side(self, cases, at_once=4):
        left = list(cases)

        def work():
            while True:
                with self.lock:
                    if not left:
                        return
                    case = left.pop(0)
                self.one(case)
        threads = [threading.Thread(target=work) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
