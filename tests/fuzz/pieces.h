/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* For fuzz targets of formats: a scan of bytes in pieces of random sizes, with a stop on the way,
 * must end as the scan of all bytes at once does, whatever the kernel. */

#ifndef DP_TESTS_FUZZ_PIECES_H
#define DP_TESTS_FUZZ_PIECES_H

#include "index/format/format.h"
#include "index/format/kernels.h"

#include <stdlib.h>
#include <string.h>

struct ending {
    int rc;
    struct dp_error err;
    struct dp_edge edge, previous;
    struct dp_edge stop; /* where the scan stopped on the way; zero: it did not */
    char *facts;
    uint64_t digests; /* of all digests together */
};

static inline void demand(bool holds)
{
    if (!holds)
        abort();
}

static inline void describe(const struct dp_format *format, struct dp_scanner *scanner,
                            struct ending *ending)
{
    const struct dp_name_digest *digests = NULL;
    json_t *facts = json_object();
    size_t count = 0, i;

    demand(format->describe(scanner, facts, NULL) == 0);
    ending->facts = json_dumps(facts, JSON_SORT_KEYS);
    json_decref(facts);
    if (format->digests)
        digests = format->digests(scanner, &count);
    for (i = 0; i < count; i++)
        ending->digests = ending->digests * 31 + digests[i].digest + digests[i].bases;
}

/* One piece in an allocation of just its size. Returns what scan() does. */
static inline int feed(const struct dp_format *format, struct dp_scanner *scanner,
                       const uint8_t *bytes, size_t length, const struct dp_stop *stop,
                       size_t *used, struct dp_error *err)
{
    uint8_t *copy = malloc(length);
    int rc;

    memcpy(copy, bytes, length);
    rc = format->scan(scanner, copy, length, stop, used, err);
    free(copy);
    demand(rc < 0 || *used <= length);
    demand(rc != 0 || *used == length);
    return rc;
}

/* Pieces of up to `largest` bytes (0: all at once), their sizes by `random`; stops once at `stop`,
 * then goes on. */
static inline struct ending scan_all(const struct dp_format *format, const uint8_t *bytes,
                                     size_t length, size_t largest, uint32_t random,
                                     struct dp_stop stop)
{
    struct dp_scanner_config config = {.name = "fuzz", .facts = true};
    struct ending ending = {0};
    struct dp_scanner *scanner;
    size_t at = 0, piece, used;

    demand(format->open(&config, &scanner, NULL) == 0);
    while (ending.rc == 0 && at < length) {
        random = random * 1664525u + 1013904223u;
        piece = largest ? 1 + (random >> 8) % largest : length;
        piece = piece < length - at ? piece : length - at;
        ending.rc = feed(format, scanner, bytes + at, piece, &stop, &used, &ending.err);
        if (ending.rc >= 0)
            at += used;
        if (ending.rc == 1) {
            ending.stop = dp_scanner_base(scanner)->edge;
            demand(ending.stop.offset == at && dp_edge_key(&ending.stop, stop.unit) >= stop.key);
            stop.key = UINT64_MAX;
            ending.rc = 0;
        }
    }
    if (ending.rc == 0)
        ending.rc = format->finish(scanner, &ending.err);
    if (ending.rc == 0) {
        ending.edge = dp_scanner_base(scanner)->edge;
        ending.previous = dp_scanner_base(scanner)->previous;
        describe(format, scanner, &ending);
    }
    format->close(scanner);
    return ending;
}

static inline void demand_same(const struct ending *a, const struct ending *b)
{
    demand(a->rc == b->rc);
    demand(strcmp(a->err.message, b->err.message) == 0);
    demand(memcmp(&a->edge, &b->edge, sizeof(a->edge)) == 0);
    demand(memcmp(&a->previous, &b->previous, sizeof(a->edge)) == 0);
    demand(memcmp(&a->stop, &b->stop, sizeof(a->edge)) == 0);
    demand(!a->facts == !b->facts && (!a->facts || strcmp(a->facts, b->facts) == 0));
    demand(a->digests == b->digests);
}

/* The first two bytes say how the others are cut and where the scan stops on the way. Gives the
 * ending of the scan of all at once; the caller frees its facts. `size` is at least 2. */
static inline struct ending demand_pieces_agree(const struct dp_format *format,
                                                const uint8_t *data, size_t size)
{
    static const size_t largest[] = {1, 3, 40, 700};
    struct dp_stop stop = {.unit = (enum dp_plan_unit)(data[1] % 3), .key = data[1] / 3};
    struct ending whole = {0}, parts;
    const struct dp_kernels *kernels;
    size_t k;

    for (k = 0; (kernels = dp_kernels_at(k)); k++) {
        dp_kernels_force(kernels);
        parts = scan_all(format, data + 2, size - 2, largest[data[0] % 4], data[0], stop);
        if (k == 0)
            whole = scan_all(format, data + 2, size - 2, 0, 0, stop);
        demand_same(&whole, &parts);
        free(parts.facts);
        parts = scan_all(format, data + 2, size - 2, 0, 0, stop);
        demand_same(&whole, &parts);
        free(parts.facts);
    }
    dp_kernels_force(NULL);
    return whole;
}

#endif
