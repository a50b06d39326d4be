/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/whole.c: BGZF that lost its end is told from all that is whole, with an index and without. */

#include "config.h"

#include "mdr/whole.h"
#include "tests/connectors.h"

#include <htslib/bgzf.h>
#include <stdbool.h>
#include <sys/stat.h>

enum { EOF_BLOCK_BYTES = 28, LINES = 40000 };

/* Mode "w": blocks; "wg": gzip; "wu": neither. */
static uint64_t write_packed(const char *path, const char *mode)
{
    BGZF *file = bgzf_open(path, mode);
    struct stat status;
    char line[30];
    int i;

    ck_assert_ptr_nonnull(file);
    for (i = 0; i < LINES; i++) {
        sprintf(line, "%d of many\n", i * 7919);
        ck_assert_int_eq(bgzf_write(file, line, strlen(line)), (ssize_t)strlen(line));
    }
    ck_assert_int_eq(bgzf_close(file), 0);
    ck_assert_int_eq(stat(path, &status), 0);
    return (uint64_t)status.st_size;
}

/* Reads all of it, then asks. What the index says is compared with what the stream says. */
static int ask(struct dp_context *context, const char *path, bool indexed, unsigned threads,
               struct dp_error *err)
{
    struct dp_stream_options options = {
        .struct_bytes = sizeof(options), .threads = threads, .pass_through = 1};
    struct dp_index_options build = {
        .struct_bytes = sizeof(build), .format = "text", .spacing_bytes = 65536};
    struct dp_index_info info = {.struct_bytes = sizeof(info)};
    struct dp_object *object = NULL;
    struct dp_index *index = NULL;
    struct dp_stream *stream = NULL;
    const void *bytes;
    int rc;

    ck_assert_int_eq(dp_object_open(context, path, NULL, &object, NULL), DP_OK);
    if (indexed)
        ck_assert_int_eq(dp_index_build(context, object, &build, &index, NULL), DP_OK);
    ck_assert_int_eq(dp_stream_open(context, object, index, &options, &stream, NULL), DP_OK);
    while (dp_stream_next(stream, &bytes, NULL) > 0)
        ;
    rc = dp_mdr_whole_check(stream, "name", err);
    if (indexed) {
        dp_index_info(index, &info);
        ck_assert_int_eq(info.bgzf_eof_missing, rc == DP_DATA);
    }
    dp_stream_free(stream);
    dp_index_free(index);
    dp_object_free(object);
    return rc;
}

static void must_say(struct dp_context *context, const char *path, uint64_t cut_at)
{
    char wanted[100];
    int i;

    snprintf(wanted, sizeof(wanted),
             "name: offset %llu: no BGZF EOF block: the object may be truncated",
             (unsigned long long)cut_at);
    for (i = 0; i < 6; i++) {
        struct dp_error err = {0};

        ck_assert_int_eq(ask(context, path, i % 2, 1 + (unsigned)i / 2, &err),
                         cut_at ? DP_DATA : DP_OK);
        if (cut_at)
            ck_assert_str_eq(err.message, wanted);
    }
}

START_TEST(the_end_is_missed_in_bgzf_alone)
{
    struct dp_context *context = test_context();
    const char *folder = test_enter_folder();
    uint64_t bytes;

    write_packed("plain", "wu");
    must_say(context, "plain", 0);
    write_packed("gzip", "wg");
    must_say(context, "gzip", 0);
    bytes = write_packed("bgzf", "w");
    must_say(context, "bgzf", 0);
    ck_assert_int_eq(truncate("bgzf", (off_t)(bytes - EOF_BLOCK_BYTES)), 0);
    must_say(context, "bgzf", bytes - EOF_BLOCK_BYTES);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(an_index_says_it_in_the_same_words)
{
    struct dp_error err = {0};

    ck_assert_int_eq(dp_mdr_whole_refuse("v.bcf", 77, &err), DP_DATA);
    ck_assert_str_eq(err.message,
                     "v.bcf: offset 77: no BGZF EOF block: the object may be truncated");
}
END_TEST

TEST_MAIN("mdr whole", the_end_is_missed_in_bgzf_alone, an_index_says_it_in_the_same_words)
