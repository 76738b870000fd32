/* SPDX-License-Identifier: MIT */
/*
 * audit — holds each operation and service against the retry policy, live.
 *
 * What    Judges every record by a table of rules (proto/rules.h): each rule is a
 *         predicate over the record, the record before it in the operation, and the
 *         policy.  A violation names rule, operation, service and evidence.
 * Order   Call rt_audit_attempt before the operation takes the record in: the predicates
 *         compare it with what came before.
 * Exempt  Late records: only record rules.  Synthetic operations: none.  OpenTelemetry
 *         records carry no decision: rules about decisions pass them over.
 * Time    Service rules look at whole seconds of the aggregate's clock; "the last minute"
 *         is this second and the 59 before it.
 * Bounds  Per operation 40 bytes inside struct rt_operation; a table of services and one
 *         of tenants of fixed size, overflow counted; the newest examples of each rule.
 */
#ifndef RT_AUDIT_H
#define RT_AUDIT_H

#include "collector/audit_rules.h"
#include "collector/intern.h"
#include "collector/operation.h"
#include "collector/policy.h"
#include "collector/series.h"
#include "collector/window.h"
#include "proto/rules.h"

#define RT_AUDIT_SERVICES 256u /* services and capped tenants together */

struct rt_audit_service; /* audit_service.c */

struct rt_audit_example {
	char operation_id[RT_OPERATION_ID_BYTES + 1];
	char service[65 * 4];
	char evidence[RT_AUDIT_EVIDENCE];
	int64_t at_us;
};

/* What the records of a series have in common, once found out. */
struct rt_audit_series {
	uint16_t service; /* number of its row + 1; 0: not yet */
	uint8_t route;    /* enum rt_audit_route */
};

enum rt_audit_route {
	RT_ROUTE_NOT_JUDGED,
	RT_ROUTE_BOUNDED,
	RT_ROUTE_HIGH_CARDINALITY,
};

struct rt_audit {
	const struct rt_policies *policies; /* borrowed */
	struct rt_intern *labels;           /* borrowed */
	const struct rt_series *series;     /* borrowed */
	struct rt_audit_series *of_series;  /* owned; by number */
	struct rt_window_shape shape;
	struct rt_window counts; /* [RT_RULE_COUNT] */
	void *counts_storage;    /* owned */
	struct {
		struct rt_audit_example newest[RT_REPORT_EXAMPLES];
		uint64_t count;
	} examples[RT_RULE_COUNT];
	struct rt_sketch_pool sketches;
	struct rt_window_shape waits_shape;
	struct rt_audit_service *services; /* owned; services, then tenants */
	char *waits_storage;               /* owned */
	uint32_t services_count;
	uint64_t services_overflow;
	uint32_t asking[RT_JUDGED_BITS]; /* predicates that ask for the bit */
	uint64_t fired;                  /* violations since the start */
	/* the newest of any kind, and of an operation; at 0: none yet */
	struct rt_audit_newest {
		uint64_t at; /* its place among those fired */
		enum rt_rule rule;
		const struct rt_audit_example *example;
	} newest, newest_operation;
	int64_t now_us, second_from_us;
	/* The operation at hand, for what fire() writes down. */
	struct rt_str service, operation_id;
	/* Told of each violation of an operation; NULL: nobody. */
	void (*on_violation)(void *ctx, struct rt_str operation_id,
	    enum rt_rule rule, const char *evidence);
	void *ctx;
};

void rt_audit_init(struct rt_audit *a, const struct rt_policies *policies,
    struct rt_intern *labels, const struct rt_series *series);
void rt_audit_fini(struct rt_audit *a);
/* For a table of so many series. */
uint64_t rt_audit_bytes(uint32_t series);

/* An attempt record of that series; o is NULL where it names no operation. */
void rt_audit_attempt(struct rt_audit *a, int64_t now_us,
    const struct rt_event *e, uint32_t series, struct rt_operation *o,
    bool is_late);
/* A summary of an open operation, or a second one of any. */
void rt_audit_summary(struct rt_audit *a, int64_t now_us,
    const struct rt_event *e, struct rt_operation *o, bool is_second);
/* The operation of that service ended by silence. */
void rt_audit_silence(struct rt_audit *a, int64_t now_us, struct rt_str service,
    struct rt_operation *o);
/* Move the service rules' minute to `now`. */
void rt_audit_advance(struct rt_audit *a, int64_t now_us);

/* Rules that fired in the span, most first; examples are the newest up to its end. */
void rt_audit_report(
    struct rt_audit *a, struct rt_span span, struct rt_report *out);

/* ---- used between audit.c and audit_service.c ---- */

void rt_audit_fire(struct rt_audit *a, enum rt_rule rule, const char *fmt, ...)
    RT_PRINTF(3, 4);
/* An attempt of an operation, for the rules of its service and tenant. */
void rt_audit_service_attempt(
    struct rt_audit *a, const struct rt_event *e, uint32_t series);
void rt_audit_services_init(struct rt_audit *a);
void rt_audit_services_fini(struct rt_audit *a);
uint64_t rt_audit_services_bytes(void);

#endif
