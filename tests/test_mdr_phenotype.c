/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "mdr/phenotype.h"

#include <zlib.h>

static const struct dp_mdr_phenotype_options zero_one = {.zero_one = true};

/* What `text` says, as "ID=class" sorted and joined by blanks, or the message of its error. */
static const char *reading(const char *text, const struct dp_mdr_phenotype_options *options)
{
    static char result[2000];
    struct dp_mdr_phenotypes *phenotypes = NULL;
    struct dp_error err = {0};
    size_t i, number, length = 0;

    if (dp_mdr_phenotype_parse(text, strlen(text), "p", options, &phenotypes, &err) < 0) {
        ck_assert_int_eq(err.code, DP_DATA);
        ck_assert_ptr_null(phenotypes);
        return strcpy(result, err.message);
    }
    *result = '\0';
    for (i = 0; i < dp_mdr_phenotype_count(phenotypes); i++) {
        const char *id = dp_mdr_phenotype_id(phenotypes, i);

        length += (size_t)sprintf(result + length, "%s%s=%c", i ? " " : "", id,
                                  "01?"[dp_mdr_phenotype_class(phenotypes, i)]);
        ck_assert(dp_mdr_phenotype_find(phenotypes, id, &number));
        ck_assert_uint_eq(number, i);
    }
    ck_assert(!dp_mdr_phenotype_find(phenotypes, "nobody", &number));
    dp_mdr_phenotype_free(phenotypes);
    return result;
}

START_TEST(a_fam_has_six_columns)
{
    ck_assert_str_eq(reading("f1 b 0 0 1 2\nf1  a 0\t0 1 1\nf2 c 0 0 0 -9\n", NULL), "a=0 b=1 c=?");
    ck_assert_str_eq(reading("f1\tx\t0\t0\t1\t2\nf2\ty\t0\t0\t1\t0", NULL), "x=1 y=?");
    ck_assert_str_eq(reading("f1 b 0 0 1 1\nf1 a 0 0 1 0\n", &zero_one), "a=0 b=1");
}
END_TEST

START_TEST(a_header_says_where_things_stand)
{
    struct dp_mdr_phenotype_options named = {.column = "T2D"};

    ck_assert_str_eq(reading("#IID\tSEX\tCAD\tT2D\na\t1\t2\t1\nb\t2\t1\tNA\n", NULL), "a=1 b=0");
    ck_assert_str_eq(reading("#IID\tSEX\tCAD\tT2D\na\t1\t2\t1\nb\t2\t1\tNA\n", &named), "a=0 b=?");
    ck_assert_str_eq(
        reading("##x=y z\n#FID\tIID\tSID\tPAT\tMAT\tSEX\tP\nf\ta\t0\t0\t0\t1\t2\n", NULL), "a=1");
    ck_assert_str_eq(reading("FID IID P Q\nf a 2 x\ng b 1 y\n", NULL), "a=1 b=0");
    ck_assert_str_eq(reading("IID P\na 2\n", NULL), "a=1");
    ck_assert_str_eq(reading("\xEF\xBB\xBF#IID P\r\na 2\r\n\r\n", NULL), "a=1");
    ck_assert_str_eq(reading("#IID\tSEX\na\t1\n", NULL),
                     "p:1: the header has no column with a phenotype");
    ck_assert_str_eq(reading("#FID\tP\na\t1\n", NULL), "p:1: the header has no column IID");
    ck_assert_str_eq(reading("#IID\tP\na\t1\n", &named), "p:1: the header has no column 'T2D'");
}
END_TEST

START_TEST(two_columns_may_have_a_header)
{
    struct dp_mdr_phenotype_options named = {.column = "status"};

    ck_assert_str_eq(reading("a\t2\nb\t1\n", NULL), "a=1 b=0");
    ck_assert_str_eq(reading("sample\tstatus\na\t2\nb\t1\n", NULL), "a=1 b=0");
    ck_assert_str_eq(reading("sample\tstatus\na\t2\nb\t1\n", &named), "a=1 b=0");
    ck_assert_str_eq(reading("a\t2\nb\t1\n", &named), "p:1: the text has no column 'status'");
    /* IDs with blanks, and values that are not there. */
    ck_assert_str_eq(reading("a b\t2\nc d\t\ne\t.\n", NULL), "a b=1 c d=? e=?");
    /* A first line with a number that means nothing is no header. */
    ck_assert_msg(strncmp(reading("a\t3\nb\t1\n", NULL), "p:1: phenotype '3' is neither", 29) == 0,
                  "%s", reading("a\t3\nb\t1\n", NULL));
    ck_assert_int_eq(strncmp(reading("a\t2\n", &zero_one), "p:1: phenotype '2'", 18), 0);
}
END_TEST

START_TEST(a_mistyped_first_line_is_no_header)
{
    static const char *const wrong[] = {"2x", "1.", "-",  "-8", "+1",
                                        ".5", "12", "2 ", "?",  "\"2\""};
    static const char *const names[] = {"phenotype", "CASE", "status2", "_p", "x", "\xC3\xA9tat"};
    char text[100], want[100];
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        sprintf(text, "a\t%s\nb\t1\n", wrong[i]);
        sprintf(want, "p:1: phenotype '%s' is neither 1", wrong[i]);
        ck_assert_msg(strncmp(reading(text, NULL), want, strlen(want)) == 0, "%s: %s", want,
                      reading(text, NULL));
        /* Parted by blanks alike. */
        sprintf(text, "a %s\nb 1\n", wrong[i]);
        if (!strchr(wrong[i], ' '))
            ck_assert_int_eq(strncmp(reading(text, NULL), want, strlen(want)), 0);
    }
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        sprintf(text, "a\t%s\nb\t1\n", names[i]);
        ck_assert_str_eq(reading(text, NULL), "b=0");
    }
    /* Lines that are passed over count. */
    ck_assert_int_eq(strncmp(reading("## x\na\t2x\nb\t1\n", NULL), "p:2: phenotype '2x'", 19), 0);
}
END_TEST

START_TEST(what_is_missing)
{
    ck_assert_str_eq(reading("a\t-9\nb\t0\nc\tNA\nd\tnan\ne\t.\nf\t\ng\tNaN\nh\tna\n", NULL),
                     "a=? b=? c=? d=? e=? f=? g=? h=?");
    ck_assert_str_eq(reading("a\t-9\nb\t0\n", &zero_one), "a=? b=0");
}
END_TEST

START_TEST(what_is_wrong_is_said_with_its_line)
{
    ck_assert_str_eq(reading("a\t1\nb\tyes\n", NULL),
                     "p:2: phenotype 'yes' is neither 1 (control), 2 (case) nor missing (-9, 0, "
                     "NA, nan, '.' or empty)");
    ck_assert_str_eq(reading("a\t1\nb\t2\n", &zero_one),
                     "p:2: phenotype '2' is neither 0 (control), 1 (case) nor missing (-9, NA, "
                     "nan, '.' or empty)");
    ck_assert_str_eq(reading("b\t1\na\t1\n\nb\t2\n", NULL), "p:4: ID 'b' again, after line 1");
    ck_assert_str_eq(reading("a\t1\nb\n", NULL), "p:2: 1 columns, but 2 in the first line");
    ck_assert_str_eq(reading("f a 0 0 1 2\nf b 0 0 1\n", NULL),
                     "p:2: 5 columns, but 6 in the first line");
    ck_assert_str_eq(reading("a\t1\n\t2\n", NULL), "p:2: an empty ID");
    ck_assert_str_eq(reading("", NULL), "p: no phenotypes");
    ck_assert_str_eq(reading("#IID\tP\n\n", NULL), "p: no phenotypes");
    ck_assert_int_eq(strncmp(reading("a b c\n", NULL), "p:1: 3 columns: neither", 23), 0);
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
    struct dp_mdr_phenotypes *phenotypes = NULL;
    struct dp_error err = {0};

    ck_assert_int_eq(dp_mdr_phenotype_parse("a\t1\nb\0\t1\n", 9, "p", NULL, &phenotypes, &err),
                     DP_DATA);
    ck_assert_str_eq(err.message, "p:2: a NUL byte: this is no text");
}
END_TEST

START_TEST(objects_are_read_compressed_or_not)
{
    const char *folder = test_enter_folder();
    struct dp_context *context = test_context();
    struct dp_mdr_phenotypes *phenotypes = NULL;
    struct dp_error err = {0};
    gzFile file = gzopen("p.gz", "wb");
    const char *const names[] = {"p.txt", "p.gz"};
    size_t i;

    test_write_file("p.txt", "a\t2\nb\t1\n", 8);
    ck_assert_int_eq(gzwrite(file, "a\t2\nb\t1\n", 8), 8);
    gzclose(file);
    for (i = 0; i < 2; i++) {
        ck_assert_msg(dp_mdr_phenotype_read(context, names[i], NULL, &phenotypes, &err) == DP_OK,
                      "%s", err.message);
        ck_assert_uint_eq(dp_mdr_phenotype_count(phenotypes), 2);
        ck_assert_int_eq(dp_mdr_phenotype_class(phenotypes, 0), DP_MDR_CASE);
        ck_assert_ptr_nonnull(strstr(dp_mdr_phenotype_source(phenotypes), names[i]));
        ck_assert_str_eq(dp_mdr_phenotype_column(phenotypes), "");
        dp_mdr_phenotype_free(phenotypes);
    }
    ck_assert_int_eq(dp_mdr_phenotype_read(context, "none", NULL, &phenotypes, &err), DP_NOT_FOUND);
    test_write_file("p.txt", "a\t2\nb\tx\n", 8);
    ck_assert_int_eq(dp_mdr_phenotype_read(context, "p.txt", NULL, &phenotypes, &err), DP_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "p.txt:2: phenotype 'x'"));
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("mdr_phenotype", a_fam_has_six_columns, a_header_says_where_things_stand,
          two_columns_may_have_a_header, a_mistyped_first_line_is_no_header, what_is_missing,
          what_is_wrong_is_said_with_its_line, bytes_that_are_no_text,
          objects_are_read_compressed_or_not)
