/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/plan_parts.h"

#include <stdlib.h>
#include <string.h>

struct wishes {
    struct dp_tool *tool;
    const struct dp_plan_options *plan;
    bool keep_going;
};

void dp_plan_parts_warn(struct dp_tool *tool, const char *name, const struct dp_index *index)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};

    dp_index_info(index, &info);
    if (!info.complete)
        dp_tool_warn(tool, "%s: truncated or damaged: the slices cover only its first %llu records",
                     name, (unsigned long long)info.record_count);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The same object twice would put its records twice into the slices. */
static int check_twice(const struct dp_plan_parts *parts, struct dp_error *err)
{
    const char **uris = calloc(parts->count + 1, sizeof(*uris));
    size_t i;
    int rc = DP_OK;

    if (!uris)
        return dp_error_no_memory(err);
    for (i = 0; i < parts->count; i++)
        uris[i] = dp_object_uri(parts->sources[i].object);
    qsort(uris, parts->count, sizeof(*uris), compare_texts);
    for (i = 1; i < parts->count && rc == DP_OK; i++)
        if (strcmp(uris[i], uris[i - 1]) == 0)
            rc = dp_error_set(err, DP_INVALID, "%s: it is named twice", uris[i]);
    free(uris);
    return rc;
}

/* Can these be planned at all? The failure stands in the first one's `err`. What holds nothing does
 * no harm in any plan. */
static bool plans_alone(const struct wishes *wishes, struct dp_opened *first, size_t step)
{
    struct dp_plan_source sources[2];
    struct dp_plan_options planning = *wishes->plan;
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_plan *plan;
    size_t i;

    dp_index_info(first->index, &info);
    if (info.uncompressed_bytes == 0 && step == 1)
        return true;
    planning.begin = planning.end = 0;
    planning.presign_seconds = 0;
    for (i = 0; i < step; i++)
        sources[i] = (struct dp_plan_source){first[i].index, first[i].object};
    if (dp_plan_new_many(sources, step, &planning, &plan, &first->err) < 0)
        return false;
    dp_plan_free(plan);
    return true;
}

/* Of `step` objects that belong together: takes them, or says what is wrong. */
static bool take_objects(const struct wishes *wishes, struct dp_opened *opened, size_t step,
                         struct dp_plan_parts *parts)
{
    bool fits = true;
    size_t i;

    for (i = 0; i < step; i++) {
        if (opened[i].err.code)
            dp_tool_fail(wishes->tool, &opened[i].err);
        fits = fits && !opened[i].err.code;
    }
    /* What fits alone must not be given up because of another one. */
    if (fits && wishes->keep_going && !plans_alone(wishes, opened, step)) {
        dp_tool_fail(wishes->tool, &opened->err);
        fits = false;
    }
    for (i = 0; i < step && fits; i++) {
        dp_plan_parts_warn(wishes->tool, opened[i].name, opened[i].index);
        parts->object_bytes += dp_object_size(opened[i].object);
        parts->sources[parts->count++] =
            (struct dp_plan_source){opened[i].index, opened[i].object};
    }
    return fits;
}

/* Opens what the operands stand for. *status is set when objects are left out. */
static int open_all(const struct wishes *wishes, const struct dp_objects *objects,
                  struct dp_plan_parts *parts, int *status, struct dp_error *err)
{
    size_t step = wishes->plan->paired ? 2 : 1, i;
    int rc = dp_objects_open(wishes->tool, objects, NULL, NULL, &parts->opened, err);

    if (rc < 0)
        return rc;
    parts->opened_count = objects->count;
    parts->sources = calloc(objects->count, sizeof(*parts->sources));
    if (!parts->sources)
        return dp_error_no_memory(err);
    for (i = 0; i + step <= objects->count; i += step) {
        struct dp_opened *opened = &parts->opened[i];

        if (take_objects(wishes, opened, step, parts))
            continue;
        if (*status == DP_TOOL_OK)
            *status = dp_tool_status_of(opened->err.code ? opened->err.code
                                                         : opened[step - 1].err.code);
        if (!wishes->keep_going)
            return DP_OK;
    }
    return check_twice(parts, err);
}

static int expand(struct dp_context *context, char *const *operands, size_t count, bool paired,
                  struct dp_objects *objects, struct dp_error *err)
{
    size_t i;
    int rc = DP_OK;

    if (paired)
        rc = dp_objects_add_pairs(context, operands, count, objects, err);
    for (i = 0; i < count && rc == DP_OK && !paired; i++)
        rc = dp_objects_add(context, operands[i], objects, err);
    if (rc == DP_OK && paired && objects->count % 2)
        rc = dp_error_set(err, DP_INVALID, "%s: it has no mate: %zu is an odd number of objects",
                          objects->names[objects->count - 1], objects->count);
    return rc;
}

int dp_plan_parts_gather(struct dp_tool *tool, char *const *operands, size_t count,
                         const struct dp_plan_options *plan, bool keep_going,
                         struct dp_plan_parts *parts, int *status, struct dp_error *err)
{
    struct wishes wishes = {tool, plan, keep_going};
    int rc = expand(tool->context, operands, count, plan->paired, &parts->objects, err);

    if (rc == DP_OK)
        rc = open_all(&wishes, &parts->objects, parts, status, err);
    if (*status != DP_TOOL_OK && !keep_going)
        parts->count = 0;
    return rc;
}

void dp_plan_parts_free(struct dp_plan_parts *parts)
{
    free(parts->sources);
    dp_objects_close(parts->opened, parts->opened_count);
    dp_objects_free(&parts->objects);
}
