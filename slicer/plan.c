/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A plan keeps only what it was asked for: slices are made one by one when they are wanted, so that
 * a plan of 2^31 of them costs no more than a plan of one. */

#include "config.h"

#include "slicer/plan.h"

#include "base/crc32.h"
#include "base/options.h"
#include "connectors/object.h"
#include "connectors/s3.h"
#include "connectors/uri.h"
#include "slicer/slice.h"

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
    bool to_the_end; /* `end` is the total: the last slice takes whatever follows, too */
    bool inline_parts;
    bool allow_signed;
    char *object_url; /* presigned, for all slices; NULL: its own name */
    char *index_url;
    int64_t expires; /* of both, seconds since 1970; 0: never */
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

    snprintf(text, sizeof(text), "dataplug plan 1\n%.128s\n%s %s\n%s %llu %llu %llu %llu\n",
             dp_index_identity(plan->index), dp_index_format(plan->index)->name,
             dp_codec_name(dp_index_codec(plan->index)), dp_slice_unit_name(plan->unit),
             (unsigned long long)plan->begin, (unsigned long long)plan->end,
             (unsigned long long)plan->size, (unsigned long long)plan->count);
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
    uint64_t total;

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
    rc = choose_interval(made, &given, err);
    if (!rc)
        rc = choose_count(made, &given, err);
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

static uint64_t previous_key(const struct dp_index_row *row, enum dp_plan_unit unit)
{
    return unit == DP_UNIT_RECORDS ? row->edge.record - 1
           : unit == DP_UNIT_BYTES ? row->previous_offset
                                   : row->previous_bases;
}

void dp_plan_cut_find(const struct dp_index *index, enum dp_plan_unit unit, uint64_t key,
                      struct dp_plan_cut *cut)
{
    struct dp_index_row before, row;
    size_t i;

    dp_index_row(index, 0, &row);
    if (key <= dp_edge_key(&row.edge, unit)) {
        *cut = (struct dp_plan_cut){row.edge, row.edge.offset, true};
        return;
    }
    /* The last row with a smaller key. Rows may share a key (records without bases), and the cut is
     * the first of these edges: a row whose key equals K may already lie behind it. */
    i = dp_index_row_before(index, unit, key - 1);
    dp_index_row(index, i, &before);
    if (i + 1 < dp_index_row_count(index))
        dp_index_row(index, i + 1, &row);
    else
        row = before; /* only a key beyond the total: the end is as far as one can go */
    /* No record begins between the previous one and the row: when the key lies behind that one, the
     * row is the first edge to reach it. Else the cut is the previous record or one before. */
    if (key > previous_key(&row, unit))
        *cut = (struct dp_plan_cut){row.edge, row.edge.offset, true};
    else
        *cut = (struct dp_plan_cut){before.edge, row.previous_offset, false};
}

/* ----------------------------------------------------------------------------------- slice */

/* A slice that is known to hold nothing fetches nothing. */
static bool known_empty(const struct dp_plan *plan, const struct dp_slice *slice,
                        const struct dp_plan_cut *begin, const struct dp_plan_cut *end)
{
    if (slice->last)
        return begin->exact && begin->from.offset == dp_index_uncompressed_bytes(plan->index);
    return slice->begin == slice->end ||
           (begin->exact && end->exact && begin->from.offset == end->from.offset);
}

/* From the seek point before the checkpoint up to the first checksum edge behind the end. */
static int choose_place(const struct dp_plan *plan, const struct dp_edge *checkpoint,
                        uint64_t bound_offset, struct dp_slice *slice, size_t *point,
                        struct dp_error *err)
{
    const struct dp_index *index = plan->index;

    *point = dp_index_point_before(index, checkpoint->offset);
    dp_index_point(index, *point, &slice->point);
    slice->checkpoint = *checkpoint;
    slice->decoded_end = dp_index_sum_edge(index, bound_offset);
    slice->range = dp_index_compressed_range(index, *point, slice->decoded_end);
    return dp_index_sum(index, slice->point.uncompressed_offset, slice->decoded_end,
                        &slice->decoded_crc32, err);
}

static int inline_window(const struct dp_plan *plan, size_t point, struct dp_slice_window *window,
                         struct dp_error *err)
{
    uint8_t unpacked[DP_WINDOW_BYTES];
    size_t raw_bytes;
    int rc = dp_index_window(plan->index, point, unpacked, &raw_bytes, err);

    if (rc)
        return rc;
    rc = dp_index_window_packed(plan->index, point, &window->packed, &window->packed_bytes, err);
    if (rc)
        return rc;
    window->raw_bytes = (uint32_t)raw_bytes;
    window->crc32 = dp_crc32(0, window->packed, window->packed_bytes);
    return DP_OK;
}

/* The absolute URI of the index for slices. */
static int name_index(const struct dp_plan *plan, char **uri, struct dp_error *err)
{
    const char *place = dp_index_uri(plan->index);

    if (plan->index_url) {
        *uri = strdup(plan->index_url);
        return *uri ? DP_OK : dp_error_no_memory(err);
    }
    if (dp_uri_is_local(place) && dp_uri_scheme_length(place) == 0)
        return dp_uri_from_path(place, uri, err);
    if (dp_uri_is_signed(place) && !plan->allow_signed)
        return dp_error_set(err, DP_INVALID,
                            "%s: the URL of the index is presigned, slices would carry its "
                            "signature: allow that (--allow-signed) or plan with inline windows",
                            dp_object_uri(plan->object));
    *uri = dp_uri_is_signed(place) ? strdup(place) : dp_uri_redact(place);
    return *uri ? DP_OK : dp_error_no_memory(err);
}

static int refer_to_window(const struct dp_plan *plan, size_t point, struct dp_slice_window *window,
                           struct dp_error *err)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_window_reference reference;

    if (!dp_index_uri(plan->index) || !dp_index_window_reference(plan->index, point, &reference))
        return dp_error_set(err, DP_INVALID,
                            "%s: the index is not saved: save it or plan with inline windows",
                            dp_object_uri(plan->object));
    dp_index_info(plan->index, &info);
    window->raw_bytes = reference.raw_bytes;
    window->crc32 = reference.crc32;
    window->range = reference.range;
    window->file_bytes = info.index_bytes;
    return name_index(plan, &window->uri, err);
}

/* The URI that workers open. A signature is a secret: it goes in only when that was asked for. */
static int name_source(const struct dp_plan *plan, struct dp_slice *slice, struct dp_error *err)
{
    const struct dp_object *object = plan->object;
    const char *uri = dp_object_uri(object);

    if (dp_object_is_signed(object)) {
        if (!plan->allow_signed)
            return dp_error_set(err, DP_INVALID,
                                "%s: the URL is presigned, slices would carry its signature: allow "
                                "that (--allow-signed) or plan over the object's own name",
                                uri);
        uri = object->signed_uri;
    }
    slice->uri = strdup(plan->object_url ? plan->object_url : uri);
    slice->validator = strdup(dp_object_validator(object));
    slice->size_bytes = dp_object_size(object);
    return slice->uri && slice->validator ? DP_OK : dp_error_no_memory(err);
}

static void describe(const struct dp_plan *plan, uint64_t number, struct dp_slice *slice)
{
    memcpy(slice->plan_id, plan->id, sizeof(plan->id));
    name_slice(plan, number, slice->id);
    slice->number = number;
    slice->slice_count = plan->count;
    slice->format = dp_index_format(plan->index);
    slice->codec = dp_index_codec(plan->index);
    slice->unit = plan->unit;
    slice->begin = boundary(plan, number - 1);
    slice->end = boundary(plan, number);
    slice->last = plan->to_the_end && number == plan->count;
    slice->record_count = plan->unit == DP_UNIT_RECORDS ? slice->end - slice->begin : UINT64_MAX;
}

static int fill(const struct dp_plan *plan, uint64_t number, struct dp_slice *slice,
                struct dp_error *err)
{
    struct dp_plan_cut begin, end;
    size_t point = 0;
    int rc = name_source(plan, slice, err);

    if (rc)
        return rc;
    describe(plan, number, slice);
    slice->empty = true;
    if (dp_index_row_count(plan->index) == 0 || dp_index_point_count(plan->index) == 0)
        return DP_OK; /* the object holds nothing */
    dp_plan_cut_find(plan->index, plan->unit, slice->begin, &begin);
    dp_plan_cut_find(plan->index, plan->unit, slice->end, &end);
    if (known_empty(plan, slice, &begin, &end))
        return DP_OK;
    slice->empty = false;
    if (slice->last)
        end.bound_offset = dp_index_uncompressed_bytes(plan->index);
    rc = choose_place(plan, &begin.from, end.bound_offset, slice, &point, err);
    if (rc || !slice->point.mid_member)
        return rc;
    return plan->inline_parts ? inline_window(plan, point, &slice->window, err)
                              : refer_to_window(plan, point, &slice->window, err);
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

static bool same_cut(const struct dp_slice *a, const struct dp_slice *b)
{
    return a->slice_count == b->slice_count && a->unit == b->unit && a->begin == b->begin &&
           a->end == b->end && a->last == b->last && a->record_count == b->record_count;
}

static bool same_place(const struct dp_slice *a, const struct dp_slice *b)
{
    if (a->empty || b->empty)
        return a->empty == b->empty;
    return a->range.begin == b->range.begin && a->range.end == b->range.end &&
           a->point.uncompressed_offset == b->point.uncompressed_offset &&
           a->point.compressed_bit == b->point.compressed_bit &&
           a->point.mid_member == b->point.mid_member &&
           a->window.raw_bytes == b->window.raw_bytes && a->window.crc32 == b->window.crc32 &&
           same_edge(&a->checkpoint, &b->checkpoint);
}

static bool same_sums(const struct dp_slice *a, const struct dp_slice *b)
{
    return a->empty || (a->decoded_end == b->decoded_end && a->decoded_crc32 == b->decoded_crc32);
}

/* What is wrong with the slice, when it should be `expected`; NULL when nothing is. */
static const char *find_difference(const struct dp_slice *slice, const struct dp_slice *expected)
{
    if (slice->format != expected->format || slice->codec != expected->codec)
        return "its format or codec is";
    if (!same_cut(slice, expected))
        return "its interval is";
    if (!same_place(slice, expected))
        return "the place it reads is";
    if (!same_sums(slice, expected))
        return "its checksum is";
    return NULL;
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
    else if (slice->size_bytes != expected->size_bytes ||
             strcmp(slice->validator, expected->validator) != 0)
        rc = dp_error_set(err, DP_CHANGED, "%s: slice %llu: it was planned for another version of "
                          "the object", uri, number);
    dp_slice_free(expected);
    return rc;
}
