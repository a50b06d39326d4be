/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What the tests of index/ share: data from a seed, its true record edges, compressors, builds. */

#ifndef DP_TESTS_INDEXING_H
#define DP_TESTS_INDEXING_H

#include "tests/connectors.h"

#include "base/array.h"
#include "base/le.h"
#include "index/tables.h"

#include <zlib.h>

/* Data and where each of its records begins; the last edge is the end. */
struct sample {
    struct dp_array bytes; /* uint8_t */
    struct dp_array edges; /* struct dp_edge */
};

static inline uint32_t next_random(uint32_t *state)
{
    /* xorshift: the low bits are as good as the high ones; the state is never 0. */
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static inline void put(struct dp_array *bytes, const void *from, size_t length)
{
    ck_assert(dp_array_append(bytes, from, length, 1));
}

static inline void put_edge(struct sample *sample, uint64_t record, uint64_t bases, uint64_t line)
{
    struct dp_edge edge = {
        .record = record, .offset = sample->bytes.length, .bases = bases, .line = line};

    ck_assert(dp_array_append(&sample->edges, &edge, 1, sizeof(edge)));
}

static inline void sample_free(struct sample *sample)
{
    dp_array_free(&sample->bytes);
    dp_array_free(&sample->edges);
}

/* FASTQ of four-line records with reads of 0 to 2 x `length` bases. */
static inline struct sample make_fastq(size_t records, unsigned length, uint32_t seed)
{
    struct sample sample = {0};
    char line[4096];
    uint64_t bases = 0;
    size_t i;
    unsigned j, n;

    for (i = 0; i < records; i++) {
        put_edge(&sample, i, bases, 4 * i);
        n = length ? next_random(&seed) % (2 * length) : 0;
        snprintf(line, sizeof(line), "@read.%zu/1 lane=%u\n", i + 1, next_random(&seed) % 8);
        put(&sample.bytes, line, strlen(line));
        for (j = 0; j < n; j++)
            line[j] = "ACGTN"[next_random(&seed) % 5];
        line[n] = '\n';
        put(&sample.bytes, line, n + 1);
        put(&sample.bytes, "+\n", 2);
        for (j = 0; j < n; j++)
            line[j] = "!+5@FFFF"[next_random(&seed) % 8];
        line[n] = '\n';
        put(&sample.bytes, line, n + 1);
        bases += n;
    }
    put_edge(&sample, records, bases, 4 * records);
    return sample;
}

/* Lines of 0 to 2 x `length` letters. */
static inline struct sample make_text(size_t lines, unsigned length, uint32_t seed)
{
    struct sample sample = {0};
    char line[4096];
    size_t i;
    unsigned j, n;

    for (i = 0; i < lines; i++) {
        put_edge(&sample, i, 0, i);
        n = next_random(&seed) % (2 * length);
        for (j = 0; j < n; j++)
            line[j] = "etaoin shrdlu"[next_random(&seed) % 13];
        line[n] = '\n';
        put(&sample.bytes, line, n + 1);
    }
    put_edge(&sample, lines, 0, lines);
    return sample;
}

/* ---- compressors */

/* Appends one gzip member; small deflate blocks, so that seek points are plenty. */
static inline void put_member(struct dp_array *out, const uint8_t *bytes, size_t length)
{
    z_stream z = {0};
    size_t capacity = length + length / 8 + 4096;
    uint8_t *room = malloc(capacity);

    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 1, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)bytes;
    z.avail_in = (uInt)length;
    z.next_out = room;
    z.avail_out = (uInt)capacity;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    put(out, room, capacity - z.avail_out);
    deflateEnd(&z);
    free(room);
}

static inline void put_bgzf_block(struct dp_array *out, const uint8_t *bytes, size_t length)
{
    uint8_t header[18] = {31, 139, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, 'B', 'C', 2, 0, 0, 0};
    uint8_t room[70000], trailer[8];
    z_stream z = {0};
    size_t packed;

    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)bytes;
    z.avail_in = (uInt)length;
    z.next_out = room;
    z.avail_out = sizeof(room);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed = sizeof(room) - z.avail_out;
    deflateEnd(&z);
    dp_le16_store(header + 16, (uint16_t)(packed + 25));
    dp_le32_store(trailer, (uint32_t)crc32(crc32(0, NULL, 0), bytes, (uInt)length));
    dp_le32_store(trailer + 4, (uint32_t)length);
    put(out, header, sizeof(header));
    put(out, room, packed);
    put(out, trailer, sizeof(trailer));
}

/* BLOCKS_AND_MEMBERS begins as BGZF and has other members too. */
enum packing { PLAIN, ONE_MEMBER, MANY_MEMBERS, BLOCKS, BLOCKS_AND_MEMBERS, PACKINGS };

/* The sample as an object; the caller frees the array. */
static inline struct dp_array pack(const struct sample *sample, enum packing packing)
{
    const uint8_t *bytes = sample->bytes.data;
    size_t at, n, length = sample->bytes.length, step = packing == BLOCKS ? 10000 : 7777;
    struct dp_array out = {0};

    if (packing == PLAIN)
        put(&out, bytes, length);
    if (packing == ONE_MEMBER)
        put_member(&out, bytes, length);
    for (at = 0; packing > ONE_MEMBER && at < length; at += n) {
        n = length - at < step ? length - at : step;
        if (packing == BLOCKS || (packing == BLOCKS_AND_MEMBERS && at / step % 3 < 2))
            put_bgzf_block(&out, bytes + at, n);
        else
            put_member(&out, bytes + at, n);
    }
    if (packing == BLOCKS)
        put_bgzf_block(&out, NULL, 0);
    return out;
}

/* ---- builds */

static inline struct dp_object *open_bytes(struct dp_context *context,
                                           const struct dp_array *bytes)
{
    struct dp_object *object = NULL;

    ck_assert_int_eq(
        dp_object_open_memory(context, bytes->data, bytes->length, &object, NULL), DP_OK);
    return object;
}

static inline struct dp_index *build_bytes(struct dp_context *context,
                                           const struct dp_array *bytes, uint64_t spacing)
{
    struct dp_index_options options = {.struct_bytes = sizeof(options),
                                       .spacing_bytes = spacing};
    struct dp_object *object = open_bytes(context, bytes);
    struct dp_index *index = NULL;
    struct dp_error err = {0};

    ck_assert_msg(dp_index_build(context, object, &options, &index, &err) == DP_OK, "%s",
                  err.message);
    dp_object_free(object);
    return index;
}

/* The index file as bytes. */
static inline struct dp_array save_bytes(struct dp_index *index, const char *path)
{
    struct dp_array out = {0};
    struct dp_error err = {0};
    char buffer[65536];
    FILE *file;
    size_t n;

    ck_assert_msg(dp_index_save(index, path, &err) == DP_OK, "%s", err.message);
    file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
        put(&out, buffer, n);
    fclose(file);
    return out;
}

static inline bool same_bytes(const struct dp_array *a, const struct dp_array *b)
{
    return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

#endif
