/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Checks an index: by itself (every window and page; the other tables were checked when it was
 * opened), and, deep, against the object: a second index is built from the object's bytes and every
 * table compared. A span whose checksum differs means that the object is another one; if all of
 * them agree, any other difference is the index's own fault. */

#include "config.h"

#include "index/tables.h"

#include "base/crc32.h"
#include "index/codec/window.h"

#include <stdlib.h>
#include <string.h>

/* Windows are small and follow each other: a remote index is read in stretches of this. */
#define STRETCH_BYTES (1u << 20)

#define BLOCKS_AT_ONCE 4096u

/* ------------------------------------------------------------------------------------ alone */

/* A stretch of the windows section of an opened index. */
struct stretch {
    struct dp_range range; /* in the index file */
    uint8_t *bytes;
};

static int load_stretch(const struct dp_index *index, const struct dp_point_row *point,
                        struct stretch *stretch, struct dp_error *err)
{
    uint64_t end = index->windows_at + index->windows_bytes;

    if (point->stored_at + point->packed_bytes <= stretch->range.end)
        return DP_OK;
    stretch->range.begin = point->stored_at;
    stretch->range.end =
        end - point->stored_at < STRETCH_BYTES ? end : point->stored_at + STRETCH_BYTES;
    return dp_object_read_at(index->file, stretch->range, stretch->bytes, err);
}

static int check_packed(const struct dp_index *index, const struct dp_point_row *point,
                        const uint8_t *packed, struct dp_window *window, struct dp_error *err)
{
    struct dp_error own;

    if (dp_crc32(0, packed, point->packed_bytes) == point->window_crc32 &&
        dp_window_unpack(packed, point->packed_bytes, point->raw_bytes, window, &own) == DP_OK)
        return DP_OK;
    return dp_error_set_detail(err, DP_BAD_INDEX, DP_DETAIL_CHECKSUM,
                               "%s: offset %llu: the window of the seek point at %llu is damaged",
                               dp_index_name(index), (unsigned long long)point->stored_at,
                               (unsigned long long)point->at.uncompressed_offset);
}

static int check_filed_windows(const struct dp_index *index, struct dp_window *window,
                               struct dp_error *err)
{
    const struct dp_point_row *point = dp_tables_points(index);
    struct stretch stretch = {.range = {0, 0}, .bytes = malloc(STRETCH_BYTES)};
    size_t i;
    int result = DP_OK;

    if (!stretch.bytes)
        return dp_error_no_memory(err);
    for (i = 0; !result && i < index->points.length; i++, point++) {
        result = dp_context_check(index->context, err);
        if (result || !point->packed_bytes)
            continue;
        result = load_stretch(index, point, &stretch, err);
        if (!result)
            result = check_packed(index, point,
                                  stretch.bytes + (point->stored_at - stretch.range.begin),
                                  window, err);
    }
    free(stretch.bytes);
    return result;
}

static int check_windows(const struct dp_index *index, struct dp_error *err)
{
    struct dp_window *window = malloc(sizeof(*window));
    size_t i;
    int result = DP_OK;

    if (!window)
        return dp_error_no_memory(err);
    if (index->file)
        result = check_filed_windows(index, window, err);
    else
        for (i = 0; !result && i < index->points.length; i++)
            result = dp_index_window(index, i, window, err);
    free(window);
    return result;
}

/* Reads all blocks of `index` and, unless NULL, of `other`, and compares them. The blocks of an
 * index must be no more than the bytes it describes. */
static int check_blocks(const struct dp_index *index, const struct dp_index *other,
                        struct dp_error *err)
{
    struct dp_block *blocks = malloc(2 * BLOCKS_AT_ONCE * sizeof(*blocks));
    uint64_t done, compressed = 0;
    size_t count, i;
    int result = DP_OK;

    if (!blocks)
        return dp_error_no_memory(err);
    for (done = 0; !result && done < index->block_count; done += count) {
        count = BLOCKS_AT_ONCE;
        if (count > index->block_count - done)
            count = (size_t)(index->block_count - done);
        result = dp_index_blocks(index, done, count, blocks, err);
        if (!result && other)
            result = dp_index_blocks(other, done, count, blocks + BLOCKS_AT_ONCE, err);
        for (i = 0; !result && i < count; i++) {
            compressed += blocks[i].compressed_bytes;
            if (compressed > index->identity.bytes ||
                (other && memcmp(&blocks[i], &blocks[BLOCKS_AT_ONCE + i], sizeof(*blocks))))
                result = dp_error_set(err, DP_BAD_INDEX, "%s: row %llu of the blocks is wrong",
                                      dp_index_name(index), (unsigned long long)(done + i));
        }
    }
    free(blocks);
    return result;
}

/* --------------------------------------------------------------------- against the object */

static int wrong(const struct dp_index *index, const char *table, size_t row,
                 struct dp_error *err)
{
    return dp_error_set(err, DP_BAD_INDEX, "%s: row %zu of the %s is not what the object says",
                        dp_index_name(index), row, table);
}

/* Where both have an edge. How close these lie is the builder's choice, and another version may
 * have chosen otherwise; but then the edges of one are among those of the other. */
static int compare_sums(const struct dp_index *index, const struct dp_index *built,
                        const struct dp_object *object, struct dp_error *err)
{
    const struct dp_sum_row *said = dp_tables_sums(index), *found = dp_tables_sums(built);
    size_t i = 0, j = 0, said_only = 0, found_only = 0;
    uint64_t before = 0;

    while (i < index->sums.length && j < built->sums.length) {
        if (said[i].offset < found[j].offset) {
            said_only++;
            i++;
        } else if (said[i].offset > found[j].offset) {
            found_only++;
            j++;
        } else if (said[i].crc32 != found[j].crc32) {
            return dp_error_set_detail(
                err, DP_STALE_INDEX, DP_DETAIL_CHECKSUM,
                "%s: the bytes %llu to %llu, uncompressed, are not those of its index",
                dp_object_uri(object), (unsigned long long)before,
                (unsigned long long)said[i].offset);
        } else {
            before = said[i].offset;
            i++;
            j++;
        }
    }
    if (i < index->sums.length || j < built->sums.length || (said_only && found_only))
        return wrong(index, "checksums", i, err);
    return DP_OK;
}

static int compare_rows(const struct dp_index *index, const struct dp_index *built,
                        struct dp_error *err)
{
    const struct dp_index_row *said = dp_tables_rows(index), *found = dp_tables_rows(built);
    size_t i;

    for (i = 0; i < index->rows.length && i < built->rows.length; i++)
        if (memcmp(&said[i], &found[i], sizeof(said[i])) != 0)
            return wrong(index, "record map", i, err);
    return index->rows.length == built->rows.length ? DP_OK : wrong(index, "record map", i, err);
}

static int compare_digests(const struct dp_index *index, const struct dp_index *built,
                           struct dp_error *err)
{
    const struct dp_name_digest *said = dp_tables_digests(index);
    const struct dp_name_digest *found = dp_tables_digests(built);
    size_t i;

    for (i = 0; i < index->digests.length && i < built->digests.length; i++)
        if (said[i].digest != found[i].digest || said[i].bases != found[i].bases)
            return wrong(index, "digests", i, err);
    /* An index without the optional section has none. */
    if (index->digests.length && index->digests.length != built->digests.length)
        return wrong(index, "digests", i, err);
    return DP_OK;
}

static int compare_loci(const struct dp_index *index, const struct dp_index *built,
                        struct dp_error *err)
{
    const struct dp_contig *said = dp_tables_contigs(index), *found = dp_tables_contigs(built);
    const struct dp_run *said_run = dp_tables_runs(index), *found_run = dp_tables_runs(built);
    size_t i;

    for (i = 0; i < index->contigs.length && i < built->contigs.length; i++)
        if (memcmp(&said[i], &found[i], sizeof(said[i])) != 0)
            return wrong(index, "contigs", i, err);
    if (index->contigs.length != built->contigs.length ||
        index->contig_names.length != built->contig_names.length ||
        (built->contig_names.length && memcmp(index->contig_names.data, built->contig_names.data,
                                              built->contig_names.length) != 0))
        return wrong(index, "contigs", i, err);
    for (i = 0; i < index->runs.length && i < built->runs.length; i++)
        if (said_run[i].record != found_run[i].record ||
            said_run[i].offset != found_run[i].offset ||
            said_run[i].position != found_run[i].position ||
            said_run[i].end != found_run[i].end || said_run[i].contig != found_run[i].contig)
            return wrong(index, "runs", i, err);
    return index->runs.length == built->runs.length ? DP_OK : wrong(index, "runs", i, err);
}

static int compare_facts(const struct dp_index *index, const struct dp_index *built,
                         struct dp_error *err)
{
    const struct dp_identity *said = &index->identity, *found = &built->identity;

    if (index->codec != built->codec || index->format != built->format ||
        said->uncompressed_bytes != found->uncompressed_bytes ||
        said->complete != found->complete || index->member_count != built->member_count ||
        index->garbage_bytes != built->garbage_bytes ||
        index->bgzf_eof_missing != built->bgzf_eof_missing ||
        index->spacing_bytes != built->spacing_bytes ||
        index->header_bytes != built->header_bytes ||
        (index->longest_record_bytes &&
         index->longest_record_bytes != built->longest_record_bytes) ||
        index->header_stored_bytes != built->header_stored_bytes)
        return dp_error_set(err, DP_BAD_INDEX, "%s: its facts are not those of the object",
                            dp_index_name(index));
    return DP_OK;
}

static bool same_window(const struct dp_window *a, const struct dp_window *b)
{
    if (a->raw_bytes != b->raw_bytes || a->raw_bytes == 0)
        return a->raw_bytes == b->raw_bytes;
    if (a->placed != b->placed || (!a->placed && a->kept_bytes != b->kept_bytes))
        return false;
    return memcmp(a->bytes, b->bytes, a->placed ? a->raw_bytes : a->kept_bytes) == 0;
}

/* The bytes of a window may be packed by another encoder; what counts is what comes out, in the
 * form that the spacing calls for: without the object's data the other one says something else. */
static int compare_windows(const struct dp_index *index, const struct dp_index *built, size_t i,
                           struct dp_window windows[2], struct dp_error *err)
{
    int result = dp_index_window(index, i, &windows[0], err);

    if (!result)
        result = dp_index_window(built, i, &windows[1], err);
    if (!result && !same_window(&windows[0], &windows[1]))
        result = wrong(index, "windows", i, err);
    return result;
}

static int compare_points(const struct dp_index *index, const struct dp_index *built,
                          struct dp_error *err)
{
    const struct dp_point_row *said = dp_tables_points(index), *found = dp_tables_points(built);
    struct dp_window *windows = malloc(2 * sizeof(*windows));
    size_t i;
    int result = DP_OK;

    if (!windows)
        return dp_error_no_memory(err);
    for (i = 0; !result && i < index->points.length && i < built->points.length; i++) {
        if (said[i].at.uncompressed_offset != found[i].at.uncompressed_offset ||
            said[i].at.compressed_bit != found[i].at.compressed_bit ||
            said[i].at.mid_member != found[i].at.mid_member ||
            said[i].member_number != found[i].member_number)
            result = wrong(index, "seek points", i, err);
        else
            result = compare_windows(index, built, i, windows, err);
    }
    if (!result && index->points.length != built->points.length)
        result = wrong(index, "seek points", i, err);
    free(windows);
    return result;
}

static int compare(const struct dp_index *index, const struct dp_index *built,
                   const struct dp_object *object, struct dp_error *err)
{
    int result;

    result = compare_sums(index, built, object, err);
    if (!result)
        result = compare_facts(index, built, err);
    if (!result)
        result = compare_points(index, built, err);
    if (!result)
        result = compare_rows(index, built, err);
    if (!result)
        result = compare_digests(index, built, err);
    if (!result)
        result = compare_loci(index, built, err);
    if (!result && index->block_count && index->block_count != built->block_count)
        result = wrong(index, "blocks", (size_t)index->block_count, err);
    if (!result)
        result = check_blocks(index, built, err);
    return result;
}

/* Builds again as the index was built, from the bytes that it describes. */
static int verify_deep(struct dp_context *context, const struct dp_index *index,
                       struct dp_object *object, unsigned threads, struct dp_error *err)
{
    struct dp_index_options options = {.struct_bytes = sizeof(options),
                                       .format = index->format->name,
                                       .spacing_bytes = index->asked_spacing_bytes,
                                       .threads = threads,
                                       .allow_truncated = !index->identity.complete};
    struct dp_range prefix = {0, index->identity.bytes};
    struct dp_object *part = NULL;
    struct dp_index *built = NULL;
    int result = DP_OK;

    if (dp_object_size(object) > prefix.end)
        result = dp_object_open_subrange(object, prefix, &part, err);
    if (!result)
        result = dp_index_build(context, part ? part : object, &options, &built, err);
    if (!result)
        result = compare(index, built, object, err);
    dp_index_free(built);
    dp_object_free(part);
    return result;
}

int dp_index_verify(struct dp_context *context, struct dp_index *index, struct dp_object *object,
                    int deep, unsigned threads, struct dp_error *err)
{
    int result;

    result = dp_context_check(context, err);
    if (!result)
        result = dp_index_check_source(index, object, err);
    if (!result)
        result = check_windows(index, err);
    if (!result)
        result = check_blocks(index, NULL, err);
    if (!result && deep)
        result = verify_deep(context, index, object, threads, err);
    return result;
}
