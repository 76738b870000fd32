# SPDX-License-Identifier: MIT
"""What the tests of whole programs share: a scratch folder, children that never outlive
the test, waiting for conditions with a deadline, and a collector to ask."""
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

try:
    import zmq
except ImportError:
    print("python3-zmq is not installed")
    sys.exit(77)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("RT_PROGRAM", ROOT + "/build/release/retrytop")
IS_ASAN = "asan" in PROGRAM or "tsan" in PROGRAM
SLOW = 6 if IS_ASAN else 1
VECTORS = ROOT + "/tests/data/vectors"

scratch = tempfile.mkdtemp(prefix="rt_e2e_")
children = []


def clean_up():
    for child in children:
        if child.poll() is None:
            child.kill()
            child.wait()
    shutil.rmtree(scratch, ignore_errors=True)


atexit.register(clean_up)
for name in ("SIGTERM", "SIGINT", "SIGHUP"):
    signal.signal(getattr(signal, name), lambda *_: sys.exit(1))

# No configuration of whoever runs the tests, and nothing they chose on the screen.
os.environ["XDG_CONFIG_HOME"] = scratch
os.environ["XDG_STATE_HOME"] = scratch
if not os.access(PROGRAM, os.X_OK):
    sys.exit(f"{PROGRAM} is not there")


def check(condition, *what):
    if not condition:
        print("FAILED:", *what)
        logs = [c.log_path for c in children if hasattr(c, "log_path")]
        for path in logs[-1:]:
            with open(path, errors="replace") as f:
                print(f"--- {path}\n{f.read()[-3000:]}")
        sys.exit(1)


def wait_for(what, condition, seconds=10):
    """Until condition() is true; its value."""
    deadline = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < deadline, "waited too long for", what)
        time.sleep(0.01)


def start(*args, **options):
    child = subprocess.Popen([PROGRAM, *args], **options)
    children.append(child)
    return child


def run(*args, **options):
    """A command to its end: (exit code, stdout, stderr)."""
    options.setdefault("stdin", subprocess.DEVNULL)
    if "input" in options:
        del options["stdin"]
    done = subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60 * SLOW, **options)
    return (done.returncode, done.stdout.decode(errors="surrogateescape"),
            done.stderr.decode(errors="surrogateescape"))


class Collector:
    """A running collector on ipc endpoints of its own, or on those given."""
    made = 0

    def __init__(self, *args, name=None, env=None, preexec_fn=None):
        if name is None:
            Collector.made += 1
            name = f"c{Collector.made}"
        self.events = f"ipc://{scratch}/{name}.events"
        self.intake = f"ipc://{scratch}/{name}.intake"
        self.query = f"ipc://{scratch}/{name}.query"
        self.args = ["collect", "--events", self.events, "--intake", self.intake,
                     "--query", self.query, "--http", "off", *args]
        self.log_path = f"{scratch}/{name}.log"
        self.env = {**os.environ, **env} if env else None
        self.preexec_fn = preexec_fn
        self.start()

    def start(self):
        ready, theirs = os.pipe()
        with open(self.log_path, "a") as log:
            self.child = start(*self.args, "--ready-fd", str(theirs),
                               pass_fds=[theirs], stdin=subprocess.DEVNULL, stderr=log,
                               env=self.env, preexec_fn=self.preexec_fn)
        self.child.log_path = self.log_path
        os.close(theirs)
        with os.fdopen(ready, "rb") as f:
            check(f.read(1), "the collector did not start")

    def log(self):
        with open(self.log_path, errors="surrogateescape") as f:
            return f.read()

    def report(self, *args):
        code, out, err = run("report", "-c", self.query, "--format", "json",
                             "--timeout", "20", *args)
        check(code == 0, "report", code, err)
        return json.loads(out)

    def accepted(self):
        return self.report()["intake"]["accepted"]

    def signal(self, number):
        self.child.send_signal(number)

    def stop(self):
        self.signal(signal.SIGTERM)
        check(self.child.wait(10 * SLOW) == 0, "the collector ended with",
              self.child.returncode)

    def rss_kib(self):
        with open(f"/proc/{self.child.pid}/status") as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0


def publisher(endpoint):
    """A PUB that is sure of its subscriber: XPUB sees the subscription arrive."""
    socket = zmq.Context.instance().socket(zmq.XPUB)
    socket.setsockopt(zmq.LINGER, 5000)
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.connect(endpoint)
    check(socket.poll(5000 * SLOW), "no subscription from", endpoint)
    check(socket.recv() == b"\x01", "not a subscription to all")
    return socket


def record(**fields):
    """A native record of one successful attempt, overruled by the arguments."""
    r = {"schema": "llm-attempt/v1", "operation_id": "op", "attempt": 1,
         "service": "svc", "http_request_method": "POST",
         "http_route": "/v1/chat/completions", "http_response_status_code": 200,
         "elapsed_ms": 12.5, "decision": "none"}
    r.update(fields)
    return json.dumps(r)
