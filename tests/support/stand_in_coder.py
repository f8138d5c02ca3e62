#!/usr/bin/env python3
"""A scripted stand-in for a coding agent, for tests of tier 3: what it mends, a real one should.

It is started by `escalation: {agent: command}` in a clone, and sees the packet ($SRE_PACKET_JSON), the clone and
nothing else. The packet's words (class, evidence, log lines) say in which order its ways to repair are tried, the
code says whether one fits: it finds a kind of mistake, whatever its names are, and has never seen the code without
it. The first change that compiles is kept and told in $SRE_PULL_TEXT. Exit code 0: changed; 1: it knows no cure.
Reads C++ by words and braces, so it misses what is written very differently. Standard library only.
"""

import bisect
import json
import os
import re
import shutil
import subprocess
import sys

KEPT_MAX = 64  # Entries of a container that had no bound.
RETRIES = 2
PAUSE_MS = 20
WARNINGS = ["-std=c++20", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only"]
BLOCKING = {"poll", "select", "epoll_wait", "recv", "accept", "accept4", "connect", "getaddrinfo", "sleep_for",
            "sleep_until", "usleep", "nanosleep"}
KEYWORDS = {"if", "for", "while", "switch", "return", "catch", "sizeof", "do", "else"}


# ---- Reading code

def blank(text):
    """The code alone, at the same offsets: comments and the inside of literals become spaces."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)

    def spaces(match):
        found = match.group(0)
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]

    return pattern.sub(spaces, text)


def closing(code, at):
    """The offset of the bracket that closes the one at `at`."""
    pairs = {"(": ")", "{": "}", "[": "]", "<": ">"}
    opens, closes, depth = code[at], pairs[code[at]], 0
    for i in range(at, len(code)):
        depth += (code[i] == opens) - (code[i] == closes)
        if depth == 0:
            return i
    return len(code) - 1


class Source:
    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        self.code = blank(self.text)
        self.functions = []  # (name, start of the body's brace, its end)
        for match in re.finditer(r"^[\w:<>,&*~\[\] ]*?([\w:~]+)\(", self.code, re.MULTILINE):
            brace = re.compile(r"[^;{}]*?\{").match(self.code, closing(self.code, match.end() - 1) + 1)
            if match.group(0)[0] in " \t" or match.group(1) in KEYWORDS or not brace:
                continue
            # A constructor's initialisers may hold braces of their own: the body's brace ends a line.
            at = re.compile(r"\{[ \t]*\n").search(self.code, brace.end() - 1)
            if at:
                self.functions.append((match.group(1).split("::")[-1], at.start(), closing(self.code, at.start())))

    def function_at(self, offset):
        return next((one for one in self.functions if one[1] < offset < one[2]), None)

    def indent(self, offset):
        return re.match(r"[ \t]*", self.text[self.text.rfind("\n", 0, offset) + 1:]).group(0)

    def block_end(self, offset):
        """Where the innermost braces around the offset close."""
        depth = 0
        for i in range(offset, len(self.code)):
            depth += (self.code[i] == "{") - (self.code[i] == "}")
            if depth < 0:
                return i
        return len(self.code)

    def statement(self, offset):
        """The statement around the offset, without what stands before it: (start, end after its semicolon)."""
        start = max(self.code.rfind(mark, 0, offset) for mark in ";{}") + 1
        depth, end = 0, offset
        for end in range(start, len(self.code)):
            depth += (self.code[end] in "({[") - (self.code[end] in ")}]")
            if self.code[end] == ";" and depth <= 0:
                break
        return start + len(self.code[start:]) - len(self.code[start:].lstrip()), end + 1

    def loops(self):
        """Each loop: (start, (start and end of its condition), (start and end of its body))."""
        for match in re.finditer(r"\b(?:while|for)\s*\(", self.code):
            end = closing(self.code, match.end() - 1)
            body = end + 1 + len(self.code[end + 1:]) - len(self.code[end + 1:].lstrip())
            if self.code[body] == "{":
                yield match.start(), (match.end(), end), (body + 1, closing(self.code, body))
            else:
                yield match.start(), (match.end(), end), (body, self.statement(body)[1])


class Program:
    """The sources of one folder."""

    def __init__(self, paths):
        self.sources = [Source(path) for path in sorted(paths)]
        self.blocking = set(BLOCKING)
        while True:  # Whoever calls what may wait, may wait.
            more = {name for source in self.sources for name, start, end in source.functions
                    if name not in self.blocking and self.waits(source.code[start:end])}
            if not more:
                break
            self.blocking |= more

    def waits(self, code):
        return any(name in self.blocking for name in re.findall(r"(\w+)\s*\(", code))

    def all_code(self):
        return "\n".join(source.code for source in self.sources)


def programs_below(root, forbidden):
    """The folders with sources."""
    folders = {}
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in (".git", "build", "tests")]
        for name in files:
            path = os.path.join(folder, name)
            inside = os.path.relpath(path, root)
            if name.endswith((".cc", ".h")) and not any(inside == one or inside.startswith(one) for one in forbidden):
                folders.setdefault(folder, []).append(path)
    return folders


def literals(text):
    return [one for one in re.findall(r'"((?:\\.|[^"\\\n])*)"', text) if len(one.strip()) >= 8]


def program_of(root, packet, lines):
    """The one whose words stand in the most log lines."""
    def known(paths):
        words = set()
        for path in paths:
            with open(path, encoding="utf-8") as file:
                words.update(literals(file.read()))
        return sum(any(word in line for word in words) for line in lines)

    folders = programs_below(root, packet["forbidden"])
    if not folders:
        return None
    return Program(max(folders.items(), key=lambda item: (known(item[1]), item[0]))[1])


# ---- Changes

class Change:
    def __init__(self, summary, effect):
        self.summary, self.effect = summary, effect
        self.edits = []  # (source, start, end, new text)

    def replace(self, source, start, end, text):
        self.edits.append((source, start, end, text))

    def insert(self, source, at, text):
        self.replace(source, at, at, text)

    def need(self, source, header):
        """Includes a standard header, in its place among the others."""
        if f"#include <{header}>" in source.text:
            return
        lines = [(match.group(1), match.start()) for match in
                 re.finditer(r"^#include <(\w+)>\n", source.text, re.MULTILINE)]
        at = bisect.bisect([name for name, _ in lines], header)
        if at < len(lines):
            self.insert(source, lines[at][1], f"#include <{header}>\n")
        elif lines:
            self.insert(source, source.text.index("\n", lines[-1][1]) + 1, f"#include <{header}>\n")

    def apply(self):
        for source, start, end, text in sorted(self.edits, key=lambda edit: -edit[1]):
            source.text = source.text[:start] + text + source.text[end:]
        for path, text in {source.path: source.text for source, *_ in self.edits}.items():
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)

    def compiles(self, root):
        compiler = shutil.which("g++") or shutil.which("c++")
        changed = sorted({source.path for source, *_ in self.edits if source.path.endswith(".cc")})
        return compiler is None or all(
            subprocess.run([compiler, *WARNINGS, "-I", root, path], check=False).returncode == 0 for path in changed)


# ---- Ways to repair: each answers a change, or None where it finds nothing of its kind

def bound_container(program, _):
    """Something that every request fills and nothing bounds."""
    whole = program.all_code()
    for match in re.finditer(r"\bstd::(map|unordered_map|set|unordered_set|deque|vector|list)<", whole):
        name = re.compile(r"\s+(\w+)\s*[;={]").match(whole, closing(whole, match.end() - 1) + 1)
        if not name:
            continue
        name = name.group(1)
        # Something may throw all of it away at once: then its size is somebody's decision.
        if re.search(rf"\b{name}\s*\.\s*(clear|erase|resize|swap)\(", whole):
            continue
        grows = re.compile(rf"(?<![.>\w]){name}\s*(\.\s*(emplace|insert|try_emplace|push_)\w*\(|\[[^\]]+\]\s*=[^=])")
        change = Change(f"`{name}` was filled by requests and never bounded; the oldest of more than {KEPT_MAX} "
                        "entries goes now.", "Its memory has a bound: it runs out of memory no more by this.")
        for source in program.sources:
            for growth in grows.finditer(source.code):
                function = source.function_at(growth.start())
                if not function or f"{name}.size()" in source.code[function[1]:function[2]]:
                    continue
                # What lives in the function ends with it.
                if re.search(rf"std::[\w:<>, ]+\s{name}\s*[;={{]", source.code[function[1]:growth.start()]):
                    continue
                start, end = source.statement(growth.start())
                change.insert(source, end, f"\n{source.indent(start)}if ({name}.size() > {KEPT_MAX}) "
                                           f"{name}.erase({name}.begin());")
        if change.edits:
            return change
    return None


def limit_wait(program, packet):
    """A wait without a limit, or with one that outlasts every caller."""
    patience = [float(found) for probe in packet["failing"]["probes"]
                for found in re.findall(r"--max-time (\d+(?:\.\d+)?)", probe["run"])]
    limit = int(min([2.0, *patience]) * 1000 * 0.6)
    change = Change(f"A wait had no limit, or one longer than its callers' patience; it is at most {limit} ms, or "
                    "what is left of its deadline.", "Who stands still above or below costs one limit, not the service.")
    for source in program.sources:
        for match in re.finditer(r"\b(?:poll|epoll_wait)\s*\(", source.code):
            end = closing(source.code, match.end() - 1)
            last = re.search(r"-\s*1\s*$", source.code[match.end():end])
            function = source.function_at(match.start())
            if not last or not function:
                continue
            left = re.search(r"\b(\w+)\s*=[^;]*deadline[^;]*;", source.code[function[1]:match.start()])
            bound = f"static_cast<int>({left.group(1)}) + 1" if left else str(limit)
            change.replace(source, match.end() + last.start(), end, bound)
        for match in re.finditer(r"\bstd::chrono::(?:hours|minutes)\s*[({]\s*\d+\s*[)}]", source.code):
            line = source.code[source.code.rfind("\n", 0, match.start()):match.start()]
            if re.search(r"(?i)patience|timeout|limit|deadline|fetch|wait|call", line):
                change.replace(source, match.start(), match.end(), f"std::chrono::milliseconds({limit})")
    return change if change.edits else None


def release_lock(program, _):
    """A lock that is held while somebody else is waited for."""
    change = Change("A lock was held while something else was waited for, so that all requests waited for each other; "
                    "it is released for that time.", "One slow call delays itself alone, not every other request.")
    pattern = re.compile(r"(?:const )?std::(?:lock_guard|scoped_lock|unique_lock)(?:<[^>]*>)? (\w+)\(([^()]*)\);")
    for source in program.sources:
        for match in pattern.finditer(source.code):
            name, end, seen = match.group(1), source.block_end(match.end()), match.end()
            waiting = []
            for call in re.finditer(r"(\w+)\s*\(", source.code[match.end():end]):
                at = match.end() + call.start()
                if call.group(1) not in program.blocking or at < seen:
                    continue
                start, seen = source.statement(at)
                if f"{name}." not in source.code[start:seen]:
                    waiting.append((start, seen))
            if not waiting:
                continue
            change.replace(source, match.start(), match.end(), f"std::unique_lock {name}({match.group(2)});")
            for start, after in waiting:
                space = "\n" + source.indent(start)
                change.insert(source, start, f"{name}.unlock();{space}")
                if not source.code.startswith("return", start):
                    change.insert(source, after, f"{space}{name}.lock();")
    return change if change.edits else None


def bound_retry(program, _):
    """A call that is made again for as long as it fails."""
    change = Change(f"A failed call was made again for ever; it is made {RETRIES} times more at most, then its failure "
                    "is answered.", "While the other side is away, callers hear so at once and no processor is burnt.")
    for source in program.sources:
        for start, (first, last), body in source.loops():
            condition = source.code[first:last]
            if not source.code.startswith("while", start) or "now()" in condition:
                continue
            for name in re.findall(r"!\s*(\w+)", condition):
                again = re.search(rf"(?<![\w.]){name}\s*=[^=]([^;]*);", source.code[body[0]:body[1]])
                if again and program.waits(again.group(1)):
                    change.replace(source, start, last + 1, f"for (int tries = 0; tries < {RETRIES} && "
                                                            f"({source.text[first:last]}); ++tries)")
                    break
    return change if change.edits else None


def pause_loop(program, _):
    """A loop that looks for news all the time."""
    change = Change(f"A loop looked for news without a pause; it looks every {PAUSE_MS} ms.",
                    "The processor is free for requests; it is at its limit no more by this.")
    flags = "|".join(re.findall(r"std::atomic(?:<\w+>|_bool)\s+(\w+)", program.all_code())) or "$^"
    for source in program.sources:
        for start, (first, last), body in source.loops():
            condition, inside = source.code[first:last], source.code[body[0]:body[1]]
            endless = re.fullmatch(r"\s*(true|1|;\s*;)\s*", condition) or re.search(
                rf"stop_requested\(\)|\b({flags})\b", condition)
            if not endless or "now()" in condition or program.waits(inside) or source.code[body[0] - 1] != "{":
                continue
            change.insert(source, body[0], f"\n{source.indent(start)}  std::this_thread::sleep_for("
                                           f"std::chrono::milliseconds({PAUSE_MS}));")
            change.need(source, "chrono")
            change.need(source, "thread")
    return change if change.edits else None


def check_lookup(program, _):
    """A look-up that throws where the key is missing, and nobody catches it."""
    change = Change("A look-up threw when its key was missing, which ended the process; what is missing counts as "
                    "empty.", "No request can end the process by leaving something out.")
    maps = dict((name, value) for value, name in re.findall(
        r"std::(?:unordered_)?map<[^<>]*?,\s*([\w:]+)>\s+(\w+)\s*[;={]", program.all_code()))
    pattern = re.compile(r"(?:const )?[\w:]+&? (\w+) = (([\w.]*?)(\w+))\.at\((\w+)\);")
    for source in program.sources:
        for match in pattern.finditer(source.code):
            name, where, _, member, key = match.groups()
            if member not in maps:
                continue
            space = "\n" + source.indent(match.start())
            change.replace(source, match.start(), match.end(), (
                f"const auto {name}_at = {where}.find({key});{space}"
                f"const {maps[member]} {name} ={space}    "
                f"{name}_at == {where}.end() ? {maps[member]}() : {name}_at->second;"))
    return change if change.edits else None


def ask_once(program, _):
    """A call in a loop whose words are the same each time."""
    change = Change("The same call was made in each turn of a loop; it is made once, before it.",
                    "An answer costs one call instead of many: a slower upstream is no outage.")
    declared = re.compile(r"\b[\w:>]+[&*]?\s+(\w+)\s*(?:=[^=]|\{|\(|;|:)")
    for source in program.sources:
        for start, (first, _), body in source.loops():
            inside = source.code[first:body[1]]
            own = set(declared.findall(inside)) | set(re.findall(r"(\w+)\s*(?:[-+*/|&]?=[^=]|\+\+|--)", inside))
            for match in re.finditer(r"(?:const )?[\w:]+ (\w+) = ([^;]+);", source.code[body[0]:body[1]]):
                name, call = match.groups()
                if not program.waits(call) or (set(re.findall(r"\w+", call)) & (own - {name})):
                    continue
                at, end = body[0] + match.start(), body[0] + match.end()
                change.replace(source, source.code.rfind("\n", 0, at), end, "")
                change.insert(source, start, source.text[at:end] + "\n" + source.indent(start))
            if change.edits:
                return change
    return None


def close_descriptor(program, _):
    """A descriptor that is opened and never closed."""
    change = Change("A descriptor was opened and never closed; it is closed at the end of its scope.",
                    "It runs out of descriptors no more, so no restart is needed to free them.")
    opened = re.compile(r"(?:const )?(?:int|auto) (\w+) =\s+::(?:socket|open|openat|accept4?|dup|eventfd)\(")
    for source in program.sources:
        owner = next((name for name in re.findall(r"\b(?:struct|class) (\w+) \{", source.code) if re.search(
            rf"explicit {name}\(int \w+\).*?~{name}\(\) \{{[^~]*?\bclose\(", source.code, re.DOTALL)), None)
        for match in opened.finditer(source.code):
            name, function = match.group(1), source.function_at(match.start())
            if not function or re.search(rf"\bclose\({name}\)|return {name};|\(\s*{name}\s*\);\s*//|\w\{{{name}\}}",
                                         source.code[function[1]:function[2]]):
                continue
            _, end = source.statement(match.start())
            space = "\n" + source.indent(match.start())
            change.insert(source, end, f"{space}const {owner} {name}_owner({name});" if owner else (
                f"{space}const struct Closer {{{space}  int fd;{space}  ~Closer() {{{space}    if (fd >= 0) ::close(fd);"
                f"{space}  }}{space}}} {name}_closer{{{name}}};"))
    return change if change.edits else None


def go_without(program, packet):
    """A part whose absence the log tells, and for which a whole answer is refused that has more to say."""
    change = Change("An answer was refused because one part of it could not be had; it is given without that part. "
                    "Whether it can be left out, a person must say.", "The part's absence is logged, and no outage.")
    lines = log_lines(packet)
    for source in program.sources:
        for match in re.finditer(r'"((?:\\.|[^"\\\n]){8,})"', source.text):
            function = source.function_at(match.start())
            if not function or not any(match.group(1) in line for line in lines):
                continue
            end = source.block_end(match.start())
            refusal = re.search(r"\breturn\s+(?:\w+\(|\{)\s*5\d\d\b[^;]*;", source.code[match.start():end])
            guards = list(re.finditer(r"\bif\s*\(\s*!\s*(\w+)", source.code[function[1]:match.start()]))
            if not refusal or not guards:
                continue
            name = guards[-1].group(1)
            calls = [call.group(1) for call in re.finditer(r"(\w+) = ([^;]+);", source.code[function[1]:function[2]])
                     if program.waits(call.group(2))]
            if name in calls and set(calls) != {name}:
                change.replace(source, match.start() + refusal.start(), match.start() + refusal.end(), f"{name} = {{}};")
    return change if change.edits else None


# What the packet says, and what is worth a look then. The first that fits the code is taken.
ORDER = [
    (r"too many open files", [close_descriptor]),
    (r"\boom\b|out of memory", [bound_container]),
    (r"\bcrash|terminate called|out_of_range", [check_lookup]),
    (r"\bcpu_saturation\b", [pause_loop, bound_retry]),
    (r"\bhang\b|\bhigh_latency\b|did not answer", [limit_wait, bound_retry, release_lock, ask_once]),
    (r"\berrors?\b|\bunknown\b", [go_without, close_descriptor]),
]
ALL = [bound_container, check_lookup, limit_wait, bound_retry, release_lock, ask_once, close_descriptor, pause_loop,
       go_without]


def log_lines(packet):
    return [line for item in packet["evidence"] if item["kind"] == "log" for line in item["lines"]]


def ways_for(packet):
    diagnosis = packet["diagnosis"]
    words = "\n".join([diagnosis["class"], diagnosis["explanation"], packet["failing"]["symptom"],
                       packet["failing"]["detail"], *log_lines(packet)]).lower()
    ways = [way for pattern, some in ORDER if re.search(pattern, words) for way in some]
    return list(dict.fromkeys(ways + ALL))


def main():
    with open(os.environ["SRE_PACKET_JSON"], encoding="utf-8") as file:
        packet = json.load(file)
    root = os.getcwd()
    for way in ways_for(packet):
        program = program_of(root, packet, log_lines(packet))
        if program is None:
            break
        before = {source.path: source.text for source in program.sources}
        change = way(program, packet)
        if change is None:
            continue
        change.apply()
        if change.compiles(root):
            with open(os.environ["SRE_PULL_TEXT"], "w", encoding="utf-8") as file:
                file.write(f"## Summary\n\n{change.summary}\n\nNo test is added: the folder has none.\n\n"
                           f"## Expected MTTR effect\n\n{change.effect}\n")
            print(f"{way.__name__}: {change.summary}")
            return 0
        for path, text in before.items():
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    print("nothing that it knows to mend is in this code")
    return 1


if __name__ == "__main__":
    sys.exit(main())
