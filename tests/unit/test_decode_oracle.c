/* SPDX-License-Identifier: MIT */
/* The decoder against a second one, on mutations of the sample logs. */
#include "tests/unit/oracle.h"
#include "tests/unit/samples.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/decode.h"
#include "proto/encode.h"
#include "proto/macro.h"

#define MUTATIONS 40000u

static void
check(struct rt_decoder *d, const char *p, size_t len)
{
	struct rt_event e = {0};
	struct rt_identity id;
	enum rt_reject r = rt_decode(d, util_guarded(p, len), len, &e, NULL);
	const char *what;

	id = rt_decode_identity(d);
	what = oracle_differs(oracle_decode(p, len), r, &e, id.emitter, id.seq);
	if (what)
		fail_msg("%s differs: %.*s", what, (int)len, p);
}

static const char *const splices[] = {"\"", "\\", "\\u", "\\ud83d", "{", "}",
    "[", "]", ",", ":", "null", "true", "NaN", "1.5", "1e3", "-", "\x01",
    "\x80", "\xE2\x80\xAE", "\"emitter\":\"e\",\"seq\":3,", "\"seq\":\"x\",",
    "\"prompt\":\"x\",", "\"ts_is_arrival\":true,",
    "\"ts_is_arrival\":\"true\",", "\"ts_is_arrival\":1,",
    "\"trigger\":{\"type\":\"timeout\"},", "\"http.request.method\":\"GET\",",
    "\"final_outcome\":\"success\",", "\"retry_decision\":\"retried\",",
    "\"source_shape\":\"decisions\",", "\"outcome\":\"success\",",
    "\"followup_outcome\":\"degraded\",", "sk-abcdefghijklmnop",
    "Bearer abcdefgh", "\"error_type\":\"none\",",
    "\"model_id_attempt_1\":\"a\",\"model_id_attempt_2\":\"b\",",
    "\"gen_ai\":{\"request\":{\"model\":\"m\"}},", "99999999999999999999"};

static size_t
put_in(char *p, size_t len, size_t at, const char *z)
{
	size_t n = strlen(z);

	memmove(p + at + n, p + at, len - at);
	memcpy(p + at, z, n);
	return len + n;
}

static size_t
mutate(struct util_random *r, char *p, size_t len)
{
	size_t at = util_random_below(r, len), to, n;
	const char *z = splices[util_random_below(r, RT_COUNT_OF(splices))];

	switch (util_random_below(r, 6)) {
	case 0: p[at] = (char)util_random(r); break;
	case 1: p[at] ^= (char)(1 << util_random_below(r, 7)); break;
	case 2: return put_in(p, len, at, z);
	case 3: return put_in(p, len, 1, z);
	case 4:
		n = util_random_below(r, 8);
		if (at + n < len) {
			memmove(p + at, p + at + n, len - at - n);
			return len - n;
		}
		break;
	default:
		to = util_random_below(r, len);
		p[at] = p[to];
		break;
	}
	return len;
}

static void
agrees_with_the_oracle_on_every_sample(void **state)
{
	struct rt_decoder *d = rt_decoder_new(NULL);
	size_t i;

	(void)state;
	assert_true(sample_count > 700);
	for (i = 0; i < sample_count; i++)
		check(d, samples[i].p, samples[i].len);
	rt_decoder_free(d);
}

static void
agrees_with_the_oracle_on_mutations(void **state)
{
	struct rt_decoder *d = rt_decoder_new(NULL);
	struct util_random r = util_random_begin(3);
	static char copy[RT_RECORD_MAX * 2];
	size_t i, k, len;
	struct rt_str s;

	(void)state;
	for (i = 0; i < MUTATIONS; i++) {
		s = samples[util_random_below(&r, sample_count)];
		memcpy(copy, s.p, s.len);
		len = s.len;
		for (k = util_random_below(&r, 4) + 1; k > 0 && len > 0; k--)
			len = mutate(&r, copy, len);
		check(d, copy, len);
	}
	rt_decoder_free(d);
}

/* What is read back from the canonical line is the event itself. */
static void
canonical_lines_read_back_as_the_same_event(void **state)
{
	struct rt_decoder *a = rt_decoder_new(NULL), *b = rt_decoder_new(NULL);
	struct rt_event e = {0}, back = {0};
	struct rt_buf line, again;
	size_t i;

	(void)state;
	rt_buf_init(&line, 65536);
	rt_buf_init(&again, 65536);
	for (i = 0; i < sample_count; i++) {
		assert_int_equal(
		    rt_decode(a, samples[i].p, samples[i].len, &e, NULL),
		    RT_REJECT_NOT);
		rt_buf_reset(&line);
		rt_encode(&line, &e);
		assert_int_equal(
		    rt_decode(b, line.p, line.len, &back, NULL), RT_REJECT_NOT);
		rt_buf_reset(&again);
		rt_encode(&again, &back);
		assert_string_equal(again.p, line.p);
		assert_true(back.present == e.present && back.kind == e.kind &&
		    back.shape == e.shape &&
		    back.error_class == e.error_class &&
		    back.ts_has_fraction == e.ts_has_fraction &&
		    back.ts_is_arrival == e.ts_is_arrival);
	}
	rt_buf_fini(&line);
	rt_buf_fini(&again);
	rt_decoder_free(a);
	rt_decoder_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(agrees_with_the_oracle_on_every_sample),
	    cmocka_unit_test(agrees_with_the_oracle_on_mutations),
	    cmocka_unit_test(canonical_lines_read_back_as_the_same_event),
	};

	return cmocka_run_group_tests(tests, load_samples, NULL);
}
