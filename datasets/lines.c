/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Lines of text like a server's log: times that grow, a few words, numbers. */

#include "datasets/dataset.h"

static const char *const levels[] = {"INFO", "INFO", "INFO", "DEBUG", "WARNING", "INFO", "ERROR",
                                     "INFO"};
static const char *const words[] = {"request", "served", "object", "opened",  "from",    "cache",
                                    "worker",  "slice",  "done",   "waiting", "retried", "after",
                                    "timeout", "closed", "queue",  "read"};

static char *put_line(struct dp_random *random, uint64_t *clock, char *to)
{
    uint64_t bits = dp_random_next(random);
    unsigned count = 2 + (bits & 7), i;

    *clock += 1 + (bits >> 8 & 1023);
    to = dp_dataset_number(to, *clock);
    *to++ = ' ';
    to = dp_dataset_text(to, levels[bits >> 20 & 7]);
    for (i = 0; i < count; i++) {
        *to++ = ' ';
        to = dp_dataset_text(to, words[bits >> (24 + 4 * i) & 15]);
    }
    to = dp_dataset_text(to, " id=");
    to = dp_dataset_number(to, dp_random_next(random) & 0xffffff);
    *to++ = '\n';
    return to;
}

static bool generate(const struct dp_dataset_options *options, struct dp_dataset_output *output)
{
    struct dp_random random;
    uint64_t clock = UINT64_C(1700000000000);

    dp_random_seed(&random, options->seed);
    while (dp_dataset_more(output, options))
        dp_dataset_add(output, put_line(&random, &clock, dp_dataset_room(output)), true);
    return true;
}

const struct dp_dataset dp_lines_log = {"lines", "lines of a log, 20 to 100 bytes", generate};
