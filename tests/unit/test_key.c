/* SPDX-License-Identifier: MIT */
#include "tests/unit/util.h"

#include <stdio.h>
#include <string.h>

#include "collector/canary/key.h"

static void
hides_what_holds_a_part_of_the_key(void **state)
{
	static const char key[] = "sk-0123456789abcdef";
	static const struct {
		const char *why, *key, *text, *want;
	} rows[] = {
	    {"all of it", key, "sk-0123456789abcdef", "[key]"},
	    {"within", key, "no sk-0123456789abcdef here", "[key]"},
	    {"cut at its end", key, "refused: sk-012345678", "[key]"},
	    {"cut at its beginning", key, "456789abcdef", "[key]"},
	    {"too little of it", key, "56789abcdef", "56789abcdef"},
	    {"another", key, "gpt-4.1-mini-2025", "gpt-4.1-mini-2025"},
	    {"nothing", key, "", ""},
	    {"no key", NULL, "sk-0123456789abcdef", "sk-0123456789abcdef"},
	    {"a short one", "abcdefgh", "xabcdefghx", "[key]"},
	    {"a word", "invalid", "invalid_request", "invalid_request"},
	};

	(void)state;
	for (size_t i = 0; i < RT_COUNT_OF(rows); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", rows[i].text);
		rt_key_hide(text, sizeof(text), rows[i].key);
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].why, text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hides_what_holds_a_part_of_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
