/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Every kernel against the plainest code that can answer the same question, at all small lengths
 * and alignments. The bytes stand in allocations of just their length, for the sanitizers. */

#include "index/format/kernels.h"
#include "tests/scanning.h"

#include <stdio.h>

/* Mostly letters, and what matters to the kernels now and then. */
static uint8_t *random_bytes(uint64_t *random, size_t length, unsigned rare)
{
    static const uint8_t interesting[] = {'\n', '\r', ' ', '\t', 32,  33,
                                          126,  127,  128, 255,  0, '\n'};
    uint8_t *bytes = malloc(length ? length : 1);
    size_t i;

    for (i = 0; i < length; i++)
        bytes[i] = random_below(random, rare) ? (uint8_t)(33 + random_below(random, 94))
                                              : interesting[random_below(random, 12)];
    return bytes;
}

START_TEST(skip_graph)
{
    const struct dp_kernels *kernels;
    uint64_t random = 1;
    size_t length, i, k, expected;
    uint8_t *bytes;

    for (i = 0; i < 4000; i++) {
        length = i % 200;
        bytes = random_bytes(&random, length, i % 3 ? 60 : 400);
        for (expected = 0; expected < length; expected++)
            if (bytes[expected] < 33 || bytes[expected] > 126)
                break;
        for (k = 0; (kernels = dp_kernels_at(k)); k++)
            if (kernels->skip_graph(bytes, bytes + length) != bytes + expected)
                ck_abort_msg("%s: length %zu", kernels->name, length);
        free(bytes);
    }
}
END_TEST

/* Each of the 256 bytes at each place of a vector. */
START_TEST(skip_graph_knows_every_byte)
{
    const struct dp_kernels *kernels;
    uint8_t bytes[70];
    unsigned byte, at;
    bool graph;
    size_t k;

    memset(bytes, 'I', sizeof(bytes));
    for (byte = 0; byte < 256; byte++)
        for (at = 0; at < sizeof(bytes); at++) {
            bytes[at] = (uint8_t)byte;
            graph = byte >= 33 && byte <= 126;
            for (k = 0; (kernels = dp_kernels_at(k)); k++)
                if (kernels->skip_graph(bytes, bytes + sizeof(bytes)) !=
                    bytes + (graph ? sizeof(bytes) : at))
                    ck_abort_msg("%s: byte %u at %u", kernels->name, byte, at);
            bytes[at] = 'I';
        }
}
END_TEST

static void plain_tally(const uint8_t *bytes, size_t length, struct dp_line_tally *tally)
{
    size_t i;

    for (i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            tally->newlines++;
            tally->crlf += tally->carriage_return;
            if (tally->open_bytes > tally->longest)
                tally->longest = tally->open_bytes;
            tally->open_bytes = 0;
        } else {
            tally->open_bytes++;
        }
        tally->carriage_return = bytes[i] == '\r';
    }
}

START_TEST(tally_lines)
{
    static const unsigned rarities[] = {2, 3, 10, 100, 5000};
    const struct dp_kernels *kernels;
    uint64_t random = 2;
    size_t i, k;

    for (i = 0; i < 3000; i++) {
        struct dp_line_tally before = {.newlines = 7, .crlf = 3, .longest = i % 90,
                                       .open_bytes = i % 70, .carriage_return = i % 2};
        struct dp_line_tally expected = before, tally;
        size_t length = random_below(&random, 700);
        uint8_t *bytes = random_bytes(&random, length, rarities[i % 5]);

        plain_tally(bytes, length, &expected);
        for (k = 0; (kernels = dp_kernels_at(k)); k++) {
            tally = before;
            kernels->tally_lines(bytes, length, &tally);
            if (tally.newlines != expected.newlines || tally.crlf != expected.crlf ||
                tally.longest != expected.longest || tally.open_bytes != expected.open_bytes ||
                tally.carriage_return != expected.carriage_return)
                ck_abort_msg("%s: round %zu", kernels->name, i);
        }
        free(bytes);
    }
}
END_TEST

/* One record of the common shape into `to`; its shape. */
static size_t put_record(uint64_t *random, char *to, struct dp_fastq_shape *shape)
{
    char title[100];
    size_t name = random_below(random, 80), length = 1 + random_below(random, 200), used, i;
    bool comment = random_below(random, 2);

    memset(title, 'n', name);
    strcpy(title + name, comment ? " 1:N:0" : "");
    used = (size_t)sprintf(to, "@%s\n", title);
    for (i = 0; i < length; i++)
        to[used++] = "ACGT"[random_below(random, 4)];
    used += (size_t)sprintf(to + used, "\n+%s\n", random_below(random, 2) ? title : "");
    for (i = 0; i < length; i++)
        to[used++] = (char)(33 + random_below(random, 94));
    to[used++] = '\n';
    shape->record_bytes = (uint32_t)used;
    shape->title_bytes = (uint32_t)strlen(title);
    shape->name_bytes = (uint32_t)name;
    shape->sequence_bytes = (uint32_t)length;
    return used;
}

/* Whole records are split off, up to the capacity and up to where the bytes are cut. */
START_TEST(split_records)
{
    struct dp_fastq_shape truth[8], shapes[8];
    const struct dp_kernels *kernels;
    uint64_t random = 3;
    size_t round, i, k, count, capacity, ends[9], length;
    static char text[8000];
    uint8_t *bytes;

    for (round = 0; round < 500; round++) {
        for (i = 0, ends[0] = 0; i < 8; i++)
            ends[i + 1] = ends[i] + put_record(&random, text + ends[i], &truth[i]);
        length = random_below(&random, ends[8] + 1);
        capacity = 1 + random_below(&random, 8);
        for (count = 0; count < capacity && ends[count + 1] <= length;)
            count++;
        bytes = malloc(length ? length : 1);
        memcpy(bytes, text, length);
        for (k = 0; (kernels = dp_kernels_at(k)); k++) {
            memset(shapes, 0, sizeof(shapes));
            MUST(kernels->split_records(bytes, length, shapes, capacity) == count);
            MUST(memcmp(shapes, truth, count * sizeof(truth[0])) == 0);
        }
        free(bytes);
    }
}
END_TEST

START_TEST(count_tabs)
{
    const struct dp_kernels *kernels;
    uint64_t random = 5, tabs, expected;
    size_t length, at, i, k;
    uint8_t *bytes;

    for (i = 0; i < 4000; i++) {
        length = i % 300;
        bytes = random_bytes(&random, length, i % 3 ? 20 : 300);
        for (at = 0; at < length; at++)
            if (random_below(&random, 6) == 0)
                bytes[at] = i % 2 ? '\t' : (uint8_t)(8 + random_below(&random, 4));
        for (at = 0, expected = 7; at < length && bytes[at] != '\n'; at++)
            expected += bytes[at] == '\t';
        for (k = 0; (kernels = dp_kernels_at(k)); k++) {
            tabs = 7;
            MUST(kernels->count_tabs(bytes, bytes + length, &tabs) == bytes + at);
            MUST(tabs == expected);
        }
        free(bytes);
    }
}
END_TEST

/* What has anything unusual about it is left alone. */
START_TEST(split_leaves_the_unusual)
{
    static const char *const texts[] = {
        "", "@", "x\nA\n+\nI\n", "@n\n\n+\n\n", "@n\n+\n@m\n", "@n\nA\n+\nI", "@n\nA\n+n\nI",
        "@n\r\nA\n+\nI\n", "@n c\r\nA\n+\nI\n", "@n\nA\r\n+\nI\n", "@n\nA\n+\r\nI\n",
        "@n\nA\n+\nI\r\n", "@n\nAC\nGT\n+\nIIII\n", "@n\nACGT\n+\nII\nII\n", "@n\nA\n+m\nI\n",
        "@n\nA\n+nn\nI\n", "@n\nA\n+\nII\n", "@n\nAA\n+\nI\n", "@n\nA A\n+\nIII\n",
        "@n\nAAA\n+\nI I\n", "@n\nAAA\n+\nI\177I\n", "@n\n@A\n+\nII\n", "@n\n+A\n+\nII\n",
        "@n\001\nA\n+\nI\n", "\n@n\nA\n+\nI\n", "@n\nA\n+n c\nI\n",
    };
    const struct dp_kernels *kernels;
    struct dp_fastq_shape shape;
    size_t i, k;

    for (k = 0; (kernels = dp_kernels_at(k)); k++)
        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
            ck_assert_msg(kernels->split_records((const uint8_t *)texts[i], strlen(texts[i]),
                                                 &shape, 1) == 0,
                          "%s: %s", kernels->name, texts[i]);
}
END_TEST

START_TEST(the_choice)
{
    const struct dp_kernels *last = NULL;
    size_t i;

    for (i = 0; dp_kernels_at(i); i++)
        last = dp_kernels_at(i);
    ck_assert_ptr_eq(dp_kernels_best(), last);
    dp_kernels_force(dp_kernels_at(0));
    ck_assert_ptr_eq(dp_kernels_best(), dp_kernels_at(0));
    dp_kernels_force(NULL);
    ck_assert_ptr_eq(dp_kernels_best(), last);
    ck_assert_str_eq(dp_kernels_at(0)->name, "portable");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    TCase *tcase = tcase_create("kernels");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, skip_graph);
    tcase_add_test(tcase, skip_graph_knows_every_byte);
    tcase_add_test(tcase, tally_lines);
    tcase_add_test(tcase, split_records);
    tcase_add_test(tcase, count_tabs);
    tcase_add_test(tcase, split_leaves_the_unusual);
    tcase_add_test(tcase, the_choice);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
