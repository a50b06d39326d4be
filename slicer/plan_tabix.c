/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/plan_tabix.h"

#include "connectors/object.h"
#include "connectors/s3.h"
#include "index/tabix_object.h"
#include "slicer/plan_piece.h"
#include "slicer/plan_samples.h"
#include "slicer/tabix_regions.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 wide;

/* What one slice is: some tasks, one after the other. */
struct share {
    size_t first, count;
    uint64_t record_count; /* UINT64_MAX: not known */
    uint64_t begin, end;   /* regions: their numbers */
};

struct dp_plan_tabix {
    const struct dp_tabix *tabix;
    struct dp_object *object;
    struct dp_tabix_object facts;
    struct dp_array shares;  /* struct share */
    struct dp_array tasks;   /* struct dp_tabix_task */
    struct dp_array filters; /* char *, owned */
    bool by_region;          /* `begin` and `end` of shares are set */
    bool allow_signed;
    char *columns;    /* keys of filters for the samples asked for; NULL: all */
    char *object_url; /* presigned; NULL: its own name */
    int64_t expires;
    dp_slice_id id;
};

/* ------------------------------------------------------------------------------------- ids */

static void write_hex(const uint8_t digest[SHA256_DIGEST_SIZE], dp_slice_id id)
{
    size_t i;

    for (i = 0; i < DP_SLICE_ID_DIGITS / 2; i++)
        snprintf(id + 2 * i, 3, "%02x", digest[i]);
}

static void hash_u64(struct sha256_ctx *context, uint64_t value)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)value);

    sha256_update(context, (size_t)length, (const uint8_t *)text);
}

/* The same header, size and cuts have the same id, wherever the object lies. */
static void name_plan(struct dp_plan_tabix *plan)
{
    static const char kind[] = "dataplug plan 1 blocks\n";
    const struct dp_tabix_task *tasks = plan->tasks.data;
    const struct share *shares = plan->shares.data;
    char *const *filters = plan->filters.data;
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx context;
    size_t i;

    sha256_init(&context);
    sha256_update(&context, sizeof(kind) - 1, (const uint8_t *)kind);
    hash_u64(&context, dp_object_size(plan->object));
    sha256_update(&context, plan->facts.header.length, plan->facts.header.data);
    for (i = 0; i < plan->shares.length; i++)
        hash_u64(&context, shares[i].count);
    for (i = 0; i < plan->tasks.length; i++) {
        hash_u64(&context, tasks[i].chunk.begin);
        hash_u64(&context, tasks[i].chunk.end);
    }
    for (i = 0; i < plan->filters.length; i++)
        sha256_update(&context, strlen(filters[i]), (const uint8_t *)filters[i]);
    if (plan->columns)
        sha256_update(&context, strlen(plan->columns), (const uint8_t *)plan->columns);
    sha256_digest(&context, sizeof(digest), digest);
    write_hex(digest, plan->id);
}

static void name_slice(const struct dp_plan_tabix *plan, uint64_t number, dp_slice_id id)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx context;
    char text[128];
    int length = snprintf(text, sizeof(text), "dataplug slice 1\n%s %llu\n", plan->id,
                          (unsigned long long)number);

    sha256_init(&context);
    sha256_update(&context, (size_t)length, (const uint8_t *)text);
    sha256_digest(&context, sizeof(digest), digest);
    write_hex(digest, id);
}

/* ----------------------------------------------------------------------------------- shares */

/* Makes the tasks that were added since `first` a slice. */
static int add_share(struct dp_plan_tabix *plan, size_t first, uint64_t record_count,
                     uint64_t begin, uint64_t end, struct dp_error *err)
{
    struct share share = {first, plan->tasks.length - first, record_count, begin, end};

    return dp_array_append(&plan->shares, &share, 1, sizeof(share)) ? DP_OK
                                                                    : dp_error_no_memory(err);
}

/* A slice of all records between two virtual offsets, which may be none. */
static int add_chunk(struct dp_plan_tabix *plan, uint64_t begin, uint64_t end, uint64_t records,
                     struct dp_error *err)
{
    struct dp_tabix_task task = {{begin, end}, SIZE_MAX};
    size_t first = plan->tasks.length;

    if (begin < end && !dp_array_append(&plan->tasks, &task, 1, sizeof(task)))
        return dp_error_no_memory(err);
    return add_share(plan, first, begin < end ? records : 0, 0, 0, err);
}

/* The edge nearest to `wanted`. */
static uint64_t nearest_edge(const uint64_t *edges, size_t count, uint64_t wanted)
{
    size_t low = 0, high = count - 1;

    while (low < high) { /* the first edge that is not below */
        size_t middle = low + (high - low) / 2;

        if (edges[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && wanted - edges[low - 1] < edges[low] - wanted)
        low--;
    return edges[low];
}

/* Equal parts of the compressed bytes of `all`, as near as the edges are; `records` of them. */
static int cut_parts(struct dp_plan_tabix *plan, struct dp_tabix_chunk all, uint64_t records,
                     uint64_t part_count, struct dp_error *err)
{
    size_t count;
    const uint64_t *edges = dp_tabix_edges(plan->tabix, &count);
    uint64_t i, begin = all.begin, end = all.end, wanted;
    int rc = DP_OK;

    if (part_count > DP_PLAN_SLICES_MAX)
        return dp_error_set(err, DP_INVALID, "%s: %llu slices are more than the limit of %llu",
                            dp_object_uri(plan->object), (unsigned long long)part_count,
                            (unsigned long long)DP_PLAN_SLICES_MAX);
    for (i = 1; i <= part_count && !rc; i++, begin = end) {
        wanted = all.begin + (uint64_t)((wide)(all.end - all.begin) * i / part_count);
        end = i == part_count || count == 0 ? all.end : nearest_edge(edges, count, wanted);
        /* Edges of other contigs are none of this one. */
        end = end < begin ? begin : end > all.end ? all.end : end;
        rc = add_chunk(plan, begin, end, part_count == 1 ? records : UINT64_MAX, err);
    }
    return rc;
}

/* The records of all contigs; UINT64_MAX when one of them is not known. */
static uint64_t total_records(const struct dp_tabix *tabix)
{
    struct dp_tabix_contig contig;
    uint64_t total = 0;
    size_t i;

    for (i = 0; i < dp_tabix_contig_count(tabix); i++) {
        dp_tabix_contig(tabix, i, &contig);
        if (contig.record_count > DP_SLICE_INTEGER_MAX - total)
            return UINT64_MAX;
        total += contig.record_count;
    }
    return total;
}

/* Parts of one contig. */
static int cut_contig(struct dp_plan_tabix *plan, const char *name, uint64_t part_count,
                      struct dp_error *err)
{
    size_t i = dp_tabix_object_contig(plan->tabix, &plan->facts, name);
    struct dp_tabix_contig contig = {0};

    if (i != SIZE_MAX)
        dp_tabix_contig(plan->tabix, i, &contig);
    if (contig.range.end == 0)
        return dp_error_set(err, DP_NOT_FOUND, "%s: no record is on contig %s",
                            dp_object_uri(plan->object), name);
    return cut_parts(plan, contig.range, contig.record_count, part_count, err);
}

/* ---------------------------------------------------------------------------------- regions */

static int compare_contigs(const void *a, const void *b)
{
    const struct dp_tabix_contig *x = a, *y = b;

    return (x->range.begin > y->range.begin) - (x->range.begin < y->range.begin);
}

/* Those that have records (struct dp_tabix_contig), as they come in the object. */
static int list_contigs(const struct dp_tabix *tabix, struct dp_array *list, struct dp_error *err)
{
    struct dp_tabix_contig contig;
    size_t i;

    for (i = 0; i < dp_tabix_contig_count(tabix); i++) {
        dp_tabix_contig(tabix, i, &contig);
        if (contig.range.end && !dp_array_append(list, &contig, 1, sizeof(contig)))
            return dp_error_no_memory(err);
    }
    if (list->length)
        qsort(list->data, list->length, sizeof(contig), compare_contigs);
    return DP_OK;
}

/* A slice of contigs [begin, end): they follow each other. */
static int add_contigs(struct dp_plan_tabix *plan, const struct dp_array *list, uint64_t begin,
                       uint64_t end, struct dp_error *err)
{
    const struct dp_tabix_contig *contigs = list->data;
    struct dp_tabix_task task = {.filter = SIZE_MAX};
    size_t first = plan->tasks.length;
    uint64_t i, records = 0;

    for (i = begin; i < end; i++)
        records = records == UINT64_MAX || contigs[i].record_count > DP_SLICE_INTEGER_MAX - records
                      ? UINT64_MAX
                      : records + contigs[i].record_count;
    if (begin < end) {
        task.chunk.begin = contigs[begin].range.begin;
        task.chunk.end = contigs[end - 1].range.end;
        if (!dp_array_append(&plan->tasks, &task, 1, sizeof(task)))
            return dp_error_no_memory(err);
    }
    return add_share(plan, first, records, begin, end, err);
}

static int add_regions(struct dp_plan_tabix *plan, const struct dp_array *list, uint64_t begin,
                       uint64_t end, struct dp_error *err)
{
    size_t first = plan->tasks.length;
    int rc = dp_tabix_regions_tasks(plan->tabix, &plan->facts, list, (size_t)begin, (size_t)end,
                                    &plan->tasks, &plan->filters, err);

    return rc ? rc : add_share(plan, first, UINT64_MAX, begin, end, err);
}

/* Shares the contigs or regions of a list out by their number. */
static int share_out(struct dp_plan_tabix *plan, const struct dp_plan_options *options,
                     const struct dp_array *list, struct dp_error *err)
{
    uint64_t total = list->length, size = options->size, count = options->part_count, i;
    int rc = DP_OK;

    if (size)
        count = total / size + (total % size != 0 || total == 0);
    if (count > DP_PLAN_SLICES_MAX)
        return dp_error_set(err, DP_INVALID, "%s: %llu slices are more than the limit of %llu",
                            dp_object_uri(plan->object), (unsigned long long)count,
                            (unsigned long long)DP_PLAN_SLICES_MAX);
    plan->by_region = true;
    for (i = 0; i < count && !rc; i++) {
        uint64_t begin = size ? i * size : (uint64_t)((wide)total * i / count);
        uint64_t end = size ? begin + size : (uint64_t)((wide)total * (i + 1) / count);

        rc = (options->by_contig ? add_contigs : add_regions)(plan, list, begin,
                                                              end < total ? end : total, err);
    }
    return rc;
}

static int cut_regions(struct dp_plan_tabix *plan, const struct dp_plan_options *options,
                       struct dp_error *err)
{
    struct dp_array list = {0};
    int rc = options->by_contig
                 ? list_contigs(plan->tabix, &list, err)
                 : dp_tabix_regions_list(plan->tabix, &plan->facts, options, &list, err);

    if (!rc)
        rc = share_out(plan, options, &list, err);
    dp_array_free(&list);
    return rc;
}

static int cut(struct dp_plan_tabix *plan, const struct dp_plan_options *options,
               struct dp_error *err)
{
    bool regions = options->unit == DP_UNIT_REGIONS;

    if ((!regions && options->size) || options->begin || options->end || options->overlap ||
        options->window_bases || (options->part_count == 0) == (options->size == 0))
        return dp_error_set(err, DP_UNSUPPORTED,
                            "%s: a .tbi or .csi knows neither record numbers nor uncompressed "
                            "bytes nor windows, only parts, contigs and regions can be cut: for "
                            "more, run dp-index build",
                            dp_tabix_uri(plan->tabix));
    if (regions && (options->by_contig != 0) + (options->region_count != 0) != 1)
        return dp_error_set(err, DP_INVALID,
                            "plan: one of regions and contigs goes with their unit");
    if (regions)
        return cut_regions(plan, options, err);
    if (options->contig)
        return cut_contig(plan, options->contig, options->part_count, err);
    return cut_parts(plan, dp_tabix_range(plan->tabix), total_records(plan->tabix),
                     options->part_count, err);
}

/* -------------------------------------------------------------------------------------- new */

static int presign(struct dp_plan_tabix *plan, unsigned seconds, struct dp_error *err)
{
    const char *uri = dp_object_uri(plan->object);

    if (seconds > DP_PRESIGN_SECONDS_MAX)
        return dp_error_set(err, DP_INVALID, "%s: presigned for more than 7 days", uri);
    if (strncmp(uri, "s3://", 5) != 0)
        return dp_error_set(err, DP_INVALID, "%s: only s3:// objects can be presigned", uri);
    return dp_s3_presign(plan->object->context, uri, seconds, &plan->object_url, &plan->expires,
                         err);
}

int dp_plan_tabix_new(const struct dp_tabix *tabix, struct dp_object *object,
                      const struct dp_plan_options *options, struct dp_plan_tabix **plan,
                      struct dp_error *err)
{
    struct dp_plan_tabix *made = calloc(1, sizeof(*made));
    int rc;

    if (!made)
        return dp_error_no_memory(err);
    made->tabix = tabix;
    made->object = object;
    made->allow_signed = options->allow_signed;
    rc = dp_tabix_object_open(tabix, object, &made->facts, err);
    if (!rc)
        rc = cut(made, options, err);
    if (!rc && options->samples)
        rc = dp_plan_samples_choose(made->facts.format, made->facts.header.data,
                                    made->facts.header.length, options->samples,
                                    dp_object_uri(object), &made->columns, err);
    if (!rc && options->presign_seconds)
        rc = presign(made, options->presign_seconds, err);
    if (rc) {
        dp_plan_tabix_free(made);
        return rc;
    }
    name_plan(made);
    *plan = made;
    return DP_OK;
}

void dp_plan_tabix_free(struct dp_plan_tabix *plan)
{
    char **filters;
    size_t i;

    if (!plan)
        return;
    filters = plan->filters.data;
    for (i = 0; i < plan->filters.length; i++)
        free(filters[i]);
    dp_array_free(&plan->filters);
    dp_tabix_object_close(&plan->facts);
    dp_array_free(&plan->shares);
    dp_array_free(&plan->tasks);
    free(plan->columns);
    free(plan->object_url);
    free(plan);
}

uint64_t dp_plan_tabix_count(const struct dp_plan_tabix *plan)
{
    return plan->shares.length;
}

int64_t dp_plan_tabix_expires(const struct dp_plan_tabix *plan)
{
    return plan->expires;
}

const struct dp_object *dp_plan_tabix_object(const struct dp_plan_tabix *plan)
{
    return plan->object;
}

/* ------------------------------------------------------------------------------------ slices */

/* One piece between two virtual offsets. The length of the last block is not known. */
static int add_piece(const struct dp_plan_tabix *plan, const struct dp_tabix_chunk *chunk,
                     bool prologue, struct dp_slice *slice, struct dp_slice_piece **piece,
                     struct dp_error *err)
{
    struct dp_slice_piece *made = dp_slice_add_piece(slice);
    uint64_t last = DP_VIRTUAL_BLOCK(chunk->end), size = dp_object_size(plan->object);

    if (!made)
        return dp_error_no_memory(err);
    made->kind = DP_PIECE_BLOCKS;
    made->prologue = prologue;
    made->interval = (struct dp_interval){DP_UNIT_BYTES, chunk->begin, chunk->end,
                                          chunk->end == dp_tabix_range(plan->tabix).end};
    made->record_count = UINT64_MAX;
    made->range.begin = DP_VIRTUAL_BLOCK(chunk->begin);
    made->range.end = last + (DP_VIRTUAL_WITHIN(chunk->end) ? DP_SLICE_BLOCK_MAX : 0);
    if (made->range.end > size)
        made->range.end = size;
    *piece = made;
    return DP_OK;
}

/* The header: everything before the first record, or all there is. */
static int add_header(const struct dp_plan_tabix *plan, struct dp_slice *slice,
                      struct dp_error *err)
{
    struct dp_tabix_chunk header = {0, dp_tabix_range(plan->tabix).begin};
    struct dp_slice_piece *piece;

    if (dp_tabix_range(plan->tabix).end == 0)
        header.end = dp_object_size(plan->object) << 16;
    return add_piece(plan, &header, true, slice, &piece, err);
}

static int add_source(const struct dp_plan_tabix *plan, struct dp_slice *slice,
                      struct dp_error *err)
{
    struct dp_plan_place place = {.object = plan->object,
                                  .allow_signed = plan->allow_signed,
                                  .object_url = plan->object_url};

    return dp_plan_piece_object(&place, plan->facts.format, DP_CODEC_BGZF, slice, err);
}

static int add_task(const struct dp_plan_tabix *plan, const struct dp_tabix_task *task,
                    struct dp_slice *slice, struct dp_error *err)
{
    char *const *filters = plan->filters.data;
    struct dp_slice_piece *piece;
    int rc = add_piece(plan, &task->chunk, false, slice, &piece, err);

    if (rc || task->filter == SIZE_MAX)
        return rc;
    piece->filter = strdup(filters[task->filter]);
    return piece->filter ? DP_OK : dp_error_no_memory(err);
}

/* What of the plan the slice is. Parts are told by where their blocks begin and end. */
static void describe(const struct dp_plan_tabix *plan, const struct share *share,
                     uint64_t number, struct dp_slice *slice)
{
    const struct dp_tabix_task *tasks = (const struct dp_tabix_task *)plan->tasks.data +
                                        share->first;

    memcpy(slice->plan_id, plan->id, sizeof(plan->id));
    name_slice(plan, number, slice->id);
    slice->number = number;
    slice->slice_count = plan->shares.length;
    slice->interval.unit = plan->by_region ? DP_UNIT_REGIONS : DP_UNIT_BYTES;
    slice->interval.begin = share->begin;
    slice->interval.end = share->end;
    if (!plan->by_region && share->count) {
        slice->interval.begin = DP_VIRTUAL_BLOCK(tasks[0].chunk.begin);
        slice->interval.end = DP_VIRTUAL_BLOCK(tasks[share->count - 1].chunk.end);
    }
}

int dp_plan_tabix_fill(const struct dp_plan_tabix *plan, uint64_t number, struct dp_slice *slice,
                       struct dp_error *err)
{
    const struct share *share = (const struct share *)plan->shares.data + (number - 1);
    const struct dp_tabix_task *tasks = plan->tasks.data;
    size_t i;
    int rc = add_source(plan, slice, err);

    if (rc)
        return rc;
    describe(plan, share, number, slice);
    if (!dp_slice_add_output(slice, plan->facts.format->name))
        return dp_error_no_memory(err);
    rc = add_header(plan, slice, err);
    for (i = share->first; !rc && i < share->first + share->count; i++)
        rc = add_task(plan, &tasks[i], slice, err);
    if (!rc && share->count == 1 && tasks[share->first].filter == SIZE_MAX)
        slice->pieces[slice->piece_count - 1].record_count = share->record_count;
    slice->record_count = dp_slice_count_records(slice, 0);
    return !rc && plan->columns ? dp_plan_samples_apply(plan->columns, slice, err) : rc;
}
