/* SPDX-License-Identifier: MIT */
/* logfmt lines and blocks: no fault, and nothing unclean comes out. */
#include <stdio.h>
#include <stdlib.h>

#include "proto/decode.h"
#include "proto/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rt_decode_opts opts = {
	    .attempt_base = 1, .text_forms = true};
	static struct rt_decoder *d;
	static char storage[65536];
	struct rt_event e = {0};
	struct rt_buf line;

	if (!d)
		d = rt_decoder_new(&opts);
	if (rt_decode(d, (const char *)data, size, &e, NULL) != RT_REJECT_NOT)
		return 0;
	rt_buf_init_fixed(&line, storage, sizeof(storage));
	rt_encode(&line, &e);
	if (line.overflow ||
	    !rt_text_is_clean((struct rt_str){line.p, line.len}) ||
	    rt_decode(d, line.p, line.len, &e, NULL) != RT_REJECT_NOT) {
		fprintf(stderr, "fuzz_text: %s\n", storage);
		abort();
	}
	return 0;
}
