#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do two reports say the same?

usage: compare.py EXPECTED ACTUAL     one line a difference; exit 1 where there is any

Only what EXPECTED names is compared.  Fractions agree within 1e-9 of their size; an entry
of a map that is absent is a zero; rows of fallbacks may come in any order.
"""
import json
import sys

# Objects whose keys are data, not names of the format.
MAPS = ("rejected", "by_class", "by_status", "by_fate", "attempts_per_operation", "decisions")


def same_number(a, b):
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def fallback_differences(expected, actual):
    def table(rows):
        return {(r.get("from"), r.get("to"), r.get("reason")): r for r in rows}
    a, b = table(expected), table(actual)
    if len(b) != len(actual):
        yield "fallbacks: a row is there twice"
    for key in sorted(set(a) | set(b), key=str):
        path = "fallbacks[%s -> %s, %s]" % key
        if key not in b:
            yield "%s: missing" % path
        elif key not in a:
            yield "%s: not expected, count %s" % (path, b[key].get("count"))
        else:
            yield from differences(a[key], b[key], path)


def differences(expected, actual, path=""):
    name = path.rsplit(".", 1)[-1]
    if name == "fallbacks" and isinstance(actual, list):
        yield from fallback_differences(expected, actual)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        keys = list(expected)
        if name in MAPS:
            keys += [k for k in actual if k not in expected]
        for k in keys:
            below = "%s.%s" % (path, k) if path else k
            if name in MAPS:
                yield from differences(expected.get(k, 0), actual.get(k, 0), below)
            elif k not in actual:
                yield "%s: missing" % below
            else:
                yield from differences(expected[k], actual[k], below)
    elif is_number(expected) and is_number(actual):
        if not same_number(expected, actual):
            yield "%s: expected %s, is %s" % (path, expected, actual)
    elif expected != actual or type(expected) is not type(actual):
        yield "%s: expected %r, is %r" % (path, expected, actual)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    reports = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as f:
            reports.append(json.load(f))
    found = list(differences(*reports))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
