/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Operands that stand for objects: names, patterns, folders, prefixes, and "@FILE", a file with one
 * of these on each line ("@-": standard input). */

#ifndef DP_TOOLS_OBJECTS_H
#define DP_TOOLS_OBJECTS_H

#include "dataplug.h"

#include <stdbool.h>

struct dp_tool;

/* Names of objects. Zero-initialise; dp_objects_free. */
struct dp_objects {
    char **names;
    size_t count;
};

/* May the operands stand for more than one object? */
bool dp_objects_are_many(char *const *operands, size_t count);
/* Appends what an operand stands for, in the order of the list or of the names. Indexes (".dpi")
 * are left out where a folder or pattern is listed. DP_NOT_FOUND when it stands for nothing. */
int dp_objects_add(struct dp_context *context, const char *operand, struct dp_objects *objects,
                   struct dp_error *err);
/* Pairs of mates: operands are taken two by two, and the first of what one stands for goes with the
 * first of the other, and so on; a single operand stands for mates by turns. */
int dp_objects_add_pairs(struct dp_context *context, char *const *operands, size_t count,
                         struct dp_objects *objects, struct dp_error *err);
void dp_objects_free(struct dp_objects *objects);

/* An object with its index; both NULL when one could not be opened, then `err` says why. */
struct dp_opened {
    const char *name; /* as it is to be called in messages */
    struct dp_object *object;
    struct dp_index *index;
    struct dp_error err;
};

/* Opens all of them, several at a time; `index_uri` (may be NULL) is for a single one. Without it
 * `hints` (may be NULL) has for each object the place where an index of it was, or NULL: that is
 * tried first. *opened has objects->count elements, to be freed with dp_objects_close. */
int dp_objects_open(struct dp_tool *tool, const struct dp_objects *objects, const char *index_uri,
                    const char *const *hints, struct dp_opened **opened, struct dp_error *err);
void dp_objects_close(struct dp_opened *opened, size_t count);

#endif
