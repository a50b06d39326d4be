/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "codec_data.h"

#include "base/le.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

uint32_t data_noise(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

void data_reads(struct dp_array *out, size_t length, uint64_t seed)
{
    size_t end = out->length + length;
    uint64_t state = seed;
    char line[512];

    for (unsigned read = 1; out->length < end; read++) {
        int at = sprintf(line, "@RUN:%u:LANE%u %u\n", (unsigned)seed, read % 8, read);

        for (int i = 0; i < 100; i++)
            line[at++] = "ACGT"[data_noise(&state) & 3];
        at += sprintf(line + at, "\n+\n");
        for (int i = 0; i < 100; i++)
            line[at++] = "FFFF:,#F"[data_noise(&state) & 7];
        line[at++] = '\n';
        ck_assert(dp_array_append(out, line, (size_t)at, 1));
    }
    out->length = end;
}

static void append_deflated(struct dp_array *out, z_stream *stream, int flush)
{
    int rc;

    do {
        ck_assert(dp_array_reserve(out, 65536, 1));
        stream->next_out = (uint8_t *)out->data + out->length;
        stream->avail_out = 65536;
        rc = deflate(stream, flush);
        ck_assert(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR);
        out->length += 65536 - stream->avail_out;
    } while (stream->avail_out == 0);
}

void data_member(struct dp_array *out, const uint8_t *bytes, size_t length,
                 const struct data_member *how)
{
    size_t step = how->flush_every ? how->flush_every : length;
    z_stream stream = {0};

    ck_assert_int_eq(deflateInit2(&stream, how->level, Z_DEFLATED, 15 + 16, 8, how->strategy),
                     Z_OK);
    while (length) {
        size_t part = length < step ? length : step;

        stream.next_in = (z_const Bytef *)bytes;
        stream.avail_in = (uInt)part;
        append_deflated(out, &stream, how->flush_every ? how->flush : Z_NO_FLUSH);
        bytes += part;
        length -= part;
    }
    append_deflated(out, &stream, Z_FINISH);
    deflateEnd(&stream);
}

/* Bits, the lowest of each byte first. */
struct bit_writer {
    struct dp_array *out;
    uint64_t bits;
    unsigned count;
};

static void put_bits(struct bit_writer *writer, unsigned value, unsigned count)
{
    writer->bits |= (uint64_t)value << writer->count;
    for (writer->count += count; writer->count >= 8; writer->count -= 8) {
        uint8_t byte = (uint8_t)writer->bits;

        if (!dp_array_append(writer->out, &byte, 1, 1))
            ck_abort_msg("out of memory");
        writer->bits >>= 8;
    }
}

/* Codes go out from their highest bit. */
static void put_code(struct bit_writer *writer, unsigned code, unsigned count)
{
    while (count--)
        put_bits(writer, code >> count & 1, 1);
}

void data_giant_block(struct dp_array *out, const uint8_t *bytes, size_t length)
{
    static const uint8_t head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
    struct bit_writer writer = {out, 0, 0};
    uint8_t trailer[8];

    ck_assert(dp_array_append(out, head, sizeof(head), 1));
    put_bits(&writer, 1 | 1 << 1, 3);
    for (size_t i = 0; i < length; i++)
        put_code(&writer, bytes[i] < 144 ? 0x30u + bytes[i] : 0x100u + bytes[i],
                 bytes[i] < 144 ? 8 : 9);
    put_code(&writer, 0, 7);
    put_bits(&writer, 0, (8 - writer.count) % 8);
    dp_le32_store(trailer, (uint32_t)crc32_z(0, bytes, length));
    dp_le32_store(trailer + 4, (uint32_t)length);
    ck_assert(dp_array_append(out, trailer, sizeof(trailer), 1));
}

static void append_block(struct dp_array *out, const uint8_t *bytes, size_t length)
{
    static const uint8_t head[18] = {0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 'B', 'C', 2, 0};
    size_t begin = out->length;
    z_stream stream = {0};
    uint8_t trailer[8];

    ck_assert(dp_array_append(out, head, sizeof(head), 1));
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (z_const Bytef *)bytes;
    stream.avail_in = (uInt)length;
    append_deflated(out, &stream, Z_FINISH);
    deflateEnd(&stream);
    dp_le32_store(trailer, (uint32_t)crc32(0, bytes, (uInt)length));
    dp_le32_store(trailer + 4, (uint32_t)length);
    ck_assert(dp_array_append(out, trailer, sizeof(trailer), 1));
    dp_le16_store((uint8_t *)out->data + begin + 16, (uint16_t)(out->length - begin - 1));
}

void data_bgzf(struct dp_array *out, const uint8_t *bytes, size_t length, size_t block_bytes,
               bool eof)
{
    while (length) {
        size_t part = length < block_bytes ? length : block_bytes;

        append_block(out, bytes, part);
        bytes += part;
        length -= part;
    }
    if (eof)
        append_block(out, (const uint8_t *)"", 0);
}

static int64_t read_feed(void *user, void *buffer, size_t capacity, struct dp_error *err)
{
    struct data_feed *feed = user;
    size_t length = feed->chunk_bytes;

    (void)err;
    if (length > feed->length)
        length = feed->length;
    if (length > capacity)
        length = capacity;
    if (length == 0)
        return 0;
    memcpy(buffer, feed->bytes, length);
    feed->bytes += length;
    feed->length -= length;
    return (int64_t)length;
}

void data_feed_open(struct data_feed *feed, const uint8_t *bytes, size_t length,
                    size_t chunk_bytes)
{
    *feed = (struct data_feed){bytes, length, chunk_bytes, NULL};
    ck_assert_int_eq(dp_input_open_callback(NULL, read_feed, feed, "thing.gz", NULL, &feed->input,
                                            NULL), DP_OK);
}

static void collect_points(struct data_pass *pass, struct dp_decoder *decoder)
{
    struct data_point point;

    while (dp_decoder_next_point(decoder, &point.found)) {
        point.window = pass->windows.length;
        ck_assert_int_eq(point.found.window != NULL, point.found.at.mid_member);
        ck_assert(dp_array_append(&pass->windows, point.found.window, point.found.window_bytes, 1));
        point.found.window = NULL;
        ck_assert(dp_array_append(&pass->points, &point, 1, sizeof(point)));
    }
}

/* (Check's assertions cost a write each; pieces may be of one byte.) */
static void collect_piece(struct data_pass *pass, const struct dp_decoder_config *config,
                          const struct dp_piece *piece)
{
    uint64_t end = piece->offset + piece->length;

    if (piece->offset != config->start.uncompressed_offset + pass->bytes.length)
        ck_abort_msg("a piece does not follow the one before");
    if (piece->crc32 != crc32_z(0, piece->length ? piece->bytes : NULL, piece->length))
        ck_abort_msg("a piece has a wrong CRC");
    if (piece->seek_point && !piece->sum_edge)
        ck_abort_msg("a seek point is no checksum edge");
    if (!dp_array_append(&pass->bytes, piece->bytes, piece->length, 1) ||
        !dp_array_append(&pass->blocks, piece->blocks, piece->block_count,
                         sizeof(*piece->blocks)) ||
        (piece->sum_edge && !dp_array_append(&pass->edges, &end, 1, sizeof(end))))
        ck_abort_msg("out of memory");
}

void data_decode(struct data_pass *pass, const struct dp_decoder_config *config,
                 const uint8_t *bytes, size_t length, size_t chunk_bytes)
{
    size_t begin = (size_t)(config->start.compressed_bit / 8);
    struct dp_decoder_config with_input = *config;
    struct dp_decoder *decoder = NULL;
    struct data_feed feed;
    struct dp_piece piece;

    memset(pass, 0, sizeof(*pass));
    data_feed_open(&feed, length ? bytes + begin : bytes, length - begin, chunk_bytes);
    with_input.input = feed.input;
    pass->rc = dp_decoder_open(NULL, &with_input, &decoder, &pass->error);
    while (pass->rc == 0 && (pass->rc = dp_decoder_next(decoder, &piece, &pass->error)) == 1) {
        collect_piece(pass, config, &piece);
        collect_points(pass, decoder);
        pass->rc = 0;
    }
    if (decoder) {
        collect_points(pass, decoder);
        dp_decoder_result(decoder, &pass->result);
        ck_assert_uint_eq(pass->result.uncompressed_bytes, pass->bytes.length);
    }
    dp_decoder_free(decoder);
    dp_input_free(feed.input);
}

void data_pass_free(struct data_pass *pass)
{
    dp_array_free(&pass->bytes);
    dp_array_free(&pass->points);
    dp_array_free(&pass->windows);
    dp_array_free(&pass->edges);
    dp_array_free(&pass->blocks);
}
