/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/plan_tabix.h"

#include "connectors/object.h"
#include "connectors/s3.h"
#include "index/tabix_object.h"
#include "slicer/plan_piece.h"
#include "slicer/plan_samples.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 wide;

/* What one slice is: some chunks, one after the other. */
struct task {
    size_t first_chunk, chunk_count;
    uint64_t record_count; /* UINT64_MAX: not known */
};

struct dp_plan_tabix {
    const struct dp_tabix *tabix;
    struct dp_object *object;
    struct dp_tabix_object facts;
    struct dp_array tasks;  /* struct task */
    struct dp_array chunks; /* struct dp_tabix_chunk */
    bool allow_signed;
    char *columns;    /* of samples that were asked for, in JSON; NULL: all */
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
    const struct dp_tabix_chunk *chunks = plan->chunks.data;
    const struct task *tasks = plan->tasks.data;
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx context;
    size_t i;

    sha256_init(&context);
    sha256_update(&context, sizeof(kind) - 1, (const uint8_t *)kind);
    hash_u64(&context, dp_object_size(plan->object));
    sha256_update(&context, plan->facts.header.length, plan->facts.header.data);
    for (i = 0; i < plan->tasks.length; i++)
        hash_u64(&context, tasks[i].chunk_count);
    for (i = 0; i < plan->chunks.length; i++) {
        hash_u64(&context, chunks[i].begin);
        hash_u64(&context, chunks[i].end);
    }
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

/* ------------------------------------------------------------------------------------ tasks */

/* Makes the chunks that were added since `first` a slice. */
static int add_task(struct dp_plan_tabix *plan, size_t first, uint64_t record_count,
                    struct dp_error *err)
{
    struct task task = {first, plan->chunks.length - first, record_count};

    return dp_array_append(&plan->tasks, &task, 1, sizeof(task)) ? DP_OK : dp_error_no_memory(err);
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

/* Equal parts of the compressed bytes, as near as the edges are. */
static int cut_parts(struct dp_plan_tabix *plan, uint64_t part_count, struct dp_error *err)
{
    struct dp_tabix_chunk all = dp_tabix_range(plan->tabix), chunk = {all.begin, all.begin};
    size_t count, first;
    const uint64_t *edges = dp_tabix_edges(plan->tabix, &count);
    uint64_t i, records = part_count == 1 ? total_records(plan->tabix) : UINT64_MAX;
    int rc = DP_OK;

    for (i = 1; i <= part_count && !rc; i++) {
        first = plan->chunks.length;
        chunk.begin = chunk.end;
        chunk.end = i == part_count || count == 0
                        ? all.end
                        : nearest_edge(edges, count,
                                       all.begin + (uint64_t)((wide)(all.end - all.begin) * i /
                                                              part_count));
        if (chunk.begin < chunk.end && !dp_array_append(&plan->chunks, &chunk, 1, sizeof(chunk)))
            return dp_error_no_memory(err);
        rc = add_task(plan, first, chunk.begin < chunk.end ? records : 0, err);
    }
    return rc;
}

static int cut(struct dp_plan_tabix *plan, const struct dp_plan_options *options,
               struct dp_error *err)
{
    if (options->size || options->begin || options->end || options->part_count == 0)
        return dp_error_set(err, DP_UNSUPPORTED,
                            "%s: a .tbi or .csi knows neither records nor uncompressed bytes, only "
                            "a number of parts can be cut: for more, run dp-index build",
                            dp_tabix_uri(plan->tabix));
    if (options->part_count > DP_SLICE_COUNT_MAX)
        return dp_error_set(err, DP_INVALID, "%s: %llu slices are more than the limit of %llu",
                            dp_object_uri(plan->object), (unsigned long long)options->part_count,
                            (unsigned long long)DP_SLICE_COUNT_MAX);
    return cut_parts(plan, options->part_count, err);
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
    if (!plan)
        return;
    dp_tabix_object_close(&plan->facts);
    dp_array_free(&plan->tasks);
    dp_array_free(&plan->chunks);
    free(plan->columns);
    free(plan->object_url);
    free(plan);
}

uint64_t dp_plan_tabix_count(const struct dp_plan_tabix *plan)
{
    return plan->tasks.length;
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

static int add_records(const struct dp_plan_tabix *plan, const struct task *task,
                       struct dp_slice *slice, struct dp_error *err)
{
    const struct dp_tabix_chunk *chunks = plan->chunks.data;
    struct dp_slice_piece *piece;
    size_t i;
    int rc = DP_OK;

    for (i = 0; !rc && i < task->chunk_count; i++) {
        rc = add_piece(plan, &chunks[task->first_chunk + i], false, slice, &piece, err);
        if (!rc && task->chunk_count == 1)
            piece->record_count = task->record_count;
    }
    return rc;
}

int dp_plan_tabix_fill(const struct dp_plan_tabix *plan, uint64_t number, struct dp_slice *slice,
                       struct dp_error *err)
{
    const struct task *task = (const struct task *)plan->tasks.data + (number - 1);
    const struct dp_tabix_chunk *chunk =
        (const struct dp_tabix_chunk *)plan->chunks.data + task->first_chunk;
    int rc = add_source(plan, slice, err);

    if (rc)
        return rc;
    memcpy(slice->plan_id, plan->id, sizeof(plan->id));
    name_slice(plan, number, slice->id);
    slice->number = number;
    slice->slice_count = plan->tasks.length;
    slice->interval.unit = DP_UNIT_BYTES;
    if (task->chunk_count) {
        slice->interval.begin = DP_VIRTUAL_BLOCK(chunk[0].begin);
        slice->interval.end = DP_VIRTUAL_BLOCK(chunk[task->chunk_count - 1].end);
    }
    if (!dp_slice_add_output(slice, plan->facts.format->name))
        return dp_error_no_memory(err);
    rc = add_header(plan, slice, err);
    if (!rc)
        rc = add_records(plan, task, slice, err);
    slice->record_count = dp_slice_count_records(slice, 0);
    return !rc && plan->columns ? dp_plan_samples_apply(plan->columns, slice, err) : rc;
}
