/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* dp-slice fetch: slices in, bytes out, several slices at a time. */

#include "config.h"

#include "tools/slice_commands.h"

#include "tools/team.h"
#include "tools/journal.h"
#include "tools/local.h"
#include "tools/output.h"
#include "tools/pipe.h"
#include "tools/signals.h"
#include "tools/template.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What slices that wait for their turn may hold in memory, all together. */
#define WAITING_BYTES ((size_t)256 << 20)
#define FAILED_SHOWN  20
/* Outputs of a slice, as its format allows. */
#define OUTPUTS_MAX 16

struct fetch {
    struct dp_tool *tool;
    const char *index;      /* --index */
    const char *slice_text; /* --slice */
    const char *output;     /* -o */
    const char *directory;  /* --output-dir */
    const char *name;       /* --name */
    const char *command;    /* --exec */
    const char *manifest_name; /* NULL: --slice */
    bool resume;
    bool partial; /* --partial */
    bool bgzf;
    bool interleave;
    struct dp_selection only;

    struct dp_team team;
    struct dp_pipe_order *order; /* one output for all slices */
    struct dp_sink *sink;        /* where that goes with -o */
    struct dp_journal *journal;

    pthread_mutex_t lock; /* for what follows */
    char plan_id[64];     /* of the first slice */
    bool refused;         /* its folder belongs to another plan */
    uint64_t done_bytes;
    uint64_t done_slices;
    uint64_t skipped_slices;
    uint64_t failed_slices;
    uint64_t failed_numbers[FAILED_SHOWN];
    int status; /* of the first failure */
};

enum { ONLY = 256, SLICE, OUTPUT_DIR, NAME, RESUME, EXEC, INDEX, PARTIAL, INTERLEAVE };

static const struct dp_tool_option options[] = {
    {"only", ONLY, true},       {"slice", SLICE, true}, {"output", 'o', true},
    {"output-dir", OUTPUT_DIR, true}, {"name", NAME, true},   {"resume", RESUME, false},
    {"exec", EXEC, true},       {"bgzf", 'z', false},   {"index", INDEX, true},
    {"partial", PARTIAL, false},  {"interleave", INTERLEAVE, false},
};

static void take_name(struct fetch *fetch, const char *value)
{
    const char *why;

    if (!dp_template_check(value, &why))
        dp_tool_usage(fetch->tool, "--name: '%s': %s", value, why);
    fetch->name = value;
}

static void take(void *user, int code, const char *value)
{
    struct fetch *fetch = user;

    switch (code) {
    case ONLY:
        if (!dp_selection_parse(&fetch->only, value))
            dp_tool_usage(fetch->tool, "--only: '%s' is not a list such as 3,10-20", value);
        break;
    case SLICE:
        fetch->slice_text = value;
        break;
    case 'o':
        /* as with other tools: standard output */
        fetch->output = strcmp(value, "-") == 0 ? NULL : value;
        break;
    case OUTPUT_DIR:
        fetch->directory = value;
        break;
    case NAME:
        take_name(fetch, value);
        break;
    case RESUME:
        fetch->resume = true;
        break;
    case PARTIAL:
        fetch->partial = true;
        break;
    case INTERLEAVE:
        fetch->interleave = true;
        break;
    case EXEC:
        fetch->command = value;
        break;
    case 'z':
        fetch->bgzf = true;
        break;
    case INDEX:
        fetch->index = value;
        break;
    }
}

/* ------------------------------------------------------------------------------- one slice */

static int write_out(void *user, const void *bytes, size_t length, struct dp_error *err)
{
    struct fetch *fetch = user;

    if (fetch->sink)
        return dp_sink_write(fetch->sink, bytes, length, err);
    return dp_output_write(STDOUT_FILENO, "standard output", bytes, length, err);
}

/* Where the outputs of one slice go. */
struct outlet {
    char *name; /* of a file in the output folder; NULL: there is no folder */
    struct dp_pipe *pipe;
    bool ended;
};

struct outlets {
    struct outlet all[OUTPUTS_MAX];
    unsigned count;
};

/* Names the files of a slice in the output folder. */
static int name_files(const struct fetch *fetch, const struct dp_slice *slice,
                      const struct dp_slice_info *info, struct outlets *outlets,
                      struct dp_error *err)
{
    char *preset = NULL;
    const char *template = fetch->name;
    bool complete = true;
    unsigned i;

    if (!fetch->directory)
        return DP_OK;
    if (!template)
        template = preset = dp_template_default(info->format, fetch->bgzf, outlets->count > 1);
    for (i = 0; i < outlets->count && template; i++) {
        const char *output = fetch->interleave ? "interleaved" : dp_slice_output(slice, i);

        outlets->all[i].name = dp_template_expand(template, info, output);
        complete = complete && outlets->all[i].name;
    }
    complete = complete && template;
    free(preset);
    return complete ? DP_OK : dp_error_no_memory(err);
}

/* Mates want two files, or to be one stream: what was asked for must say which. */
static int check_outputs(const struct fetch *fetch, const struct dp_slice_info *info,
                         struct dp_error *err)
{
    const char *what = NULL;

    if (fetch->interleave && info->output_count != 2)
        what = "it has no mates: --interleave makes no sense";
    else if (!fetch->interleave && info->output_count > 1 && !fetch->directory)
        what = "it has mates, in two outputs: --interleave makes one stream of them, --output-dir "
               "two files";
    else if (!fetch->interleave && info->output_count > 1 && fetch->name &&
             !strstr(fetch->name, "{output}"))
        what = "it has mates, in two outputs: --name needs {output}";
    if (!what)
        return DP_OK;
    return dp_error_set(err, DP_INVALID, "slice %llu: %s", (unsigned long long)info->number, what);
}

/* The slice's objects must not be overwritten. */
static int check_distinct(const char *path, const struct dp_slice *slice, struct dp_error *err)
{
    const char *source;
    size_t i;
    int rc = DP_OK;

    for (i = 0; rc == DP_OK && (source = dp_slice_source(slice, i)); i++)
        rc = dp_local_check_output(path, source, err);
    return rc;
}

static int open_file(struct fetch *fetch, const struct dp_slice *slice, const char *name,
                     struct dp_pipe **pipe, struct dp_error *err)
{
    char *path;
    int rc;

    if (asprintf(&path, "%s/%s", fetch->directory, name) < 0)
        return dp_error_no_memory(err);
    rc = check_distinct(path, slice, err);
    if (rc == DP_OK && fetch->manifest_name)
        rc = dp_local_check_output(path, fetch->manifest_name, err);
    if (rc == DP_OK)
        rc = dp_pipe_sink_open(fetch->tool->context, path, pipe, err);
    free(path);
    return rc;
}

/* Opens the place for the bytes of an output; with -z its compressor in front. `name` is that of
 * its file, when there is one. */
static int open_pipe(struct fetch *fetch, uint64_t order, const struct dp_slice *slice,
                     const char *name, int *status, struct dp_pipe **pipe, struct dp_error *err)
{
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct dp_pipe *last = NULL;
    int rc;

    dp_slice_info(slice, &info);
    if (name)
        rc = open_file(fetch, slice, name, &last, err);
    else if (fetch->command)
        rc = dp_pipe_command_open(fetch->command, &info, status, &last, err);
    else
        rc = dp_pipe_order_open(fetch->order, order, &last, err);
    if (rc == DP_OK && fetch->bgzf) {
        /* What is one file in the end has one end block, written behind the last slice. */
        rc = dp_pipe_bgzf_open(last, !fetch->order, pipe, err);
        if (rc < 0)
            last->close(last);
    } else if (rc == DP_OK) {
        *pipe = last;
    }
    return rc;
}

static void note_bytes(struct fetch *fetch, int64_t bytes, const struct dp_slice_info *info)
{
    uint64_t total = 0, done;

    if (!fetch->tool->meter)
        return;
    pthread_mutex_lock(&fetch->lock);
    fetch->done_bytes += (uint64_t)bytes;
    done = fetch->done_bytes;
    /* How much there will be is known from the slices so far, when all are wanted. */
    if (fetch->done_slices && !fetch->only.parts.length && !fetch->slice_text)
        total = (uint64_t)((double)done / (double)fetch->done_slices * (double)info->slice_count);
    pthread_mutex_unlock(&fetch->lock);
    dp_meter_set(fetch->tool->meter, "fetch", NULL, done, total < done ? 0 : total);
}

/* Reads all outputs by turns, so that none has to wait for the end of another. */
static int copy_outputs(struct fetch *fetch, struct dp_reader *reader, struct outlets *outlets,
                        const struct dp_slice_info *info, struct dp_error *err)
{
    unsigned left = outlets->count, i;
    const void *bytes;
    int64_t length;
    int rc = DP_OK;

    while (left && rc == DP_OK) {
        for (i = 0; i < outlets->count && rc == DP_OK; i++) {
            struct outlet *outlet = &outlets->all[i];

            if (outlet->ended)
                continue;
            length = dp_reader_next(reader, i, &bytes, err);
            outlet->ended = length == 0;
            left -= length == 0;
            if (length)
                rc = length < 0 ? (int)length
                                : outlet->pipe->write(outlet->pipe, bytes, (size_t)length, err);
            if (length > 0 && rc >= 0)
                note_bytes(fetch, length, info);
        }
    }
    return rc;
}

/* Reads the slice into its outlets to the verdict. */
static int copy_slice(struct fetch *fetch, uint64_t order, const struct dp_slice *slice,
                      const struct dp_slice_info *info, struct outlets *outlets,
                      struct dp_error *err)
{
    struct dp_reader_options reading = {.struct_bytes = sizeof(reading)};
    struct dp_reader *reader = NULL;
    unsigned i;
    int rc;

    reading.threads = fetch->team.reader_threads;
    reading.index_uri = fetch->index;
    reading.skip_prologue = fetch->order && order > 0; /* one output has one header */
    reading.interleave = fetch->interleave;
    rc = dp_reader_open(fetch->tool->context, slice, &reading, &reader, err);
    if (rc == DP_OK)
        rc = copy_outputs(fetch, reader, outlets, info, err);
    dp_reader_free(reader);
    for (i = 0; i < outlets->count && rc >= 0; i++)
        rc = outlets->all[i].pipe->finish(outlets->all[i].pipe, err);
    return rc;
}

static int fetch_slice(struct fetch *fetch, uint64_t order, const struct dp_slice *slice,
                       const struct dp_slice_info *info, struct outlets *outlets, int *status,
                       struct dp_error *err)
{
    unsigned i;
    int rc = DP_OK;

    for (i = 0; i < outlets->count && rc == DP_OK; i++)
        rc = open_pipe(fetch, order, slice, outlets->all[i].name, status, &outlets->all[i].pipe,
                       err);
    if (rc == DP_OK)
        rc = copy_slice(fetch, order, slice, info, outlets, err);
    for (i = 0; i < outlets->count; i++)
        if (outlets->all[i].pipe)
            outlets->all[i].pipe->close(outlets->all[i].pipe);
    for (i = 0; i < outlets->count && rc == DP_OK && fetch->directory && fetch->journal; i++)
        rc = dp_journal_add(fetch->journal, info, outlets->all[i].name, err);
    return rc;
}

/* Are all files of the slice there, since an earlier run? */
static bool is_there(const struct fetch *fetch, const struct dp_slice_info *info,
                     const struct outlets *outlets)
{
    unsigned i;

    for (i = 0; i < outlets->count; i++)
        if (!dp_journal_has(fetch->journal, info, outlets->all[i].name))
            return false;
    return true;
}

/* ------------------------------------------------------------------------------ all slices */

/* Two plans have slices of the same numbers: in one folder their files would overwrite each other
 * or be taken for those of one plan. */
static int check_plan(struct fetch *fetch, const struct dp_slice_info *info, struct dp_error *err)
{
    bool by_id = fetch->name && strstr(fetch->name, "{id}");
    int rc = DP_OK;

    if (!fetch->directory)
        return DP_OK;
    pthread_mutex_lock(&fetch->lock);
    if (!fetch->plan_id[0]) {
        snprintf(fetch->plan_id, sizeof(fetch->plan_id), "%s", info->plan_id);
        if (fetch->journal)
            rc = dp_journal_begin(fetch->journal, by_id ? NULL : info->plan_id, fetch->resume, err);
        fetch->refused = rc < 0;
    } else if (fetch->refused) {
        rc = dp_error_set(err, DP_CANCELLED, "the first slice was refused");
    } else if (!by_id && strcmp(fetch->plan_id, info->plan_id) != 0) {
        rc = dp_error_set(err, DP_BAD_INDEX,
                          "slice %llu: it is of another plan than the slices "
                          "before it: use {id} in --name", (unsigned long long)info->number);
    }
    pthread_mutex_unlock(&fetch->lock);
    return rc;
}

static void note_failure(struct fetch *fetch, uint64_t number, int status)
{
    pthread_mutex_lock(&fetch->lock);
    if (fetch->failed_slices < FAILED_SHOWN)
        fetch->failed_numbers[fetch->failed_slices] = number;
    if (fetch->failed_slices++ == 0)
        fetch->status = status;
    pthread_mutex_unlock(&fetch->lock);
}

static void note_success(struct fetch *fetch, bool skipped)
{
    pthread_mutex_lock(&fetch->lock);
    fetch->done_slices++;
    fetch->skipped_slices += skipped;
    pthread_mutex_unlock(&fetch->lock);
}

/* Does the next slice make sense after this failure? Files and commands do not depend on each
 * other, but what is wrong for all of them need not be said for each. */
static bool go_on(const struct fetch *fetch, const struct dp_error *err)
{
    return !fetch->order && err->code != DP_CANCELLED && err->code != DP_CHANGED &&
           err->code != DP_DENIED && err->code != DP_NO_MEMORY;
}

/* One slice; *skipped says that it was there already. */
static int do_slice(struct fetch *fetch, uint64_t order, const struct dp_slice *slice,
                    const struct dp_slice_info *info, bool *skipped, int *command_status,
                    struct dp_error *err)
{
    struct outlets outlets = {.count = fetch->interleave ? 1 : (unsigned)info->output_count};
    unsigned i;
    int rc = check_plan(fetch, info, err);

    if (rc == DP_OK && fetch->output)
        rc = check_distinct(fetch->output, slice, err);
    if (rc == DP_OK)
        rc = name_files(fetch, slice, info, &outlets, err);
    *skipped = rc == DP_OK && fetch->resume && is_there(fetch, info, &outlets);
    if (rc == DP_OK && !*skipped)
        rc = fetch_slice(fetch, order, slice, info, &outlets, command_status, err);
    for (i = 0; i < outlets.count; i++)
        free(outlets.all[i].name);
    return rc;
}

static bool work(void *user, uint64_t order, const struct dp_slice *slice)
{
    struct fetch *fetch = user;
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct dp_error err = {0};
    int command_status = 0, status;
    bool skipped;

    dp_slice_info(slice, &info);
    if (check_outputs(fetch, &info, &err) < 0) {
        dp_tool_fail(fetch->tool, &err);
        note_failure(fetch, info.number, DP_TOOL_USAGE);
        return false;
    }
    if (do_slice(fetch, order, slice, &info, &skipped, &command_status, &err) == DP_OK) {
        note_success(fetch, skipped);
        return true;
    }
    status = dp_tool_fail(fetch->tool, &err);
    /* A slice that only waited for one that failed is not counted as a failure of its own. */
    if (err.code != DP_CANCELLED || dp_signals_caught())
        note_failure(fetch, info.number, command_status ? command_status : status);
    return go_on(fetch, &err);
}

/* ---------------------------------------------------------------------------------- the run */

/* Opens what all slices share. */
static int open_outputs(struct fetch *fetch, struct dp_error *err)
{
    struct dp_tool *tool = fetch->tool;
    size_t share = WAITING_BYTES / (tool->threads ? tool->threads : 1);
    bool local = fetch->directory && !dp_local_is_uri(fetch->directory);
    char *inside;
    int rc = DP_OK;

    if (fetch->command)
        return DP_OK;
    if (fetch->output && fetch->manifest_name)
        rc = dp_local_check_output(fetch->output, fetch->manifest_name, err);
    if (rc == DP_OK && fetch->output)
        rc = dp_sink_open(tool->context, fetch->output, &fetch->sink, err);
    if (rc == DP_OK && !fetch->directory) {
        dp_output_widen(STDOUT_FILENO);
        return dp_pipe_order_new(write_out, fetch, share, &fetch->order, err);
    }
    if (rc < 0 || !local)
        return rc;
    if (asprintf(&inside, "%s/.", fetch->directory) < 0)
        return dp_error_no_memory(err);
    rc = dp_local_make_parents(inside, err);
    free(inside);
    if (rc == DP_OK)
        rc = dp_journal_open(fetch->directory, fetch->bgzf ? ".bgzf" : "", &fetch->journal, err);
    return rc;
}

/* After all slices: the end block and the verdict over a common output. */
static int finish_outputs(struct fetch *fetch, struct dp_error *err)
{
    int rc = DP_OK;

    if (fetch->failed_slices)
        return DP_OK; /* said already */
    if (fetch->order && fetch->bgzf)
        rc = dp_pipe_bgzf_end(write_out, fetch, err);
    if (rc == DP_OK && fetch->sink)
        rc = dp_sink_commit(fetch->sink, err);
    return rc;
}

static void report(const struct fetch *fetch)
{
    struct dp_tool *tool = fetch->tool;
    char list[FAILED_SHOWN * 24 + 8] = "";
    size_t used = 0, i;

    dp_tool_detail(tool, "%llu slices fetched, %llu of them were there already",
                   (unsigned long long)fetch->done_slices,
                   (unsigned long long)fetch->skipped_slices);
    if (!fetch->failed_slices || fetch->order || dp_signals_caught())
        return;
    for (i = 0; i < fetch->failed_slices && i < FAILED_SHOWN; i++)
        used += (size_t)sprintf(list + used, "%s%llu", i ? ", " : "",
                                (unsigned long long)fetch->failed_numbers[i]);
    dp_tool_error(tool, "%llu slices failed: %s%s", (unsigned long long)fetch->failed_slices, list,
                  fetch->failed_slices > FAILED_SHOWN ? ", ..." : "");
}

/* There must have been something, and every number of --only. */
static int check_taken(const struct fetch *fetch, struct dp_error *err)
{
    uint64_t wanted = dp_selection_count(&fetch->only);

    if (!wanted && !fetch->team.taken)
        return dp_error_set(err, DP_BAD_INDEX, "%s: the manifest is empty",
                            dp_manifest_name(fetch->team.manifest));
    if (!wanted || fetch->failed_slices || fetch->team.taken >= wanted)
        return DP_OK;
    return dp_error_set(
        err, DP_NOT_FOUND, "--only: %llu of the %llu slices that it names are not in the manifest",
        (unsigned long long)(wanted - fetch->team.taken), (unsigned long long)wanted);
}

static int run(struct fetch *fetch)
{
    struct dp_tool *tool = fetch->tool;
    struct dp_error err;
    int status = DP_TOOL_OK;
    int rc = fetch->slice_text
                 ? dp_manifest_open_line(fetch->slice_text, &fetch->team.manifest, &err)
                 : dp_manifest_open(tool->context, fetch->manifest_name, &fetch->team.manifest,
                                    &err);

    if (rc == DP_OK && fetch->only.parts.length)
        dp_manifest_select(fetch->team.manifest, &fetch->only);
    else if (rc == DP_OK && !fetch->partial)
        rc = dp_manifest_require_whole(fetch->team.manifest, &err);
    if (rc == DP_OK)
        rc = open_outputs(fetch, &err);
    if (rc == DP_OK)
        rc = dp_team_run(&fetch->team, &err);
    if (rc == DP_OK)
        rc = check_taken(fetch, &err);
    if (rc == DP_OK)
        rc = finish_outputs(fetch, &err);
    if (rc < 0)
        status = dp_tool_fail(tool, &err);
    report(fetch);
    dp_pipe_order_free(fetch->order);
    dp_sink_free(fetch->sink);
    dp_journal_free(fetch->journal);
    dp_manifest_free(fetch->team.manifest);
    return fetch->failed_slices ? fetch->status : status;
}

static void check_options(const struct fetch *fetch, int operand_count)
{
    const struct dp_tool *tool = fetch->tool;
    int places = !!fetch->output + !!fetch->directory + !!fetch->command;

    if (operand_count != (fetch->slice_text ? 0 : 1))
        dp_tool_usage(tool, fetch->slice_text ? "fetch: --slice and a manifest exclude each other"
                                              : "fetch: one manifest is needed");
    if (places > 1)
        dp_tool_usage(tool, "fetch: --output, --output-dir and --exec exclude each other");
    if (fetch->name && !fetch->directory)
        dp_tool_usage(tool, "fetch: --name goes with --output-dir");
    if (fetch->resume && (!fetch->directory || dp_local_is_uri(fetch->directory)))
        dp_tool_usage(tool, "fetch: --resume goes with --output-dir and a local folder");
#ifndef HAVE_HTSLIB
    if (fetch->bgzf)
        dp_tool_usage(tool, "fetch: --bgzf is not built in (configure --with-htslib)");
#endif
}

int dp_slice_fetch_run(struct dp_tool *tool, int argc, char **argv)
{
    struct fetch fetch = {.tool = tool};
    struct dp_error err;
    int status;
    int first = dp_tool_options(tool, argc, argv, options, sizeof(options) / sizeof(options[0]),
                                take, &fetch);

    check_options(&fetch, argc - first);
    fetch.manifest_name = fetch.slice_text ? NULL : argv[first];
    fetch.team.threads = dp_tool_threads(tool, 1);
    fetch.team.work = work;
    fetch.team.user = &fetch;
    pthread_mutex_init(&fetch.lock, NULL);
    if (dp_tool_open(tool, false, &err) < 0)
        status = dp_tool_fail(tool, &err);
    else
        status = run(&fetch);
    dp_selection_free(&fetch.only);
    pthread_mutex_destroy(&fetch.lock);
    return status;
}
