/* SPDX-License-Identifier: MIT */
#include "tui/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/alert.h"
#include "tui/fmt.h"
#include "tui/grid.h"

#define BUDGET_RATIO 0.10 /* retries that first attempts may cost */
#define QUIET_MS 15000    /* silence worth a word */
#define ALERTS_SAID 6u    /* in the strip at most */
#define ERRORS_BAD 0.20
#define ERRORS_WARN 0.02

char
rt_severity_glyph(enum rt_severity s)
{
	static const char glyphs[] = {'.', '-', '~', '!'};

	return glyphs[s];
}

enum rt_role
rt_severity_role(enum rt_severity s)
{
	static const enum rt_role roles[] = {
	    RT_ROLE_GOOD, RT_ROLE_ACCENT, RT_ROLE_WARN, RT_ROLE_BAD};

	return roles[s];
}

/* ---- names that fit --------------------------------------------------- */

/* Bytes of the UTF-8 character at z. */
static size_t
char_bytes(const char *z)
{
	size_t n = 1;

	while (((unsigned char)z[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static unsigned
char_cols(const char *z, size_t n)
{
	char one[16] = "";

	memcpy(one, z, n < sizeof(one) ? n : sizeof(one) - 1);
	return rt_text_cols(one);
}

/* Bytes of the longest start of z that takes at most `cols`. */
static size_t
head_bytes(const char *z, unsigned cols)
{
	size_t at = 0;

	while (z[at]) {
		size_t n = char_bytes(z + at);
		unsigned w = char_cols(z + at, n);

		if (w > cols)
			break;
		cols -= w;
		at += n;
	}
	return at;
}

void
rt_facts_shorten(char *out, size_t size, const char *z, unsigned cols)
{
	unsigned all = rt_text_cols(z), tail;
	const char *end = z;

	if (all <= cols || cols < 3) {
		snprintf(out, size, "%.*s", (int)head_bytes(z, cols), z);
		return;
	}
	tail = (cols - 1) / 2;
	while (rt_text_cols(end) > tail)
		end += char_bytes(end);
	snprintf(
	    out, size, "%.*s~%s", (int)head_bytes(z, cols - 1 - tail), z, end);
}

/* "/v1/chat/completions" without its version: what tells routes apart. */
static const char *
route_core(const char *z)
{
	if (z[0] != '/')
		return z;
	if (z[1] == 'v' && z[2] >= '0' && z[2] <= '9') {
		const char *rest = strchr(z + 1, '/');

		return rest && rest[1] ? rest + 1 : z;
	}
	return z + 1;
}

static unsigned
at_most(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* What is there of the three, parted by blanks. */
static void
join(char *out, size_t size, const char *a, const char *b, const char *c)
{
	bool first = a && a[0], second = b && b[0], third = c && c[0];

	snprintf(out, size, "%s%s%s%s%s", first ? a : "",
	    first && (second || third) ? " " : "", second ? b : "",
	    second && third ? " " : "", third ? c : "");
}

static unsigned
width_of(const char *z)
{
	return z ? rt_text_cols(z) : 0;
}

void
rt_facts_route(
    char *out, size_t size, const struct rt_report_series *s, unsigned cols)
{
	const char *service = s->labels[RT_LABEL_SERVICE];
	const char *route = s->labels[RT_LABEL_HTTP_ROUTE];
	const char *model = s->labels[RT_LABEL_MODEL_REQUESTED];
	char full[1024], a[200], b[200], c[200];
	unsigned wa, wb, wc, room;

	if (s->is_other) {
		snprintf(out, size, "(other)");
		return;
	}
	if (!service && !route && !model) {
		snprintf(out, size, "-");
		return;
	}
	join(full, sizeof(full), service, route, model);
	if (rt_text_cols(full) <= cols || cols < 12) {
		rt_facts_shorten(out, size, full, cols);
		return;
	}
	route = route ? route_core(route) : NULL;
	wa = width_of(service);
	wb = width_of(route);
	wc = width_of(model);
	room = cols - 2;
	/* The route gives way first, then model and service to a third each. */
	wb = at_most(wb, wa + wc + 4 <= room ? room - wa - wc : 4);
	if (wa + wc + wb > room)
		wa = at_most(wa, room - wb - at_most(wc, (room - wb) / 2));
	wc = at_most(wc, room - wb - wa);
	rt_facts_shorten(a, sizeof(a), service ? service : "", wa);
	rt_facts_shorten(b, sizeof(b), route ? route : "", wb);
	rt_facts_shorten(c, sizeof(c), model ? model : "", wc);
	join(out, size, a, b, c);
}

void
rt_facts_alert(
    char *out, size_t size, const struct rt_report_alert *a, unsigned cols)
{
	const struct rt_report_series s = {
	    .labels = {[RT_LABEL_SERVICE] = a->service,
		[RT_LABEL_HTTP_ROUTE] = a->route,
		[RT_LABEL_MODEL_REQUESTED] = a->model}};
	char about[600];

	if (!a->is_rest && !a->what && (a->service || a->route || a->model)) {
		rt_facts_route(out, size, &s, cols);
		return;
	}
	rt_report_alert_about(about, sizeof(about), a);
	rt_facts_shorten(out, size, about, cols);
}

/* ---- rates ------------------------------------------------------------ */

struct rt_rate
rt_facts_completeness(const struct rt_counts *c)
{
	return (struct rt_rate){
	    (double)c->n[RT_C_COMPLETE], (double)c->n[RT_C_ATTEMPTS]};
}

const char *
rt_facts_budget(const struct rt_counts *c, enum rt_role *role)
{
	struct rt_rate r = rt_rate(c, RT_RATE_RETRY_RATIO);
	double spent =
	    rt_rate_known(r) ? r.numerator / r.denominator / BUDGET_RATIO : 0;

	*role = RT_ROLE_DIM;
	if (r.denominator < RT_FMT_FEW)
		return "?";
	*role = spent >= 1 ? RT_ROLE_BAD
	    : spent > 0.8  ? RT_ROLE_WARN
			   : RT_ROLE_GOOD;
	return spent >= 1 ? "!OUT" : spent > 0.8 ? "~LOW" : "ok";
}

/* ---- evidence --------------------------------------------------------- */

struct list {
	struct rt_evidence *out;
	size_t count;
};

static void
note(struct list *l, enum rt_severity s, const char *kind, const char *label,
    uint64_t count)
{
	if (count > 0 && l->count < RT_EVIDENCE_MAX)
		l->out[l->count++] =
		    (struct rt_evidence){s, kind, label, count};
}

static uint64_t
dropped_by_emitters(const struct rt_report *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->senders_count; i++)
		sum += r->senders[i].dropped;
	return sum;
}

static uint64_t
held(const struct rt_report *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->senders_count; i++)
		sum += r->senders[i].held;
	return sum;
}

/* In the memory of who is gone, or in a file for its next start. */
static uint64_t
left_by_the_away(const struct rt_report *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->senders_count; i++)
		sum += r->senders[i].is_connected ? 0 : r->senders[i].in_flight;
	return sum;
}

size_t
rt_facts_evidence(
    const struct rt_model *m, struct rt_evidence out[RT_EVIDENCE_MAX])
{
	const struct rt_report *r = rt_model_report(m);
	const uint64_t *n = r->counts.n;
	struct list l = {out, 0};

	note(&l, RT_BAD, "", "unexplained", r->unexplained);
	note(&l, RT_BAD, "", "lost", r->lost);
	note(&l, RT_BAD, "", "dropped by emitters", dropped_by_emitters(r));
	note(&l, RT_BAD, "", "ports taken over", r->lost_ports);
	note(&l, RT_WARN, "", "left by senders away", left_by_the_away(r));
	note(&l, RT_BAD, "", "not journalled", r->journal.not_journalled);
	note(&l, RT_BAD, "", "forged", r->access.forged);
	note(&l, RT_WARN, "", "unauthorised", r->access.unauthorised);
	note(&l, RT_WARN, "", "handshakes failed", r->access.handshakes_failed);
	note(&l, RT_WARN, "", "disconnected too_large",
	    r->disconnected_too_large);
	for (unsigned i = 0; i < RT_REJECT_COUNT; i++)
		note(&l, RT_WARN, "refused ", rt_reject_name((enum rt_reject)i),
		    n[RT_C_REJECT + i]);
	note(&l, RT_BAD, "", "sensitive dropped", n[RT_C_SENSITIVE]);
	for (unsigned i = 0; i < RT_OVERFLOW_COUNT; i++)
		note(&l, RT_WARN, "overflow ",
		    rt_overflow_name((enum rt_overflow)i), r->overflow[i]);
	note(&l, RT_WARN, "", "evicted", n[RT_C_OPS_EVICTED]);
	note(&l, RT_NOTE, "", "answers held for their rate", held(r));
	note(&l, RT_NOTE, "", "duplicates", n[RT_C_DUPLICATES]);
	note(&l, RT_NOTE, "", "late", n[RT_C_LATE]);
	note(&l, RT_NOTE, "", "no status", n[RT_C_NO_STATUS]);
	note(&l, RT_NOTE, "", "usage unknown", n[RT_C_USAGE_UNKNOWN]);
	note(&l, RT_NOTE, "", "not in tail",
	    m->is_frozen ? m->held_missed : m->tail_missed);
	note(&l, RT_NOTE, "", "restarts", m->restarts);
	return l.count;
}

void
rt_facts_evidence_text(char *out, size_t size, const struct rt_evidence *e)
{
	char glyph[2] = {rt_severity_glyph(e->severity), '\0'};

	snprintf(out, size, "%s%s%s %llu", e->severity == RT_NOTE ? "" : glyph,
	    e->kind, e->label, (unsigned long long)e->count);
}

/* ---- the strip -------------------------------------------------------- */

struct facts {
	struct rt_fact *out;
	size_t count;
};

static void say(struct facts *f, enum rt_severity s, const char *word,
    const char *fmt, ...) RT_PRINTF(4, 5);

static void
say(struct facts *f, enum rt_severity s, const char *word, const char *fmt, ...)
{
	struct rt_fact *fact = &f->out[f->count];
	va_list args;

	if (f->count == RT_FACTS_MAX)
		return;
	fact->severity = s;
	fact->word = word;
	fact->brief[0] = '\0';
	va_start(args, fmt);
	vsnprintf(fact->text, sizeof(fact->text), fmt, args);
	va_end(args);
	f->count++;
}

/* For the fact just said. */
static void brief(struct facts *f, const char *fmt, ...) RT_PRINTF(2, 3);

static void
brief(struct facts *f, const char *fmt, ...)
{
	struct rt_fact *fact = &f->out[f->count - 1];
	va_list args;

	va_start(args, fmt);
	vsnprintf(fact->brief, sizeof(fact->brief), fmt, args);
	va_end(args);
}

static bool
is_news(const struct rt_model *m, rt_wall_t when, rt_mono_t at)
{
	return when.us != 0 &&
	    rt_mono_ms_between(at, m->now) < RT_MODEL_NEWS_MS;
}

static void
say_news(struct facts *f, const struct rt_model *m)
{
	char a[RT_FMT_SIZE], b[RT_FMT_SIZE];

	if (m->link != RT_LINK_UP)
		return;
	if (is_news(m, m->restarted_wall, m->restarted_at))
		say(f, RT_WARN, "RESTARTED", "at %s: counts began anew",
		    rt_fmt_clock(a, m->restarted_wall.us, m->utc));
	else if (is_news(m, m->back_wall, m->back_at))
		say(f, RT_NOTE, "BACK", "since %s after %s of silence",
		    rt_fmt_clock(a, m->back_wall.us, m->utc),
		    rt_fmt_age(b, m->gap_ms));
}

/* What is not the present says so first. */
static void
say_past(struct facts *f, const struct rt_model *m, const struct rt_report *r)
{
	char held[RT_FMT_SIZE], age[RT_FMT_SIZE];

	if (!rt_report_is_past(r))
		return;
	rt_fmt_clock(held, r->source.held_from_us, m->utc);
	if (!(r->source.held_s > 0)) {
		say(f, RT_WARN, "PAST", "nothing of it is held: only from %s",
		    held);
		return;
	}
	if (r->source.held_s + 0.5 < r->source.window_s) {
		say(f, RT_WARN, "PAST",
		    "%s of the window, held from %s; G live",
		    rt_fmt_age(age, (int64_t)(r->source.held_s * 1000)), held);
		return;
	}
	say(f, RT_NOTE, "PAST", "%s ago, steps of %llds; G live",
	    rt_fmt_age(age, (r->source.now_us - r->source.at_us) / 1000),
	    (long long)r->source.bucket_s);
}

static void
say_link(struct facts *f, const struct rt_model *m)
{
	char a[RT_FMT_SIZE], b[RT_FMT_SIZE];

	if (m->link == RT_LINK_GONE)
		say(f, RT_BAD, "GONE",
		    "no answer since %s (%s ago): numbers are from then",
		    rt_fmt_clock(a, m->answered_wall.us, m->utc),
		    rt_fmt_age(b, rt_mono_ms_between(m->answered_at, m->now)));
	if (m->link == RT_LINK_ASKING)
		say(f, RT_WARN, "ASKING", "no answer from %s for %s",
		    m->endpoint,
		    rt_fmt_age(b, rt_mono_ms_between(m->started_at, m->now)));
	if (m->trouble[0])
		say(f, RT_BAD, "UNREADABLE", "%s", m->trouble);
}

/* Does an alert of that kind say it already? */
static bool
is_alerted(const struct rt_report *r, enum rt_alert kind)
{
	for (size_t i = 0; i < r->alerts_count; i++)
		if (r->alerts[i].is_firing &&
		    rt_alert_from(r->alerts[i].alert) == kind)
			return true;
	return false;
}

/* Whole minutes from the first on: a strip that ticks costs a write a second. */
static void
format_since(char out[RT_FMT_SIZE], int64_t ms)
{
	int64_t minutes = ms / 60000;

	if (ms < 60000)
		rt_fmt_age(out, ms < 0 ? 0 : ms);
	else if (minutes < 60)
		snprintf(out, RT_FMT_SIZE, "%lldm", (long long)minutes);
	else
		rt_fmt_age(out, minutes * 60000);
}

static void
say_alert(struct facts *f, const struct rt_model *m,
    const struct rt_report_alert *a, enum rt_severity s)
{
	int64_t us = rt_model_report(m)->source.now_us - a->since_us;
	enum rt_alert kind = rt_alert_from(a->alert);
	char about[128], level[80], age[RT_FMT_SIZE];

	format_since(age, us / 1000);
	rt_facts_alert(about, sizeof(about), a, 30);
	rt_report_alert_level(level, a);
	say(f, s, kind == RT_ALERT_COUNT ? "alert" : rt_alert_name(kind),
	    "%s %s for %s", about, level, age);
	/* The value without the limit, and of whom. */
	level[strcspn(level, " ")] = '\0';
	rt_facts_alert(about, sizeof(about), a, 24);
	brief(f, "%.28s %.10s", about, level);
}

/* Some of them; the header has their number.  What was seen here says less. */
static void
say_alerts(struct facts *f, const struct rt_model *m)
{
	const struct rt_report *r = rt_model_report(m);
	unsigned said = 0;

	for (size_t i = 0; i < r->alerts_count && said < ALERTS_SAID; i++)
		if (r->alerts[i].is_firing) {
			bool is_acked = rt_acks_has(&m->acks, &r->alerts[i]);

			say_alert(
			    f, m, &r->alerts[i], is_acked ? RT_NOTE : RT_BAD);
			said++;
		}
}

static void
say_loss(struct facts *f, const struct rt_report *r)
{
	if (r->unexplained && !is_alerted(r, RT_ALERT_UNEXPLAINED)) {
		say(f, RT_BAD, "LOSS",
		    "%llu acknowledged records unexplained: must be 0",
		    (unsigned long long)r->unexplained);
		brief(f, "%llu", (unsigned long long)r->unexplained);
	}
	if (r->lost && !is_alerted(r, RT_ALERT_LOST)) {
		say(f, RT_BAD, "LOST", "%llu records (measured, not prevented)",
		    (unsigned long long)r->lost);
		brief(f, "%llu", (unsigned long long)r->lost);
	}
}

const char *
rt_facts_canary(const struct rt_report_canary *c)
{
	return c->provider ? c->provider : c->name ? c->name : "?";
}

static void
say_canaries(struct facts *f, const struct rt_report *r)
{
	for (size_t i = 0;
	     i < r->canaries_count && !is_alerted(r, RT_ALERT_CANARY); i++) {
		const struct rt_report_canary *c = &r->canaries[i];
		char age[RT_FMT_SIZE];

		if (!c->last_ok && c->age_ms < 0) {
			say(f, RT_BAD, "CANARY", "%.40s: %llu of %llu failed",
			    c->name ? c->name : "?",
			    (unsigned long long)(c->attempts - c->ok),
			    (unsigned long long)c->attempts);
		} else if (!c->last_ok && c->attempts + c->streak > 0) {
			say(f, RT_BAD, "CANARY",
			    "%.40s failing x%llu, %.24s %s ago",
			    rt_facts_canary(c), (unsigned long long)c->streak,
			    c->error_class ? c->error_class : "?",
			    rt_fmt_age(age, c->age_ms));
			brief(
			    f, "failing x%llu", (unsigned long long)c->streak);
		}
	}
}

static void
say_worst(struct facts *f, const struct rt_report *r)
{
	struct rt_rate worst = {0, 0};
	const struct rt_report_series *where = NULL;
	char route[96], pct[RT_FMT_SIZE];
	double share;

	for (size_t i = 0; i < r->series_count; i++) {
		struct rt_rate e = rt_rate(r->series[i].counts, RT_RATE_ERROR);

		if (e.denominator >= RT_FMT_FEW &&
		    (!where ||
			e.numerator * worst.denominator >
			    worst.numerator * e.denominator)) {
			worst = e;
			where = &r->series[i];
		}
	}
	/* Where every route has too few, all of them together may not. */
	if (!where)
		worst = rt_rate(&r->counts, RT_RATE_ERROR);
	if (!(worst.numerator > 0) || worst.denominator < RT_FMT_FEW)
		return;
	share = worst.numerator / worst.denominator;
	snprintf(route, sizeof(route), "all routes together");
	if (where)
		rt_facts_route(route, sizeof(route), where, 30);
	say(f,
	    share >= ERRORS_BAD        ? RT_BAD
		: share >= ERRORS_WARN ? RT_WARN
				       : RT_NOTE,
	    where ? "WORST" : "ERRORS", "error %s n=%.0f  %s",
	    rt_fmt_pct(pct, worst), worst.denominator, route);
	brief(f, "error %s n=%.0f", pct, worst.denominator);
}

static void
say_violations(struct facts *f, const struct rt_report *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->violations_count; i++)
		sum += r->violations[i].count;
	if (sum) {
		say(f, RT_WARN, "POLICY",
		    "%llu broken in %zu rules, most: %.40s",
		    (unsigned long long)sum, r->violations_count,
		    r->violations[0].rule ? r->violations[0].rule : "?");
		brief(f, "%llu broken", (unsigned long long)sum);
	}
}

static void
say_quiet(struct facts *f, const struct rt_model *m, const struct rt_report *r)
{
	char a[RT_FMT_SIZE], b[RT_FMT_SIZE];

	if (!r->source.is_live || m->is_frozen || rt_report_is_past(r))
		return;
	if (r->source.last_event_age_ms < 0)
		say(f, RT_NOTE, "WAITING",
		    "no events yet: point a client at tcp://127.0.0.1:7780");
	else if (r->source.last_event_age_ms > QUIET_MS)
		say(f, RT_WARN, "QUIET", "no data since %s (%s)",
		    rt_fmt_clock(a, m->last_event_us, m->utc),
		    rt_fmt_steady_age(b, r->source.last_event_age_ms));
}

static void
sort_by_severity(struct facts *f, size_t from)
{
	for (size_t i = from + 1; i < f->count; i++) {
		struct rt_fact x = f->out[i];
		size_t at = i;

		for (; at > from && f->out[at - 1].severity < x.severity; at--)
			f->out[at] = f->out[at - 1];
		f->out[at] = x;
	}
}

size_t
rt_facts(const struct rt_model *m, struct rt_fact out[RT_FACTS_MAX])
{
	const struct rt_report *r = rt_model_report(m);
	struct facts f = {out, 0};
	char pct[RT_FMT_SIZE];
	size_t news;

	say_past(&f, m, r);
	say_news(&f, m);
	news = f.count;
	say_link(&f, m);
	if (rt_model_has_report(m)) {
		struct rt_rate e = rt_rate(&r->counts, RT_RATE_ERROR);

		say_alerts(&f, m);
		say_loss(&f, r);
		say_canaries(&f, r);
		say_worst(&f, r);
		say_violations(&f, r);
		say_quiet(&f, m, r);
		if (f.count == news)
			say(&f, RT_GOOD, "ok",
			    "no trouble: error %s n=%.0f%s%s",
			    rt_fmt_pct(pct, e), e.denominator,
			    rt_report_is_past(r) ? "" : ", nothing lost",
			    r->canaries_count ? ", canaries pass" : "");
	}
	sort_by_severity(&f, news);
	return f.count;
}
