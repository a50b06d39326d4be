/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A plan keeps only what it was asked for: slices are made one by one when they are wanted, so that
 * a plan of 2^31 of them costs no more than a plan of one. */

#include "config.h"

#include "slicer/plan_header.h"

#include "base/options.h"
#include "connectors/object.h"
#include "connectors/s3.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Products of two 64-bit counts; GCC and Clang have it on every 64-bit machine. */
typedef unsigned __int128 wide;

struct dp_plan {
    const struct dp_index *index;
    struct dp_object *object;
    enum dp_plan_unit unit;
    uint64_t begin; /* what is cut, in the unit */
    uint64_t end;
    uint64_t size; /* of a slice; 0: equal parts */
    uint64_t count;
    uint64_t overlap;   /* records of the slice before that a slice begins with */
    bool to_the_end; /* `end` is the total: the last slice takes whatever follows, too */
    bool inline_parts;
    bool allow_signed;
    char *object_url; /* presigned, for all slices; NULL: its own name */
    char *index_url;
    int64_t expires; /* of both, seconds since 1970; 0: never */
    struct dp_plan_header header;
    dp_slice_id id;
};

/* ------------------------------------------------------------------------------------- ids */

/* The first half of the SHA-256 of `text`: 128 bits are plenty to tell plans apart. */
static void hash_text(const char *text, dp_slice_id id)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx context;
    size_t i;

    sha256_init(&context);
    sha256_update(&context, strlen(text), (const uint8_t *)text);
    sha256_digest(&context, sizeof(digest), digest);
    for (i = 0; i < DP_SLICE_ID_DIGITS / 2; i++)
        snprintf(id + 2 * i, 3, "%02x", digest[i]);
}

/* The same bytes cut the same way have the same ids, wherever they lie. */
static void name_plan(struct dp_plan *plan)
{
    char text[512];
    int used;

    used = snprintf(text, sizeof(text), "dataplug plan 1\n%.128s\n%s %s\n%s %llu %llu %llu %llu\n",
             dp_index_identity(plan->index), dp_index_format(plan->index)->name,
             dp_codec_name(dp_index_codec(plan->index)), dp_slice_unit_name(plan->unit),
             (unsigned long long)plan->begin, (unsigned long long)plan->end,
             (unsigned long long)plan->size, (unsigned long long)plan->count);
    if (plan->overlap)
        snprintf(text + used, sizeof(text) - (size_t)used, "overlap %llu\n",
                 (unsigned long long)plan->overlap);
    hash_text(text, plan->id);
}

static void name_slice(const struct dp_plan *plan, uint64_t number, dp_slice_id id)
{
    char text[128];

    snprintf(text, sizeof(text), "dataplug slice 1\n%s %llu\n", plan->id,
             (unsigned long long)number);
    hash_text(text, id);
}

/* ------------------------------------------------------------------------------------ plan */

static int check_options(const struct dp_plan_options *options, struct dp_error *err)
{
    if ((options->part_count == 0) == (options->size == 0))
        return dp_error_set(err, DP_INVALID, "plan: give either a number of slices or their size");
    if (options->unit != DP_UNIT_RECORDS && options->unit != DP_UNIT_BYTES &&
        options->unit != DP_UNIT_BASES)
        return dp_error_set(err, DP_INVALID, "plan: unknown unit %d", (int)options->unit);
    if (options->overlap && options->unit != DP_UNIT_RECORDS)
        return dp_error_set(err, DP_INVALID, "plan: slices overlap by records only");
    if (options->begin > options->end && options->end != 0)
        return dp_error_set(err, DP_INVALID, "plan: begin %llu lies behind end %llu",
                            (unsigned long long)options->begin, (unsigned long long)options->end);
    return DP_OK;
}

/* Sets begin, end and to_the_end from the options and the totals of the object. */
static int choose_interval(struct dp_plan *plan, const struct dp_plan_options *options,
                           struct dp_error *err)
{
    const struct dp_format *format = dp_index_format(plan->index);
    const char *uri = dp_object_uri(plan->object);
    struct dp_edge totals;
    uint64_t total, stored, header = dp_index_header(plan->index, &stored);

    if (plan->unit == DP_UNIT_BASES && !format->has_bases)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: format %s has no bases to cut by", uri,
                            format->name);
    dp_index_totals(plan->index, &totals);
    total = dp_edge_key(&totals, plan->unit);
    if (options->begin > total)
        return dp_error_set(err, DP_INVALID,
                            "%s: begin %llu lies beyond the end: there are %llu %s", uri,
                            (unsigned long long)options->begin, (unsigned long long)total,
                            dp_slice_unit_name(plan->unit));
    plan->begin = options->begin;
    /* What is shared out are the records: a header before them is in every slice. */
    if (plan->unit == DP_UNIT_BYTES && plan->begin < header)
        plan->begin = header;
    plan->end = options->end == 0 || options->end > total ? total : options->end;
    plan->to_the_end = plan->end == total;
    return DP_OK;
}

static int choose_count(struct dp_plan *plan, const struct dp_plan_options *options,
                        struct dp_error *err)
{
    uint64_t length = plan->end - plan->begin;

    plan->size = options->size;
    plan->count = options->part_count;
    if (plan->size)
        plan->count = length / plan->size + (length % plan->size != 0);
    if (plan->count == 0)
        plan->count = 1; /* nothing to cut is one empty slice */
    if (plan->count > DP_SLICE_COUNT_MAX)
        return dp_error_set(err, DP_INVALID, "%s: %llu slices are more than the limit of %llu",
                            dp_object_uri(plan->object), (unsigned long long)plan->count,
                            (unsigned long long)DP_SLICE_COUNT_MAX);
    return DP_OK;
}

/* URLs that need no credentials, one for all slices: they are alike for everybody who has them. An
 * index that is not on S3 stays where it is. */
static int presign(struct dp_plan *plan, unsigned seconds, struct dp_error *err)
{
    struct dp_context *context = plan->object->context;
    const char *uri = dp_object_uri(plan->object), *index = dp_index_uri(plan->index);
    int64_t index_expires;
    int rc;

    if (seconds > DP_PRESIGN_SECONDS_MAX)
        return dp_error_set(err, DP_INVALID, "%s: presigned for more than 7 days", uri);
    if (strncmp(uri, "s3://", 5) != 0)
        return dp_error_set(err, DP_INVALID, "%s: only s3:// objects can be presigned", uri);
    rc = dp_s3_presign(context, uri, seconds, &plan->object_url, &plan->expires, err);
    if (rc || plan->inline_parts || !index || strncmp(index, "s3://", 5) != 0)
        return rc;
    rc = dp_s3_presign(context, index, seconds, &plan->index_url, &index_expires, err);
    if (!rc && index_expires < plan->expires)
        plan->expires = index_expires;
    return rc;
}

int dp_plan_new(struct dp_index *index, struct dp_object *object,
                const struct dp_plan_options *options, struct dp_plan **plan, struct dp_error *err)
{
    struct dp_plan_options given;
    struct dp_plan *made;
    int rc;

    rc = dp_options_take(&given, sizeof(given), options, "plan", err);
    if (!rc)
        rc = check_options(&given, err);
    if (rc)
        return rc;
    rc = dp_index_check_source(index, object, err);
    if (rc)
        return rc;
    made = calloc(1, sizeof(*made));
    if (!made)
        return dp_error_no_memory(err);
    made->index = index;
    made->object = object;
    made->unit = given.unit;
    made->inline_parts = given.inline_parts;
    made->allow_signed = given.allow_signed;
    made->overlap = given.overlap;
    rc = choose_interval(made, &given, err);
    if (!rc)
        rc = choose_count(made, &given, err);
    if (!rc)
        rc = dp_plan_header_open(object->context, index, object, made->inline_parts,
                                 &made->header, err);
    if (!rc && given.presign_seconds)
        rc = presign(made, given.presign_seconds, err);
    if (rc) {
        dp_plan_free(made);
        return rc;
    }
    name_plan(made);
    *plan = made;
    return DP_OK;
}

void dp_plan_free(struct dp_plan *plan)
{
    if (!plan)
        return;
    dp_plan_header_close(&plan->header);
    free(plan->object_url);
    free(plan->index_url);
    free(plan);
}

int64_t dp_plan_expires(const struct dp_plan *plan)
{
    return plan->expires;
}

uint64_t dp_plan_slice_count(const struct dp_plan *plan)
{
    return plan->count;
}

/* ------------------------------------------------------------------------------------ cuts */

/* Where slice i (0-based) begins and slice i - 1 ends. */
static uint64_t boundary(const struct dp_plan *plan, uint64_t i)
{
    uint64_t length = plan->end - plan->begin;
    wide product = (wide)(plan->size ? plan->size : length) * i;

    if (!plan->size)
        return plan->begin + (uint64_t)(product / plan->count);
    return plan->begin + (product > length ? length : (uint64_t)product);
}

/* What the slice is part of, and the object. */
static int describe(const struct dp_plan *plan, const struct dp_plan_place *place, uint64_t number,
                    struct dp_slice *slice, struct dp_error *err)
{
    int rc = dp_plan_piece_source(place, slice, err);

    if (rc)
        return rc;
    memcpy(slice->plan_id, plan->id, sizeof(plan->id));
    name_slice(plan, number, slice->id);
    slice->number = number;
    slice->slice_count = plan->count;
    slice->size = plan->size;
    slice->interval =
        (struct dp_interval){plan->unit, boundary(plan, number - 1), boundary(plan, number),
                             plan->to_the_end && number == plan->count};
    return dp_slice_add_output(slice, slice->sources[0].format->name) ? DP_OK
                                                                      : dp_error_no_memory(err);
}

static int fill(const struct dp_plan *plan, uint64_t number, struct dp_slice *slice,
                struct dp_error *err)
{
    struct dp_plan_place place = {plan->index,        plan->object,     plan->inline_parts,
                                  plan->allow_signed, plan->object_url, plan->index_url};
    int rc = describe(plan, &place, number, slice, err);
    struct dp_interval interval = slice->interval;

    if (interval.begin < interval.end)
        interval.begin -= plan->overlap < interval.begin - plan->begin
                              ? plan->overlap
                              : interval.begin - plan->begin;
    if (!rc)
        rc = dp_plan_header_add(&plan->header, &place, 0, 0, slice, err);
    if (!rc)
        rc = dp_plan_piece_interval(&place, &interval, 0, 0, slice, err);
    slice->record_count = dp_slice_count_records(slice, 0);
    return rc;
}

int dp_plan_slice(const struct dp_plan *plan, uint64_t number, struct dp_slice **slice,
                  struct dp_error *err)
{
    struct dp_slice *made;
    int rc;

    if (number == 0 || number > plan->count)
        return dp_error_set(err, DP_INVALID, "%s: there is no slice %llu of %llu",
                            dp_object_uri(plan->object), (unsigned long long)number,
                            (unsigned long long)plan->count);
    made = calloc(1, sizeof(*made));
    if (!made)
        return dp_error_no_memory(err);
    rc = fill(plan, number, made, err);
    if (!rc)
        rc = dp_slice_check(made, err);
    if (rc) {
        dp_slice_free(made);
        return rc;
    }
    *slice = made;
    return DP_OK;
}

/* ----------------------------------------------------------------------------------- check */

static bool same_edge(const struct dp_edge *a, const struct dp_edge *b)
{
    return a->record == b->record && a->offset == b->offset && a->bases == b->bases &&
           a->line == b->line;
}

static bool same_interval(const struct dp_interval *a, const struct dp_interval *b)
{
    return a->unit == b->unit && a->begin == b->begin && a->end == b->end && a->last == b->last;
}

static bool same_cut(const struct dp_slice *a, const struct dp_slice *b)
{
    return a->slice_count == b->slice_count && a->record_count == b->record_count &&
           same_interval(&a->interval, &b->interval);
}

static bool same_place(const struct dp_slice_piece *a, const struct dp_slice_piece *b)
{
    return a->range.begin == b->range.begin && a->range.end == b->range.end &&
           a->point.uncompressed_offset == b->point.uncompressed_offset &&
           a->point.compressed_bit == b->point.compressed_bit &&
           a->point.mid_member == b->point.mid_member &&
           a->window.raw_bytes == b->window.raw_bytes && a->window.crc32 == b->window.crc32 &&
           same_edge(&a->checkpoint, &b->checkpoint);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_task(const struct dp_slice_piece *a, const struct dp_slice_piece *b)
{
    return a->kind == b->kind && a->source == b->source && a->output == b->output &&
           a->prologue == b->prologue && a->record_count == b->record_count &&
           a->raw_bytes == b->raw_bytes && a->packed_bytes == b->packed_bytes &&
           (!a->packed_bytes || memcmp(a->packed, b->packed, a->packed_bytes) == 0) &&
           same_text(a->filter, b->filter) && same_interval(&a->interval, &b->interval);
}

/* A header is the same whether it is inlined or not. */
static bool same_header(const struct dp_slice_piece *a, const struct dp_slice_piece *b)
{
    const struct dp_slice_piece *inlined = a->kind == DP_PIECE_INLINE ? a : b;
    const struct dp_slice_piece *read = a->kind == DP_PIECE_INLINE ? b : a;

    return a->prologue && b->prologue && inlined->kind == DP_PIECE_INLINE &&
           read->kind == DP_PIECE_BYTES && read->interval.begin == 0 &&
           read->interval.end == inlined->raw_bytes && same_text(a->filter, b->filter);
}

static const char *find_piece_difference(const struct dp_slice *slice,
                                         const struct dp_slice *expected)
{
    size_t i;

    if (slice->piece_count != expected->piece_count)
        return "the number of its pieces is";
    for (i = 0; i < slice->piece_count; i++) {
        const struct dp_slice_piece *a = &slice->pieces[i], *b = &expected->pieces[i];

        if (same_header(a, b))
            continue;
        if (!same_task(a, b))
            return "what it emits is";
        if (!same_place(a, b))
            return "the place it reads is";
        if (a->decoded_end != b->decoded_end || a->decoded_crc32 != b->decoded_crc32)
            return "its checksum is";
    }
    return NULL;
}

/* What is wrong with the slice, when it should be `expected`; NULL when nothing is. */
static const char *find_difference(const struct dp_slice *slice, const struct dp_slice *expected)
{
    size_t i;

    if (slice->source_count != expected->source_count)
        return "the number of its objects is";
    for (i = 0; i < slice->source_count; i++)
        if (slice->sources[i].format != expected->sources[i].format ||
            slice->sources[i].codec != expected->sources[i].codec)
            return "its format or codec is";
    if (slice->output_count != expected->output_count)
        return "the number of its outputs is";
    if (!same_cut(slice, expected))
        return "its interval is";
    return find_piece_difference(slice, expected);
}

/* Do all objects still carry what the slice says of them? */
static bool same_versions(const struct dp_slice *slice, const struct dp_slice *expected)
{
    size_t i;

    for (i = 0; i < slice->source_count; i++)
        if (slice->sources[i].size_bytes != expected->sources[i].size_bytes ||
            strcmp(slice->sources[i].validator, expected->sources[i].validator) != 0)
            return false;
    return true;
}

int dp_plan_check_slice(const struct dp_plan *plan, const struct dp_slice *slice,
                        struct dp_error *err)
{
    const char *uri = dp_object_uri(plan->object), *what;
    unsigned long long number = slice->number;
    struct dp_slice *expected;
    int rc;

    if (slice->number > plan->count)
        return dp_error_set(err, DP_BAD_INDEX, "%s: slice %llu: the plan has only %llu", uri,
                            number, (unsigned long long)plan->count);
    rc = dp_plan_slice(plan, slice->number, &expected, err);
    if (rc)
        return rc;
    what = find_difference(slice, expected);
    if (what)
        rc = dp_error_set(err, DP_BAD_INDEX, "%s: slice %llu: %s not what the index gives", uri,
                          number, what);
    else if (!same_versions(slice, expected))
        rc = dp_error_set(err, DP_CHANGED,
                          "%s: slice %llu: it was planned for another version of "
                          "the object",
                          uri, number);
    dp_slice_free(expected);
    return rc;
}
