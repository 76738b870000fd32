/* SPDX-License-Identifier: MIT */
/*
 * target — what is probed and how: one [canary NAME] section of the configuration.
 *
 * Table   One row a key: type, range, default, sentence.  The reader (collector/config.c
 *         hands every pair over), check-config and `canary` use the same rows.
 * Needs   base_url, model and one of key_env, key_file, key_fd (or `key = none` for a target
 *         that asks for none).  Everything else has a default.
 * Secret  A target says where its key is; the key itself is never in here (key.h), and
 *         `header` refuses the names that credentials go by.
 * Pure    Nothing is opened or asked; rt_target_check looks at values only.
 */
#ifndef RT_TARGET_H
#define RT_TARGET_H

#include "collector/canary/retry.h"
#include "proto/buf.h"
#include "proto/diag.h"

#define RT_TARGETS_MAX 32u
#define RT_TARGET_NAME_MAX 40u
#define RT_TARGET_ROWS_MAX 48u
#define RT_TARGET_HEADERS_MAX 8u
#define RT_TARGET_REQUESTS_A_MINUTE_MAX 120

enum rt_surface { RT_SURFACE_CHAT, RT_SURFACE_RESPONSES };
enum rt_limit_field {
	RT_LIMIT_MAX_COMPLETION_TOKENS, /* max_output_tokens in Responses */
	RT_LIMIT_MAX_TOKENS,
	RT_LIMIT_NONE,
};
enum rt_usage_rule { RT_USAGE_OPTIONAL, RT_USAGE_REQUIRED };
enum rt_stream_rule {
	RT_STREAM_FINISH,   /* finish_reason, response.completed ... */
	RT_STREAM_DONE,     /* [DONE]; in Responses as FINISH */
	RT_STREAM_TERMINAL, /* either */
	RT_STREAM_NONE,     /* a clean end is enough */
};

struct rt_target {
	char name[RT_TARGET_NAME_MAX + 1];
	char base_url[200], path[129], model[129], service[65];
	char key_env[65], key_file[200];
	int64_t key_fd; /* -1: none */
	bool has_key;   /* `key = none` says there is none */
	char key_header[65], request_id_header[65], ca_file[200];
	char headers[RT_TARGET_HEADERS_MAX]
		    [192]; /* "Name: value"; empty: none */
	unsigned surface;  /* enum rt_surface, and so on */
	bool is_stream, includes_usage, verifies_tls;
	int64_t interval_ms;
	double jitter;
	int64_t token_limit;
	unsigned token_limit_field, usage, stream_require;
	int64_t connect_ms, headers_ms, first_event_ms, idle_ms, total_ms;
	int64_t max_per_minute, max_per_run, max_tokens_per_day;
	struct rt_retry_policy retry;
	unsigned retry_jitter;
	int64_t retry_base_ms, retry_cap_ms, retry_attempts, retry_total_ms;
	char fallback[RT_TARGET_NAME_MAX + 1];
	char source[200], accessed[33];
	const struct rt_target *next;      /* the fallback; set by resolve */
	uint32_t line[RT_TARGET_ROWS_MAX]; /* of each row, from 1; 0: default */
	uint32_t section_line;
};

struct rt_targets {
	struct rt_target rows[RT_TARGETS_MAX];
	unsigned count;
};

/* Every default. */
void rt_target_init(struct rt_target *t, const char *name);

/* The section of that name, made where it is new.  RT_E_FULL beyond RT_TARGETS_MAX. */
RT_NODISCARD enum rt_err rt_targets_open(struct rt_targets *all,
    struct rt_str name, uint32_t line, struct rt_diag *d);

/* One pair of a section that is open.  RT_E_CONFIG with what would be right. */
RT_NODISCARD enum rt_err rt_targets_set(struct rt_targets *all,
    const char *name, const char *key, const char *value, uint32_t line,
    struct rt_diag *d);

/* One value, as from a file. */
RT_NODISCARD enum rt_err rt_target_set(struct rt_target *t, const char *key,
    const char *value, uint32_t line, struct rt_diag *d);

/* Is a name fit for a section?  1 to 40 of [A-Za-z0-9._-]. */
bool rt_target_name_is_fit(struct rt_str name);

/*
 * All that one value cannot show by itself: what is missing, fallbacks that do not exist or
 * lead back.  *bad_line is the section's.  Sets no pointer, so the struct may be copied.
 */
RT_NODISCARD enum rt_err rt_targets_check(
    const struct rt_targets *all, uint32_t *bad_line, struct rt_diag *d);

/* Points `next` of every target at its fallback; after the last copy. */
void rt_targets_resolve(struct rt_targets *all);

const struct rt_target *rt_targets_find(
    const struct rt_targets *all, const char *name);

/* Every key with value, origin and meaning; is itself a configuration. */
void rt_targets_print(struct rt_buf *b, const struct rt_targets *all);

/* The complete URL; out[512]. */
void rt_target_url(const struct rt_target *t, char out[512]);

/* Where the key comes from, "env NAME", never the key. */
void rt_target_key_name(const struct rt_target *t, char out[224]);

#endif
