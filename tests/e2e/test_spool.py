#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs are killed at random points, round after round: what emit returned from is there
once, and the books of every one of them balance."""
import ctypes
import json
import mmap
import os
import random
import signal
import subprocess
import sys
import threading
import time

from harness import IS_ASAN, PROGRAM, Collector, check, run, scratch, start, wait_for

LIBRARY = os.path.dirname(PROGRAM) + "/libretrytop.so.1"
ROUNDS = int(os.environ.get("RT_COUNT", "1000" if os.environ.get("RT_FULL") else "100"))
SEED = int(os.environ.get("RT_SEED", str(random.randrange(1 << 32))))
THREADS = 3
SPOOL = scratch + "/spool"


class Opts(ctypes.Structure):
    _fields_ = [("endpoint", ctypes.c_char_p), ("emitter_id", ctypes.c_char_p),
                ("ring_bytes", ctypes.c_size_t), ("linger_ms", ctypes.c_int),
                ("cert", ctypes.c_char_p), ("server_cert", ctypes.c_char_p),
                ("spool", ctypes.c_char_p)]


if IS_ASAN:
    print("the library with sanitizers cannot be loaded here; test_emitter covers it")
    sys.exit(77)
library = ctypes.CDLL(LIBRARY, use_errno=True)
library.rt_emitter_open.restype = ctypes.c_void_p
library.rt_emitter_open.argtypes = [ctypes.POINTER(Opts)]
library.rt_emitter_emit_json.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]

exported = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], stdout=subprocess.PIPE,
                          text=True).stdout.split()[2::3]
check(set(exported) == {"rt_attempt_unknown", "rt_emitter_close", "rt_emitter_emit",
                        "rt_emitter_emit_json", "rt_emitter_flush", "rt_emitter_open",
                        "rt_emitter_stats"}, "exported", exported)

# Per thread: records whose emit began, and whose emit returned 0.  Each a single store,
# for a kill may come in the middle of anything else.
told = (ctypes.c_uint64 * (THREADS * 2)).from_buffer(mmap.mmap(-1, THREADS * 16))


def tell(thread, what, value):
    told[thread * 2 + what] = value


def heard():
    return tuple(told)


def operation(turn, thread, number):
    return f"r{turn}-t{thread}-{number}"


def emit_for_ever(emitter, turn, thread):
    number = 0
    while True:
        tell(thread, 0, number + 1)
        text = (f'{{"schema":"llm-attempt/v1","operation_id":"{operation(turn, thread, number)}"'
                f',"attempt":1,"http_response_status_code":200,"elapsed_ms":1'
                f',"service":"{"s" * (number * 7 % 60)}"}}').encode()
        if library.rt_emitter_emit_json(emitter, text, len(text)) == 0:
            number += 1
            tell(thread, 1, number)


def be_a_program(intake, turn):
    emitter = library.rt_emitter_open(ctypes.byref(Opts(
        endpoint=intake.encode(), ring_bytes=turn % 4 * 65536 + 65536, linger_ms=1,
        spool=SPOOL.encode())))
    if not emitter:
        os._exit(ctypes.get_errno() or 1)
    for thread in range(1, THREADS):
        threading.Thread(target=emit_for_ever, args=(emitter, turn, thread)).start()
    emit_for_ever(emitter, turn, 0)


def live_and_die(intake, turn, target):
    """A program that is killed once it has handed over so many: (began, returned)."""
    told[:] = [0] * len(told)
    pid = os.fork()
    if pid == 0:
        be_a_program(intake, turn)
    deadline = time.monotonic() + 60
    while sum(heard()[1::2]) < target:
        check(time.monotonic() < deadline, "a program that does not emit", turn, heard())
        check(os.waitpid(pid, os.WNOHANG) == (0, 0), "a program ended by itself", turn)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return heard()[0::2], heard()[1::2]


def balance(report):
    for s in report["senders"]:
        check(s["unexplained"] == 0 and s["in_flight"] == 0 and
              s["offered"] == s["before"] + s["taken"] + s["dropped"], "does not balance", s)
    check(report["intake"].get("unexplained", 0) == 0, "unexplained", report["intake"])


print(f"RT_SEED={SEED}", flush=True)
chance = random.Random(SEED)
with open(f"{scratch}/conf", "w") as f:
    f.write("[capacity]\ntail_bytes = 1073741824\n")
c = Collector("--config", f"{scratch}/conf")


def kill_programs(c, turns, between=lambda: None):
    """Which operations have to be there, and which may be."""
    surely, perhaps = set(), set()
    for turn in turns:
        between()
        began, returned = live_and_die(
            c.intake, turn, chance.choice((0, 1, 7, 90, 300, 1500)) + chance.randrange(50))
        for thread in range(THREADS):
            check(returned[thread] <= began[thread] <= returned[thread] + 1, began, returned)
            surely.update(operation(turn, thread, n) for n in range(returned[thread]))
            if began[thread] > returned[thread]:
                perhaps.add(operation(turn, thread, returned[thread]))
    return surely, perhaps


surely, perhaps = kill_programs(c, range(ROUNDS))
code, out, err = run("emit", "--drain", SPOOL, "--intake", c.intake)
check(code == 0, "drain", code, err)
check(os.listdir(SPOOL) == [], "left in the spool", os.listdir(SPOOL))
report = c.report()
balance(report)
taken = report["intake"]["accepted"]
check(not any(report["intake"]["rejected"].values()), "refused", report["intake"])
check(sum(s["taken"] for s in report["senders"]) == taken, "taken", taken)
code, out, err = run("report", "-c", c.query)
said = out[out.index("  delivery"):out.index("  complete")].replace("\n", " ")
check(f"offered {sum(s['offered'] for s in report['senders'])}," in said and
      "in flight 0, unexplained 0" in " ".join(said.split()), "the text", out[:900])
there = []
tail = start("tail", "--all", "--json", "-c", c.query, stdout=subprocess.PIPE)
while len(there) < taken:
    there.append(json.loads(tail.stdout.readline())["operation_id"])
tail.terminate()
check(len(there) == len(set(there)), "twice there", len(there) - len(set(there)))
there = set(there)
check(surely <= there, "emit returned, but not there", sorted(surely - there)[:20])
check(there <= surely | perhaps, "nobody emitted", sorted(there - surely - perhaps)[:20])
print(f"{ROUNDS} kills: {len(surely)} records of which emit returned are there once, and "
      f"{len(there) - len(surely)} of {len(perhaps)} under way; {len(report['senders'])} senders "
      "balance, 0 unexplained")

# ---- the collector is killed too: its journal knows what it had taken in ---------------

folder = f"{scratch}/journal"
kept = Collector("--config", f"{scratch}/conf", "--journal", folder)
kills = []


def perhaps_kill_it():
    if chance.randrange(3) == 0:
        kept.signal(signal.SIGKILL)
        kept.child.wait()
        kept.start()
        kills.append(1)


first = ROUNDS + 10
surely_kept, perhaps_kept = kill_programs(kept, range(first, first + ROUNDS // 4),
                                          perhaps_kill_it)
code, out, err = run("emit", "--drain", SPOOL, "--intake", kept.intake)
check(code == 0 and os.listdir(SPOOL) == [], "drain", code, err)
balance(kept.report())
kept.stop()
code, out, err = run("replay", folder, "--report", "json")
replayed = json.loads(out)
count = replayed["intake"]["accepted"]
check(len(surely_kept) <= count <= len(surely_kept) + len(perhaps_kept), "in the journal", count,
      len(surely_kept), len(perhaps_kept))
check(replayed["operations"]["started"] == count and replayed["intake"]["late"] == 0,
      "twice in the journal", replayed["operations"], replayed["intake"])
print(f"{ROUNDS // 4} kills and {len(kills)} of the collector: {len(surely_kept)} records of which "
      f"emit returned, {count} in its journal, each once")

# ---- the command ---------------------------------------------------------------------

nobody = f"ipc://{scratch}/nobody"
_, returned = live_and_die(nobody, ROUNDS, 100)
name = os.listdir(SPOOL)[0]
check(os.stat(f"{SPOOL}/{name}").st_mode & 0o7777 == 0o600, "mode")
check(os.stat(SPOOL).st_mode & 0o7777 == 0o700, "mode of the folder")
code, out, err = run("emit", "--drain", SPOOL, "--intake", nobody, "--timeout", "0.3")
check(code == 69 and os.listdir(SPOOL) == [name], "nobody there", code, err)
with open(f"{SPOOL}/{name}", "r+b") as f:
    whole = f.read()
    f.seek(whole.index(b"r%d-t" % ROUNDS))
    f.write(b"X")
for name_of, kept in (("damaged", 100), ("lost", 4096)):
    with open(f"{SPOOL}/{name_of}.ring", "wb") as f:
        f.write(whole[:kept].ljust(9000, b"?"))
before = c.accepted()
code, out, err = run("emit", "--drain", f"{SPOOL}/{name}", "--intake", c.intake)
check(code == 0 and not os.path.exists(f"{SPOOL}/{name}"), "one file", code, err)
check(0 <= c.accepted() - before - (sum(returned) - 1) <= THREADS + 1, "all but one", err)
balance(c.report())
code, out, err = run("emit", "--drain", SPOOL, "--intake", c.intake)
check(code == 74 and "damaged" in err and os.listdir(SPOOL) == ["damaged.ring"], code, err)
check(" 0 records left, 0 acknowledged" in err, "nothing of it is left", err)
os.remove(f"{SPOOL}/damaged.ring")

emit = start("emit", "--spool", SPOOL, "--intake", nobody, stdin=subprocess.PIPE)
emit.stdin.write(b'{"schema":"llm-attempt/v1","operation_id":"last","attempt":1}\n')
emit.stdin.close()
name = wait_for("a file", lambda: [n for n in os.listdir(SPOOL) if n.endswith(".ring")])[0]
wait_for("the record", lambda: b'"last"' in open(f"{SPOOL}/{name}", "rb").read())
code, out, err = run("emit", "--drain", f"{SPOOL}/{name}", "--intake", c.intake)
check(code == 74 and "in use by a running program" in err, code, err)
emit.kill()
emit.wait()
before = c.accepted()
os.environ["RETRYTOP_SPOOL"] = SPOOL
code, out, err = run("emit", "--drain", "--intake", c.intake)
check(code == 0 and c.accepted() == before + 1, "the spool of the environment", code, err)
del os.environ["RETRYTOP_SPOOL"]
# What is left is delivered by the next `emit` of the same spool, before it ends.
_, returned = live_and_die(nobody, ROUNDS + 1, 100)
before = c.accepted()
code, out, err = run("emit", "--spool", SPOOL, "--intake", c.intake,
                     input=b'{"schema":"llm-attempt/v1","operation_id":"next","attempt":1}\n')
check(code == 0 and os.listdir(SPOOL) == [], "left in the spool", code, err)
check(0 <= c.accepted() - before - sum(returned) - 1 <= THREADS, "its predecessor's", err)
for args, want in ((("--drain",), 64), (("--drain", SPOOL, "--follow", "x"), 64),
                   (("--drain", scratch + "/none"), 74), (("--spool", "/no/where"), 74)):
    code, out, err = run("emit", "--intake", c.intake, *args)
    check(code == want, args, code, err)
c.stop()
