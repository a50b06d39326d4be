/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Patterns for keys and paths, the same for every place:
 *
 *     *       any bytes but '/'
 *     ?       one character (UTF-8) but '/'
 *     [a-z]   one of these; [!a-z] or [^a-z] one of the others, never '/'
 *     **      any bytes, '/' too; a component of its own also stands for no folder at all
 *     .../    everything below: a pattern that ends in '/', or is empty, has a ** behind it
 *
 * A '.' at the beginning of a component is matched by itself or ** only, as in shells. A match
 * costs time in proportion to pattern times text: there is no pattern that takes for ever. */

#ifndef DP_CONNECTORS_GLOB_H
#define DP_CONNECTORS_GLOB_H

#include "base/array.h"
#include "base/error.h"

enum dp_glob_text {
    DP_GLOB_LITERAL, /* no character means anything but itself */
    DP_GLOB_PLAIN,   /* a path with patterns */
    DP_GLOB_ENCODED  /* part of a URI: "%2A" is a star that means itself */
};

/* Const after compiling: may be shared by threads. */
struct dp_glob {
    struct dp_array tokens; /* private */
    char *prefix;           /* what every match begins with; NUL-terminated */
    size_t prefix_length;
    bool literal;           /* the prefix is all there is: it matches itself only */
    bool deep;              /* behind the prefix a match may hold a '/' */
};

/* `name` stands in messages. DP_INVALID for a class with characters that are not ASCII, and for
 * patterns beyond 8 KiB. dp_glob_free() takes what was made, also after a failure. */
int dp_glob_compile(struct dp_glob *glob, enum dp_glob_text kind, const char *text,
                    const char *name, struct dp_error *err);
void dp_glob_free(struct dp_glob *glob);

bool dp_glob_match(const struct dp_glob *glob, const char *text, size_t length);
/* Whether something that begins with `text` may match. */
bool dp_glob_may_match_below(const struct dp_glob *glob, const char *text, size_t length);

/* True when `text` holds a pattern. */
bool dp_glob_is_pattern(const char *text);

#endif
