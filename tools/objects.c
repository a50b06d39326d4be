/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/objects.h"

#include "tools/each.h"
#include "tools/local.h"
#include "tools/tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Opening waits for answers, not for processors. */
#define OPENERS 16

bool dp_objects_are_many(char *const *operands, size_t count)
{
    return count > 1 || (count == 1 && (operands[0][0] == '@' || dp_list_is_many(operands[0])));
}

static int add_name(struct dp_objects *objects, const char *name, struct dp_error *err)
{
    char *copy = strdup(name), **grown;

    grown = realloc(objects->names, (objects->count + 1) * sizeof(*grown));
    if (grown)
        objects->names = grown;
    if (!copy || !grown) {
        free(copy);
        return dp_error_no_memory(err);
    }
    objects->names[objects->count++] = copy;
    return DP_OK;
}

void dp_objects_free(struct dp_objects *objects)
{
    size_t i;

    for (i = 0; i < objects->count; i++)
        free(objects->names[i]);
    free(objects->names);
    memset(objects, 0, sizeof(*objects));
}

/* ---------------------------------------------------------------------------------- operands */

/* What listed nothing is a pattern, or a place that is there but holds no objects (but maybe
 * indexes). */
static int nothing_listed(const char *operand, struct dp_error *err)
{
    if (strpbrk(operand, "*?[") && !dp_local_is_folder(operand))
        return dp_error_set(err, DP_NOT_FOUND, "%s: there is no such object", operand);
    return dp_error_set(err, DP_NOT_FOUND, "%s: an empty folder or prefix: no objects in it",
                        operand);
}

static int add_listed(struct dp_context *context, const char *operand, struct dp_objects *objects,
                      struct dp_error *err)
{
    struct dp_list_options options = {.struct_bytes = sizeof(options), .skip_indexes = 1};
    struct dp_list_entry entry = {.struct_bytes = sizeof(entry)};
    size_t before = objects->count;
    struct dp_list *list;
    int rc = dp_list_open(context, operand, &options, &list, err);

    if (rc < 0)
        return rc;
    while ((rc = dp_list_next(list, &entry, err)) > 0) {
        rc = add_name(objects, entry.uri, err);
        if (rc < 0)
            break;
    }
    dp_list_free(list);
    if (rc == DP_OK && objects->count == before)
        rc = nothing_listed(operand, err);
    return rc;
}

/* An operand that is not "@FILE". */
static int add_plain(struct dp_context *context, const char *operand, struct dp_objects *objects,
                     struct dp_error *err)
{
    return dp_list_is_many(operand) ? add_listed(context, operand, objects, err)
                                    : add_name(objects, operand, err);
}

/* One operand a line; empty lines are none. */
static int add_lines(struct dp_context *context, FILE *file, const char *name,
                     struct dp_objects *objects, struct dp_error *err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int rc = DP_OK;

    while (rc == DP_OK && (length = getline(&line, &room, file)) >= 0) {
        while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            line[--length] = '\0';
        if (length)
            rc = add_plain(context, line, objects, err);
    }
    free(line);
    if (rc == DP_OK && ferror(file))
        rc = dp_error_set_errno(err, errno, "%s", name);
    return rc;
}

static int add_file(struct dp_context *context, const char *name, struct dp_objects *objects,
                    struct dp_error *err)
{
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(name, "re");
    size_t before = objects->count;
    int rc;

    if (!file)
        return dp_error_set_errno(err, errno, "%s", name);
    rc = add_lines(context, file, is_stdin ? "stdin" : name, objects, err);
    if (!is_stdin)
        fclose(file);
    if (rc == DP_OK && objects->count == before)
        rc = dp_error_set(err, DP_NOT_FOUND, "%s: it lists no object", name);
    return rc;
}

int dp_objects_add(struct dp_context *context, const char *operand, struct dp_objects *objects,
                   struct dp_error *err)
{
    return operand[0] == '@' ? add_file(context, operand + 1, objects, err)
                             : add_plain(context, operand, objects, err);
}

/* Appends a[0], b[0], a[1], b[1], ... */
static int zip(const struct dp_objects lists[2], const char *operand, struct dp_objects *objects,
               struct dp_error *err)
{
    size_t i;
    int rc = DP_OK;

    if (lists[0].count != lists[1].count)
        return dp_error_set(err, DP_INVALID, "%s: it stands for %zu objects, which are to be mates "
                            "of %zu", operand, lists[1].count, lists[0].count);
    for (i = 0; i < lists[0].count && rc == DP_OK; i++) {
        rc = add_name(objects, lists[0].names[i], err);
        if (rc == DP_OK)
            rc = add_name(objects, lists[1].names[i], err);
    }
    return rc;
}

int dp_objects_add_pairs(struct dp_context *context, char *const *operands, size_t count,
                         struct dp_objects *objects, struct dp_error *err)
{
    struct dp_objects lists[2] = {{0}};
    size_t i;
    int rc = DP_OK;

    if (count == 1)
        return dp_objects_add(context, operands[0], objects, err);
    for (i = 0; i + 1 < count && rc == DP_OK; i += 2) {
        rc = dp_objects_add(context, operands[i], &lists[0], err);
        if (rc == DP_OK)
            rc = dp_objects_add(context, operands[i + 1], &lists[1], err);
        if (rc == DP_OK)
            rc = zip(lists, operands[i + 1], objects, err);
        dp_objects_free(&lists[0]);
        dp_objects_free(&lists[1]);
    }
    return rc;
}

/* ----------------------------------------------------------------------------------- opening */

struct opening {
    struct dp_tool *tool;
    const struct dp_objects *objects;
    const char *index_uri;
    const char *const *hints; /* NULL: none */
    struct dp_opened *opened;
};

/* What is not to be had at the place of a hint may still be where indexes belong. */
static int find_index(const struct opening *opening, size_t i, struct dp_opened *opened)
{
    struct dp_context *context = opening->tool->context;
    const char *hint = opening->hints && !opening->index_uri ? opening->hints[i] : NULL;
    int rc = hint ? dp_index_find(context, opened->object, hint, &opened->index, &opened->err)
                  : DP_NOT_FOUND;

    if (rc == DP_OK || rc == DP_STALE_INDEX || rc == DP_CANCELLED)
        return rc;
    opened->err = (struct dp_error){0};
    return dp_index_find(context, opened->object, opening->index_uri, &opened->index,
                         &opened->err);
}

static bool open_one(void *user, size_t i)
{
    struct opening *opening = user;
    struct dp_context *context = opening->tool->context;
    struct dp_opened *opened = &opening->opened[i];
    const char *name = opening->objects->names[i];
    int rc = dp_object_open(context, name, NULL, &opened->object, &opened->err);

    opened->name = name;
    if (rc == DP_OK) {
        opened->name = dp_local_display(name, opened->object);
        rc = find_index(opening, i, opened);
    }
    if (rc == DP_NOT_FOUND && opened->object && !opening->index_uri)
        dp_error_set(&opened->err, DP_NOT_FOUND,
                     "%s: it has no index yet; make one with: dp-index build %s", opened->name,
                     opened->name);
    return true;
}

/* Each object and each index may be an open file. */
static void allow_open_files(size_t count)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= 2 * count + 256)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* what cannot be opened will say so */
}

int dp_objects_open(struct dp_tool *tool, const struct dp_objects *objects, const char *index_uri,
                    const char *const *hints, struct dp_opened **opened, struct dp_error *err)
{
    struct opening opening = {tool, objects, index_uri, hints, NULL};

    opening.opened = calloc(objects->count ? objects->count : 1, sizeof(*opening.opened));
    if (!opening.opened)
        return dp_error_no_memory(err);
    allow_open_files(objects->count);
    dp_each_run(objects->count, OPENERS, open_one, &opening);
    *opened = opening.opened;
    return DP_OK;
}

void dp_objects_close(struct dp_opened *opened, size_t count)
{
    size_t i;

    for (i = 0; opened && i < count; i++) {
        dp_index_free(opened[i].index);
        dp_object_free(opened[i].object);
    }
    free(opened);
}
