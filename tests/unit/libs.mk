# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of libs/.

string-functions := memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp strcasecmp \
	strncasecmp strchr strrchr strstr strspn strcspn strlcpy strlcat

test_util :=
test_atomic :=
test_bits :=
test_byteorder :=
test_list :=
test_bitmap := libs/bitmap.c
test_copy := libs/copy.c
test_cpio := libs/cpio.c
test_crc32 := libs/crc32.c
test_date := libs/date.c
test_elf := libs/elf.c
test_errno := libs/errno.c
test_firmware := libs/acpi.c libs/multiboot.c
test_glob := libs/glob.c
test_inflate := libs/inflate.c libs/gunzip.c libs/crc32.c libs/errno.c
test_parse := libs/parse.c
test_printf := libs/format.c libs/printf.c
rename_test_printf := snprintf vsnprintf
cflags_test_printf := -w
test_rbtree := libs/rbtree.c
test_ringbuf := libs/ringbuf.c
test_sha256 := libs/sha256.c
test_string := libs/memory.c libs/string.c libs/strlcpy.c
rename_test_string := $(string-functions)
test_textfb := libs/textfb.c

fuzz_cpio := libs/cpio.c
fuzz_elf := libs/elf.c
fuzz_firmware := libs/acpi.c libs/multiboot.c
fuzz_format := libs/format.c libs/printf.c
rename_fuzz_format := snprintf vsnprintf
fuzz_glob := libs/glob.c
fuzz_inflate := libs/inflate.c libs/gunzip.c libs/crc32.c libs/errno.c
fuzz_parse := libs/parse.c
