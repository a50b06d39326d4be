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

static char *copy_validator(const struct dp_object *object)
{
    const char *validator = dp_object_validator(object);

    return strdup(strlen(validator) <= DP_MDR_ORIGIN_VALIDATOR_BYTES ? validator : "");
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
    if (!rc) {
        found->uri = strndup(dp_object_uri(object), DP_MDR_ORIGIN_URI_BYTES);
        found->validator = copy_validator(object);
        if (!found->uri || !found->validator)
            rc = dp_error_no_memory(err);
    }
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

/* The ETags of S3 are made of the content, those of other servers of whatever they like. */
static bool has_content_tag(const struct dp_mdr_origin_object *object)
{
    return strncmp(object->uri, "s3://", 5) == 0 && strncmp(object->validator, "etag:", 5) == 0;
}

/* Sizes and hashes of the ends are equal. What lies between is not read: only the validator tells
 * whether it was changed, where it can be compared at all. */
static int compare_versions(const struct dp_mdr_origin_object *saved,
                            const struct dp_mdr_origin_object *now, const char *name,
                            struct dp_error *err)
{
    bool same_place = strcmp(saved->uri, now->uri) == 0;
    bool known = *saved->validator && *now->validator;

    if (now->size_bytes <= 2 * END_BYTES)
        return DP_OK;
    if (known && strcmp(saved->validator, now->validator) == 0 &&
        (same_place || (has_content_tag(saved) && has_content_tag(now))))
        return DP_OK;
    if (known && same_place)
        return dp_error_set(err, DP_STALE_INDEX,
                            "%s: the planes were made of another version of %s", name, now->uri);
    return dp_error_set(
        err, DP_STALE_INDEX,
        "%s: the planes were made of %s; that %s is the same cannot be told without "
        "reading it (--planes alone uses them as they are)",
        name, saved->uri, now->uri);
}

int dp_mdr_origin_compare(const struct dp_mdr_origin *saved, const struct dp_mdr_origin *now,
                          const char *name, struct dp_error *err)
{
    unsigned i;
    int rc = DP_OK;

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
    for (i = 0; i < now->object_count && !rc; i++)
        rc = compare_versions(&saved->object[i], &now->object[i], name, err);
    return rc;
}

void dp_mdr_origin_free(struct dp_mdr_origin *origin)
{
    unsigned i;

    for (i = 0; i < DP_MDR_ORIGIN_OBJECTS; i++) {
        free(origin->object[i].uri);
        free(origin->object[i].validator);
    }
    memset(origin, 0, sizeof(*origin));
}
