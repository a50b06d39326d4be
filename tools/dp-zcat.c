/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* dp-zcat: options, then one input after the other as gzip -dc would take them. */

#include "config.h"

#include "tools/zcat.h"

#include "base/size.h"
#include "tools/output.h"

#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: dp-zcat [OPTION]... [FILE|URI|-]...\n"
    "Print the uncompressed bytes of gzip or BGZF files, as zcat does, and check them. An index\n"
    "beside a file (dp-index build) lets threads share the work and parts be read alone.\n"
    "Without FILE, or when FILE is -, standard input is read.\n"
    "\n"
    "      --records A-B        only records A to B (from 1; A-, -B or A alone); needs an index\n"
    "      --range OFFSET[+LENGTH]\n"
    "                           only these uncompressed bytes (sizes such as 8M are understood)\n"
    "      --index INDEX        use this index\n"
    "      --write-index        leave an index behind (for standard input: with -o)\n"
    "  -o, --output INDEX       where to leave it; default: as dp-index build does\n"
    "  -f, --force              print data that is not compressed as it is, also behind gzip data\n"
    "  -t, --test               print nothing, only check\n"
    "  -l, --list               print the table of sizes only\n"
    "  -N, --name               in the list, names and times are those that gzip kept\n"
    "  -r, --recursive          folders stand for all that lies in them\n"
    "  -S, --suffix SUF         try names with SUF appended instead of .gz\n"
    "  -c, --stdout, -d, --decompress, -k, --keep, -n, --no-name, -a, --ascii, -b, --bits N,\n"
    "  -m, -M, --rsyncable, --synchronous, -1 ... -9\n"
    "                           are accepted and change nothing\n"
    "  -L, --license            print the license\n"
    "\n"
    "  -@, --threads N          threads in all; default: 2, or 1 on one processor\n"
    "  -q, --quiet              no warnings\n"
    "  -v, --verbose            say more\n"
    DP_TOOL_HELP_COMMON("")
    "\n"
    "Exit status, as gzip's: 0 all is well, 1 an error, 2 a warning.\n";

static const char license[] =
    "dp-zcat (dataplug)\n"
    "Copyright The dataplug authors\n"
    "Licensed under the Apache License, Version 2.0, without warranties of any kind:\n"
    "https://www.apache.org/licenses/LICENSE-2.0\n";

enum { RECORDS = 256, RANGE, INDEX, WRITE_INDEX, RSYNCABLE, SYNCHRONOUS };

#define SUFFIX_MOST 30 /* as gzip */

static const struct dp_tool_option options[] = {
    {"records", RECORDS, true},
    {"range", RANGE, true},
    {"index", INDEX, true},
    {"write-index", WRITE_INDEX, false},
    {"output", 'o', true},
    {"force", 'f', false},
    {"test", 't', false},
    {"suffix", 'S', true},
    {"list", 'l', false},
    {"recursive", 'r', false},
    {"license", 'L', false},
    {"lzw", 'Z', false},
    {"bits", 'b', true},
    {"silent", 'q', false},
    {NULL, 'm', false},
    {NULL, 'M', false},
    {NULL, 'H', false},
    {"stdout", 'c', false},
    {"to-stdout", 'c', false},
    {"decompress", 'd', false},
    {"uncompress", 'd', false},
    {"keep", 'k', false},
    {"no-name", 'n', false},
    {"name", 'N', false},
    {"rsyncable", RSYNCABLE, false},
    {"synchronous", SYNCHRONOUS, false},
    {"ascii", 'a', false},
    {"fast", '1', false},
    {NULL, '2', false},
    {NULL, '3', false},
    {NULL, '4', false},
    {NULL, '5', false},
    {NULL, '6', false},
    {NULL, '7', false},
    {NULL, '8', false},
    {"best", '9', false},
};

/* Cuts `value` at the first `separator` into at most two texts, in `buffer`. NULL: too long. */
static char *split(const char *value, char separator, char *buffer, size_t capacity)
{
    char *second;

    if (strlen(value) >= capacity)
        return NULL;
    strcpy(buffer, value);
    second = strchr(buffer, separator);
    if (!second)
        return buffer + strlen(buffer);
    *second = '\0';
    return second + 1;
}

/* "A-B", "A-", "-B" or "A", counted from 1 and inclusive, to a half-open interval from 0. */
static void read_records(struct dp_zcat *zcat, const char *value)
{
    char buffer[64];
    const char *last = split(value, '-', buffer, sizeof(buffer));
    bool dash = strchr(value, '-') != NULL;
    uint64_t from = 1, to = UINT64_MAX;

    if (!last || strcmp(value, "-") == 0 || (*buffer && !dp_count_parse(buffer, &from)) ||
        (*last && !dp_count_parse(last, &to)) || (!dash && !*buffer) || from == 0 || to < from)
        dp_tool_usage(&zcat->tool, "--records: '%s' is not an interval such as 1-1000", value);
    zcat->by_records = true;
    zcat->part.begin = from - 1;
    zcat->part.end = dash ? to : from;
}

static void read_range(struct dp_zcat *zcat, const char *value)
{
    char buffer[64];
    const char *length_text = split(value, '+', buffer, sizeof(buffer));
    uint64_t offset, length = 0;

    if (!length_text || !dp_size_parse(buffer, &offset) ||
        (strchr(value, '+') && !dp_size_parse(length_text, &length)))
        dp_tool_usage(&zcat->tool, "--range: '%s' is not an OFFSET or OFFSET+LENGTH", value);
    zcat->by_bytes = true;
    zcat->part.begin = offset;
    zcat->part.end = UINT64_MAX;
    if (strchr(value, '+') && length < UINT64_MAX - offset)
        zcat->part.end = offset + length;
}

/* Options of compression, which say something wrong. */
static void check_number(struct dp_zcat *zcat, const char *value)
{
    uint64_t number;

    if (!dp_count_parse(value, &number))
        dp_tool_usage(&zcat->tool, "-b operand is not an integer");
}

static void read_suffix(struct dp_zcat *zcat, const char *value)
{
    if (strlen(value) > SUFFIX_MOST)
        dp_tool_usage(&zcat->tool, "invalid suffix '%s'", value);
    zcat->suffix = value;
}

/* What zcat takes, too. */
static void take_as_zcat(struct dp_zcat *zcat, int code, const char *value)
{
    switch (code) {
    case 'f':
        zcat->force = true;
        break;
    case 't':
        zcat->test = true;
        break;
    case 'l':
        zcat->listing = zcat->test = true;
        break;
    case 'r':
        zcat->recursive = true;
        break;
    case 'N':
    case 'n':
        zcat->list.by_header = code == 'N';
        break;
    case 'S':
        read_suffix(zcat, value);
        break;
    case 'a':
        zcat->ascii = true;
        break;
    case 'b':
        check_number(zcat, value);
        break;
    case 'Z':
        dp_tool_usage(&zcat->tool, "-Z not supported in this version");
    case 'L':
        dp_tool_print_and_exit(&zcat->tool, license);
    case 'H':
        dp_tool_print_and_exit(&zcat->tool, help);
    default: /* what zcat does not need either */
        break;
    }
}

static void take(void *user, int code, const char *value)
{
    struct dp_zcat *zcat = user;

    switch (code) {
    case RECORDS:
        read_records(zcat, value);
        break;
    case RANGE:
        read_range(zcat, value);
        break;
    case INDEX:
        zcat->index = value;
        break;
    case WRITE_INDEX:
        zcat->write_index = true;
        break;
    case 'o':
        zcat->output = value;
        break;
    default:
        take_as_zcat(zcat, code, value);
        break;
    }
}

static void check_options(struct dp_zcat *zcat, int operand_count)
{
    struct dp_tool *tool = &zcat->tool;
    bool part = zcat->by_records || zcat->by_bytes;

    if (zcat->by_records && zcat->by_bytes)
        dp_tool_usage(tool, "--records and --range exclude each other");
    if (zcat->write_index && part)
        dp_tool_usage(tool, "--write-index needs the whole input: no --records, no --range");
    if (zcat->listing && (part || zcat->write_index))
        dp_tool_usage(tool, "--list goes with neither --records, --range nor --write-index");
    if (zcat->output && !zcat->write_index)
        dp_tool_usage(tool, "--output is where --write-index leaves the index");
    if (zcat->output && strcmp(zcat->output, "-") == 0)
        dp_tool_usage(tool, "an index is a file, not standard output");
    if (zcat->output && operand_count > 1)
        dp_tool_usage(tool, "--output goes with one input only");
    if (zcat->index && (zcat->write_index || operand_count > 1))
        dp_tool_usage(tool, "--index goes with one input only, and not with --write-index");
}

static void take_inputs(struct dp_zcat *zcat, char **names, int count)
{
    int i;

    if (count == 0)
        dp_zcat_stdin(zcat);
    for (i = 0; i < count && !zcat->stop; i++) {
        if (strcmp(names[i], "-") == 0)
            dp_zcat_stdin(zcat);
        else
            dp_zcat_file(zcat, names[i]);
    }
    if (count > 1 && !zcat->stop)
        dp_zcat_totals(zcat);
}

int main(int argc, char **argv)
{
    struct dp_zcat zcat = {0};
    struct dp_error err;
    int first;

    dp_tool_start(&zcat.tool, "dp-zcat", help);
    zcat.tool.usage_status = DP_TOOL_FAILED; /* as gzip */
    zcat.suffix = ".gz";
    first = dp_tool_options(&zcat.tool, argc, argv, options, sizeof(options) / sizeof(options[0]),
                            take, &zcat);
    check_options(&zcat, argc - first);
    zcat.list.quiet = zcat.tool.quiet;
    zcat.list.verbose = zcat.tool.verbose > 0;
    if (zcat.ascii && !zcat.tool.quiet)
        dp_tool_error(&zcat.tool, "option --ascii ignored on this system");
    if (dp_tool_open(&zcat.tool, !isatty(STDOUT_FILENO), &err) < 0) {
        dp_tool_fail(&zcat.tool, &err);
        return dp_tool_finish(&zcat.tool, DP_TOOL_FAILED);
    }
    dp_output_widen(STDOUT_FILENO);
    take_inputs(&zcat, argv + first, argc - first);
    return dp_tool_finish(&zcat.tool, zcat.status);
}
