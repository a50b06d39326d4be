/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/phenotype.h"

#include "base/array.h"
#include "mdr/lines.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct person {
    const char *id; /* in the text of the lines */
    uint64_t line;
    enum dp_mdr_class class;
};

struct dp_mdr_phenotypes {
    struct dp_mdr_lines lines; /* kept for their text and name */
    struct dp_array people;    /* struct person, by ID once all were read */
    const char *column;
    size_t choices; /* columns that could have been it */
    bool has_zeros; /* which are missing */
};

/* Where IDs and phenotypes stand in a line. */
struct layout {
    size_t id, value, column_count;
    bool header; /* the first line is one */
    size_t choices;
};

/* The class that `value` says; false when it says none. */
static bool read_class(const char *value, bool zero_one, enum dp_mdr_class *class)
{
    static const char *const missing[] = {"", ".", "-9", "NA", "nan"};
    size_t i;

    for (i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        if (strcasecmp(value, missing[i]) == 0) {
            *class = DP_MDR_UNKNOWN;
            return true;
        }
    }
    if (strlen(value) != 1 || *value < '0' || *value > (zero_one ? '1' : '2'))
        return false;
    if (zero_one)
        *class = *value == '1' ? DP_MDR_CASE : DP_MDR_CONTROL;
    else if (*value == '0')
        *class = DP_MDR_UNKNOWN;
    else
        *class = *value == '2' ? DP_MDR_CASE : DP_MDR_CONTROL;
    return true;
}

/* The column of that name in the current line, from `from` on; the number of columns when there is
 * none. */
static size_t column_of(const struct dp_mdr_lines *lines, size_t from, const char *name)
{
    size_t i, count = dp_mdr_lines_count(lines);

    for (i = from; i < count; i++) {
        if (strcmp(dp_mdr_lines_field(lines, i), name) == 0)
            return i;
    }
    return count;
}

/* The first column of a header that is about no parent, sex or name; *choices: how many there are.
 */
static size_t first_phenotype(const struct dp_mdr_lines *lines, size_t *choices)
{
    static const char *const others[] = {"FID", "IID", "SID", "PAT", "MAT", "SEX"};
    size_t i, n, count = dp_mdr_lines_count(lines), first = count;

    *choices = 0;
    for (i = 1; i < count; i++) {
        for (n = 0; n < sizeof(others) / sizeof(others[0]); n++) {
            if (strcmp(dp_mdr_lines_field(lines, i), others[n]) == 0)
                break;
        }
        if (n == sizeof(others) / sizeof(others[0]) && (*choices)++ == 0)
            first = i;
    }
    return first;
}

static int read_header(const struct dp_mdr_lines *lines, const char *wanted, struct layout *layout,
                       struct dp_error *err)
{
    const char *first = dp_mdr_lines_field(lines, 0);

    layout->header = true;
    layout->id = strcmp(first + (*first == '#'), "IID") == 0 ? 0 : column_of(lines, 1, "IID");
    if (layout->id == layout->column_count)
        return dp_mdr_lines_fail(lines, err, "the header has no column IID");
    layout->value = wanted ? column_of(lines, 1, wanted) : first_phenotype(lines, &layout->choices);
    if (layout->value < layout->column_count)
        return DP_OK;
    if (wanted)
        return dp_mdr_lines_fail(lines, err, "the header has no column '%s'", wanted);
    return dp_mdr_lines_fail(lines, err, "the header has no column with a phenotype");
}

static bool is_header(const char *first)
{
    return strcmp(first, "#FID") == 0 || strcmp(first, "#IID") == 0 || strcmp(first, "FID") == 0 ||
           strcmp(first, "IID") == 0;
}

/* What is no phenotype and does not begin as a name does ("2x", "-1", "?") is a wrong phenotype
 * rather than the name of a column: taken for a header, its sample would be lost. Bytes that are
 * not ASCII are letters of UTF-8. */
static bool is_name(const char *value, bool zero_one)
{
    enum dp_mdr_class class;
    unsigned char first = (unsigned char)*value;
    bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') ||
                  first == '_' || first >= 0x80;

    return letter && !read_class(value, zero_one, &class);
}

/* Finds out what kind of text it is, from its first line. */
static int find_layout(const struct dp_mdr_lines *lines,
                       const struct dp_mdr_phenotype_options *options, struct layout *layout,
                       struct dp_error *err)
{
    layout->column_count = dp_mdr_lines_count(lines);
    layout->header = false;
    layout->choices = 1;
    if (is_header(dp_mdr_lines_field(lines, 0)))
        return read_header(lines, options->column, layout, err);
    if (layout->column_count == 6) {
        layout->id = 1;
        layout->value = 5;
    } else if (layout->column_count == 2) {
        layout->id = 0;
        layout->value = 1;
        layout->header = is_name(dp_mdr_lines_field(lines, 1), options->zero_one);
    } else {
        return dp_mdr_lines_fail(lines, err,
                                 "%zu columns: neither two (ID, phenotype), nor the six of a .fam, "
                                 "nor a header with IID",
                                 layout->column_count);
    }
    if (options->column &&
        (!layout->header || strcmp(dp_mdr_lines_field(lines, layout->value), options->column) != 0))
        return dp_mdr_lines_fail(lines, err, "the text has no column '%s'", options->column);
    return DP_OK;
}

/* Adds the person of the current line. */
static int read_person(struct dp_mdr_phenotypes *phenotypes, const struct layout *layout,
                       bool zero_one, struct dp_error *err)
{
    const struct dp_mdr_lines *lines = &phenotypes->lines;
    struct person person = {.line = lines->line};
    const char *value;

    if (dp_mdr_lines_count(lines) != layout->column_count)
        return dp_mdr_lines_fail(lines, err, "%zu columns, but %zu in the first line",
                                 dp_mdr_lines_count(lines), layout->column_count);
    person.id = dp_mdr_lines_field(lines, layout->id);
    value = dp_mdr_lines_field(lines, layout->value);
    if (!*person.id)
        return dp_mdr_lines_fail(lines, err, "an empty ID");
    if (!read_class(value, zero_one, &person.class))
        return dp_mdr_lines_fail(lines, err,
                                 "phenotype '%.60s' is neither %s (control), %s (case) nor missing "
                                 "(-9, %sNA, nan, '.' or empty)",
                                 value, zero_one ? "0" : "1", zero_one ? "1" : "2",
                                 zero_one ? "" : "0, ");
    if (person.class == DP_MDR_UNKNOWN && strcmp(value, "0") == 0)
        phenotypes->has_zeros = true;
    if (!dp_array_append(&phenotypes->people, &person, 1, sizeof(person)))
        return dp_error_no_memory(err);
    return DP_OK;
}

static int compare(const void *a, const void *b)
{
    const struct person *first = a, *second = b;
    int order = strcmp(first->id, second->id);

    return order ? order : (first->line > second->line) - (first->line < second->line);
}

/* Sorts by ID; no ID may stand there twice. */
static int sort_people(struct dp_mdr_phenotypes *phenotypes, struct dp_error *err)
{
    struct person *people = phenotypes->people.data;
    size_t i, count = phenotypes->people.length;

    if (count == 0)
        return dp_error_set(err, DP_DATA, "%s: no phenotypes", phenotypes->lines.name);
    qsort(people, count, sizeof(*people), compare);
    for (i = 1; i < count; i++) {
        if (strcmp(people[i - 1].id, people[i].id) == 0)
            return dp_error_set(err, DP_DATA, "%s:%llu: ID '%.100s' again, after line %llu",
                                phenotypes->lines.name, (unsigned long long)people[i].line,
                                people[i].id, (unsigned long long)people[i - 1].line);
    }
    return DP_OK;
}

/* The first line that is no comment: 1, 0 when there is none, or an error. */
static int first_line(struct dp_mdr_lines *lines, struct dp_error *err)
{
    int got;

    do {
        /* The next line decides anew by what columns are parted. */
        dp_array_free(&lines->fields);
        got = dp_mdr_lines_next(lines, err);
    } while (got > 0 && strncmp(dp_mdr_lines_field(lines, 0), "##", 2) == 0);
    return got;
}

static int read_all(struct dp_mdr_phenotypes *phenotypes,
                    const struct dp_mdr_phenotype_options *options, struct dp_error *err)
{
    struct dp_mdr_lines *lines = &phenotypes->lines;
    struct layout layout = {0};
    int result, got = first_line(lines, err);

    phenotypes->column = "";
    phenotypes->choices = 1;
    if (got > 0) {
        result = find_layout(lines, options, &layout, err);
        if (result < 0)
            return result;
    }
    if (layout.header) {
        phenotypes->column = dp_mdr_lines_field(lines, layout.value);
        phenotypes->choices = layout.choices;
        got = dp_mdr_lines_next(lines, err);
    }
    while (got > 0) {
        result = read_person(phenotypes, &layout, options->zero_one, err);
        if (result < 0)
            return result;
        got = dp_mdr_lines_next(lines, err);
    }
    return got < 0 ? got : sort_people(phenotypes, err);
}

/* Takes what `lines` holds, also when it fails. */
static int from_lines(struct dp_mdr_lines *lines, const struct dp_mdr_phenotype_options *options,
                      struct dp_mdr_phenotypes **phenotypes, struct dp_error *err)
{
    static const struct dp_mdr_phenotype_options defaults;
    struct dp_mdr_phenotypes *made = calloc(1, sizeof(*made));
    int result;

    if (!made) {
        dp_mdr_lines_free(lines);
        return dp_error_no_memory(err);
    }
    made->lines = *lines;
    result = read_all(made, options ? options : &defaults, err);
    if (result < 0) {
        dp_mdr_phenotype_free(made);
        return result;
    }
    *phenotypes = made;
    return DP_OK;
}

int dp_mdr_phenotype_read(struct dp_context *context, const char *uri,
                          const struct dp_mdr_phenotype_options *options,
                          struct dp_mdr_phenotypes **phenotypes, struct dp_error *err)
{
    struct dp_mdr_lines lines;
    int result = dp_mdr_lines_read(context, uri, &lines, err);

    return result < 0 ? result : from_lines(&lines, options, phenotypes, err);
}

int dp_mdr_phenotype_parse(const char *text, size_t length, const char *name,
                           const struct dp_mdr_phenotype_options *options,
                           struct dp_mdr_phenotypes **phenotypes, struct dp_error *err)
{
    struct dp_mdr_lines lines;
    int result = dp_mdr_lines_copy(text, length, name, &lines, err);

    return result < 0 ? result : from_lines(&lines, options, phenotypes, err);
}

size_t dp_mdr_phenotype_count(const struct dp_mdr_phenotypes *phenotypes)
{
    return phenotypes->people.length;
}

static const struct person *person_of(const struct dp_mdr_phenotypes *phenotypes, size_t number)
{
    return (const struct person *)phenotypes->people.data + number;
}

const char *dp_mdr_phenotype_id(const struct dp_mdr_phenotypes *phenotypes, size_t number)
{
    return person_of(phenotypes, number)->id;
}

enum dp_mdr_class dp_mdr_phenotype_class(const struct dp_mdr_phenotypes *phenotypes, size_t number)
{
    return person_of(phenotypes, number)->class;
}

bool dp_mdr_phenotype_find(const struct dp_mdr_phenotypes *phenotypes, const char *id,
                           size_t *number)
{
    size_t begin = 0, end = phenotypes->people.length;

    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        int order = strcmp(person_of(phenotypes, middle)->id, id);

        if (order == 0) {
            *number = middle;
            return true;
        }
        if (order < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return false;
}

const char *dp_mdr_phenotype_source(const struct dp_mdr_phenotypes *phenotypes)
{
    return phenotypes->lines.name;
}

const char *dp_mdr_phenotype_column(const struct dp_mdr_phenotypes *phenotypes)
{
    return phenotypes->column;
}

size_t dp_mdr_phenotype_choices(const struct dp_mdr_phenotypes *phenotypes)
{
    return phenotypes->choices;
}

bool dp_mdr_phenotype_has_zeros(const struct dp_mdr_phenotypes *phenotypes)
{
    return phenotypes->has_zeros;
}

const struct dp_mdr_text_identity *
dp_mdr_phenotype_identity(const struct dp_mdr_phenotypes *phenotypes)
{
    return &phenotypes->lines.identity;
}

void dp_mdr_phenotype_free(struct dp_mdr_phenotypes *phenotypes)
{
    if (!phenotypes)
        return;
    dp_mdr_lines_free(&phenotypes->lines);
    dp_array_free(&phenotypes->people);
    free(phenotypes);
}
