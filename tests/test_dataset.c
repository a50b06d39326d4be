/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The generators: the same bytes everywhere, and of the kind they say. */

#include "base/array.h"
#include "datasets/dataset.h"
#include "index/format/fastq.h"
#include "tests/scanning.h"

#include <nettle/sha2.h>
#include <stdio.h>

#define BYTES 2000000u

static bool append(void *user, const void *bytes, size_t length)
{
    return dp_array_append(user, bytes, length, 1);
}

static struct dp_array generate(const char *name, struct dp_dataset_options options)
{
    const struct dp_dataset *kind;
    struct dp_array text = {0};
    size_t i = 0;

    while ((kind = dp_dataset_at(i)) && strcmp(kind->name, name) != 0)
        i++;
    MUST(kind != NULL);
    MUST(dp_dataset_run(kind, &options, append, &text));
    return text;
}

static const struct dp_dataset_options small = {
    .seed = 7, .bytes = BYTES, .records = UINT64_MAX, .mate = 1};

struct known {
    const char *name, *sha256;
};

static const struct known known[] = {
    {"fastq4", "57ad79effe1f89d005844c9f1f669514e26baa021755584fb0e240dfe3e7be15"},
    {"fastq-hiseq", "fb1ce926f7f3c940fbe64b0de2ca29680a79e8939238669ed7073aaab43f23df"},
    {"fastq-multiline", "a10fcc65e07c274cecf93a1f92361bb31d99b09cdd7af2de530f19dbe2397800"},
    {"fastq-long", "0f67b4054fbd891595aea4c52a1716e34f8b9cff1dd9e2ce014afe06c4353850"},
    {"vcf", "bb29e03915b3408627ac1c12324ac930cfe591d1c8faebfeaa9b51659492627a"},
    {"lines", "61c52a646e1fe82b172c3c1ac24edaa6beae8ad8a5461e2e9aaeb08bd79e4c12"},
};

static void hash(const struct dp_array *text, char hex[65])
{
    struct sha256_ctx context;
    uint8_t digest[32];
    size_t i;

    sha256_init(&context);
    sha256_update(&context, text->length, text->data);
    sha256_digest(&context, sizeof(digest), digest);
    for (i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

START_TEST(a_seed_means_the_same_bytes_everywhere)
{
    struct dp_array text = generate(known[_i].name, small);
    char hex[65];

    ck_assert_uint_ge(text.length, BYTES);
    hash(&text, hex);
    ck_assert_msg(strcmp(hex, known[_i].sha256) == 0, "%s: %s", known[_i].name, hex);
    dp_array_free(&text);
}
END_TEST

START_TEST(seeds_differ)
{
    struct dp_dataset_options other = small;
    struct dp_array a = generate(known[_i].name, small), b;

    other.seed = 8;
    b = generate(known[_i].name, other);
    ck_assert(a.length != b.length || memcmp(a.data, b.data, a.length) != 0);
    dp_array_free(&a);
    dp_array_free(&b);
}
END_TEST

START_TEST(every_kind_is_known)
{
    const struct dp_dataset *kind;
    size_t i;

    for (i = 0; (kind = dp_dataset_at(i)); i++)
        ck_assert_str_eq(kind->name, known[i].name);
    ck_assert_uint_eq(i, sizeof(known) / sizeof(known[0]));
}
END_TEST

START_TEST(records_limit)
{
    struct dp_dataset_options options = {
        .seed = 1, .bytes = UINT64_MAX, .records = 1000, .mate = 1};
    struct dp_array text = generate(known[_i].name, options);
    struct outcome outcome = scan(&dp_fastq, text.data, text.length, 65536, &never);

    ck_assert_msg(outcome.rc == 0, "%s", outcome.err.message);
    ck_assert_uint_eq(outcome.edge.record, 1000);
    ck_assert_uint_eq(outcome.edge.offset, text.length);
    ck_assert((strstr(outcome.facts, "\"four_line\":true") != NULL) ==
              (strcmp(known[_i].name, "fastq-multiline") != 0));
    outcome_free(&outcome);
    dp_array_free(&text);
}
END_TEST

/* Both files of a pair carry the same names, and different reads. */
START_TEST(mates_fit)
{
    struct dp_dataset_options options = {
        .seed = 3, .bytes = UINT64_MAX, .records = 5000, .mate = 1};
    struct dp_array first = generate(known[_i].name, options), second;
    struct outcome a, b;

    options.mate = 2;
    second = generate(known[_i].name, options);
    ck_assert(first.length != second.length ||
              memcmp(first.data, second.data, first.length) != 0);
    a = scan(&dp_fastq, first.data, first.length, 65536, &never);
    b = scan(&dp_fastq, second.data, second.length, 65536, &never);
    ck_assert_uint_eq(a.digest_count, 2);
    ck_assert_uint_eq(b.digest_count, 2);
    ck_assert_uint_eq(a.digests[0].digest, b.digests[0].digest);
    ck_assert_uint_eq(a.digests[1].digest, b.digests[1].digest);
    outcome_free(&a);
    outcome_free(&b);
    dp_array_free(&first);
    dp_array_free(&second);
}
END_TEST

START_TEST(vcf_has_its_columns)
{
    struct dp_array text = generate("vcf", small);
    const char *line = text.data, *end = line + text.length, *next;
    size_t tabs, records = 0;

    MUST(strncmp(line, "##fileformat=VCF", 16) == 0);
    for (; line < end; line = next) {
        next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
        if (line[0] == '#' && line[1] == '#')
            continue;
        for (tabs = 0; line < next; line++)
            tabs += *line == '\t';
        MUST(tabs == 108);
        records++;
    }
    ck_assert_uint_gt(records, 1000);
    dp_array_free(&text);
}
END_TEST

static bool refuse(void *user, const void *bytes, size_t length)
{
    (void)bytes;
    *(size_t *)user += length;
    return false;
}

START_TEST(a_failed_write_stops_it)
{
    size_t offered = 0;

    ck_assert(!dp_dataset_run(dp_dataset_at(0), &small, refuse, &offered));
    ck_assert_uint_gt(offered, 0);
    ck_assert_uint_lt(offered, BYTES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset");
    TCase *tcase = tcase_create("dataset");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_seed_means_the_same_bytes_everywhere, 0, 6);
    tcase_add_loop_test(tcase, seeds_differ, 0, 6);
    tcase_add_test(tcase, every_kind_is_known);
    tcase_add_loop_test(tcase, records_limit, 0, 4);
    tcase_add_loop_test(tcase, mates_fit, 0, 3);
    tcase_add_test(tcase, vcf_has_its_columns);
    tcase_add_test(tcase, a_failed_write_stops_it);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
