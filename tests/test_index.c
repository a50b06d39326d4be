/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Every query of an index against the same question answered by walking the data. */

#include "tests/indexing.h"

#define SPACING 8000u

static struct dp_context *context;
static struct sample samples[2]; /* FASTQ, text */
static struct dp_array objects[2][PACKINGS];
static struct dp_index *indexes[2][PACKINGS];

static void setup(void)
{
    int i, p;

    context = test_context();
    samples[0] = make_fastq(1000, 100, 1);
    samples[1] = make_text(3000, 40, 2);
    for (i = 0; i < 2; i++)
        for (p = 0; p < PACKINGS; p++) {
            objects[i][p] = pack(&samples[i], (enum packing)p);
            indexes[i][p] = build_bytes(context, &objects[i][p], SPACING);
        }
}

static void teardown(void)
{
    int i, p;

    for (i = 0; i < 2; i++) {
        for (p = 0; p < PACKINGS; p++) {
            dp_index_free(indexes[i][p]);
            dp_array_free(&objects[i][p]);
        }
        sample_free(&samples[i]);
    }
    dp_context_free(context);
}

/* Runs `check` on every index with the sample it was made of. */
static void each(void (*check)(const struct dp_index *index, const struct sample *sample,
                               const struct dp_array *object))
{
    int i, p;

    setup();
    for (i = 0; i < 2; i++)
        for (p = 0; p < PACKINGS; p++)
            check(indexes[i][p], &samples[i], &objects[i][p]);
    teardown();
}

static const struct dp_edge *edges_of(const struct sample *sample)
{
    return sample->edges.data;
}

/* The first true record edge at or after an offset. */
static size_t edge_after(const struct sample *sample, uint64_t offset)
{
    size_t i = 0;

    while (i + 1 < sample->edges.length && edges_of(sample)[i].offset < offset)
        i++;
    return i;
}

static void check_facts(const struct dp_index *index, const struct sample *sample,
                        const struct dp_array *object)
{
    const struct dp_edge *end = &edges_of(sample)[sample->edges.length - 1];
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_edge totals;

    dp_index_info(index, &info);
    dp_index_totals(index, &totals);
    ck_assert_mem_eq(&totals, end, sizeof(totals));
    ck_assert_uint_eq(info.record_count, end->record);
    ck_assert_uint_eq(info.base_count, end->bases);
    ck_assert_uint_eq(info.source_bytes, object->length);
    ck_assert_uint_eq(info.uncompressed_bytes, sample->bytes.length);
    ck_assert_uint_eq(dp_index_source_bytes(index), object->length);
    ck_assert_uint_eq(dp_index_uncompressed_bytes(index), sample->bytes.length);
    ck_assert_uint_eq(info.spacing_bytes, SPACING);
    ck_assert_uint_eq(info.seek_point_count, dp_index_point_count(index));
    ck_assert_int_eq(info.complete, 1);
    ck_assert_str_eq(info.format, end->bases ? "fastq" : "text");
    ck_assert_ptr_null(info.uri);
    ck_assert_uint_eq(strlen(dp_index_identity(index)), 64);
}

START_TEST(facts_are_those_of_the_data)
{
    each(check_facts);
}
END_TEST

START_TEST(info_fills_only_what_the_caller_knows)
{
    struct dp_index_info info;

    setup();
    memset(&info, 0x55, sizeof(info));
    info.struct_bytes = offsetof(struct dp_index_info, record_count);
    dp_index_info(indexes[0][0], &info);
    ck_assert_uint_eq(info.uncompressed_bytes, samples[0].bytes.length);
    ck_assert_uint_eq(info.record_count, 0x5555555555555555u);
    teardown();
}
END_TEST

static void check_points(const struct dp_index *index, const struct sample *sample,
                         const struct dp_array *object)
{
    size_t i, count = dp_index_point_count(index);
    struct dp_seek_point point, next;
    uint64_t offset;

    (void)object;
    ck_assert_uint_gt(count, 5);
    dp_index_point(index, 0, &point);
    ck_assert_uint_eq(point.uncompressed_offset, 0);
    for (i = 0; i + 1 < count; i++) {
        dp_index_point(index, i, &point);
        dp_index_point(index, i + 1, &next);
        ck_assert_uint_ge(next.uncompressed_offset, point.uncompressed_offset + SPACING);
        ck_assert_uint_eq(dp_index_point_before(index, next.uncompressed_offset), i + 1);
        ck_assert_uint_eq(dp_index_point_before(index, next.uncompressed_offset - 1), i);
    }
    for (offset = 0; offset < sample->bytes.length; offset += 997) {
        i = dp_index_point_before(index, offset);
        dp_index_point(index, i, &point);
        ck_assert_uint_le(point.uncompressed_offset, offset);
    }
    ck_assert_uint_eq(dp_index_point_before(index, UINT64_MAX), count - 1);
}

START_TEST(points_are_found_by_offset)
{
    each(check_points);
}
END_TEST

/* Decodes from a point to `end` with nothing but the compressed range that the index names. */
static void check_restart(const struct dp_index *index, const struct sample *sample,
                          const struct dp_array *object, size_t i, uint64_t end)
{
    struct dp_range range = dp_index_compressed_range(index, i, end);
    const uint8_t *data = sample->bytes.data, *from = object->data;
    struct dp_window window;
    struct dp_seek_point point;
    uint8_t *out;
    size_t length;
    z_stream z = {0};
    unsigned shift;
    int rc = Z_OK;

    dp_index_point(index, i, &point);
    length = (size_t)(end - point.uncompressed_offset);
    ck_assert_uint_eq(range.begin, point.compressed_bit / 8);
    ck_assert_uint_le(range.end, object->length);
    ck_assert_int_eq(dp_index_window(index, i, &window, NULL), DP_OK);
    if (dp_index_codec(index) == DP_CODEC_NONE) {
        ck_assert_uint_eq(range.end, end);
        return;
    }
    out = malloc(length + 1);
    ck_assert_int_eq(inflateInit2(&z, point.mid_member ? -15 : 31), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)(from + range.begin);
    z.avail_in = (uInt)(range.end - range.begin);
    shift = point.compressed_bit % 8;
    if (shift) {
        ck_assert_int_eq(inflatePrime(&z, (int)(8 - shift), *z.next_in >> shift), Z_OK);
        z.next_in++;
        z.avail_in--;
    }
    if (window.raw_bytes) {
        ck_assert(window.placed);
        ck_assert_int_eq(inflateSetDictionary(&z, window.bytes, (uInt)window.raw_bytes), Z_OK);
    }
    z.next_out = out;
    z.avail_out = (uInt)length;
    while (z.avail_out && (rc = inflate(&z, Z_SYNC_FLUSH)) == Z_STREAM_END) {
        if (point.mid_member) {
            /* The trailer of the member that a raw stream ended in; then gzip members again. */
            z.next_in += 8;
            z.avail_in -= 8;
            point.mid_member = false;
            ck_assert_int_eq(inflateReset2(&z, 31), Z_OK);
        } else {
            ck_assert_int_eq(inflateReset(&z), Z_OK);
        }
    }
    ck_assert_int_eq(z.avail_out, 0);
    ck_assert(rc == Z_OK || rc == Z_STREAM_END);
    ck_assert_mem_eq(out, data + (end - length), length);
    inflateEnd(&z);
    free(out);
}

static void check_restarts(const struct dp_index *index, const struct sample *sample,
                           const struct dp_array *object)
{
    struct dp_seek_point point;
    uint64_t end;
    size_t i;

    for (i = 0; i < dp_index_point_count(index); i++) {
        dp_index_point(index, i, &point);
        if (point.uncompressed_offset == sample->bytes.length)
            continue;
        end = point.uncompressed_offset + 50000;
        if (end > sample->bytes.length)
            end = sample->bytes.length;
        check_restart(index, sample, object, i, end);
        check_restart(index, sample, object, i, point.uncompressed_offset + 1);
    }
}

START_TEST(decoding_restarts_at_every_point_within_its_range)
{
    each(check_restarts);
}
END_TEST

static void check_sums(const struct dp_index *index, const struct sample *sample,
                       const struct dp_array *object)
{
    const uint8_t *data = sample->bytes.data;
    struct dp_seek_point point;
    uint64_t begin, end;
    uint32_t crc;
    size_t i, j, count = dp_index_point_count(index);

    (void)object;
    for (i = 0; i < count; i++) {
        dp_index_point(index, i, &point);
        begin = point.uncompressed_offset;
        ck_assert_uint_eq(dp_index_sum_edge(index, begin), begin);
        for (j = 0; j < 4; j++) {
            end = dp_index_sum_edge(index, begin + j * SPACING / 2);
            ck_assert_uint_ge(end, begin);
            ck_assert_int_eq(dp_index_sum(index, begin, end, &crc, NULL), DP_OK);
            ck_assert_uint_eq(crc, crc32(0, data + begin, (uInt)(end - begin)));
        }
    }
    ck_assert_uint_eq(dp_index_sum_edge(index, 1), dp_index_sum_edge(index, SPACING));
    ck_assert_uint_eq(dp_index_sum_edge(index, UINT64_MAX), sample->bytes.length);
    ck_assert_int_eq(dp_index_sum(index, 0, sample->bytes.length, &crc, NULL), DP_OK);
    ck_assert_uint_eq(crc, crc32(0, data, (uInt)sample->bytes.length));
    ck_assert_int_eq(dp_index_sum(index, 0, 1, &crc, NULL), DP_BAD_INDEX);
    ck_assert_int_eq(dp_index_sum(index, SPACING, 0, &crc, NULL), DP_BAD_INDEX);
}

START_TEST(checksums_of_spans_are_those_of_the_data)
{
    each(check_sums);
}
END_TEST

static void check_rows(const struct dp_index *index, const struct sample *sample,
                       const struct dp_array *object)
{
    const struct dp_edge *edges = edges_of(sample);
    struct dp_seek_point point;
    struct dp_index_row row;
    size_t i, r = 0, e;

    (void)object;
    /* Each seek point's row, one after the other, and no others but the end. */
    for (i = 0; i < dp_index_point_count(index); i++) {
        dp_index_point(index, i, &point);
        e = edge_after(sample, point.uncompressed_offset);
        dp_index_row(index, r, &row);
        if (row.edge.offset < point.uncompressed_offset)
            dp_index_row(index, ++r, &row);
        ck_assert_mem_eq(&row.edge, &edges[e], sizeof(row.edge));
        ck_assert_uint_eq(row.previous_offset, edges[e ? e - 1 : 0].offset);
        ck_assert_uint_eq(row.previous_bases, edges[e ? e - 1 : 0].bases);
    }
    e = sample->edges.length - 1;
    dp_index_row(index, dp_index_row_count(index) - 1, &row);
    ck_assert_mem_eq(&row.edge, &edges[e], sizeof(row.edge));
    ck_assert_uint_eq(row.previous_offset, edges[e - 1].offset);
    ck_assert_uint_le(dp_index_row_count(index), r + 2);
}

START_TEST(rows_are_the_first_records_behind_points)
{
    each(check_rows);
}
END_TEST

/* Walks the rows: the last one whose key is at most `key`. */
static size_t row_before_slowly(const struct dp_index *index, enum dp_plan_unit unit,
                                uint64_t key)
{
    struct dp_index_row row;
    size_t i, found = 0;

    for (i = 0; i < dp_index_row_count(index); i++) {
        dp_index_row(index, i, &row);
        if (dp_edge_key(&row.edge, unit) <= key)
            found = i;
    }
    return found;
}

static void check_row_search(const struct dp_index *index, const struct sample *sample,
                             const struct dp_array *object)
{
    const struct dp_edge *end = &edges_of(sample)[sample->edges.length - 1];
    int unit;
    uint64_t key, last;

    (void)object;
    for (unit = DP_UNIT_RECORDS; unit <= DP_UNIT_BASES; unit++) {
        last = dp_edge_key(end, (enum dp_plan_unit)unit);
        for (key = 0; key <= last + 2; key += 1 + last / 500)
            ck_assert_uint_eq(dp_index_row_before(index, (enum dp_plan_unit)unit, key),
                              row_before_slowly(index, (enum dp_plan_unit)unit, key));
        ck_assert_uint_eq(dp_index_row_before(index, (enum dp_plan_unit)unit, UINT64_MAX),
                          dp_index_row_count(index) - 1);
    }
}

START_TEST(rows_are_found_by_every_key)
{
    each(check_row_search);
}
END_TEST

START_TEST(blocks_and_digests_describe_the_data)
{
    const struct dp_name_digest *digests;
    struct dp_block block;
    uint64_t compressed = 0, uncompressed = 0, i;
    size_t count;

    setup();
    ck_assert_uint_gt(indexes[0][BLOCKS]->block_count, 10);
    for (i = 0; i < indexes[0][BLOCKS]->block_count; i++) {
        ck_assert_int_eq(dp_index_blocks(indexes[0][BLOCKS], i, 1, &block, NULL), DP_OK);
        compressed += block.compressed_bytes;
        uncompressed += block.uncompressed_bytes;
    }
    ck_assert_uint_eq(compressed, objects[0][BLOCKS].length);
    ck_assert_uint_eq(uncompressed, samples[0].bytes.length);
    ck_assert_int_eq(dp_index_blocks(indexes[0][BLOCKS], i, 1, &block, NULL), DP_INVALID);

    digests = dp_index_digests(indexes[0][PLAIN], &count);
    ck_assert_uint_eq(count, 1); /* 1,000 records */
    ck_assert_uint_eq(digests[0].bases, edges_of(&samples[0])[1000].bases);
    ck_assert_uint_eq(digests[0].digest,
                      dp_index_digests(indexes[0][BLOCKS], &count)[0].digest);
    dp_index_digests(indexes[1][PLAIN], &count);
    ck_assert_uint_eq(count, 0);
    teardown();
}
END_TEST

START_TEST(identities_tell_objects_apart)
{
    int i, j;

    setup();
    for (i = 0; i < 2 * PACKINGS; i++)
        for (j = 0; j < i; j++)
            ck_assert_str_ne(dp_index_identity(indexes[i / PACKINGS][i % PACKINGS]),
                             dp_index_identity(indexes[j / PACKINGS][j % PACKINGS]));
    teardown();
}
END_TEST

TEST_MAIN("index", facts_are_those_of_the_data, info_fills_only_what_the_caller_knows,
          points_are_found_by_offset, decoding_restarts_at_every_point_within_its_range,
          checksums_of_spans_are_those_of_the_data, rows_are_the_first_records_behind_points,
          rows_are_found_by_every_key, blocks_and_digests_describe_the_data,
          identities_tell_objects_apart)
