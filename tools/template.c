/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "tools/template.h"

#include "base/array.h"

#include <stdio.h>
#include <string.h>

bool dp_template_check(const char *template, const char **why)
{
    const char *p;

    if (strchr(template, '/')) {
        *why = "it must be a name, not a path";
        return false;
    }
    for (p = strchr(template, '{'); p; p = strchr(p + 1, '{'))
        if (strncmp(p, "{number}", 8) != 0 && strncmp(p, "{id}", 4) != 0 &&
            strncmp(p, "{format}", 8) != 0 && strncmp(p, "{output}", 8) != 0) {
            *why = "only {number}, {id}, {format} and {output} are known";
            return false;
        }
    if (!strstr(template, "{number}") && !strstr(template, "{id}")) {
        *why = "without {number} or {id} all slices would have one name";
        return false;
    }
    return true;
}

char *dp_template_default(const char *format, bool compressed, bool many_outputs)
{
    char *name;

    if (asprintf(&name, "slice-{number}%s.%s%s", many_outputs ? "_{output}" : "",
                 strcmp(format, "text") == 0 ? "txt" : "{format}", compressed ? ".gz" : "") < 0)
        return NULL;
    return name;
}

static int digits_of(uint64_t number)
{
    int digits = 1;

    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

/* Appends what the placeholder at `at` stands for; its length in *length, 0 when it is none. */
static bool put_placeholder(struct dp_array *name, const char *at,
                            const struct dp_slice_info *slice, const char *output, size_t *length)
{
    char number[32];
    const char *text = number;
    int digits = digits_of(slice->slice_count);

    snprintf(number, sizeof(number), "%0*llu", digits < 5 ? 5 : digits,
             (unsigned long long)slice->number);
    *length = 8;
    if (strncmp(at, "{id}", 4) == 0) {
        text = slice->id;
        *length = 4;
    } else if (strncmp(at, "{format}", 8) == 0) {
        text = slice->format;
    } else if (strncmp(at, "{output}", 8) == 0) {
        text = output;
    } else if (strncmp(at, "{number}", 8) != 0) {
        *length = 0;
        return true;
    }
    return dp_array_append(name, text, strlen(text), 1);
}

char *dp_template_expand(const char *template, const struct dp_slice_info *slice,
                         const char *output)
{
    struct dp_array name = {0};
    size_t length;
    bool fits = true;

    while (*template && fits) {
        fits = put_placeholder(&name, template, slice, output, &length);
        if (fits && length == 0) {
            length = 1;
            fits = dp_array_append(&name, template, 1, 1);
        }
        template += length;
    }
    if (!fits || !dp_array_append(&name, "", 1, 1)) {
        dp_array_free(&name);
        return NULL;
    }
    return name.data;
}
