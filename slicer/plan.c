/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A plan keeps only what it was asked for: slices are made one by one when they are wanted, so that
 * a plan of 2^31 of them costs no more than a plan of one. */

#include "config.h"

#include "slicer/plan.h"

#include "base/options.h"
#include "connectors/object.h"
#include "connectors/s3.h"
#include "slicer/mates.h"
#include "slicer/plan_samples.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Products of two 64-bit counts; GCC and Clang have it on every 64-bit machine. */
typedef unsigned __int128 wide;

static const char *const mate_outputs[DP_PLAN_PLACES_MAX] = {"R1", "R2"};

/* ------------------------------------------------------------------------------------- ids */

static void hash_text(struct sha256_ctx *context, const char *text)
{
    sha256_update(context, strlen(text), (const uint8_t *)text);
}

/* The first half of the hash: 128 bits are plenty to tell plans apart. */
static void finish_id(struct sha256_ctx *context, dp_slice_id id)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    size_t i;

    sha256_digest(context, sizeof(digest), digest);
    for (i = 0; i < DP_SLICE_ID_DIGITS / 2; i++)
        snprintf(id + 2 * i, 3, "%02x", digest[i]);
}

static void hash_member(struct sha256_ctx *context, const struct dp_plan_member *member)
{
    char text[256];
    uint32_t i;

    for (i = 0; i < member->place_count; i++) {
        const struct dp_index *index = member->places[i].index;

        snprintf(text, sizeof(text), "%.128s\n%s %s\n", dp_index_identity(index),
                 dp_index_format(index)->name, dp_codec_name(dp_index_codec(index)));
        hash_text(context, text);
    }
    if (member->regions) {
        snprintf(text, sizeof(text), "regions %s\n", dp_plan_region_id(member->regions));
        hash_text(context, text);
    }
    if (member->contig_only) {
        snprintf(text, sizeof(text), "contig %llu %llu\n",
                 (unsigned long long)member->contig.begin, (unsigned long long)member->contig.end);
        hash_text(context, text);
    }
}

/* The same bytes cut the same way have the same ids, wherever they lie. */
static void name_plan(struct dp_plan *plan)
{
    struct sha256_ctx context;
    char text[256], overlap[40] = "";
    size_t i;

    if (plan->overlap)
        snprintf(overlap, sizeof(overlap), "overlap %llu\n", (unsigned long long)plan->overlap);
    sha256_init(&context);
    hash_text(&context, "dataplug plan 1\n");
    for (i = 0; i < plan->member_count; i++)
        hash_member(&context, &plan->members[i]);
    snprintf(text, sizeof(text), "%s %llu %llu %llu %llu\n%s%s%s", dp_slice_unit_name(plan->unit),
             (unsigned long long)plan->begin, (unsigned long long)plan->end,
             (unsigned long long)plan->size, (unsigned long long)plan->count, overlap,
             plan->output_count > 1 ? "paired\n" : "", plan->span ? "span\n" : "");
    hash_text(&context, text);
    if (plan->columns) {
        hash_text(&context, "columns ");
        hash_text(&context, plan->columns);
    }
    finish_id(&context, plan->id);
}

static void name_slice(const struct dp_plan *plan, uint64_t number, dp_slice_id id)
{
    struct sha256_ctx context;
    char text[128];

    sha256_init(&context);
    snprintf(text, sizeof(text), "dataplug slice 1\n%s %llu\n", plan->id,
             (unsigned long long)number);
    hash_text(&context, text);
    finish_id(&context, id);
}

/* --------------------------------------------------------------------------------- members */

/* What goes by place: regions, windows, contigs. */
static int check_places(const struct dp_plan_options *options, struct dp_error *err)
{
    int places = !!options->region_count + !!options->window_bases + !!options->by_contig;

    if (options->unit == DP_UNIT_REGIONS ? places != 1 : places > 0)
        return dp_error_set(err, DP_INVALID,
                            "plan: one of regions, windows and contigs goes with their unit");
    if (options->unit == DP_UNIT_REGIONS && (options->paired || options->span))
        return dp_error_set(err, DP_INVALID, "plan: regions are those of one object");
    if (options->contig && (options->begin || options->end || options->paired || options->span ||
                            (options->unit != DP_UNIT_RECORDS && options->unit != DP_UNIT_BYTES)))
        return dp_error_set(err, DP_INVALID,
                            "plan: the records of a contig are cut by records or bytes");
    return DP_OK;
}

static int check_options(const struct dp_plan_options *options, size_t source_count,
                         struct dp_error *err)
{
    if ((options->part_count == 0) == (options->size == 0))
        return dp_error_set(err, DP_INVALID, "plan: give either a number of slices or their size");
    if (options->unit != DP_UNIT_RECORDS && options->unit != DP_UNIT_BYTES &&
        options->unit != DP_UNIT_BASES && options->unit != DP_UNIT_REGIONS)
        return dp_error_set(err, DP_INVALID, "plan: unknown unit %d", (int)options->unit);
    if (options->begin > options->end && options->end != 0)
        return dp_error_set(err, DP_INVALID, "plan: begin %llu lies behind end %llu",
                            (unsigned long long)options->begin, (unsigned long long)options->end);
    if (options->overlap && (options->unit != DP_UNIT_RECORDS || options->span))
        return dp_error_set(err, DP_INVALID, "plan: slices overlap by records of one object only");
    if (source_count == 0 || (options->paired && source_count % 2))
        return dp_error_set(err, DP_INVALID, "plan: %zu objects are no pairs of mates",
                            source_count);
    return check_places(options, err);
}

/* Objects that hold nothing need no slices, unless there is nothing else. */
static bool holds_nothing(const struct dp_index *index)
{
    return dp_index_uncompressed_bytes(index) == 0;
}

static int check_source(const struct dp_plan_source *source, const struct dp_plan_options *options,
                        struct dp_error *err)
{
    const struct dp_format *format = dp_index_format(source->index);

    if (options->unit == DP_UNIT_BASES && !format->has_bases && !holds_nothing(source->index))
        return dp_error_set(err, DP_UNSUPPORTED, "%s: format %s has no bases to cut by",
                            dp_object_uri(source->object), format->name);
    return dp_index_check_source(source->index, source->object, err);
}

/* Where in the object the regions or the contig are that the plan asks for. */
static int find_places(const struct dp_plan_place *place, const struct dp_plan_options *options,
                       struct dp_plan_member *member, struct dp_error *err)
{
    const char *uri = dp_object_uri(place->object);

    if (options->unit == DP_UNIT_REGIONS)
        return dp_plan_region_open(place->index, uri, options, &member->regions, err);
    if (!options->contig)
        return DP_OK;
    member->contig_only = true;
    return dp_plan_region_contig(place->index, uri, options->contig, options->unit,
                                 &member->contig, err);
}

/* Fills a member from the source, or two of them, at `sources`. */
static int make_member(const struct dp_plan_source *sources, const struct dp_plan_options *options,
                       struct dp_plan_member *member, struct dp_error *err)
{
    uint32_t i;
    int rc = DP_OK;

    member->place_count = options->paired ? 2 : 1;
    for (i = 0; i < member->place_count && !rc; i++) {
        rc = check_source(&sources[i], options, err);
        member->places[i] = (struct dp_plan_place){.index = sources[i].index,
                                                   .object = sources[i].object,
                                                   .inline_parts = options->inline_parts,
                                                   .allow_signed = options->allow_signed};
    }
    if (!rc)
        rc = dp_plan_header_open(sources[0].object->context, sources[0].index, sources[0].object,
                                 options->inline_parts, &member->header, err);
    if (!rc && options->paired)
        rc = dp_mates_check(&member->places[0], &member->places[1], err);
    if (rc)
        return rc;
    rc = find_places(&member->places[0], options, member, err);
    if (rc)
        return rc;
    /* Mates in one object stay together. */
    member->step = !options->paired && !options->split_mates &&
                           dp_index_is_interleaved(sources[0].index)
                       ? 2
                       : 1;
    member->total = member->regions ? dp_plan_region_count(member->regions)
                                    : dp_plan_member_total(member, options->unit);
    return DP_OK;
}

static int make_members(struct dp_plan *plan, const struct dp_plan_source *sources,
                        size_t source_count, const struct dp_plan_options *options,
                        struct dp_error *err)
{
    size_t step = options->paired ? 2 : 1, i;
    int rc = DP_OK;

    plan->members = calloc(source_count / step, sizeof(*plan->members));
    if (!plan->members)
        return dp_error_no_memory(err);
    for (i = 0; i < source_count && !rc; i += step) {
        struct dp_plan_member *member = &plan->members[plan->member_count];

        memset(member, 0, sizeof(*member));
        rc = make_member(&sources[i], options, member, err);
        if (rc ||
            (holds_nothing(sources[i].index) && plan->member_count + source_count - i > step)) {
            dp_plan_header_close(&member->header);
            dp_plan_region_close(member->regions);
            continue; /* there are others */
        }
        member->first = plan->total;
        plan->total += member->total;
        plan->member_count++;
    }
    return rc;
}

/* Slices across objects are one stream each: the objects must be alike. */
static int check_formats(const struct dp_plan *plan, struct dp_error *err)
{
    const struct dp_plan_place *first = &plan->members[0].places[0];
    size_t i;

    if (plan->span && plan->member_count > 1 && plan->members[0].header.bytes)
        return dp_error_set(err, DP_UNSUPPORTED,
                            "%s: it has a header: slices cannot span it and "
                            "others",
                            dp_object_uri(first->object));
    if (plan->unit == DP_UNIT_BASES && !dp_index_format(first->index)->has_bases)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: it holds no bases to cut by",
                            dp_object_uri(first->object));
    for (i = 1; i < plan->member_count && plan->span; i++) {
        const struct dp_plan_place *place = &plan->members[i].places[0];

        if (dp_index_format(place->index) != dp_index_format(first->index))
            return dp_error_set(err, DP_UNSUPPORTED,
                                "%s: format %s, but %s before it: slices "
                                "cannot span both",
                                dp_object_uri(place->object), dp_index_format(place->index)->name,
                                dp_index_format(first->index)->name);
    }
    return DP_OK;
}

/* ------------------------------------------------------------------------------------ cuts */

/* What is shared out are the records: a header before them is in every slice. */
static void skip_header(struct dp_plan_member *member, enum dp_plan_unit unit)
{
    uint64_t header = member->header.bytes < member->end ? member->header.bytes : member->end;

    if (unit == DP_UNIT_BYTES && member->begin < header)
        member->begin = header;
}

/* Sets begin and end of the plan and of each member. */
static int choose_interval(struct dp_plan *plan, const struct dp_plan_options *options,
                           struct dp_error *err)
{
    size_t i;

    if (options->begin > plan->total)
        return dp_error_set(
            err, DP_INVALID, "%s: begin %llu lies beyond the end: there are %llu %s",
            dp_object_uri(plan->members[0].places[0].object), (unsigned long long)options->begin,
            (unsigned long long)plan->total, dp_slice_unit_name(plan->unit));
    plan->begin = options->begin;
    plan->end = options->end == 0 || options->end > plan->total ? plan->total : options->end;
    for (i = 0; i < plan->member_count; i++) {
        struct dp_plan_member *member = &plan->members[i];
        uint64_t after = member->first + member->total;

        member->begin = plan->begin < member->first ? 0
                        : plan->begin > after       ? member->total
                                                    : plan->begin - member->first;
        member->end = plan->end < member->first ? 0
                      : plan->end > after       ? member->total
                                                : plan->end - member->first;
        skip_header(member, plan->unit);
        if (member->contig_only) {
            member->begin = member->contig.begin;
            member->end = member->contig.end;
        }
    }
    if (plan->member_count == 1) {
        plan->begin = plan->members[0].begin;
        plan->end = plan->members[0].end;
    }
    return DP_OK;
}

static uint64_t count_of_size(uint64_t length, uint64_t size)
{
    uint64_t count = length / size + (length % size != 0);

    return count ? count : 1; /* nothing to cut is one empty slice */
}

/* Slices that are cut by one rule from the begin to the end. */
static bool in_one(const struct dp_plan *plan)
{
    return plan->span || plan->member_count == 1;
}

static int choose_counts(struct dp_plan *plan, const struct dp_plan_options *options,
                         struct dp_error *err)
{
    size_t i;
    int rc = DP_OK;

    plan->size = options->size;
    if (in_one(plan)) {
        plan->count =
            plan->size ? count_of_size(plan->end - plan->begin, plan->size) : options->part_count;
        plan->members[0].count = plan->count;
    } else {
        if (!plan->size)
            rc = dp_plan_share(plan->members, plan->member_count, options->part_count, err);
        for (i = 0; i < plan->member_count; i++) {
            struct dp_plan_member *member = &plan->members[i];

            if (plan->size)
                member->count = count_of_size(member->end - member->begin, plan->size);
            member->number = plan->count;
            plan->count += member->count;
        }
    }
    if (!rc && plan->count > DP_PLAN_SLICES_MAX)
        return dp_error_set(err, DP_INVALID, "%s: %llu slices are more than the limit of %llu",
                            dp_object_uri(plan->members[0].places[0].object),
                            (unsigned long long)plan->count,
                            (unsigned long long)DP_PLAN_SLICES_MAX);
    return rc;
}

/* -------------------------------------------------------------------------------- presigned */

/* URLs that need no credentials, one for all slices: they are alike for everybody who has them. An
 * index that is not on S3 stays where it is. */
static int presign(struct dp_plan *plan, struct dp_plan_place *place, unsigned seconds,
                   struct dp_error *err)
{
    struct dp_context *context = place->object->context;
    const char *uri = dp_object_uri(place->object), *index = dp_index_uri(place->index);
    char **urls[2] = {&place->object_url, &place->index_url};
    const char *names[2] = {uri, index};
    int i, rc = DP_OK;

    if (seconds > DP_PRESIGN_SECONDS_MAX)
        return dp_error_set(err, DP_INVALID, "%s: presigned for more than 7 days", uri);
    if (strncmp(uri, "s3://", 5) != 0)
        return dp_error_set(err, DP_INVALID, "%s: only s3:// objects can be presigned", uri);
    if (place->inline_parts || !index || strncmp(index, "s3://", 5) != 0)
        names[1] = NULL;
    for (i = 0; i < 2 && names[i] && !rc; i++) {
        int64_t expires = 0;

        rc = dp_s3_presign(context, names[i], seconds, urls[i], &expires, err);
        if (!rc && (!plan->expires || expires < plan->expires))
            plan->expires = expires;
    }
    return rc;
}

static int presign_all(struct dp_plan *plan, unsigned seconds, struct dp_error *err)
{
    size_t i;
    uint32_t k;
    int rc = DP_OK;

    for (i = 0; i < plan->member_count; i++)
        for (k = 0; k < plan->members[i].place_count && !rc; k++)
            rc = presign(plan, &plan->members[i].places[k], seconds, err);
    return rc;
}

/* --------------------------------------------------------------------------------- samples */

static int choose_samples(struct dp_plan *plan, const struct dp_plan_source *sources,
                          size_t source_count, const char *samples, struct dp_error *err)
{
    if (source_count != 1)
        return dp_error_set(err, DP_INVALID, "plan: samples are those of one object");
    return dp_plan_samples_read(sources[0].index, sources[0].object, samples, &plan->columns, err);
}

/* ------------------------------------------------------------------------------------ plan */

int dp_plan_new_many(const struct dp_plan_source *sources, size_t source_count,
                     const struct dp_plan_options *options, struct dp_plan **plan,
                     struct dp_error *err)
{
    struct dp_plan_options given;
    struct dp_plan *made;
    int rc;

    rc = dp_options_take(&given, sizeof(given), options, "plan", err);
    if (!rc)
        rc = check_options(&given, source_count, err);
    if (rc)
        return rc;
    made = calloc(1, sizeof(*made));
    if (!made)
        return dp_error_no_memory(err);
    made->unit = given.unit;
    made->span = given.span;
    made->overlap = given.overlap;
    made->output_count = given.paired ? 2 : 1;
    rc = make_members(made, sources, source_count, &given, err);
    if (!rc)
        rc = check_formats(made, err);
    if (!rc)
        rc = choose_interval(made, &given, err);
    if (!rc)
        rc = choose_counts(made, &given, err);
    if (!rc && given.samples)
        rc = choose_samples(made, sources, source_count, given.samples, err);
    if (!rc && given.presign_seconds)
        rc = presign_all(made, given.presign_seconds, err);
    if (rc) {
        dp_plan_free(made);
        return rc;
    }
    name_plan(made);
    *plan = made;
    return DP_OK;
}

int dp_plan_new(struct dp_index *index, struct dp_object *object,
                const struct dp_plan_options *options, struct dp_plan **plan, struct dp_error *err)
{
    struct dp_plan_source source = {index, object};

    return dp_plan_new_many(&source, 1, options, plan, err);
}

int dp_plan_new_tabix(const struct dp_tabix *tabix, struct dp_object *object,
                      const struct dp_plan_options *options, struct dp_plan **plan,
                      struct dp_error *err)
{
    struct dp_plan_options given;
    struct dp_plan *made;
    int rc = dp_options_take(&given, sizeof(given), options, "plan", err);

    if (rc)
        return rc;
    made = calloc(1, sizeof(*made));
    if (!made)
        return dp_error_no_memory(err);
    rc = dp_plan_tabix_new(tabix, object, &given, &made->tabix, err);
    if (rc) {
        free(made);
        return rc;
    }
    made->count = dp_plan_tabix_count(made->tabix);
    made->expires = dp_plan_tabix_expires(made->tabix);
    *plan = made;
    return DP_OK;
}

void dp_plan_free(struct dp_plan *plan)
{
    size_t i;
    uint32_t k;

    if (!plan)
        return;
    for (i = 0; i < plan->member_count; i++) {
        dp_plan_header_close(&plan->members[i].header);
        dp_plan_region_close(plan->members[i].regions);
        for (k = 0; k < plan->members[i].place_count; k++) {
            free(plan->members[i].places[k].object_url);
            free(plan->members[i].places[k].index_url);
        }
    }
    dp_plan_tabix_free(plan->tabix);
    free(plan->columns);
    free(plan->members);
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

/* ---------------------------------------------------------------------------------- slices */

/* Where slice i (0-based) of `count` begins and slice i - 1 ends; a size of 0: equal parts. */
static uint64_t boundary(uint64_t begin, uint64_t end, uint64_t size, uint64_t count, uint64_t i)
{
    uint64_t length = end - begin;
    wide product = (wide)(size ? size : length) * i;

    if (!size)
        return begin + (uint64_t)(product / count);
    return begin + (product > length ? length : (uint64_t)product);
}

/* The last of the members for which `number` (0-based, of a slice) is not too small. */
static const struct dp_plan_member *owner_of(const struct dp_plan *plan, uint64_t number)
{
    size_t low = 0, high = plan->member_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (plan->members[middle].number <= number)
            low = middle;
        else
            high = middle;
    }
    return &plan->members[low];
}

/* A slice of one member: interval number i of its own. */
static int fill_alone(const struct dp_plan *plan, uint64_t number, struct dp_slice *slice,
                      struct dp_error *err)
{
    const struct dp_plan_member *member = owner_of(plan, number - 1);
    uint64_t i = number - 1 - member->number;
    struct dp_interval own = {
        plan->unit, boundary(member->begin, member->end, plan->size, member->count, i),
        boundary(member->begin, member->end, plan->size, member->count, i + 1),
        member->end == member->total && i + 1 == member->count};

    slice->interval.begin = member->first + own.begin;
    slice->interval.end = member->first + own.end;
    if (own.begin < own.end)
        own.begin -=
            plan->overlap < own.begin - member->begin ? plan->overlap : own.begin - member->begin;
    return dp_plan_member_fill(member, &own, slice, err);
}

/* What of a member lies in [begin, end) of all keys; false: nothing. A member without keys (reads
 * without bases) belongs to the slice that holds the key at which it stands. `last`: the slice ends
 * the plan. */
static bool share_of(const struct dp_plan_member *member, uint64_t begin, uint64_t end, bool last,
                     struct dp_interval *own)
{
    uint64_t after = member->first + member->total;

    if (member->total == 0) {
        own->begin = own->end = 0;
        own->last = true;
        return begin <= member->first && (member->first < end || (last && member->first == end));
    }
    own->begin = begin > member->first ? begin - member->first : 0;
    own->end = (end < after ? end : after) - member->first;
    own->last = own->end == member->total;
    return begin < after && end > member->first && begin < end;
}

/* A slice that goes across members. */
static int fill_across(const struct dp_plan *plan, uint64_t number, struct dp_slice *slice,
                       struct dp_error *err)
{
    uint64_t begin = boundary(plan->begin, plan->end, plan->size, plan->count, number - 1);
    uint64_t end = boundary(plan->begin, plan->end, plan->size, plan->count, number);
    struct dp_interval own = {.unit = plan->unit};
    size_t i = 0, high = plan->member_count - 1;
    int rc = DP_OK;

    slice->interval.begin = begin;
    slice->interval.end = end;
    while (i < high) { /* the first member that does not end before the slice */
        size_t middle = i + (high - i) / 2;

        if (plan->members[middle].first + plan->members[middle].total >= begin)
            high = middle;
        else
            i = middle + 1;
    }
    for (; i < plan->member_count && plan->members[i].first <= end && !rc; i++)
        if (share_of(&plan->members[i], begin, end, number == plan->count, &own))
            rc = dp_plan_member_fill(&plan->members[i], &own, slice, err);
    if (!rc && slice->source_count == 0) /* nothing at all: a slice still names an object */
        rc = dp_plan_piece_source(&plan->members[high].places[0], slice, err);
    return rc;
}

static int fill(const struct dp_plan *plan, uint64_t number, struct dp_slice *slice,
                struct dp_error *err)
{
    uint32_t i;
    int rc;

    memcpy(slice->plan_id, plan->id, sizeof(plan->id));
    name_slice(plan, number, slice->id);
    slice->number = number;
    slice->slice_count = plan->count;
    slice->size = plan->size;
    slice->span = plan->span;
    slice->interval.unit = plan->unit;
    slice->interval.last = plan->end == plan->total && number == plan->count;
    rc = plan->span && plan->member_count > 1 ? fill_across(plan, number, slice, err)
                                              : fill_alone(plan, number, slice, err);
    for (i = 0; i < plan->output_count && !rc; i++)
        if (!dp_slice_add_output(slice, plan->output_count > 1 ? mate_outputs[i]
                                                               : slice->sources[0].format->name))
            rc = dp_error_no_memory(err);
    slice->record_count = dp_slice_count_records(slice, 0);
    return !rc && plan->columns ? dp_plan_samples_apply(plan->columns, slice, err) : rc;
}

int dp_plan_slice(const struct dp_plan *plan, uint64_t number, struct dp_slice **slice,
                  struct dp_error *err)
{
    struct dp_slice *made;
    int rc;

    if (number == 0 || number > plan->count)
        return dp_error_set(err, DP_INVALID, "%s: there is no slice %llu of %llu",
                            dp_object_uri(plan->tabix ? dp_plan_tabix_object(plan->tabix)
                                                      : plan->members[0].places[0].object),
                            (unsigned long long)number, (unsigned long long)plan->count);
    made = calloc(1, sizeof(*made));
    if (!made)
        return dp_error_no_memory(err);
    rc = plan->tabix ? dp_plan_tabix_fill(plan->tabix, number, made, err)
                     : fill(plan, number, made, err);
    if (!rc)
        rc = dp_slice_check(made, err);
    if (rc) {
        dp_slice_free(made);
        return rc;
    }
    *slice = made;
    return DP_OK;
}
