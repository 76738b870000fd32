/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <math.h>

#include "proto/json.h"
#include "proto/jsonw.h"
#include "proto/macro.h"

static void
writes_commas_escapes_and_numbers(void **state)
{
	char storage[512];
	struct rt_buf b;
	struct rt_jsonw w;

	(void)state;
	rt_buf_init_fixed(&b, storage, sizeof(storage));
	w = rt_jsonw_begin(&b);
	rt_jsonw_object(&w, NULL);
	rt_jsonw_int(&w, "min", INT64_MIN);
	rt_jsonw_uint(&w, "max", UINT64_MAX);
	rt_jsonw_double(&w, "d", 0.1);
	rt_jsonw_double(&w, "nan", (double)NAN);
	rt_jsonw_bool(&w, "b", false);
	rt_jsonw_null(&w, "n");
	rt_jsonw_text(&w, "a\"b", "q\"\\\x1B/\xC3\xA9");
	rt_jsonw_str(&w, "none", RT_STR_NONE);
	rt_jsonw_array(&w, "list");
	rt_jsonw_int(&w, NULL, 0);
	rt_jsonw_object(&w, NULL);
	rt_jsonw_end(&w);
	rt_jsonw_raw(&w, NULL, "[1]", 3);
	rt_jsonw_end(&w);
	rt_jsonw_int(&w, "last", -1);
	rt_jsonw_end(&w);
	assert_string_equal(b.p,
	    "{\"min\":-9223372036854775808,\"max\":18446744073709551615,"
	    "\"d\":0.1,\"nan\":null,\"b\":false,\"n\":null,"
	    "\"a\\\"b\":\"q\\\"\\\\\xEF\xBF\xBD/\xC3\xA9\",\"none\":null,"
	    "\"list\":[0,{},[1]],\"last\":-1}");
}

static enum rt_err
parse(const char *z, struct json_object **out)
{
	size_t n = strlen(z);
	struct rt_diag d = {"", ""};
	enum rt_err err = rt_json_parse(util_guarded(z, n), n, 64, 3, out, &d);

	assert_true(err == RT_OK || d.what[0]);
	return err;
}

static void
parses_one_whole_document(void **state)
{
	static const char *const bad[] = {"", "  ", "{", "{}x", "{} {}", "nope",
	    "{\"a\":}", "[1,]", "null", "[[[[1]]]]"};
	struct json_object *o = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(bad); i++)
		if (parse(bad[i], &o) != RT_E_SYNTAX || o)
			fail_msg("taken for a document: %s", bad[i]);
	assert_int_equal(parse(" {\"a\":[1]} \n", &o), RT_OK);
	json_object_put(o);
	assert_int_equal(parse("12", &o), RT_OK);
	assert_int_equal(json_object_get_int(o), 12);
	json_object_put(o);
}

static void
refuses_what_is_too_large(void **state)
{
	struct json_object *o = NULL;
	char big[66];

	(void)state;
	memset(big, ' ', sizeof(big));
	memcpy(big, "{}", 2);
	assert_int_equal(
	    rt_json_parse(big, 65, 64, 3, &o, NULL), RT_E_TOO_LARGE);
	assert_null(o);
	assert_int_equal(rt_json_parse(big, 64, 64, 3, &o, NULL), RT_OK);
	json_object_put(o);
}

static void
getters_fall_back_on_another_type(void **state)
{
	struct json_object *o = NULL;

	(void)state;
	assert_int_equal(
	    parse("{\"i\":5,\"d\":1.5,\"s\":\"x\",\"b\":true,\"n\":null}", &o),
	    RT_OK);
	assert_int_equal(rt_json_int(o, "i", -1), 5);
	assert_int_equal(rt_json_int(o, "d", -1), -1);
	assert_int_equal(rt_json_int(o, "s", -1), -1);
	assert_int_equal(rt_json_int(o, "absent", -1), -1);
	assert_true(rt_json_bool(o, "b", false));
	assert_false(rt_json_bool(o, "i", false));
	assert_string_equal(rt_json_text(o, "s"), "x");
	assert_null(rt_json_text(o, "i"));
	assert_null(rt_json_get(o, "n"));
	assert_null(rt_json_get(NULL, "n"));
	json_object_put(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_commas_escapes_and_numbers),
	    cmocka_unit_test(parses_one_whole_document),
	    cmocka_unit_test(refuses_what_is_too_large),
	    cmocka_unit_test(getters_fall_back_on_another_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
