/* SPDX-License-Identifier: MIT */
/*
 * alert_rules — the text of an alert's rule, read and written: "5% for 60s n 20 clear 4%".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alerts.h"
#include "proto/options.h"

#define CLEAR_RATIO 0.8
#define FOR_MS_MAX (24 * 3600 * 1000)
#define PERCENT_MAX 10000.0
#define TIMES_MAX 1000.0
#define COUNT_MAX 1000000000
#define N_MAX 1000000000
#define WORDS_MAX 8u

static enum rt_err
number_from(double *out, const char *word, char suffix, double max)
{
	size_t n = strlen(word);
	double v;

	if (suffix && (n == 0 || word[n - 1] != suffix))
		return RT_E_CONFIG;
	n -= suffix != '\0';
	if (rt_text_to_double((struct rt_str){word, n}, &v) != RT_OK || v < 0 ||
	    v > max)
		return RT_E_CONFIG;
	*out = v;
	return RT_OK;
}

static enum rt_err
value_from(double *out, enum rt_alert_unit unit, const char *word)
{
	enum rt_err err = RT_E_CONFIG;
	int64_t v = 0;

	switch (unit) {
	case RT_ALERT_UNIT_RATIO:
		err = number_from(out, word, '%', PERCENT_MAX);
		*out /= 100;
		break;
	case RT_ALERT_UNIT_TIMES: return number_from(out, word, 'x', TIMES_MAX);
	case RT_ALERT_UNIT_MS:
		err = rt_duration_from(word, 1, FOR_MS_MAX, &v, NULL);
		*out = (double)v;
		break;
	case RT_ALERT_UNIT_COUNT:
		err = rt_count_from(word, 0, COUNT_MAX, &v, NULL);
		*out = (double)v;
		break;
	}
	return err;
}

static double
usual_clear(enum rt_alert_unit unit, double threshold)
{
	if (unit == RT_ALERT_UNIT_COUNT)
		return threshold;
	if (unit == RT_ALERT_UNIT_TIMES && threshold > 1)
		return 1 + CLEAR_RATIO * (threshold - 1);
	return CLEAR_RATIO * threshold;
}

/* `for 1m`, `n 50` or `clear 15%`. */
static bool
set_option(struct rt_alert_rule *r, enum rt_alert_unit unit, const char *key,
    const char *value)
{
	int64_t n = 0;

	if (strcmp(key, "for") == 0)
		return rt_duration_from(
			   value, 0, FOR_MS_MAX, &r->for_ms, NULL) == RT_OK;
	if (strcmp(key, "clear") == 0)
		return value_from(&r->clear, unit, value) == RT_OK &&
		    r->clear <= r->threshold;
	if (strcmp(key, "n") != 0 || unit == RT_ALERT_UNIT_COUNT ||
	    rt_count_from(value, RT_ALERTS_N_MIN, N_MAX, &n, NULL) != RT_OK)
		return false;
	r->min_n = (uint32_t)n;
	return true;
}

static size_t
split(char *text, char *words[WORDS_MAX])
{
	size_t n = 0;

	for (char *save, *w = strtok_r(text, " \t", &save); w;
	     w = strtok_r(NULL, " \t", &save)) {
		if (n == WORDS_MAX)
			return 0;
		words[n++] = w;
	}
	return n;
}

static bool
rule_from(struct rt_alert_rule *r, enum rt_alert_unit unit, const char *text)
{
	char copy[256], *words[WORDS_MAX];
	size_t n, i;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return false;
	n = split(copy, words);
	if (n == 1 && strcmp(words[0], "off") == 0)
		return true;
	if (n % 2 == 0 || value_from(&r->threshold, unit, words[0]) != RT_OK)
		return false;
	r->is_on = true;
	r->clear = usual_clear(unit, r->threshold);
	for (i = 1; i < n; i += 2)
		if (!set_option(r, unit, words[i], words[i + 1]))
			return false;
	return true;
}

enum rt_err
rt_alert_rule_from(struct rt_alert_rule *r, enum rt_alert a, const char *text,
    struct rt_diag *d)
{
	static const char *const examples[] = {
	    [RT_ALERT_UNIT_RATIO] = "20% for 1m n 50 clear 15%",
	    [RT_ALERT_UNIT_TIMES] = "2x for 1m n 50 clear 1.5x",
	    [RT_ALERT_UNIT_MS] = "30s for 1m n 50 clear 20s",
	    [RT_ALERT_UNIT_COUNT] = "3 for 1m clear 1",
	};
	enum rt_alert_unit unit = rt_alert_unit(a);
	struct rt_alert_rule fresh = {.min_n = RT_ALERTS_N_MIN};

	if (rule_from(&fresh, unit, text)) {
		*r = fresh;
		return RT_OK;
	}
	rt_diag_set(d, NULL,
	    "needs off or a threshold like `%s`%s, clear at most the "
	    "threshold, not '%s'",
	    examples[unit],
	    unit == RT_ALERT_UNIT_COUNT ? "" : ", n at least 20", text);
	return RT_E_CONFIG;
}

void
rt_alert_rules_init(struct rt_alert_rules *r)
{
	unsigned i;

	r->window_s = 300;
	for (i = 0; i < RT_ALERT_COUNT; i++)
		if (rt_alert_rule_from(&r->rows[i], (enum rt_alert)i,
			rt_alert_default((enum rt_alert)i), NULL) != RT_OK)
			abort(); /* a row whose default is none */
}

static void
print_value(struct rt_buf *b, enum rt_alert_unit unit, double v)
{
	switch (unit) {
	case RT_ALERT_UNIT_RATIO: rt_buf_printf(b, "%.10g%%", v * 100); break;
	case RT_ALERT_UNIT_TIMES: rt_buf_printf(b, "%.10gx", v); break;
	case RT_ALERT_UNIT_MS: rt_buf_printf(b, "%.10gms", v); break;
	case RT_ALERT_UNIT_COUNT: rt_buf_printf(b, "%.10g", v); break;
	}
}

void
rt_alert_rule_print(
    struct rt_buf *b, enum rt_alert a, const struct rt_alert_rule *r)
{
	enum rt_alert_unit unit = rt_alert_unit(a);

	if (!r->is_on) {
		rt_buf_puts(b, "off");
		return;
	}
	print_value(b, unit, r->threshold);
	if (r->for_ms % 1000 == 0)
		rt_buf_printf(b, " for %llds", (long long)(r->for_ms / 1000));
	else
		rt_buf_printf(b, " for %lldms", (long long)r->for_ms);
	if (unit != RT_ALERT_UNIT_COUNT)
		rt_buf_printf(b, " n %u", r->min_n);
	rt_buf_puts(b, " clear ");
	print_value(b, unit, r->clear);
}
