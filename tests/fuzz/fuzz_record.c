/* SPDX-License-Identifier: MIT */
/*
 * One JSON record: the decoder and the oracle must say the same, and what is accepted
 * must be clean and read back from its canonical line.
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/decode.h"
#include "proto/encode.h"
#include "tests/unit/oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz_record: %s\n", what);
	abort();
}

#define CLEAN_STR(s) must(rt_text_is_clean(s), "a string is not clean")
#define CLEAN_TIME(s)
#define CLEAN_INT(s)
#define CLEAN_MS(s)
#define CLEAN_BOOL(s)
#define CLEAN_DECISION(s)
#define CLEAN_OUTCOME(s)

static void
check_event(struct rt_decoder *back, const struct rt_event *e)
{
	static char storage[65536];
	struct rt_event again = {0};
	struct rt_buf line;

#define X(id, member, type, lo, hi) CLEAN_##type(e->member);
	RT_EVENT_FIELDS(X)
#undef X
	CLEAN_STR(e->sensitive);
	CLEAN_STR(e->decision_code);
	rt_buf_init_fixed(&line, storage, sizeof(storage));
	rt_encode(&line, e);
	must(!line.overflow &&
		rt_text_is_clean((struct rt_str){line.p, line.len}),
	    "the canonical line is not clean");
	must(rt_decode(back, line.p, line.len, &again, NULL) == RT_REJECT_NOT,
	    "the canonical line is refused");
	must(again.present == e->present && again.shape == e->shape &&
		again.error_class == e->error_class,
	    "the canonical line reads differently");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rt_decoder *d, *back;
	const char *p = (const char *)data, *what;
	struct rt_event e = {0};
	struct rt_identity id;
	enum rt_reject r;

	if (!d) {
		d = rt_decoder_new(NULL);
		back = rt_decoder_new(NULL);
	}
	r = rt_decode(d, p, size, &e, NULL);
	id = rt_decode_identity(d);
	what =
	    oracle_differs(oracle_decode(p, size), r, &e, id.emitter, id.seq);
	must(!what, what);
	if (r == RT_REJECT_NOT)
		check_event(back, &e);
	return 0;
}
