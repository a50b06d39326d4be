dnl SPDX-License-Identifier: Apache-2.0
dnl SPDX-FileCopyrightText: The dataplug authors

dnl DP_ADD_CFLAGS(FLAGS): adds each flag that the compiler knows to DP_CFLAGS.
AC_DEFUN([DP_ADD_CFLAGS], [
for dp_flag in $1; do
    AC_MSG_CHECKING([whether $CC accepts $dp_flag])
    dp_saved_CFLAGS="$CFLAGS"
    CFLAGS="$CFLAGS -Werror $dp_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
        [AC_MSG_RESULT([yes]); DP_CFLAGS="$DP_CFLAGS $dp_flag"], [AC_MSG_RESULT([no])])
    CFLAGS="$dp_saved_CFLAGS"
done
])

dnl DP_FIND_CURL: finds the name under which libcurl is loaded at run time, so that only processes
dnl that talk HTTP load it (connectors/curl_library.h). Without one it is linked.
AC_DEFUN([DP_FIND_CURL], [
AC_ARG_ENABLE([lazy-curl],
    [AS_HELP_STRING([--disable-lazy-curl], [link libcurl instead of loading it with the first HTTP request])],
    [], [enable_lazy_curl=yes])
AC_SUBST([CURL_LINK_LIBS], ["$CURL_LIBS"]) dnl for programs that link it in any case
AC_CHECK_TOOL([READELF], [readelf])
dp_curl_soname=
AS_IF([test "x$enable_lazy_curl" != xno && test -n "$READELF"], [
    AC_SEARCH_LIBS([dlopen], [dl])
    AC_MSG_CHECKING([for the name that libcurl is loaded under])
    dp_saved_LIBS="$LIBS"
    LIBS="$CURL_LIBS $LIBS"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[char curl_easy_init(void);]], [[return curl_easy_init();]])],
        [dp_curl_soname=$($READELF -d conftest$EXEEXT 2>/dev/null |
            tr '@<:@@:>@' '  ' | $AWK '/NEEDED/ && $NF ~ /^libcurl/ { print $NF }')])
    LIBS="$dp_saved_LIBS"
    AC_MSG_RESULT([${dp_curl_soname:-not found, it is linked}])])
AS_IF([test -n "$dp_curl_soname"],
    [AC_DEFINE_UNQUOTED([DP_CURL_SONAME], ["$dp_curl_soname"],
        [libcurl is loaded under this name by the first HTTP request])
     CURL_LIBS=
     dp_curl_how="$dp_curl_soname, loaded when needed"],
    [dp_curl_how=linked])
])
