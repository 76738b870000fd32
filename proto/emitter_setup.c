/* SPDX-License-Identifier: MIT */
#include "proto/emitter_setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ENDPOINT "tcp://127.0.0.1:7781"
#define DEFAULT_RING_BYTES ((size_t)4 << 20)
#define DEFAULT_LINGER_MS 500
#define LINGER_MS_MAX 3600000

static bool
copy_text(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len < size)
		memcpy(out, text, len + 1);
	return len < size;
}

static const char *
or_environment(const char *text, const char *name, const char *otherwise)
{
	if (!text)
		text = getenv(name);
	return text && *text ? text : otherwise;
}

/* 0, or the errno. */
static int
choose_keys(struct rt_emitter_setup *s, const struct rt_emitter_opts *o)
{
	struct rt_curve_paths certs = {o->cert, o->server_cert};

	rt_curve_paths_from_env(&certs);
	switch ((int)rt_curve_keys_read(&s->keys, &certs, NULL)) {
	case RT_OK: return 0;
	case RT_E_IO: return ENOENT;
	default: return EACCES;
	}
}

int
rt_emitter_setup(struct rt_emitter_setup *s, const struct rt_emitter_opts *o)
{
	int rc = choose_keys(s, o);

	if (rc != 0)
		return rc;
	s->ring_bytes = o->ring_bytes ? o->ring_bytes : DEFAULT_RING_BYTES;
	if ((o->emitter_id && !rt_wire_emitter_is_valid(o->emitter_id)) ||
	    s->ring_bytes < RT_RING_BYTES_MIN ||
	    s->ring_bytes > RT_RING_BYTES_MAX || o->linger_ms < 0 ||
	    o->linger_ms > LINGER_MS_MAX ||
	    !copy_text(s->endpoint, sizeof(s->endpoint),
		or_environment(
		    o->endpoint, "RETRYTOP_INTAKE", DEFAULT_ENDPOINT)))
		return EINVAL;
	if (!copy_text(s->spool, sizeof(s->spool),
		or_environment(o->spool, "RETRYTOP_SPOOL", "")))
		return ENAMETOOLONG;
	if (o->emitter_id)
		(void)copy_text(s->id, sizeof(s->id), o->emitter_id);
	s->linger_ms = o->linger_ms ? o->linger_ms : DEFAULT_LINGER_MS;
	return 0;
}
