/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one-line form of making a guest: words "key=value" into a struct guest_config, and from that,
 * through a board, the guest. The configuration points into the words and lives as long as they do.
 * No data of its own; thread context.
 */
#include <core/board.h>

#include "desc.h"

#include <arch/guest_kinds.h>
#include <core/cpu.h>
#include <core/guest.h>
#include <core/shell.h>
#include <core/table.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

TABLE(struct guest_board, board);

#define MEM_DEFAULT	   (256 * MIB)
#define MEM_MIN		   MIB
#define PRIO_DEFAULT_GUEST 3
#define CONSOLES_MAX	   8

/* --- boards ---------------------------------------------------------------------------------- */

const struct guest_board *guest_board_find(const char *name)
{
	table_for_each(struct guest_board, board, board) {
		if (!strcmp((*board)->name, name))
			return *board;
	}
	return NULL;
}

const struct guest_board *guest_board_next(const struct guest_board *prev)
{
	bool take = !prev;

	table_for_each(struct guest_board, board, board) {
		if (take)
			return *board;
		take = *board == prev;
	}
	return NULL;
}

/* --- values ---------------------------------------------------------------------------------- */

/* One reading of a line. */
struct parse {
	struct guest_config *cfg;
	struct shell_out *out;
	const char *key;
	int err;
};

static void bad(struct parse *p, const char *fmt, ...) printf_like(2, 3);

static void bad(struct parse *p, const char *fmt, ...)
{
	char text[240];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	desc_printable(text);
	if (p->key)
		out_printf(p->out, "%s=: %s\n", p->key, text);
	else
		out_printf(p->out, "%s\n", text);
	p->err = -EINVAL;
}

static void set_board(struct parse *p, const char *value)
{
	char names[120] = "";

	p->cfg->board = value;
	if (guest_board_find(value))
		return;
	table_for_each(struct guest_board, board, board) {
		if (names[0])
			strlcat(names, ", ", sizeof(names));
		strlcat(names, (*board)->name, sizeof(names));
	}
	bad(p, "there is no board \"%.40s\"; boards of this hypervisor: %s", value,
	    names[0] ? names : "none");
}

static void set_vcpus(struct parse *p, const char *value)
{
	uint32_t n;

	if (parse_u32(value, &n) || n == 0 || n > DESC_VCPUS_MAX)
		bad(p, "\"%.40s\" is no number of vCPUs; it is 1 to %u", value, DESC_VCPUS_MAX);
	else
		p->cfg->vcpus = n;
}

static void set_mem(struct parse *p, const char *value)
{
	uint64_t v;

	if (parse_size(value, &v))
		bad(p, "\"%.40s\" is no size; write it as 256M or 1G", value);
	else if (v < MEM_MIN)
		bad(p, "%.40s is too little: 1M is the least, 128M what a Linux distribution needs",
		    value);
	else if (!IS_ALIGNED(v, PAGE_SIZE))
		bad(p, "%.40s is not a whole number of pages of 4 KiB", value);
	else
		p->cfg->mem = v;
}

static void set_cmdline(struct parse *p, const char *value)
{
	size_t n = strlen(value);

	if (n >= arch_guest_kinds.cmdline_max)
		bad(p, "the command line has %u characters; kernels take at most %u", (unsigned)n,
		    (unsigned)arch_guest_kinds.cmdline_max - 1);
	p->cfg->cmdline = value;
}

static void set_gic(struct parse *p, const char *value)
{
	if (strcmp(value, "2") && strcmp(value, "3"))
		bad(p, "\"%.40s\" is no interrupt controller; it is 2 or 3", value);
	p->cfg->gic = value;
}

const char *guest_arch_word(unsigned n)
{
	return arch_guest_kinds.words[n].word;
}

static void set_arch(struct parse *p, const char *value)
{
	char names[80] = "";

	for (const struct arch_word *w = arch_guest_kinds.words; w->word; w++) {
		if (!strcmp(value, w->word)) {
			p->cfg->narrow = w->narrow;
			return;
		}
		strlcat(names, names[0] ? " or " : "", sizeof(names));
		strlcat(names, w->word, sizeof(names));
	}
	bad(p, "\"%.40s\" is no processor; it is %s", value, names);
}

static void set_prio(struct parse *p, const char *value)
{
	uint32_t n;

	if (parse_u32(value, &n) || n > PRIO_VCPU_MAX)
		bad(p, "\"%.40s\" is no priority; it is 0 (lowest) to %u", value, PRIO_VCPU_MAX);
	else
		p->cfg->prio = n;
}

/* "2" or "2-3" at the start of a text, which is moved behind it. */
static bool parse_cpus(const char **s, uint64_t *first, uint64_t *last)
{
	if (parse_u64_prefix(s, first))
		return false;
	*last = *first;
	if (**s != '-')
		return true;
	(*s)++;
	return !parse_u64_prefix(s, last) && *first <= *last;
}

static void set_affinity(struct parse *p, const char *value)
{
	const char *s = value;
	uint64_t first, last;
	bool more;

	do {
		if (!parse_cpus(&s, &first, &last) || (*s && *s != ',')) {
			bad(p, "\"%.40s\" is no list of CPUs; write it as 0,2-3", value);
			return;
		}
		if (last >= cpu_count() || last > 63) {
			bad(p, "there is no CPU %" PRIu64 "; this host has CPUs 0 to %u", last,
			    cpu_count() - 1);
			return;
		}
		p->cfg->affinity |= GENMASK(last, first);
		more = *s == ',';
		s += more;
	} while (more);
}

static void set_disk(struct parse *p, const char *value)
{
	if (p->cfg->nr_disks == BOARD_LIST_MAX)
		bad(p, "more than %u disks", BOARD_LIST_MAX);
	else
		p->cfg->disks[p->cfg->nr_disks++] = value;
}

static void set_net(struct parse *p, const char *value)
{
	if (p->cfg->nr_nets == BOARD_LIST_MAX)
		bad(p, "more than %u network interfaces", BOARD_LIST_MAX);
	else
		p->cfg->nets[p->cfg->nr_nets++] = value;
}

static void set_port(struct parse *p, const char *value)
{
	if (p->cfg->nr_ports == BOARD_LIST_MAX)
		bad(p, "more than %u ports", BOARD_LIST_MAX);
	else
		p->cfg->ports[p->cfg->nr_ports++] = value;
}

static void set_on_reset(struct parse *p, const char *value)
{
	if (strcmp(value, "restart") && strcmp(value, "stop"))
		bad(p, "\"%.40s\" is neither restart nor stop", value);
	p->cfg->on_reset = value;
}

static void set_load(struct parse *p, const char *value)
{
	if (parse_u64(value, &p->cfg->load_addr) || p->cfg->load_addr == 0)
		bad(p, "\"%.40s\" is no address; write it as 0x40080000", value);
}

static void set_bool(struct parse *p, const char *value, bool *flag)
{
	if (parse_bool(value, flag))
		bad(p, "\"%.40s\" is neither on nor off", value);
}

static void set_rng(struct parse *p, const char *value)
{
	set_bool(p, value, &p->cfg->rng);
}

static void set_balloon(struct parse *p, const char *value)
{
	set_bool(p, value, &p->cfg->balloon);
}

static void set_console(struct parse *p, const char *value)
{
	bool on = false;

	if (!parse_u32(value, &p->cfg->console) && p->cfg->console <= CONSOLES_MAX)
		return;
	if (parse_bool(value, &on))
		bad(p, "\"%.40s\" is neither on nor off nor a number up to %u", value,
		    CONSOLES_MAX);
	p->cfg->console = on;
}

static void set_virtio(struct parse *p, const char *value)
{
	if (!strcmp(value, "pci"))
		p->cfg->virtio_pci = true;
	else if (strcmp(value, "mmio"))
		bad(p, "\"%.40s\" is no place for virtio devices; it is mmio or pci", value);
}

/* --- words ----------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	void (*set)(struct parse *p, const char *value);
	size_t word; /* without set: the member that takes the word as it is */
	bool again;  /* may come more than once */
	bool empty;  /* may be empty */
} keys[] = {
	{ .key = "board", .set = set_board },
	{ .key = "vcpus", .set = set_vcpus },
	{ .key = "mem", .set = set_mem },
	{ .key = "kernel", .word = offsetof(struct guest_config, kernel) },
	{ .key = "initrd", .word = offsetof(struct guest_config, initrd) },
	{ .key = "cmdline", .set = set_cmdline, .empty = true },
	{ .key = "firmware", .word = offsetof(struct guest_config, firmware) },
	{ .key = "vars", .word = offsetof(struct guest_config, vars) },
	{ .key = "dtb", .word = offsetof(struct guest_config, dtb) },
	{ .key = "gic", .set = set_gic },
	{ .key = "arch", .set = set_arch },
	{ .key = "prio", .set = set_prio },
	{ .key = "affinity", .set = set_affinity },
	{ .key = "disk", .set = set_disk, .again = true },
	{ .key = "net", .set = set_net, .again = true },
	{ .key = "on_reset", .set = set_on_reset },
	{ .key = "load", .set = set_load },
	{ .key = "rng", .set = set_rng },
	{ .key = "console", .set = set_console },
	{ .key = "port", .set = set_port, .again = true },
	{ .key = "balloon", .set = set_balloon },
	{ .key = "virtio", .set = set_virtio },
};

static void unknown_key(struct parse *p, const char *key)
{
	const char *names[ARRAY_SIZE(keys) + 1];
	const char *near;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		names[i] = keys[i].key;
	names[i] = NULL;
	near = desc_nearest(key, names, NULL);
	p->key = NULL;
	if (near)
		bad(p, "unknown key \"%.40s\"; did you mean \"%s\"?", key, near);
	else
		bad(p, "unknown key \"%.40s\"; see help guest", key);
}

static void parse_word(struct parse *p, const char *word, uint32_t *seen)
{
	size_t n = strcspn(word, "=");
	char key[32];
	unsigned i;

	strlcpy(key, word, MIN(sizeof(key), n + 1));
	p->key = NULL;
	if (word[n] != '=') {
		bad(p,
		    "\"%.40s\" is no key=value; a value with blanks wants quotes, such as "
		    "cmdline=\"root=/dev/vda1 quiet\"",
		    word);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(keys) && strcmp(keys[i].key, key); i++)
		;
	if (i == ARRAY_SIZE(keys)) {
		unknown_key(p, key);
		return;
	}
	p->key = keys[i].key;
	if ((*seen & BIT32(i)) && !keys[i].again)
		bad(p, "is given twice");
	else if (!word[n + 1] && !keys[i].empty)
		bad(p, "has no value");
	else if (keys[i].set)
		keys[i].set(p, word + n + 1);
	else
		*(const char **)((char *)p->cfg + keys[i].word) = word + n + 1;
	*seen |= BIT32(i);
}

static void parse_name(struct parse *p, int argc, char **argv)
{
	if (argc < 1 || strchr(argv[0], '=')) {
		bad(p, "the guest's name is missing: guest create <name> board=virt ...");
		return;
	}
	if (!guest_name_ok(argv[0]))
		bad(p,
		    "\"%.40s\" is no name for a guest: it has 1 to %u letters, digits, '-', '_' "
		    "and '.', and begins with a letter or digit",
		    argv[0], GUEST_NAME_MAX - 1);
	strlcpy(p->cfg->name, argv[0], sizeof(p->cfg->name));
}

int guest_config_parse(int argc, char **argv, struct guest_config *cfg, struct shell_out *out)
{
	struct parse p = { .cfg = cfg, .out = out };
	const struct guest_board *only = guest_board_next(NULL);
	uint32_t seen = 0;

	_Static_assert(ARRAY_SIZE(keys) <= 32, "one bit of `seen` each");
	_Static_assert(sizeof(cfg->name) == GUEST_NAME_MAX, "names fit");
	memset(cfg, 0, sizeof(*cfg));
	cfg->vcpus = 1;
	cfg->mem = MEM_DEFAULT;
	cfg->prio = PRIO_DEFAULT_GUEST;
	cfg->on_reset = "restart";
	if (only && !guest_board_next(only))
		cfg->board = only->name;
	parse_name(&p, argc, argv);
	for (int i = p.err && argc > 0 && strchr(argv[0], '=') ? 0 : 1; i < argc; i++)
		parse_word(&p, argv[i], &seen);
	p.key = NULL;
	if (!cfg->board)
		bad(&p, "board= is missing; it says what machine the guest is, such as board=virt");
	return p.err;
}

/* --- making the guest --------------------------------------------------------------------------
 */

static struct dt_node *guests_node(void)
{
	struct dt_node *guests = dt_find("/guests");

	if (!guests)
		guests = dt_add_node(dt_root(), "guests");
	return guests ? guests : dt_find("/guests");
}

static int add_node(const struct guest_config *cfg, struct dt_node **node, struct shell_out *out)
{
	struct dt_node *guests = guests_node();

	if (guests && dt_child(guests, cfg->name)) {
		out_printf(out,
			   "there is a guest \"%s\" already (/guests/%s); take another name, or "
			   "destroy it first\n",
			   cfg->name, cfg->name);
		return -EEXIST;
	}
	*node = guests ? dt_add_node(guests, cfg->name) : NULL;
	if (*node)
		return 0;
	out_printf(out, "not enough memory of the hypervisor for the description of \"%s\"\n",
		   cfg->name);
	return -ENOMEM;
}

int guest_create_config(const struct guest_config *cfg, struct shell_out *out,
			struct guest **result)
{
	const struct guest_board *board = guest_board_find(cfg->board);
	struct guest *guest = NULL;
	struct dt_node *node;
	int err, undo;

	if (!board)
		return -EINVAL;
	err = add_node(cfg, &node, out);
	if (err)
		return err;
	dt_get(node);
	err = board->build(cfg, node, out);
	if (!err)
		err = guest_create(node, out, &guest);
	dt_put(node);
	if (!err) {
		guest->own_node = true;
		err = board->boot(cfg, guest, out);
		if (!err && result)
			*result = guest;
		/* Somebody else may be destroying it by now, with its node: they wait for this. */
		if (err ? guest_destroy(guest) : !result)
			guest_put(guest);
		return err;
	}
	undo = dt_del_node(node);
	if (undo)
		out_printf(out, "what was made of guest \"%s\" cannot be removed: %s\n", cfg->name,
			   error_text(undo));
	return err;
}
