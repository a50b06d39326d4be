/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The records of a VCF, as text of any bytes: decoded at once and cut into pieces anywhere they
 * give the same variants or the same failure, and nothing is read or written that is not ours. */

#include "mdr/decode.h"
#include "mdr/record_cutter.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char header[] =
    "##fileformat=VCFv4.2\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\td\te\n";

static void demand(bool holds)
{
    if (!holds)
        abort();
}

struct source {
    const uint8_t *data;
    size_t size, piece, at;
    uint8_t *copy; /* of a piece, as long as that */
};

/* Each piece stands in memory of its own. */
static int64_t pull(void *user, const void **bytes, struct dp_error *err)
{
    struct source *source = user;
    size_t length = source->size - source->at;

    (void)err;
    if (length > source->piece)
        length = source->piece;
    free(source->copy);
    source->copy = malloc(length + (length == 0));
    demand(source->copy != NULL);
    if (length > 0)
        memcpy(source->copy, source->data + source->at, length);
    source->at += length;
    *bytes = source->copy;
    return (int64_t)length;
}

static int decode(const struct dp_mdr_decoder *decoder, const struct dp_mdr_genotypes *whole,
                  struct source *source, struct dp_mdr_genotypes **part, struct dp_error *err)
{
    struct dp_mdr_cutter cutter;
    struct dp_mdr_decode state = {0};
    struct dp_array batch = {0};
    uint64_t records = 1, record = 1;
    int rc = dp_mdr_decode_open(decoder, &state, err);

    demand(rc == DP_OK && dp_mdr_genotypes_new_part(whole, part, err) == DP_OK);
    dp_mdr_cutter_begin(&cutter, pull, source, "x", false);
    while (!rc && records > 0) {
        rc = dp_mdr_cutter_batch(&cutter, &batch, &records, err);
        if (!rc && records > 0)
            rc = dp_mdr_decode_batch(&state, &batch, record, *part, err);
        record += records;
    }
    demand(rc || state.counts.records == record - 1);
    dp_mdr_cutter_end(&cutter);
    dp_mdr_decode_close(&state);
    dp_array_free(&batch);
    free(source->copy);
    return rc;
}

static void must_be_equal(const struct dp_mdr_genotypes *a, const struct dp_mdr_genotypes *b)
{
    size_t i, row_bytes = dp_mdr_genotypes_row_bytes(dp_mdr_genotypes_sample_count(a));
    struct dp_mdr_variant x, y;

    demand(dp_mdr_genotypes_variant_count(a) == dp_mdr_genotypes_variant_count(b));
    for (i = 0; i < dp_mdr_genotypes_variant_count(a); i++) {
        dp_mdr_genotypes_variant(a, i, &x);
        dp_mdr_genotypes_variant(b, i, &y);
        demand(strcmp(x.id, y.id) == 0 && strcmp(x.alt, y.alt) == 0 && x.position == y.position);
        demand(memcmp(dp_mdr_genotypes_row(a, i), dp_mdr_genotypes_row(b, i), row_bytes) == 0);
    }
}

/* The first byte says which field, what of multiallelic records, and how the rest is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dp_mdr_ingest_options options = {.certainty = 0.9};
    struct dp_array head = {0};
    struct dp_mdr_decoder decoder;
    struct dp_mdr_genotypes *whole = NULL, *parts[2] = {NULL, NULL};
    struct dp_error errors[2] = {{0}, {0}};
    int rc[2];

    if (size == 0)
        return 0;
    options.field = data[0] % 3;
    options.split_multiallelic = data[0] & 4;
    struct source once = {.data = data + 1, .size = size - 1, .piece = size};
    struct source pieces = {.data = data + 1, .size = size - 1, .piece = 1u + (data[0] >> 3) * 5u};

    demand(dp_array_append(&head, header, sizeof(header) - 1, 1));
    demand(dp_mdr_decoder_open(&head, false, &options, "x", &decoder, &whole, NULL) == DP_OK);
    rc[0] = decode(&decoder, whole, &once, &parts[0], &errors[0]);
    rc[1] = decode(&decoder, whole, &pieces, &parts[1], &errors[1]);
    demand(rc[0] == rc[1] && strcmp(errors[0].message, errors[1].message) == 0);
    if (rc[0] == DP_OK)
        must_be_equal(parts[0], parts[1]);
    dp_mdr_genotypes_free(parts[0]);
    dp_mdr_genotypes_free(parts[1]);
    dp_mdr_genotypes_free(whole);
    dp_mdr_decoder_close(&decoder);
    dp_array_free(&head);
    return 0;
}
