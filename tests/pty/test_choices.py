#!/usr/bin/python3
"""What is chosen on the screen is there again the next time; options win for one run."""
import os
import pty
import shutil
import stat
import sys
import tempfile

from test_lifecycle import Session


def keep(folder, text):
    os.makedirs(f"{folder}/state/retrytop", exist_ok=True)
    with open(f"{folder}/state/retrytop/screen.ini", "w", encoding="utf-8") as f:
        f.write(text)


def kept(folder):
    with open(f"{folder}/state/retrytop/screen.ini", encoding="utf-8") as f:
        return f.read()


def run(folder, keys, *shown, options=(), hidden=()):
    """One run: what it shows at first, what is typed then, and what must never come."""
    s = Session(["watch", "-c", f"ipc://{folder}/nobody", *options], folder, 40, 120)
    try:
        s.await_text(b"Quit")
        for text in shown:
            s.await_text(text)
        for text in hidden:
            assert text not in s.seen, f"{text} is shown"
        for key in keys:
            s.type(key)
        s.type(b"Q")
        assert s.await_end(5.0) == 0
        s.assert_restored()
    finally:
        s.clean_up()


def it_is_there_again(folder):
    run(folder, [], b"sort: attempts v", b"win 5m")
    assert not os.path.exists(f"{folder}/state"), "written though nothing was chosen"
    run(folder, [b"r", b"w", b"c \r", b"6>", b"/st:5xx\r"], b"sort: attempts v")
    path = f"{folder}/state/retrytop/screen.ini"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(os.path.dirname(path)) == ["screen.ini"]
    text = kept(folder)
    for line in ("window = 15m", "reverse = yes", "columns = -op/s att/s ", "6 = ok\n",
                 "1 = |st:5xx|"):
        assert line in text, text
    run(folder, [], b"sort: attempts ^", b"win 15m", hidden=(b"op/s",))


def options_win_and_are_not_kept(folder):
    keep(folder, "[screen]\ntheme = safe\nwindow = 1h\n")
    run(folder, [b"r"], b"win 1m", options=("--theme", "mono", "--window", "1m"),
        hidden=(b"\x1b[38;5;",))
    assert "theme = safe\n" in kept(folder) and "window = 1h\n" in kept(folder)
    assert "reverse = yes\n" in kept(folder)


def broken_lines_are_named_and_the_rest_is_used(folder):
    keep(folder, "[screen]\nwindow = 1h\ntheme = neon\n")
    run(folder, [], b"left out of screen.ini: [screen] theme", b"win 1h")


def it_runs_where_nothing_can_be_kept(folder):
    with open(f"{folder}/state", "w", encoding="utf-8"):
        pass
    run(folder, [b"r"], b"sort: attempts v")


def main():
    try:
        os.close(pty.openpty()[0])
    except OSError as e:
        print(f"no pseudo terminal: {e}")
        return 77
    failed = 0
    for test in (it_is_there_again, options_win_and_are_not_kept,
                 broken_lines_are_named_and_the_rest_is_used,
                 it_runs_where_nothing_can_be_kept):
        folder = tempfile.mkdtemp(prefix="retrytop-choices-")
        try:
            test(folder)
            print(f"ok   {test.__name__}")
        except AssertionError as e:
            failed += 1
            print(f"FAIL {test.__name__}: {e}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
