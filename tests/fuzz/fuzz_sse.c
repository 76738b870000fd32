/* SPDX-License-Identifier: MIT */
/* A stream of server-sent events: however it is cut into pieces, it is the same events. */
#include <stdlib.h>
#include <string.h>

#include "collector/canary/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

struct seen {
	uint64_t events, hash;
};

static void
on_event(void *context, struct rt_str data)
{
	struct seen *s = context;

	s->events++;
	for (size_t i = 0; i < data.len; i++)
		s->hash = (s->hash ^ (unsigned char)data.p[i]) *
		    UINT64_C(1099511628211);
	s->hash = (s->hash ^ 0x100) * UINT64_C(1099511628211);
}

/* Pieces of 1 to `most` bytes, as `p` itself says; 0: one piece. */
static void
push(struct rt_sse *s, const char *p, size_t len, size_t most)
{
	size_t at = 0;

	while (at < len) {
		size_t n = most ? 1 + (unsigned char)p[at] % most : len;

		if (n > len - at)
			n = len - at;
		rt_sse_push(s, p + at, n);
		at += n;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static const size_t pieces[] = {0, 1, 7};
	struct seen seen[3] = {{0, 0}, {0, 0}, {0, 0}};
	struct rt_sse s[3];

	for (size_t i = 0; i < 3; i++) {
		rt_sse_init(&s[i], on_event, &seen[i]);
		push(&s[i], (const char *)p, len, pieces[i]);
		if (seen[i].events != seen[0].events ||
		    seen[i].hash != seen[0].hash ||
		    s[i].overflow != s[0].overflow ||
		    rt_sse_has_residue(&s[i]) != rt_sse_has_residue(&s[0]))
			abort();
	}
	for (size_t i = 0; i < 3; i++)
		rt_sse_fini(&s[i]);
	return 0;
}
