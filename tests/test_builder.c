/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The pass itself: the same index however it is made, what it refuses, what it keeps of damage. */

#include "tests/indexing.h"

#include "index/codec/batch.h"

#include <signal.h>
#include <sys/resource.h>

#define SPACING 20000u

/* A sequential source that gives odd portions. */
struct portions {
    const struct dp_array *bytes;
    size_t at;
    uint32_t state;
};

static int64_t give_portion(void *user, void *buffer, size_t capacity, struct dp_error *err)
{
    struct portions *source = user;
    size_t n = 1 + next_random(&source->state) % 5000, left = source->bytes->length - source->at;

    (void)err;
    n = n < left ? n : left;
    n = n < capacity ? n : capacity;
    memcpy(buffer, (const char *)source->bytes->data + source->at, n);
    source->at += n;
    return (int64_t)n;
}

static int build(struct dp_context *context, const struct dp_array *bytes,
                 struct dp_index_options *options, struct dp_index **index, struct dp_error *err)
{
    struct dp_object *object = open_bytes(context, bytes);
    int result;

    options->struct_bytes = sizeof(*options);
    if (!options->spacing_bytes)
        options->spacing_bytes = SPACING;
    result = dp_index_build(context, object, options, index, err);
    dp_object_free(object);
    return result;
}

/* The file of an index of `bytes` built in this way. */
static struct dp_array file_of(struct dp_context *context, const struct dp_array *bytes,
                               unsigned threads, const char *backend, bool sequential)
{
    struct dp_index_options options = {.struct_bytes = sizeof(options),
                                       .spacing_bytes = SPACING,
                                       .threads = threads,
                                       .backend = backend};
    struct portions source = {.bytes = bytes, .state = 7};
    struct dp_index *index = NULL;
    struct dp_error err = {0};
    struct dp_array file;
    int result;

    if (sequential)
        result = dp_index_build_from(context, give_portion, &source, "stdin", &options, &index,
                                     &err);
    else
        result = build(context, bytes, &options, &index, &err);
    ck_assert_msg(result == DP_OK, "%s", err.message);
    file = save_bytes(index, "x.dpi");
    dp_index_free(index);
    return file;
}

START_TEST(one_file_for_every_way_of_building)
{
    static const char *const backends[] = {
        "zlib",
#ifdef HAVE_ISAL
        "isal",
#endif
    };
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(5000, 60, 3);
    struct dp_array object, expected, file;
    unsigned threads;
    size_t b;
    int p;

    for (p = 0; p < PACKINGS; p++) {
        object = pack(&sample, (enum packing)p);
        expected = file_of(context, &object, 1, NULL, false);
        ck_assert_uint_gt(expected.length, 1000);
        for (threads = 1; threads <= 3; threads++)
            for (b = 0; b < sizeof(backends) / sizeof(backends[0]); b++) {
                file = file_of(context, &object, threads, backends[b], threads == 2);
                ck_assert_msg(same_bytes(&file, &expected), "packing %d, %u threads, %s", p,
                              threads, backends[b]);
                dp_array_free(&file);
            }
        dp_array_free(&expected);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(unknown_names_are_refused)
{
    struct dp_context *context = test_context();
    struct sample sample = make_text(10, 20, 1);
    struct dp_index_options format = {.format = "fastx"}, backend = {.backend = "zlob"};
    struct dp_array object = pack(&sample, ONE_MEMBER);
    struct dp_index *index = NULL;
    struct dp_error err = {0};

    ck_assert_int_eq(build(context, &object, &format, &index, &err), DP_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "fastx"));
    ck_assert_int_lt(build(context, &object, &backend, &index, &err), 0);
    ck_assert_ptr_null(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

START_TEST(the_format_that_was_asked_for_is_used)
{
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(50, 60, 4);
    struct dp_index_options options = {.format = "text"};
    struct dp_array object = pack(&sample, PLAIN);
    struct dp_index *index = NULL;
    struct dp_edge totals;

    ck_assert_int_eq(build(context, &object, &options, &index, NULL), DP_OK);
    dp_index_totals(index, &totals);
    ck_assert_uint_eq(totals.record, 200);
    ck_assert_str_eq(dp_index_format(index)->name, "text");
    dp_index_free(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

/* ---- who else wants the bytes */

struct teed {
    struct dp_array bytes;
    size_t fail_after;
};

static int take_teed(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct teed *teed = user;

    if (teed->fail_after && teed->bytes.length > teed->fail_after)
        return dp_error_set(err, DP_IO, "the pipe is broken");
    put(&teed->bytes, bytes, length);
    return DP_OK;
}

START_TEST(the_tee_gets_everything)
{
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(2000, 100, 5);
    struct teed teed;
    struct dp_index_options options = {.tee = take_teed, .tee_user = &teed};
    struct dp_error err = {0};
    struct dp_index *index = NULL;
    struct dp_array object;
    int p;

    for (p = 0; p < PACKINGS; p++) {
        memset(&teed, 0, sizeof(teed));
        object = pack(&sample, (enum packing)p);
        ck_assert_int_eq(build(context, &object, &options, &index, &err), DP_OK);
        ck_assert(same_bytes(&teed.bytes, &sample.bytes));
        dp_array_free(&teed.bytes);
        dp_index_free(index);
        index = NULL;
        teed.fail_after = 1000;
        ck_assert_int_eq(build(context, &object, &options, &index, &err), DP_IO);
        ck_assert_str_eq(err.message, "the pipe is broken");
        ck_assert_ptr_null(index);
        dp_array_free(&teed.bytes);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

START_TEST(the_tee_gets_everything_of_data_that_is_refused)
{
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(5000, 100, 6);
    struct teed teed = {0};
    struct dp_index_options options = {.tee = take_teed, .tee_user = &teed};
    struct dp_error err = {0};
    struct dp_index *index = NULL;
    struct dp_array object;

    ((char *)sample.bytes.data)[((struct dp_edge *)sample.edges.data)[1234].offset] = '#';
    object = pack(&sample, MANY_MEMBERS);
    ck_assert_int_eq(build(context, &object, &options, &index, &err), DP_DATA);
    ck_assert_int_eq(err.detail, DP_DETAIL_RECORD);
    ck_assert(same_bytes(&teed.bytes, &sample.bytes));
    dp_array_free(&teed.bytes);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

/* ---- damage */

START_TEST(what_gzip_would_decompress_is_no_text)
{
    static const struct {
        const char *bytes;
        int result;
    } cases[] = {{"\x1f\xa0 lines\n", DP_UNSUPPORTED},
                 {"\x1f\x9d lines\n", DP_UNSUPPORTED},
                 {"PK\3\4 lines\n", DP_UNSUPPORTED},
                 {"BZh lines\n", DP_OK}};
    struct dp_context *context = test_context();
    struct dp_index_options options = {.format = "text"};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dp_array object = {.data = (void *)cases[i].bytes,
                                  .length = strlen(cases[i].bytes)};
        struct dp_index *index = NULL;
        struct dp_error err = {0};

        ck_assert_int_eq(build(context, &object, &options, &index, &err), cases[i].result);
        dp_index_free(index);
    }
    dp_context_free(context);
}
END_TEST

START_TEST(damage_is_refused)
{
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(1500, 100, 7);
    struct dp_index_options options = {0};
    struct dp_index *index = NULL;
    struct dp_error err = {0};
    struct dp_array object;
    size_t cut, whole;
    int p;

    for (p = 0; p < PACKINGS; p++) {
        object = pack(&sample, (enum packing)p);
        whole = object.length;
        /* BGZF that ends at its last block is sound but for its end mark. */
        for (cut = 30; cut < whole; cut += whole / 7) {
            object.length = whole - cut;
            ck_assert_int_eq(build(context, &object, &options, &index, &err), DP_DATA);
            ck_assert_str_ne(err.message, "");
            ck_assert_ptr_null(index);
        }
        object.length = whole;
        if (p != PLAIN) {
            ((uint8_t *)object.data)[whole / 2] ^= 0x10;
            ck_assert_int_eq(build(context, &object, &options, &index, &err), DP_DATA);
        }
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

/* An index of a prefix says what is true of that prefix, and can be saved and opened. */
static void check_prefix(struct dp_context *context, struct dp_index *index,
                         const struct sample *sample, size_t object_bytes)
{
    const struct dp_edge *edges = sample->edges.data;
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_index *opened = NULL;
    struct dp_error err = {0};
    struct dp_edge totals;
    struct dp_array file;
    uint32_t crc;

    dp_index_info(index, &info);
    dp_index_totals(index, &totals);
    ck_assert_int_eq(info.complete, 0);
    ck_assert_uint_eq(info.source_bytes, object_bytes);
    ck_assert_uint_lt(totals.record, sample->edges.length);
    ck_assert_mem_eq(&totals, &edges[totals.record], sizeof(totals));
    ck_assert_uint_eq(info.uncompressed_bytes, totals.offset);
    ck_assert_int_eq(dp_index_sum(index, 0, totals.offset, &crc, NULL), DP_OK);
    ck_assert_uint_eq(crc, crc32(0, sample->bytes.data, (uInt)totals.offset));
    file = save_bytes(index, "x.dpi");
    ck_assert_msg(dp_index_open(context, "x.dpi", &opened, &err) == DP_OK, "%s", err.message);
    dp_index_free(opened);
    dp_array_free(&file);
}

START_TEST(the_sound_prefix_can_be_kept)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct sample samples[2] = {make_fastq(600, 100, 8), make_text(1500, 40, 9)};
    struct dp_index_options options = {.allow_truncated = 1, .spacing_bytes = 5000};
    const struct dp_edge *edges;
    struct dp_index *index;
    struct dp_edge totals;
    struct dp_array object;
    size_t cut, whole;
    int i;

    for (i = 0; i < 2 * PACKINGS; i++) {
        object = pack(&samples[i % 2], (enum packing)(i / 2));
        edges = samples[i % 2].edges.data;
        whole = object.length;
        for (cut = 60; cut < whole - 2000; cut += 1 + whole / 13) {
            /* Lines of plain text are whole wherever a line feed stands last. */
            object.length = whole - cut;
            if (i / 2 == PLAIN && ((char *)object.data)[object.length - 1] == '\n')
                object.length--;
            ck_assert_int_eq(build(context, &object, &options, &index, NULL), DP_OK);
            if (i % 2 && i / 2 == PLAIN) { /* nothing tells that text was cut */
                dp_index_free(index);
                continue;
            }
            check_prefix(context, index, &samples[i % 2], object.length);
            dp_index_totals(index, &totals);
            if (i / 2 == PLAIN) {
                ck_assert_uint_le(totals.offset, object.length);
                ck_assert_uint_gt(edges[totals.record + 1].offset, object.length);
            }
            dp_index_free(index);
        }
        dp_array_free(&object);
    }
    sample_free(&samples[0]);
    sample_free(&samples[1]);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Two members (or blocks) of which the second has a wrong checksum, behind `first` sound ones. */
static struct dp_array with_wrong_checksum(const struct sample *sample, int first, bool blocks)
{
    const uint8_t *bytes = sample->bytes.data;
    size_t step = 30000;
    struct dp_array object = {0};

    for (int i = 0; i <= first + 1; i++) {
        if (blocks)
            put_bgzf_block(&object, bytes + step * (size_t)i, step);
        else
            put_member(&object, bytes + step * (size_t)i, step);
        if (i == first)
            ((uint8_t *)object.data)[object.length - 5 + (size_t)(first % 2)] ^= 1;
    }
    return object;
}

/* Nothing of a member whose checksum is wrong is sound. */
START_TEST(a_wrong_checksum_ends_the_prefix_before_its_member)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(3000, 100, 12);
    const struct dp_edge *edges = sample.edges.data;
    struct dp_index_options options = {.allow_truncated = 1, .spacing_bytes = 5000};
    struct dp_edge totals;

    for (int i = 0; i < 8; i++) {
        struct dp_array object = with_wrong_checksum(&sample, i / 2, i % 2);
        struct portions source = {.bytes = &object, .state = 7};
        struct dp_index *index = NULL;
        struct dp_error err = {0};
        int rc;

        options.threads = (unsigned)i % 3 + 1;
        rc = build(context, &object, &options, &index, &err);
        if (i / 2 == 0) {
            ck_assert_int_eq(rc, DP_DATA);
        } else {
            ck_assert_msg(rc == DP_OK, "%s", err.message);
            check_prefix(context, index, &sample, object.length);
            dp_index_totals(index, &totals);
            ck_assert_uint_le(totals.offset, 30000u * (unsigned)(i / 2));
            ck_assert_uint_gt(edges[totals.record + 1].offset, 30000u * (unsigned)(i / 2));
            dp_index_free(index);
        }
        /* What cannot be read a second time is refused. */
        ck_assert_int_eq(dp_index_build_from(context, give_portion, &source, "stdin", &options,
                                             &index, &err), DP_DATA);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(a_broken_record_ends_the_prefix)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(3000, 100, 10);
    struct dp_edge *edges = sample.edges.data, totals;
    struct dp_index_options options = {.allow_truncated = 1};
    struct dp_index *index = NULL;
    struct dp_array object;
    int p;

    ((char *)sample.bytes.data)[edges[2345].offset] = '#';
    for (p = 0; p < PACKINGS; p++) {
        object = pack(&sample, (enum packing)p);
        ck_assert_int_eq(build(context, &object, &options, &index, NULL), DP_OK);
        dp_index_totals(index, &totals);
        ck_assert_uint_eq(totals.record, 2345);
        check_prefix(context, index, &sample, object.length);
        dp_index_free(index);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* ---- spacing */

START_TEST(points_thin_while_rows_and_sums_stay)
{
    struct dp_context *context = test_context();
    struct sample sample = make_text(20000, 4, 11);
    struct dp_index_options options = {.spacing_bytes = 2};
    struct dp_seek_point point, next;
    struct dp_index *index = NULL;
    struct dp_array object;
    size_t i;
    int p;

    for (p = 0; p < PACKINGS; p++) {
        object = pack(&sample, (enum packing)p);
        ck_assert_int_eq(build(context, &object, &options, &index, NULL), DP_OK);
        ck_assert_uint_le(dp_index_point_count(index), DP_POINTS_MAX);
        ck_assert_uint_eq(index->asked_spacing_bytes, 2);
        if (p == PLAIN) {
            ck_assert_uint_gt(sample.bytes.length, 2 * DP_POINTS_MAX);
            ck_assert_uint_gt(index->spacing_bytes, 2);
            ck_assert_uint_gt(index->sums.length, DP_POINTS_MAX);
            ck_assert_uint_gt(dp_index_row_count(index), DP_POINTS_MAX / 2);
        }
        for (i = 0; i + 1 < dp_index_point_count(index); i++) {
            dp_index_point(index, i, &point);
            dp_index_point(index, i + 1, &next);
            ck_assert_uint_ge(next.uncompressed_offset - point.uncompressed_offset,
                              index->spacing_bytes);
            ck_assert_uint_eq(dp_index_sum_edge(index, next.uncompressed_offset),
                              next.uncompressed_offset);
        }
        dp_index_free(index);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

/* So that little more than a slice needs is decoded for it. */
START_TEST(checksum_edges_lie_closer_than_points)
{
    struct dp_index_options options = {.spacing_bytes = 1 << 20};
    const uint64_t step = options.spacing_bytes / DP_EDGES_PER_POINT;
    struct dp_context *context = test_context();
    struct sample sample = make_text(60000, 60, 5);
    struct dp_index *index = NULL;

    ck_assert_uint_gt(sample.bytes.length, 3 << 20);
    for (int p = 0; p < PACKINGS; p++) {
        struct dp_array object = pack(&sample, (enum packing)p);
        const struct dp_sum_row *sums;
        uint64_t last = 0;

        ck_assert_int_eq(build(context, &object, &options, &index, NULL), DP_OK);
        ck_assert_uint_le(dp_index_point_count(index), sample.bytes.length / step / 2);
        sums = dp_tables_sums(index);
        for (size_t i = 0; i < index->sums.length; last = sums[i++].offset)
            ck_assert_uint_le(sums[i].offset - last, step);
        ck_assert_uint_eq(last, sample.bytes.length);
        dp_index_free(index);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

START_TEST(one_record_may_span_many_points)
{
    struct dp_context *context = test_context();
    struct sample sample = {0};
    struct dp_index_options options = {.spacing_bytes = 2000};
    struct dp_index *index = NULL;
    struct dp_index_row row;
    struct dp_array object;
    uint32_t state = 12;
    size_t i;

    put(&sample.bytes, "a\n", 2);
    for (i = 0; i < 100000; i++)
        put(&sample.bytes, &"abcdefgh"[next_random(&state) % 8], 1);
    put(&sample.bytes, "\nb\nc", 4);
    object = pack(&sample, ONE_MEMBER);
    ck_assert_int_eq(build(context, &object, &options, &index, NULL), DP_OK);
    ck_assert_uint_gt(dp_index_point_count(index), 20);
    ck_assert_uint_ge(dp_index_row_count(index), 3);
    dp_index_row(index, 1, &row);
    ck_assert_uint_eq(row.edge.record, 2);
    ck_assert_uint_eq(row.previous_offset, 2);
    dp_index_row(index, dp_index_row_count(index) - 1, &row);
    ck_assert_uint_eq(row.edge.record, 4);
    ck_assert_uint_eq(row.edge.offset, sample.bytes.length);
    dp_index_free(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

START_TEST(an_object_that_holds_nothing_has_an_index)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct sample sample = {0};
    struct dp_index_options options = {.format = "text"};
    struct dp_index *index = NULL, *opened = NULL;
    struct dp_error err = {0};
    struct dp_array object, file;
    struct dp_edge totals;
    int p;

    put_edge(&sample, 0, 0, 0);
    for (p = 0; p < PACKINGS; p++) {
        if (p == MANY_MEMBERS)
            continue; /* none */
        object = pack(&sample, (enum packing)p);
        ck_assert_msg(build(context, &object, &options, &index, &err) == DP_OK, "%s",
                      err.message);
        dp_index_totals(index, &totals);
        ck_assert_uint_eq(totals.record, 0);
        ck_assert_uint_eq(dp_index_point_count(index), 0);
        ck_assert_uint_eq(dp_index_row_count(index), 1);
        file = save_bytes(index, "x.dpi");
        ck_assert_msg(dp_index_open(context, "x.dpi", &opened, &err) == DP_OK, "%s",
                      err.message);
        dp_index_free(opened);
        dp_array_free(&file);
        dp_index_free(index);
        dp_array_free(&object);
    }
    sample_free(&sample);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* ---- the caller's say */

struct watch {
    uint64_t last_bytes;
    unsigned calls;
    unsigned cancel_after;
};

static void watch_progress(void *user, const struct dp_progress *progress)
{
    struct watch *watch = user;

    ck_assert_str_eq(progress->what, "index");
    ck_assert_uint_ge(progress->done_bytes, watch->last_bytes);
    watch->last_bytes = progress->done_bytes;
    watch->calls++;
}

static int watch_cancel(void *user)
{
    struct watch *watch = user;

    return watch->cancel_after && watch->calls >= watch->cancel_after;
}

START_TEST(progress_is_told_and_cancel_is_heard)
{
    struct watch watch = {0};
    struct dp_context_options how = {.struct_bytes = sizeof(how),
                                     .progress = watch_progress,
                                     .cancel = watch_cancel,
                                     .user = &watch};
    struct dp_context *context = NULL;
    struct sample sample = make_fastq(8000, 100, 13);
    struct dp_index_options options = {0};
    struct dp_index *index = NULL;
    struct dp_array object = pack(&sample, MANY_MEMBERS);

    ck_assert_int_eq(dp_context_new(&how, &context, NULL), DP_OK);
    ck_assert_int_eq(build(context, &object, &options, &index, NULL), DP_OK);
    ck_assert_uint_eq(watch.last_bytes, object.length);
    dp_index_free(index);
    index = NULL;
    watch.last_bytes = 0;
    watch.cancel_after = watch.calls + 2;
    ck_assert_int_eq(build(context, &object, &options, &index, NULL), DP_CANCELLED);
    ck_assert_ptr_null(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

/* Says no when asked for the third time. */
static int say_no(void *user, struct dp_error *err)
{
    unsigned *asked = user;

    return ++*asked < 3 ? DP_OK : dp_error_set(err, DP_DENIED, "that is enough");
}

START_TEST(a_build_ends_when_its_caller_says_so)
{
    struct dp_context *context = test_context();
    struct sample sample = make_fastq(80000, 100, 13);
    unsigned asked, threads;
    struct dp_array object = pack(&sample, MANY_MEMBERS);

    for (threads = 1; threads <= 2; threads++) {
        struct dp_index_options options = {
            .threads = threads, .check = say_no, .check_user = &asked};
        struct dp_index *index = NULL;
        struct dp_error err = {0};

        asked = 0;
        ck_assert_int_eq(build(context, &object, &options, &index, &err), DP_DENIED);
        ck_assert_str_eq(err.message, "that is enough");
        ck_assert_ptr_null(index);
        ck_assert_uint_eq(asked, 3);
    }
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

START_TEST(no_room_for_windows_is_an_error)
{
    struct rlimit limit = {100000, 100000};
    struct dp_context *context = test_context();
    struct sample sample = make_text(40000, 40, 14);
    struct dp_index_options options = {.spacing_bytes = 1000};
    struct dp_index *index = NULL;
    struct dp_array object = pack(&sample, ONE_MEMBER);
    struct dp_error err = {0};

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(build(context, &object, &options, &index, &err), DP_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "temporary file"));
    ck_assert_ptr_null(index);
    dp_array_free(&object);
    sample_free(&sample);
    dp_context_free(context);
}
END_TEST

TEST_MAIN("builder", one_file_for_every_way_of_building, unknown_names_are_refused,
          the_format_that_was_asked_for_is_used, the_tee_gets_everything,
          the_tee_gets_everything_of_data_that_is_refused, damage_is_refused,
          what_gzip_would_decompress_is_no_text,
          the_sound_prefix_can_be_kept, a_wrong_checksum_ends_the_prefix_before_its_member,
          a_broken_record_ends_the_prefix, points_thin_while_rows_and_sums_stay,
          checksum_edges_lie_closer_than_points,
          one_record_may_span_many_points,
          an_object_that_holds_nothing_has_an_index, progress_is_told_and_cancel_is_heard,
          a_build_ends_when_its_caller_says_so,
          no_room_for_windows_is_an_error)
