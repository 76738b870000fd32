/* SPDX-License-Identifier: MIT */
#include "tui/keep.h"

#include "tui/state.h"

void
rt_keep_open(struct rt_keep *k, struct rt_model *m)
{
	struct rt_diag d = {{0}, {0}};
	struct rt_buf text;
	unsigned bad = 0;

	rt_choices_get(&k->kept, m);
	if (k->is_off)
		return;
	rt_buf_init(&text, RT_CHOICES_MAX);
	if (rt_state_load(RT_STATE_CHOICES, &text, &d) != RT_OK) {
		rt_model_say(m, "choices are not kept: %s%s%s", d.where,
		    d.where[0] ? ": " : "", d.what);
		k->is_off = true;
	} else if (text.len > 0) {
		bad = rt_choices_decode(&k->kept, text.p, &d);
		rt_choices_apply(&k->kept, m);
	}
	if (bad > 1)
		rt_model_say(m, "left out of " RT_STATE_CHOICES ": %s, %u more",
		    d.what, bad - 1);
	else if (bad == 1)
		rt_model_say(m, "left out of " RT_STATE_CHOICES ": %s", d.what);
	rt_buf_fini(&text);
}

static void
save(struct rt_keep *k, struct rt_model *m)
{
	struct rt_diag d = {{0}, {0}};
	struct rt_buf text;

	k->must_save = false;
	rt_buf_init(&text, RT_CHOICES_MAX);
	rt_choices_encode(&text, &k->kept);
	if (rt_state_save(RT_STATE_CHOICES, (struct rt_str){text.p, text.len},
		&d) != RT_OK) {
		rt_model_say(m, "choices are not kept: %s%s%s", d.where,
		    d.where[0] ? ": " : "", d.what);
		k->is_off = true;
	}
	rt_buf_fini(&text);
}

void
rt_keep_follow(struct rt_keep *k, struct rt_model *m)
{
	struct rt_choices now;

	if (k->is_off)
		return;
	rt_choices_get(&now, m);
	if (k->has_begun && rt_choices_follow(&k->kept, &k->before, &now)) {
		k->must_save = true;
		k->changed_at = m->now;
	}
	k->has_begun = true;
	k->before = now;
	if (k->must_save &&
	    rt_mono_ms_between(k->changed_at, m->now) >= RT_KEEP_MS)
		save(k, m);
}

void
rt_keep_close(struct rt_keep *k, struct rt_model *m)
{
	rt_keep_follow(k, m);
	if (!k->is_off && k->must_save)
		save(k, m);
}
