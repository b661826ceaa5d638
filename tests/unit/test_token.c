/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words of a command line: quoting, separators, comments.
 */
#include "../../core/shell/shell_priv.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

/* All tokens of a line, as "<word>" and the separators themselves. */
static const char *tokens(const char *line, int status)
{
	struct tokenizer tk = { .at = line, .status = status };
	static char text[2048];
	char word[256];
	enum token kind;

	text[0] = '\0';
	while ((kind = token_next(&tk, word, sizeof(word))) != TOKEN_END) {
		size_t n = strlen(text);

		if (kind == TOKEN_ERROR) {
			snprintf(text + n, sizeof(text) - n, "error %s", tk.error);
			break;
		}
		if (kind == TOKEN_WORD)
			snprintf(text + n, sizeof(text) - n, "<%s>", word);
		else
			strcat(text, kind == TOKEN_SEMICOLON ? ";" : kind == TOKEN_AND ? "&" : "|");
	}
	return text;
}

TEST(words)
{
	CHECK_STR(tokens("", 0), "");
	CHECK_STR(tokens("  \t ", 0), "");
	CHECK_STR(tokens("a", 0), "<a>");
	CHECK_STR(tokens(" one\ttwo  three ", 0), "<one><two><three>");
	CHECK_STR(tokens("a\nb", 0), "<a>");
	CHECK_STR(tokens("a\r\n", 0), "<a>");
	CHECK_STR(tokens("a \\\n b \\\r\n c", 0), "<a><b><c>");
}

TEST(quotes)
{
	CHECK_STR(tokens("\"a b\" 'c d'", 0), "<a b><c d>");
	CHECK_STR(tokens("cmdline=\"console=ttyAMA0 quiet\"", 0),
		  "<cmdline=console=ttyAMA0 quiet>");
	CHECK_STR(tokens("a'b'\"c\"d", 0), "<abcd>");
	CHECK_STR(tokens("\"\" ''", 0), "<><>");
	CHECK_STR(tokens("\"a'b\" 'a\"b'", 0), "<a'b><a\"b>");
	CHECK_STR(tokens("\"\\\"\\\\\\$\\x\"", 0), "<\"\\$\\x>");
	CHECK_STR(tokens("'\\n'", 0), "<\\n>");
	CHECK_STR(tokens("a\\ b \\\"c \\; \\#d", 0), "<a b><\"c><;><#d>");
	CHECK_STR(tokens("end\\", 0), "<end\\>");
	CHECK_STR(tokens("\"open", 0), "error a \" is not closed");
	CHECK_STR(tokens("a 'open", 0), "<a>error a ' is not closed");
}

TEST(separators)
{
	CHECK_STR(tokens("a;b ; c", 0), "<a>;<b>;<c>");
	CHECK_STR(tokens("a&&b || c", 0), "<a>&<b>|<c>");
	CHECK_STR(tokens("a & b | c", 0), "<a><&><b><|><c>");
	CHECK_STR(tokens("a&b|c", 0), "<a&b|c>");
	CHECK_STR(tokens("\"a;b\" 'c&&d'", 0), "<a;b><c&&d>");
	CHECK_STR(tokens(";;", 0), ";;");
}

TEST(comments)
{
	CHECK_STR(tokens("# all", 0), "");
	CHECK_STR(tokens("a # rest", 0), "<a>");
	CHECK_STR(tokens("a#b", 0), "<a#b>");
	CHECK_STR(tokens("\"#\" a;#x", 0), "<#><a>;");
}

TEST(status)
{
	CHECK_STR(tokens("$? \"$?\" '$?' a$?b", 42), "<42><42><$?><a42b>");
	CHECK_STR(tokens("$ $x \\$?", 0), "<$><$x><$?>");
}

TEST(too_long)
{
	char line[400];

	memset(line, 'x', sizeof(line));
	line[255] = '\0';
	CHECK_EQ(strlen(tokens(line, 0)), 257);
	line[255] = 'x';
	line[256] = '\0';
	CHECK_STR(tokens(line, 0), "error the line is too long");
}
