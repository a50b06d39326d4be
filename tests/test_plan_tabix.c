/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Plans from a .tbi or .csi, from the index to the bytes. */

#include "config.h"

#include "slicer/plan_tabix.h"

#include "tests/bcf_data.h"
#include "tests/codec_data.h"
#include "tests/connectors.h"
#include "tests/scanning.h"
#include "tests/tabix_data.h"

#define RECORDS 400u
#define CONTIGS 3u /* the second has no records */

static const struct tabix_kind tbi = {.min_shift = 14, .depth = 5, .counts = true, .names = true};
static const struct tabix_kind csi = {
    .csi = true, .min_shift = 14, .depth = 5, .counts = true, .names = true};
static const struct tabix_kind csi_of_bcf = {
    .csi = true, .min_shift = 14, .depth = 5, .counts = true, .names = false};
static const struct tabix_kind no_counts = {.min_shift = 14, .depth = 5, .names = true};

/* An object with its index, as uncompressed bytes and as files. */
struct made {
    bool bcf;
    struct dp_array text; /* uncompressed */
    size_t header_bytes;
    size_t edges[RECORDS + 1]; /* where records begin in it */
    struct dp_array packed;
    struct tabix_record records[RECORDS];
    struct dp_context *context;
    struct dp_object *object;
    struct dp_tabix *tabix;
    const char *folder;
};

static void put_vcf_record(struct dp_array *out, const struct tabix_record *record, uint64_t salt)
{
    char line[400];

    snprintf(line, sizeof(line), "c%u\t%ju\tid%ju\tA\tC\t.\t.\tEND=%ju;X=%.*s\n", record->contig,
             (uintmax_t)record->begin + 1, (uintmax_t)salt, (uintmax_t)record->end,
             (int)(salt % 200),
             "loremipsumdolorsitametconsecteturadipisicielitseddoeiusmodtemporincididunt"
             "utlaboreetdoloremagnaaliquaUtenimadminimveniamquisnostrudexercitationullamco"
             "laborisnisiutaliquipexeacommodoconsequatDuisauteirure");
    tabix_put(out, line, strlen(line));
}

static void put_bcf_record(struct dp_array *out, const struct tabix_record *record, uint64_t salt)
{
    struct bcf_record made = bcf_simple((int32_t)record->contig, (int32_t)record->begin);

    made.length = (int32_t)(record->end - record->begin);
    made.shared += (uint32_t)(salt % 200);
    made.samples = made.formats = made.indiv = 0;
    bcf_put_record(out, &made);
}

static void make_text(struct made *made, uint64_t seed)
{
    static const char header[] = "##fileformat=VCFv4.2\n"
                                 "##contig=<ID=c0>\n##contig=<ID=c1>\n##contig=<ID=c2>\n"
                                 "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    uint64_t random = seed, position = 0;
    size_t i;

    if (made->bcf)
        bcf_put_header(&made->text, header);
    else
        tabix_put(&made->text, header, sizeof(header) - 1);
    made->header_bytes = made->text.length;
    for (i = 0; i < RECORDS; i++) {
        struct tabix_record *record = &made->records[i];

        position = i == RECORDS / 3 ? 0 : position + random_below(&random, 3000);
        record->contig = i < RECORDS / 3 ? 0 : 2;
        record->begin = position;
        record->end = position + 1 + random_below(&random, 9) * random_below(&random, 900);
        made->edges[i] = made->text.length;
        (made->bcf ? put_bcf_record : put_vcf_record)(&made->text, record, next_random(&random));
    }
    made->edges[RECORDS] = made->text.length;
}

/* The virtual offset of an uncompressed one, as htslib tells it: never at the end of a block. */
static uint64_t virtual_offset(const struct dp_array *packed, size_t offset)
{
    const uint8_t *bytes = packed->data;
    size_t at = 0;

    while (at < packed->length) {
        size_t length = (size_t)dp_le16_load(bytes + at + 16) + 1;
        size_t content = dp_le32_load(bytes + at + length - 4);

        if (offset < content || content == 0)
            break;
        offset -= content;
        at += length;
    }
    return (uint64_t)at << 16 | offset;
}

static void pack(struct made *made, size_t block_bytes)
{
    size_t i;

    made->packed.length = 0;
    data_bgzf(&made->packed, made->text.data, made->text.length, block_bytes, true);
    for (i = 0; i < RECORDS; i++) {
        made->records[i].at = virtual_offset(&made->packed, made->edges[i]);
        made->records[i].behind = virtual_offset(&made->packed, made->edges[i + 1]);
    }
}

static void open_files(struct made *made, const struct tabix_kind *kind)
{
    struct dp_array file = {0};
    struct dp_error err = {0};

    tabix_make(&file, kind, made->records, RECORDS, CONTIGS);
    test_write_file("object", made->packed.data, made->packed.length);
    test_write_file("index", file.data, file.length);
    dp_array_free(&file);
    ck_assert_int_eq(dp_object_open(made->context, "object", NULL, &made->object, NULL), 0);
    ck_assert_msg(dp_tabix_find(made->context, made->object, "index", &made->tabix, &err) == 0,
                  "%s", err.message);
}

static void begin(struct made *made, bool bcf, uint64_t seed)
{
    memset(made, 0, sizeof(*made));
    made->bcf = bcf;
    made->context = test_context();
    made->folder = test_enter_folder();
    make_text(made, seed);
}

static void make(struct made *made, const struct tabix_kind *kind, size_t block_bytes,
                 uint64_t seed)
{
    begin(made, !kind->names, seed);
    pack(made, block_bytes);
    open_files(made, kind);
}

static void release(struct made *made)
{
    dp_tabix_free(made->tabix);
    dp_object_free(made->object);
    dp_context_free(made->context);
    dp_array_free(&made->text);
    dp_array_free(&made->packed);
    test_leave_folder(made->folder);
}

/* ----------------------------------------------------------------------------------- reading */

/* Slice `number` goes through its text form and is read. */
static int fetch(const struct made *made, const struct dp_plan_tabix *plan, uint64_t number,
                 struct dp_array *out, struct dp_slice_info *info, struct dp_error *err)
{
    struct dp_reader_options options = {.struct_bytes = sizeof(options)};
    struct dp_slice *slice = calloc(1, sizeof(*slice)), *received;
    struct dp_reader *reader;
    const void *bytes;
    int64_t length;
    char *line;

    ck_assert_msg(dp_plan_tabix_fill(plan, number, slice, err) == 0, "%s", err->message);
    ck_assert_msg(dp_slice_format(slice, &line, err) == 0, "%s", err->message);
    dp_slice_free(slice);
    ck_assert_msg(dp_slice_parse(line, strlen(line), &received, err) == 0, "%s", err->message);
    dp_text_free(line);
    info->struct_bytes = sizeof(*info);
    dp_slice_info(received, info);
    out->length = 0;
    length = dp_reader_open(made->context, received, &options, &reader, err);
    if (length == 0) {
        while ((length = dp_reader_next(reader, 0, &bytes, err)) > 0)
            MUST(dp_array_append(out, bytes, (size_t)length, 1));
        dp_reader_free(reader);
    }
    dp_slice_free(received);
    return (int)length;
}

static int new_plan(const struct made *made, uint64_t parts, struct dp_plan_tabix **plan,
                    struct dp_error *err)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .part_count = parts};

    return dp_plan_tabix_new(made->tabix, made->object, &options, plan, err);
}

/* All slices of a plan: each has the header, and together they have all records. */
static void must_cover(const struct made *made, uint64_t parts)
{
    struct dp_array out = {0}, all = {0};
    struct dp_plan_tabix *plan = NULL;
    struct dp_error err = {0};
    struct dp_slice_info info;
    uint64_t i;
    int rc;

    ck_assert_msg(new_plan(made, parts, &plan, &err) == 0, "%s", err.message);
    ck_assert_uint_eq(dp_plan_tabix_count(plan), parts);
    for (i = 1; i <= parts; i++) {
        rc = fetch(made, plan, i, &out, &info, &err);
        ck_assert_msg(rc == 0, "%s", err.message);
        MUST(out.length >= made->header_bytes);
        MUST(memcmp(out.data, made->text.data, made->header_bytes) == 0);
        if (out.length > made->header_bytes)
            MUST(dp_array_append(&all, (uint8_t *)out.data + made->header_bytes,
                                 out.length - made->header_bytes, 1));
        MUST(info.record_count == UINT64_MAX || info.record_count == 0 || parts == 1);
    }
    MUST(all.length == made->text.length - made->header_bytes);
    MUST(memcmp(all.data, (uint8_t *)made->text.data + made->header_bytes, all.length) == 0);
    dp_plan_tabix_free(plan);
    dp_array_free(&out);
    dp_array_free(&all);
}

START_TEST(parts_are_the_object)
{
    static const struct tabix_kind *const kinds[] = {&tbi, &csi, &csi_of_bcf, &no_counts};
    static const size_t blocks[] = {65280, 5000, 700, 100};
    struct made made;
    uint64_t parts;

    make(&made, kinds[_i % 4], blocks[_i / 4], (uint64_t)_i);
    for (parts = 1; parts < 12; parts += 5)
        must_cover(&made, parts);
    must_cover(&made, _i ? 60 : 1000);
    release(&made);
}
END_TEST

START_TEST(parts_are_balanced)
{
    struct made made;
    struct dp_plan_tabix *plan = NULL;
    struct dp_array out = {0};
    struct dp_slice_info info;
    struct dp_error err = {0};
    uint64_t i;

    make(&made, &tbi, 700, 5);
    ck_assert_int_eq(new_plan(&made, 5, &plan, &err), 0);
    for (i = 1; i <= 5; i++) {
        ck_assert_int_eq(fetch(&made, plan, i, &out, &info, &err), 0);
        ck_assert_uint_gt((info.end - info.begin) * 10, made.packed.length);
        ck_assert_uint_lt((info.end - info.begin) * 3, made.packed.length);
        ck_assert_uint_eq(info.slice_count, 5);
    }
    dp_plan_tabix_free(plan);
    dp_array_free(&out);
    release(&made);
}
END_TEST

START_TEST(one_part_has_its_count)
{
    struct made made;
    struct dp_plan_tabix *plan = NULL;
    struct dp_array out = {0};
    struct dp_slice_info info;
    struct dp_error err = {0};

    make(&made, &tbi, 5000, 5);
    ck_assert_int_eq(new_plan(&made, 1, &plan, &err), 0);
    ck_assert_int_eq(fetch(&made, plan, 1, &out, &info, &err), 0);
    ck_assert_uint_eq(info.record_count, RECORDS);
    dp_plan_tabix_free(plan);
    dp_array_free(&out);
    release(&made);
}
END_TEST

START_TEST(what_it_cannot_cut)
{
    struct dp_plan_options by_size = {.struct_bytes = sizeof(by_size), .size = 10};
    struct dp_plan_tabix *plan = NULL;
    struct dp_error err = {0};
    struct made made;

    make(&made, &tbi, 5000, 6);
    ck_assert_int_eq(dp_plan_tabix_new(made.tabix, made.object, &by_size, &plan, &err),
                     DP_UNSUPPORTED);
    ck_assert_msg(strstr(err.message, "dp-index build"), "%s", err.message);
    release(&made);
}
END_TEST

/* Whoever made the index looked at no record, and so every fetch does: there is no checksum that
 * would tell. */
START_TEST(records_are_judged)
{
    struct made made;
    struct dp_plan_tabix *plan = NULL;
    struct dp_array out = {0};
    struct dp_slice_info info;
    struct dp_error err = {0};
    char *position;
    unsigned refused = 0;
    uint64_t i;

    begin(&made, false, 7);
    position = memchr((char *)made.text.data + made.edges[RECORDS / 2], '\t', 10);
    ck_assert_ptr_nonnull(position);
    position[1] = 'x';
    pack(&made, 700);
    open_files(&made, &tbi);
    ck_assert_int_eq(new_plan(&made, 5, &plan, &err), 0);
    for (i = 1; i <= 5; i++) {
        int rc = fetch(&made, plan, i, &out, &info, &err);

        refused += rc != 0;
        ck_assert_msg(!rc || (rc == DP_DATA && err.detail == DP_DETAIL_RECORD), "%s", err.message);
    }
    ck_assert_uint_eq(refused, 1);
    dp_plan_tabix_free(plan);
    dp_array_free(&out);
    release(&made);
}
END_TEST

/* ------------------------------------------------------------------------------------- stale */

/* The object becomes another one while the index stays: planning or fetching must notice, or the
 * slices are the new object all the same. Gives 1 when it was noticed. */
static int replace(struct made *made, uint64_t parts)
{
    struct dp_array out = {0};
    struct dp_plan_tabix *plan = NULL;
    struct dp_slice_info info;
    struct dp_error err = {0};
    uint64_t i, begin = made->header_bytes;
    int rc;

    test_write_file("object", made->packed.data, made->packed.length);
    dp_object_free(made->object);
    ck_assert_int_eq(dp_object_open(made->context, "object", NULL, &made->object, NULL), 0);
    rc = new_plan(made, parts, &plan, &err);
    for (i = 1; !rc && i <= parts; i++) {
        rc = fetch(made, plan, i, &out, &info, &err);
        if (rc)
            break;
        MUST(out.length - made->header_bytes <= made->text.length - begin);
        MUST(memcmp((uint8_t *)out.data + made->header_bytes, (uint8_t *)made->text.data + begin,
                    out.length - made->header_bytes) == 0);
        begin += out.length - made->header_bytes;
    }
    MUST(rc ? err.message[0] != '\0' : begin == made->text.length);
    dp_plan_tabix_free(plan);
    dp_array_free(&out);
    return rc != 0;
}

/* Takes `count` bytes out of the text at `at`, and puts `bytes` there. */
static void splice(struct made *made, size_t at, size_t count, const char *bytes)
{
    struct dp_array text = {0};

    tabix_put(&text, made->text.data, at);
    tabix_put(&text, bytes, strlen(bytes));
    tabix_put(&text, (uint8_t *)made->text.data + at + count, made->text.length - at - count);
    dp_array_free(&made->text);
    made->text = text;
}

static void repack(struct made *made, size_t block_bytes)
{
    made->packed.length = 0;
    data_bgzf(&made->packed, made->text.data, made->text.length, block_bytes, true);
}

START_TEST(another_object_is_noticed)
{
    struct made made;
    size_t block_bytes = _i % 2 ? 700 : 5000, middle;

    make(&made, &tbi, block_bytes, (uint64_t)_i);
    middle = made.edges[RECORDS / 2];
    switch (_i / 2) {
    case 0: /* a record less */
        splice(&made, middle, made.edges[RECORDS / 2 + 1] - middle, "");
        repack(&made, block_bytes);
        break;
    case 1: /* a record more, at the end */
        splice(&made, made.text.length, 0, "c2\t9000000\t.\tA\tC\t.\t.\t.\n");
        repack(&made, block_bytes);
        break;
    case 2: /* a longer header */
        splice(&made, 21, 0, "##more=1\n");
        repack(&made, block_bytes);
        break;
    case 3: /* other blocks */
        repack(&made, block_bytes + 1);
        break;
    case 4: /* the last record is missing */
        splice(&made, made.edges[RECORDS - 1], made.text.length - made.edges[RECORDS - 1], "");
        repack(&made, block_bytes);
        break;
    case 5: /* cut off */
        made.packed.length -= 2000;
        break;
    case 6: /* not BGZF any more */
        made.packed.length = 0;
        tabix_put(&made.packed, made.text.data, made.text.length);
        break;
    default: /* nothing but a header */
        splice(&made, made.header_bytes, made.text.length - made.header_bytes, "");
        repack(&made, block_bytes);
    }
    ck_assert_int_eq(replace(&made, 7), 1);
    release(&made);
}
END_TEST

/* Any record may change its length by any other: what comes out is never mixed up. */
START_TEST(shifted_records)
{
    struct made made;
    uint64_t random = (uint64_t)_i;
    unsigned round, noticed = 0;

    make(&made, &tbi, 700, (uint64_t)_i);
    for (round = 0; round < 12; round++) {
        size_t at = made.edges[random_below(&random, RECORDS - 1)] + 14;

        splice(&made, at, round % 2, round % 2 ? "" : "7");
        repack(&made, 700);
        noticed += (unsigned)replace(&made, 5);
    }
    ck_assert_uint_gt(noticed, 2);
    release(&made);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan_tabix");
    TCase *tcase = tcase_create("plan_tabix");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, parts_are_the_object, 0, 16);
    tcase_add_test(tcase, parts_are_balanced);
    tcase_add_test(tcase, one_part_has_its_count);
    tcase_add_test(tcase, what_it_cannot_cut);
    tcase_add_test(tcase, records_are_judged);
    tcase_add_loop_test(tcase, another_object_is_noticed, 0, 16);
    tcase_add_loop_test(tcase, shifted_records, 0, 3);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
