/* SPDX-License-Identifier: MIT */
#include "tui/prompt.h"

#include <stdio.h>
#include <string.h>

#include "tui/colon.h"
#include "tui/term.h"

#define CTRL(c) ((c)&0x1f)

static void
set_text(struct rt_prompt *p, const char *z)
{
	rt_text_scrub(p->text, sizeof(p->text), rt_str_of(z));
	p->at = strlen(p->text);
}

void
rt_prompt_open(struct rt_prompt *p, enum rt_prompt_kind kind, const char *text)
{
	p->is_open = true;
	p->kind = kind;
	p->back = p->tabs = 0;
	p->trouble[0] = '\0';
	set_text(p, text);
}

void
rt_prompt_close(struct rt_prompt *p)
{
	p->is_open = false;
}

void
rt_prompt_remember(struct rt_prompt *p)
{
	struct rt_prompt_history *h = &p->history[p->kind];

	if (!p->text[0] ||
	    (h->count > 0 && strcmp(h->lines[h->count - 1], p->text) == 0))
		return;
	if (h->count == RT_PROMPT_HISTORY)
		memmove(h->lines[0], h->lines[1],
		    (RT_PROMPT_HISTORY - 1) * sizeof(h->lines[0]));
	else
		h->count++;
	memcpy(h->lines[h->count - 1], p->text, sizeof(p->text));
}

static size_t
most_bytes(const struct rt_prompt *p)
{
	return p->kind == RT_PROMPT_FILTER ? RT_FILTER_MAX : RT_PROMPT_MAX;
}

/* ---- editing --------------------------------------------------------------- */

static bool
is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t
before(const struct rt_prompt *p)
{
	size_t at = p->at;

	while (at > 0 && is_inside(p->text[--at]))
		;
	return at;
}

static size_t
after(const struct rt_prompt *p)
{
	size_t at = p->at;

	if (p->text[at])
		at++;
	while (is_inside(p->text[at]))
		at++;
	return at;
}

static void
cut(struct rt_prompt *p, size_t from, size_t to)
{
	memmove(p->text + from, p->text + to, strlen(p->text + to) + 1);
	p->at = from;
}

static void
put(struct rt_prompt *p, int code)
{
	char utf8[4];
	size_t n, len = strlen(p->text);

	if (code < 0x20 || code >= RT_KEY_BASE ||
	    !rt_text_is_safe((uint32_t)code))
		return;
	n = rt_text_put(utf8, (uint32_t)code);
	if (len + n > most_bytes(p))
		return;
	memmove(p->text + p->at + n, p->text + p->at, len - p->at + 1);
	memcpy(p->text + p->at, utf8, n);
	p->at += n;
}

static void
cut_word(struct rt_prompt *p)
{
	size_t from = p->at;

	while (from > 0 && p->text[from - 1] == ' ')
		from--;
	while (from > 0 && p->text[from - 1] != ' ')
		from--;
	cut(p, from, p->at);
}

static void
turn_history(struct rt_prompt *p, int by)
{
	const struct rt_prompt_history *h = &p->history[p->kind];
	int64_t back = (int64_t)p->back + by;

	if (back < 0 || back > (int64_t)h->count)
		return;
	if (p->back == 0)
		memcpy(p->draft, p->text, sizeof(p->draft));
	p->back = (unsigned)back;
	set_text(p, back ? h->lines[h->count - (unsigned)back] : p->draft);
}

/* ---- completion ------------------------------------------------------------- */

struct pick {
	unsigned want, seen;
	char text[RT_PROMPT_MAX + 1];
};

static bool
take(void *ctx, const char *candidate)
{
	struct pick *pick = ctx;

	if (pick->seen++ == pick->want)
		snprintf(pick->text, sizeof(pick->text), "%s", candidate);
	return true;
}

/* The candidates for what stands before the cursor; `from` is where its word begins. */
static void
offer(const struct rt_prompt *p, size_t from, const struct rt_report *r,
    struct pick *pick)
{
	char line[sizeof(p->stem)];

	if (p->kind == RT_PROMPT_FILTER) {
		snprintf(line, sizeof(line), "%.*s", (int)(p->stem_at - from),
		    p->stem + from);
		rt_filter_complete(line, r, take, pick);
	} else {
		snprintf(line, sizeof(line), "%.*s", (int)p->stem_at, p->stem);
		rt_colon_complete(line, r, take, pick);
	}
}

static void
complete(struct rt_prompt *p, const struct rt_report *r)
{
	struct pick pick = {.want = 0};
	char line[2 * sizeof(p->text)];
	size_t from;

	if (p->tabs == 0) {
		memcpy(p->stem, p->text, sizeof(p->stem));
		p->stem_at = p->at;
	}
	for (from = p->stem_at; from > 0 && p->stem[from - 1] != ' '; from--)
		;
	pick.want = p->tabs++;
	offer(p, from, r, &pick);
	if (pick.seen == 0)
		return;
	if (pick.want >= pick.seen) { /* begin again */
		unsigned seen = pick.seen;

		pick = (struct pick){.want = pick.want % seen};
		offer(p, from, r, &pick);
	}
	snprintf(line, sizeof(line), "%.*s%s%s", (int)from, p->stem, pick.text,
	    p->stem + p->stem_at);
	if (strlen(line) > most_bytes(p))
		return;
	memcpy(p->text, line, strlen(line) + 1);
	p->at = from + strlen(pick.text);
}

enum rt_prompt_result
rt_prompt_key(struct rt_prompt *p, int code, const struct rt_report *r)
{
	p->trouble[0] = '\0';
	if (code != RT_KEY_TAB)
		p->tabs = 0;
	switch (code) {
	case RT_KEY_ESC: return RT_PROMPT_CANCELLED;
	case RT_KEY_ENTER: return RT_PROMPT_ACCEPTED;
	case RT_KEY_TAB: complete(p, r); break;
	case RT_KEY_UP: turn_history(p, 1); break;
	case RT_KEY_DOWN: turn_history(p, -1); break;
	case RT_KEY_LEFT: p->at = before(p); break;
	case RT_KEY_RIGHT: p->at = after(p); break;
	case RT_KEY_HOME: p->at = 0; break;
	case RT_KEY_END: p->at = strlen(p->text); break;
	case RT_KEY_BACKSPACE: cut(p, before(p), p->at); break;
	case RT_KEY_DELETE: cut(p, p->at, after(p)); break;
	case CTRL('u'): cut(p, 0, p->at); break;
	case CTRL('w'): cut_word(p); break;
	default: put(p, code); break;
	}
	return RT_PROMPT_EDITS;
}
