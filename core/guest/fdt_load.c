/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device trees from files into the live tree, with attributes changed through the aliases of the
 * loaded tree, and lists of files for a guest's memory. A tree is complete before others can find
 * it by a guest command, because the caller's next step names it; it is removed again on any error.
 */
#include <core/fdt_load.h>

#include "desc.h"

#include <core/mem.h>
#include <core/shell.h>
#include <core/vfs.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define WORD_MAX      64
#define LIST_FILE_MAX 0x10000

/* --- overrides ------------------------------------------------------------------------------ */

enum value_type { VALUE_STRING, VALUE_BYTES, VALUE_U32, VALUE_U64, VALUE_SIZE };

static const char *const type_names[] = {
	"string", "bytes", "uint32", "uint64", "physaddr", "physsize", "virtaddr", "virtsize", NULL,
};
static const uint8_t type_kinds[] = {
	VALUE_STRING, VALUE_BYTES, VALUE_U32, VALUE_U64,
	VALUE_U64,    VALUE_SIZE,  VALUE_U64, VALUE_SIZE,
};

/* An override, taken apart. */
struct override {
	char alias[WORD_MAX], attribute[WORD_MAX], type[WORD_MAX];
	const char *value;
};

static bool take_word(const char **s, char *word)
{
	size_t n = strcspn(*s, ",");

	if (n == 0 || n >= WORD_MAX || (*s)[n] != ',')
		return false;
	memcpy(word, *s, n);
	word[n] = '\0';
	*s += n + 1;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int set_bytes(struct dt_node *node, const char *name, const char *text)
{
	size_t n = strlen(text);
	uint8_t *bytes;
	int err = -EINVAL;
	size_t i;

	if (n > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
		text += 2;
		n -= 2;
	}
	if (n == 0 || n % 2)
		return -EINVAL;
	bytes = heap_alloc(n / 2);
	if (!bytes)
		return -ENOMEM;
	for (i = 0; i < n; i += 2) {
		int hi = hex_digit(text[i]), lo = hex_digit(text[i + 1]);

		if (hi < 0 || lo < 0)
			break;
		bytes[i / 2] = (uint8_t)(hi << 4 | lo);
	}
	if (i == n)
		err = dt_set(node, name, bytes, (uint32_t)(n / 2));
	heap_free(bytes);
	return err;
}

static int set_value(struct dt_node *node, const struct override *o, enum value_type kind)
{
	uint64_t v;
	uint32_t v32;
	int err;

	switch (kind) {
	case VALUE_STRING:
		return dt_set_string(node, o->attribute, o->value);
	case VALUE_BYTES:
		return set_bytes(node, o->attribute, o->value);
	case VALUE_U32:
		err = parse_u32(o->value, &v32);
		return err ? err : dt_set_u32(node, o->attribute, v32);
	case VALUE_U64:
		err = parse_u64(o->value, &v);
		return err ? err : dt_set_u64(node, o->attribute, v);
	case VALUE_SIZE:
		err = parse_size(o->value, &v);
		return err ? err : dt_set_u64(node, o->attribute, v);
	}
	return -EINVAL;
}

/* @param override  for the sentence */
static int complain(struct shell_out *out, const char *override, int err, const char *fmt, ...)
	printf_like(4, 5);

static int complain(struct shell_out *out, const char *override, int err, const char *fmt, ...)
{
	char what[120], text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strlcpy(what, override, sizeof(what));
	desc_printable(what);
	desc_printable(text);
	out_printf(out, "\"%s\": %s\n", what, text);
	return err;
}

static struct dt_node *find_alias(struct dt_node *top, const char *alias)
{
	struct dt_node *aliases = dt_child(top, "aliases");
	const char *path = aliases ? dt_string(aliases, alias, 0) : NULL;

	return path && path[0] == '/' ? dt_find_from(top, path + 1) : NULL;
}

int fdt_override(struct dt_node *top, const char *override, struct shell_out *out)
{
	struct override o = { .value = override };
	struct dt_node *node;
	const char *near;
	unsigned type;
	int err;

	if (!take_word(&o.value, o.alias) || !take_word(&o.value, o.attribute) ||
	    !take_word(&o.value, o.type))
		return complain(out, override, -EINVAL,
				"is not <alias>,<attribute>,<type>,<value>, such "
				"as mem0,physical_size,physsize,0x10000000");
	for (type = 0; type_names[type] && strcmp(type_names[type], o.type); type++)
		;
	if (!type_names[type]) {
		near = desc_nearest(o.type, type_names, NULL);
		return complain(out, override, -EINVAL, "unknown type \"%s\"; %s%s%s", o.type,
				near ? "did you mean \""
				     : "types are string, bytes, uint32, uint64, "
				       "physaddr, physsize, virtaddr, virtsize",
				near ? near : "", near ? "\"?" : "");
	}
	node = find_alias(top, o.alias);
	if (!node)
		return complain(out, override, -ENOENT,
				"the tree has no alias \"%s\" that leads to a "
				"node",
				o.alias);
	err = set_value(node, &o, type_kinds[type]);
	if (err == -EINVAL || err == -ERANGE)
		return complain(out, override, err, "\"%s\" is no value of type %s%s", o.value,
				o.type, err == -ERANGE ? ": it is too large" : "");
	if (err)
		return complain(out, override, err, "cannot be set: %s", error_text(err));
	return 0;
}

/* --- trees ---------------------------------------------------------------------------------- */

/* The node to load below; /guests is made by whoever comes first. */
static struct dt_node *find_parent(const char *path)
{
	struct dt_node *parent = dt_find(path);

	if (!parent && !strcmp(path, "/guests")) {
		parent = dt_add_node(dt_root(), "guests");
		if (!parent)
			parent = dt_find(path);
	}
	return parent;
}

static int load_failed(struct shell_out *out, const char *parent, const char *name,
		       const char *path, int err)
{
	switch (err) {
	case -EEXIST:
		out_printf(out,
			   "%s/%s is there already; take another name, or remove it with devtree "
			   "node del\n",
			   strcmp(parent, "/") ? parent : "", name);
		break;
	case -EINVAL:
		out_printf(
			out,
			"%s is no device tree blob, or a damaged one (or \"%s\" is no name for a "
			"node); make it with dtc -I dts -O dtb\n",
			path, name);
		break;
	default:
		out_printf(out, "%s cannot be loaded: %s\n", path, error_text(err));
		break;
	}
	return err;
}

int fdt_load_file(const char *parent, const char *name, const char *path,
		  struct fdt_overrides overrides, struct shell_out *out, struct dt_node **result)
{
	struct dt_node *above = find_parent(parent);
	struct dt_node *node;
	void *blob;
	size_t size;
	int err;

	if (!above) {
		out_printf(out, "there is no node %s in the device tree; see devtree print\n",
			   parent);
		return -ENOENT;
	}
	err = vfs_load(path, FDT_FILE_MAX, &blob, &size);
	if (err) {
		out_printf(out, "%s cannot be read: %s\n", path, error_text(err));
		return err;
	}
	err = dt_load(above, name, blob, size, &node);
	heap_free(blob);
	if (err)
		return load_failed(out, parent, name, path, err);
	for (unsigned i = 0; i < overrides.n && !err; i++)
		err = fdt_override(node, overrides.words[i], out);
	if (err) {
		int undo = dt_del_node(node);

		return undo ? undo : err;
	}
	if (result)
		*result = node;
	return 0;
}

/* One vCPU's node of the template. */
static int add_vcpu(struct dt_node *vcpus, const struct dt_node *template, unsigned index)
{
	struct dt_node *node;
	char name[16];
	int err;

	snprintf(name, sizeof(name), "vcpu%u", index);
	err = dt_copy(vcpus, name, template, &node);
	if (!err && dt_has(node, "count"))
		err = dt_del_prop(node, "count");
	if (!err && index == 0 && dt_has(node, "poweroff"))
		err = dt_del_prop(node, "poweroff");
	if (!err && index > 0)
		err = dt_set(node, "poweroff", NULL, 0);
	return err;
}

static int expand_template(struct dt_node *guest, unsigned count, const char *path,
			   struct shell_out *out)
{
	struct dt_node *template = dt_child(guest, "vcpu_template");
	struct dt_node *vcpus = dt_child(guest, "vcpus");
	int err = 0;

	if (!template) {
		out_printf(
			out,
			"%s has no node vcpu_template, so no vCPUs can be made; load it with vfs "
			"fdt_load, which takes its vcpus as they are\n",
			path);
		return -ENOENT;
	}
	if (vcpus && !list_empty(&vcpus->children)) {
		out_printf(out, "%s has vCPUs of its own in vcpus; remove them or vcpu_template\n",
			   path);
		return -EEXIST;
	}
	if (!vcpus)
		vcpus = dt_add_node(guest, "vcpus");
	if (!vcpus)
		err = -ENOMEM;
	for (unsigned i = 0; i < count && !err; i++)
		err = add_vcpu(vcpus, template, i);
	/* It stays, for aliases to lead to, but is not counted a second time. */
	if (!err && dt_has(template, "count"))
		err = dt_del_prop(template, "count");
	if (err)
		out_printf(out, "%s: its vCPUs cannot be made: %s\n", path, error_text(err));
	return err;
}

int guest_fdt_load(const char *name, const char *path, unsigned vcpus,
		   struct fdt_overrides overrides, struct shell_out *out)
{
	struct dt_node *node;
	int err;

	if (vcpus == 0 || vcpus > DESC_VCPUS_MAX) {
		out_printf(out, "%u vCPUs cannot be; a guest has 1 to %u\n", vcpus, DESC_VCPUS_MAX);
		return -EINVAL;
	}
	err = fdt_load_file("/guests", name, path, overrides, out, &node);
	if (err)
		return err;
	err = expand_template(node, vcpus, path, out);
	if (err) {
		int undo = dt_del_node(node);

		return undo ? undo : err;
	}
	return 0;
}

/* --- lists of files -------------------------------------------------------------------------- */

/* Cut blanks off both ends of a line and comments off its end. */
static char *trim(char *line)
{
	size_t n;

	line += strspn(line, " \t\r");
	if (*line == '#')
		*line = '\0';
	for (n = strlen(line); n && strchr(" \t\r", line[n - 1]); n--)
		line[n - 1] = '\0';
	return line;
}

static int list_line(struct guest *guest, char *line, const char *list, unsigned number,
		     struct shell_out *out)
{
	size_t n = strcspn(line, " \t");
	char *path = line + n + strspn(line + n, " \t");
	uint64_t gpa;
	int err;

	if (!*path) {
		out_printf(out, "%s: line %u: must be <address> <path>\n", list, number);
		return -EINVAL;
	}
	line[n] = '\0';
	if (parse_u64(line, &gpa)) {
		desc_printable(line);
		out_printf(out, "%s: line %u: \"%.40s\" is no address\n", list, number, line);
		return -EINVAL;
	}
	err = guest ? guest_load_file(guest, gpa, path, out) :
		      host_load_file(gpa, path, 0, UINT64_MAX, out);
	if (err)
		out_printf(out, "%s: line %u: not loaded\n", list, number);
	return err;
}

int guest_load_list(struct guest *guest, const char *path, struct shell_out *out)
{
	void *text;
	size_t size;
	char *line, *next;
	unsigned number = 0;
	int err = vfs_load(path, LIST_FILE_MAX, &text, &size);

	if (err) {
		out_printf(out, "%s cannot be read: %s\n", path, error_text(err));
		return err;
	}
	if (strlen(text) != size) {
		out_printf(out, "%s is no text\n", path);
		err = -EINVAL;
	}
	for (line = text; line && !err; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		line = trim(line);
		if (*line)
			err = list_line(guest, line, path, number, out);
	}
	heap_free(text);
	return err;
}
