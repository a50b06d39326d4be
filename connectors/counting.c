/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Counts what passes: how many reads, how many bytes. */

#include "connectors/object.h"

#include <stdlib.h>
#include <string.h>

struct counting {
    struct dp_object object;
    struct dp_object *next;  /* the caller's */
    uint64_t *calls, *bytes; /* the caller's; updated atomically, reads come from many threads */
};

static int read_counting(struct dp_object *object, struct dp_range range, void *buffer,
                         struct dp_error *err)
{
    const struct counting *counting = (const struct counting *)object;

    __atomic_fetch_add(counting->calls, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(counting->bytes, range.end - range.begin, __ATOMIC_RELAXED);
    return counting->next->ops->read_at(counting->next, range, buffer, err);
}

static const struct dp_object_ops counting_ops = {.name = "counting", .read_at = read_counting};

int dp_object_open_counting(struct dp_object *next, uint64_t *calls, uint64_t *bytes,
                            struct dp_object **object, struct dp_error *err)
{
    struct counting *counting =
        (struct counting *)dp_object_new_over(sizeof(*counting), &counting_ops, next, err);

    if (!counting)
        return DP_NO_MEMORY;
    counting->next = next;
    counting->calls = calls;
    counting->bytes = bytes;
    *object = &counting->object;
    return DP_OK;
}
