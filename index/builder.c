/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The streaming pass: input -> decoder -> mapper, with the seek points, checksums and blocks kept
 * on the way. What is found is a function of the object's bytes and the options alone; windows and
 * blocks go to spills, so memory does not grow with the object but for its small tables. */

#include "config.h"

#include "index/builder.h"

#include "base/crc32.h"
#include "index/index_file.h"
#include "index/mapper.h"

#include <nettle/sha2.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SPACING_BYTES (1u << 20)

/* Enough of an object to tell its codec. */
#define SNIFF_BYTES 18u

/* Both ends of the object, gathered while it goes by. The input may be read by a thread of the
 * decoder: only `bytes` is looked at before that has ended. */
struct ends {
    atomic_uint_fast64_t bytes;
    size_t first_bytes, last_bytes;
    uint8_t first[DP_IDENTITY_BYTES];
    uint8_t last[DP_IDENTITY_BYTES];
};

struct builder {
    struct dp_context *context;
    const struct dp_builder_source *source;
    struct dp_index_options options;
    struct dp_index *index;
    struct dp_decoder *decoder;
    struct dp_mapper *mapper;
    struct ends *ends;
    uint64_t uncompressed_bytes; /* decoded so far, */
    uint32_t crc32;              /* and their checksum */
    uint64_t sound_end;          /* see dp_builder_run */
    bool unmapped;               /* the mapper has refused the data: */
    struct dp_error refusal;     /* why */
};

/* --------------------------------------------------------------------------------- identity */

/* Keeps the last bytes in order: `last` is a short memory, moved along for every chunk. */
static void keep_last(struct ends *ends, const uint8_t *bytes, size_t length)
{
    size_t kept;

    if (length >= DP_IDENTITY_BYTES) {
        memcpy(ends->last, bytes + length - DP_IDENTITY_BYTES, DP_IDENTITY_BYTES);
        ends->last_bytes = DP_IDENTITY_BYTES;
        return;
    }
    kept = DP_IDENTITY_BYTES - length;
    if (kept > ends->last_bytes)
        kept = ends->last_bytes;
    memmove(ends->last, ends->last + ends->last_bytes - kept, kept);
    memcpy(ends->last + kept, bytes, length);
    ends->last_bytes = kept + length;
}

static void tap(void *user, const uint8_t *bytes, size_t length)
{
    struct ends *ends = user;
    size_t room = DP_IDENTITY_BYTES - ends->first_bytes;

    if (room > length)
        room = length;
    memcpy(ends->first + ends->first_bytes, bytes, room);
    ends->first_bytes += room;
    keep_last(ends, bytes, length);
    atomic_fetch_add(&ends->bytes, length);
}

static void sha256_of(const uint8_t *bytes, size_t length, uint8_t digest[DP_SHA256_BYTES])
{
    struct sha256_ctx sha;

    sha256_init(&sha);
    sha256_update(&sha, length, bytes);
    sha256_digest(&sha, DP_SHA256_BYTES, digest);
}

static void identify(const struct ends *ends, struct dp_identity *identity)
{
    identity->bytes = atomic_load(&ends->bytes);
    sha256_of(ends->first, ends->first_bytes, identity->first);
    sha256_of(ends->last, ends->last_bytes, identity->last);
}

/* ------------------------------------------------------------------------------ seek points */

/* Drops the points that a wider spacing leaves no room for. Their windows stay in the spill, but
 * never reach the index file. */
static int thin_points(struct dp_index *index, uint64_t spacing_bytes, struct dp_error *err)
{
    struct dp_point_row *points = index->points.data;
    size_t count = index->points.length, i, kept;
    uint64_t *offsets = malloc(count * sizeof(*offsets) + 1);
    size_t *keep = malloc(count * sizeof(*keep) + 1);
    int result = DP_OK;

    if (!offsets || !keep) {
        result = dp_error_no_memory(err);
        goto out;
    }
    for (i = 0; i < count; i++)
        offsets[i] = points[i].at.uncompressed_offset;
    kept = dp_points_thin(offsets, count, spacing_bytes, keep);
    for (i = 0; i < kept; i++)
        points[i] = points[keep[i]];
    index->points.length = kept;
    index->spacing_bytes = spacing_bytes;
out:
    free(offsets);
    free(keep);
    return result;
}

static int add_point(struct builder *builder, const struct dp_found_point *found,
                     struct dp_error *err)
{
    struct dp_index *index = builder->index;
    struct dp_point_row row = {.at = found->at,
                               .member_number = found->member_number,
                               .stored_at = dp_spill_bytes(index->windows_spill),
                               .packed_bytes = (uint32_t)found->window_bytes,
                               .raw_bytes = (uint32_t)found->window_raw_bytes};
    int result = DP_OK;

    if (found->window_bytes > UINT16_MAX || found->window_raw_bytes > DP_WINDOW_BYTES)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: a window of %zu bytes does not fit an index",
                            builder->source->name, found->window_bytes);
    if (found->spacing_bytes > index->spacing_bytes)
        result = thin_points(index, found->spacing_bytes, err);
    if (!result && found->window_bytes) {
        row.window_crc32 = dp_crc32(0, found->window, found->window_bytes);
        result = dp_spill_append(index->windows_spill, found->window, found->window_bytes, err);
    }
    if (!result && !dp_array_append(&index->points, &row, 1, sizeof(row)))
        result = dp_error_no_memory(err);
    return result;
}

static int add_points(struct builder *builder, struct dp_error *err)
{
    struct dp_found_point found;
    int result = DP_OK;

    while (!result && dp_decoder_next_point(builder->decoder, &found))
        result = add_point(builder, &found, err);
    return result;
}

/* ----------------------------------------------------------------------------------- pieces */

static int add_blocks(struct dp_index *index, const struct dp_piece *piece,
                      struct dp_error *err)
{
    uint8_t row[DP_FILE_BLOCK_BYTES];
    size_t i;
    int result = DP_OK;

    for (i = 0; !result && i < piece->block_count; i++) {
        dp_file_block_encode(&piece->blocks[i], row);
        result = dp_spill_append(index->blocks_spill, row, sizeof(row), err);
    }
    index->block_count += i;
    return result;
}

static int add_sum(struct dp_index *index, uint64_t offset, uint32_t crc32,
                   struct dp_error *err)
{
    struct dp_sum_row row = {.offset = offset, .crc32 = crc32};
    const struct dp_sum_row *sums = dp_tables_sums(index);

    if (index->sums.length ? sums[index->sums.length - 1].offset == offset : offset == 0)
        return DP_OK;
    if (!dp_array_append(&index->sums, &row, 1, sizeof(row)))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* Who also wants the bytes (tee) gets them all, even when they do not fit the format: the refusal
 * then waits until the end. With allow_truncated it is where the sound prefix ends. */
static int map_piece(struct builder *builder, const struct dp_piece *piece,
                     struct dp_error *err)
{
    int result = DP_OK;

    if (builder->unmapped)
        return DP_OK;
    if (piece->length > 0)
        result = dp_mapper_feed(builder->mapper, piece->bytes, piece->length, err);
    if (!result && piece->seek_point)
        result = dp_mapper_mark(builder->mapper, err);
    if ((result == DP_DATA && builder->options.allow_truncated) ||
        ((result == DP_DATA || result == DP_UNSUPPORTED) && builder->options.tee)) {
        builder->unmapped = true;
        builder->refusal = *err;
        dp_error_clear(err);
        return DP_OK;
    }
    return result;
}

static int take_piece(struct builder *builder, const struct dp_piece *piece,
                      struct dp_error *err)
{
    int result;

    builder->crc32 = dp_crc32_combine(builder->crc32, piece->crc32, piece->length);
    builder->uncompressed_bytes += piece->length;
    result = add_blocks(builder->index, piece, err);
    if (!result && piece->sum_edge)
        result = add_sum(builder->index, builder->uncompressed_bytes, builder->crc32, err);
    if (!result && builder->options.tee && piece->length > 0)
        result = builder->options.tee(builder->options.tee_user, piece->bytes, piece->length,
                                      err);
    if (!result)
        result = map_piece(builder, piece, err);
    return result;
}

/* Is there a reason not to go on? */
static int check(const struct builder *builder, struct dp_error *err)
{
    int result = dp_context_check(builder->context, err);

    if (!result && builder->options.check)
        result = builder->options.check(builder->options.check_user, err);
    return result;
}

static int decode(struct builder *builder, struct dp_error *err)
{
    struct dp_piece piece;
    int result, more = 1;

    while (more) {
        result = check(builder, err);
        if (result)
            return result;
        memset(&piece, 0, sizeof(piece));
        more = dp_decoder_next(builder->decoder, &piece, err);
        if (more < 0)
            return more;
        if (more) {
            result = take_piece(builder, &piece, err);
            if (result)
                return result;
        }
        result = add_points(builder, err);
        if (result)
            return result;
        dp_context_progress(builder->context, "index", builder->source->name,
                            atomic_load(&builder->ends->bytes), builder->source->total_bytes);
    }
    return DP_OK;
}

/* -------------------------------------------------------------------------------------- end */

/* Leaves only what describes the sound prefix. */
static int cut_tables(struct dp_index *index, uint64_t end, uint32_t crc32,
                      struct dp_error *err)
{
    while (index->sums.length &&
           dp_tables_sums(index)[index->sums.length - 1].offset >= end)
        index->sums.length--;
    while (index->points.length &&
           dp_tables_points(index)[index->points.length - 1].at.uncompressed_offset > end)
        index->points.length--;
    index->identity.uncompressed_bytes = end;
    index->identity.crc32 = crc32;
    return add_sum(index, end, crc32, err);
}

/* There is a point at the start exactly when there are bytes to decode from it: not for an object
 * that holds nothing, but also for one whose first block is damaged half way. */
static int settle_start(struct dp_index *index, struct dp_error *err)
{
    struct dp_point_row start = {.member_number = index->codec != DP_CODEC_NONE};

    if (index->identity.uncompressed_bytes == 0)
        index->points.length = 0;
    else if (index->points.length == 0 &&
             !dp_array_append(&index->points, &start, 1, sizeof(start)))
        return dp_error_no_memory(err);
    return DP_OK;
}

/* Windows stand in the index file in the order of the points that are left. */
static void place_windows(struct dp_index *index)
{
    struct dp_point_row *points = index->points.data;
    size_t i;

    for (i = 0; i < index->points.length; i++) {
        points[i].window_at = index->windows_bytes;
        index->windows_bytes += points[i].packed_bytes;
    }
}

/* The decoder need not read what stands behind damage, but the identity is that of all bytes. */
static int drain_input(struct builder *builder, struct dp_error *err)
{
    const uint8_t *bytes;
    size_t length;
    int more;

    do {
        more = check(builder, err);
        if (!more)
            more = dp_input_next(builder->source->input, &bytes, &length, err);
    } while (more > 0);
    return more;
}

/* A header ends at a checksum edge, so that it can be read alone. */
static int add_header(struct dp_index *index, const struct dp_mapper_result *mapped,
                      struct dp_error *err)
{
    struct dp_sum_row row = {.offset = mapped->header_bytes, .crc32 = mapped->header_crc32};
    struct dp_sum_row *sums = index->sums.data;
    size_t i = 0, count = index->sums.length;

    index->header_bytes = mapped->header_bytes;
    while (i < count && sums[i].offset < row.offset)
        i++;
    if (row.offset == 0 || (i < count && sums[i].offset == row.offset))
        return DP_OK;
    if (!dp_array_append(&index->sums, &row, 1, sizeof(row)))
        return dp_error_no_memory(err);
    sums = index->sums.data;
    memmove(&sums[i + 1], &sums[i], (count - i) * sizeof(*sums));
    sums[i] = row;
    return DP_OK;
}

/* How many compressed bytes decode to the header: up to the end of the block that holds its last
 * byte. Left at 0 where blocks do not tell. */
static int place_header(struct dp_index *index, struct dp_error *err)
{
    uint64_t i, compressed = 0, uncompressed = 0;
    struct dp_block block;
    int result = DP_OK;

    if (index->codec == DP_CODEC_NONE)
        index->header_stored_bytes = index->header_bytes;
    for (i = 0; !result && i < index->block_count && uncompressed < index->header_bytes; i++) {
        result = dp_index_blocks(index, i, 1, &block, err);
        compressed += block.compressed_bytes;
        uncompressed += block.uncompressed_bytes;
    }
    if (!result && index->block_count && uncompressed >= index->header_bytes)
        index->header_stored_bytes = compressed;
    return result;
}

static int map_end(struct builder *builder, bool truncated, struct dp_error *err)
{
    struct dp_index *index = builder->index;
    struct dp_mapper_result mapped;
    int result;

    result = dp_mapper_finish(builder->mapper, truncated || builder->unmapped, &mapped, err);
    if (result)
        return result;
    index->format = mapped.format;
    index->totals = mapped.totals;
    index->longest_record_bytes = mapped.longest_record_bytes;
    index->identity.complete = !mapped.cut;
    index->identity.uncompressed_bytes = builder->uncompressed_bytes;
    index->identity.crc32 = builder->crc32;
    result = mapped.cut ? cut_tables(index, mapped.totals.offset, mapped.totals_crc32, err)
                        : add_sum(index, builder->uncompressed_bytes, builder->crc32, err);
    if (!result)
        result = add_header(index, &mapped, err);
    if (!result)
        result = place_header(index, err);
    if (!result)
        result = dp_mapper_copy_digests(builder->mapper, mapped.totals.record, &index->digests,
                                        err);
    if (!result)
        result = dp_mapper_copy_loci(builder->mapper, &index->contigs, &index->contig_names,
                                     &index->runs, err);
    if (!result)
        result = dp_mapper_describe(builder->mapper, &index->facts, err);
    dp_mapper_take_rows(builder->mapper, &index->rows);
    return result;
}

static int finish(struct builder *builder, struct dp_error *err)
{
    struct dp_index *index = builder->index;
    struct dp_decoder_result decoded;
    int result;

    if (builder->unmapped && !builder->options.allow_truncated) {
        *err = builder->refusal;
        return err->code;
    }
    dp_decoder_result(builder->decoder, &decoded);
    if (decoded.truncated && (decoded.damage.detail == DP_DETAIL_GZIP_CRC ||
                              decoded.damage.detail == DP_DETAIL_GZIP_LENGTH)) {
        builder->sound_end = decoded.damaged_member;
        *err = decoded.damage;
        return err->code;
    }
    /* Its threads have to let go of the input first. */
    dp_decoder_free(builder->decoder);
    builder->decoder = NULL;
    index->member_count = decoded.member_count;
    index->garbage_bytes = decoded.garbage_bytes;
    index->bgzf_eof_missing = decoded.bgzf_eof_missing;
    index->codec = decoded.codec;
    if (index->codec != DP_CODEC_BGZF)
        index->block_count = 0; /* they are not all there is */
    result = drain_input(builder, err);
    if (!result)
        result = map_end(builder,
                         decoded.truncated || builder->source->end_offset < UINT64_MAX, err);
    if (!result)
        result = settle_start(index, err);
    if (result)
        return result;
    identify(builder->ends, &index->identity);
    place_windows(index);
    dp_index_identify(index);
    return DP_OK;
}

/* ------------------------------------------------------------------------------------ start */

/* Puts the defaults in and finds the format. */
static int complete_options(struct dp_index_options *options, const struct dp_format **format,
                            struct dp_error *err)
{
    *format = NULL;
    if (!options->spacing_bytes)
        options->spacing_bytes = DEFAULT_SPACING_BYTES;
    if (options->spacing_bytes > INT64_MAX)
        return dp_error_set(err, DP_INVALID, "the spacing of seek points is too large");
    if (!options->format)
        return DP_OK;
    *format = dp_format_find(options->format);
    if (!*format)
        return dp_error_set(err, DP_INVALID, "there is no format called %s", options->format);
    return DP_OK;
}

static int open_decoder(struct builder *builder, struct dp_error *err)
{
    struct dp_input *input = builder->source->input;
    struct dp_decoder_config config = {
        .input = input,
        .end_offset = builder->source->end_offset,
        .spacing_bytes = builder->options.spacing_bytes,
        .sum_bytes = DP_SUM_BYTES,
        .want_blocks = true,
        .allow_truncated = builder->options.allow_truncated != 0,
        .threads = builder->options.threads,
        .backend = builder->options.backend,
    };
    const uint8_t *head;
    const char *foreign;
    size_t length;
    int result;

    result = dp_input_peek(input, SNIFF_BYTES, &head, &length, err);
    if (result < 0)
        return result;
    /* A format that was asked for may begin like anything, except what gzip would decompress: with
     * that no reader gives the bytes that are indexed. */
    foreign = dp_codec_foreign(head, length, builder->options.format != NULL);
    if (foreign)
        return dp_error_set(err, DP_UNSUPPORTED, "%s: %s", builder->source->name, foreign);
    config.codec = dp_codec_sniff(head, length);
    if (length == 1 && head[0] == 0x1f && !builder->options.format)
        config.codec = DP_CODEC_GZIP; /* for gzip, too, this is one that was cut */
    builder->index->codec = config.codec;
    dp_input_set_tap(input, tap, builder->ends);
    return dp_decoder_open(builder->context, &config, &builder->decoder, err);
}

static int prepare(struct builder *builder, const struct dp_format *format,
                   struct dp_error *err)
{
    struct dp_mapper_config config = {.name = builder->source->name,
                                      .format = format,
                                      .allow_empty = builder->options.allow_empty != 0,
                                      .keep_prefix = builder->options.allow_truncated != 0};
    struct dp_index *index;
    int result;

    result = dp_index_new(builder->context, &builder->index, err);
    if (result)
        return result;
    index = builder->index;
    index->asked_spacing_bytes = builder->options.spacing_bytes;
    index->spacing_bytes = builder->options.spacing_bytes;
    builder->ends = calloc(1, sizeof(*builder->ends));
    if (!builder->ends)
        return dp_error_no_memory(err);
    result = dp_spill_new(&index->windows_spill, err);
    if (!result)
        result = dp_spill_new(&index->blocks_spill, err);
    if (!result)
        result = dp_mapper_open(&config, &builder->mapper, err);
    if (!result)
        result = open_decoder(builder, err);
    return result;
}

int dp_builder_run(struct dp_context *context, const struct dp_builder_source *source,
                   const struct dp_index_options *options, uint64_t *sound_end,
                   struct dp_index **index, struct dp_error *err)
{
    struct builder builder = {.context = context, .source = source, .options = *options};
    const struct dp_format *format;
    struct dp_error own;
    int result;

    if (!err)
        err = &own;
    result = complete_options(&builder.options, &format, err);
    if (!result)
        result = prepare(&builder, format, err);
    if (!result)
        result = decode(&builder, err);
    if (!result)
        result = finish(&builder, err);
    dp_decoder_free(builder.decoder);
    dp_mapper_free(builder.mapper);
    free(builder.ends);
    *sound_end = builder.sound_end;
    if (result)
        dp_index_free(builder.index);
    else
        *index = builder.index;
    return result;
}
