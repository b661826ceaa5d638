/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * devtree: the live device tree. Guests are described in it, so what is changed here below /guests
 * is what the next `guest create` finds.
 */
#include <core/dt.h>

#include <core/fdt_load.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define TYPES "string|bytes|uint32|uint64|physaddr|physsize|virtaddr|virtsize"
#define VALUE_MAX 1024 /* bytes of a value that is set */

/* --- printing --------------------------------------------------------------------------------- */

/* Strings, each with its NUL, of printable characters, none empty. */
static bool is_text(const struct dt_prop *prop)
{
	if (!prop->len || prop->data[prop->len - 1])
		return false;
	for (uint32_t i = 0; i < prop->len; i++) {
		uint8_t c = prop->data[i];

		if (c ? c < ' ' || c > '~' : !i || !prop->data[i - 1])
			return false;
	}
	return true;
}

static void print_value(struct shell_out *out, const struct dt_prop *prop)
{
	if (is_text(prop)) {
		for (uint32_t at = 0; at < prop->len;
		     at += (uint32_t)strlen((const char *)prop->data + at) + 1)
			out_printf(out, "%s\"%s\"", at ? ", " : "", (const char *)prop->data + at);
	} else if (prop->len % 4 == 0) {
		for (uint32_t at = 0; at < prop->len; at += 4)
			out_printf(out, "%s0x%x", at ? " " : "<", get_be32(prop->data + at));
		out_puts(out, ">");
	} else {
		for (uint32_t at = 0; at < prop->len; at++)
			out_printf(out, "%s%02x", at ? " " : "[", prop->data[at]);
		out_puts(out, "]");
	}
}

static void print_prop(struct shell_out *out, const struct dt_prop *prop, unsigned depth)
{
	out_printf(out, "%*s%s", (int)(2 * depth), "", prop->name);
	if (prop->len) {
		out_puts(out, " = ");
		print_value(out, prop);
	}
	out_puts(out, ";\n");
}

static void print_head(struct shell_out *out, const struct dt_node *node, unsigned depth)
{
	const struct dt_prop *prop;

	out_printf(out, "%*s%s {\n", (int)(2 * depth), "", node->parent ? node->name : "/");
	dt_for_each_prop(prop, node)
		print_prop(out, prop, depth + 1);
}

/* The whole subtree, without recursion: a file decides how deep it is. */
static void print_tree(struct shell *sh, struct dt_node *top)
{
	struct shell_out *out = shell_output(sh);
	struct dt_node *node = top;
	unsigned depth = 0;

	print_head(out, node, depth);
	while (node && !shell_interrupted(sh)) {
		if (!list_empty(&node->children)) {
			node = list_first_entry(&node->children, struct dt_node, link);
			print_head(out, node, ++depth);
			continue;
		}
		for (;;) {
			out_printf(out, "%*s};\n", (int)(2 * depth), "");
			if (node == top)
				return;
			if (node->link.next != &node->parent->children)
				break;
			node = node->parent;
			depth--;
		}
		node = list_next_entry(node, link);
		print_head(out, node, depth);
	}
}

static int run_print(struct shell *sh, int argc, char **argv)
{
	struct dt_node *node = dt_find(argc ? argv[0] : "/");

	if (!node)
		return -ENOENT;
	print_tree(sh, node);
	return 0;
}

static int run_ls(struct shell *sh, int argc, char **argv)
{
	struct dt_node *node = dt_find(argc ? argv[0] : "/"), *child;

	if (!node)
		return -ENOENT;
	dt_for_each_child(child, node)
		sh_printf(sh, "%s%s\n", child->name, list_empty(&child->children) ? "" : "/");
	return 0;
}

static int run_attrs(struct shell *sh, int argc, char **argv)
{
	struct dt_node *node = dt_find(argv[0]);
	const struct dt_prop *prop;

	if (!node)
		return -ENOENT;
	dt_for_each_prop(prop, node)
		print_prop(shell_output(sh), prop, 0);
	return 0;
}

static int run_get(struct shell *sh, int argc, char **argv)
{
	struct dt_node *node = dt_find(argv[0]);
	const struct dt_prop *prop = node ? dt_prop(node, argv[1]) : NULL;

	if (!prop)
		return sh_error(sh, -ENOENT, "%s has no attribute '%s'", argv[0], argv[1]);
	print_value(shell_output(sh), prop);
	sh_printf(sh, "\n");
	return 0;
}

/* --- changing --------------------------------------------------------------------------------- */

/* One value of a type appended to buf. @return its bytes, or a negative errno */
static int encode(const char *type, const char *word, uint8_t *buf, size_t room)
{
	bool narrow = !strcmp(type, "uint32"), byte = !strcmp(type, "bytes");
	bool size = !strcmp(type, "physsize") || !strcmp(type, "virtsize");
	size_t n = byte ? 1 : narrow ? 4 : 8;
	uint64_t v;
	int err;

	if (!strcmp(type, "string")) {
		n = strlen(word) + 1;
		if (n > room)
			return -E2BIG;
		memcpy(buf, word, n);
		return (int)n;
	}
	err = size ? parse_size(word, &v) : parse_u64(word, &v);
	if (err)
		return err;
	if (n > room)
		return -E2BIG;
	if (n < 8 && v >> (8 * n))
		return -ERANGE;
	for (size_t i = 0; i < n; i++)
		buf[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	return (int)n;
}

static int run_set(struct shell *sh, int argc, char **argv)
{
	struct dt_node *node = dt_find(argv[0]);
	uint8_t *buf = heap_alloc(VALUE_MAX);
	int used = 0, err = !node ? -ENOENT : !buf ? -ENOMEM : 0;

	for (int i = 3; i < argc && !err; i++) {
		int n = encode(argv[2], argv[i], buf + used, VALUE_MAX - (size_t)used);

		if (n < 0)
			err = sh_error(sh, n, "'%s' as %s: %s", argv[i], argv[2], error_text(n));
		else
			used += n;
	}
	if (!err)
		err = dt_set(node, argv[1], buf, (uint32_t)used);
	heap_free(buf);
	return err;
}

static int run_del_attr(struct shell *sh, int argc, char **argv)
{
	struct dt_node *node = dt_find(argv[0]);
	int err = node ? dt_del_prop(node, argv[1]) : -ENOENT;

	return err ? sh_error(sh, err, "attribute '%s' of %s: %s", argv[1], argv[0],
			      error_text(err))
		   : 0;
}

static int run_add(struct shell *sh, int argc, char **argv)
{
	struct dt_node *parent = dt_find(argv[0]);

	if (!parent)
		return -ENOENT;
	if (strchr(argv[1], '/') || !*argv[1])
		return sh_error(sh, -EINVAL, "'%s' is no name of a node", argv[1]);
	if (dt_child(parent, argv[1]))
		return sh_error(sh, -EEXIST, "%s has a node '%s' already", argv[0], argv[1]);
	return dt_add_node(parent, argv[1]) ? 0 : -ENOMEM;
}

static int run_copy(struct shell *sh, int argc, char **argv)
{
	struct dt_node *parent = dt_find(argv[0]), *src = dt_find(argv[2]);
	int err = parent && src ? dt_copy(parent, argv[1], src, NULL) : -ENOENT;

	return err ? sh_fail(sh, err, argv[1]) : 0;
}

static int run_del(struct shell *sh, int argc, char **argv)
{
	struct dt_node *node = dt_find(argv[0]);
	int err;

	if (argc > 1)
		return run_del_attr(sh, argc, argv);
	if (node == dt_root())
		return sh_error(sh, -EINVAL, "the root cannot be removed");
	err = node ? dt_del_node(node) : -ENOENT;
	if (err == -EBUSY)
		return sh_error(sh, err, "%s is in use by a guest or a device", argv[0]);
	return err;
}

static int run_load(struct shell *sh, int argc, char **argv)
{
	struct fdt_overrides overrides = { argv + 3, (unsigned)argc - 3 };

	return fdt_load_file(argv[0], argv[1], argv[2], overrides, shell_errors(sh), NULL);
}

#define NODE ARG(DTPATH, "node")
#define NODE_ATTR ARGS(NODE, ARG(WORD, "attribute"))
#define SET_ARGS                                                                                   \
	ARGS(NODE, ARG(WORD, "attribute"), ARG_ONE_OF("type", TYPES), ARG_ANY(WORD, "value"))
#define ADD_ARGS ARGS(NODE, ARG(WORD, "name"))

static const struct command_sub subs[] = {
	{ "print", "print a node with all that is below it", ARGS(ARG_OPT(DTPATH, "node")),
	  run_print },
	{ "ls", "names of the nodes in a node", ARGS(ARG_OPT(DTPATH, "node")), run_ls },
	{ "get", "print an attribute", NODE_ATTR, run_get },
	{ "set", "set an attribute", SET_ARGS, run_set },
	{ "add", "add an empty node", ADD_ARGS, run_add },
	{ "del", "remove a node, or an attribute of it", ARGS(NODE, ARG_OPT(WORD, "attribute")),
	  run_del },
	{ "load", "load a DTB as a node",
	  ARGS(NODE, ARG(WORD, "name"), ARG(FILE, "file"), ARG_ANY(WORD, "override")), run_load },
	{ "attr show", "print all attributes of a node", ARGS(NODE), run_attrs },
	{ "attr get", "as get", NODE_ATTR, run_get },
	{ "attr set", "as set", SET_ARGS, run_set },
	{ "attr del", "remove an attribute", NODE_ATTR, run_del_attr },
	{ "node show", "as print", ARGS(NODE), run_print },
	{ "node dump", "as print", ARGS(NODE), run_print },
	{ "node add", "as add", ADD_ARGS, run_add },
	{ "node copy", "copy a node with all that is below it",
	  ARGS(NODE, ARG(WORD, "name"), ARG(DTPATH, "source")), run_copy },
	{ "node del", "remove a node", ARGS(NODE), run_del },
	{ .run = NULL },
};

COMMAND(devtree) { "devtree", "the live device tree", subs };
