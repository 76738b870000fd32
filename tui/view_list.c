/* SPDX-License-Identifier: MIT */
/* Names and values, most wanted first: a screen too small for tables. */
#include <stdio.h>

#include "tui/view.h"

static const enum rt_rate_id wanted[] = {RT_RATE_ERROR, RT_RATE_TIMEOUT,
    RT_RATE_FALLBACK, RT_RATE_MISSING_USAGE, RT_RATE_EFFECTIVE_SUCCESS,
    RT_RATE_FIRST_TRY, RT_RATE_AMPLIFICATION, RT_RATE_RETRY_RATIO};

static void
draw_rate(struct rt_area a, unsigned row, enum rt_rate_id id,
    const struct rt_counts *c)
{
	struct rt_rate r = rt_rate(c, id);
	char text[RT_FMT_SIZE];

	rt_area_put(a, row, 1, RT_ROLE_COLUMN, rt_rate_info(id)->label);
	rt_area_field(a, row, 11, 7, true, rt_view_role(r, RT_ROLE_STRONG),
	    id == RT_RATE_AMPLIFICATION ? rt_fmt_times(text, r)
					: rt_fmt_pct(text, r));
	rt_area_printf(a, row, 19, RT_ROLE_DIM, "n=%.0f", r.denominator);
}

static unsigned
draw_evidence(const struct rt_model *m, struct rt_area a, unsigned row)
{
	struct rt_evidence lost[RT_EVIDENCE_MAX];
	size_t count = rt_facts_evidence(m, lost);

	for (size_t i = 0; i < count && row < a.rows; i++) {
		char text[96];

		rt_facts_evidence_text(text, sizeof(text), &lost[i]);
		rt_area_put(
		    a, row++, 1, rt_severity_role(lost[i].severity), text);
	}
	return row;
}

void
rt_view_list(const struct rt_model *m, struct rt_area a)
{
	const struct rt_report *r = rt_model_report(m);
	const struct rt_quantiles *q = &r->latency[RT_LATENCY_OPERATION];
	char text[RT_FMT_SIZE];
	unsigned row = 0;
	/* The worst of what was lost keeps a row on any screen. */
	struct rt_evidence lost[RT_EVIDENCE_MAX];
	bool has_loss = rt_facts_evidence(m, lost) > 0 &&
	    lost[0].severity >= RT_WARN && a.rows > 2;
	unsigned end = a.rows - (has_loss ? 1 : 0);

	if (!rt_model_has_report(m)) {
		rt_view_empty(m, a, 0, "");
		return;
	}
	for (unsigned i = 0; i < RT_COUNT_OF(wanted) && row < end; i++)
		draw_rate(a, row++, wanted[i], &r->counts);
	if (row < end) {
		rt_area_put(a, row, 1, RT_ROLE_COLUMN, "op p95");
		rt_area_field(a, row, 11, 7, true,
		    q->count < RT_FMT_FEW ? RT_ROLE_DIM : RT_ROLE_STRONG,
		    rt_fmt_ms(text, q->count ? q->p95 : -1));
		rt_area_printf(a, row++, 19, RT_ROLE_DIM, "n=%llu",
		    (unsigned long long)q->count);
	}
	if (row < end) {
		rt_area_put(a, row, 1, RT_ROLE_COLUMN, "ops/s");
		rt_area_field(a, row++, 11, 7, true, RT_ROLE_STRONG,
		    rt_fmt_per_s(text,
			(double)r->counts.n[RT_C_OPS_ENDED] /
			    rt_model_span_s(m)));
	}
	if (r->canaries_count > 0 && row < end)
		rt_view_canary_line(m, rt_area_sub(a, row++, 0, 1, a.cols));
	(void)draw_evidence(m, a, row);
}
