/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tests/slicer_support.h"

#include "tests/connectors.h"

#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t random_below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

/* --------------------------------------------------------------------------------- samples */

/* Check writes down every assertion that holds: too slow for one per byte. */
static void append(struct dp_array *out, const void *bytes, size_t length)
{
    if (!dp_array_append(out, bytes, length, 1))
        ck_abort_msg("out of memory");
}

DP_PRINTF(2, 3)
static void append_text(struct dp_array *out, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    append(out, text, strlen(text));
}

/* `length` letters of `alphabet`, wrapped after `width` of them (0: never). An empty string is one
 * empty line, too. */
static void append_wrapped(struct dp_array *out, struct random *random, const char *alphabet,
                           size_t length, size_t width, const char *newline)
{
    size_t letters = strlen(alphabet), i;
    char letter;

    for (i = 0; i < length; i++) {
        letter = alphabet[random_below(random, letters)];
        /* '@' and '+' at the start of a line of qualities are legal, and the usual trap. */
        append(out, &letter, 1);
        if (width && i % width == width - 1 && i + 1 < length)
            append_text(out, "%s", newline);
    }
    append_text(out, "%s", newline);
}

static size_t read_length(enum sample_kind kind, struct random *random, size_t number)
{
    if (kind == EMPTY_READS && number % 3 != 1)
        return 0;
    if (kind == MIXED && random_below(random, 4) == 0)
        return 0;
    if (kind == LONG_READS && number % 5 == 2)
        return 9000 + random_below(random, 30000);
    if (kind == ONE_RECORD)
        return 70000;
    return 1 + random_below(random, 300);
}

static size_t append_read(struct dp_array *out, enum sample_kind kind, struct random *random,
                          size_t number)
{
    size_t length = read_length(kind, random, number);
    size_t width = kind == WRAPPED ? 60 : kind == MIXED ? random_below(random, 50) : 0;
    const char *newline = kind == CRLF || kind == MIXED ? "\r\n" : "\n";

    append_text(out, "@read.%zu/1 %llx%s", number, (unsigned long long)random_next(random),
                newline);
    append_wrapped(out, random, "ACGTN", length, width, newline);
    append_text(out, "+%s", newline);
    append_wrapped(out, random, "@+IIIFFF#:,", length, width, newline);
    return length;
}

static void append_line(struct dp_array *out, struct random *random)
{
    size_t length = random_below(random, 4) ? random_below(random, 200) : 0;

    append_wrapped(out, random, "abcdefgh \t.,@+>", length, 0, "\n");
}

static bool is_vcf(enum sample_kind kind)
{
    return kind == VARIANTS || kind == SITES;
}

static void append_header(struct dp_array *out, enum sample_kind kind)
{
    const char *newline = kind == SITES ? "\r\n" : "\n";

    append_text(out, "##fileformat=VCFv4.2%s##contig=<ID=chr1,length=1000000>%s", newline, newline);
    append_text(out, "##INFO=<ID=END,Number=1,Type=Integer,Description=\"The end\">%s", newline);
    append_text(out, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO%s%s",
                kind == SITES ? "" : "\tFORMAT\tNA1\tNA2", newline);
}

/* Contigs change every 150 records; positions may be equal. */
static void append_variant(struct dp_array *out, enum sample_kind kind, struct random *random,
                           uint64_t number)
{
    uint64_t position = 1 + number % 150 * 7 - number % 3;

    append_text(out, "chr%llu\t%llu\t.\t%.*s\tT\t.\t.\t", (unsigned long long)(number / 150 + 1),
                (unsigned long long)position, (int)(1 + random_below(random, 8)), "ACGTACGT");
    if (random_below(random, 9) == 0)
        append_text(out, "END=%llu;",
                    (unsigned long long)(position + random_below(random, 400)));
    append_wrapped(out, random, "ABCD=;,", random_below(random, 300), 0,
                   kind == SITES ? "\r\n" : "\tGT\t0|1\t./.\n");
}

static bool is_text(enum sample_kind kind)
{
    return kind == LINES || kind == LINES_NO_NEWLINE || kind == NO_RECORD;
}

void sample_make(struct sample *sample, enum sample_kind kind, size_t length, uint64_t seed)
{
    struct random random = {seed};
    struct dp_array bytes = {0}, edges = {0};
    struct dp_edge edge = {0};

    append(&bytes, "", 1); /* so that there is memory even for no bytes */
    bytes.length = 0;
    if (is_vcf(kind))
        append_header(&bytes, kind);
    edge.offset = bytes.length;
    while (kind != NO_RECORD && bytes.length < length &&
           !(kind == ONE_RECORD && edge.record == 1)) {
        ck_assert(dp_array_append(&edges, &edge, 1, sizeof(edge)));
        if (is_text(kind))
            append_line(&bytes, &random);
        else if (is_vcf(kind))
            append_variant(&bytes, kind, &random, edge.record);
        else
            edge.bases += append_read(&bytes, kind, &random, edge.record);
        edge.record++;
        edge.offset = bytes.length;
    }
    if (kind == NO_NEWLINE || kind == LINES_NO_NEWLINE) {
        if (kind == LINES_NO_NEWLINE) { /* an empty line without its newline would be none */
            ck_assert(dp_array_append(&edges, &edge, 1, sizeof(edge)));
            append(&bytes, "end\n", 4);
            edge.record++;
        }
        edge.offset = --bytes.length;
    }
    if (kind == SITES)
        edge.offset = bytes.length -= 2;
    ck_assert(dp_array_append(&edges, &edge, 1, sizeof(edge)));
    *sample = (struct sample){kind,       "fastq",     bytes.data,
                              bytes.length, edge.record, edges.data};
    if (is_text(kind))
        sample->format = "text";
    else if (is_vcf(kind))
        sample->format = "vcf";
}

void sample_free(struct sample *sample)
{
    free(sample->bytes);
    free(sample->edges);
}

void sample_trim(struct sample *sample, size_t record_count)
{
    ck_assert_uint_le(record_count, sample->record_count);
    sample->record_count = record_count;
    sample->length = sample->edges[record_count].offset;
}

void sample_interleave(struct sample *sample, const struct sample *a, const struct sample *b)
{
    struct dp_array bytes = {0}, edges = {0};
    struct dp_edge edge = {0};
    size_t i;

    ck_assert_uint_eq(a->record_count, b->record_count);
    ck_assert(dp_array_append(&edges, &edge, 1, sizeof(edge)));
    for (i = 0; i < 2 * a->record_count; i++) {
        const struct sample *from = i % 2 ? b : a;
        const struct dp_edge *record = &from->edges[i / 2];

        append(&bytes, from->bytes + record[0].offset, record[1].offset - record[0].offset);
        edge.record++;
        edge.offset = bytes.length;
        edge.bases += record[1].bases - record[0].bases;
        ck_assert(dp_array_append(&edges, &edge, 1, sizeof(edge)));
    }
    *sample = (struct sample){
        a->kind, a->format, bytes.data, bytes.length, edge.record, edges.data};
}

const struct dp_edge *sample_cut(const struct sample *sample, enum dp_plan_unit unit, uint64_t key)
{
    size_t i = 0;

    while (i < sample->record_count && dp_edge_key(&sample->edges[i], unit) < key)
        i++;
    return &sample->edges[i];
}

/* --------------------------------------------------------------------------------- packing */

/* One deflate stream. A small memory level makes blocks of about 128 symbols, so that there are
 * seek points even in small objects. */
static void deflate_into(struct dp_array *out, const uint8_t *bytes, size_t length, int window_bits,
                         int memory_level)
{
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)bytes, .avail_in = (uInt)length};
    size_t bound;

    ck_assert_int_eq(
        deflateInit2(&stream, 6, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY), Z_OK);
    bound = deflateBound(&stream, (uLong)length) + 64;
    ck_assert(dp_array_reserve(out, bound, 1));
    stream.next_out = (uint8_t *)out->data + out->length;
    stream.avail_out = (uInt)bound;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->length += stream.total_out;
    deflateEnd(&stream);
}

static void pack_members(struct dp_array *out, const struct sample *sample, struct random *random)
{
    size_t at = 0;

    while (at < sample->length) {
        size_t length = random_below(random, 6) ? random_below(random, 20000) : 0;

        if (length > sample->length - at)
            length = sample->length - at;
        deflate_into(out, sample->bytes + at, length, 15 + 16, 1 + (int)random_below(random, 9));
        at += length;
    }
    if (sample->length == 0)
        deflate_into(out, sample->bytes, 0, 15 + 16, 8);
}

static void pack_block(struct dp_array *out, const uint8_t *bytes, size_t length)
{
    static const uint8_t head[] = {31, 139, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, 66, 67, 2, 0, 0, 0};
    size_t begin = out->length, size;
    uint32_t tail[2] = {(uint32_t)crc32(0, bytes, (uInt)length), (uint32_t)length};
    uint8_t *block;

    append(out, head, sizeof(head));
    deflate_into(out, bytes, length, -15, 8);
    append(out, tail, sizeof(tail));
    size = out->length - begin - 1;
    block = (uint8_t *)out->data + begin;
    block[16] = (uint8_t)size;
    block[17] = (uint8_t)(size >> 8);
}

static void pack_blocks(struct dp_array *out, const struct sample *sample, struct random *random)
{
    size_t at = 0;

    while (at < sample->length) {
        size_t length = 1 + random_below(random, random_below(random, 2) ? 60000 : 3000);

        if (length > sample->length - at)
            length = sample->length - at;
        pack_block(out, sample->bytes + at, length);
        at += length;
    }
    pack_block(out, sample->bytes, 0);
}

static void pack_mixed(struct dp_array *out, const struct sample *sample, struct random *random)
{
    struct sample first = *sample, second = *sample;

    first.length /= 2;
    second.bytes += first.length;
    second.length -= first.length;
    pack_blocks(out, &first, random);
    pack_members(out, &second, random);
}

static void pack(struct place *place, const struct sample *sample, enum packing packing,
                 struct random *random)
{
    struct dp_array out = {0};

    switch (packing) {
    case ONE_MEMBER:
        deflate_into(&out, sample->bytes, sample->length, 15 + 16, 1);
        break;
    case MANY_MEMBERS:
        pack_members(&out, sample, random);
        break;
    case BLOCKS:
        pack_blocks(&out, sample, random);
        break;
    case BLOCKS_AND_MEMBERS:
        pack_mixed(&out, sample, random);
        break;
    default:
        append(&out, sample->bytes, sample->length);
    }
    place->packed = out.data;
    place->packed_bytes = out.length;
}

/* ----------------------------------------------------------------------------------- places */

void place_write(const struct place *place, const uint8_t *bytes, size_t length, bool keep_time)
{
    struct stat before;
    struct timespec times[2];
    int file;

    ck_assert(!keep_time || stat(place->object_path, &before) == 0);
    file = open(place->object_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert(write(file, bytes, length) == (ssize_t)length);
    if (keep_time) {
        times[0] = before.st_atim;
        times[1] = before.st_mtim;
        ck_assert_int_eq(futimens(file, times), 0);
    }
    ck_assert_int_eq(close(file), 0);
}

void place_make(struct place *place, const struct sample *sample, enum packing packing,
                uint64_t spacing, uint64_t seed)
{
    static const char *const endings[] = {"", ".gz", ".gz", ".gz", ".gz"};
    struct dp_index_options options = {
        .struct_bytes = sizeof(options), .format = sample->format, .spacing_bytes = spacing};
    struct random random = {seed};
    struct dp_error err = {0};

    memset(place, 0, sizeof(*place));
    snprintf(place->folder, sizeof(place->folder), "%s/dataplug-slicer-XXXXXX", test_temporary());
    ck_assert_ptr_nonnull(mkdtemp(place->folder));
    snprintf(place->object_path, sizeof(place->object_path), "%s/object.%s%s", place->folder,
             sample->format, endings[packing]);
    snprintf(place->index_path, sizeof(place->index_path), "%s.dpi", place->object_path);
    pack(place, sample, packing, &random);
    place_write(place, place->packed, place->packed_bytes, false);
    ck_assert_int_eq(dp_context_new(NULL, &place->context, &err), 0);
    ck_assert_msg(!dp_object_open(place->context, place->object_path, NULL, &place->object, &err),
                  "%s", err.message);
    ck_assert_msg(!dp_index_build(place->context, place->object, &options, &place->index, &err),
                  "%s", err.message);
    ck_assert_msg(!dp_index_save(place->index, place->index_path, &err), "%s", err.message);
}

void place_free(struct place *place)
{
    dp_index_free(place->index);
    dp_object_free(place->object);
    dp_context_free(place->context);
    unlink(place->object_path);
    unlink(place->index_path);
    rmdir(place->folder);
    free(place->packed);
}

/* ----------------------------------------------------------------------------------- slices */

struct dp_plan *plan_make(const struct place *place, const struct dp_plan_options *options)
{
    struct dp_plan *plan = NULL;
    struct dp_error err = {0};

    ck_assert_msg(!dp_plan_new(place->index, place->object, options, &plan, &err), "%s",
                  err.message);
    return plan;
}

struct dp_slice *plan_slice(const struct dp_plan *plan, uint64_t number)
{
    struct dp_slice *slice = NULL;
    struct dp_error err = {0};

    ck_assert_msg(!dp_plan_slice(plan, number, &slice, &err), "%s", err.message);
    return slice;
}

int slice_read_output(struct dp_context *context, const struct dp_slice *slice, unsigned output,
                      const struct dp_reader_options *options, struct random *random,
                      struct dp_array *out, struct dp_reader_counts *counts, struct dp_error *err)
{
    struct dp_reader *reader = NULL;
    uint8_t buffer[5000];
    const void *bytes;
    int64_t got;
    int rc = dp_reader_open(context, slice, options, &reader, err);

    if (rc)
        return rc;
    do {
        bytes = buffer;
        if (random_below(random, 2))
            got = dp_reader_read(reader, output, buffer, 1 + random_below(random, sizeof(buffer)),
                                 err);
        else
            got = dp_reader_next(reader, output, &bytes, err);
        if (got > 0)
            append(out, bytes, (size_t)got);
    } while (got > 0);
    counts->struct_bytes = sizeof(*counts);
    dp_reader_counts(reader, counts);
    dp_reader_free(reader);
    return (int)got;
}

int slice_read(struct dp_context *context, const struct dp_slice *slice, unsigned threads,
               struct random *random, struct dp_array *out, struct dp_reader_counts *counts,
               struct dp_error *err)
{
    struct dp_reader_options options = {.struct_bytes = sizeof(options), .threads = threads};

    return slice_read_output(context, slice, 0, &options, random, out, counts, err);
}
