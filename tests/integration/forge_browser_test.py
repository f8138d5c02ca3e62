#!/usr/bin/python3
"""Looks at the forge's pages with a real browser: a thread grows without a reload, and hostile texts
run nothing.

usage: forge_browser_test.py FORGE_PROBE

The browser comes by a small proxy that posts a comment when the page is asked for the third time:
only what the page fetched by itself can show it. SKIPPED loudly (exit code 77) without chromium;
with CI=true a skip is a failure.
"""

import http.client
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

from forge_http import send

HOSTILE = ["<script>document.body.id='pwned'</script>",
           "<img src=x onerror=\"document.body.id='pwned'\">",
           "<svg/onload=\"document.body.id='pwned'\">", "\"><script>document.body.id='pwned'</script>",
           "[x](javascript:document.body.id='pwned')", "![x](\"onerror=\"document.body.id='pwned')"]
THREAD = "/sre-space/demo/issues/1"


def call(url, path, body):
    status, text, _ = send(url, "POST", "/repos" + path, body)
    if status >= 300:
        raise RuntimeError(f"POST /repos{path}: {status}: {text[:300]}")
    return json.loads(text)


class Proxy(http.server.ThreadingHTTPServer):
    """Passes each GET on to the forge; before the third of the thread, somebody comments."""

    def __init__(self, url):
        self.url = url
        self.looks = 0
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # The base class's spelling.
                if self.path == THREAD:
                    proxy.looks += 1
                    if proxy.looks == 3:
                        call(url, THREAD + "/comments", {"body": "came **later**"})
                upstream = http.client.HTTPConnection(url.removeprefix("http://"))
                headers = {name: self.headers[name] for name in ("Host", "If-None-Match")
                           if self.headers[name]}
                upstream.request("GET", self.path, headers=headers)
                reply = upstream.getresponse()
                text = reply.read()
                self.send_response(reply.status)
                for name in ("Content-Type", "ETag", "Content-Security-Policy", "Cache-Control"):
                    if reply.headers[name]:
                        self.send_header(name, reply.headers[name])
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)


def dump_page(browser, folder, url):
    """The page as the browser has it after ten seconds of its own time."""
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
               "--no-first-run", "--disable-background-networking", "--disable-component-update",
               "--disable-sync", f"--user-data-dir={folder}/browser",
               "--virtual-time-budget=10000", "--dump-dom", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout


def main():
    browser = shutil.which("chromium")
    if not browser:
        print("SKIPPED (optional): chromium is not installed")
        return 1 if os.environ.get("CI") == "true" else 77
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([sys.argv[1], folder + "/forge.db", folder + "/record"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            url = process.stdout.readline().strip()
            call(url, "/sre-space/demo/issues", {"title": "".join(HOSTILE)[:250],
                                                 "body": "\n\n".join(HOSTILE),
                                                 "labels": HOSTILE[3:4]})
            for text in HOSTILE:
                call(url, THREAD + "/comments", {"body": text})
            proxy = Proxy(url)
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            page = dump_page(browser, folder, f"http://127.0.0.1:{proxy.server_address[1]}{THREAD}")
            proxy.shutdown()
        finally:
            process.stdin.close()
            process.wait(timeout=10)
    faults = []
    if 'id="pwned"' in page:
        faults.append("a hostile text ran in the page")
    if "<strong>later</strong>" not in page:
        faults.append(f"the comment made meanwhile is not there, after {proxy.looks} looks")
    entries = page.count('class="entry"')
    if entries != len(HOSTILE) + 2:
        faults.append(f"{entries} entries are shown")
    for fault in faults:
        print(fault)
    print(f"{proxy.looks} looks, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
