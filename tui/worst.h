/* SPDX-License-Identifier: MIT */
/*
 * worst — the one thing to look at first, and the sentence that says why.
 *
 * Order   What the screen cannot be trusted for (collector gone, records unaccounted
 *         for), then what fails now: a canary, a route whose operations do not end well,
 *         a rule of the policy, a fallback that does not rescue.  Rates out of fewer than
 *         RT_FMT_FEW are never judged.
 * Words   Fit for an incident channel: names, figures with what they are out of, window.
 */
#ifndef RT_WORST_H
#define RT_WORST_H

#include "tui/facts.h"

struct rt_worst {
	enum rt_severity severity;
	enum rt_panel panel;
	size_t row; /* of the report; SIZE_MAX: the panel as a whole */
	char text[240];
};

void rt_worst(const struct rt_model *m, struct rt_worst *out);

/* Put the cursor on it. */
void rt_worst_jump(struct rt_model *m, const struct rt_worst *w);

#endif
