/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Is this the index of these bytes? Two small reads answer it wherever the object lies. */

#include "config.h"

#include "index/tables.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

static int stale(const struct dp_index *index, const struct dp_object *object, const char *why,
                 struct dp_error *err)
{
    return dp_error_set(err, DP_STALE_INDEX, "%s: %s is the index of other bytes: %s",
                        dp_object_uri(object), dp_index_name(index), why);
}

/* Compares one end of the object, at most DP_IDENTITY_BYTES, with its hash. */
static int check_end(struct dp_object *object, struct dp_range range,
                     const uint8_t expected[DP_SHA256_BYTES], bool *same, struct dp_error *err)
{
    size_t length = (size_t)(range.end - range.begin);
    uint8_t digest[DP_SHA256_BYTES], *bytes = malloc(length + 1);
    struct sha256_ctx sha;
    int result = DP_OK;

    if (!bytes)
        return dp_error_no_memory(err);
    if (length > 0)
        result = dp_object_read_at(object, range, bytes, err);
    if (!result) {
        sha256_init(&sha);
        sha256_update(&sha, length, bytes);
        sha256_digest(&sha, sizeof(digest), digest);
        *same = memcmp(digest, expected, sizeof(digest)) == 0;
    }
    free(bytes);
    return result;
}

int dp_index_check_source(const struct dp_index *index, struct dp_object *object,
                          struct dp_error *err)
{
    const struct dp_identity *identity = &index->identity;
    uint64_t size = dp_object_size(object), length = identity->bytes;
    struct dp_range first = {0, length}, last = {0, length};
    bool same = true;
    int result;

    if (identity->complete ? size != length : size < length)
        return stale(index, object, "the size differs", err);
    if (length > DP_IDENTITY_BYTES) {
        first.end = DP_IDENTITY_BYTES;
        last.begin = length - DP_IDENTITY_BYTES;
    }
    result = check_end(object, first, identity->first, &same, err);
    if (!result && !same)
        return stale(index, object, "the first bytes differ", err);
    /* A short object has been read whole. */
    if (!result && length > DP_IDENTITY_BYTES)
        result = check_end(object, last, identity->last, &same, err);
    if (!result && !same)
        return stale(index, object, "the last bytes differ", err);
    return result;
}
