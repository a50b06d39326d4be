/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Which bytes genotypes were made of, and how: enough to tell that a file of saved planes is stale
 * without reading the objects, and to say in a report what was searched. */

#ifndef DP_MDR_ORIGIN_H
#define DP_MDR_ORIGIN_H

#include "mdr/ingest.h"

enum {
    DP_MDR_ORIGIN_OBJECTS = 3,
    DP_MDR_ORIGIN_URI_BYTES = 4096,
    DP_MDR_ORIGIN_VALIDATOR_BYTES = 1024,
    DP_MDR_HASH_BYTES = 32
};

struct dp_mdr_origin {
    unsigned object_count; /* 1: a VCF or BCF; 3: .bed, .bim, .fam */
    struct dp_mdr_origin_object {
        char *uri;       /* without secrets */
        char *validator; /* as dp_object_validator says it; "" for none, or one that is longer */
        uint64_t size_bytes;
        uint8_t
            sha256[DP_MDR_HASH_BYTES]; /* of the first and the last 64 KiB (all of shorter ones) */
    } object[DP_MDR_ORIGIN_OBJECTS];
    /* As in the options of the ingest; of a .bed DP_MDR_GT, 1 and true. `certainty` is 1 where the
     * field is GT. */
    enum dp_mdr_field field;
    double certainty;
    bool split_multiallelic;
};

/* Of the VCF or BCF `vcf`, or, when that is NULL, of `bed_prefix`.bed, .bim and .fam: two small
 * reads of each object. Free it with dp_mdr_origin_free. */
int dp_mdr_origin_find(struct dp_context *context, const char *vcf, const char *bed_prefix,
                       const struct dp_mdr_ingest_options *options, struct dp_mdr_origin *origin,
                       struct dp_error *err);
/* 0 or DP_STALE_INDEX, saying what differs; `name` (of the file of planes) stands in the message.
 * Objects of up to 128 KiB are the same when their hash is; of longer ones that shows the ends
 * alone, so they must also carry the validator of then, at the same URI (in S3: anywhere there). */
int dp_mdr_origin_compare(const struct dp_mdr_origin *saved, const struct dp_mdr_origin *now,
                          const char *name, struct dp_error *err);
/* Frees what `origin` holds, not `origin` itself. */
void dp_mdr_origin_free(struct dp_mdr_origin *origin);

#endif
