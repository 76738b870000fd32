/* SPDX-License-Identifier: MIT */
/* Whatever is typed as a filter: it is refused, or it reads the same again. */
#include <stdlib.h>
#include <string.h>

#include "tui/filter.h"
#include "tui/prompt.h"
#include "tui/term.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
type(const uint8_t *p, size_t len)
{
	struct rt_prompt line = {.is_open = false};
	struct rt_report r;

	rt_report_init(&r);
	rt_report_add_series(&r)->labels[RT_LABEL_SERVICE] = "checkout";
	rt_prompt_open(&line, RT_PROMPT_FILTER, "");
	for (size_t i = 0; i < len; i++) {
		(void)rt_prompt_key(
		    &line, p[i] >= 0xf0 ? RT_KEY_BASE + p[i] - 0xef : p[i], &r);
		if (line.at > strlen(line.text) ||
		    !rt_text_is_clean(rt_str_of(line.text)))
			abort();
	}
	rt_report_fini(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct rt_trail_row e = {.operation_id = "op-5d1e",
	    .service = "checkout",
	    .route = "/v1/chat",
	    .status = 503,
	    .error_class = RT_CLASS_SERVER_ERROR,
	    .decision = RT_DECISION_COUNT};
	struct rt_filter f, again;
	struct rt_diag d;

	type(p, len);
	if (rt_filter_parse(&f, (struct rt_str){(const char *)p, len}, &d) !=
	    RT_OK)
		return 0;
	if (rt_filter_parse(&again, rt_str_of(f.text), &d) != RT_OK ||
	    again.count != f.count ||
	    rt_filter_event(&f, &e) != rt_filter_event(&again, &e))
		abort();
	return 0;
}
