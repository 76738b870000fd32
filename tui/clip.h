/* SPDX-License-Identifier: MIT */
/*
 * clip — what y and Y put in the clipboard: the id of what the cursor is on, or that row
 * as one line of JSON.
 */
#ifndef RT_CLIP_H
#define RT_CLIP_H

#include "tui/model.h"

/* False where there is nothing under the cursor; *b is empty then. */
bool rt_clip_id(const struct rt_model *m, struct rt_buf *b);
bool rt_clip_row(const struct rt_model *m, struct rt_buf *b);

#endif
