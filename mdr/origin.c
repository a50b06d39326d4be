/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/origin.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { END_BYTES = 64 << 10 };

/* Hashes the first and the last bytes of `object`, together all of a short one. */
static int hash_ends(struct dp_object *object, uint8_t *sha256, struct dp_error *err)
{
    uint64_t size = dp_object_size(object);
    struct dp_range first = {0, size < END_BYTES ? size : END_BYTES}, last = {size, size};
    struct sha256_ctx hash;
    uint8_t *bytes = malloc(2 * END_BYTES);
    size_t length;
    int rc;

    if (!bytes)
        return dp_error_no_memory(err);
    last.begin = size - first.end < END_BYTES ? first.end : size - END_BYTES;
    length = (size_t)(first.end + (last.end - last.begin));
    rc = dp_object_read_at(object, first, bytes, err);
    if (!rc && last.begin < last.end)
        rc = dp_object_read_at(object, last, bytes + first.end, err);
    if (!rc) {
        sha256_init(&hash);
        sha256_update(&hash, length, bytes);
        sha256_digest(&hash, DP_MDR_HASH_BYTES, sha256);
    }
    free(bytes);
    return rc;
}

static int find_object(struct dp_context *context, const char *uri,
                       struct dp_mdr_origin_object *found, struct dp_error *err)
{
    struct dp_object *object = NULL;
    int rc = dp_object_open(context, uri, NULL, &object, err);

    if (rc)
        return rc;
    found->size_bytes = dp_object_size(object);
    rc = hash_ends(object, found->sha256, err);
    if (!rc && !(found->uri = strndup(dp_object_uri(object), DP_MDR_ORIGIN_URI_BYTES)))
        rc = dp_error_no_memory(err);
    dp_object_free(object);
    return rc;
}

int dp_mdr_origin_find(struct dp_context *context, const char *vcf, const char *bed_prefix,
                       const struct dp_mdr_ingest_options *options, struct dp_mdr_origin *origin,
                       struct dp_error *err)
{
    static const char *const suffixes[DP_MDR_ORIGIN_OBJECTS] = {".bed", ".bim", ".fam"};
    struct dp_mdr_origin found = {.field = vcf ? options->field : DP_MDR_GT, .certainty = 1};
    char *uri;
    unsigned i;
    int rc = DP_OK;

    found.object_count = vcf ? 1 : DP_MDR_ORIGIN_OBJECTS;
    found.split_multiallelic = vcf ? options->split_multiallelic : true;
    if (found.field != DP_MDR_GT)
        found.certainty = options->certainty;
    for (i = 0; i < found.object_count && !rc; i++) {
        if (asprintf(&uri, "%s%s", vcf ? vcf : bed_prefix, vcf ? "" : suffixes[i]) < 0) {
            rc = dp_error_no_memory(err);
            break;
        }
        rc = find_object(context, uri, &found.object[i], err);
        free(uri);
    }
    if (rc)
        dp_mdr_origin_free(&found);
    else
        *origin = found;
    return rc;
}

int dp_mdr_origin_compare(const struct dp_mdr_origin *saved, const struct dp_mdr_origin *now,
                          const char *name, struct dp_error *err)
{
    unsigned i;

    if (saved->object_count != now->object_count)
        return dp_error_set(err, DP_STALE_INDEX, "%s: made of another kind of input", name);
    for (i = 0; i < now->object_count; i++)
        if (saved->object[i].size_bytes != now->object[i].size_bytes ||
            memcmp(saved->object[i].sha256, now->object[i].sha256, DP_MDR_HASH_BYTES) != 0)
            return dp_error_set(err, DP_STALE_INDEX, "%s: made of other bytes than those of %s",
                                name, now->object[i].uri);
    if (saved->field != now->field || saved->certainty != now->certainty)
        return dp_error_set(err, DP_STALE_INDEX, "%s: made of another field or certainty", name);
    if (saved->split_multiallelic != now->split_multiallelic)
        return dp_error_set(err, DP_STALE_INDEX,
                            "%s: made with another treatment of multiallelic records", name);
    return DP_OK;
}

void dp_mdr_origin_free(struct dp_mdr_origin *origin)
{
    unsigned i;

    for (i = 0; i < DP_MDR_ORIGIN_OBJECTS; i++)
        free(origin->object[i].uri);
    memset(origin, 0, sizeof(*origin));
}
