/* SPDX-License-Identifier: MIT */
/* Whatever a collector answers: decoding ends, and what it gave can be shown again. */
#include <stdlib.h>

#include "proto/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct rt_report r;
	struct rt_buf b;
	struct rt_diag d;

	rt_report_init(&r);
	rt_buf_init(&b, RT_REPORT_MAX);
	if (rt_report_decode(&r, (struct rt_str){(const char *)p, len}, &d) ==
	    RT_OK) {
		rt_report_encode(&b, &r);
		if (!b.overflow &&
		    rt_report_decode(&r, (struct rt_str){b.p, b.len}, &d) !=
			RT_OK)
			abort();
		rt_buf_reset(&b);
		rt_report_format_text(&b, &r);
	}
	rt_buf_fini(&b);
	rt_report_fini(&r);
	return 0;
}
