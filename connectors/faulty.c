/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Breaks what passes, to a plan: tests show with it that faults are noticed. */

#include "connectors/object.h"

#include <inttypes.h>

struct faulty {
    struct dp_object object;
    struct dp_object *next; /* the caller's */
    struct dp_fault_plan plan;
    atomic_uint_fast64_t reads;
};

static int read_faulty(struct dp_object *object, struct dp_range range, void *buffer,
                       struct dp_error *err)
{
    struct faulty *faulty = (struct faulty *)object;
    uint64_t number = atomic_fetch_add(&faulty->reads, 1) + 1;
    uint64_t flip = faulty->plan.flip_offset;
    int rc;

    if (faulty->plan.fail_every && number % faulty->plan.fail_every == 0) {
        dp_error_set(err, DP_IO, "%s: offset %" PRIu64 ": a planned fault in read %" PRIu64,
                     object->uri, range.begin, number);
        if (err)
            err->retryable = 1;
        return DP_IO;
    }
    rc = faulty->next->ops->read_at(faulty->next, range, buffer, err);
    if (!rc && flip >= range.begin && flip < range.end)
        ((unsigned char *)buffer)[flip - range.begin] ^= 1;
    return rc;
}

static const struct dp_object_ops faulty_ops = {.name = "faulty", .read_at = read_faulty};

int dp_object_open_faulty(struct dp_object *next, const struct dp_fault_plan *plan,
                          struct dp_object **object, struct dp_error *err)
{
    struct faulty *faulty =
        (struct faulty *)dp_object_new_over(sizeof(*faulty), &faulty_ops, next, err);

    if (!faulty)
        return DP_NO_MEMORY;
    faulty->next = next;
    faulty->plan = *plan;
    *object = &faulty->object;
    return DP_OK;
}
