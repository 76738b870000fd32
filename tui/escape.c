/* SPDX-License-Identifier: MIT */
#include "tui/escape.h"

#include <string.h>

void
rt_escape_copy(struct rt_buf *b, const char *z)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)z;
	size_t len = strlen(z);

	if (len > RT_ESCAPE_COPY_MAX)
		return;
	rt_buf_puts(b, "\033]52;c;");
	for (size_t i = 0; i < len; i += 3) {
		unsigned v = (unsigned)p[i] << 16;

		v |= i + 1 < len ? (unsigned)p[i + 1] << 8 : 0u;
		v |= i + 2 < len ? p[i + 2] : 0u;
		rt_buf_putc(b, digits[v >> 18]);
		rt_buf_putc(b, digits[v >> 12 & 63]);
		rt_buf_putc(b, i + 1 < len ? digits[v >> 6 & 63] : '=');
		rt_buf_putc(b, i + 2 < len ? digits[v & 63] : '=');
	}
	rt_buf_puts(b, "\033\\");
}

void
rt_escape_capability(struct rt_buf *b, const char *cap)
{
	if (!cap)
		return;
	while (*cap) {
		const char *pad =
		    cap[0] == '$' && cap[1] == '<' ? strchr(cap, '>') : NULL;

		if (pad)
			cap = pad;
		else
			rt_buf_putc(b, *cap);
		cap++;
	}
}

static const struct {
	const char *bytes;
	size_t match, drop;
} needless[] = {
    {"\033(B", 3, 3},
    {"\033[39m\033(B\033[m", 11, 5},
    {"\033[39m\033[m", 8, 5},
    {"\033]104\007", 6, 6},
};

static size_t
needless_at(const char *p, size_t len)
{
	for (size_t i = 0; i < RT_COUNT_OF(needless); i++)
		if (len >= needless[i].match &&
		    memcmp(p, needless[i].bytes, needless[i].match) == 0)
			return needless[i].drop;
	return 0;
}

void
rt_escape_thin(struct rt_buf *b, size_t from)
{
	size_t to = from;

	while (from < b->len) {
		size_t drop = b->p[from] == '\033'
		    ? needless_at(b->p + from, b->len - from)
		    : 0;

		if (drop > 0)
			from += drop;
		else
			b->p[to++] = b->p[from++];
	}
	b->len = to;
	b->p[to] = '\0';
}
