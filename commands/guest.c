/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest: making, running and looking at guests. Each command holds the guest that it works on.
 */
#include "net_set.h"
#include "stats.h"

#include <core/guest.h>

#include <core/board.h>
#include <core/dt.h>
#include <core/emu.h>
#include <core/fdt_load.h>
#include <core/shell.h>
#include <core/time.h>
#include <core/vfs.h>
#include <core/vpower.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define WAIT_SLICE 100000000u /* ns between looks at Ctrl-C */

/* Completed, not checked: guest_config_parse() knows them. */
#define CREATE_KEYS                                                                                 \
	"board=#|vcpus=|mem=|kernel=@|initrd=@|cmdline=|firmware=@|vars=%|dtb=@|gic=2,3|"           \
	"arch=!|prio=|affinity=|disk=%|net=!|on_reset=restart,stop|load=|rng=on,off|"      \
	"console=on,off|port=|balloon=on,off|virtio=mmio,pci"

/* --- making ---------------------------------------------------------------------------------- */

static struct dt_node *guest_node(const char *name)
{
	struct dt_node *guests = dt_find("/guests");

	if (*name == '/')
		return dt_find(name);
	return guests ? dt_child(guests, name) : NULL;
}

static int create_from_node(struct shell *sh, const char *name)
{
	struct dt_node *node = guest_node(name);

	if (!node)
		return sh_error(sh, -ENOENT,
				"no node /guests/%s; with key=value words a guest is made of a "
				"board: guest create %s board=<Tab> mem=256M kernel=/boot/vmlinuz",
				name, name);
	return guest_create(node, shell_errors(sh), NULL);
}

static int run_create(struct shell *sh, int argc, char **argv)
{
	struct guest_config cfg;
	int err;

	if (argc == 1)
		return create_from_node(sh, argv[0]);
	err = guest_config_parse(argc, argv, &cfg, shell_errors(sh));
	return err ? err : guest_create_config(&cfg, shell_errors(sh), NULL);
}

/* The node that a DTB file makes for a while, named after the file. */
static int check_file(struct shell *sh, const char *path)
{
	const struct fdt_overrides none = { NULL, 0 };
	const char *slash = strrchr(path, '/');
	char name[GUEST_NAME_MAX];
	struct dt_node *node;
	unsigned errors;
	int err;

	snprintf(name, sizeof(name), "check-%.20s", slash + 1);
	name[strcspn(name, ".")] = '\0';
	err = fdt_load_file("/guests", name, path, none, shell_errors(sh), &node);
	/* A file with a template is complete only with vCPUs. */
	if (!err && dt_child(node, "vcpu_template")) {
		err = dt_del_node(node);
		if (!err)
			err = guest_fdt_load(name, path, 1, none, shell_errors(sh));
		node = guest_node(name);
	}
	if (err || !node)
		return err ? err : -ENOENT;
	errors = guest_check(node, shell_errors(sh));
	err = dt_del_node(node);
	if (errors)
		return sh_error(sh, -EINVAL, "%s: %u error%s", path, errors,
				errors == 1 ? "" : "s");
	return err;
}

static int run_check(struct shell *sh, int argc, char **argv)
{
	struct dt_node *node = guest_node(argv[0]);
	struct vfs_stat st;
	unsigned errors;
	int err;

	if (!node && *argv[0] == '/' && !vfs_stat_path(argv[0], true, &st)) {
		err = check_file(sh, argv[0]);
	} else if (node) {
		errors = guest_check(node, shell_errors(sh));
		err = errors ? sh_error(sh, -EINVAL, "%s: %u error%s", argv[0], errors,
					errors == 1 ? "" : "s")
			     : 0;
	} else {
		return sh_error(sh, -ENOENT, "%s: neither a node under /guests nor a DTB file",
				argv[0]);
	}
	if (!err)
		sh_printf(sh, "%s: no errors\n", argv[0]);
	return err;
}

/* --- life ------------------------------------------------------------------------------------ */

/* What a state does not allow, in words. */
static int complain(struct shell *sh, const struct guest *guest, int err)
{
	if (err == -EBUSY || err == -EALREADY || err == -EINVAL)
		return sh_error(sh, err, "guest %s is %s", guest->name,
				guest_state_name(guest->state));
	return sh_fail(sh, err, guest->name);
}

static int for_each_named(struct shell *sh, int argc, char **argv, int (*fn)(struct guest *guest))
{
	int err = 0;

	for (int i = 0; i < argc; i++) {
		struct guest *guest = guest_find(argv[i]);
		int e = guest ? fn(guest) : -ENOENT;

		if (e)
			err = guest ? complain(sh, guest, e) : sh_fail(sh, e, argv[i]);
		if (guest)
			guest_put(guest);
	}
	return err;
}

static int run_start(struct shell *sh, int argc, char **argv)
{
	return for_each_named(sh, argc, argv, guest_start);
}

static int run_stop(struct shell *sh, int argc, char **argv)
{
	return for_each_named(sh, argc, argv, guest_stop);
}

static int run_pause(struct shell *sh, int argc, char **argv)
{
	return for_each_named(sh, argc, argv, guest_pause);
}

static int run_resume(struct shell *sh, int argc, char **argv)
{
	return for_each_named(sh, argc, argv, guest_resume);
}

static int run_reset(struct shell *sh, int argc, char **argv)
{
	return for_each_named(sh, argc, argv, guest_reset);
}

/* A guest that is destroyed is not held any more. */
static int run_destroy(struct shell *sh, int argc, char **argv)
{
	int err = 0;

	for (int i = 0; i < argc; i++) {
		struct guest *guest = guest_find(argv[i]);
		int e = guest ? guest_destroy(guest) : -ENOENT;

		if (!e)
			continue;
		err = e == -EBUSY ? sh_error(sh, e, "guest %s is being destroyed already", argv[i])
				  : sh_fail(sh, e, argv[i]);
		if (guest)
			guest_put(guest);
	}
	return err;
}

static int run_power(struct shell *sh, int argc, char **argv)
{
	struct guest *guest = guest_find(argv[0]);
	int err = guest ? guest_power_button(guest) : -ENOENT;

	if (guest && err == -ENODEV)
		err = sh_error(sh, err, "guest %s has no power button; 'guest stop %s' ends it",
			       argv[0], argv[0]);
	if (guest)
		guest_put(guest);
	return err;
}

static int run_wait(struct shell *sh, int argc, char **argv)
{
	uint64_t limit = argc > 1 ? arg_time(argv[1]) : UINT64_MAX, now = time_now();
	uint64_t deadline = limit > UINT64_MAX - now ? UINT64_MAX : now + limit;
	struct guest *guest = guest_find(argv[0]);
	int got = -ETIMEDOUT;
	unsigned ends;

	if (!guest)
		return -ENOENT;
	ends = READ_ONCE(guest->ends);
	if (guest->state == GUEST_READY) {
		got = sh_error(sh, -EINVAL, "guest %s has not been started", guest->name);
	} else {
		/* In slices, to see Ctrl-C. */
		while (got == -ETIMEDOUT && now < deadline && !shell_interrupted(sh)) {
			got = guest_wait(guest, ends, MIN(deadline, now + WAIT_SLICE));
			now = time_now();
		}
		if (got >= 0)
			sh_printf(sh, "%s: %s\n", guest->name, guest->exit_text);
		else if (shell_interrupted(sh))
			got = -EINTR;
		else if (got == -ETIMEDOUT)
			sh_error(sh, got, "guest %s is still %s", guest->name,
				 guest_state_name(guest->state));
	}
	guest_put(guest);
	return got;
}

/* --- looking --------------------------------------------------------------------------------- */

static int run_list(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("NAME|STATE|>VCPUS|>MEMORY|>HELD|>RESETS|>RUNNING|ENDED");
	struct guest *guest = NULL;
	char mem[16], held[16], up[24];

	guest_list_lock();
	while ((guest = guest_next(guest))) {
		bool live = guest->state == GUEST_RUNNING || guest->state == GUEST_PAUSED;

		table_row(t, "%s|%s|%u|%s|%s|%u|%s|%s", guest->name,
			  guest_state_name(guest->state), guest->nr_vcpus,
			  format_size(mem, sizeof(mem), guest_ram_size(guest)),
			  format_size(held, sizeof(held), guest_mem_held(guest)), guest->resets,
			  live ? format_time_ns(up, sizeof(up), time_now() - guest->started_at)
			       : "-",
			  guest->exit == GUEST_EXIT_NONE ? "-" : guest->exit_text);
	}
	guest_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

static int run_status(struct shell *sh, int argc, char **argv)
{
	struct guest *guest = guest_find(argv[0]);
	char text[96], size[16];

	if (!guest)
		return -ENOENT;
	sh_printf(sh, "%s: %s", guest->name, guest_state_name(guest->state));
	if (guest->exit != GUEST_EXIT_NONE)
		sh_printf(sh, "; %s (exit code %d)", guest->exit_text, guest->exit);
	dt_path(guest->node, text, sizeof(text));
	sh_printf(sh, "\nnode:    %s\nvCPUs:   %u\nmemory:  %s", text, guest->nr_vcpus,
		  format_size(size, sizeof(size), guest_ram_size(guest)));
	sh_printf(sh, ", page tables %s\n",
		  format_size(size, sizeof(size), guest->stage2.pages * PAGE_SIZE));
	sh_printf(sh, "PSCI:    %u.%u\nresets:  %u\n", guest->psci_version >> 16,
		  guest->psci_version & 0xffff, guest->resets);
	guest_put(guest);
	return 0;
}

static int run_devices(struct shell *sh, int argc, char **argv)
{
	struct guest *guest = guest_find(argv[0]);
	struct table *t;
	struct emu_dev *dev;

	if (!guest)
		return -ENOENT;
	t = table_create("ADDRESS|EMULATOR|>READS|>WRITES|NODE");
	list_for_each_entry(dev, &guest->devices, link)
		table_row(t, "0x%08" PRIx64 "|%s|%" PRIu64 "|%" PRIu64 "|%s", dev->region->gpa,
			  dev->emu->name, dev->reads, dev->writes, dev->node->name);
	table_print(t, shell_output(sh));
	if (argc > 1) {
		list_for_each_entry(dev, &guest->devices, link) {
			if (!dev->emu->show)
				continue;
			sh_printf(sh, "%s:\n", dev->node->name);
			dev->emu->show(dev, shell_output(sh));
		}
	}
	guest_put(guest);
	return 0;
}

static const char *region_kind(const struct region *region)
{
	if (region->flags & REGION_ALIAS)
		return "alias";
	if (region->flags & REGION_VIRTUAL)
		return "device";
	if (region->flags & REGION_SHARED)
		return region->flags & REGION_ROM ? "shared rom" : "shared ram";
	if (region->flags & REGION_RAM)
		return "ram";
	if (region->flags & REGION_ROM)
		return "rom";
	return "passed through";
}

static int run_regions(struct shell *sh, int argc, char **argv)
{
	struct guest *guest = guest_find(argv[0]);
	char size[16], where[40];
	struct table *t;

	if (!guest)
		return -ENOENT;
	t = table_create("ADDRESS|>SIZE|KIND|HOST|NODE");
	for (unsigned i = 0; i < guest->nr_regions; i++) {
		const struct region *r = &guest->regions[i];

		strlcpy(where, "-", sizeof(where));
		if (r->flags & REGION_ALIAS)
			snprintf(where, sizeof(where), "-> 0x%" PRIx64, r->alias);
		else if (r->nr_extents)
			snprintf(where, sizeof(where), "0x%" PRIx64 "%s", r->extents[0].hpa,
				 r->nr_extents > 1 ? " ..." : "");
		table_row(t, "0x%08" PRIx64 "|%s|%s|%s|%s", r->gpa,
			  format_size(size, sizeof(size), r->size), region_kind(r), where,
			  r->node ? r->node->name : "-");
	}
	table_print(t, shell_output(sh));
	guest_put(guest);
	return 0;
}

static int run_dumpmem(struct shell *sh, int argc, char **argv)
{
	uint64_t gpa = arg_u64(argv[1]), left = argc > 2 ? arg_size(argv[2]) : 64;
	struct guest *guest = guest_find(argv[0]);
	uint8_t buf[16];
	int err = 0;

	if (!guest)
		return -ENOENT;
	while (left && !err && !shell_interrupted(sh)) {
		size_t n = (size_t)MIN_T(uint64_t, left, sizeof(buf));

		/* Of a line that begins in memory and ends outside, show what there is. */
		while (n && guest_mem_read(guest, gpa, buf, n))
			n--;
		if (!n) {
			err = sh_error(sh, -EFAULT, "guest %s has no memory at 0x%" PRIx64,
				       guest->name, gpa);
			break;
		}
		sh_hexdump(sh, gpa, buf, n, 1);
		gpa += n;
		left -= n;
	}
	guest_put(guest);
	return err;
}

static void offer_create(struct completion_list *list, const char *key)
{
	const char *word;

	if (!strcmp(key, "arch=")) {
		for (unsigned i = 0; (word = guest_arch_word(i)); i++)
			completion_add(list, key, word);
	} else if (IS_ENABLED(CONFIG_NET)) {
		net_offer_switches(list, key);
	}
}

#define ONE ARGS(ARG(GUEST, "guest"))
#define SOME ARGS({ .name = "guest", .type = ARG_GUEST, .rest = true })

static const struct command_sub subs[] = {
	{ "list", "list guests", NULL, run_list },
	{ "create", "make a guest of its node under /guests, or of key=value words",
	  ARGS(ARG(WORD, "name"), { .name = "key=value", .choices = CREATE_KEYS, .type = ARG_KEYS,
				    .offer = offer_create,
				    .optional = true, .rest = true }), run_create },
	{ "check", "find all errors of a guest's node or DTB file", ARGS(ARG(FILE, "node|file")),
	  run_check },
	{ "start", "let guests run; one that has ended starts anew", SOME, run_start },
	{ "kick", "the same", SOME, run_start },
	{ "stop", "halt guests at once", SOME, run_stop },
	{ "halt", "the same", SOME, run_stop },
	{ "destroy", "halt guests and give back all that they have", SOME, run_destroy },
	{ "pause", "let guests stand still", SOME, run_pause },
	{ "resume", "let paused guests go on", SOME, run_resume },
	{ "reset", "start guests anew", SOME, run_reset },
	{ "power", "press a guest's power button", ONE, run_power },
	{ "wait", "wait until a guest ends: 0 off, 1 stopped, 2 crashed, 3 reset, 4 destroyed",
	  ARGS(ARG(GUEST, "guest"), ARG_OPT(TIME, "timeout")), run_wait },
	{ "status", "all about a guest", ONE, run_status },
	{ "stats", "why a guest came to the hypervisor: in all, or during a time",
	  ARGS(ARG(GUEST, "guest"), ARG_OPT(TIME, "time")), stats_run },
	{ "devices", "devices of a guest; -v: their state",
	  ARGS(ARG(GUEST, "guest"), ARG_OPT_OF("verbose", "-v")), run_devices },
	{ "regions", "address space of a guest", ONE, run_regions },
	{ "region_list", "the same", ONE, run_regions },
	{ "dumpmem", "memory of a guest",
	  ARGS(ARG(GUEST, "guest"), ARG(U64, "address"), ARG_OPT(SIZE, "bytes")), run_dumpmem },
	/* The last one: the table ends here where there are no balloons. */
	{ "balloon", "memory that a guest has; a size: ask it to keep that and give the rest",
	  ARGS(ARG(GUEST, "guest"), ARG_OPT(SIZE, "size")),
	  IS_ENABLED(CONFIG_EMU_VIRTIO_BALLOON) ? balloon_run : NULL },
	{ .run = NULL },
};

COMMAND(guest) { "guest", "guests", subs };
