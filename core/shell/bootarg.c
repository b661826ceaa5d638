/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own command line, /chosen bootargs. No data of its own.
 */
#include <core/shell.h>

#include <core/dt.h>
#include <libs/string.h>

/* Copy a value up to its end; quotes keep blanks and are left out. @return behind it */
static const char *copy_value(const char *s, char *buf, size_t size)
{
	char quote = 0;
	size_t n = 0;

	for (; *s && (quote || *s != ' '); s++) {
		if (*s == quote)
			quote = 0;
		else if (!quote && (*s == '"' || *s == '\''))
			quote = *s;
		else if (buf && n + 1 < size)
			buf[n++] = *s;
	}
	if (buf && size)
		buf[n] = '\0';
	return s;
}

const char *bootarg(const char *key, char *buf, size_t size)
{
	struct dt_node *chosen = dt_find("/chosen");
	const char *s = chosen ? dt_string(chosen, "bootargs", 0) : NULL;
	size_t len = strlen(key);

	while (s && *s) {
		if (!strncmp(s, key, len) && s[len] == '=') {
			copy_value(s + len + 1, buf, size);
			return buf;
		}
		s = copy_value(s, NULL, 0);
		s += strspn(s, " ");
	}
	return NULL;
}
