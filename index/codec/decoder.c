/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/decoder.h"

#include "base/crc32.h"
#include "base/le.h"
#include "index/codec/crew.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct dp_decoder {
    struct dp_context *context;
    struct dp_decoder_config config; /* window and backend are not used after open */
    struct dp_source source;
    struct dp_pass *pass;
    struct dp_decoder_config rest;   /* of a pass that took over from BGZF */
    struct dp_resume resume;         /* what it must know; kept while BGZF is decoded */
    struct dp_crew *crew;

    struct dp_batch *batch; /* at hand; NULL before the first */
    size_t segment;         /* of it, the next one to give */
    size_t position;        /* of it, in bytes */
    size_t block;           /* of it, the next one to report */

    uint32_t member_crc32;  /* of the member at hand so far */
    uint64_t member_bytes;
    bool whole_member;      /* it was decoded from its begin: its trailer can be checked */

    struct dp_array points; /* struct dp_batch_point not yet given */
    size_t point;           /* the next one to give */
    struct dp_batch_point given; /* valid for the caller until its next call */

    struct dp_decoder_result result;
    int ended;              /* 1: going on; 0: the end; < 0: failed, with `error` */
    struct dp_error error;
};

int dp_decoder_open(struct dp_context *context, const struct dp_decoder_config *config,
                    struct dp_decoder **decoder, struct dp_error *err)
{
    const struct dp_pass_ops *ops = dp_pass_find(config);
    struct dp_decoder *self = calloc(1, sizeof(*self));
    int rc = context ? dp_context_check(context, err) : DP_OK;

    if (!self || rc) {
        free(self);
        return rc ? rc : dp_error_no_memory(err);
    }
    self->context = context;
    self->config = *config;
    self->whole_member = !config->start.mid_member;
    self->ended = 1;
    self->result.codec = config->codec;
    self->resume.origin = self->resume.edge = config->start.uncompressed_offset;
    dp_points_init(&self->resume.points, config->spacing_bytes, self->resume.origin);
    dp_source_init(&self->source, config->input);
    rc = ops->open(&self->config, &self->source, &self->pass, err);
    if (!rc)
        rc = dp_crew_open(self->pass, config->threads, config->backend, &self->crew, err);
    if (rc) {
        dp_decoder_free(self);
        return rc;
    }
    *decoder = self;
    return DP_OK;
}

void dp_decoder_free(struct dp_decoder *decoder)
{
    struct dp_batch_point *points;

    if (!decoder)
        return;
    dp_crew_free(decoder->crew);
    if (decoder->pass)
        decoder->pass->ops->close(decoder->pass);
    points = decoder->points.data;
    for (size_t i = decoder->point; i < decoder->points.length; i++)
        dp_batch_point_free(&points[i]);
    dp_array_free(&decoder->points);
    dp_points_free(&decoder->resume.points);
    dp_batch_point_free(&decoder->given);
    dp_source_free(&decoder->source);
    free(decoder);
}

/* ------------------------------------------------------------------------------ batches */

/* Notes a point of BGZF, so that plain gzip can go on behind it; and a point that only plain gzip
 * can have. */
static bool note_point(struct dp_decoder *self, const struct dp_seek_point *at)
{
    bool taken;

    if (self->result.codec != DP_CODEC_BGZF)
        return true;
    if (at->mid_member)
        self->result.codec = DP_CODEC_GZIP;
    return self->pass->ops != &dp_pass_bgzf ||
           dp_points_offer(&self->resume.points, at->uncompressed_offset, &taken);
}

/* Takes the points of a batch over. */
static int take_points(struct dp_decoder *self, struct dp_batch *batch, struct dp_error *err)
{
    const struct dp_batch_point *points = batch->points.data;

    for (size_t i = 0; i < batch->points.length; i++)
        if (!note_point(self, &points[i].found.at))
            return dp_error_no_memory(err);
    if (self->point == self->points.length)
        self->point = self->points.length = 0;
    if (!dp_array_append(&self->points, batch->points.data, batch->points.length,
                         sizeof(struct dp_batch_point)))
        return dp_error_no_memory(err);
    batch->points.length = 0;
    return DP_OK;
}

/* Of BGZF the members are the blocks, whose trailers were checked. */
static void note_last_block(struct dp_decoder *self, const struct dp_batch *batch)
{
    const uint8_t *end = batch->packed.data;

    if (batch->blocks.length == 0)
        return;
    end += batch->retry; /* where the blocks end */
    self->result.last_member_crc32 = dp_le32_load(end - 8);
    self->result.last_member_bytes = dp_le32_load(end - 4);
}

/* The next batch, filled and worked on. */
static int next_batch(struct dp_decoder *self, struct dp_error *err)
{
    int rc = self->context ? dp_context_check(self->context, err) : DP_OK;
    struct dp_batch *batch;

    if (rc)
        return rc;
    batch = dp_crew_next(self->crew);
    self->batch = batch;
    self->segment = self->position = self->block = 0;
    self->result.compressed_bytes = batch->result.compressed_bytes;
    self->result.member_count = self->pass->ops->counts_apart
                                    ? self->result.member_count + batch->result.member_count
                                    : batch->result.member_count;
    self->result.garbage_bytes = batch->result.garbage_bytes;
    self->result.zero_bytes = batch->result.zero_bytes;
    note_last_block(self, batch);
    self->result.bgzf_eof_missing = batch->result.bgzf_eof_missing;
    return take_points(self, batch, err);
}

/* BGZF found something that is no sound block: plain gzip says what it is, from the begin of what
 * the batch at hand could not use. */
static int resume_as_gzip(struct dp_decoder *self, struct dp_error *err)
{
    const struct dp_batch *batch = self->batch;
    struct dp_array bytes = {0};
    bool ok = dp_crew_rest(self->crew, &bytes) &&
              dp_source_prepend(&self->source, bytes.data, bytes.length);
    int rc;

    dp_array_free(&bytes);
    if (!ok)
        return dp_error_no_memory(err);
    self->rest = self->config;
    self->rest.start = (struct dp_seek_point){
        .uncompressed_offset = batch->offset + batch->length,
        .compressed_bit = dp_source_offset(&self->source) * 8,
    };
    dp_crew_free(self->crew);
    self->pass->ops->close(self->pass);
    self->crew = NULL;
    self->pass = NULL;
    self->batch = NULL;
    self->member_crc32 = 0;
    self->member_bytes = 0;
    self->resume.member_count = self->result.member_count;
    rc = dp_pass_gzip_resume(&self->rest, &self->source, &self->resume, &self->pass, err);
    return rc ? rc : dp_crew_open(self->pass, self->rest.threads, self->rest.backend, &self->crew,
                                  err);
}

/* ------------------------------------------------------------------------------- pieces */

/* What is wrong with the trailer of a member, one of CRC and length at least. */
static int trailer_fault(const struct dp_decoder *self, const struct dp_segment *segment,
                         bool crc_fits, bool length_fits, struct dp_error *err)
{
    enum dp_detail detail = crc_fits      ? DP_DETAIL_GZIP_LENGTH
                            : length_fits ? DP_DETAIL_GZIP_CRC
                                          : DP_DETAIL_GZIP_TRAILER;
    const char *what = crc_fits      ? "length error"
                       : length_fits ? "crc error"
                                     : "crc and length error";

    return dp_error_set_detail(err, DP_DATA, detail,
                               "%s: offset %" PRIu64 ": invalid compressed data--%s",
                               dp_input_name(self->config.input),
                               segment->trailer_offset + (crc_fits ? 4 : 0), what);
}

/* A member ended at the uncompressed offset `end`: does its trailer fit? */
static int check_member(struct dp_decoder *self, const struct dp_segment *segment, uint64_t end,
                        struct dp_error *err)
{
    bool whole = self->whole_member;
    bool crc_fits = self->member_crc32 == segment->member_crc32;
    bool length_fits = (uint32_t)self->member_bytes == segment->member_length;

    self->result.damaged_member = end - self->member_bytes;
    self->result.last_member_bytes = self->member_bytes;
    self->result.last_member_crc32 = self->member_crc32;
    self->member_crc32 = 0;
    self->member_bytes = 0;
    self->whole_member = true;
    if (whole && !(crc_fits && length_fits))
        return trailer_fault(self, segment, crc_fits, length_fits, err);
    return DP_OK;
}

/* Adds a segment to the piece, and checks the member that ends with it. */
static int add_segment(struct dp_decoder *self, const struct dp_segment *segment,
                       struct dp_piece *piece, struct dp_error *err)
{
    int rc;

    piece->crc32 = piece->length ? dp_crc32_combine(piece->crc32, segment->crc32, segment->length)
                                 : segment->crc32;
    piece->length += segment->length;
    piece->seek_point = segment->flags & DP_SEGMENT_POINT;
    piece->sum_edge = segment->flags & (DP_SEGMENT_SUM | DP_SEGMENT_POINT);
    self->member_crc32 = self->member_bytes ? dp_crc32_combine(self->member_crc32, segment->crc32,
                                                               segment->length)
                                            : segment->crc32;
    self->member_bytes += segment->length;
    if (!(segment->flags & DP_SEGMENT_MEMBER))
        return DP_OK;
    rc = check_member(self, segment, piece->offset + piece->length, err);
    if (!rc && self->result.codec == DP_CODEC_BGZF)
        self->result.codec = DP_CODEC_GZIP; /* a sound member that is no block */
    return rc;
}

/* The blocks that end inside the piece, which ends at self->position of the batch. */
static void add_blocks(struct dp_decoder *self, struct dp_piece *piece)
{
    const size_t *ends = self->batch->block_ends.data;
    const struct dp_block *blocks = self->batch->blocks.data;

    if (!blocks) /* nothing may be added to a null pointer, not even nothing */
        return;
    piece->blocks = blocks + self->block;
    while (self->config.want_blocks && self->block < self->batch->blocks.length &&
           ends[self->block] <= self->position)
        self->block++;
    piece->block_count = (size_t)(blocks + self->block - piece->blocks);
    if (piece->block_count == 0)
        piece->blocks = NULL;
}

/* The next piece of the batch at hand: up to an edge or its end. 1: there is one; 0: there is none
 * left. A member that does not fit ends the stream after this piece. */
static int next_piece(struct dp_decoder *self, struct dp_piece *piece)
{
    const struct dp_batch *batch = self->batch;
    const struct dp_segment *segments = batch->segments.data;

    *piece = (struct dp_piece){.bytes = batch->bytes ? batch->bytes + self->position : NULL,
                               .offset = batch->offset + self->position};
    while (self->segment < batch->segments.length && !piece->sum_edge && self->ended > 0)
        self->ended = add_segment(self, &segments[self->segment++], piece, &self->error) ? DP_DATA
                                                                                         : 1;
    self->position += piece->length;
    if (piece->sum_edge)
        self->resume.edge = piece->offset + piece->length;
    self->result.uncompressed_bytes += piece->length;
    add_blocks(self, piece);
    return piece->length || piece->block_count || piece->sum_edge;
}

/* Damage is the end when the caller wants the sound prefix. */
static int end_stream(struct dp_decoder *self, struct dp_error *err)
{
    if (self->ended == DP_DATA && self->config.allow_truncated) {
        self->result.truncated = true;
        self->result.damage = self->error;
        self->ended = 0;
    }
    if (self->ended < 0 && err)
        *err = self->error;
    return self->ended;
}

/* The batch at hand is used up. Returns what `ended` becomes. */
static int go_on(struct dp_decoder *self)
{
    int rc = DP_OK;

    if (self->batch && self->batch->state <= 0) {
        self->error = self->batch->error;
        return self->batch->state;
    }
    if (self->batch && self->batch->state == DP_BATCH_GZIP)
        rc = resume_as_gzip(self, &self->error);
    if (!rc)
        rc = next_batch(self, &self->error);
    return rc ? rc : 1;
}

int dp_decoder_next(struct dp_decoder *decoder, struct dp_piece *piece, struct dp_error *err)
{
    struct dp_piece next;

    for (;;) {
        if (decoder->ended > 0 && decoder->batch && next_piece(decoder, &next)) {
            *piece = next;
            return 1;
        }
        if (decoder->ended <= 0)
            return end_stream(decoder, err);
        decoder->ended = go_on(decoder);
    }
}

bool dp_decoder_next_point(struct dp_decoder *decoder, struct dp_found_point *point)
{
    const struct dp_batch_point *points = decoder->points.data;
    uint64_t reached;

    dp_batch_point_free(&decoder->given);
    memset(&decoder->given, 0, sizeof(decoder->given));
    if (decoder->point == decoder->points.length)
        return false;
    /* A point never comes before the piece that ends at it. */
    reached = decoder->config.start.uncompressed_offset + decoder->result.uncompressed_bytes;
    if (points[decoder->point].found.at.uncompressed_offset > reached)
        return false;
    decoder->given = points[decoder->point++];
    *point = decoder->given.found;
    return true;
}

void dp_decoder_result(const struct dp_decoder *decoder, struct dp_decoder_result *result)
{
    *result = decoder->result;
}
