/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* An object over bytes that the caller holds. */

#include "connectors/object.h"

#include <string.h>

struct memory {
    struct dp_object object;
    const char *bytes; /* the caller's */
};

static int read_memory(struct dp_object *object, struct dp_range range, void *buffer,
                       struct dp_error *err)
{
    const struct memory *memory = (const struct memory *)object;

    (void)err;
    memcpy(buffer, memory->bytes + range.begin, (size_t)(range.end - range.begin));
    return DP_OK;
}

static const struct dp_object_ops memory_ops = {.name = "memory", .read_at = read_memory};

int dp_object_open_memory(struct dp_context *context, const void *bytes, size_t length,
                          struct dp_object **object, struct dp_error *err)
{
    struct memory *memory =
        (struct memory *)dp_object_new(sizeof(*memory), &memory_ops, context, "memory:");

    if (!memory)
        return dp_error_no_memory(err);
    memory->bytes = bytes;
    memory->object.size_bytes = length;
    *object = &memory->object;
    return DP_OK;
}
