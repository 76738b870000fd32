#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The completion for bash offers what the command table and every --help say."""
import os
import re
import subprocess

from harness import PROGRAM, ROOT, check, run, scratch

SCRIPT = ROOT + "/contrib/completion/retrytop.bash"
DRIVER = """
. "$1"
shift
while IFS= read -r line; do
	IFS=$'\\t' read -ra COMP_WORDS <<<"$line"
	[[ $line == *$'\\t' ]] && COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_retrytop
	echo "${COMPREPLY[*]}"
done
"""


def complete(lines):
    """What is offered for the last word of each line."""
    typed = "".join("\t".join([PROGRAM, *words]) + "\n" for words in lines)
    done = subprocess.run(["bash", "-c", DRIVER, "bash", SCRIPT], input=typed, cwd=scratch,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    check(done.returncode == 0 and not done.stderr, done.stderr)
    return [set(line.split()) for line in done.stdout.split("\n")[:-1]]


with open(ROOT + "/tui/command.h") as f:
    commands = set(re.findall(r'X\(rt_cmd_\w+,\s*"([a-z-]+)"', f.read()))
check(len(commands) > 10, "the command table was not found", commands)
nothing, of_help, some = complete([[""], ["help", ""], ["rep"]])
check(nothing == commands, "commands", nothing ^ commands)
check(of_help == commands, "help", of_help ^ commands)
check(some == {"report", "replay"}, some)

for name in sorted(commands - {"help", "version"}):
    # The usage text as people read it: left column, then at least one blank.
    want, choices = set(), {}
    for line in run(name, "--help")[1].split("\n\n")[1].split("\n"):
        words = line[:34].replace(",", "").split() if line[:34].strip() else []
        words = line.replace(",", "").split() if line.startswith("  -") and not words else words
        names = [w for w in words if w.startswith("-")]
        if not names:
            continue
        want.add(names[-1])
        value = line.replace(",", "").split()[len(names)] if len(words) > len(names) else ""
        if "|" in value and value == value.lower():
            for n in names:
                choices[n] = set(value.split("|"))
    check("--help" in want, name, want)
    got, = complete([[name, "--"]])
    check(got == want, name, "options", got ^ want)
    for option, these in choices.items():
        got, = complete([[name, option, ""]])
        check(got == these, name, option, got, "is not", these)

check("--theme" in complete([["--"]])[0], "the dashboard's options without its name")
check(complete([["--window", ""]]) == [{"1m", "5m", "15m", "1h"}], "choices without it")
open(os.path.join(scratch, "a.log"), "w").close()
check(complete([["replay", "a."], ["collect", "--config", "a."], ["collect", "--query", ""]]) ==
      [{"a.log"}, {"a.log"}, set()], "files where files go")
print(f"{len(commands)} commands")
