/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What every command of dataplug has in common: options, messages, the context, exit statuses. */

#ifndef DP_TOOLS_TOOL_H
#define DP_TOOLS_TOOL_H

#include "dataplug.h"

#include "base/error.h"
#include "tools/meter.h"

#include <stdbool.h>

enum dp_tool_status {
    DP_TOOL_OK = 0,
    DP_TOOL_FAILED = 1,
    DP_TOOL_USAGE = 2,
    DP_TOOL_STALE = 3 /* a stale or damaged index, or an object that changed */
};

struct dp_tool {
    const char *name; /* as it stands in messages */
    const char *help; /* the whole text of --help */
    int usage_status; /* exit status of usage errors */
    bool quiet;
    unsigned verbose; /* how often -v was given */
    unsigned threads; /* of -@; 0 while it was not given */
    const char *stats_path; /* of --stats; NULL: none */
    double begin;           /* seconds of the monotonic clock at dp_tool_start */
    struct dp_context_options context_options;
    struct dp_context *context; /* made by dp_tool_open */
    struct dp_meter *meter;     /* NULL: show no progress */
};

/* One option of a command besides the common ones. */
struct dp_tool_option {
    const char *name; /* "name" of --name; NULL: a letter only */
    int code;         /* its letter, or a number from 256 when it has none */
    bool argument;
};

/* Zero-fills `tool`, makes sure that descriptors 0 to 2 are open, catches signals. */
void dp_tool_start(struct dp_tool *tool, const char *name, const char *help);

/* Reads the options of argv[1..]. Common ones are kept in `tool`, the others (`count` rows at
 * `own`) go to `take`. --help, --version and usage errors end the process. Returns the position of
 * the first operand; operands are moved to the end. */
int dp_tool_options(struct dp_tool *tool, int argc, char **argv, const struct dp_tool_option *own,
                    size_t count, void (*take)(void *user, int code, const char *value),
                    void *user);

/* Prints the answer to an option such as --help and ends the process, with 1 when that failed. */
_Noreturn void dp_tool_print_and_exit(struct dp_tool *tool, const char *text);

/* The common options in a help text, but for -@, -q and -v, which each tool words itself.
 * `of_region`: what is to be added behind "AWS region". */
#define DP_TOOL_HELP_COMMON(of_region)                                                             \
    "      --profile NAME       profile of the AWS configuration files\n"                          \
    "      --region NAME        AWS region" of_region "\n"                                         \
    "      --endpoint-url URL   S3 service other than AWS's own\n"                                 \
    "      --addressing-style S where the bucket's name goes: path, virtual or auto (default)\n"   \
    "      --no-sign-request    access S3 without credentials\n"                                   \
    "      --request-payer      pay for the S3 requests, as some buckets ask\n"                    \
    "      --retries N          repeat a failed request at most N times; default: 7\n"             \
    "      --timeout SECONDS    give a silent connection up after this long; default: 30\n"        \
    "      --stats FILE         leave the counts of requests and bytes in FILE, as JSON\n"         \
    "  -h, --help               print this text\n"                                                 \
    "  -V, --version            print the version\n"

/* Makes the context and, when `progress` is set and somebody is watching, the progress line. */
int dp_tool_open(struct dp_tool *tool, bool progress, struct dp_error *err);
/* Frees what dp_tool_open made, closes standard output, says what was moved (-v, --stats), and
 * returns the exit status: `status`, or 1 when the output or the file of --stats could not be
 * written. Dies by the signal that was caught, if one was. */
int dp_tool_finish(struct dp_tool *tool, int status);

/* A command of a program that has several: "dp-index build". `run` returns an exit status. */
struct dp_tool_command {
    const char *name;
    int (*run)(struct dp_tool *tool, int argc, char **argv);
};

/* Runs the command that argv[1] names, finishes, and returns the exit status. Without one, --help
 * and --version are answered, and everything else is a usage error. */
int dp_tool_run(struct dp_tool *tool, const struct dp_tool_command *commands, size_t count,
                int argc, char **argv);

/* The threads to use: those of -@, or as many as there are processors, at most `most`. */
unsigned dp_tool_threads(const struct dp_tool *tool, unsigned most);

/* Prints `err` as "NAME: message" and returns the exit status that goes with its code. What
 * follows from a signal or a closed pipe is not worth a line. From any thread, as those below. */
int dp_tool_fail(struct dp_tool *tool, const struct dp_error *err);
/* The exit status alone. */
int dp_tool_status_of(int code);
/* "NAME: text", even with -q. */
void dp_tool_error(struct dp_tool *tool, const char *format, ...) DP_PRINTF(2, 3);
/* "NAME: warning: text", unless -q. */
void dp_tool_warn(struct dp_tool *tool, const char *format, ...) DP_PRINTF(2, 3);
/* "NAME: text", unless -q. */
void dp_tool_say(struct dp_tool *tool, const char *format, ...) DP_PRINTF(2, 3);
/* "NAME: text" with -v only. */
void dp_tool_detail(struct dp_tool *tool, const char *format, ...) DP_PRINTF(2, 3);

/* Prints "NAME: text" and a hint at --help, and exits. */
_Noreturn void dp_tool_usage(const struct dp_tool *tool, const char *format, ...) DP_PRINTF(2, 3);
/* The value of an option as a size ("8M", below 2^53) or a plain count in [least, most]; exits
 * otherwise. */
uint64_t dp_tool_size(const struct dp_tool *tool, const char *option, const char *value);
uint64_t dp_tool_count(const struct dp_tool *tool, const char *option, const char *value,
                       uint64_t least, uint64_t most);

#endif
