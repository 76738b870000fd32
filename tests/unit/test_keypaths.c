/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "collector/canary/keypaths.h"
#include "tests/unit/util.h"

static struct rt_keypaths *
keypaths_of(const char *json)
{
	struct rt_keypaths *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	rt_keypaths_add(s, rt_str_of(json));
	return s;
}

static void
is(struct rt_keypaths *s, const char *want)
{
	struct rt_buf b;

	rt_buf_init(&b, 65536);
	rt_buf_puts(&b, "");
	for (unsigned i = 0; i < s->count; i++)
		rt_buf_printf(&b, "%s;", s->paths[i]);
	assert_string_equal(b.p, want);
	rt_buf_fini(&b);
	free(s);
}

static void
lists_paths_with_types_sorted_and_without_values(void **state)
{
	struct rt_keypaths *s;

	(void)state;
	is(keypaths_of("{\"b\":[{\"x\":1.5},{\"y\":\"planted\"},3],\"a\":null,"
		       "\"c\":{\"d\":true}}"),
	    "a null;b array;b[] number;b[] object;b[].x number;b[].y string;"
	    "c object;c.d boolean;");
	is(keypaths_of("not json"), "");
	is(keypaths_of("{\"k\\u001b[31m\":1}"), "k\xEF\xBF\xBD[31m number;");
	s = calloc(1, sizeof(*s));
	rt_keypaths_add_stream(s,
	    rt_str_of("data: {\"a\":1}\n\ndata: {\"a\":null,\"b\":2}\n\n"
		      "data: [DONE]\n\ndata: {\"c\":1}\n"));
	is(s, "a null;a number;b number;");
}

static void
has_a_fingerprint_of_the_paths_alone(void **state)
{
	struct rt_keypaths *a = keypaths_of("{\"x\":1,\"y\":\"a\"}");
	struct rt_keypaths *b = keypaths_of("{\"y\":\"b\",\"x\":2}");
	struct rt_keypaths *c = keypaths_of("{\"x\":\"1\",\"y\":\"a\"}");
	struct rt_keypaths none = {.count = 0};
	char one[RT_DIGEST_SIZE], two[RT_DIGEST_SIZE];

	(void)state;
	rt_keypaths_digest(a, one);
	rt_keypaths_digest(b, two);
	assert_string_equal(one, two);
	rt_keypaths_digest(c, two);
	assert_string_not_equal(one, two);
	rt_keypaths_digest(&none, one);
	assert_string_equal(one,
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	free(a);
	free(b);
	free(c);
}

static void
tells_gained_lost_and_changed_paths_apart(void **state)
{
	struct rt_keypaths *old = keypaths_of("{\"a\":1,\"b\":2,\"c\":3}");
	struct rt_keypaths *new = keypaths_of("{\"a\":1,\"b\":\"2\",\"d\":4}");
	struct rt_keypaths_drift d;
	struct rt_buf b;

	(void)state;
	rt_buf_init(&b, 4096);
	d = rt_keypaths_compare(old, new, &b);
	assert_string_equal(
	    b.p, "~ b number -> string\n- c number\n+ d number\n");
	assert_int_equal(d.gained, 1);
	assert_int_equal(d.lost, 1);
	assert_int_equal(d.changed, 1);
	d = rt_keypaths_compare(old, old, NULL);
	assert_int_equal(d.gained + d.lost + d.changed, 0);
	rt_buf_fini(&b);
	free(old);
	free(new);
}

static void
is_bounded(void **state)
{
	struct rt_keypaths *s = calloc(1, sizeof(*s));
	char json[400];

	(void)state;
	for (unsigned i = 0; i < RT_KEYPATHS_MAX + 5; i++) {
		assert_false(s->overflow && i < RT_KEYPATHS_MAX);
		snprintf(json, sizeof(json), "{\"k%u\":1}", i);
		rt_keypaths_add(s, rt_str_of(json));
	}
	assert_int_equal(s->count, RT_KEYPATHS_MAX);
	assert_true(s->overflow);
	memset(s, 0, sizeof(*s));
	snprintf(json, sizeof(json), "{\"%0300d\":{\"x\":1},\"y\":1}", 0);
	rt_keypaths_add(s, rt_str_of(json));
	assert_true(s->overflow);
	is(s, "y number;");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_paths_with_types_sorted_and_without_values),
	    cmocka_unit_test(has_a_fingerprint_of_the_paths_alone),
	    cmocka_unit_test(tells_gained_lost_and_changed_paths_apart),
	    cmocka_unit_test(is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
