# SPDX-License-Identifier: MIT
"""A screen in memory: what a terminal would show of the bytes that the dashboard writes.

It knows the sequences that ncurses uses for xterm, screen and tmux and those that we add,
and nothing else: any other is kept in `unknown`, so that a test can say that there is none.
"""
import unicodedata

# CSI: the final byte, by the private mark before the numbers.
MODES = {"?": {1, 7, 12, 25, 1000, 1006, 1049, 2004, 2026}, "": {4}}


def width(ch):
    if unicodedata.combining(ch) or unicodedata.category(ch) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(ch) in "WF" else 1


class Screen:
    def __init__(self, rows, cols):
        self.rows, self.cols = rows, cols
        self.pending = b""
        self.modes = set()
        self.copied = []    # texts for the clipboard, in base64
        self.unknown = []   # sequences that are none of ours
        self.frames = 0     # as wrapped for terminals that can wait for the end
        self.clears = 0
        self.bells = 0
        self.invisible = [] # characters without a width: none may reach a terminal
        self.reset()

    def reset(self):
        self.cells = [[" "] * self.cols for _ in range(self.rows)]
        self.row = self.col = 0
        self.saved = (0, 0)
        self.top, self.bottom = 0, self.rows - 1
        self.wraps = False

    # ---- what it shows

    def line(self, row):
        return "".join(self.cells[row]).rstrip()

    def lines(self):
        return [self.line(r) for r in range(self.rows)]

    def text(self):
        return "\n".join(self.lines())

    # ---- what it is fed

    def feed(self, data):
        data = self.pending + data
        at = 0
        while at < len(data):
            used = self.take(data, at)
            if used == 0:
                break
            at += used
        self.pending = data[at:]

    def take(self, data, at):
        """Bytes of what begins here; 0: not all of it is there yet."""
        byte = data[at]
        if byte == 0x1b:
            return self.escape(data, at)
        if byte < 0x20 or byte == 0x7f:
            self.control(byte)
            return 1
        size = 1 if byte < 0x80 else 2 if byte < 0xe0 else 3 if byte < 0xf0 else 4
        if at + size > len(data):
            return 0
        try:
            ch = data[at:at + size].decode()
        except UnicodeDecodeError:
            self.unknown.append(data[at:at + size])
            return 1
        self.put(ch)
        return size

    def control(self, byte):
        if byte == 0x0d:
            self.col = 0
        elif byte == 0x0a:
            self.down()
        elif byte == 0x08:
            self.col = max(0, self.col - 1)
        elif byte == 0x07:
            self.bells += 1
        elif byte == 0x09:
            self.col = min(self.cols - 1, (self.col // 8 + 1) * 8)
        elif byte != 0x0f:
            self.unknown.append(bytes([byte]))
        self.wraps = False

    def down(self):
        if self.row == self.bottom:
            self.scroll(1)
        else:
            self.row = min(self.rows - 1, self.row + 1)

    def scroll(self, by):
        for _ in range(min(abs(by), self.rows)):
            gone, new = (self.top, self.bottom) if by > 0 else (self.bottom, self.top)
            del self.cells[gone]
            self.cells.insert(new, [" "] * self.cols)

    def put(self, ch):
        cols = width(ch)
        if cols == 0 or unicodedata.category(ch) == "Cc":
            self.invisible.append(ch)
            return
        if self.wraps or self.col + cols > self.cols:
            self.col = 0
            self.down()
        self.cells[self.row][self.col] = ch
        if cols == 2:
            self.cells[self.row][self.col + 1] = ""
        self.last = ch
        self.wraps = self.col + cols >= self.cols
        self.col = min(self.cols - 1, self.col + cols)

    # ---- sequences

    def escape(self, data, at):
        kind = data[at + 1:at + 2]
        if not kind:
            return 0
        if kind == b"[":
            end = at + 2
            while end < len(data) and not 0x40 <= data[end] <= 0x7e:
                end += 1
            if end == len(data):
                return 0
            self.csi(data[at + 2:end].decode("latin-1"), chr(data[end]),
                     data[at:end + 1])
            return end + 1 - at
        if kind == b"]":
            end = min((e for e in (data.find(b"\x1b\\", at), data.find(b"\x07", at))
                       if e >= 0), default=-1)
            if end < 0:
                return 0
            size = 2 if data[end] == 0x1b else 1
            self.osc(data[at + 2:end], data[at:end + size])
            return end + size - at
        if kind in b"()":
            if at + 2 >= len(data):
                return 0
            if data[at + 2:at + 3] not in (b"B", b"0"):
                self.unknown.append(data[at:at + 3])
            return 3
        self.short(kind, data[at:at + 2])
        return 2

    def short(self, kind, whole):
        if kind == b"7":
            self.saved = (self.row, self.col)
        elif kind == b"8":
            self.row, self.col = self.saved
        elif kind == b"M":
            if self.row == self.top:
                self.scroll(-1)
            else:
                self.row = max(0, self.row - 1)
        elif kind not in (b"=", b">"):
            self.unknown.append(whole)
        self.wraps = False

    def osc(self, text, whole):
        if text.startswith(b"52;c;"):
            self.copied.append(text[5:].decode("latin-1"))
        else:
            self.unknown.append(whole)

    def csi(self, body, final, whole):
        mark = body[:1] if body[:1] in ("?", ">") else ""
        try:
            numbers = [int(n or 0) for n in body[len(mark):].split(";")]
        except ValueError:
            self.unknown.append(whole)
            return
        if final in "hl":
            self.mode(mark, numbers, final == "h", whole)
        elif final == "t" and numbers[0] in (22, 23):
            pass  # the title of the window, put aside and back
        elif mark or not self.act(final, numbers):
            self.unknown.append(whole)
        if final != "m":
            self.wraps = False

    def mode(self, mark, numbers, on, whole):
        for n in numbers:
            if n not in MODES.get(mark, ()):
                self.unknown.append(whole)
            elif on:
                self.modes.add(mark + str(n))
            else:
                self.modes.discard(mark + str(n))
            if mark == "?" and n == 2026 and not on:
                self.frames += 1
            if mark == "?" and n == 1049:
                self.reset()

    def act(self, final, n):
        first = n[0] or 1
        line = self.cells[self.row]
        if final in "Hf":
            self.row = min(self.rows, first) - 1
            self.col = min(self.cols, (n[1] or 1) if len(n) > 1 else 1) - 1
        elif final in "ABCDGd":
            self.row, self.col = self.moved(final, first)
        elif final == "J":
            self.erase_below(n[0])
        elif final == "K":
            a, b = ((self.col, self.cols), (0, self.col + 1), (0, self.cols))[n[0]]
            line[a:b] = [" "] * (b - a)
        elif final == "X":
            end = min(self.cols, self.col + first)
            line[self.col:end] = [" "] * (end - self.col)
        elif final == "b":
            for _ in range(first):
                self.put(self.last)
        elif final == "@":
            line[self.col:self.col] = [" "] * first
            del line[self.cols:]
        elif final == "P":
            del line[self.col:self.col + first]
            line += [" "] * (self.cols - len(line))
        elif final in "LM":
            top, self.top = self.top, self.row
            self.scroll(-first if final == "L" else first)
            self.top = top
        elif final in "ST":
            self.scroll(first if final == "S" else -first)
        elif final == "r":
            self.top = first - 1
            self.bottom = (n[1] if len(n) > 1 and n[1] else self.rows) - 1
            self.row = self.col = 0
        elif final != "m":
            return False
        return True

    def moved(self, final, n):
        row, col = {"A": (self.row - n, self.col), "B": (self.row + n, self.col),
                    "C": (self.row, self.col + n), "D": (self.row, self.col - n),
                    "G": (self.row, n - 1), "d": (n - 1, self.col)}[final]
        return max(0, min(self.rows - 1, row)), max(0, min(self.cols - 1, col))

    def erase_below(self, how):
        if how == 2 or (how == 0 and self.row == self.col == 0):
            self.clears += 1
        first = 0 if how else self.row + 1
        if how == 0:
            self.cells[self.row][self.col:] = [" "] * (self.cols - self.col)
        for row in range(first, self.rows):
            self.cells[row] = [" "] * self.cols
