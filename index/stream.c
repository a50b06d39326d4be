/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Streams: the decoder for callers who want the bytes. With an index gzip is decoded in parallel
 * from its seek points, a range begins at the nearest one, and every checksum that the index has is
 * compared. */

#include "index/spans.h"

#include "base/crc32.h"
#include "base/options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct dp_stream {
    struct dp_context *context;
    struct dp_stream_options options;
    const struct dp_index *index; /* NULL when there is none, or none that helps */
    const char *name;             /* of the object, for messages */
    struct dp_object *object;     /* with an index; not owned */
    struct dp_input *input;
    struct dp_decoder *decoder;
    enum dp_codec codec;
    struct dp_index_spans spans; /* with an index */
    struct dp_range range;  /* uncompressed, to be given; the end may be UINT64_MAX */
    uint64_t position;      /* uncompressed, decoded so far */
    uint64_t given_bytes;

    uint64_t sum_begin;     /* the last checksum edge passed */
    uint32_t sum;           /* of the bytes since */
    bool pass_rest;  /* what follows the last gzip member is given, too */
    bool rest;       /* that is what is given now, behind what an index was of */
    bool to_the_end; /* of the object: its last trailer and what follows are looked at, too */
    int failed;             /* the first failure; every later call repeats it */
    struct dp_error why;
    struct dp_decoder_result result;
};

/* ------------------------------------------------------------------- what the index knows */

/* The uncompressed end of what is decoded: checks reach to the first edge behind the range. */
static uint64_t decode_end(const struct dp_stream *stream)
{
    uint64_t size = dp_index_uncompressed_bytes(stream->index);

    return stream->range.end < size ? dp_index_sum_edge(stream->index, stream->range.end) : size;
}

/* The compressed bytes from a point on; to the end of the object all that is left. */
static struct dp_range packed_range(const struct dp_stream *stream, size_t point)
{
    struct dp_range range = dp_index_compressed_range(stream->index, point, decode_end(stream));

    if (stream->to_the_end)
        range.end = dp_index_source_bytes(stream->index);
    return range;
}

/* ------------------------------------------------------------------------------- opening */

static int open_input(struct dp_stream *stream, struct dp_object *object, struct dp_range range,
                      struct dp_error *err)
{
    /* Nothing is read ahead where each thread reads what it needs. */
    const struct dp_input_options options = {
        .threads = stream->options.threads > 1 && !stream->spans.guide.read};

    return dp_input_open_object(object, range, &options, &stream->input, err);
}

static void fill_config(const struct dp_stream *stream, struct dp_decoder_config *config)
{
    *config = (struct dp_decoder_config){.codec = stream->codec,
                                         .input = stream->input,
                                         .end_offset = stream->range.end,
                                         .pass_rest = stream->pass_rest && !stream->index,
                                         .threads = stream->options.threads,
                                         .backend = stream->options.backend};
}

/* What an index of the whole object says of its size is taken as the end of the range; whether the
 * object ends there too is then for the decoder to find out. */
static void note_end(struct dp_stream *stream)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};

    dp_index_info(stream->index, &info);
    stream->to_the_end = info.complete && stream->range.end >= info.uncompressed_bytes;
    if (stream->range.end > info.uncompressed_bytes)
        stream->range.end = info.uncompressed_bytes;
}

/* Decodes from the seek point before the range. */
static int open_indexed(struct dp_stream *stream, struct dp_object *object, struct dp_error *err)
{
    const struct dp_index *index = stream->index;
    struct dp_decoder_config config;
    struct dp_window window;
    struct dp_range packed;
    size_t first;
    int rc;

    stream->codec = dp_index_codec(index);
    stream->object = object;
    note_end(stream);
    first = dp_index_point_before(index, stream->range.begin);
    packed = packed_range(stream, first);
    dp_index_spans_init(&stream->spans, index, object, first, decode_end(stream), packed.end,
                        stream->options.threads);
    stream->spans.guide.to_the_end = stream->to_the_end;
    rc = open_input(stream, object, packed, err);
    if (rc)
        return rc;
    fill_config(stream, &config);
    config.guide = &stream->spans.guide;
    config.end_offset = stream->to_the_end ? UINT64_MAX : decode_end(stream);
    dp_index_point(index, first, &config.start);
    config.window = &window;
    if (!stream->spans.guide.span_count) /* each span asks for its own */
        rc = dp_index_window(index, first, &window, err);
    if (rc)
        return rc;
    stream->position = stream->sum_begin = config.start.uncompressed_offset;
    return dp_decoder_open(stream->context, &config, &stream->decoder, err);
}

/* What is not compressed is passed through, or is what gzip says of it. */
static enum dp_codec choose_codec(const struct dp_stream *stream, const uint8_t *head,
                                  size_t length)
{
    enum dp_codec codec = dp_codec_sniff(head, length);

    return codec == DP_CODEC_NONE && !stream->options.pass_through ? DP_CODEC_GZIP : codec;
}

/* Decodes from the begin of the input. */
static int open_plain(struct dp_stream *stream, struct dp_error *err)
{
    struct dp_decoder_config config;
    const uint8_t *head;
    const char *foreign;
    size_t length;
    int rc = dp_input_peek(stream->input, 18, &head, &length, err);

    if (rc < 0)
        return rc;
    foreign = dp_codec_foreign(head, length, true);
    if (foreign) /* gzip would decompress it: passing it through would be wrong, too */
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_NOT_GZIP, "%s: offset 0: %s",
                                   stream->name, foreign);
    stream->codec = choose_codec(stream, head, length);
    fill_config(stream, &config);
    return dp_decoder_open(stream->context, &config, &stream->decoder, err);
}

/* Does the index say anything of what is asked for? One of a truncated object knows its sound part
 * only, and an index of nothing has no points. */
static bool index_helps(const struct dp_stream *stream, const struct dp_index *index)
{
    struct dp_index_info info = {.struct_bytes = sizeof(info)};

    if (!index || dp_index_point_count(index) == 0 || dp_index_uncompressed_bytes(index) == 0)
        return false;
    dp_index_info(index, &info);
    return info.complete || stream->range.end <= info.uncompressed_bytes;
}

static int begins_behind(const struct dp_stream *stream, uint64_t size, struct dp_error *err)
{
    return dp_error_set(err, DP_INVALID,
                        "%s: the range begins at %" PRIu64 ", behind the %" PRIu64
                        " uncompressed bytes", stream->name, stream->range.begin, size);
}

static int check_index(const struct dp_stream *stream, const struct dp_index *index,
                       struct dp_object *object, struct dp_error *err)
{
    uint64_t size = dp_index_uncompressed_bytes(index);
    bool more = stream->pass_rest && dp_index_codec(index) != DP_CODEC_NONE; /* as will show */

    if (dp_index_source_bytes(index) != dp_object_size(object))
        return dp_error_set(err, DP_STALE_INDEX,
                            "%s: the index is of an object of %" PRIu64 " bytes, this one has %"
                            PRIu64, stream->name, dp_index_source_bytes(index),
                            dp_object_size(object));
    return stream->range.begin > size && !more ? begins_behind(stream, size, err) : DP_OK;
}

static int new_stream(struct dp_context *context, const struct dp_stream_options *options,
                      struct dp_stream **stream, struct dp_error *err)
{
    struct dp_stream *self = calloc(1, sizeof(*self));
    int rc;

    if (!self)
        return dp_error_no_memory(err);
    self->context = context;
    rc = dp_options_take(&self->options, sizeof(self->options), options, "stream", err);
    if (rc) {
        free(self);
        return rc;
    }
    self->range = self->options.range;
    if (self->range.begin == 0 && self->range.end == 0)
        self->range.end = UINT64_MAX;
    self->pass_rest = self->options.pass_through == 2 && self->range.end == UINT64_MAX;
    if (self->range.end < self->range.begin) {
        free(self);
        return dp_error_set(err, DP_INVALID, "a range that ends before it begins");
    }
    *stream = self;
    return DP_OK;
}

int dp_stream_open(struct dp_context *context, struct dp_object *object, struct dp_index *index,
                   const struct dp_stream_options *options, struct dp_stream **stream,
                   struct dp_error *err)
{
    const struct dp_range whole = {0, dp_object_size(object)};
    struct dp_stream *self;
    int rc = new_stream(context, options, &self, err);

    if (rc)
        return rc;
    self->name = dp_object_uri(object);
    if (index_helps(self, index) &&
        (dp_index_codec(index) != DP_CODEC_NONE || self->options.pass_through)) {
        self->index = index;
        rc = check_index(self, index, object, err);
        if (!rc)
            rc = open_indexed(self, object, err);
    } else {
        rc = open_input(self, object, whole, err);
        if (!rc)
            rc = open_plain(self, err);
    }
    if (rc)
        dp_stream_free(self);
    else
        *stream = self;
    return rc;
}

int dp_stream_open_from(struct dp_context *context, dp_read_fn read, void *user, const char *name,
                        const struct dp_stream_options *options, struct dp_stream **stream,
                        struct dp_error *err)
{
    struct dp_input_options input = {0};
    struct dp_stream *self;
    int rc = new_stream(context, options, &self, err);

    if (rc)
        return rc;
    input.threads = self->options.threads > 1;
    rc = dp_input_open_callback(context, read, user, name, &input, &self->input, err);
    if (!rc) {
        self->name = dp_input_name(self->input);
        rc = open_plain(self, err);
    }
    if (rc)
        dp_stream_free(self);
    else
        *stream = self;
    return rc;
}

void dp_stream_free(struct dp_stream *stream)
{
    if (!stream)
        return;
    dp_decoder_free(stream->decoder);
    dp_input_free(stream->input);
    free(stream);
}

/* ------------------------------------------------------------------------------- reading */

/* Compares the bytes up to a checksum edge with what was indexed. */
static int check_sum(struct dp_stream *stream, const struct dp_piece *piece, struct dp_error *err)
{
    uint64_t end = piece->offset + piece->length;
    uint32_t expected;
    int rc;

    stream->sum = dp_crc32_combine(stream->sum, piece->crc32, piece->length);
    if (!stream->index || end == stream->sum_begin ||
        (!piece->sum_edge && end != decode_end(stream)))
        return DP_OK;
    rc = dp_index_sum(stream->index, stream->sum_begin, end, &expected, err);
    if (rc)
        return rc;
    if (stream->sum != expected)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_CHECKSUM,
                                   "%s: offset %" PRIu64 ": the uncompressed bytes from here to %"
                                   PRIu64 " are not those that were indexed", stream->name,
                                   stream->sum_begin, end);
    stream->sum_begin = end;
    stream->sum = 0;
    return DP_OK;
}

/* The part of a piece that lies in the range. */
static size_t cut_piece(const struct dp_stream *stream, struct dp_piece *piece)
{
    uint64_t end = piece->offset + piece->length;

    if (piece->offset < stream->range.begin) {
        uint64_t skip = stream->range.begin - piece->offset;

        skip = skip < piece->length ? skip : piece->length;
        piece->bytes += skip;
        piece->length -= skip;
        piece->offset += skip;
    }
    if (end > stream->range.end)
        piece->length = stream->range.end > piece->offset
                            ? (size_t)(stream->range.end - piece->offset)
                            : 0;
    return piece->length;
}

/* Behind what the index is of: the object's last bytes as they are, but for the first `skip`. */
static int open_rest(struct dp_stream *stream, uint64_t skip, struct dp_error *err)
{
    uint64_t size = dp_index_source_bytes(stream->index);
    uint64_t begin = size - stream->result.garbage_bytes - stream->result.zero_bytes;
    struct dp_decoder_config config;
    int rc;

    dp_decoder_free(stream->decoder);
    dp_input_free(stream->input);
    stream->decoder = NULL;
    stream->input = NULL;
    stream->index = NULL;
    stream->rest = true;
    stream->range = (struct dp_range){skip, UINT64_MAX};
    stream->result.garbage_bytes = stream->result.zero_bytes = 0;
    rc = dp_input_open_object(stream->object, (struct dp_range){begin, size}, NULL, &stream->input,
                              err);
    if (rc)
        return rc;
    fill_config(stream, &config);
    config.codec = DP_CODEC_NONE;
    config.start.compressed_bit = begin * 8;
    return dp_decoder_open(stream->context, &config, &stream->decoder, err);
}

/* The end: was there enough? 1: more is to come. */
static int finish(struct dp_stream *stream, struct dp_error *err)
{
    uint64_t rest = 0, skip = 0;
    int rc;

    if (stream->rest)
        return DP_OK;
    dp_decoder_result(stream->decoder, &stream->result);
    if (stream->index && stream->position != decode_end(stream))
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_CHECKSUM,
                                   "%s: %" PRIu64 " uncompressed bytes, %" PRIu64 " were indexed",
                                   stream->name, stream->position, decode_end(stream));
    if (stream->index && stream->pass_rest && stream->to_the_end)
        rest = stream->result.garbage_bytes + stream->result.zero_bytes;
    if (stream->range.begin > stream->position)
        skip = stream->range.begin - stream->position;
    if (skip > rest)
        return begins_behind(stream, stream->position + rest, err);
    if (rest == 0)
        return DP_OK;
    rc = open_rest(stream, skip, err);
    return rc ? rc : 1;
}

static int next_piece(struct dp_stream *stream, struct dp_piece *piece, struct dp_error *err)
{
    int rc = dp_decoder_next(stream->decoder, piece, err);

    if (rc)
        return rc;
    rc = finish(stream, err);
    return rc == 1 ? dp_decoder_next(stream->decoder, piece, err) : rc;
}

/* The next bytes of the range. 1: there are some; 0: the end. */
static int advance(struct dp_stream *stream, struct dp_piece *piece, struct dp_error *err)
{
    int rc;

    do {
        rc = next_piece(stream, piece, err);
        if (rc <= 0)
            return rc;
        rc = check_sum(stream, piece, err);
        if (rc)
            return rc;
        stream->position = piece->offset + piece->length;
    } while (cut_piece(stream, piece) == 0);
    return 1;
}

int64_t dp_stream_next(struct dp_stream *stream, const void **bytes, struct dp_error *err)
{
    struct dp_piece piece;
    int rc = stream->failed;

    if (!rc) {
        rc = advance(stream, &piece, &stream->why);
        if (rc < 0) {
            stream->failed = rc;
            if (stream->decoder && !stream->rest)
                dp_decoder_result(stream->decoder, &stream->result);
        }
    }
    if (rc < 0 && err)
        *err = stream->why;
    if (rc <= 0)
        return rc;
    *bytes = piece.bytes;
    stream->given_bytes += piece.length;
    return (int64_t)piece.length;
}

void dp_stream_info(const struct dp_stream *stream, struct dp_stream_info *info)
{
    struct dp_stream_info full = {
        .codec = dp_codec_name(stream->codec),
        .compressed_bytes = stream->result.compressed_bytes,
        .uncompressed_bytes = stream->given_bytes,
        .member_count = stream->codec == DP_CODEC_NONE ? 0 : stream->result.member_count,
        .trailing_garbage_bytes = stream->result.garbage_bytes,
        .bgzf_eof_missing = stream->result.bgzf_eof_missing,
        .trailing_zero_bytes = stream->result.zero_bytes,
        .last_member_bytes = stream->result.last_member_bytes,
        .last_member_crc32 = stream->result.last_member_crc32,
    };
    size_t length = info->struct_bytes < sizeof(full) ? info->struct_bytes : sizeof(full);

    full.struct_bytes = length;
    memcpy(info, &full, length);
}
