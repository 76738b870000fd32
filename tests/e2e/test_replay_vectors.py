#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The program's replay against numbers that it did not compute itself.

First the kept logs of tests/data/vectors with the numbers they must give; then random
logs of every shape, where the reference model says what is right; those of which every value
is plain text also with each record in another text form.  RT_SEEDS is how many
logs a shape, RT_FIRST_SEED where to start.  Logs that differ are kept, and named.
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE / "reference"))
import compare      # noqa: E402
import generate     # noqa: E402
import model        # noqa: E402

PROGRAM = os.environ.get("RT_PROGRAM", str(HERE.parent / "build/release/retrytop"))
SEEDS = int(os.environ.get("RT_SEEDS", "30"))
FIRST_SEED = int(os.environ.get("RT_FIRST_SEED", "1"))
OPERATIONS = 120


def replay(path):
    done = subprocess.run([PROGRAM, "replay", str(path), "--report", "json"],
                          capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError("exit %d: %s" % (done.returncode, done.stderr.decode()[-500:]))
    return json.loads(done.stdout)


def check(name, expected, path):
    """Prints what differs; True where nothing does."""
    try:
        found = list(compare.differences(expected, replay(path)))
    except (RuntimeError, ValueError, subprocess.TimeoutExpired) as why:
        found = [str(why)]
    if found:
        print("%s: %d differences" % (name, len(found)))
        for line in found[:12]:
            print("    " + line)
    return not found


def kept_logs():
    folder = HERE / "data/vectors"
    for expected in sorted(folder.glob("*.expected.json")):
        stem = expected.name.removesuffix(".expected.json")
        for log in sorted(folder.glob(stem + ".*")):
            if log != expected:
                yield log.name, json.loads(expected.read_text()), log


def other_forms(lines, seed):
    """The same records as JSON, logfmt lines and blocks, mixed."""
    rng = random.Random(seed)
    for line in lines:
        try:
            o = model.parse(line)
        except model.Rejected:
            o = None
        form = rng.choice(("json", "logfmt", "block", "quoted block"))
        if not o or form == "json" or any(isinstance(v, (dict, list)) for v in o.values()):
            yield line
            continue
        text = {k: "" if v is None else v if isinstance(v, str) else json.dumps(v)
                for k, v in o.items()}
        if form == "logfmt":
            yield " ".join('%s="%s"' % x for x in text.items()).encode()
            continue
        row = "%s: %s" if form == "block" else '%s="%s"'
        yield b""
        for x in text.items():
            yield (row % x).rstrip().encode()
        yield rng.choice((b"", b"---"))


def main():
    good = bad = 0
    for name, expected, path in kept_logs():
        ok = check(name, expected, path)
        if path.suffix == ".jsonl":
            with path.open("rb") as f:
                own = list(compare.differences(expected, model.report_of(f)))
            ok = ok and not own
            for line in own:
                print("%s: the model itself: %s" % (name, line))
        good, bad = good + ok, bad + (not ok)
    print("%d kept logs" % (good + bad))
    if good + bad == 0:
        sys.exit("no kept logs found")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="retrytop-replay-"))
    # A decision of `none` is no word in the other forms, so native records stay JSON.
    for shape, is_text in [(x, False) for x in generate.SHAPES + ("mixed",)] + [
            (x, True) for x in ("retry", "runbook", "review")]:
        same = 0
        for seed in range(FIRST_SEED, FIRST_SEED + SEEDS):
            lines = [x.encode() for x in generate.generate(seed, shape, OPERATIONS)]
            expected = model.report_of(lines)
            path = folder / ("%s-%d.%s" % (shape, seed, "txt" if is_text else "jsonl"))
            if is_text:
                lines = other_forms(lines, seed)
            path.write_bytes(b"".join(x + b"\n" for x in lines))
            if check("%s seed %d (%s)" % (shape, seed, path), expected, path):
                path.unlink()
                same += 1
        print("%s%s: %d of %d random logs agree" % (
            shape, ", text forms" if is_text else "", same, SEEDS))
        good, bad = good + same, bad + SEEDS - same
    if not bad:
        folder.rmdir()
    print("%d logs agree, %d differ" % (good, bad))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
