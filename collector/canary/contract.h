/* SPDX-License-Identifier: MIT */
/*
 * contract — the rows of the contract suite: what is induced, what must come of it.
 *
 * Row      A fault, the settings of the target that meets it, and the result: verdict,
 *          class, error type, number of attempts, waits, fallbacks.  A row says nothing of
 *          availability, price, wording, exact waits or fields that no documentation
 *          requires.
 * Settings `key=value` pairs of a [canary] section, parted by `;`, on top of
 *          rt_contract_settings.  Every target of the simulation has a sound fallback, so
 *          that one which must not be taken could be.
 * Pure     The suite (suite.h) induces; here is what to expect and whether it came.
 */
#ifndef RT_CONTRACT_H
#define RT_CONTRACT_H

#include "collector/canary/probe.h"

/* Where the row's request goes. */
enum rt_contract_at {
	RT_CONTRACT_GATEWAY, /* induce: rules of fault.h, by line */
	RT_CONTRACT_RAW,     /* induce: the path of a script of raw.h */
	RT_CONTRACT_TLS,     /* induce: a certificate of tls_server.h */
	RT_CONTRACT_FULL,    /* a port where nobody accepts */
	RT_CONTRACT_NOWHERE, /* induce: a base URL */
};

enum rt_contract_key {
	RT_CONTRACT_KEY_OWN,
	RT_CONTRACT_KEY_NONE,
	RT_CONTRACT_KEY_PLACEHOLDER,
};

/* clang-format off */
#define RT_AREAS(X) \
	X(PATHS,     "endpoint paths") \
	X(AUTH,      "auth headers") \
	X(REQUEST,   "request fields") \
	X(RESPONSE,  "response fields") \
	X(ERRORS,    "error behaviour") \
	X(RETRYABLE, "retryable statuses") \
	X(RATE,      "rate limit and billing") \
	X(STREAMING, "streaming") \
	X(USAGE,     "usage") \
	X(BACKOFF,   "backoff") \
	X(SUPPORT,   "support escalation") \
	X(DOCS,      "documentation host")
/* clang-format on */

#define X(id, name) RT_AREA_##id,
enum rt_area { RT_AREAS(X) RT_AREA_COUNT };
#undef X

struct rt_contract_row {
	const char *id;
	enum rt_area area;
	const char *about; /* what is induced, for people */
	enum rt_contract_at at;
	const char *induce, *settings, *body;
	enum rt_contract_key key;
	bool is_live; /* safe against a real target, without inducing */
	/* expected */
	enum rt_verdict verdict;
	enum rt_class error_class;
	const char *error_type; /* NULL: any */
	const char *finish;     /* NULL: any */
	unsigned attempts, fallbacks;
	double wait_min_ms, wait_max_ms; /* of every wait; max 0: no wait */
	double total_max_ms;             /* 0: no bound */
};

extern const struct rt_contract_row rt_contract_rows[];
extern const size_t rt_contract_count;
extern const char rt_contract_settings[];

/* Sets a row's pairs; RT_E_CONFIG for a bad one. */
RT_NODISCARD enum rt_err rt_contract_apply(
    struct rt_target *t, const char *settings, struct rt_diag *d);

/*
 * Did what must come of it come?  `served`: requests the gateway counted, -1: not known.
 * The sentence says what differs first; live rows expect no error type.
 */
bool rt_contract_holds(const struct rt_contract_row *r,
    const struct rt_probe *p, int64_t served, bool is_live, char why[160]);

/* "failed, server_error (http_error), 3 attempts, waits of 20 to 80 ms" */
void rt_contract_expected(
    struct rt_buf *b, const struct rt_contract_row *r, bool is_live);
void rt_contract_saw(struct rt_buf *b, const struct rt_probe *p);

const char *rt_area_name(enum rt_area a);

#endif
