/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one-line form: words into a configuration, each mistake into a sentence, and a guest that is
 * made wholly or not at all.
 */
#include "boot_tree.h"
#include "fake.h"
#include "fake_guest.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <arch/vintc.h>
#include <core/board.h>
#include <core/dt.h>
#include <core/emu.h>
#include <core/table.h>
#include <libs/errno.h>

const struct emulator *emu_find(const struct dt_node *node, const void **match_data)
{
	return NULL;
}

/* --- a board ---------------------------------------------------------------------------------- */

static int build_result, boot_result;

static int small_build(const struct guest_config *cfg, struct dt_node *node, struct shell_out *out)
{
	struct dt_node *vcpus = dt_add_node(node, "vcpus"), *vcpu = dt_add_node(vcpus, "vcpu0");
	struct dt_node *aspace = dt_add_node(node, "aspace"), *mem = dt_add_node(aspace, "mem");

	if (dt_set_string(node, "device_type", "guest") ||
	    dt_set_string(vcpu, "device_type", "vcpu") ||
	    dt_set_string(vcpu, "compatible", "armv8,generic") ||
	    dt_set_u32(aspace, "guest_irq_count", 64) ||
	    dt_set_string(mem, "manifest_type", "real") ||
	    dt_set_string(mem, "address_type", "memory") ||
	    dt_set_string(mem, "device_type", "alloced_ram") ||
	    dt_set_u64(mem, "guest_physical_addr", 0x40000000) ||
	    dt_set_u64(mem, "physical_size", cfg->mem))
		abort();
	return build_result;
}

static int small_boot(const struct guest_config *cfg, struct guest *guest, struct shell_out *out)
{
	CHECK_STR(guest->name, cfg->name);
	return boot_result;
}

GUEST_BOARD(small){ .name = "small", .build = small_build, .boot = small_boot };
GUEST_BOARD(tiny){ .name = "tiny", .build = small_build, .boot = small_boot };

static struct guest_config cfg;

/* Parse words separated by '|'. */
static int parse(const char *line)
{
	static char text[4096];
	char *argv[64], *word;
	int argc = 0;

	strcpy(text, line);
	for (word = strtok(text, "|"); word; word = strtok(NULL, "|"))
		argv[argc++] = word;
	fake_out_clear();
	return guest_config_parse(argc, argv, &cfg, &fake_out);
}

static void bad(const char *line, const char *text)
{
	CHECK_EQ(parse(line), -EINVAL);
	CHECK_STR(fake_out_text(), text);
}

/* --- words -------------------------------------------------------------------------------------
 */

TEST(defaults)
{
	CHECK_EQ(parse("web|board=small"), 0);
	CHECK_STR(fake_out_text(), "");
	CHECK_STR(cfg.name, "web");
	CHECK_STR(cfg.board, "small");
	CHECK_EQ(cfg.vcpus, 1);
	CHECK_EQ(cfg.mem, 256 * MIB);
	CHECK_EQ(cfg.prio, 3);
	CHECK_STR(cfg.on_reset, "restart");
	CHECK(!cfg.kernel && !cfg.initrd && !cfg.cmdline && !cfg.firmware && !cfg.dtb && !cfg.gic);
	CHECK(!cfg.narrow && !cfg.rng && !cfg.console && !cfg.affinity && !cfg.load_addr);
}

TEST(everything)
{
	CHECK_EQ(
		parse("a.b|board=tiny|vcpus=4|mem=1.5G|kernel=/k|initrd=/i|cmdline=a=b c  \x01\xff|"
		      "firmware=/f|dtb=/d|gic=2|arch=arm32|prio=7|affinity=0,2-3|disk=/d0|disk=/d1|"
		      "on_reset=stop|load=0x40080000|rng=on|console=yes"),
		0);
	CHECK_STR(fake_out_text(), "");
	CHECK_EQ(cfg.vcpus, 4);
	CHECK_EQ(cfg.mem, 1536 * MIB);
	CHECK_STR(cfg.kernel, "/k");
	CHECK_STR(cfg.initrd, "/i");
	CHECK_STR(cfg.cmdline, "a=b c  \x01\xff");
	CHECK_STR(cfg.firmware, "/f");
	CHECK_STR(cfg.dtb, "/d");
	CHECK_STR(cfg.gic, "2");
	CHECK(cfg.narrow && cfg.rng && cfg.console == 1);
	CHECK_EQ(cfg.prio, 7);
	CHECK_EQ(cfg.affinity, 0xd);
	CHECK_EQ(cfg.nr_disks, 2);
	CHECK_STR(cfg.disks[1], "/d1");
	CHECK_STR(cfg.on_reset, "stop");
	CHECK_EQ(cfg.load_addr, 0x40080000);
	CHECK_EQ(parse("g|board=small|cmdline=|arch=arm64|affinity=3"), 0);
	CHECK_STR(cfg.cmdline, "");
	CHECK_EQ(cfg.affinity, 8);
}

TEST(bad_values)
{

	bad("g|board=small|vcpus=0", "vcpus=: \"0\" is no number of vCPUs; it is 1 to 64\n");
	bad("g|board=small|vcpus=65", "vcpus=: \"65\" is no number of vCPUs; it is 1 to 64\n");
	bad("g|board=small|vcpus=two", "vcpus=: \"two\" is no number of vCPUs; it is 1 to 64\n");
	bad("g|board=small|mem=lots", "mem=: \"lots\" is no size; write it as 256M or 1G\n");
	bad("g|board=small|mem=64", "mem=: 64 is too little: 1M is the least, 128M what a Linux "
				    "distribution needs\n");
	bad("g|board=small|mem=0x10000800",
	    "mem=: 0x10000800 is not a whole number of pages of 4 KiB\n");
	bad("g|board=small|gic=4", "gic=: \"4\" is no interrupt controller; it is 2 or 3\n");
	bad("g|board=small|arch=x86", "arch=: \"x86\" is no processor; it is arm64 or arm32\n");
	bad("g|board=small|prio=8", "prio=: \"8\" is no priority; it is 0 (lowest) to 7\n");
	bad("g|board=small|affinity=4",
	    "affinity=: there is no CPU 4; this host has CPUs 0 to 3\n");
	bad("g|board=small|affinity=0-99", "affinity=: there is no CPU 99; this host has CPUs 0 to "
					   "3\n");
	bad("g|board=small|affinity=2-1",
	    "affinity=: \"2-1\" is no list of CPUs; write it as 0,2-3\n");
	bad("g|board=small|affinity=1,",
	    "affinity=: \"1,\" is no list of CPUs; write it as 0,2-3\n");
	bad("g|board=small|affinity=x", "affinity=: \"x\" is no list of CPUs; write it as 0,2-3\n");
	bad("g|board=small|on_reset=no", "on_reset=: \"no\" is neither restart nor stop\n");
	bad("g|board=small|load=here", "load=: \"here\" is no address; write it as 0x40080000\n");
	bad("g|board=small|rng=maybe", "rng=: \"maybe\" is neither on nor off\n");
	bad("g|board=small|kernel=", "kernel=: has no value\n");
	bad("g|board=small|disk=1|disk=2|disk=3|disk=4|disk=5|disk=6|disk=7|disk=8|disk=9",
	    "disk=: more than 8 disks\n");
	bad("g|board=small|rng=\x1b[1m", "rng=: \"?[1m\" is neither on nor off\n");
}

TEST(bad_words)
{
	bad("g|board=small|kernal=/k", "unknown key \"kernal\"; did you mean \"kernel\"?\n");
	bad("g|board=small|colour=red", "unknown key \"colour\"; see help guest\n");
	bad("g|board=small|quiet",
	    "\"quiet\" is no key=value; a value with blanks wants quotes, such "
	    "as cmdline=\"root=/dev/vda1 quiet\"\n");
	bad("g|board=small|mem=1G|mem=2G", "mem=: is given twice\n");
	bad("g", "board= is missing; it says what machine the guest is, such as board=virt\n");
	bad("board=small|vcpus=0",
	    "the guest's name is missing: guest create <name> board=virt ...\n"
	    "vcpus=: \"0\" is no number of vCPUs; it is 1 to 64\n");
	bad("a/b|board=small",
	    "\"a/b\" is no name for a guest: it has 1 to 31 letters, digits, '-', "
	    "'_' and '.', and begins with a letter or digit\n");
	/* all are found */
	bad("g|bored=small|vcpus=x|=5",
	    "unknown key \"bored\"; did you mean \"board\"?\n"
	    "vcpus=: \"x\" is no number of vCPUs; it is 1 to 64\n"
	    "unknown key \"\"; see help guest\n"
	    "board= is missing; it says what machine the guest is, such as board=virt\n");
}

TEST(long_cmdline)
{
	char *words[3] = { "g", "board=small", NULL };
	char line[3000];

	memset(line, 'x', sizeof(line));
	memcpy(line, "cmdline=", 8);
	line[8 + 2047] = '\0';
	words[2] = line;
	fake_out_clear();
	CHECK_EQ(guest_config_parse(3, words, &cfg, &fake_out), 0);
	line[8 + 2047] = 'x';
	line[8 + 2048] = '\0';
	CHECK_EQ(guest_config_parse(3, words, &cfg, &fake_out), -EINVAL);
	CHECK_STR(fake_out_text(),
		  "cmdline=: the command line has 2048 characters; kernels take at "
		  "most 2047\n");
}

TEST(no_words)
{
	fake_out_clear();
	CHECK_EQ(guest_config_parse(0, NULL, &cfg, &fake_out), -EINVAL);
	CHECK(strstr(fake_out_text(), "the guest's name is missing"));
}

/* --- guests -------------------------------------------------------------------------------------
 */

TEST(create)
{
	struct guest *guest;

	boot_tree();
	CHECK_EQ(dt_del_node(dt_find("/guests")), 0); /* it is made then */
	build_result = boot_result = 0;
	CHECK_EQ(parse("web|board=small|mem=4M"), 0);
	CHECK_EQ(guest_create_config(&cfg, &fake_out, &guest), 0);
	CHECK_STR(fake_out_text(), "");
	CHECK_EQ(fake_guests(), 1);
	CHECK(dt_find("/guests/web/aspace/mem"));
	CHECK(guest->own_node);
	/* the name is taken now */
	CHECK_EQ(guest_create_config(&cfg, &fake_out, NULL), -EEXIST);
	CHECK_STR(fake_out_text(),
		  "there is a guest \"web\" already (/guests/web); take another name, "
		  "or destroy it first\n");
	CHECK_EQ(guest_destroy(guest), 0);
	CHECK(!dt_find("/guests/web"));
}

TEST(undone)
{
	size_t live;

	boot_tree();
	if (!dt_find("/guests"))
		CHECK(dt_add_node(dt_root(), "guests"));
	live = fake_heap_live();
	CHECK_EQ(parse("web|board=small|mem=4M"), 0);
	build_result = -ENOMEM;
	CHECK_EQ(guest_create_config(&cfg, &fake_out, NULL), -ENOMEM);
	CHECK(!dt_find("/guests/web"));
	build_result = 0;
	boot_result = -EFBIG;
	CHECK_EQ(guest_create_config(&cfg, &fake_out, NULL), -EFBIG);
	CHECK(!dt_find("/guests/web"));
	CHECK_EQ(fake_guests(), 0);
	/* what the description says is wrong */
	boot_result = 0;
	cfg.mem = 1 << 20 | 0x800;
	CHECK_EQ(guest_create_config(&cfg, &fake_out, NULL), -EINVAL);
	CHECK(strstr(fake_out_text(), "/guests/web/aspace/mem: physical_size: "));
	CHECK(!dt_find("/guests/web"));
	CHECK_EQ(fake_heap_live(), live);
}

TEST(boards)
{
	const struct guest_board *a = guest_board_next(NULL), *b = a ? guest_board_next(a) : NULL;

	REQUIRE(a && b);
	CHECK(!guest_board_next(b));
	CHECK(guest_board_find("small") == a || guest_board_find("small") == b);
	CHECK(!guest_board_find("large"));
}
