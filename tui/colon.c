/* SPDX-License-Identifier: MIT */
#include "tui/colon.h"

#include <stdio.h>
#include <string.h>

#include "proto/options.h"
#include "tui/travel.h"

#define NAME_MAX_BYTES 24u
#define NEAR 2u /* letters that a name may be off */

/* ---- what they do ----------------------------------------------------------- */

static enum rt_err
refuse(struct rt_diag *d, const char *what)
{
	rt_diag_set(d, NULL, "%s", what);
	return RT_E_FIELD;
}

#define X(seconds, name) " " name
#define WINDOWS "window takes one of:" RT_WINDOWS(X)

static enum rt_err
run_window(struct rt_colon_call *c, struct rt_diag *d)
{
	uint32_t window_s;

	/* The screen has no window without an end. */
	if (rt_window_from(rt_str_of(c->argument), &window_s, NULL) != RT_OK ||
	    window_s == 0)
		return refuse(d, WINDOWS);
	rt_model_window(c->m, window_s);
	return RT_OK;
}
#undef X

static void
complete_window(
    const char *word, const struct rt_report *r, rt_filter_each each, void *ctx)
{
	static const char *const names[] = {
#define X(seconds, name) name,
	    RT_WINDOWS(X)
#undef X
	};

	(void)r;
	for (size_t i = 0; i < RT_COUNT_OF(names); i++)
		if (strncmp(names[i], word, strlen(word)) == 0 &&
		    !each(ctx, names[i]))
			return;
}

#define X(id, name) " " name
#define SORTS "sort takes one of:" RT_SORTS(X)

/* "error", or "error reverse" */
static enum rt_err
run_sort(struct rt_colon_call *c, struct rt_diag *d)
{
	size_t len = strcspn(c->argument, " ");
	const char *rest = c->argument + len + strspn(c->argument + len, " ");
	struct rt_str word = {c->argument, len};
	unsigned i = 0;

	if (rest[0] && strcmp(rest, "reverse") != 0)
		return refuse(d, "after the order only: reverse");
	while (i < RT_SORT_COUNT &&
	    !rt_str_is(word, rt_sort_name((enum rt_sort)i)))
		i++;
	if (i == RT_SORT_COUNT)
		return refuse(d, SORTS);
	c->m->sort = (enum rt_sort)i;
	c->m->reverse = rest[0] != '\0';
	c->m->ask_now = true;
	c->m->keep_order = false;
	return RT_OK;
}
#undef X

static void
complete_sort(
    const char *word, const struct rt_report *r, rt_filter_each each, void *ctx)
{
	(void)r;
	for (unsigned i = 0; i < RT_SORT_COUNT; i++) {
		const char *name = rt_sort_name((enum rt_sort)i);

		if (strncmp(name, word, strlen(word)) == 0 && !each(ctx, name))
			return;
	}
	if (strncmp("reverse", word, strlen(word)) == 0)
		(void)each(ctx, "reverse");
}

static enum rt_err
run_filter(struct rt_colon_call *c, struct rt_diag *d)
{
	struct rt_filter f;
	enum rt_err err = rt_filter_parse(&f, rt_str_of(c->argument), d);

	if (err == RT_OK)
		rt_model_filter(c->m, &f);
	return err == RT_OK ? RT_OK : RT_E_FIELD;
}

static enum rt_err
run_goto(struct rt_colon_call *c, struct rt_diag *d)
{
	return rt_reel_is_on(c->m) ? rt_reel_goto(c->m, c->argument, d)
				   : rt_travel_goto(c->m, c->argument, d);
}

static void
complete_goto(
    const char *word, const struct rt_report *r, rt_filter_each each, void *ctx)
{
	static const char *const replays[] = {"start", "end"};

	if (!r->source.replay.is_on && strncmp("live", word, strlen(word)) == 0)
		(void)each(ctx, "live");
	for (size_t i = 0; r->source.replay.is_on && i < 2; i++)
		if (strncmp(replays[i], word, strlen(word)) == 0 &&
		    !each(ctx, replays[i]))
			return;
}

#define X(id, name) " " name
static enum rt_err
run_theme(struct rt_colon_call *c, struct rt_diag *d)
{
	return rt_theme_from(c->argument, &c->m->theme)
	    ? RT_OK
	    : refuse(d, "theme takes one of:" RT_THEMES(X));
}
#undef X

static void
complete_theme(
    const char *word, const struct rt_report *r, rt_filter_each each, void *ctx)
{
	(void)r;
	for (unsigned i = 0; i < RT_THEME_COUNT; i++) {
		const char *name = rt_theme_name((enum rt_theme)i);

		if (strncmp(name, word, strlen(word)) == 0 && !each(ctx, name))
			return;
	}
}

static enum rt_err
run_export(struct rt_colon_call *c, struct rt_diag *d)
{
	(void)d;
	c->effect = rt_keys_export(c->m, c->argument);
	return RT_OK;
}

static enum rt_err
run_speed(struct rt_colon_call *c, struct rt_diag *d)
{
	uint32_t speed;
	enum rt_err err = rt_reel_speed_from(c->argument, &speed, d);

	if (err == RT_OK && !rt_reel_is_on(c->m))
		return refuse(d, "speed is for a replay");
	if (err == RT_OK)
		rt_reel_speed(c->m, speed);
	return err;
}

static void
complete_speed(
    const char *word, const struct rt_report *r, rt_filter_each each, void *ctx)
{
	(void)r;
	if (strncmp("max", word, strlen(word)) == 0)
		(void)each(ctx, "max");
}

static enum rt_err
run_pause(struct rt_colon_call *c, struct rt_diag *d)
{
	if (!rt_reel_is_on(c->m))
		return refuse(d, "pause is for a replay");
	rt_reel_pause(c->m, true);
	return RT_OK;
}

/* "10" records on, "-1" back; without a number one on. */
static enum rt_err
run_step(struct rt_colon_call *c, struct rt_diag *d)
{
	int64_t records = 1;

	if (c->argument[0] &&
	    rt_count_from(c->argument, -1000000, 1000000, &records, NULL) !=
		RT_OK)
		return refuse(d, "step takes a number of records: 10, or -1");
	if (!rt_reel_is_on(c->m))
		return refuse(d, "step is for a replay");
	rt_reel_step(c->m, (int)records);
	return RT_OK;
}

static enum rt_err
run_help(struct rt_colon_call *c, struct rt_diag *d)
{
	(void)d;
	c->m->help = true;
	c->m->help_top = 0;
	return RT_OK;
}

static enum rt_err
run_quit(struct rt_colon_call *c, struct rt_diag *d)
{
	(void)d;
	c->effect = RT_EFFECT_QUIT;
	return RT_OK;
}

/* ---- the table -------------------------------------------------------------- */

/* clang-format off */
static const struct rt_colon_row table[] = {
	{"goto", NULL, "HH:MM[:SS]|-5m|live",
	    "The whole screen as it was then; live is the present; in a replay any time of it.", run_goto, complete_goto},
	{"window", NULL, "1m|5m|15m|1h",
	    "The window of every figure.", run_window, complete_window},
	{"sort", NULL, "ORDER [reverse]",
	    "The order of the routes: attempts, ops, amp, 1st, fin, error, retry, fallback, rescued, failed, p50, p95, p99, wait, name.", run_sort, complete_sort},
	{"filter", NULL, "[WORDS]",
	    "Filter, as typed after /; without words show everything again.", run_filter, rt_filter_complete},
	{"export", "save", "[FILE]",
	    "As x: the operation's or the window's records, for replay.", run_export, NULL},
	{"theme", NULL, "dark|light|mono|safe",
	    "Colours.", run_theme, complete_theme},
	{"speed", NULL, "N|max",
	    "Seconds of the log that a replay lets pass a second, 1 to 1000, or as fast as it can be read; lets it run.", run_speed, complete_speed},
	{"pause", NULL, "",
	    "Hold a replay; Space holds it and lets it run.", run_pause, NULL},
	{"step", NULL, "[N]",
	    "N records of a replay on, back where negative, and hold.", run_step, NULL},
	{"help", NULL, "",
	    "Keys, commands, signs, and what each number means.", run_help, NULL},
	{"quit", NULL, "",
	    "Leave the program at once.", run_quit, NULL},
};
/* clang-format on */

const struct rt_colon_row *
rt_colon_rows(unsigned *count)
{
	*count = (unsigned)RT_COUNT_OF(table);
	return table;
}

/* ---- names ------------------------------------------------------------------ */

static bool
is_called(const struct rt_colon_row *row, struct rt_str name)
{
	return rt_str_is(name, row->name) ||
	    (row->alias && rt_str_is(name, row->alias));
}

static bool
starts(const char *z, struct rt_str s)
{
	return z && strlen(z) >= s.len && memcmp(z, s.p, s.len) == 0;
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to put in, take out or replace to come from one to the other. */
static unsigned
distance(struct rt_str a, const char *b)
{
	unsigned row[NAME_MAX_BYTES + 1], width = (unsigned)strlen(b);

	if (a.len > NAME_MAX_BYTES || width > NAME_MAX_BYTES)
		return UINT32_MAX;
	for (unsigned k = 0; k <= width; k++)
		row[k] = k;
	for (unsigned i = 0; i < a.len; i++) {
		unsigned corner = row[0];

		row[0] = i + 1;
		for (unsigned k = 0; k < width; k++) {
			unsigned swap = corner + (a.p[i] != b[k]);

			corner = row[k + 1];
			row[k + 1] = least(swap, least(row[k], row[k + 1]) + 1);
		}
	}
	return row[width];
}

static bool
is_near(struct rt_str name, const char *z)
{
	return z && distance(name, z) <= NEAR;
}

/* The names that `fits` lets through; none: all there are. */
static void
list_names(struct rt_buf *b, struct rt_str name,
    bool (*fits)(struct rt_str name, const struct rt_colon_row *row))
{
	unsigned n = 0;

	for (size_t i = 0; i < RT_COUNT_OF(table); i++)
		if (fits(name, &table[i]))
			rt_buf_printf(
			    b, "%s%s", n++ ? ", " : "", table[i].name);
	for (size_t i = 0; n == 0 && i < RT_COUNT_OF(table); i++)
		rt_buf_printf(b, "%s%s", i ? ", " : "", table[i].name);
}

static bool
could_be(struct rt_str name, const struct rt_colon_row *row)
{
	return starts(row->name, name) || starts(row->alias, name);
}

static bool
is_like(struct rt_str name, const struct rt_colon_row *row)
{
	return is_near(name, row->name) || is_near(name, row->alias);
}

/* The only row that it can mean; NULL with the reason where there is none. */
static const struct rt_colon_row *
row_of(struct rt_str name, struct rt_diag *d)
{
	const struct rt_colon_row *found = NULL;
	char names[sizeof(d->what)];
	struct rt_buf b;
	unsigned n = 0;

	for (size_t i = 0; i < RT_COUNT_OF(table); i++)
		if (is_called(&table[i], name))
			return &table[i];
	for (size_t i = 0; i < RT_COUNT_OF(table); i++)
		if (could_be(name, &table[i])) {
			found = &table[i];
			n++;
		}
	if (n == 1 || !d)
		return n == 1 ? found : NULL;
	rt_buf_init_fixed(&b, names, sizeof(names));
	list_names(&b, name, n > 1 ? could_be : is_like);
	rt_diag_set(d, NULL,
	    n > 1 ? "%.*s may mean %s" : "no command %.*s; there is %s",
	    (int)least((unsigned)name.len, NAME_MAX_BYTES), name.p, names);
	return NULL;
}

/* Name and argument of a line, without blanks around. */
static struct rt_str
split(const char *line, const char **argument)
{
	struct rt_str name;

	line += strspn(line, " :");
	name = (struct rt_str){line, strcspn(line, " ")};
	*argument = line + name.len + strspn(line + name.len, " ");
	return name;
}

/* ---- the line --------------------------------------------------------------- */

enum rt_err
rt_colon_run(struct rt_model *m, const char *line, enum rt_effect *effect,
    struct rt_diag *d)
{
	struct rt_colon_call c = {.m = m, .effect = RT_EFFECT_DRAW};
	char argument[RT_PROMPT_MAX + 1];
	const struct rt_colon_row *row;
	struct rt_str name;
	enum rt_err err;
	size_t len;

	name = split(line, &c.argument);
	if (name.len == 0) {
		*effect = RT_EFFECT_DRAW;
		return RT_OK;
	}
	row = row_of(name, d);
	if (!row)
		return RT_E_FIELD;
	snprintf(argument, sizeof(argument), "%s", c.argument);
	for (len = strlen(argument); len > 0 && argument[len - 1] == ' ';)
		argument[--len] = '\0';
	c.argument = argument;
	if (!row->arguments[0] && len > 0) {
		rt_diag_set(d, NULL, "%s takes nothing behind it", row->name);
		return RT_E_FIELD;
	}
	err = row->run(&c, d);
	if (err == RT_OK)
		*effect = c.effect;
	return err;
}

void
rt_colon_hint(char *out, size_t size, const char *line)
{
	const struct rt_colon_row *row;
	const char *argument;
	struct rt_str name = split(line, &argument);
	struct rt_buf b;

	row = name.len > 0 ? row_of(name, NULL) : NULL;
	rt_buf_init_fixed(&b, out, size);
	if (row) {
		rt_buf_printf(&b, "%s%s%s: %s", row->name,
		    row->arguments[0] ? " " : "", row->arguments, row->help);
		return;
	}
	rt_buf_puts(&b, "Enter run  Esc cancel  Tab complete: ");
	list_names(&b, name, could_be);
}

void
rt_colon_complete(
    const char *line, const struct rt_report *r, rt_filter_each each, void *ctx)
{
	const struct rt_colon_row *row;
	const char *argument, *last = strrchr(line, ' ');
	struct rt_str name = split(line, &argument);

	if (line + strlen(line) == name.p + name.len) {
		for (size_t i = 0; i < RT_COUNT_OF(table); i++)
			if (starts(table[i].name, name) &&
			    !each(ctx, table[i].name))
				return;
		return;
	}
	row = row_of(name, NULL);
	if (row && row->complete && last)
		row->complete(last + 1, r, each, ctx);
}
