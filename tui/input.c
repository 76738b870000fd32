/* SPDX-License-Identifier: MIT */
#include "tui/input.h"

#include <string.h>

#include "proto/text.h"
#include "tui/term.h"

#define ESC 0x1b
#define PARTIAL (-1)

/* Final bytes after CSI or SS3. */
static const struct {
	unsigned char final;
	int key;
} letters[] = {
    {'A', RT_KEY_UP},
    {'B', RT_KEY_DOWN},
    {'C', RT_KEY_RIGHT},
    {'D', RT_KEY_LEFT},
    {'F', RT_KEY_END},
    {'H', RT_KEY_HOME},
    {'P', RT_KEY_F1},
    {'Z', RT_KEY_BACKTAB},
};

/* CSI number ~ */
static const struct {
	unsigned number;
	int key;
} numbers[] = {
    {1, RT_KEY_HOME},
    {3, RT_KEY_DELETE},
    {4, RT_KEY_END},
    {5, RT_KEY_PAGE_UP},
    {6, RT_KEY_PAGE_DOWN},
    {7, RT_KEY_HOME},
    {8, RT_KEY_END},
    {11, RT_KEY_F1},
};

void
rt_input_add(struct rt_input *in, const void *bytes, size_t len)
{
	size_t room = RT_INPUT_SIZE - in->len;

	if (len > room)
		len = room;
	memcpy(in->bytes + in->len, bytes, len);
	in->len += len;
}

static void
take(struct rt_input *in, size_t n)
{
	in->len -= n;
	memmove(in->bytes, in->bytes + n, in->len);
}

static int
key_of_letter(unsigned char final)
{
	for (size_t i = 0; i < RT_COUNT_OF(letters); i++)
		if (letters[i].final == final)
			return letters[i].key;
	return RT_KEY_NONE;
}

static int
key_of_number(const unsigned char *p)
{
	unsigned n = 0;

	for (; *p >= '0' && *p <= '9' && n < 100; p++)
		n = n * 10 + (*p - '0');
	for (size_t i = 0; i < RT_COUNT_OF(numbers); i++)
		if (numbers[i].number == n)
			return numbers[i].key;
	return RT_KEY_NONE;
}

/* "<button;column;rowM"; a release ends with m. */
static int
key_of_mouse(const unsigned char *p, unsigned char final)
{
	unsigned v[3] = {0, 0, 0}, n = 0, button;

	for (p++; *p >= 0x20 && *p <= 0x3f; p++) {
		if (*p == ';' && ++n > 2)
			return RT_KEY_NONE;
		if (*p >= '0' && *p <= '9' && v[n] < 4096)
			v[n] = v[n] * 10 + (*p - '0');
	}
	if (final != 'M' || n != 2 || v[1] == 0 || v[2] == 0 || v[1] > 4096 ||
	    v[2] > 4096)
		return RT_KEY_NONE;
	button = v[0] & ~28u; /* with Shift, Alt or Ctrl */
	if (button == 0)
		return rt_mouse_key(RT_MOUSE_CLICK, v[2] - 1, v[1] - 1);
	if (button == 64 || button == 65)
		return rt_mouse_key(button == 64 ? RT_MOUSE_UP : RT_MOUSE_DOWN,
		    v[2] - 1, v[1] - 1);
	return RT_KEY_NONE;
}

/* ESC [ parameters final */
static int
take_csi(struct rt_input *in)
{
	const unsigned char *p = in->bytes;
	size_t i = 2;
	int key = RT_KEY_NONE;

	if (in->len > 2 && p[2] == '[') { /* the Linux console's F1..F5 */
		if (in->len == 3)
			return PARTIAL;
		key = p[3] == 'A' ? RT_KEY_F1 : RT_KEY_NONE;
		take(in, 4);
		return key;
	}
	while (i < in->len && p[i] >= 0x20 && p[i] <= 0x3f)
		i++;
	if (i == in->len)
		return i == RT_INPUT_SIZE ? (take(in, i), RT_KEY_NONE)
					  : PARTIAL;
	if (p[2] == '<')
		key = key_of_mouse(p + 2, p[i]);
	else if (p[2] >= '<' && p[2] <= '?')
		key = RT_KEY_NONE; /* an answer, not a key */
	else if (p[i] == '~')
		key = key_of_number(p + 2);
	else
		key = key_of_letter(p[i]);
	take(in, p[i] >= 0x40 && p[i] <= 0x7e ? i + 1 : i);
	return key;
}

static int
take_escape(struct rt_input *in)
{
	int key;

	if (in->len == 1)
		return PARTIAL;
	if (in->bytes[1] == '[')
		return take_csi(in);
	if (in->bytes[1] != 'O') {
		take(in, 1);
		return RT_KEY_ESC;
	}
	if (in->len == 2)
		return PARTIAL;
	key = in->bytes[2] == 'M' ? RT_KEY_ENTER : key_of_letter(in->bytes[2]);
	take(in, 3);
	return key;
}

static int
take_control(struct rt_input *in)
{
	int c = in->bytes[0];

	take(in, 1);
	switch (c) {
	case '\b':
	case 0x7f: return RT_KEY_BACKSPACE;
	case '\t': return RT_KEY_TAB;
	case '\n':
	case '\r': return RT_KEY_ENTER;
	default: return c;
	}
}

static int
take_character(struct rt_input *in)
{
	unsigned char c = in->bytes[0];
	size_t need = c < 0xc2 || c > 0xf4 ? 1
	    : c < 0xe0                     ? 2
	    : c < 0xf0                     ? 3
					   : 4;
	struct rt_str rest = {(const char *)in->bytes, in->len};
	uint32_t ch;

	if (in->len < need)
		return PARTIAL;
	ch = rt_text_next(&rest);
	take(in, in->len - rest.len);
	return ch == 0xfffd ? RT_KEY_NONE : (int)ch;
}

static int
take_one(struct rt_input *in)
{
	if (in->bytes[0] == ESC)
		return take_escape(in);
	if (in->bytes[0] < 0x20 || in->bytes[0] == 0x7f)
		return take_control(in);
	return take_character(in);
}

int
rt_input_next(struct rt_input *in, bool waited)
{
	while (in->len > 0) {
		int key = take_one(in);

		if (key == PARTIAL && !waited)
			return RT_KEY_NONE;
		if (key == PARTIAL) {
			key = in->len == 1 && in->bytes[0] == ESC ? RT_KEY_ESC
								  : RT_KEY_NONE;
			take(in, in->len);
		}
		if (key != RT_KEY_NONE)
			return key;
	}
	return RT_KEY_NONE;
}
