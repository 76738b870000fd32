/* SPDX-License-Identifier: MIT */
/*
 * Rows are records with ' for ", and what they read as: the canonical line with ' for ",
 * without its schema, then the class; or the reason of refusal.
 */
#include "tests/unit/util.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/decode.h"
#include "proto/encode.h"
#include "proto/macro.h"

static const struct rt_decision_map map = {
    {{"again", RT_DECISION_RETRY_SAME}, {"none", RT_DECISION_ABORT_ERROR}}, 2};
static const struct rt_decode_opts opts = {
    .decisions = &map, .attempt_base = 1, .text_forms = true};

struct row {
	const char *why, *record, *want;
};

static char *
with_quotes(const char *z)
{
	char *copy = strdup(z), *p;

	assert_non_null(copy);
	for (p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

/* The reading of a record as text; `sensitive` names the field dropped. */
static void
describe(struct rt_decoder *d, const char *p, size_t len, char *out,
    size_t size, char *sensitive)
{
	static const struct rt_event untouched = {.present = 0x5A5A5A};
	struct rt_event e = untouched;
	struct rt_diag why = {"", ""};
	struct rt_buf b;
	enum rt_reject r = rt_decode(d, util_guarded(p, len), len, &e, &why);

	sensitive[0] = '\0';
	if (r != RT_REJECT_NOT) {
		assert_memory_equal(&e, &untouched, sizeof(e));
		assert_true(why.what[0] && why.where[0]);
		snprintf(out, size, "%s", rt_reject_name(r));
		return;
	}
	rt_buf_init(&b, 65536);
	rt_text_scrub(sensitive, 300, e.sensitive);
	e.sensitive = RT_STR_NONE;
	rt_encode(&b, &e);
	snprintf(out, size, "%s%s%s", b.p + 11,
	    e.kind == RT_KIND_ATTEMPT ? " " : "",
	    e.kind == RT_KIND_ATTEMPT ? rt_class_name(e.error_class) : "");
	rt_buf_fini(&b);
}

static void
check_rows(const struct rt_decode_opts *o, const struct row *rows, size_t count)
{
	struct rt_decoder *d = rt_decoder_new(o);
	char got[9000], sensitive[300], *record, *want;
	size_t i;

	for (i = 0; i < count; i++) {
		record = with_quotes(rows[i].record);
		want = with_quotes(rows[i].want);
		describe(
		    d, record, strlen(record), got, sizeof(got), sensitive);
		if (strcmp(got, want) != 0)
			fail_msg("%s:\n   %s\ngave %s\nnot  %s", rows[i].why,
			    record, got, want);
		free(record);
		free(want);
	}
	rt_decoder_free(d);
}

#define NATIVE "{'schema':'llm-attempt/v1','operation_id':'o','attempt':1"
#define READS "llm-attempt/v1','operation_id':'o','attempt':1"

/* clang-format off */
static const struct row native_rows[] = {
	{"the least", NATIVE "}", READS "} unknown"},
	{"class none is decision none", NATIVE ",'http_response_status_code':200}",
	    READS ",'http_response_status_code':200,'decision':'none'} none"},
	{"every field", "{'schema':'llm-attempt/v1','ts':'2026-06-13T09:00:00.5Z','operation_id':'o','attempt':2,'max_attempts':3,'service':'a','service_version':'b','environment':'c','tenant':'d','provider':'e','http_request_method':'POST','http_route':'/x','http_response_status_code':503,'error_type':'busy','elapsed_ms':1.5,'ttft_ms':0.25,'decision':'retry_same','decision_reason':'http_503','backoff_ms':100,'retry_after_ms':90,'retry_budget_remaining':0,'timeout_budget_ms':5000,'fallback_target':'m2','model_requested':'m','model_returned':'m','streaming':true,'stream_committed':false,'finish_reason_seen':false,'usage_seen':true,'response_object_type':'chat','final_outcome':'transient_failure','upstream_request_id':'u','upstream_attempts':2,'parent_operation_id':'p','requeue_count':0,'synthetic':false,'probe_dns_ms':0.5,'probe_connect_ms':1,'probe_tls_ms':2,'probe_first_byte_ms':3.25,'probe_requests_left':0,'probe_tokens_left':16,'probe_pause':'quota','probe_pause_ms':600000,'emitter':'m','seq':9}",
	    "llm-attempt/v1','ts':'2026-06-13T09:00:00.500Z','operation_id':'o','attempt':2,'max_attempts':3,'service':'a','service_version':'b','environment':'c','tenant':'d','provider':'e','http_request_method':'POST','http_route':'/x','http_response_status_code':503,'error_type':'busy','elapsed_ms':1.5,'ttft_ms':0.25,'decision':'retry_same','decision_reason':'http_503','backoff_ms':100,'retry_after_ms':90,'retry_budget_remaining':0,'timeout_budget_ms':5000,'fallback_target':'m2','model_requested':'m','model_returned':'m','streaming':true,'stream_committed':false,'finish_reason_seen':false,'usage_seen':true,'response_object_type':'chat','final_outcome':'transient_failure','upstream_request_id':'u','upstream_attempts':2,'parent_operation_id':'p','requeue_count':0,'synthetic':false,'probe_dns_ms':0.5,'probe_connect_ms':1,'probe_tls_ms':2,'probe_first_byte_ms':3.25,'probe_requests_left':0,'probe_tokens_left':16,'probe_pause':'quota','probe_pause_ms':600000,'emitter':'m','seq':9} server_error"},
	{"unknown fields are ignored", NATIVE ",'x':[1,{'attempt':7}],'y':{'attempt':8}}", READS "} unknown"},
	{"timestamp stands in for ts", NATIVE ",'timestamp':'2026-06-13T09:00:00Z'}",
	    "llm-attempt/v1','ts':'2026-06-13T09:00:00Z','operation_id':'o','attempt':1} unknown"},
	{"null and '' are absent", NATIVE ",'ts':null,'tenant':'','elapsed_ms':null,'streaming':''}", READS "} unknown"},
	{"error_type none is absent", NATIVE ",'http_response_status_code':200,'error_type':'none'}",
	    READS ",'http_response_status_code':200,'decision':'none'} none"},
	{"quoted numbers and booleans", NATIVE ",'http_response_status_code':'503','elapsed_ms':'1.5','streaming':'true','seq':'\\u0037'}",
	    READS ",'http_response_status_code':503,'elapsed_ms':1.5,'streaming':true,'seq':7} server_error"},
	{"1.0 is an integer", "{'schema':'llm-attempt/v1','operation_id':'o','attempt':1.0}", READS "} unknown"},
	{"1e0 is an integer", "{'schema':'llm-attempt/v1','operation_id':'o','attempt':1e0}", READS "} unknown"},
	{"1.5 is not", NATIVE ",'max_attempts':1.5}", "bad_type"},
	{"nor is '1.5'", NATIVE ",'max_attempts':'1.5'}", "bad_type"},
	{"nor a word", NATIVE ",'max_attempts':'many'}", "bad_type"},
	{"nor a blank", NATIVE ",'max_attempts':' 1'}", "bad_type"},
	{"nor true", NATIVE ",'max_attempts':true}", "bad_type"},
	{"nor an array", NATIVE ",'max_attempts':[]}", "bad_type"},
	{"nor an object", NATIVE ",'max_attempts':{}}", "bad_type"},
	{"2^31 - 1", NATIVE ",'max_attempts':2147483647}", READS ",'max_attempts':2147483647} unknown"},
	{"2^31", NATIVE ",'max_attempts':2147483648}", "out_of_range"},
	{"beyond int64", NATIVE ",'max_attempts':1e30}", "out_of_range"},
	{"seq to 2^63 - 1", NATIVE ",'seq':9223372036854775807}", READS ",'seq':9223372036854775807} unknown"},
	{"seq beyond", NATIVE ",'seq':9223372036854775808}", "out_of_range"},
	{"seq 0", NATIVE ",'seq':0}", "out_of_range"},
	{"attempt 0", NATIVE ",'attempt':0}", "out_of_range"},
	{"status 99", NATIVE ",'http_response_status_code':99}", "out_of_range"},
	{"status 600", NATIVE ",'http_response_status_code':600}", "out_of_range"},
	{"31 days", NATIVE ",'backoff_ms':2678400000}", READS ",'backoff_ms':2678400000} unknown"},
	{"longer", NATIVE ",'backoff_ms':2678400000.1}", "out_of_range"},
	{"negative ms", NATIVE ",'backoff_ms':-0.1}", "out_of_range"},
	{"no negative zero", NATIVE ",'backoff_ms':-0.0}", READS ",'backoff_ms':0} unknown"},
	{"infinite ms", NATIVE ",'backoff_ms':1e999}", "out_of_range"},
	{"a number is no string", NATIVE ",'tenant':42}", "bad_type"},
	{"1 is no boolean", NATIVE ",'streaming':1}", "bad_type"},
	{"True is no boolean", NATIVE ",'streaming':'True'}", "bad_type"},
	{"a number is no time", NATIVE ",'ts':1781341200}", "bad_type"},
	{"no such day", NATIVE ",'ts':'2026-02-30T00:00:00Z'}", "bad_type"},
	{"64 code points", NATIVE ",'tenant':'\xC3\xA9xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}",
	    READS ",'tenant':'\xC3\xA9xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'} unknown"},
	{"65 code points", NATIVE ",'tenant':'\xC3\xA9xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}", "out_of_range"},
	{"the last duplicate wins", NATIVE ",'tenant':5,'tenant':'b'}", READS ",'tenant':'b'} unknown"},
	{"even where it is null", NATIVE ",'tenant':'a','tenant':null}", READS "} unknown"},
	{"escapes in names", NATIVE ",'t\\u0065nant':'a'}", READS ",'tenant':'a'} unknown"},
	{"escapes", NATIVE ",'tenant':'\\u0041\\/\\ud83d\\ude00\\\\'}", READS ",'tenant':'A/\xF0\x9F\x98\x80\\\\'} unknown"},
	{"lone surrogates", NATIVE ",'tenant':'\\ud83dx\\ude00\\ud83d\\u0041'}", READS ",'tenant':'\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD" "A'} unknown"},
	{"invalid UTF-8", NATIVE ",'tenant':'\xFF\xC3'}", READS ",'tenant':'\xEF\xBF\xBD\xEF\xBF\xBD'} unknown"},
	{"control characters by escape", NATIVE ",'tenant':'a\\u001b[2J\\n'}", READS ",'tenant':'a\xEF\xBF\xBD[2J\xEF\xBF\xBD'} unknown"},
	{"an unknown decision keeps its word", NATIVE ",'decision':'give up'}", READS ",'decision':'give up'} unknown"},
	{"a client's own word", NATIVE ",'decision':'again'}", READS ",'decision':'retry_same'} unknown"},
	{"ours cannot be redefined", NATIVE ",'decision':'none'}", READS ",'decision':'none'} unknown"},
	{"a decision is a string", NATIVE ",'decision':1}", "bad_type"},
	{"another outcome", NATIVE ",'final_outcome':'fine'}", READS ",'final_outcome':'unknown'} unknown"},
	{"cancelled by outcome", NATIVE ",'final_outcome':'cancelled','http_response_status_code':200}",
	    READS ",'http_response_status_code':200,'final_outcome':'cancelled'} cancelled"},
	{"no operation", "{'schema':'llm-attempt/v1','attempt':1}", "missing_field"},
	{"an empty one", "{'schema':'llm-attempt/v1','attempt':1,'operation_id':''}", "missing_field"},
	{"no attempt", "{'schema':'llm-attempt/v1','operation_id':'o'}", "missing_field"},
	{"a bad field comes before a missing one", "{'schema':'llm-attempt/v1','operation_id':'o','seq':'x'}", "bad_type"},
	{"the first bad field decides", NATIVE ",'seq':'x','max_attempts':0}", "out_of_range"},
	{"another schema", "{'schema':'llm-attempt/v2','operation_id':'o','attempt':1}", "unknown_schema"},
	{"a schema that is no string", "{'schema':1,'operation_id':'o','attempt':1}", "unknown_schema"},
	{"no schema", "{'operation_id':'o','attempt':1}", "unknown_shape"},
	{"nothing at all", "{}", "unknown_shape"},
	{"depth 4", NATIVE ",'a':{'b':[{}]}}", READS "} unknown"},
	{"depth 5", NATIVE ",'a':{'b':[{'c':[]}]}}", "too_deep"},
	{"too deep and not JSON", NATIVE ",'a':{'b':[{'c':[1,]}]}}", "not_json"},
	{"source_shape", NATIVE ",'source_shape':'otel'}", READS ",'source_shape':'otel'} unknown"},
	{"only a runbook record may lack its operation", "{'schema':'llm-attempt/v1','attempt':1,'source_shape':'runbook'}",
	    "llm-attempt/v1','attempt':1,'source_shape':'runbook'} unknown"},
	{"followup_outcome of a decision", NATIVE ",'decision':'retry_same','source_shape':'decisions','followup_outcome':'success'}",
	    READS ",'decision':'retry_same','followup_outcome':'success','source_shape':'decisions'} unknown"},
	{"and of nothing else", NATIVE ",'decision':'retry_same','followup_outcome':'success'}", READS ",'decision':'retry_same'} unknown"},
	{"a summary", "{'schema':'llm-operation/v1','operation_id':'o','final_outcome':'success','attempts':2,'attempt':'x','elapsed_ms':5}",
	    "llm-operation/v1','operation_id':'o','elapsed_ms':5,'final_outcome':'success','attempts':2}"},
	{"a summary needs its outcome", "{'schema':'llm-operation/v1','operation_id':'o'}", "missing_field"},
};

static const struct row other_rows[] = {
	{"retry log", "{'event':'llm_call_attempt','ts':'2026-06-13T09:00:00Z','request_id':'o','attempt':1,'endpoint':'POST /v1/x','http_status':503,'outcome':'retry_scheduled','backoff_ms':5}",
	    "llm-attempt/v1','ts':'2026-06-13T09:00:00Z','operation_id':'o','attempt':1,'http_request_method':'POST','http_route':'/v1/x','http_response_status_code':503,'decision':'retry_same','backoff_ms':5,'source_shape':'retry'} server_error"},
	{"retry log, success", "{'event':'llm_call_attempt','request_id':'o','attempt':1,'endpoint':'/v1/x','http_status':200,'outcome':'success'}",
	    READS ",'http_route':'/v1/x','http_response_status_code':200,'decision':'none','source_shape':'retry'} none"},
	{"retry log, another outcome", "{'event':'llm_call_attempt','request_id':'o','attempt':1,'outcome':'failed'}",
	    READS ",'decision':'abort_error','source_shape':'retry'} unknown"},
	{"another event", "{'event':'boot','request_id':'o','attempt':1}", "unknown_shape"},
	{"runbook", "{'timestamp':'2026-06-13T09:00:00Z','provider_route':'gw','http_method':'POST','http_status_code':503,'retry_attempt':0,'retry_budget_remaining':1,'backoff_applied_ms':7,'client_result':'failure','terminal_outcome':''}",
	    "llm-attempt/v1','ts':'2026-06-13T09:00:00Z','attempt':1,'provider':'gw','http_request_method':'POST','http_response_status_code':503,'decision':'retry_same','backoff_ms':7,'retry_budget_remaining':1,'source_shape':'runbook'} server_error"},
	{"runbook, ended", "{'retry_attempt':1,'retry_budget_remaining':1,'client_result':'failure','terminal_outcome':'gave up','operation_id':'o'}",
	    "llm-attempt/v1','operation_id':'o','attempt':2,'decision':'abort_error','retry_budget_remaining':1,'source_shape':'runbook'} unknown"},
	{"runbook, no budget", "{'retry_attempt':0,'retry_budget_remaining':0,'client_result':'failure','operation_id':'o'}",
	    READS ",'decision':'abort_error','retry_budget_remaining':0,'source_shape':'runbook'} unknown"},
	{"runbook, budget not named", "{'retry_attempt':0,'client_result':'failure'}",
	    "llm-attempt/v1','attempt':1,'decision':'abort_error','source_shape':'runbook'} unknown"},
	{"runbook, success", "{'retry_attempt':0,'client_result':'success','terminal_outcome':'x'}",
	    "llm-attempt/v1','attempt':1,'decision':'none','source_shape':'runbook'} unknown"},
	{"runbook, attempt below 0", "{'retry_attempt':-1,'client_result':'success'}", "out_of_range"},
	{"review, retried", "{'operation_id':'o','attempt_index':'1','request_route':'/x','retry_decision':'retried','retry_reason':'http_503','final_outcome':'cancelled','http_response_status_code':'503'}",
	    READS ",'http_route':'/x','http_response_status_code':503,'decision':'retry_same','decision_reason':'http_503','source_shape':'review'} server_error"},
	{"review, not retried", "{'operation_id':'o','attempt_index':1,'retry_decision':'not_retried','final_outcome':'success'}",
	    READS ",'decision':'none','final_outcome':'success','source_shape':'review'} unknown"},
	{"review, final attempt", "{'operation_id':'o','attempt_index':1,'retry_decision':'final_attempt','final_outcome':'auth_error'}",
	    READS ",'decision':'abort_error','final_outcome':'auth_error','source_shape':'review'} unknown"},
	{"review, base 1", "{'operation_id':'o','attempt_index':0,'retry_decision':'retried'}", "out_of_range"},
	{"review, no index", "{'operation_id':'o','retry_decision':'retried','final_outcome':'unknown'}", "missing_field"},
	{"review summary", "{'operation_id':'o','final_outcome':'success','attempts':2}",
	    "llm-operation/v1','operation_id':'o','final_outcome':'success','attempts':2,'source_shape':'review'}"},
	{"decision log", "{'schema':'fallback-decision-log/v1','correlation_id':'o','endpoint_path':'/x','attempt_number':1,'trigger':{'type':'http_status','http_status':503,'elapsed_ms':5},'decision':'fallback_secondary','backoff_wait_ms':0,'outcome':'success','model_id_attempt_1':'a','model_id_attempt_2':'b','model_id_attempt_3':'c','parent_correlation_id':'p','requeue_count':1}",
	    READS ",'http_route':'/x','http_response_status_code':503,'elapsed_ms':5,'decision':'fallback_secondary','backoff_ms':0,'fallback_target':'b','model_requested':'a','parent_operation_id':'p','requeue_count':1,'followup_outcome':'success','source_shape':'decisions'} server_error"},
	{"a dotted trigger", "{'schema':'fallback-decision-log/v1','correlation_id':'o','attempt_number':1,'trigger.type':'timeout','trigger.http_status':null,'decision':'abort_error','outcome':'degraded'}",
	    READS ",'error_type':'timeout','decision':'abort_error','source_shape':'decisions'} timeout"},
	{"follow-up degraded", "{'schema':'fallback-decision-log/v1','correlation_id':'o','attempt_number':1,'trigger':{'type':'connection_error'},'decision':'retry_same','outcome':'degraded'}",
	    READS ",'error_type':'connection_error','decision':'retry_same','followup_outcome':'degraded','source_shape':'decisions'} connection"},
	{"follow-up failed", "{'schema':'fallback-decision-log/v1','correlation_id':'o','attempt_number':1,'trigger':{'type':'stream_interrupted'},'decision':'retry_same','outcome':'continued_failure'}",
	    READS ",'error_type':'stream_interrupted','decision':'retry_same','source_shape':'decisions'} stream_interrupted"},
	{"outcome of the wrong type", "{'schema':'fallback-decision-log/v1','correlation_id':'o','attempt_number':1,'decision':'retry_same','outcome':1}", "bad_type"},
	{"is not read after an end", "{'schema':'fallback-decision-log/v1','correlation_id':'o','attempt_number':1,'decision':'abort_error','outcome':1}",
	    READS ",'decision':'abort_error','source_shape':'decisions'} unknown"},
	{"the last of two triggers", "{'schema':'fallback-decision-log/v1','correlation_id':'o','attempt_number':1,'trigger':{'type':'timeout'},'trigger':{'http_status':503},'decision':'abort_error'}",
	    READS ",'http_response_status_code':503,'decision':'abort_error','source_shape':'decisions'} server_error"},
	{"OpenTelemetry", "{'timestamp':'2026-06-13T09:00:00Z','trace_id':'t','http.request.method':'POST','url.template':'/x','service.name':'s','service.version':'1','deployment.environment.name':'e','gen_ai.request.model':'m','gen_ai.response.model':'n','gen_ai.request.stream':true,'gen_ai.response.time_to_first_chunk':0.25,'gen_ai.response.finish_reasons':['stop'],'gen_ai.usage.input_tokens':3,'http.response.status_code':200,'http.request.resend_count':2}",
	    "llm-attempt/v1','ts':'2026-06-13T09:00:00Z','operation_id':'t','attempt':3,'service':'s','service_version':'1','environment':'e','http_request_method':'POST','http_route':'/x','http_response_status_code':200,'ttft_ms':250,'decision':'none','model_requested':'m','model_returned':'n','streaming':true,'finish_reason_seen':true,'usage_seen':true,'source_shape':'otel'} none"},
	{"OpenTelemetry, nested", "{'operation_id':'o','http':{'request':{'method':'GET'},'response':{'status_code':503},'route':'/y'},'service':{'name':'s'},'decision':'retry_same'}",
	    "llm-attempt/v1','operation_id':'o','attempt':1,'service':'s','http_request_method':'GET','http_route':'/y','http_response_status_code':503,'source_shape':'otel'} server_error"},
	{"a flat name beats a nested one", "{'operation_id':'o','http.request.method':'GET','http':{'request':{'method':'PUT'}}}",
	    READS ",'http_request_method':'GET','source_shape':'otel'} unknown"},
	{"the span's parent before the trace", "{'trace_id':'t','parent_span_id':'o','gen_ai.request.model':'m','error.type':'timeout'}",
	    READS ",'error_type':'timeout','model_requested':'m','source_shape':'otel'} timeout"},
	{"no reasons, no usage: not known", "{'operation_id':'o','gen_ai.request.model':'m','gen_ai.response.finish_reasons':[],'gen_ai.usage.output_tokens':null}",
	    READS ",'model_requested':'m','source_shape':'otel'} unknown"},
	{"no id at all", "{'gen_ai.request.model':'m'}", "missing_field"},
};

static const struct row text_rows[] = {
	{"logfmt", "ts='2026-06-13T09:00:00Z' operation_id='o' attempt_index=1 request_route='/a b' retry_decision=retried retry_reason=- http_response_status_code=503 extra=",
	    "llm-attempt/v1','ts':'2026-06-13T09:00:00Z','operation_id':'o','attempt':1,'http_route':'/a b','http_response_status_code':503,'decision':'retry_same','source_shape':'review'} server_error"},
	{"a block", "operation_id: o\nattempt_index = '1'\r\nrequest_route: /a b \nretry_decision: not_retried\nfinal_outcome: success\n\n",
	    READS ",'http_route':'/a b','decision':'none','final_outcome':'success','source_shape':'review'} unknown"},
	{"a block of quoted fields", "operation_id='o'\nattempt_index='1'\nretry_decision='retried'\n",
	    READS ",'decision':'retry_same','source_shape':'review'} unknown"},
	{"absent in every spelling", "operation_id: o\nattempt_index: 1\nretry_decision: retried\nhttp_response_status_code: null\nerror_type: none\nretry_reason:\nmax_attempts: -\n",
	    READS ",'decision':'retry_same','source_shape':'review'} unknown"},
	{"escapes", "operation_id='o' attempt_index=1 retry_decision=retried request_route='a\\'\\\\b\\u0041\\u00'",
	    READS ",'http_route':'a\\'\\\\bAu00','decision':'retry_same','source_shape':'review'} unknown"},
	{"control characters", "operation_id=o attempt_index=1 retry_decision=retried request_route=a\x1B[2J",
	    READS ",'http_route':'a\xEF\xBF\xBD[2J','decision':'retry_same','source_shape':'review'} unknown"},
	{"a dotted name", "schema=fallback-decision-log/v1 correlation_id=o attempt_number=1 trigger.type=timeout decision=abort_error",
	    READS ",'error_type':'timeout','decision':'abort_error','source_shape':'decisions'} timeout"},
	{"prose", "the quick brown fox", "not_json"},
	{"a quote that does not end", "operation_id='o", "not_json"},
	{"a stray word", "operation_id=o attempt", "not_json"},
	{"glued values", "operation_id='o'x=1", "not_json"},
	{"one bad line of a block", "operation_id: o\nhello\n", "not_json"},
};
/* clang-format on */

static void
reads_native_records(void **state)
{
	(void)state;
	check_rows(&opts, native_rows, RT_COUNT_OF(native_rows));
}

static void
reads_every_other_shape_as_it_is(void **state)
{
	(void)state;
	check_rows(&opts, other_rows, RT_COUNT_OF(other_rows));
}

static void
reads_logfmt_and_blocks(void **state)
{
	(void)state;
	check_rows(&opts, text_rows, RT_COUNT_OF(text_rows));
}

static void
text_forms_are_not_json_on_the_wire(void **state)
{
	static const struct rt_decode_opts wire = {.attempt_base = 1};
	static const struct row rows[] = {
	    {"logfmt", "operation_id=o final_outcome=success", "not_json"}};

	(void)state;
	check_rows(&wire, rows, RT_COUNT_OF(rows));
}

static void
an_attempt_base_of_0_counts_from_0(void **state)
{
	static const struct rt_decode_opts zero = {.attempt_base = 0};
	static const struct row rows[] = {{"base 0",
	    "{'operation_id':'o','attempt_index':0,'retry_decision':'retried'}",
	    READS ",'decision':'retry_same','source_shape':'review'} unknown"}};

	(void)state;
	check_rows(&zero, rows, RT_COUNT_OF(rows));
}

static void
a_service_may_have_its_own_attempt_base(void **state)
{
	static const struct rt_base_map bases = {{{"from-0", 0}}, 1};
	static const struct rt_decode_opts own = {
	    .attempt_base = 1, .bases = &bases};
	static const struct row rows[] = {
	    {"of the list",
		"{'operation_id':'o','attempt_index':0,'retry_decision':"
		"'retried','service':'from-0'}",
		READS ",'service':'from-0','decision':'retry_same',"
		      "'source_shape':'review'} unknown"},
	    {"of no list",
		"{'operation_id':'o','attempt_index':1,'retry_decision':"
		"'retried','service':'from-1'}",
		READS ",'service':'from-1','decision':'retry_same',"
		      "'source_shape':'review'} unknown"},
	    {"without a service",
		"{'operation_id':'o','attempt_index':1,'retry_decision':"
		"'retried'}",
		READS ",'decision':'retry_same','source_shape':'review'} "
		      "unknown"}};

	(void)state;
	check_rows(&own, rows, RT_COUNT_OF(rows));
}

static void
refuses_what_is_not_strict_json(void **state)
{
	static const char *const bad[] = {"", " ", "{", "}", "[]", "[{}]", "42",
	    "'x'", "null", "{} {}", "{}x", "{,}", "{'a'}", "{'a':}", "{'a':1,}",
	    "{'a':1 'b':2}", "{a:1}", "{'a':01}", "{'a':+1}", "{'a':.5}",
	    "{'a':1.}", "{'a':1e}", "{'a':-}", "{'a':NaN}", "{'a':Infinity}",
	    "{'a':-Infinity}", "{'a':nul}", "{'a':True}", "{'a':'\x01'}",
	    "{'a':'\n'}", "{'a\tb':1}", "{'a':'\\x'}", "{'a':'\\u12g4'}",
	    "{'a':'\\u12'}", "{'a':'b}", "{'a':[1,]}", "{'a':[1}",
	    "{'a':{'b':1]}", "{'a':[}", "{'a':1]", "/**/{}", "{'a':1}//",
	    "\xEF\xBB\xBF{}", "{'a':1\x00}"};
	struct rt_decoder *d = rt_decoder_new(NULL);
	char got[100], sensitive[300], *record;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(bad); i++) {
		record = with_quotes(bad[i]);
		describe(
		    d, record, strlen(record), got, sizeof(got), sensitive);
		if (strcmp(got, "not_json") != 0)
			fail_msg("%s gave %s", record, got);
		free(record);
	}
	describe(d, "{\"a\":\"\0\"}", 9, got, sizeof(got), sensitive);
	assert_string_equal(got, "not_json");
	rt_decoder_free(d);
}

static void
every_prefix_of_a_record_is_refused(void **state)
{
	char *record = with_quotes(native_rows[2].record);
	struct rt_decoder *d = rt_decoder_new(NULL);
	size_t i, len = strlen(record);
	struct rt_event e;

	(void)state;
	for (i = 0; i < len; i++)
		assert_int_equal(
		    rt_decode(d, util_guarded(record, i), i, &e, NULL),
		    RT_REJECT_NOT_JSON);
	free(record);
	rt_decoder_free(d);
}

static void
the_size_limit_is_8192_bytes(void **state)
{
	static char big[9000];
	struct rt_decoder *d = rt_decoder_new(NULL);
	struct rt_event e;
	int n = snprintf(big, sizeof(big), "%s",
	    "{\"schema\":\"llm-attempt/v1\",\"operation_id\":\"o\","
	    "\"attempt\":1,\"x\":\"");

	(void)state;
	memset(big + n, 'x', 8192 - (size_t)n);
	memcpy(big + 8190, "\"}", 2);
	assert_int_equal(rt_decode(d, util_guarded(big, 8192), 8192, &e, NULL),
	    RT_REJECT_NOT);
	memcpy(big + 8190, "x\"}\n", 4);
	assert_int_equal(rt_decode(d, util_guarded(big, 8194), 8194, &e, NULL),
	    RT_REJECT_TOO_LARGE);
	memset(big, '[', 8192);
	assert_int_equal(rt_decode(d, util_guarded(big, 8192), 8192, &e, NULL),
	    RT_REJECT_NOT_JSON);
	memcpy(big, "{\"a\":", 5);
	memset(big + 5, '[', 4000);
	memset(big + 4005, ']', 4000);
	big[8005] = '}';
	assert_int_equal(rt_decode(d, util_guarded(big, 8006), 8006, &e, NULL),
	    RT_REJECT_TOO_DEEP);
	rt_decoder_free(d);
}

/* Each character of a long string grows to three bytes, twice over. */
static void
long_strings_full_of_escapes_fit(void **state)
{
	static char big[8192];
	struct rt_decoder *d = rt_decoder_new(&opts);
	struct rt_event e;
	int n = snprintf(big, sizeof(big), "%s",
	    "{\"operation_id\":\"o\",\"attempt_index\":1,"
	    "\"retry_decision\":\"");

	(void)state;
	memset(big + n, '\x80', sizeof(big) - (size_t)n);
	memcpy(big + 8190, "\"}", 2);
	assert_int_equal(rt_decode(d, util_guarded(big, 8192), 8192, &e, NULL),
	    RT_REJECT_NOT);
	assert_int_equal(rt_text_length(e.decision_code), 64);
	rt_decoder_free(d);
}

/* Whoever reads what was kept of the record counts what was dropped, too. */
static void
expect_canonical_names(
    struct rt_decoder *d, const char *record, const char *name)
{
	struct rt_event e = {0};
	struct rt_buf line, again;

	rt_buf_init(&line, 65536);
	rt_buf_init(&again, 65536);
	assert_int_equal(
	    rt_decode(d, record, strlen(record), &e, NULL), RT_REJECT_NOT);
	rt_encode(&line, &e);
	assert_null(strstr(line.p, "abcdefgh"));
	assert_int_equal(
	    rt_decode(d, line.p, line.len, &e, NULL), RT_REJECT_NOT);
	if (!rt_str_is(e.sensitive, name))
		fail_msg("%s does not name %s", line.p, name);
	rt_encode(&again, &e);
	assert_string_equal(again.p, line.p);
	rt_buf_fini(&line);
	rt_buf_fini(&again);
}

static void
content_and_credentials_are_dropped_and_named(void **state)
{
	/* clang-format off */
	static const struct {
		const char *more, *name, *reads;
	} rows[] = {
	    {"'prompt':'hi'", "prompt", ""},
	    {"'prompt':''", "", ""},
	    {"'prompt':null", "", ""},
	    {"'messages':[]", "", ""},
	    {"'headers':{}", "", ""},
	    {"'messages':[{}]", "messages", ""},
	    {"'user':0", "user", ""},
	    {"'price':false", "price", ""},
	    {"'a':{'b':[{'email':'x'}]}", "email", ""},
	    {"'gen_ai.input.messages':'x'", "gen_ai.input.messages", ""},
	    {"'gen_ai':{'prompt':'x'}", "prompt", ""},
	    {"'input.x':'y'", "", ""},
	    {"'prompt_tokens':5", "", ""},
	    {"'pr\\u006fmpt':'x'", "prompt", ""},
	    {"'x\\n.secret':'x'", "x\xEF\xBF\xBD.secret", ""},
	    {"'body':'b','text':'t'", "body", ""},
	    {"'tenant':'sk-abcdefghijklmnop'", "tenant", ""},
	    {"'tenant':'sk-abcdefghijklmno'", "", ",'tenant':'sk-abcdefghijklmno'"},
	    {"'tenant':'task-abcdefghijklmnop'", "", ",'tenant':'task-abcdefghijklmnop'"},
	    {"'tenant':'key=sk-proj-0123456789ABCDEF_'", "tenant", ""},
	    {"'tenant':'\\u0073k-abcdefghijklmnop'", "tenant", ""},
	    {"'tenant':'Bearer 12345678'", "tenant", ""},
	    {"'tenant':'Bearer 1234567'", "", ",'tenant':'Bearer 1234567'"},
	    {"'tenant':'bearer 12345678'", "", ",'tenant':'bearer 12345678'"},
	    {"'tenant':'eyJhbGci.eyJzdWIi.c2ln'", "tenant", ""},
	    {"'tenant':'eyJhbGci.eyJzdWIi'", "", ",'tenant':'eyJhbGci.eyJzdWIi'"},
	    {"'x':{'y':['sk-abcdefghijklmnop']}", "y", ""},
	    {"'sk-abcdefghijklmnop':'sk-abcdefghijklmnop'", "(withheld)", ""},
	    {"'schema':'sk-abcdefghijklmnop','schema':'llm-attempt/v1'", "schema", ""},
	    {"'tenant':'sk-abcdefghijklmnop','tenant':'t'", "tenant", ",'tenant':'t'"},
	};
	/* clang-format on */
	struct rt_decoder *d = rt_decoder_new(NULL);
	char record[500], want[500], got[500], sensitive[300], *q, *w;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		snprintf(record, sizeof(record), NATIVE ",%s}", rows[i].more);
		snprintf(
		    want, sizeof(want), READS "%s} unknown", rows[i].reads);
		q = with_quotes(record);
		w = with_quotes(want);
		describe(d, q, strlen(q), got, sizeof(got), sensitive);
		if (strcmp(got, w) != 0 || strcmp(sensitive, rows[i].name) != 0)
			fail_msg("%s gave %s, sensitive %s", q, got, sensitive);
		if (rows[i].name[0])
			expect_canonical_names(d, q, rows[i].name);
		free(q);
		free(w);
	}
	rt_decoder_free(d);
}

static void
a_secret_for_an_operation_id_rejects_the_record(void **state)
{
	static const struct row rows[] = {
	    {"native",
		"{'schema':'llm-attempt/v1','attempt':1,"
		"'operation_id':'sk-abcdefghijklmnop'}",
		"bad_type"},
	    {"retry log",
		"{'event':'llm_call_attempt','attempt':1,"
		"'request_id':'sk-abcdefghijklmnop'}",
		"bad_type"},
	    {"review",
		"{'retry_decision':'retried','attempt_index':1,"
		"'operation_id':'sk-abcdefghijklmnop'}",
		"bad_type"},
	    {"trace",
		"{'gen_ai.request.model':'m',"
		"'trace_id':'sk-abcdefghijklmnop'}",
		"bad_type"},
	};

	(void)state;
	check_rows(&opts, rows, RT_COUNT_OF(rows));
}

static void
names_the_emitter_of_refused_records_too(void **state)
{
	static const struct {
		const char *record, *emitter;
		int64_t seq;
	} rows[] = {
	    {NATIVE ",'emitter':'e','seq':5}", "e", 5},
	    {NATIVE ",'emitter':'e','seq':5,'tenant':1}", "e", 5},
	    {"{'emitter':'e','seq':'6'}", "e", 6},
	    {"{'emitter':'e','seq':7,'a':[[[[[]]]]]}", "e", 7},
	    {"{'emitter':'e','seq':0}", NULL, 0},
	    {"{'emitter':'e'}", NULL, 0},
	    {"{'seq':8}", NULL, 0},
	    {NATIVE ",'seq':8}", NULL, 0},
	    {"{'emitter':'e','seq':5", NULL, 0},
	};
	struct rt_decoder *d = rt_decoder_new(NULL);
	struct rt_identity id;
	char got[500], sensitive[300], *q;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		q = with_quotes(rows[i].record);
		describe(d, q, strlen(q), got, sizeof(got), sensitive);
		id = rt_decode_identity(d);
		if (id.seq != rows[i].seq ||
		    (rows[i].emitter ? !rt_str_is(id.emitter, rows[i].emitter)
				     : id.emitter.p != NULL))
			fail_msg("%s gave %lld", q, (long long)id.seq);
		free(q);
	}
	rt_decoder_free(d);
}

static void
splits_a_batch_and_skips_blank_lines(void **state)
{
	struct rt_str rest = rt_str_of("\n {a} \r\n\n\t\nb\n"), line;

	(void)state;
	assert_true(rt_decode_next_line(&rest, &line));
	assert_true(rt_str_is(line, "{a}"));
	assert_true(rt_decode_next_line(&rest, &line));
	assert_true(rt_str_is(line, "b"));
	assert_false(rt_decode_next_line(&rest, &line));
	assert_int_equal(rest.len, 0);
}

/* Each row is read after the first by the same decoder. */
static void
what_it_remembers_of_the_last_record_changes_nothing(void **state)
{
	static const char first[] = "{\"schema\":\"llm-attempt/"
				    "v1\",\"operation_id\":\"o\",\"attempt\":1,"
				    "\"x\":1,\"provider\":\"p\"}";
	static const struct {
		const char *why, *record;
		bool is_good;
	} rows[] = {
	    {"blanks where there were none",
		"{ 'schema': 'llm-attempt/v1' , 'operation_id' : 'o' ,"
		"'attempt': \t1,'x': 1,'provider': 'p'}",
		true},
	    {"another order",
		"{'attempt':1,'operation_id':'o','schema':'llm-attempt/v1'}",
		true},
	    {"no comma after a name that is unknown",
		"{'schema':'llm-attempt/v1','operation_id':'o','x':1"
		"'schema':'llm-attempt/v1','attempt':1}",
		false},
	    {"a comma before the first name",
		"{,'operation_id':'o','schema':'llm-attempt/v1','attempt':1}",
		false},
	    {"no comma between names in their order",
		"{'schema':'llm-attempt/v1''operation_id':'o','attempt':1}",
		false},
	    {"the same name twice, the order as before",
		"{'schema':'llm-attempt/v1','schema':'llm-attempt/v1',"
		"'operation_id':'o','attempt':1}",
		true},
	    {"nothing after the colon",
		"{'schema':'llm-attempt/v1','operation_id':'o','attempt':}",
		false},
	    {"the order as before, but nested",
		"{'attempt':1,'y':{'schema':'llm-attempt/"
		"v1','operation_id':'o'}}",
		false},
	};
	struct rt_decoder *d = rt_decoder_new(NULL);
	char got[9000], sensitive[300], *record;
	bool is_good;
	size_t i;

	(void)state;
	for (i = 0; i < RT_COUNT_OF(rows); i++) {
		describe(d, first, strlen(first), got, sizeof(got), sensitive);
		assert_true(strchr(got, '"'));
		record = with_quotes(rows[i].record);
		describe(
		    d, record, strlen(record), got, sizeof(got), sensitive);
		is_good = strchr(got, '"') != NULL;
		if (is_good != rows[i].is_good)
			fail_msg("%s: %s", rows[i].why, got);
		free(record);
	}
	rt_decoder_free(d);
}

/* The models of a decision log are named by the number of the attempt. */
static void
does_not_remember_names_made_for_one_record(void **state)
{
	static const char record[] =
	    "{'schema':'fallback-decision-log/v1','correlation_id':'c',"
	    "'attempt_number':%d,'model_id_attempt_1':'a',"
	    "'model_id_attempt_2':'b','model_id_attempt_3':'c'}";
	static const char *const want[][2] = {
	    {"a", "b"}, {"b", "c"}, {"a", "b"}};
	struct rt_decoder *d = rt_decoder_new(NULL);
	struct rt_event e = {0};
	char text[300], *json;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), record, 1 + i % 2);
		json = with_quotes(text);
		assert_int_equal(
		    rt_decode(d, json, strlen(json), &e, NULL), RT_REJECT_NOT);
		assert_true(rt_str_is(e.model_requested, want[i][0]));
		assert_true(rt_str_is(e.fallback_target, want[i][1]));
		free(json);
	}
	rt_decoder_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_native_records),
	    cmocka_unit_test(reads_every_other_shape_as_it_is),
	    cmocka_unit_test(reads_logfmt_and_blocks),
	    cmocka_unit_test(text_forms_are_not_json_on_the_wire),
	    cmocka_unit_test(an_attempt_base_of_0_counts_from_0),
	    cmocka_unit_test(a_service_may_have_its_own_attempt_base),
	    cmocka_unit_test(refuses_what_is_not_strict_json),
	    cmocka_unit_test(every_prefix_of_a_record_is_refused),
	    cmocka_unit_test(the_size_limit_is_8192_bytes),
	    cmocka_unit_test(long_strings_full_of_escapes_fit),
	    cmocka_unit_test(content_and_credentials_are_dropped_and_named),
	    cmocka_unit_test(a_secret_for_an_operation_id_rejects_the_record),
	    cmocka_unit_test(names_the_emitter_of_refused_records_too),
	    cmocka_unit_test(splits_a_batch_and_skips_blank_lines),
	    cmocka_unit_test(
		what_it_remembers_of_the_last_record_changes_nothing),
	    cmocka_unit_test(does_not_remember_names_made_for_one_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
