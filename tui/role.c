/* SPDX-License-Identifier: MIT */
#include "tui/role.h"

const char *
rt_role_name(enum rt_role r)
{
	static const char *const names[] = {
#define X(id, name) name,
	    RT_ROLES(X)
#undef X
	};

	return (unsigned)r < RT_ROLE_COUNT ? names[r] : "?";
}
