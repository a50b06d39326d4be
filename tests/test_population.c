/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Synthetic cohorts: as many cases as asked for, the planted risks, and one data in all formats. */

#include "base/array.h"
#include "datasets/population.h"

#include <check.h>
#include <math.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 40000 };

static const struct dp_population_options plain = {.seed = 5,
                                                   .samples = SAMPLES,
                                                   .cases = SAMPLES / 4,
                                                   .variants = 50,
                                                   .maf_low = 0.1,
                                                   .maf_high = 0.4};

static struct dp_population *make(struct dp_population_options options)
{
    struct dp_population *population;
    const char *problem;

    ck_assert_msg(dp_population_new(&options, &population, &problem), "%s", problem);
    return population;
}

static struct dp_population_options planted(void)
{
    struct dp_population_options options = plain;

    ck_assert(dp_penetrance_pure(0.2, 0.4, -1, &options.penetrance));
    options.planted[0] = 7;
    options.planted[1] = 31;
    return options;
}

START_TEST(classes_are_as_many_as_asked)
{
    struct dp_population *population = make(_i ? planted() : plain);
    size_t i, cases = 0, early = 0;

    for (i = 0; i < SAMPLES; i++) {
        cases += dp_population_is_case(population, i);
        early += i < SAMPLES / 10 && dp_population_is_case(population, i);
    }
    ck_assert_uint_eq(cases, SAMPLES / 4);
    ck_assert_uint_gt(early, 900); /* 1,000 of the first 4,000, had they no order */
    ck_assert_uint_lt(early, 1100);
    dp_population_free(population);
}
END_TEST

/* With penetrance f, prevalence K and a share s of cases among the drawn, a cell's cases are to its
 * controls as f s / K to (1 - f) (1 - s) / (1 - K). */
START_TEST(cells_have_the_planted_risks)
{
    static uint8_t a[SAMPLES], b[SAMPLES];
    struct dp_population_options options = planted();
    struct dp_population *population = make(options);
    double k = dp_penetrance_prevalence(&options.penetrance), f, cases, controls, want, share;
    unsigned count[2][9] = {{0}}, cell;
    size_t i;

    dp_population_row(population, 7, a);
    dp_population_row(population, 31, b);
    for (i = 0; i < SAMPLES; i++)
        count[dp_population_is_case(population, i)][3 * a[i] + b[i]]++;
    for (cell = 0; cell < 9; cell++) {
        f = options.penetrance.risk[cell];
        share = dp_penetrance_share(0.2, cell / 3) * dp_penetrance_share(0.2, cell % 3);
        cases = 0.25 * f / k;
        controls = 0.75 * (1 - f) / (1 - k);
        want = SAMPLES * share * cases;
        ck_assert(fabs(count[1][cell] - want) < 5 * sqrt(want) + 5);
        want = SAMPLES * share * controls;
        ck_assert(fabs(count[0][cell] - want) < 5 * sqrt(want) + 5);
    }
    dp_population_free(population);
}
END_TEST

START_TEST(frequencies_lie_in_their_range)
{
    static uint8_t calls[SAMPLES];
    struct dp_population *population = make(plain);
    double least = 1, most = 0, frequency, expected;
    size_t variant, i, count[4];

    for (variant = 0; variant < plain.variants; variant++) {
        dp_population_row(population, variant, calls);
        memset(count, 0, sizeof(count));
        for (i = 0; i < SAMPLES; i++)
            count[calls[i]]++;
        ck_assert_uint_eq(count[DP_POPULATION_MISSING], 0);
        frequency = (double)(count[1] + 2 * count[2]) / (2 * SAMPLES);
        expected = dp_penetrance_share(frequency, 1) * SAMPLES;
        ck_assert(fabs((double)count[1] - expected) < 5 * sqrt(expected));
        least = frequency < least ? frequency : least;
        most = frequency > most ? frequency : most;
    }
    ck_assert(least > 0.09 && least < 0.13);
    ck_assert(most > 0.37 && most < 0.41);
    dp_population_free(population);
}
END_TEST

START_TEST(missing_calls_leave_the_others)
{
    static uint8_t whole[SAMPLES], holes[SAMPLES];
    struct dp_population_options options = planted();
    struct dp_population *a = make(options), *b;
    size_t i, missing, variant;

    options.missing = 0.3;
    b = make(options);
    for (variant = 6; variant < 9; variant++) {
        dp_population_row(a, variant, whole);
        dp_population_row(b, variant, holes);
        for (i = missing = 0; i < SAMPLES; i++)
            if (holes[i] == DP_POPULATION_MISSING)
                missing++;
            else
                ck_assert(holes[i] == whole[i]);
        ck_assert(fabs(missing / (double)SAMPLES - 0.3) < 0.015);
    }
    dp_population_free(a);
    dp_population_free(b);
}
END_TEST

/* All formats as one text. */
static struct dp_array written(struct dp_population_options options)
{
    struct dp_population *population = make(options);
    char *room = malloc(dp_population_vcf_header_room(population) +
                        dp_population_vcf_record_room(population));
    uint8_t *calls = malloc(options.samples);
    struct dp_array text = {0};
    size_t i;

    ck_assert(dp_array_append(&text, room,
                              (size_t)(dp_population_vcf_header(population, room) - room), 1));
    for (i = 0; i < options.samples; i++) {
        ck_assert(dp_array_append(&text, room,
                                  (size_t)(dp_population_fam(population, i, room) - room), 1));
        ck_assert(dp_array_append(
            &text, room, (size_t)(dp_population_phenotype(population, i, room) - room), 1));
    }
    for (i = 0; i < options.variants; i++) {
        dp_population_row(population, i, calls);
        ck_assert(dp_array_append(&text, room,
                                  (size_t)(dp_population_bim(population, i, room) - room), 1));
        ck_assert(dp_array_append(
            &text, room, (size_t)(dp_population_vcf_record(population, i, calls, room) - room), 1));
        dp_population_bed(population, calls, (uint8_t *)room);
        ck_assert(dp_array_append(&text, room, (options.samples + 3) / 4, 1));
    }
    free(room);
    free(calls);
    dp_population_free(population);
    return text;
}

START_TEST(a_seed_means_the_same_bytes_everywhere)
{
    struct dp_population_options options = planted();
    struct dp_array text;
    struct sha256_ctx context;
    uint8_t digest[32];
    char hex[65];
    size_t i;

    options.samples = 1001;
    options.cases = 500;
    options.missing = 0.05;
    text = written(options);
    sha256_init(&context);
    sha256_update(&context, text.length, text.data);
    sha256_digest(&context, sizeof(digest), digest);
    for (i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(hex, "777574a390a6032cb9a08ff98a138d4625ebb531542c4812bde7121358b12715");
    dp_array_free(&text);
}
END_TEST

START_TEST(seeds_differ)
{
    struct dp_population_options options = planted();
    struct dp_array a, b;

    options.samples = 300;
    options.cases = 100;
    a = written(options);
    options.seed++;
    b = written(options);
    ck_assert(a.length != b.length || memcmp(a.data, b.data, a.length) != 0);
    dp_array_free(&a);
    dp_array_free(&b);
}
END_TEST

START_TEST(formats_hold_the_same_calls)
{
    static const char *const texts[] = {"0/0", "0/1", "1/1", "./."};
    static const unsigned codes[] = {3, 2, 0, 1};
    struct dp_population_options options = plain;
    struct dp_population *population;
    uint8_t calls[103], bed[26];
    char record[1000], *at;
    size_t i;

    options.samples = 103;
    options.cases = 50;
    options.missing = 0.2;
    population = make(options);
    dp_population_row(population, 3, calls);
    *dp_population_vcf_record(population, 3, calls, record) = '\0';
    dp_population_bed(population, calls, bed);
    at = strstr(record, "\tGT\t");
    ck_assert_ptr_nonnull(at);
    for (i = 0, at += 4; i < 103; i++, at += 4) {
        ck_assert(strncmp(at, texts[calls[i]], 3) == 0);
        ck_assert_uint_eq(bed[i / 4] >> 2 * (i % 4) & 3, codes[calls[i]]);
    }
    ck_assert_uint_eq(bed[25] >> 6, 0);
    ck_assert_str_eq(at - 1, "\n");
    dp_population_free(population);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    struct dp_population_options bad[6];
    struct dp_population *population;
    const char *problem;
    size_t i;

    for (i = 0; i < 6; i++)
        bad[i] = planted();
    bad[0].cases = SAMPLES + 1;
    bad[1].maf_low = 0.5;
    bad[2].missing = 1;
    bad[3].planted[1] = 50;
    bad[4].planted[1] = bad[4].planted[0];
    for (i = 0; i < 9; i++)
        bad[5].penetrance.risk[i] = 0;
    for (i = 0; i < 6; i++) {
        ck_assert(!dp_population_new(&bad[i], &population, &problem));
        ck_assert_ptr_nonnull(problem);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("population");
    TCase *tcase = tcase_create("population");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, classes_are_as_many_as_asked, 0, 2);
    tcase_add_test(tcase, cells_have_the_planted_risks);
    tcase_add_test(tcase, frequencies_lie_in_their_range);
    tcase_add_test(tcase, missing_calls_leave_the_others);
    tcase_add_test(tcase, a_seed_means_the_same_bytes_everywhere);
    tcase_add_test(tcase, seeds_differ);
    tcase_add_test(tcase, formats_hold_the_same_calls);
    tcase_add_test(tcase, what_cannot_be_is_refused);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
