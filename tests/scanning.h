/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Feeding a scanner in pieces, and all that can be seen of it afterwards, for tests of formats. */

#ifndef DP_TESTS_SCANNING_H
#define DP_TESTS_SCANNING_H

#include "index/format/format.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct outcome {
    int rc;                /* of the first call that did not return 0, or of finish */
    uint64_t used;         /* bytes taken in all */
    struct dp_error err;
    struct dp_edge edge, previous;
    uint64_t longest;
    char *facts;           /* JSON, sorted; NULL after a failure or a stop */
    struct dp_name_digest *digests;
    size_t digest_count;
};

/* Like ck_assert, for places that are passed often: Check writes a note to a file for each
 * assertion, even for one that holds. */
#define MUST(holds)                                                                                \
    do {                                                                                           \
        if (!(holds))                                                                              \
            ck_abort_msg("%s", #holds);                                                            \
    } while (0)

static const struct dp_stop never = {.unit = DP_UNIT_RECORDS, .key = UINT64_MAX};

static inline void outcome_free(struct outcome *outcome)
{
    free(outcome->facts);
    free(outcome->digests);
    memset(outcome, 0, sizeof(*outcome));
}

static inline void outcome_describe(const struct dp_format *format, struct dp_scanner *scanner,
                                    struct outcome *outcome)
{
    json_t *facts = json_object();
    const struct dp_name_digest *digests;

    ck_assert_int_eq(format->describe(scanner, facts, NULL), 0);
    outcome->facts = json_dumps(facts, JSON_SORT_KEYS | JSON_COMPACT);
    json_decref(facts);
    if (!format->digests)
        return;
    digests = format->digests(scanner, &outcome->digest_count);
    if (outcome->digest_count) {
        outcome->digests = calloc(outcome->digest_count, sizeof(*digests));
        memcpy(outcome->digests, digests, outcome->digest_count * sizeof(*digests));
    }
}

/* Each piece is a copy of its own, so that reading beyond it is seen by the sanitizers. */
static inline int scan_piece(const struct dp_format *format, struct dp_scanner *scanner,
                             const uint8_t *bytes, size_t length, const struct dp_stop *stop,
                             size_t *used, struct dp_error *err)
{
    uint8_t *copy = malloc(length ? length : 1);
    int rc;

    memcpy(copy, bytes, length);
    *used = SIZE_MAX;
    rc = format->scan(scanner, copy, length, stop, used, err);
    free(copy);
    return rc;
}

static inline struct outcome scan_from(const struct dp_format *format,
                                       const struct dp_scanner_config *config,
                                       const uint8_t *bytes, size_t length, size_t piece,
                                       const struct dp_stop *stop)
{
    struct outcome outcome = {0};
    struct dp_scanner *scanner = NULL;
    size_t used, size;

    MUST(format->open(config, &scanner, NULL) == 0);
    while (outcome.rc == 0 && outcome.used < length) {
        size = length - outcome.used < piece ? length - outcome.used : piece;
        outcome.rc = scan_piece(format, scanner, bytes + outcome.used, size, stop, &used,
                                &outcome.err);
        if (outcome.rc >= 0) {
            MUST(used <= size);
            MUST(outcome.rc == 1 || used == size);
            outcome.used += used;
        }
    }
    if (outcome.rc == 0)
        outcome.rc = format->finish(scanner, &outcome.err);
    if (outcome.rc == 0)
        outcome_describe(format, scanner, &outcome);
    outcome.edge = dp_scanner_base(scanner)->edge;
    outcome.previous = dp_scanner_base(scanner)->previous;
    outcome.longest = dp_scanner_base(scanner)->longest;
    format->close(scanner);
    return outcome;
}

static inline struct outcome scan(const struct dp_format *format, const void *bytes,
                                  size_t length, size_t piece, const struct dp_stop *stop)
{
    struct dp_scanner_config config = {.name = "object", .facts = true};

    return scan_from(format, &config, bytes, length, piece, stop);
}

static inline void assert_same_edge(const struct dp_edge *a, const struct dp_edge *b)
{
    if (memcmp(a, b, sizeof(*a)) != 0)
        ck_abort_msg("edges %ju@%ju/%ju:%ju and %ju@%ju/%ju:%ju", (uintmax_t)a->record,
                     (uintmax_t)a->offset, (uintmax_t)a->bases, (uintmax_t)a->line,
                     (uintmax_t)b->record, (uintmax_t)b->offset, (uintmax_t)b->bases,
                     (uintmax_t)b->line);
}

static inline void assert_same_outcome(const struct outcome *a, const struct outcome *b)
{
    if (a->rc != b->rc || strcmp(a->err.message, b->err.message) != 0)
        ck_abort_msg("%d \"%s\" and %d \"%s\"", a->rc, a->err.message, b->rc, b->err.message);
    MUST(a->err.detail == b->err.detail);
    if (a->rc < 0)
        return; /* how far a scanner came is only defined while it goes well */
    MUST(a->used == b->used);
    assert_same_edge(&a->edge, &b->edge);
    assert_same_edge(&a->previous, &b->previous);
    MUST(a->longest == b->longest);
    MUST(!a->facts == !b->facts);
    if (a->facts)
        ck_assert_str_eq(a->facts, b->facts);
    MUST(a->digest_count == b->digest_count);
    if (a->digest_count)
        ck_assert_mem_eq(a->digests, b->digests, a->digest_count * sizeof(*a->digests));
}

/* splitmix64: tests are the same everywhere. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
    return next_random(state) % limit;
}

#endif
