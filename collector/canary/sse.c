/* SPDX-License-Identifier: MIT */
#include "collector/canary/sse.h"

void
rt_sse_init(struct rt_sse *s,
    void (*on_event)(void *context, struct rt_str data), void *context)
{
	memset(s, 0, sizeof(*s));
	rt_buf_init(&s->line, RT_SSE_MAX);
	rt_buf_init(&s->data, RT_SSE_MAX);
	s->on_event = on_event;
	s->context = context;
}

void
rt_sse_fini(struct rt_sse *s)
{
	rt_buf_fini(&s->line);
	rt_buf_fini(&s->data);
}

bool
rt_sse_has_residue(const struct rt_sse *s)
{
	return s->has_data || s->line.len > 0;
}

static void
end_event(struct rt_sse *s)
{
	if (s->has_data && !s->data.overflow)
		s->on_event(s->context,
		    (struct rt_str){s->data.p ? s->data.p : "", s->data.len});
	s->overflow |= s->data.overflow;
	rt_buf_reset(&s->data);
	s->has_data = false;
}

static void
end_line(struct rt_sse *s)
{
	const char *p = s->line.p ? s->line.p : "";
	size_t n = s->line.len;

	s->overflow |= s->line.overflow;
	if (s->lines++ == 0 && n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) {
		p += 3;
		n -= 3;
	}
	if (n == 0 && !s->line.overflow) {
		end_event(s);
	} else if (n >= 5 && memcmp(p, "data:", 5) == 0) {
		p += 5;
		n -= 5;
		if (n > 0 && *p == ' ') {
			p++;
			n--;
		}
		if (s->has_data)
			rt_buf_putc(&s->data, '\n');
		rt_buf_add(&s->data, p, n);
		s->data.overflow |= s->line.overflow;
		s->has_data = true;
	}
	rt_buf_reset(&s->line);
}

void
rt_sse_push(struct rt_sse *s, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (c == '\n' && s->after_cr) {
			s->after_cr = false;
			continue;
		}
		s->after_cr = c == '\r';
		if (c == '\n' || c == '\r')
			end_line(s);
		else
			rt_buf_putc(&s->line, c);
	}
}
