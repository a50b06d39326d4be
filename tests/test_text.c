/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "base/array.h"
#include "index/format/kernels.h"
#include "index/format/text.h"
#include "tests/scanning.h"

static const size_t pieces[] = {SIZE_MAX, 1, 2, 3, 7, 64, 4096};
#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

struct good {
    const char *kind, *text;
    uint64_t records;
    const char *facts; /* all of the JSON */
};

static const struct good goods[] = {
    {"nothing", "", 0,
     "{\"final_newline\":false,\"line_ending\":\"none\",\"longest_line_bytes\":0}"},
    {"an empty line", "\n", 1,
     "{\"final_newline\":true,\"line_ending\":\"lf\",\"longest_line_bytes\":0}"},
    {"a line without its newline", "abc", 1,
     "{\"final_newline\":false,\"line_ending\":\"none\",\"longest_line_bytes\":3}"},
    {"lines", "a\nbcd\nef\n", 3,
     "{\"final_newline\":true,\"line_ending\":\"lf\",\"longest_line_bytes\":3}"},
    {"no final newline", "a\nbc\ndef", 3,
     "{\"final_newline\":false,\"line_ending\":\"lf\",\"longest_line_bytes\":3}"},
    {"CRLF", "a\r\nbc\r\n", 2,
     "{\"final_newline\":true,\"line_ending\":\"crlf\",\"longest_line_bytes\":3}"},
    {"mixed", "a\r\nb\n", 2,
     "{\"final_newline\":true,\"line_ending\":\"mixed\",\"longest_line_bytes\":2}"},
    {"a carriage return inside", "a\rb\r\r\n\r", 2,
     "{\"final_newline\":false,\"line_ending\":\"crlf\",\"longest_line_bytes\":5}"},
    {"empty lines", "\n\n\r\n\n", 4,
     "{\"final_newline\":true,\"line_ending\":\"mixed\",\"longest_line_bytes\":1}"},
};

START_TEST(good_data)
{
    const struct good *good = &goods[_i];
    struct outcome outcome;
    size_t i;

    for (i = 0; i < PIECES; i++) {
        outcome = scan(&dp_text, good->text, strlen(good->text), pieces[i], &never);
        ck_assert_int_eq(outcome.rc, 0);
        ck_assert_uint_eq(outcome.edge.record, good->records);
        ck_assert_uint_eq(outcome.edge.line, good->records);
        ck_assert_uint_eq(outcome.edge.offset, strlen(good->text));
        ck_assert_msg(strcmp(outcome.facts, good->facts) == 0, "%s: %s", good->kind,
                      outcome.facts);
        outcome_free(&outcome);
    }
}
END_TEST

/* A NUL is a byte like any other once the format was asked for. */
START_TEST(nul_inside)
{
    struct outcome outcome = scan(&dp_text, "a\0b\n\0\n", 6, 2, &never);

    ck_assert_uint_eq(outcome.edge.record, 2);
    outcome_free(&outcome);
}
END_TEST

/* Lines of all lengths, and where they begin; the end is the last edge. */
static uint8_t *make_text(uint64_t seed, size_t length, struct dp_array *edges)
{
    static const unsigned lengths[] = {2, 10, 100, 5000};
    uint8_t *text = malloc(length);
    uint64_t random = seed;
    unsigned rare = lengths[seed % 4];
    struct dp_edge edge = {0};
    size_t i;

    MUST(dp_array_append(edges, &edge, 1, sizeof(edge)));
    for (i = 0; i < length; i++) {
        uint64_t dice = random_below(&random, rare);

        text[i] = dice == 0 ? '\n' : dice == 1 ? '\r' : (uint8_t)(next_random(&random) | 32);
        if (text[i] != '\n' && i + 1 < length)
            continue;
        edge.record = ++edge.line;
        edge.offset = i + 1;
        MUST(dp_array_append(edges, &edge, 1, sizeof(edge)));
    }
    return text;
}

START_TEST(pieces_and_kernels_agree)
{
    const size_t length = 60000 + (size_t)_i;
    struct dp_array edges = {0};
    uint8_t *text = make_text((uint64_t)_i, length, &edges);
    const struct dp_edge *edge = edges.data;
    const struct dp_kernels *kernels;
    struct outcome whole, parts;
    size_t i, k;

    whole = scan(&dp_text, text, length, SIZE_MAX, &never);
    assert_same_edge(&whole.edge, &edge[edges.length - 1]);
    assert_same_edge(&whole.previous, &edge[edges.length > 1 ? edges.length - 2 : 0]);
    for (k = 0; (kernels = dp_kernels_at(k)); k++) {
        dp_kernels_force(kernels);
        for (i = 0; i < PIECES; i++) {
            parts = scan(&dp_text, text, length, pieces[i], &never);
            assert_same_outcome(&whole, &parts);
            outcome_free(&parts);
        }
    }
    dp_kernels_force(NULL);
    outcome_free(&whole);
    dp_array_free(&edges);
    free(text);
}
END_TEST

START_TEST(stops_at_the_first_edge)
{
    const size_t length = 100000;
    struct dp_array edges = {0};
    uint8_t *text = make_text((uint64_t)_i, length, &edges);
    const struct dp_edge *edge = edges.data;
    uint64_t random = (uint64_t)_i;
    struct outcome outcome;
    size_t round, i, last = edges.length - 1;

    for (round = 0; round < 200; round++) {
        struct dp_stop stop = {.unit = round % 2 ? DP_UNIT_BYTES : DP_UNIT_RECORDS};
        size_t piece = pieces[random_below(&random, PIECES)];

        stop.key = random_below(&random, dp_edge_key(&edge[last], stop.unit) + 3);
        for (i = 0; i < last && dp_edge_key(&edge[i], stop.unit) < stop.key;)
            i++;
        outcome = scan(&dp_text, text, length, piece, &stop);
        MUST(outcome.rc == (i < last));
        MUST(outcome.used == edge[i].offset);
        assert_same_edge(&outcome.edge, &edge[i]);
        assert_same_edge(&outcome.previous, &edge[i ? i - 1 : 0]);
        outcome_free(&outcome);
    }
    dp_array_free(&edges);
    free(text);
}
END_TEST

START_TEST(starts_in_the_middle)
{
    const size_t length = 20000;
    struct dp_array edges = {0};
    uint8_t *text = make_text((uint64_t)_i, length, &edges);
    const struct dp_edge *edge = edges.data;
    uint64_t random = (uint64_t)_i;
    size_t round, from, to, last = edges.length - 1;
    struct outcome outcome;

    for (round = 0; round < 100; round++) {
        struct dp_stop stop = {.unit = DP_UNIT_RECORDS};
        struct dp_scanner_config config = {.name = "object"};

        from = random_below(&random, last);
        to = from + random_below(&random, last - from + 1);
        stop.key = to;
        config.start = edge[from];
        outcome = scan_from(&dp_text, &config, text + edge[from].offset,
                            length - edge[from].offset, pieces[round % PIECES], &stop);
        MUST(outcome.rc == (to < last));
        assert_same_edge(&outcome.edge, &edge[to]);
        assert_same_edge(&outcome.previous, &edge[to > from ? to - 1 : from]);
        outcome_free(&outcome);
    }
    dp_array_free(&edges);
    free(text);
}
END_TEST

/* Lines have no bases: a cut by bases never comes after the first edge. */
START_TEST(no_bases)
{
    struct dp_stop stop = {.unit = DP_UNIT_BASES, .key = 1};
    struct outcome outcome = scan(&dp_text, "a\nb\n", 4, 1, &stop);

    ck_assert_int_eq(outcome.rc, 0);
    outcome_free(&outcome);
    stop.key = 0;
    outcome = scan(&dp_text, "a\nb\n", 4, 1, &stop);
    ck_assert_int_eq(outcome.rc, 1);
    ck_assert_uint_eq(outcome.used, 0);
    outcome_free(&outcome);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tcase = tcase_create("text");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, good_data, 0, (int)(sizeof(goods) / sizeof(goods[0])));
    tcase_add_test(tcase, nul_inside);
    tcase_add_loop_test(tcase, pieces_and_kernels_agree, 0, 70);
    tcase_add_loop_test(tcase, stops_at_the_first_edge, 0, 8);
    tcase_add_loop_test(tcase, starts_in_the_middle, 0, 8);
    tcase_add_test(tcase, no_bases);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
