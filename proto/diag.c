/* SPDX-License-Identifier: MIT */
#include "proto/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/text.h"

void
rt_diag_set(struct rt_diag *d, const char *where, const char *fmt, ...)
{
	char raw[sizeof(d->what)];
	va_list ap;

	if (!d)
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	rt_text_scrub(
	    d->where, sizeof(d->where), rt_str_of(where ? where : ""));
	rt_text_scrub(d->what, sizeof(d->what), rt_str_of(raw));
}
