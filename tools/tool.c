/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/tool.h"

#include "base/size.h"
#include "tools/output.h"
#include "tools/signals.h"
#include "tools/stats.h"

#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 1024
#define OPTIONS_MAX 64
/* No number in a slice or an index is larger. */
#define SIZE_MOST ((UINT64_C(1) << 53) - 1)

enum {
    PROFILE = 1000,
    REGION,
    ENDPOINT_URL,
    ADDRESSING_STYLE,
    NO_SIGN_REQUEST,
    REQUEST_PAYER, /* the only option whose value may be left out */
    RETRIES,
    TIMEOUT,
    STATS
};

static const struct dp_tool_option common[] = {
    {"threads", '@', true},       {"quiet", 'q', false},
    {"verbose", 'v', false},      {"help", 'h', false},
    {"version", 'V', false},      {"profile", PROFILE, true},
    {"region", REGION, true},     {"endpoint-url", ENDPOINT_URL, true},
    {"retries", RETRIES, true},   {"no-sign-request", NO_SIGN_REQUEST, false},
    {"timeout", TIMEOUT, true},   {"addressing-style", ADDRESSING_STYLE, true},
    {"request-payer", REQUEST_PAYER, false}, {"stats", STATS, true},
};
#define COMMON_COUNT (sizeof(common) / sizeof(common[0]))

/* ------------------------------------------------------------------------------- messages */

static void print(struct dp_meter *meter, const char *name, const char *kind, const char *format,
                  va_list args)
{
    char line[2048];
    char *at;

    vsnprintf(line, sizeof(line), format, args);
    for (at = line; *at; at++) /* names are foreign text: keep them off the terminal's controls */
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    dp_meter_lock(meter);
    fprintf(stderr, "%s: %s%s\n", name, kind, line);
    dp_meter_unlock(meter);
}

void dp_tool_error(struct dp_tool *tool, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(tool->meter, tool->name, "", format, args);
    va_end(args);
}

void dp_tool_warn(struct dp_tool *tool, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (!tool->quiet)
        print(tool->meter, tool->name, "warning: ", format, args);
    va_end(args);
}

void dp_tool_say(struct dp_tool *tool, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (!tool->quiet)
        print(tool->meter, tool->name, "", format, args);
    va_end(args);
}

void dp_tool_detail(struct dp_tool *tool, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (tool->verbose && !tool->quiet)
        print(tool->meter, tool->name, "", format, args);
    va_end(args);
}

int dp_tool_status_of(int code)
{
    switch (code) {
    case DP_OK:
        return DP_TOOL_OK;
    case DP_STALE_INDEX:
    case DP_BAD_INDEX:
    case DP_CHANGED:
        return DP_TOOL_STALE;
    default:
        return DP_TOOL_FAILED;
    }
}

int dp_tool_fail(struct dp_tool *tool, const struct dp_error *err)
{
    if (err->code != DP_CANCELLED && !dp_signals_caught() && !dp_signals_pipe_broken())
        dp_tool_error(tool, "%s", err->message);
    return dp_tool_status_of(err->code);
}

void dp_tool_usage(const struct dp_tool *tool, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print(NULL, tool->name, "", format, args);
    va_end(args);
    fprintf(stderr, "Try '%s --help'.\n", tool->name);
    exit(tool->usage_status);
}

/* -------------------------------------------------------------------------------- options */

uint64_t dp_tool_size(const struct dp_tool *tool, const char *option, const char *value)
{
    uint64_t size;

    if (!dp_size_parse(value, &size) || size == 0)
        dp_tool_usage(tool, "%s: '%s' is not a size such as 500, 64K or 8M", option, value);
    if (size > SIZE_MOST)
        dp_tool_usage(tool, "%s: '%s' is too large", option, value);
    return size;
}

uint64_t dp_tool_count(const struct dp_tool *tool, const char *option, const char *value,
                       uint64_t least, uint64_t most)
{
    uint64_t count;

    if (!dp_count_parse(value, &count) || count < least || count > most)
        dp_tool_usage(tool, "%s: '%s' is not a number from %llu to %llu", option, value,
                      (unsigned long long)least, (unsigned long long)most);
    return count;
}

_Noreturn void dp_tool_print_and_exit(struct dp_tool *tool, const char *text)
{
    fputs(text, stdout);
    exit(dp_tool_finish(tool, DP_TOOL_OK));
}

static _Noreturn void print_version(struct dp_tool *tool)
{
    char text[128];

    snprintf(text, sizeof(text), "%s (dataplug) %s\n", tool->name, dp_version());
    dp_tool_print_and_exit(tool, text);
}

static void check_style(const struct dp_tool *tool, const char *value)
{
    if (strcmp(value, "path") != 0 && strcmp(value, "virtual") != 0 && strcmp(value, "auto") != 0)
        dp_tool_usage(tool, "--addressing-style: '%s' is not path, virtual or auto", value);
}

/* Keeps a common option; false when `code` is none. */
static bool take_common(struct dp_tool *tool, int code, const char *value)
{
    struct dp_context_options *options = &tool->context_options;

    switch (code) {
    case '@':
        tool->threads = (unsigned)dp_tool_count(tool, "--threads", value, 1, THREADS_MAX);
        return true;
    case 'q':
        tool->quiet = true;
        tool->verbose = 0;
        return true;
    case 'v': /* of the two the last one counts, as with gzip */
        tool->quiet = false;
        tool->verbose++;
        return true;
    case 'h':
        dp_tool_print_and_exit(tool, tool->help);
    case 'V':
        print_version(tool);
    case PROFILE:
        options->profile = value;
        return true;
    case REGION:
        options->region = value;
        return true;
    case ENDPOINT_URL:
        options->endpoint_url = value;
        return true;
    case ADDRESSING_STYLE:
        check_style(tool, value);
        options->addressing_style = value;
        return true;
    case NO_SIGN_REQUEST:
        options->no_sign_request = 1;
        return true;
    case REQUEST_PAYER:
        if (value && strcmp(value, "requester") != 0)
            dp_tool_usage(tool, "--request-payer: '%s' is not 'requester'", value);
        options->request_payer = 1;
        return true;
    case RETRIES: /* the library counts attempts */
        options->attempts = (unsigned)dp_tool_count(tool, "--retries", value, 0, 1000) + 1;
        return true;
    case TIMEOUT:
        options->timeout_seconds = (unsigned)dp_tool_count(tool, "--timeout", value, 1, 86400);
        return true;
    case STATS:
        tool->stats_path = value;
        return true;
    default:
        return false;
    }
}

/* Appends `count` rows in getopt's two forms. */
static void add_rows(struct option *longs, size_t *used, char *letters,
                     const struct dp_tool_option *rows, size_t count)
{
    size_t i;

    for (i = 0; i < count && *used + 1 < OPTIONS_MAX; i++) {
        int argument = rows[i].code == REQUEST_PAYER ? optional_argument : rows[i].argument;

        if (rows[i].name)
            longs[(*used)++] = (struct option){rows[i].name, argument, NULL, rows[i].code};
        if (rows[i].code < 256) {
            letters[strlen(letters)] = (char)rows[i].code;
            if (rows[i].argument)
                letters[strlen(letters)] = ':';
        }
    }
}

/* `argument` is what getopt stumbled over, `code` what it said. */
static _Noreturn void refuse_option(const struct dp_tool *tool, int code, const char *argument)
{
    if (code == ':')
        dp_tool_usage(tool, "option '%s' needs a value", argument);
    if (optopt && strncmp(argument, "--", 2) == 0)
        dp_tool_usage(tool, "option '%s' takes no value", argument);
    if (optopt && optopt < 256)
        dp_tool_usage(tool, "unknown option '-%c'", optopt);
    dp_tool_usage(tool, "unknown or ambiguous option '%s'", argument);
}

/* A variable that is not set, most often. `row` is -1 when the option was given as the letter
 * `code`. */
static _Noreturn void refuse_empty(const struct dp_tool *tool, const struct option *longs, int row,
                                   int code)
{
    if (row >= 0)
        dp_tool_usage(tool, "--%s: its value is empty", longs[row].name);
    dp_tool_usage(tool, "-%c: its value is empty", code);
}

int dp_tool_options(struct dp_tool *tool, int argc, char **argv, const struct dp_tool_option *own,
                    size_t count, void (*take)(void *user, int code, const char *value),
                    void *user)
{
    struct option longs[OPTIONS_MAX] = {0};
    char letters[3 * OPTIONS_MAX] = ":"; /* zero-filled; ':' asks getopt to stay silent */
    size_t used = 0;
    int code, row = -1;

    add_rows(longs, &used, letters, own, count);
    add_rows(longs, &used, letters, common, COMMON_COUNT);
    optind = 0; /* a fresh scan: commands with subcommands scan more than once */
    while ((code = getopt_long(argc, argv, letters, longs, &row)) != -1) {
        if (code == ':' || code == '?')
            refuse_option(tool, code, argv[optind - 1]);
        if (optarg && !*optarg) /* as a folder it would be the root */
            refuse_empty(tool, longs, row, code);
        /* The AWS tools take the value of this one also behind a blank. */
        if (code == REQUEST_PAYER && !optarg && optind < argc &&
            strcmp(argv[optind], "requester") == 0)
            optind++;
        if (!take_common(tool, code, optarg))
            take(user, code, optarg);
        row = -1;
    }
    return optind;
}

/* -------------------------------------------------------------------------- begin and end */

/* With a descriptor of the first three missing, the next file to be opened would become it, and
 * messages or data would end in that file. */
static void hold_descriptors(void)
{
    int fd;

    /* Opened the wrong way round, so that using them still fails. */
    for (fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
            _exit(DP_TOOL_FAILED);
}

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

void dp_tool_start(struct dp_tool *tool, const char *name, const char *help)
{
    memset(tool, 0, sizeof(*tool));
    tool->name = name;
    tool->help = help;
    tool->usage_status = DP_TOOL_USAGE;
    tool->begin = now();
    tool->context_options.struct_bytes = sizeof(tool->context_options);
    hold_descriptors();
    dp_signals_catch();
}

static void on_log(void *user, enum dp_log_level level, const char *message)
{
    struct dp_tool *tool = user;

    if (level <= DP_LOG_WARNING)
        dp_tool_warn(tool, "%s", message);
    else if ((unsigned)level <= DP_LOG_WARNING + tool->verbose)
        dp_tool_detail(tool, "%s", message);
}

static void on_progress(void *user, const struct dp_progress *progress)
{
    struct dp_tool *tool = user;

    dp_meter_set(tool->meter, progress->what, progress->uri, progress->done_bytes,
                 progress->total_bytes);
}

static int on_cancel(void *user)
{
    (void)user;
    return dp_signals_caught() != 0 || dp_signals_pipe_broken();
}

int dp_tool_open(struct dp_tool *tool, bool progress, struct dp_error *err)
{
    struct dp_context_options *options = &tool->context_options;

    if (!tool->quiet)
        tool->meter = dp_meter_open();
    options->log = on_log;
    options->progress = progress && tool->meter ? on_progress : NULL;
    options->cancel = on_cancel;
    options->user = tool;
    if (tool->stats_path && dp_stats_check(tool->stats_path, err) < 0) {
        tool->stats_path = NULL;
        return DP_INVALID;
    }
    return dp_context_new(options, &tool->context, err);
}

/* Says what was moved. Returns the exit status, which may be worse than `status`. */
static int report_stats(struct dp_tool *tool, struct dp_run_stats *stats, int status)
{
    struct dp_error err;
    char line[256];

    stats->status = status;
    stats->seconds = now() - tool->begin;
    if (tool->verbose && *dp_stats_describe(stats, line, sizeof(line)))
        dp_tool_detail(tool, "%s", line);
    if (!tool->stats_path || dp_stats_write(tool->stats_path, stats, &err) == DP_OK)
        return status;
    dp_tool_error(tool, "%s", err.message);
    return status == DP_TOOL_OK ? DP_TOOL_FAILED : status;
}

int dp_tool_finish(struct dp_tool *tool, int status)
{
    struct dp_run_stats stats = {.tool = tool->name, .moved.struct_bytes = sizeof(stats.moved)};
    struct dp_error err;
    int closed;

    if (tool->context)
        dp_context_stats(tool->context, &stats.moved);
    dp_context_free(tool->context);
    tool->context = NULL;
    dp_meter_close(tool->meter);
    tool->meter = NULL;
    closed = dp_output_close(&err);
    if (closed < 0 && status == DP_TOOL_OK)
        status = dp_tool_fail(tool, &err);
    status = report_stats(tool, &stats, status);
    dp_signals_die();
    return status;
}

unsigned dp_tool_threads(const struct dp_tool *tool, unsigned most)
{
    cpu_set_t set;
    unsigned online;

    if (tool->threads)
        return tool->threads;
    /* Not the machine's processors but those that this process may use. */
    online = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    return online < most ? online : most;
}

static void take_nothing(void *user, int code, const char *value)
{
    (void)user;
    (void)code;
    (void)value;
}

int dp_tool_run(struct dp_tool *tool, const struct dp_tool_command *commands, size_t count,
                int argc, char **argv)
{
    char names[128] = "";
    size_t i, used = 0;

    for (i = 0; argc > 1 && i < count; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return dp_tool_finish(tool, commands[i].run(tool, argc - 1, argv + 1));
    if (argc > 1 && argv[1][0] != '-')
        dp_tool_usage(tool, "unknown command '%s'", argv[1]);
    dp_tool_options(tool, argc, argv, NULL, 0, take_nothing, NULL);
    for (i = 0; i < count && used < sizeof(names); i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
                                 i == 0 ? "" : i + 1 < count ? ", " : " or ", commands[i].name);
    dp_tool_usage(tool, "a command is needed: %s", names);
}
