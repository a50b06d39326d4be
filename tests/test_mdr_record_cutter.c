/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/record_cutter.c: whatever the pieces that bytes come in, the same header and records, each
 * once; what is cut short or makes no sense is refused. */

#include "config.h"

#include "base/le.h"
#include "mdr/decode.h"
#include "mdr/record_cutter.h"
#include "tests/connectors.h"

/* A text or BCF that comes in pieces of `step` bytes. */
struct source {
    const char *bytes;
    size_t length, step, at;
    size_t fail_at; /* the piece that begins there or behind cannot be had; 0: none */
    char *piece;    /* a copy, so that nothing behind it can be read unseen */
};

static int64_t pull(void *user, const void **bytes, struct dp_error *err)
{
    struct source *source = user;
    size_t length = source->length - source->at;

    if (source->fail_at && source->at >= source->fail_at)
        return dp_error_set(err, DP_IO, "the line is dead");
    if (length > source->step)
        length = source->step;
    free(source->piece);
    source->piece = malloc(length + 1);
    memcpy(source->piece, source->bytes + source->at, length);
    *bytes = source->piece;
    source->at += length;
    return (int64_t)length;
}

struct cut {
    struct dp_array header, records;
    uint64_t count;
    size_t batches, largest;
    bool is_bcf;
};

/* Header and all records. The result of the first call that did not go well, else 0. */
static int cut_all(struct source *source, struct cut *cut, struct dp_error *err)
{
    struct dp_mdr_cutter cutter;
    struct dp_array batch = {0};
    char zeros[DP_MDR_BATCH_SLACK] = {0};
    uint64_t records = 1;
    int rc;

    memset(cut, 0, sizeof(*cut));
    source->at = 0;
    dp_mdr_cutter_begin(&cutter, pull, source, "x", false);
    rc = dp_mdr_cutter_header(&cutter, &cut->header, err);
    cut->is_bcf = cutter.is_bcf;
    while (rc == DP_OK && records > 0) {
        rc = dp_mdr_cutter_batch(&cutter, &batch, &records, err);
        if (rc != DP_OK)
            break;
        ck_assert(dp_array_append(&cut->records, batch.data, batch.length, 1));
        cut->count += records;
        cut->batches += records > 0;
        cut->largest = batch.length > cut->largest ? batch.length : cut->largest;
        ck_assert_int_eq(records > 0, batch.length > 0);
        ck_assert_uint_ge(batch.capacity, batch.length + DP_MDR_BATCH_SLACK);
        ck_assert_mem_eq((char *)batch.data + batch.length, zeros, sizeof(zeros));
    }
    dp_array_free(&batch);
    dp_mdr_cutter_end(&cutter);
    free(source->piece);
    source->piece = NULL;
    return rc;
}

static void free_cut(struct cut *cut)
{
    dp_array_free(&cut->header);
    dp_array_free(&cut->records);
}

/* In pieces of many sizes: a header of `header` bytes, `count` records that are all the rest. */
static void must_cut(const char *bytes, size_t length, size_t header, uint64_t count)
{
    static const size_t steps[] = {1, 2, 3, 7, 8, 9, 10, 33, 1 << 20};
    struct source source = {.bytes = bytes, .length = length};
    struct dp_error err = {0};
    struct cut cut;
    size_t i;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        source.step = steps[i];
        ck_assert_msg(cut_all(&source, &cut, &err) == DP_OK, "%s", err.message);
        ck_assert_uint_eq(cut.header.length, header);
        ck_assert_mem_eq(cut.header.data, bytes, header);
        ck_assert_uint_eq(cut.records.length, length - header);
        if (length > header)
            ck_assert_mem_eq(cut.records.data, bytes + header, length - header);
        ck_assert_uint_eq(cut.count, count);
        free_cut(&cut);
    }
}

static void must_refuse(const char *bytes, size_t length, int code, const char *message)
{
    static const size_t steps[] = {1, 5, 1 << 20};
    struct source source = {.bytes = bytes, .length = length};
    struct dp_error err = {0};
    struct cut cut;
    size_t i;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        source.step = steps[i];
        ck_assert_int_eq(cut_all(&source, &cut, &err), code);
        ck_assert_str_eq(err.message, message);
        free_cut(&cut);
    }
}

#define FORMAT_LINE "##fileformat=VCFv4.2\n"
#define COLUMNS     "#CHROM\tPOS\ta"
#define HEADER      FORMAT_LINE "##x=#CHROM\n" COLUMNS "\n"

static void must_cut_text(const char *text, size_t header, uint64_t count)
{
    must_cut(text, strlen(text), header, count);
}

START_TEST(text_lines)
{
    const size_t header = strlen(HEADER);

    must_cut_text(HEADER, header, 0);
    must_cut_text(FORMAT_LINE COLUMNS, strlen(FORMAT_LINE COLUMNS), 0); /* no newline at the end */
    must_cut_text(HEADER "1\t2\n", header, 1);
    must_cut_text(HEADER "1\t2", header, 1);
    must_cut_text(HEADER "1\t2\r\n#\n3\t4\r\n", header, 3);
    must_cut_text(HEADER "\n\n1\n", header, 3); /* empty lines are not passed over */
    must_cut(HEADER "a\0b\nc\n", header + 6, header, 2);
}
END_TEST

START_TEST(text_that_is_none)
{
    static const char late[] = FORMAT_LINE "#CHR";
    size_t i;

    must_refuse("", 0, DP_DATA, "x: the object is empty");
    must_refuse("#", 1, DP_DATA, "x: this is neither VCF nor BCF");
    must_refuse("##filefo\n", 9, DP_DATA, "x: this is neither VCF nor BCF");
    must_refuse("1\t2\t3\t4\t5\n", 10, DP_DATA, "x: this is neither VCF nor BCF");
    must_refuse(FORMAT_LINE "1\t2\n", sizeof(FORMAT_LINE) + 3, DP_DATA,
                "x: the header has no #CHROM line");
    must_refuse(FORMAT_LINE "\n" COLUMNS "\n", sizeof(FORMAT_LINE COLUMNS) + 1, DP_DATA,
                "x: the header has no #CHROM line");
    for (i = 9; i < sizeof(late); i++) /* wherever it ends */
        must_refuse(late, i, DP_DATA, "x: the object ends within its header");
}
END_TEST

/* ------------------------------------------------------------------------------------- BCF */

/* A header with `text` bytes and records of these sizes (fixed part, and that of the samples). */
static size_t make_bcf(char *to, size_t text, const uint32_t (*sizes)[2], size_t count)
{
    char *at = to + 9 + text;
    size_t i, k;

    memcpy(to, "BCF\2\2", 5);
    dp_le32_store((uint8_t *)to + 5, (uint32_t)text);
    memset(to + 9, 'h', text);
    for (i = 0; i < count; i++) {
        dp_le32_store((uint8_t *)at, sizes[i][0]);
        dp_le32_store((uint8_t *)at + 4, sizes[i][1]);
        for (at += 8, k = 0; k < (size_t)sizes[i][0] + sizes[i][1]; k++)
            *at++ = (char)(i + k);
    }
    return (size_t)(at - to);
}

START_TEST(bcf)
{
    static const uint32_t sizes[][2] = {{24, 0}, {24, 1}, {30, 500}, {1000, 0}};
    char bytes[3000];
    size_t text, count;

    for (text = 0; text < 3; text++)
        for (count = 0; count <= 4; count++)
            must_cut(bytes, make_bcf(bytes, text * 5, sizes, count), 9 + text * 5, count);
}
END_TEST

/* Wherever it ends but behind a record, it is refused. */
START_TEST(bcf_cut_short)
{
    static const uint32_t sizes[][2] = {{24, 3}, {26, 0}};
    char bytes[200];
    size_t length = make_bcf(bytes, 4, sizes, 2), i;

    for (i = 5; i < length; i++)
        if (i < 13)
            must_refuse(bytes, i, DP_DATA, "x: the object ends within its header");
        else if (i != 13 && i != 13 + 8 + 27)
            must_refuse(bytes, i, DP_DATA, "x: the object ends within a record");
    must_refuse(bytes, 4, DP_DATA, "x: this is neither VCF nor BCF");
}
END_TEST

START_TEST(bcf_that_makes_no_sense)
{
    static const uint32_t short_one[][2] = {{24, 0}, {23, 9}}, end[][2] = {{24, 0}};
    char bytes[200];
    size_t length = make_bcf(bytes, 0, short_one, 2);

    must_refuse(bytes, length, DP_DATA, "x: a record has a length that makes no sense");
    length = make_bcf(bytes, 0, end, 1);
    dp_le32_store((uint8_t *)bytes + 9, UINT32_C(1) << 31);
    must_refuse(bytes, length, DP_DATA, "x: a record has a length that makes no sense");
    dp_le32_store((uint8_t *)bytes + 9, UINT32_MAX);
    must_refuse(bytes, length, DP_DATA, "x: a record has a length that makes no sense");
    dp_le32_store((uint8_t *)bytes + 9, 24);
    dp_le32_store((uint8_t *)bytes + 13, UINT32_MAX); /* nothing is allocated for what is said */
    must_refuse(bytes, length, DP_DATA, "x: the object ends within a record");
    dp_le32_store((uint8_t *)bytes + 5, UINT32_MAX);
    must_refuse(bytes, length, DP_DATA, "x: the header is too long");
}
END_TEST

/* ---------------------------------------------------------------------------------- batches */

/* Lines of 100 bytes make batches of about a MiB; one line of 3 MiB is a batch by itself. */
START_TEST(batches)
{
    const size_t header = strlen(HEADER), mib = 1 << 20, length = header + 6 * mib;
    char *bytes = malloc(length);
    struct source source = {.bytes = bytes, .length = length, .step = 70000};
    struct dp_error err = {0};
    struct cut cut;
    uint64_t lines = 0;
    size_t i;

    memset(bytes, 'a', length);
    memcpy(bytes, HEADER, header);
    for (i = header + 99; i < length; i += i == header + 99999 ? 3 * mib : 100, lines++)
        bytes[i] = '\n';
    if (bytes[length - 1] != '\n')
        lines++;
    ck_assert_int_eq(cut_all(&source, &cut, &err), DP_OK);
    ck_assert_uint_eq(cut.count, lines);
    ck_assert_uint_eq(cut.records.length, length - header);
    ck_assert_int_eq(memcmp(cut.records.data, bytes + header, length - header), 0);
    ck_assert_uint_ge(cut.batches, 4);
    ck_assert_uint_le(cut.batches, 6);
    ck_assert_uint_lt(cut.largest, 4 * mib);
    free_cut(&cut);
    free(bytes);
}
END_TEST

START_TEST(a_source_that_fails)
{
    struct source source = {.bytes = HEADER "1\n2\n", .length = strlen(HEADER) + 4, .step = 1};
    struct dp_error err = {0};
    struct cut cut;

    for (source.fail_at = 1; source.fail_at <= source.length; source.fail_at++) {
        ck_assert_int_eq(cut_all(&source, &cut, &err), DP_IO);
        ck_assert_str_eq(err.message, "the line is dead");
        free_cut(&cut);
    }
}
END_TEST

/* A cutter that begins at a record. */
START_TEST(without_a_header)
{
    struct source source = {.bytes = "1\n#2\n3", .length = 6, .step = 4};
    struct dp_array batch = {0};
    struct dp_mdr_cutter cutter;
    uint64_t records;

    dp_mdr_cutter_begin(&cutter, pull, &source, "x", false);
    ck_assert_int_eq(dp_mdr_cutter_batch(&cutter, &batch, &records, NULL), DP_OK);
    ck_assert_uint_eq(records, 3);
    ck_assert_uint_eq(batch.length, 6);
    ck_assert_int_eq(dp_mdr_cutter_batch(&cutter, &batch, &records, NULL), DP_OK);
    ck_assert_uint_eq(records, 0);
    dp_mdr_cutter_end(&cutter);
    dp_array_free(&batch);
    free(source.piece);
}
END_TEST

TEST_MAIN("mdr_record_cutter", text_lines, text_that_is_none, bcf, bcf_cut_short,
          bcf_that_makes_no_sense, batches, a_source_that_fails, without_a_header)
