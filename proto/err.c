/* SPDX-License-Identifier: MIT */
#include "proto/err.h"

const char *
rt_err_text(enum rt_err err)
{
	static const char *const texts[] = {
#define X(name, text) [RT_##name] = (text),
	    RT_ERRORS(X)
#undef X
	};

	if ((unsigned)err >= RT_COUNT_OF(texts))
		return "unknown error";
	return texts[err];
}
