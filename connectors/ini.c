/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "connectors/ini.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Such files hold a few lines; something bigger is not one. */
enum { MOST_BYTES = 1 << 20 };

/* A section itself is a row without a key. */
struct value {
    char *section, *key, *text;
};

/* Where the reader is. */
struct place {
    char *section; /* NULL before the first one */
    char *parent;  /* a key without a value, whose indented lines follow; or NULL */
};

static char *trim(char *text)
{
    char *end;

    while (isspace((unsigned char)*text))
        text++;
    end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        *--end = 0;
    return text;
}

static void cut_comment(char *value)
{
    char *p;

    for (p = value; *p; p++)
        if ((*p == '#' || *p == ';') && p > value && isspace((unsigned char)p[-1])) {
            *p = 0;
            return;
        }
}

static bool add(struct dp_ini *ini, const char *section, const char *parent, const char *key,
                const char *text)
{
    struct value value = {strdup(section), NULL, strdup(text)};

    if (asprintf(&value.key, "%s%s%s", parent ? parent : "", parent ? "." : "", key) < 0)
        value.key = NULL;
    if (value.section && value.key && value.text &&
        dp_array_append(&ini->values, &value, 1, sizeof(value)))
        return true;
    free(value.section);
    free(value.key);
    free(value.text);
    return false;
}

/* [name]; runs of blanks inside count as one: "[profile  x]". */
static bool begin_section(struct dp_ini *ini, struct place *place, char *line)
{
    char *end = strchr(line, ']'), *from, *to;

    free(place->section);
    free(place->parent);
    place->parent = NULL;
    if (end)
        *end = 0;
    place->section = strdup(trim(line + 1));
    if (!place->section)
        return false;
    for (from = to = place->section; *from; from++)
        if (!(isspace((unsigned char)*from) && isspace((unsigned char)from[1])))
            *to++ = isspace((unsigned char)*from) ? ' ' : *from;
    *to = 0;
    return add(ini, place->section, NULL, "", "");
}

static bool take_value(struct dp_ini *ini, struct place *place, char *line, bool indented)
{
    char *equals = strchr(line, '='), *key, *text;

    if (!equals || !place->section)
        return true;
    *equals = 0;
    key = trim(line);
    text = trim(equals + 1);
    cut_comment(text);
    text = trim(text);
    if (!indented) {
        free(place->parent);
        place->parent = *text ? NULL : strdup(key);
    }
    return add(ini, place->section, indented ? place->parent : NULL, key, text);
}

static bool take_line(struct dp_ini *ini, struct place *place, char *line)
{
    bool indented = isspace((unsigned char)*line) && place->parent;
    char *text = trim(line);

    if (!*text || *text == '#' || *text == ';')
        return true;
    if (*text == '[')
        return begin_section(ini, place, text);
    return take_value(ini, place, text, indented);
}

static int parse(struct dp_ini *ini, FILE *file, struct dp_error *err)
{
    struct place place = {0};
    char *line = NULL;
    size_t capacity = 0, total = 0;
    ssize_t length;
    int rc = DP_OK;

    while (!rc && (length = getline(&line, &capacity, file)) >= 0) {
        total += (size_t)length;
        if (total > MOST_BYTES)
            rc = dp_error_set(err, DP_INVALID, "%s: too big for a configuration file", ini->path);
        else if (!take_line(ini, &place, line))
            rc = dp_error_no_memory(err);
    }
    if (!rc && ferror(file))
        rc = dp_error_set_errno(err, errno, "%s", ini->path);
    /* Secrets may have stood in it. */
    if (line)
        explicit_bzero(line, capacity);
    free(line);
    free(place.section);
    free(place.parent);
    return rc;
}

int dp_ini_read(struct dp_ini *ini, const char *path, struct dp_error *err)
{
    FILE *file = fopen(path, "re");
    int rc;

    memset(ini, 0, sizeof(*ini));
    if (!file && errno != ENOENT && errno != ENOTDIR)
        return dp_error_set_errno(err, errno, "%s", path);
    ini->path = strdup(file ? path : "");
    if (!ini->path)
        rc = dp_error_no_memory(err);
    else
        rc = file ? parse(ini, file, err) : DP_OK;
    if (file)
        fclose(file);
    if (rc)
        dp_ini_free(ini);
    return rc;
}

const char *dp_ini_get(const struct dp_ini *ini, const char *section, const char *key)
{
    const struct value *value = ini->values.data;
    size_t i;

    for (i = ini->values.length; i > 0; i--)
        if (strcmp(value[i - 1].section, section) == 0 && strcmp(value[i - 1].key, key) == 0)
            return value[i - 1].text;
    return NULL;
}

bool dp_ini_has_section(const struct dp_ini *ini, const char *section)
{
    return dp_ini_get(ini, section, "") != NULL;
}

void dp_ini_free(struct dp_ini *ini)
{
    struct value *value = ini->values.data;
    size_t i;

    for (i = 0; i < ini->values.length; i++) {
        explicit_bzero(value[i].text, strlen(value[i].text));
        free(value[i].section);
        free(value[i].key);
        free(value[i].text);
    }
    dp_array_free(&ini->values);
    free(ini->path);
    ini->path = NULL;
}
