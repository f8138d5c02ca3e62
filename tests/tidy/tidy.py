#!/usr/bin/env python3
"""The rules of the architecture as a test: layers, heavy headers, the pure core, JSON, sizes.

    tests/tidy/tidy.py              checks the project; prints file:line: rule: what; exit 1 on any finding
    tests/tidy/tidy.py --self-test  checks the checker: each rule finds its own example and spares a clean tree

Sizes are warnings and do not fail. What the compiler checks ([[nodiscard]], a missing case of a switch,
conversions) is not repeated here. Standard library only.
"""

import os
import re
import sys
import tempfile

FOLDERS = ("shared", "memory", "forge", "chaos", "agents", "bench", "tests", "tools", "cockpit")
CODE = (".h", ".cc")

# An exception is (rule, file): why. One that is not needed any more is a warning.
EXCEPTIONS = {
    ("detach", "agents/up/supervisor.cc"): "boost::process: lets go of a child, which a pidfd watches instead",
    ("layers", "agents/console/wire.cc"): "the form of the supervisor's status file, a format and no role",
    ("heavy header", "agents/warden/door.h"): "the door is the HTTP server's own adapter; two sources see it",
    ("heavy header", "forge/endpoints.h"): "what the endpoints of the forge share; only they see it",
    ("heavy header", "forge/endpoint_tools.h"): "as above",
    ("heavy header", "shared/git/handles.h"): "libgit2 objects, for the sources of that folder and of shared/gitops",
    ("heavy header", "forge/sqlite_query.h"): "what the sources of the store share; only they see it",
    ("json", "agents/cli/incidents.cc"): "prints what --json asks for",
    ("json", "agents/cli/memory.cc"): "prints what --json asks for",
}

HEAVY = re.compile(
    r'#\s*include\s*[<"](httplib\.h|boost/|nlohmann/json\.hpp|sqlite3\.h|hnswlib/|yaml-cpp/|CLI/|spdlog/|git2|md4c|re2/)')
INCLUDE = re.compile(r'#\s*include\s*[<"]([^>"]+)[>"]')

# No I/O, clock, thread, randomness, logging or JSON: decisions on values.
PURE = re.compile(
    r"^(shared/incident/(?!.*_codec)\w+"
    r"|shared/role/role|shared/policy/(?!.*_codec)\w+"
    r"|shared/gitops/(quantity|change|paths|yaml_scalar|yaml_tree|yaml_edit|remediation)"
    r"|shared/markdown/\w+"
    r"|agents/scout/(scout|watch|symptoms|proofs)|agents/brain/(?!wire)\w+|agents/fixer/(fixer|facts|history|changes)|agents/memory/memory_role"
    r"|agents/scribe/(scribe|card|thread|outbox|pages|markdown|markers|commands|steering|packet|handover|hand)"
    r"|memory/recall)\.(h|cc)$")
IMPURE_INCLUDE = re.compile(
    r"^(fstream|iostream|istream|thread|mutex|condition_variable|atomic|future|random|filesystem|ctime|time\.h|"
    r"unistd\.h|fcntl\.h|poll\.h|signal\.h|spawn\.h|sys/.*|netinet/.*|arpa/.*|netdb\.h|"
    r"httplib\.h|boost/.*|nlohmann/.*|sqlite3\.h|hnswlib/.*|yaml-cpp/.*|CLI/.*|spdlog/.*|openssl/.*|"
    r"base/(log|json|failpoint)\.h|(.*/)?(sqlite|docker|beast|socket|http)_\w+\.h)$")
IMPURE_WORD = re.compile(
    r"\b(SystemClock|SystemRandom|getenv|system_clock::now|steady_clock::now|random_device|fopen|popen)\b")

JSON_USE = re.compile(r"\bnlohmann::(ordered_)?json\b|#\s*include\s*[<\"]nlohmann/json\.hpp")
# Where JSON lives: the codecs, the gate they go through, clients of foreign APIs, and the forge's
# endpoints, which take and give JSON in GitHub's shapes.
JSON_HOME = re.compile(r"(_codec\.(h|cc)|_client\.cc|^shared/base/json\.(h|cc)"
                       r"|^forge/(\w+_endpoints|endpoints|endpoint_tools|git_tools|pull_tools|issue_changes|ref_changes|hooks|pages|api)\.(h|cc))$")

LIMIT_HEADER, LIMIT_SOURCE, LIMIT_FUNCTION = 300, 600, 70


class Findings:
    def __init__(self):
        self.errors, self.warnings, self.used = [], [], set()

    def error(self, rule, path, line, what):
        if (rule, path) in EXCEPTIONS:
            self.used.add((rule, path))
        else:
            self.errors.append(f"{path}:{line}: {rule}: {what}")

    def warn(self, rule, path, line, what):
        self.warnings.append(f"{path}:{line}: warning: {rule}: {what}")


def without_comments_and_strings(text):
    """The code alone, line for line: comments and the inside of literals become spaces."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)

    def blank(match):
        found = match.group(0)
        if found.startswith("//") or found.startswith("/*"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + re.sub(r"[^\n]", " ", found[1:-1]) + found[-1]

    return pattern.sub(blank, text)


def lines_with(pattern, text):
    for number, line in enumerate(text.split("\n"), 1):
        match = pattern.search(line)
        if match:
            yield number, match


def check_includes(path, text, found):
    mine = path.split("/")
    for number, match in lines_with(INCLUDE, text):
        target = match.group(1)
        if target.startswith("agents/"):
            # The executable's own folder joins everything; tests may look anywhere.
            if mine[0] == "agents" and mine[1] != "cli" and target.split("/")[1] != mine[1]:
                found.error("layers", path, number, f"an agent includes another one's {target}")
            if mine[0] in ("shared", "memory", "forge", "chaos"):
                found.error("layers", path, number, f"{mine[0]} includes {target}")
        if target.startswith("tests/") and mine[0] != "tests" and mine[0] != "bench":
            found.error("layers", path, number, f"the product includes {target}")
    if path.endswith(".h") and mine[0] != "tests":
        for number, match in lines_with(HEAVY, text):
            if not re.search(r"_(codec|adapter)\.h$", path):
                found.error("heavy header", path, number, f"{match.group(1)} belongs into a source file")


def check_pure(path, text, code, found):
    if not PURE.match(path):
        return
    for number, match in lines_with(INCLUDE, text):
        if IMPURE_INCLUDE.match(match.group(1)):
            found.error("pure", path, number, f"a decision includes {match.group(1)}")
    for number, match in lines_with(IMPURE_WORD, code):
        found.error("pure", path, number, f"a decision uses {match.group(0)}")


def check_words(path, text, code, found):
    for number, _ in lines_with(re.compile(r"[.>]detach\s*\(\s*\)"), code):
        found.error("detach", path, number, "a thread nobody waits for")
    if path.startswith("tests/unit/"):
        for number, match in lines_with(re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\("), code):
            found.error("sleep", path, number, f"{match.group(1)} in a unit test")
        for number, match in lines_with(re.compile(r"#\s*include\s*[<\"](fstream|filesystem)[>\"]"), text):
            found.warn("disk", path, number, "unit tests touch no disk")
    if path.startswith("shared/incident/"):
        for number, _ in lines_with(re.compile(r"\bdefault\s*:"), code):
            found.error("default", path, number, "a switch here names every case")
    if path.endswith(CODE) and path.split("/")[0] != "tests" and JSON_HOME.search(path) is None:
        for number, _ in lines_with(JSON_USE, text):
            found.error("json", path, number, "JSON lives in the codecs")
            break


def check_marks(path, text, found):
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    for number, match in lines_with(marks, text):
        found.error("unfinished", path, number, f"{match.group(1)} left behind")


def check_header(path, text, found):
    if not path.endswith(".h"):
        return
    if not text.startswith("//"):
        found.error("header", path, 1, "does not begin by saying what it is for")
    if "#pragma once" not in text:
        found.error("header", path, 1, "has no #pragma once")
    if not path.startswith("tests/") and re.search(r"^using namespace", text, re.MULTILINE):
        found.error("header", path, 1, "using namespace at file level")


def check_sizes(path, text, code, found):
    count = text.count("\n")
    limit = LIMIT_HEADER if path.endswith(".h") else LIMIT_SOURCE
    if count > limit:
        found.warn("size", path, 1, f"{count} lines, over {limit}")
    begun = None
    for number, line in enumerate(code.split("\n"), 1):
        if re.match(r"^\S.*\)[\w\s:&<>,{}()-]*\{\s*$", line) and not line.startswith(("namespace", "TEST_CASE", "}")):
            begun = number
        elif line.startswith("}") and begun is not None:
            if number - begun > LIMIT_FUNCTION and not path.startswith("tests/"):
                found.warn("size", path, begun, f"a function of {number - begun} lines, over {LIMIT_FUNCTION}")
            begun = None


def files(root):
    for folder in FOLDERS:
        for place, folders, names in os.walk(os.path.join(root, folder)):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in ("build", "__pycache__"))
            for name in sorted(names):
                yield os.path.relpath(os.path.join(place, name), root).replace(os.sep, "/")


def check(root):
    found = Findings()
    for path in files(root):
        if not path.endswith(CODE + (".py", ".sh", ".cmake", ".yaml", ".js", ".ts", ".html", "CMakeLists.txt")):
            continue
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            text = file.read()
        check_marks(path, text, found)
        if not path.endswith(CODE):
            continue
        code = without_comments_and_strings(text)
        check_includes(path, text, found)
        check_pure(path, text, code, found)
        check_words(path, text, code, found)
        if not path.startswith("tests/fakes/"):
            check_header(path, text, found)
        check_sizes(path, text, code, found)
    return found


HEAD = "// What it is for.\n#pragma once\n"
BAD = {
    "layers": [("shared/a/a.h", HEAD + '#include "agents/scout/scout.h"\n'),
               ("agents/brain/x.cc", '#include "agents/scout/watch.h"\n'),
               ("memory/x.cc", '#include "agents/up/up.h"\n'),
               ("shared/a/a.cc", '#include "tests/fakes/x.h"\n')],
    "heavy header": [("shared/a/a.h", HEAD + "#include <httplib.h>\n"),
                     ("agents/scout/a.h", HEAD + "#include <boost/asio.hpp>\n"),
                     ("forge/a.h", HEAD + "#include <sqlite3.h>\n")],
    "pure": [("shared/incident/a.cc", "#include <fstream>\n"),
             ("agents/brain/rules.cc", "int f() { return getenv(\"X\") != nullptr; }\n"),
             ("agents/fixer/fixer.h", HEAD + '#include "base/log.h"\n')],
    "detach": [("shared/a/a.cc", "void f() { thread.detach(); }\n")],
    "sleep": [("tests/unit/a_test.cc", "void f() { std::this_thread::sleep_for(1s); }\n")],
    "default": [("shared/incident/a.cc", "void f() {\n  switch (x) {\n    default: break;\n  }\n}\n")],
    "json": [("agents/brain/brain.cc", "nlohmann::json f();\n"), ("shared/a/a.cc", "#include <nlohmann/json.hpp>\n")],
    "unfinished": [("shared/a/a.cc", "// TO" + "DO: later\n"), ("tools/a.sh", "# FIX" + "ME\n")],
    "header": [("shared/a/a.h", "#pragma once\n"), ("shared/a/b.h", "// What it is for.\n")],
}
GOOD = {
    "shared/a/a.h": HEAD + '#include <nlohmann/json_fwd.hpp>\n#include "base/result.h"\n',
    "shared/a/a_codec.cc": "#include <nlohmann/json.hpp>\nnlohmann::json f();\n",
    "shared/a/real_client.cc": "#include <httplib.h>\n",
    "shared/incident/a.cc": "// detach(), default: and getenv in a comment.\nconst char* k = \"thread.detach()\";\n"
                            "#include <map>\nvoid f() {}  // No sleep_for(1) either.\n",
    "agents/scout/a.cc": '#include "agents/scout/watch.h"\n',
    "agents/cli/roles.cc": '#include "agents/scout/wire.h"\n',
    "tests/unit/a_test.cc": '#include <nlohmann/json.hpp>\n#include "agents/scout/watch.h"\n// Never sleeps ( at all ).\n',
    "tests/integration/b_test.cc": "void f() { usleep(3); }\n",
}


def write(root, path, text):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)


def self_test():
    failures = 0
    for rule, examples in BAD.items():
        for path, text in examples:
            with tempfile.TemporaryDirectory() as root:
                write(root, path, text)
                errors = check(root).errors
                if not any(f": {rule}: " in e and e.startswith(path + ":") for e in errors):
                    print(f"not found: {rule} in {path}: {errors}")
                    failures += 1
    with tempfile.TemporaryDirectory() as root:
        for path, text in GOOD.items():
            write(root, path, text)
        for error in check(root).errors:
            print(f"wrongly found: {error}")
            failures += 1
    with tempfile.TemporaryDirectory() as root:
        write(root, "shared/a/a.cc", "int f() {\n" + "  g();\n" * 80 + "}\n" * 1 + "\n" * 600)
        if len(check(root).warnings) != 2:
            print("sizes are not warned of")
            failures += 1
    print("tidy self-test:", "failed" if failures else "passed")
    return 1 if failures else 0


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    found = check(root)
    for key in EXCEPTIONS:
        if key not in found.used:
            found.warn("exception", key[1], 1, f"needs no exception from \"{key[0]}\" any more")
    for line in found.warnings + found.errors:
        print(line)
    print(f"tidy: {len(found.errors)} findings, {len(found.warnings)} warnings, {len(EXCEPTIONS)} exceptions")
    return 1 if found.errors else 0


if __name__ == "__main__":
    sys.exit(main())
