#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Random schedules: collectors are killed, frozen, restarted, slowed and have their clock
moved, emitters are killed and overrun, and in the end every record is accounted for.

RT_SEEDS=FIRST-LAST says which; each is printed and can be run again alone."""
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from harness import (IS_ASAN, PROGRAM, SLOW, Collector, check, children, run,  # noqa: E402
                     scratch)

FULL = os.environ.get("RT_FULL") == "1"
FIRST, LAST = map(int, os.environ.get(
    "RT_SEEDS", "1-3000" if FULL else "1-4" if IS_ASAN else "1-12").split("-"))
CHAOS = os.path.join(os.path.dirname(PROGRAM), "chaos")
# A clock that was set forward before a start does age what is there.
with open(f"{scratch}/keep.conf", "w") as conf:
    conf.write("[journal]\nkeep_age = 87840h\n")
HOUR_US, DAY_US = 3600 * 10**6, 86400 * 10**6


class Emitter:
    """A client that emits `count` records and waits until all are acknowledged."""

    def __init__(self, dice, endpoint, name):
        self.name = name
        self.count = dice.randint(200, 4000)
        self.killed = False
        self.child = subprocess.Popen(
            [f"{CHAOS}/emitter", endpoint, name, str(self.count),
             str(dice.choice([1000, 5000, 20000, 200000])),
             str(dice.choice([64 << 10, 1 << 20]))], stdout=subprocess.PIPE)
        children.append(self.child)

    def end(self):
        """What it says of itself; None where it was killed."""
        out, _ = self.child.communicate(timeout=120 * SLOW)
        return None if self.killed else json.loads(out)


class Schedule:
    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.name = f"s{seed}"
        self.clock = f"{scratch}/{self.name}.clock"
        self.told = []
        self.set_clock(0)
        self.folder = f"{scratch}/{self.name}.journal" if self.dice.random() < 0.5 else None
        env = {"RT_CHAOS_CLOCK": self.clock}
        if not IS_ASAN:
            env["LD_PRELOAD"] = f"{CHAOS}/preload.so"
        self.collector = Collector("--config", f"{scratch}/keep.conf",
                                   *(["--journal", self.folder] if self.folder else []),
                                   name=self.name, env=env)
        self.emitters = []
        for _ in range(self.dice.randint(1, 3)):
            self.add_emitter()

    def add_emitter(self):
        name = f"{self.name}-e{len(self.emitters)}"
        self.emitters.append(Emitter(self.dice, self.collector.intake, name))

    def set_clock(self, offset_us):
        with open(self.clock, "r+b" if os.path.exists(self.clock) else "wb") as f:
            f.write(struct.pack("=q", offset_us))

    # What may happen.  Pauses are part of a schedule: nothing is waited for.

    def pause(self, most_s):
        time.sleep(self.dice.uniform(0, most_s))

    def kill(self):
        self.collector.signal(signal.SIGKILL)
        self.collector.child.wait()
        self.pause(0.2)
        self.collector.start()

    def restart(self):
        self.collector.stop()
        self.pause(0.2)
        self.collector.start()

    def freeze(self):
        self.collector.signal(signal.SIGSTOP)
        self.pause(2)
        self.collector.signal(signal.SIGCONT)

    def slow(self):
        for _ in range(10):
            self.collector.signal(signal.SIGSTOP)
            self.pause(0.02)
            self.collector.signal(signal.SIGCONT)
            self.pause(0.01)

    def jump(self):
        most = self.dice.choice([HOUR_US, 30 * DAY_US])
        self.set_clock(self.dice.randint(-most, most))

    def kill_emitter(self):
        alive = [e for e in self.emitters if e.child.poll() is None]
        if alive:
            victim = self.dice.choice(alive)
            victim.child.kill()
            victim.killed = True
        self.add_emitter()

    def act(self):
        happenings = [self.kill, self.restart, self.freeze, self.slow, self.jump,
                      self.kill_emitter]
        for _ in range(self.dice.randint(1, 5)):
            self.pause(0.1)
            what = self.dice.choice(happenings)
            self.told.append(what.__name__)
            what()

    # What must be true afterwards.

    def books(self):
        """Each emitter's own account, and what was acknowledged and offered in all."""
        acknowledged = offered = 0
        self.said = {}
        for e in self.emitters:
            said = e.end()
            offered += e.count
            if said is None:
                continue
            check(said["flushed"] and said["in_flight"] == 0, self.told, e.name, said)
            check(said["offered"] == e.count, self.told, e.name, said)
            self.said[e.name] = said
            check(said["acknowledged"] + said["dropped"] == e.count, self.told, e.name, said)
            acknowledged += said["acknowledged"]
        return acknowledged, offered

    def verify(self):
        acknowledged, offered = self.books()
        report = self.collector.report()
        intake = report["intake"]
        check(intake["unexplained"] == 0, self.told, intake)
        for sender in report["senders"]:
            check(sender["unexplained"] == 0, self.told, sender)
            said = self.said.get(sender["sender"])
            if said:
                check(sender["before"] + sender["taken"] == said["acknowledged"]
                      and sender["dropped"] == said["dropped"], self.told, sender, said)
                tally["dropped"] += said["dropped"]
                tally["resent"] += said["resent"]
        check(intake["late"] == 0, self.told, intake)
        if self.folder:
            self.collector.stop()
            code, out, err = run("replay", self.folder, "--report", "json")
            check(code == 0, self.told, code, err)
            report = json.loads(out)
            intake = report["intake"]
            check(report["journal"]["dropped_on_read"] == 0, self.told, report["journal"])
            # A record that is there twice would be late in its operation.
            check(intake["late"] == 0 and report["operations"]["started"]
                  == intake["accepted"], self.told, intake, report["operations"])
            check(acknowledged <= intake["accepted"] <= offered, self.told, acknowledged,
                  intake["accepted"], offered)
            shutil.rmtree(self.folder)
        else:
            self.collector.child.kill()
            self.collector.child.wait()
        return acknowledged, offered


tally = {"acknowledged": 0, "dropped": 0, "resent": 0}
for seed in range(FIRST, LAST + 1):
    schedule = Schedule(seed)
    try:
        schedule.act()
        tally["acknowledged"] += schedule.verify()[0]
    except BaseException:
        print(f"seed {seed}: RT_SEEDS={seed}-{seed} repeats it; {schedule.told}")
        raise
print(f"seeds {FIRST} to {LAST}: 0 unexplained; records", tally)
