/* SPDX-License-Identifier: MIT */
#include "proto/ending.h"

static enum rt_ending
ending_of_outcome(enum rt_outcome outcome)
{
	switch (outcome) {
	case RT_OUTCOME_SUCCESS: return RT_ENDING_SUCCESS;
	case RT_OUTCOME_DEGRADED: return RT_ENDING_DEGRADED;
	case RT_OUTCOME_CANCELLED: return RT_ENDING_CANCELLED;
	case RT_OUTCOME_CALLER_ERROR:
	case RT_OUTCOME_AUTH_ERROR:
	case RT_OUTCOME_TRANSIENT_FAILURE:
	case RT_OUTCOME_UNKNOWN:
	case RT_OUTCOME_COUNT: break;
	}
	return RT_ENDING_FAILURE;
}

enum rt_ending
rt_ending_of(const struct rt_event *e)
{
	bool is_terminal =
	    rt_event_has(e, DECISION) && rt_decision_is_terminal(e->decision);
	bool has_outcome = rt_event_has(e, FINAL_OUTCOME) &&
	    e->final_outcome != RT_OUTCOME_UNKNOWN;
	bool ran_out = rt_event_has(e, DECISION) &&
	    e->decision == RT_DECISION_ABORT_TIMEOUT_BUDGET;
	enum rt_ending ending;

	if (e->kind == RT_KIND_SUMMARY)
		return ending_of_outcome(e->final_outcome);
	if (!is_terminal && !has_outcome) {
		if (rt_event_has(e, FOLLOWUP_OUTCOME) &&
		    e->followup_outcome != RT_OUTCOME_UNKNOWN)
			return ending_of_outcome(e->followup_outcome);
		return RT_ENDING_NOT;
	}
	if (has_outcome)
		ending = ending_of_outcome(e->final_outcome);
	else if (e->decision == RT_DECISION_DEGRADE_CACHED)
		ending = RT_ENDING_DEGRADED;
	else if (e->error_class == RT_CLASS_CANCELLED)
		ending = RT_ENDING_CANCELLED;
	else if (e->decision == RT_DECISION_NONE &&
	    e->error_class == RT_CLASS_NONE)
		ending = RT_ENDING_SUCCESS;
	else
		ending = RT_ENDING_FAILURE;
	return ending == RT_ENDING_FAILURE && ran_out ? RT_ENDING_BUDGET
						      : ending;
}

enum rt_fate
rt_fate_of(enum rt_ending ending, uint32_t tries, bool had_fallback)
{
	switch (ending) {
	case RT_ENDING_SILENCE: return RT_FATE_ORPHANED;
	case RT_ENDING_CANCELLED: return RT_FATE_CANCELLED;
	case RT_ENDING_DEGRADED: return RT_FATE_DEGRADED;
	case RT_ENDING_SUCCESS:
		if (had_fallback)
			return RT_FATE_RESCUED_BY_FALLBACK;
		return tries > 1 ? RT_FATE_RESCUED_BY_RETRY : RT_FATE_FIRST_TRY;
	case RT_ENDING_BUDGET: return RT_FATE_BUDGET_ABORTED;
	case RT_ENDING_FAILURE:
	case RT_ENDING_NOT: break;
	}
	return tries > 1 ? RT_FATE_EXHAUSTED : RT_FATE_FAILED_FAST;
}
