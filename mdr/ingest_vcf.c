/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/ingest.h"
#include "mdr/ingest_slices.h"
#include "mdr/ingest_stream.h"
#include "mdr/whole.h"

#include <string.h>

/* The index, if there is one: only where the caller named it it must be there. */
static int find_index(struct dp_context *context, struct dp_object *object,
                      const struct dp_mdr_ingest_options *options, struct dp_index **index,
                      struct dp_error *err)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    int rc = dp_index_find(context, object, options->index, index, err);

    if (rc == DP_NOT_FOUND && !options->index) {
        dp_error_clear(err);
        return DP_OK;
    }
    if (rc)
        return rc;
    dp_index_info(*index, &info);
    if (strcmp(info.format, "vcf") != 0 && strcmp(info.format, "bcf") != 0)
        return dp_error_set(err, DP_DATA, "%s: this is neither VCF nor BCF, but %s",
                            dp_object_uri(object), info.format);
    if (!info.complete)
        return dp_error_set(err, DP_DATA, "%s: the object is truncated, says its index",
                            dp_object_uri(object));
    return info.bgzf_eof_missing
               ? dp_mdr_whole_refuse(dp_object_uri(object), info.source_bytes, err)
               : DP_OK;
}

static int read_object(struct dp_context *context, struct dp_object *object, struct dp_index *index,
                       const struct dp_mdr_ingest_options *options,
                       struct dp_mdr_genotypes **genotypes, struct dp_mdr_ingest_counts *counts,
                       struct dp_error *err)
{
    bool shared = options->share_count > 1;

    if (index && (shared || dp_mdr_ingest_slices_each(index, options) > 1))
        return dp_mdr_ingest_slices(context, object, index, options, genotypes, counts, err);
    return dp_mdr_ingest_stream(context, object, index, shared && options->share > 0, options,
                                genotypes, counts, err);
}

int dp_mdr_ingest_vcf(struct dp_context *context, const char *uri,
                      const struct dp_mdr_ingest_options *options,
                      struct dp_mdr_genotypes **genotypes, struct dp_mdr_ingest_counts *counts,
                      struct dp_error *err)
{
    static const char *const names[] = {"GT", "DS", "GP"};
    struct dp_mdr_genotypes *made = NULL;
    struct dp_mdr_ingest_counts counted = {0};
    struct dp_object *object = NULL;
    struct dp_index *index = NULL;
    int rc;

    if (options->share_count > 1 && options->share >= options->share_count)
        return dp_error_set(err, DP_INVALID, "share %u of %u", options->share,
                            options->share_count);
    rc = dp_object_open(context, uri, NULL, &object, err);
    if (!rc)
        rc = find_index(context, object, options, &index, err);
    if (!rc)
        rc = read_object(context, object, index, options, &made, &counted, err);
    if (!rc && options->share_count <= 1 && dp_mdr_genotypes_variant_count(made) > 0 &&
        counted.with_field == 0)
        rc = dp_error_set(err, DP_DATA, "%s: no record has the field %s", dp_object_uri(object),
                          names[options->field]);
    dp_index_free(index);
    dp_object_free(object);
    if (rc) {
        dp_mdr_genotypes_free(made);
        return rc;
    }
    *genotypes = made;
    if (counts)
        *counts = counted;
    return DP_OK;
}
