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

dnl DP_FIND_SONAME(VARIABLE, LIBRARY, LIBS, FUNCTION): the name under which libLIBRARY, which has the
dnl function, is loaded at run time; empty where it cannot be found.
AC_DEFUN([DP_FIND_SONAME], [
AC_REQUIRE([AC_PROG_AWK])
AC_CHECK_TOOL([READELF], [readelf])
$1=
AS_IF([test -n "$READELF"], [
    AC_SEARCH_LIBS([dlopen], [dl])
    AC_MSG_CHECKING([for the name that lib$2 is loaded under])
    dp_saved_LIBS="$LIBS"
    LIBS="$3 $LIBS"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[char $4(void);]], [[return $4();]])],
        [$1=$($READELF -d conftest$EXEEXT 2>/dev/null |
            tr '@<:@@:>@' '  ' | $AWK '/NEEDED/ && $NF ~ /^lib$2/ { print $NF }')])
    LIBS="$dp_saved_LIBS"
    AC_MSG_RESULT([${$1:-not found, it is linked}])])
])

dnl DP_FIND_CURL: only processes that talk HTTP load libcurl (connectors/curl_library.h). Without a
dnl name to load it under it is linked.
AC_DEFUN([DP_FIND_CURL], [
AC_ARG_ENABLE([lazy-curl],
    [AS_HELP_STRING([--disable-lazy-curl], [link libcurl instead of loading it with the first HTTP request])],
    [], [enable_lazy_curl=yes])
AC_SUBST([CURL_LINK_LIBS], ["$CURL_LIBS"]) dnl for programs that link it in any case
dp_curl_soname=
AS_IF([test "x$enable_lazy_curl" != xno],
    [DP_FIND_SONAME([dp_curl_soname], [curl], [$CURL_LIBS], [curl_easy_init])])
AS_IF([test -n "$dp_curl_soname"],
    [AC_DEFINE_UNQUOTED([DP_CURL_SONAME], ["$dp_curl_soname"],
        [libcurl is loaded under this name by the first HTTP request])
     CURL_LIBS=
     dp_curl_how="$dp_curl_soname, loaded when needed"],
    [dp_curl_how=linked])
])

dnl DP_FIND_HTSLIB: only dp-slice fetch -z loads htslib and its five libraries (tools/pipe_bgzf.c).
AC_DEFUN([DP_FIND_HTSLIB], [
AC_ARG_ENABLE([lazy-htslib],
    [AS_HELP_STRING([--disable-lazy-htslib], [link htslib into dp-slice instead of loading it for -z])],
    [], [enable_lazy_htslib=yes])
AC_SUBST([BGZF_LIBS], ["$HTSLIB_LIBS"])
dp_htslib_soname=
AS_IF([test "x$enable_lazy_htslib" != xno],
    [DP_FIND_SONAME([dp_htslib_soname], [hts], [$HTSLIB_LIBS], [bgzf_compress])])
AS_IF([test -n "$dp_htslib_soname"],
    [AC_DEFINE_UNQUOTED([DP_HTSLIB_SONAME], ["$dp_htslib_soname"],
        [htslib is loaded under this name where BGZF is written])
     BGZF_LIBS=
     dp_htslib_how=" ($dp_htslib_soname, loaded when needed)"],
    [dp_htslib_how=" (htslib)"])
])

dnl DP_FIND_MPI: an MPI library for dp-mdr-mpi. --with-mpi takes any that is found, =openmpi or =mpich
dnl that one; MPI_CFLAGS and MPI_LIBS name one by hand. Where pkg-config knows none, mpicc is asked.
AC_DEFUN([DP_FIND_MPI], [
AC_ARG_WITH([mpi],
    [AS_HELP_STRING([--with-mpi@<:@=openmpi|mpich@:>@],
        [build dp-mdr-mpi @<:@default: with what is found, Open MPI first@:>@])],
    [], [with_mpi=check])
AC_CHECK_TOOL([MPICC], [mpicc])
have_mpi=no
AS_CASE([$with_mpi],
    [no], [],
    [openmpi], [PKG_CHECK_MODULES([MPI], [ompi-c], [have_mpi=openmpi], [:])],
    [mpich], [PKG_CHECK_MODULES([MPI], [mpich], [have_mpi=mpich], [:])],
    [yes|check], [
        PKG_CHECK_MODULES([MPI], [ompi-c], [have_mpi=openmpi],
            [PKG_CHECK_MODULES([MPI], [mpich], [have_mpi=mpich], [:])])
        AS_IF([test $have_mpi = no && dp_mpi_line=$($MPICC -show 2>/dev/null) && test -n "$dp_mpi_line"], [
            for dp_word in $dp_mpi_line; do
                AS_CASE([$dp_word],
                    [-I*|-D*], [MPI_CFLAGS="$MPI_CFLAGS $dp_word"],
                    [-l*|-L*|-Wl*|-pthread], [MPI_LIBS="$MPI_LIBS $dp_word"])
            done
            have_mpi=$MPICC])],
    [AC_MSG_ERROR([--with-mpi=$with_mpi: it may be openmpi or mpich])])
AS_IF([test $have_mpi != no], [
    dp_saved_CFLAGS="$CFLAGS"
    dp_saved_LIBS="$LIBS"
    CFLAGS="$CFLAGS $MPI_CFLAGS"
    LIBS="$MPI_LIBS $LIBS"
    AC_MSG_CHECKING([whether MPI programs can be linked])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>]], [[MPI_Win w; return MPI_Win_sync(w);]])],
        [AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no]); have_mpi=no])
    CFLAGS="$dp_saved_CFLAGS"
    LIBS="$dp_saved_LIBS"])
AS_IF([test $have_mpi = no && test "x$with_mpi" != xcheck && test "x$with_mpi" != xno],
    [AC_MSG_ERROR([--with-mpi was asked for, but no MPI was found (Debian: libopenmpi-dev or libmpich-dev)])])
AM_CONDITIONAL([HAVE_MPI], [test $have_mpi != no])
])
