/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* generate KIND [--seed N] [--bytes SIZE] [--records N] [--mate 1|2]: synthetic data on stdout. */

#include "base/size.h"
#include "datasets/dataset.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static bool write_stdout(void *user, const void *bytes, size_t length)
{
    const char *p = bytes;
    ssize_t written;

    (void)user;
    while (length > 0) {
        written = write(STDOUT_FILENO, p, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        p += written;
        length -= (size_t)written;
    }
    return true;
}

static void print_usage(FILE *to)
{
    const struct dp_dataset *kind;
    size_t i;

    fputs("usage: generate KIND [--seed N] [--bytes SIZE] [--records N] [--mate 1|2]\n"
          "Writes synthetic data to stdout; the same arguments give the same bytes everywhere.\n"
          "Whole records are written until one of the limits is reached (default: 64M bytes).\n"
          "kinds:\n",
          to);
    for (i = 0; (kind = dp_dataset_at(i)); i++)
        fprintf(to, "  %-16s %s\n", kind->name, kind->description);
}

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "generate: %s '%s'; see generate --help\n", what, value);
    return EXIT_USAGE;
}

static const struct dp_dataset *find_kind(const char *name)
{
    const struct dp_dataset *kind;
    size_t i;

    for (i = 0; (kind = dp_dataset_at(i)); i++)
        if (strcmp(kind->name, name) == 0)
            break;
    return kind;
}

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct dp_dataset_options *options)
{
    static const struct option names[] = {
        {"seed", required_argument, NULL, 's'},    {"bytes", required_argument, NULL, 'b'},
        {"records", required_argument, NULL, 'r'}, {"mate", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    uint64_t mate = 1;
    bool bytes_given = false, records_given = false;
    int option;

    while ((option = getopt_long(argc, argv, "s:b:r:m:h", names, NULL)) != -1) {
        if (option == 'h') {
            print_usage(stdout);
            return EXIT_OK;
        }
        if (option == 's' && dp_count_parse(optarg, &options->seed))
            continue;
        if (option == 'b' && (bytes_given = dp_size_parse(optarg, &options->bytes)))
            continue;
        if (option == 'r' && (records_given = dp_count_parse(optarg, &options->records)))
            continue;
        if (option == 'm' && dp_count_parse(optarg, &mate) && (mate == 1 || mate == 2))
            continue;
        return option == '?' ? EXIT_USAGE : usage_error("not a good value:", optarg);
    }
    if (!bytes_given && records_given)
        options->bytes = UINT64_MAX;
    options->mate = (unsigned)mate;
    return -1;
}

int main(int argc, char **argv)
{
    struct dp_dataset_options options = {.seed = 1, .bytes = 64u << 20, .records = UINT64_MAX};
    const struct dp_dataset *kind;
    int status = read_options(argc, argv, &options);

    if (status >= 0)
        return status;
    if (optind + 1 != argc) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    kind = find_kind(argv[optind]);
    if (!kind)
        return usage_error("no such kind:", argv[optind]);
    errno = 0;
    if (!dp_dataset_run(kind, &options, write_stdout, NULL)) {
        fprintf(stderr, "generate: %s\n", strerror(errno ? errno : ENOMEM));
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
