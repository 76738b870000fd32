/* SPDX-License-Identifier: MIT */
#include "proto/column.h"

/* Columns of the character at `z`, and its bytes; not ASCII: taken as the widest. */
static unsigned
width(const char *z, size_t *bytes)
{
	*bytes = 1;
	while (((unsigned char)z[*bytes] & 0xc0) == 0x80)
		++*bytes;
	return (unsigned char)*z < 0x80 ? 1 : 2;
}

void
rt_column_put(struct rt_buf *b, const char *z, unsigned cols)
{
	unsigned used = 0, total = 0, room = cols;
	size_t bytes;

	for (const char *p = z; *p; p += bytes)
		total += width(p, &bytes);
	if (total > cols)
		room = cols - 2;
	for (; *z; z += bytes) {
		unsigned wide = width(z, &bytes);

		if (used + wide > room)
			break;
		rt_buf_add(b, z, bytes);
		used += wide;
	}
	if (total > cols) {
		rt_buf_puts(b, "..");
		used += 2;
	}
	for (; used < cols; used++)
		rt_buf_putc(b, ' ');
}

void
rt_column_end(struct rt_buf *b)
{
	while (b->len > 0 && b->p[b->len - 1] == ' ')
		b->p[--b->len] = '\0';
	rt_buf_putc(b, '\n');
}
