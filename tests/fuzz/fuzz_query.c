/* SPDX-License-Identifier: MIT */
/* A question of a viewer: it is refused, or it says the same when written again. */
#include <stdlib.h>
#include <string.h>

#include "proto/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct rt_query q, again;
	struct rt_diag d;
	struct rt_buf first, second;

	if (rt_query_decode(&q, (struct rt_str){(const char *)p, len}, &d) !=
	    RT_OK)
		return 0;
	rt_buf_init(&first, RT_QUERY_MAX);
	rt_buf_init(&second, RT_QUERY_MAX);
	rt_query_encode(&first, &q);
	/* One that is longer escaped than it came is not asked again. */
	if (!first.overflow) {
		if (rt_query_decode(&again, (struct rt_str){first.p, first.len},
			&d) != RT_OK)
			abort();
		rt_query_encode(&second, &again);
		if (first.len != second.len ||
		    memcmp(first.p, second.p, first.len) != 0)
			abort();
	}
	rt_buf_fini(&first);
	rt_buf_fini(&second);
	return 0;
}
