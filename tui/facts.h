/* SPDX-License-Identifier: MIT */
/*
 * facts — what the numbers say, in words: the strip under the header and the evidence
 * line.  Pure; severity is a glyph, a word and a role together.
 */
#ifndef RT_FACTS_H
#define RT_FACTS_H

#include "tui/model.h"
#include "tui/role.h"

enum rt_severity { RT_GOOD, RT_NOTE, RT_WARN, RT_BAD };
char rt_severity_glyph(enum rt_severity s);
enum rt_role rt_severity_role(enum rt_severity s);

struct rt_fact {
	enum rt_severity severity;
	const char *word; /* "GONE", "ERRORS"; static */
	char text[200];
	char brief[40]; /* where the sentence does not fit; may be empty */
};

#define RT_FACTS_MAX 12u
/* The worst first; at least one.  Returns how many. */
size_t rt_facts(const struct rt_model *m, struct rt_fact out[RT_FACTS_MAX]);

/* Something that was lost, refused or cut; only what is not 0 is worth a word. */
struct rt_evidence {
	enum rt_severity severity;
	const char *kind;  /* "refused ", "overflow " or ""; static */
	const char *label; /* static */
	uint64_t count;
};
#define RT_EVIDENCE_MAX 48u
/* Not zero only, most important first. */
size_t rt_facts_evidence(
    const struct rt_model *m, struct rt_evidence out[RT_EVIDENCE_MAX]);

/* "!lost 12", "~refused not_json 2", "late 4". */
void rt_facts_evidence_text(
    char *out, size_t size, const struct rt_evidence *e);

/* Share of attempts with all the evidence that the metrics ask for. */
struct rt_rate rt_facts_completeness(const struct rt_counts *c);

/* Retry ratio over 0.10: "ok", "LOW" above 0.8, "OUT" from 1, "?" below 20. */
const char *rt_facts_budget(const struct rt_counts *c, enum rt_role *role);

/* "service route model" in at most `cols` columns, shortened in the middle. */
void rt_facts_route(
    char *out, size_t size, const struct rt_report_series *s, unsigned cols);
/* What a canary is called: its target, where its events say which it is. */
const char *rt_facts_canary(const struct rt_report_canary *c);
/* What an alert is about, the same way. */
void rt_facts_alert(
    char *out, size_t size, const struct rt_report_alert *a, unsigned cols);
/* Shortened in its middle with '~' to at most `cols` columns. */
void rt_facts_shorten(char *out, size_t size, const char *z, unsigned cols);

#endif
