/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptions of guests: a sound one gives the right values, and each mistake in it gives one
 * sentence with the right path, and no other.
 */
#include "dtc.h"
#include "fake.h"
#include "fake_guest.h"
#include "unit.h"

#include <string.h>

#include <core/dt.h>
#include <core/emu.h>
#include <core/guest_desc.h>
#include <core/mem.h>
#include <libs/errno.h>

/* --- emulators -------------------------------------------------------------------------------- */

const struct emulator *emu_find(const struct dt_node *node, const void **match_data)
{
	static const char *const pl011_props[] = { "fifo_size", NULL };
	static const char *const gic_props[] = { "parent_irq", "num_irq", NULL };
	static const struct emulator pl011 = { .name = "pl011", .props = pl011_props };
	static const struct emulator gic = { .name = "gic", .props = gic_props };
	extern const struct emulator picky;

	if (dt_compatible(node, "primecell,arm,pl011"))
		return &pl011;
	if (dt_compatible(node, "arm,vgic,dist") || dt_compatible(node, "arm,vgic,cpu"))
		return &gic;
	return dt_compatible(node, "picky") ? &picky : NULL;
}

static unsigned picky_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	out_printf(out, "%s: picky says two things.\n%s: the second.\n", path, path);
	return 2;
}

extern const struct emulator picky;
const struct emulator picky = { .name = "picky", .check = picky_check };

/* --- trees ------------------------------------------------------------------------------------ */

static const char sound[] = "/dts-v1/;\n"
			    "/ {\n"
			    "\tmodel = \"test\";\n"
			    "\tdevice_type = \"guest\";\n"
			    "\tpsci_version = <2>;\n"
			    "\taliases { mem0 = &MEM0; uart0 = &UART0; };\n"
			    "\tvcpus {\n"
			    "\t\tvcpu0 {\n"
			    "\t\t\tdevice_type = \"vcpu\";\n"
			    "\t\t\tcompatible = \"armv8,generic\";\n"
			    "\t\t\tstart_pc = <0x40080000>;\n"
			    "\t\t\tgentimer_virt_irq = <27>;\n"
			    "\t\t\tgentimer_phys_irq = <30>;\n"
			    "\t\t};\n"
			    "\t\tvcpu1 {\n"
			    "\t\t\tdevice_type = \"vcpu\";\n"
			    "\t\t\tcompatible = \"armv7a,cortex-a15\";\n"
			    "\t\t\tstart_pc = <0x1 0x0>;\n"
			    "\t\t\tpriority = <5>;\n"
			    "\t\t\ttime_slice = <5000000>;\n"
			    "\t\t\tdeadline = <0 20000000>;\n"
			    "\t\t\tperiodicity = <40000000>;\n"
			    "\t\t\taffinity = <0 3>;\n"
			    "\t\t\tpoweroff;\n"
			    "\t\t};\n"
			    "\t};\n"
			    "\taspace {\n"
			    "\t\tguest_irq_count = <256>;\n"
			    "\t\tMEM0: mem0 {\n"
			    "\t\t\tmanifest_type = \"real\";\n"
			    "\t\t\taddress_type = \"memory\";\n"
			    "\t\t\tdevice_type = \"alloced_ram\";\n"
			    "\t\t\tguest_physical_addr = <0x40000000>;\n"
			    "\t\t\tphysical_size = <0x0 0x06000000>;\n"
			    "\t\t\talign_order = <21>;\n"
			    "\t\t\tmap_order = <21>;\n"
			    "\t\t};\n"
			    "\t\tgic_dist {\n"
			    "\t\t\tmanifest_type = \"virtual\";\n"
			    "\t\t\taddress_type = \"memory\";\n"
			    "\t\t\tdevice_type = \"pic\";\n"
			    "\t\t\tcompatible = \"arm,vgic,dist\";\n"
			    "\t\t\tguest_physical_addr = <0x08000000>;\n"
			    "\t\t\tphysical_size = <0x1000>;\n"
			    "\t\t\tparent_irq = <6>;\n"
			    "\t\t\tnum_irq = <96>;\n"
			    "\t\t};\n"
			    "\t\tgic_cpu {\n"
			    "\t\t\tmanifest_type = \"real\";\n"
			    "\t\t\taddress_type = \"memory\";\n"
			    "\t\t\tdevice_type = \"pic\";\n"
			    "\t\t\tcompatible = \"arm,vgic,cpu\";\n"
			    "\t\t\tguest_physical_addr = <0x08010000>;\n"
			    "\t\t\thost_physical_addr = <0x0>;\n"
			    "\t\t\tphysical_size = <0x1000>;\n"
			    "\t\t};\n"
			    "\t\tUART0: uart0 {\n"
			    "\t\t\tmanifest_type = \"virtual\";\n"
			    "\t\t\taddress_type = \"memory\";\n"
			    "\t\t\tdevice_type = \"serial\";\n"
			    "\t\t\tcompatible = \"primecell,arm,pl011\";\n"
			    "\t\t\tguest_physical_addr = <0x09000000>;\n"
			    "\t\t\tphysical_size = <0x1000>;\n"
			    "\t\t\tfifo_size = <1024>;\n"
			    "\t\t\tinterrupts = <33>;\n"
			    "\t\t};\n"
			    "\t\trom {\n"
			    "\t\t\tmanifest_type = \"real\";\n"
			    "\t\t\taddress_type = \"memory\";\n"
			    "\t\t\tdevice_type = \"rom\";\n"
			    "\t\t\tguest_physical_addr = <0x0>;\n"
			    "\t\t\thost_physical_addr = <0x50000000>;\n"
			    "\t\t\tphysical_size = <0x10000>;\n"
			    "\t\t};\n"
			    "\t\tshmem {\n"
			    "\t\t\tmanifest_type = \"real\";\n"
			    "\t\t\taddress_type = \"memory\";\n"
			    "\t\t\tdevice_type = \"shared_ram\";\n"
			    "\t\t\tguest_physical_addr = <0x38000000>;\n"
			    "\t\t\tphysical_size = <0x100000>;\n"
			    "\t\t\tshared_mem = \"default\";\n"
			    "\t\t};\n"
			    "\t\tmirror {\n"
			    "\t\t\tmanifest_type = \"alias\";\n"
			    "\t\t\taddress_type = \"memory\";\n"
			    "\t\t\tdevice_type = \"alloced_ram\";\n"
			    "\t\t\tguest_physical_addr = <0x80000000>;\n"
			    "\t\t\talias_physical_addr = <0x40100000>;\n"
			    "\t\t\tphysical_size = <0x100000>;\n"
			    "\t\t};\n"
			    "\t\tpassed {\n"
			    "\t\t\tmanifest_type = \"real\";\n"
			    "\t\t\taddress_type = \"memory\";\n"
			    "\t\t\tdevice_type = \"misc\";\n"
			    "\t\t\tcompatible = \"vendor,thing\";\n"
			    "\t\t\tguest_physical_addr = <0x0b000000>;\n"
			    "\t\t\thost_physical_addr = <0x0c000000>;\n"
			    "\t\t\tphysical_size = <0x2000>;\n"
			    "\t\t\tinterrupts = <40 41>;\n"
			    "\t\t};\n"
			    "\t};\n"
			    "};\n";

static struct dt_node *guests, *node;
static size_t live_before;

/* The tree below /guests of a new root. */
static bool load(const char *source, const char *name)
{
	size_t size;
	void *blob = dtc(source, &size);
	int err;

	live_before = fake_heap_live();
	fake_out_clear();
	guests = dt_new_tree();
	if (!blob)
		return false;
	err = dt_load(guests, name, blob, size, &node);
	free(blob);
	CHECK_EQ(err, 0);
	return err == 0;
}

static void unload(void)
{
	CHECK_EQ(dt_del_node(guests), 0);
	CHECK_EQ(fake_heap_live(), live_before);
}

static void append(char **to, const char *from, size_t n)
{
	memcpy(*to, from, n);
	*to += n;
	**to = '\0';
}

/* The sound source with one place changed. */
static char *changed(const char *old, const char *new)
{
	const char *at = strstr(sound, old);
	char *source = malloc(sizeof(sound) + strlen(new) + 1), *end = source;

	if (!at) {
		unit_fail(__FILE__, __LINE__, "the source has no \"%s\"", old);
		at = sound;
		old = "";
	}
	append(&end, sound, (size_t)(at - sound));
	append(&end, new, strlen(new));
	append(&end, at + strlen(old), strlen(at + strlen(old)));
	return source;
}

/* Errors of a changed tree, which are exactly this text. */
static void expect(const char *old, const char *new, unsigned errors, const char *text)
{
	char *source = changed(old, new);
	struct guest_desc desc;

	if (load(source, "g")) {
		CHECK_EQ(guest_desc_read(node, &desc, &fake_out), errors);
		CHECK_STR(fake_out_text(), text);
		guest_desc_free(&desc);
	}
	unload();
	free(source);
}

#define ONE(old, new, text) expect(old, new, 1, text "\n")

/* --- sound ------------------------------------------------------------------------------------ */

TEST(sound_vcpus)
{
	struct guest_desc d;

	REQUIRE(load(sound, "g"));
	CHECK_EQ(guest_desc_read(node, &d, &fake_out), 0);
	CHECK_STR(fake_out_text(), "");
	CHECK_STR(d.name, "g");
	CHECK_EQ(d.psci_version, 2);
	CHECK(!d.big_endian && !d.reset_stops);
	CHECK_EQ(d.nr_irqs, 256);
	CHECK_EQ(d.nr_vcpus, 2);
	CHECK_EQ(d.vcpus[0].start_pc, 0x40080000);
	CHECK_EQ(d.vcpus[0].prio, 3);
	CHECK_EQ(d.vcpus[0].slice, 10000000);
	CHECK_EQ(d.vcpus[0].deadline, 10000000);
	CHECK_EQ(d.vcpus[0].period, 10000000);
	CHECK_EQ(d.vcpus[0].affinity, 0);
	CHECK(!d.vcpus[0].poweroff && !d.vcpus[0].narrow);
	CHECK_EQ(d.vcpus[1].start_pc, 0x100000000);
	CHECK_EQ(d.vcpus[1].prio, 5);
	CHECK_EQ(d.vcpus[1].slice, 5000000);
	CHECK_EQ(d.vcpus[1].deadline, 20000000);
	CHECK_EQ(d.vcpus[1].period, 40000000);
	CHECK_EQ(d.vcpus[1].affinity, 9);
	CHECK(d.vcpus[1].poweroff && d.vcpus[1].narrow);
	CHECK_EQ(d.vcpus[1].numbers[0], 27);
	CHECK_EQ(d.vcpus[1].numbers[1], 30);
	guest_desc_free(&d);
	unload();
}

TEST(sound_regions)
{
	static const struct {
		const char *name;
		gpa_t gpa;
		uint32_t flags;
	} want[] = {
		{ "rom", 0, REGION_REAL | REGION_MEMORY | REGION_ROM },
		{ "gic_dist", 0x08000000, REGION_VIRTUAL | REGION_MEMORY | REGION_DEVICE },
		{ "gic_cpu", 0x08010000, REGION_VIRTUAL | REGION_MEMORY | REGION_DEVICE },
		{ "uart0", 0x09000000, REGION_VIRTUAL | REGION_MEMORY | REGION_DEVICE },
		{ "passed", 0x0b000000, REGION_REAL | REGION_MEMORY | REGION_DEVICE },
		{ "shmem", 0x38000000, REGION_REAL | REGION_MEMORY | REGION_RAM | REGION_SHARED },
		{ "mem0", 0x40000000, REGION_REAL | REGION_MEMORY | REGION_RAM | REGION_ALLOCED },
		{ "mirror", 0x80000000, REGION_ALIAS | REGION_MEMORY | REGION_RAM },
	};
	struct guest_desc d;

	REQUIRE(load(sound, "g"));
	CHECK_EQ(guest_desc_read(node, &d, &fake_out), 0);
	CHECK_EQ(d.nr_regions, 8);
	for (unsigned i = 0; i < d.nr_regions && i < 8; i++) {
		CHECK_STR(d.regions[i].node->name, want[i].name);
		CHECK_EQ(d.regions[i].gpa, want[i].gpa);
		CHECK_EQ(d.regions[i].flags, want[i].flags);
	}
	CHECK_EQ(d.regions[0].nr_extents, 1);
	CHECK_EQ(d.regions[0].extents[0].hpa, 0x50000000);
	CHECK_EQ(d.regions[0].extents[0].size, 0x10000);
	CHECK_EQ(d.regions[2].nr_extents, 0);
	CHECK_EQ(d.regions[4].extents[0].hpa, 0x0c000000);
	CHECK_EQ(d.regions[6].size, 0x06000000);
	CHECK_EQ(d.regions[6].nr_extents, 0);
	CHECK_EQ(d.regions[7].alias, 0x40100000);
	guest_desc_free(&d);
	unload();
}

TEST(other_sound_values)
{
	expect("psci_version = <2>;", "endianness = \"big\"; on_reset = \"stop\";", 0, "");
	expect("psci_version = <2>;", "psci_version = <0x10001>; endianness = \"little\";", 0, "");
	expect("start_pc = <0x40080000>;", "", 0, "");
	expect("time_slice = <5000000>;", "time_slice = <0>;", 0, "");
	/* a property of 0 says no */
	expect("poweroff;", "poweroff = <0>;", 0, "");
	/* what is turned off is not looked at */
	expect("interrupts = <33>;", "interrupts = <33>; status = \"disabled\"; nonsense;", 0, "");
	/* an alias of an alias */
	expect("alias_physical_addr = <0x40100000>;\n\t\t\tphysical_size = <0x100000>;\n\t\t};",
	       "alias_physical_addr = <0x40100000>;\n\t\t\tphysical_size = <0x100000>;\n\t\t};\n"
	       "\t\tsecond { manifest_type = \"alias\"; address_type = \"memory\";\n"
	       "\t\t\tdevice_type = \"ram\"; guest_physical_addr = <0x90000000>;\n"
	       "\t\t\talias_physical_addr = <0x80080000>; physical_size = <0x80000>; };",
	       0, "");
}

TEST(template)
{
	char *source = changed("\tvcpus {",
			       "\tvcpu_template { device_type = \"vcpu\"; poweroff; count = <3>;\n"
			       "\t\tcompatible = \"armv8,generic-aarch32\"; };\n\tunused {");
	char *vcpus = strstr(source, "unused {"), *aspace = strstr(source, "\taspace {");
	struct guest_desc d;

	memset(vcpus, ' ', (size_t)(aspace - vcpus));
	if (load(source, "g")) {
		CHECK_EQ(guest_desc_read(node, &d, &fake_out), 0);
		CHECK_STR(fake_out_text(), "");
		CHECK_EQ(d.nr_vcpus, 3);
		CHECK(!d.vcpus[0].poweroff && d.vcpus[1].poweroff && d.vcpus[2].poweroff);
		CHECK(d.vcpus[2].narrow);
		guest_desc_free(&d);
	}
	unload();
	free(source);
}

/* --- mistakes in the guest -------------------------------------------------------------------- */

TEST(guest_mistakes)
{
	ONE("device_type = \"guest\"", "device_type = \"gest\"",
	    "/g: device_type: is \"gest\", must be \"guest\"");
	ONE("device_type = \"guest\";", "", "/g: device_type: is missing");
	ONE("device_type = \"guest\"", "device_type = <1>",
	    "/g: device_type: is empty; give it a value");
	ONE("device_type = \"guest\"", "device_type = [67 75]",
	    "/g: device_type: must be one string that ends with a NUL");
	ONE("model = \"test\"", "model = \"a\", \"b\"",
	    "/g: model: must be one string that ends with a NUL");
	ONE("psci_version = <2>;", "psci_version = <1>;",
	    "/g: psci_version: is 0x1, must be 2 (for 0.2), 0x10000 (1.0) or 0x10001 (1.1)");
	ONE("psci_version = <2>;", "psci_version = <2 2>;",
	    "/g: psci_version: must be one cell (4 bytes), not 8 bytes");
	ONE("psci_version = <2>;", "endianness = \"middle\";",
	    "/g: endianness: is \"middle\", must be \"little\" or \"big\"");
	ONE("psci_version = <2>;", "on_reset = \"explode\";",
	    "/g: on_reset: is \"explode\", must be \"restart\" or \"stop\"");
	ONE("psci_version = <2>;", "psci_versoin = <2>;",
	    "/g: psci_versoin: unknown property; did you mean \"psci_version\"?");
	ONE("psci_version = <2>;", "weather = \"fine\";",
	    "/g: weather: unknown property; remove it");
	ONE("\taspace {", "\taspce { };\n\taspace {",
	    "/g/aspce: unknown node; did you mean \"aspace\"?");
	ONE("\taspace {", "\tfirmware { };\n\taspace {",
	    "/g/firmware: unknown node; a guest has aliases, vcpus, vcpu_template, aspace");
	ONE("uart0 = &UART0;", "uart0 = \"/aspace/uart7\";",
	    "/g/aliases: uart0: there is no node \"/aspace/uart7\" in this guest's tree");
	ONE("uart0 = &UART0;", "uart0 = <5>;", "/g/aliases: uart0: is empty; give it a value");
}

TEST(names)
{
	static const char *const bad[] = { "-g", "g@1", "a+b", "_x",
					   "a2345678901234567890123456789012" };
	struct guest_desc d;

	for (unsigned i = 0; i < 5; i++) {
		CHECK(!guest_name_ok(bad[i]));
		if (load(sound, bad[i])) {
			CHECK_EQ(guest_desc_read(node, &d, &fake_out), 1);
			CHECK(strstr(
				fake_out_text(),
				i == 4 ? "the name has 32 characters; a guest's name has at most 31"
				       : "the name must be of letters, digits, '-', '_' and '.'"));
			guest_desc_free(&d);
		}
		unload();
	}
	CHECK(guest_name_ok("a") && guest_name_ok("a23456789012345678901234567890-") &&
	      guest_name_ok("7.b_c-d") && !guest_name_ok("") && !guest_name_ok("a b"));
}

/* --- mistakes in vCPUs --------------------------------------------------------------------------
 */

TEST(vcpu_mistakes)
{
	ONE("device_type = \"vcpu\";\n\t\t\tcompatible = \"armv8",
	    "device_type = \"cpu\";\n\t\t\tcompatible = \"armv8",
	    "/g/vcpus/vcpu0: device_type: is \"cpu\", must be \"vcpu\"");
	ONE("compatible = \"armv8,generic\";", "", "/g/vcpus/vcpu0: compatible: is missing");
	ONE("armv8,generic", "z80",
	    "/g/vcpus/vcpu0: compatible: unknown processor \"z80\"; a "
	    "64-bit one is \"armv8,generic\"");
	ONE("armv8,generic", "armv8,",
	    "/g/vcpus/vcpu0: compatible: unknown processor \"armv8,\"; "
	    "a 64-bit one is \"armv8,generic\"");
	ONE("start_pc = <0x40080000>", "start_pc = <0x40080001>",
	    "/g/vcpus/vcpu0: start_pc: is odd; no instruction can be there");
	ONE("start_pc = <0x40080000>", "start_pc = <1 2 3>",
	    "/g/vcpus/vcpu0: start_pc: must be one or two cells (4 or 8 bytes), not 12 bytes");
	ONE("priority = <5>", "priority = <8>", "/g/vcpus/vcpu1: priority: is 8, must be 0 to 7");
	ONE("time_slice = <5000000>", "time_slice = <5000>",
	    "/g/vcpus/vcpu1: time_slice: is 5000 ns, must be 100000 ns or more (10000000 is "
	    "usual)");
	ONE("affinity = <0 3>", "affinity = <0 4>",
	    "/g/vcpus/vcpu1: affinity: there is no CPU 4; this host has CPUs 0 to 3");
	ONE("affinity = <0 3>", "affinity = [00 01]",
	    "/g/vcpus/vcpu1: affinity: must be a list of CPU numbers, a cell each");
	ONE("gentimer_virt_irq = <27>", "gentimer_virt_irq = <32>",
	    "/g/vcpus/vcpu0: gentimer_virt_irq: is 32, must be 16 to 31");
	ONE("gentimer_virt_irq = <27>", "gentimer_virt_irq = <30>",
	    "/g/vcpus/vcpu0: gentimer_phys_irq: is that of gentimer_virt_irq, 30");
	ONE("priority = <5>", "prioroty = <5>",
	    "/g/vcpus/vcpu1: prioroty: unknown property; did you mean \"priority\"?");
	ONE("poweroff;", "poweroff; extra { };",
	    "/g/vcpus/vcpu1/extra: a vCPU has no nodes below it; remove it");
	ONE("start_pc = <0x40080000>;", "poweroff;",
	    "/g: vcpus: all vCPUs have poweroff, so the "
	    "guest would never begin; take it from one");
	ONE("\tvcpus {", "\tvcpus { count = <1>;", "/g/vcpus: count: unknown property; remove it");
	ONE("\tvcpus {",
	    "\tvcpu_template { device_type = \"vcpu\"; count = <65>;\n"
	    "\t\tcompatible = \"armv8,generic\"; };\n\tvcpus {",
	    "/g/vcpu_template: count: is 65, must be 1 to 64");
	ONE("\tvcpus {",
	    "\tvcpu_template { device_type = \"vcpu\"; count = <63>;\n"
	    "\t\tcompatible = \"armv8,generic\"; };\n\tvcpus {",
	    "/g: vcpus: 65 vCPUs are too many; at most 64 can be");
	ONE("\tvcpus {",
	    "\tvcpu_template { device_type = \"vcpu\"; compatible = \"armv8,generic\"; };\n"
	    "\tvcpus { vcpu_template { }; ",
	    "/g/vcpus/vcpu_template: there is a vcpu_template beside vcpus too; keep one");
}

TEST(no_vcpus)
{
	char *source = changed("\tvcpus {", "\tvcpus { }; /*");
	char *aspace = strstr(source, "\taspace {");
	struct guest_desc d;

	memcpy(aspace - 4, "*/", 2);
	aspace[-2] = ' ';
	if (load(source, "g")) {
		CHECK_EQ(guest_desc_read(node, &d, &fake_out), 1);
		CHECK_STR(fake_out_text(),
			  "/g: vcpus: there is no vCPU; put at least one node into "
			  "vcpus\n");
		guest_desc_free(&d);
	}
	unload();
	memcpy(strstr(source, "vcpus { };"), "vcpu_template { }; /*", 21);
	if (load(source, "g")) {
		CHECK_EQ(guest_desc_read(node, &d, &fake_out), 1);
		CHECK_STR(
			fake_out_text(),
			"/g: vcpus: there is no vCPU: vcpu_template has no count; "
			"load the tree with vfs guest_fdt_load <guest> <file> <number of vCPUs>\n");
		guest_desc_free(&d);
	}
	unload();
	free(source);
}

/* --- mistakes in regions ------------------------------------------------------------------------
 */

TEST(region_kinds)
{
	ONE("manifest_type = \"real\"", "manifest_type = \"reel\"",
	    "/g/aspace/mem0: manifest_type: "
	    "is \"reel\", must be \"real\", \"virtual\" or \"alias\"");
	ONE("address_type = \"memory\"", "address_type = \"mem\"",
	    "/g/aspace/mem0: address_type: is \"mem\", must be \"memory\" or \"io\"");
	ONE("address_type = \"memory\"", "address_type = \"io\"",
	    "/g/aspace/mem0: address_type: is "
	    "\"io\", but this CPU has no port space; use \"memory\"");
	ONE("device_type = \"alloced_ram\";", "", "/g/aspace/mem0: device_type: is missing");
	ONE("manifest_type = \"virtual\";\n\t\t\taddress_type = \"memory\";\n\t\t\tdevice_type = "
	    "\"pic\"",
	    "manifest_type = \"virtual\";\n\t\t\taddress_type = \"memory\";\n\t\t\tdevice_type = "
	    "\"ram\"",
	    "/g/aspace/gic_dist: device_type: \"ram\" is memory, which needs manifest_type "
	    "\"real\"");
	ONE("compatible = \"primecell,arm,pl011\";", "",
	    "/g/aspace/uart0: compatible: is missing: it says which emulator makes the device");
	ONE("compatible = \"primecell,arm,pl011\";", "compatible = \"primecell,pl111\";",
	    "/g/aspace/uart0: compatible: there is no emulator for \"primecell,pl111\" in this "
	    "hypervisor; take the node out (devtree del) to do without the device");
	ONE("compatible = \"primecell,arm,pl011\";", "compatible = [61];",
	    "/g/aspace/uart0: "
	    "compatible: must be a list of strings that end with a NUL");
	ONE("fifo_size = <1024>", "fifo_zise = <1024>",
	    "/g/aspace/uart0: fifo_zise: unknown property; did you mean \"fifo_size\"?");
	ONE("shared_mem = \"default\";", "", "/g/aspace/shmem: shared_mem: is missing");
	ONE("shared_mem = \"default\";", "shared_mem = \"\";",
	    "/g/aspace/shmem: shared_mem: is empty; give it a value");
	/* nodes below a device are its emulator's business */
	expect("interrupts = <33>;", "interrupts = <33>; child { };", 0, "");
	ONE("map_order = <21>;", "child { };",
	    "/g/aspace/mem0/child: a region has no nodes below it; remove it");
}

/* A region of its own beside the sound ones. */
static void region(const char *props, unsigned errors, const char *text)
{
	char source[1024];

	snprintf(source, sizeof(source),
		 "\t\tMEM0: mem0 {\n\t\t\tmanifest_type = \"real\";"
		 "\n\t\t\taddress_type = \"memory\";");
	snprintf(source, sizeof(source),
		 "\t\textra { address_type = \"memory\"; %s };\n"
		 "\t\tMEM0: mem0 {",
		 props);
	expect("\t\tMEM0: mem0 {", source, errors, text);
}

#define REAL	      "manifest_type = \"real\"; "
#define VIRT	      "manifest_type = \"virtual\"; "
#define ALIAS	      "manifest_type = \"alias\"; "
#define RAM	      REAL "device_type = \"alloced_ram\"; "
#define AT(gpa, size) "guest_physical_addr = <" gpa ">; physical_size = <" size ">; "
#define E	      "/g/aspace/extra: "

TEST(region_places)
{
	region(RAM "physical_size = <0x1000>;", 1, E "guest_physical_addr: is missing\n");
	region(RAM "guest_physical_addr = <0>;", 1, E "physical_size: is missing\n");
	region(RAM AT("0xc0000000", "0"), 1,
	       E "physical_size: is 0; set it, for example with vfs "
		 "fdt_load ... <alias>,physical_size,physsize,0x10000000\n");
	region(RAM AT("0xc0000800", "0x1000"), 1,
	       E "guest_physical_addr: 0xc0000800 is not a "
		 "multiple of the page size, 0x1000\n");
	region(RAM AT("0xc0000000", "0x1800"), 1,
	       E "physical_size: 0x1800 is not a multiple of the "
		 "page size, 0x1000\n");
	region(RAM AT("0xff 0xfffff000", "0x2000"), 1,
	       E "guest_physical_addr: 0xfffffff000 with "
		 "0x2000 bytes goes beyond 0xffffffffff, the highest address of a guest here\n");
	region(RAM AT("0x100 0", "0x2000"), 1,
	       E "guest_physical_addr: 0x10000000000 with "
		 "0x2000 bytes goes beyond 0xffffffffff, the highest address of a guest here\n");
	region(RAM AT("0xc0000000", "0xffffffff 0xfffff000"), 1,
	       E "guest_physical_addr: 0xc0000000 "
		 "with 0xfffffffffffff000 bytes goes beyond 0xffffffffff, the highest address of a "
		 "guest here\n");
	region(RAM AT("1 2 3", "0x1000"), 1,
	       E "guest_physical_addr: must be one or two cells (4 or "
		 "8 bytes), not 12 bytes\n");
	region(RAM AT("0x40fff000", "0x2000"), 1,
	       E "guest_physical_addr: 0x40fff000 to 0x41000fff "
		 "overlaps \"mem0\", 0x40000000 to 0x45ffffff\n");
	region(RAM AT("0x3ffff000", "0x10000"), 1,
	       "/g/aspace/mem0: guest_physical_addr: 0x40000000 "
	       "to 0x45ffffff overlaps \"extra\", 0x3ffff000 to 0x4000efff\n");
	region(RAM AT("0xc0000000", "0x1000") "align_order = <11>;", 1,
	       E "align_order: is 11, must be 12 to 39\n");
	region(RAM AT("0xc0000000", "0x1000") "map_order = <40>;", 1,
	       E "map_order: is 40, must be 12 to 39\n");
}

/* A small region behind one that covers it is found, not only neighbours. */
TEST(overlap_inside)
{
	region(RAM AT("0x41000000", "0x1000") "}; inner { address_type = \"memory\"; " RAM AT(
		       "0x45000000", "0x1000"),
	       2,
	       "/g/aspace/extra: guest_physical_addr: 0x41000000 to 0x41000fff overlaps \"mem0\", "
	       "0x40000000 to 0x45ffffff\n"
	       "/g/aspace/inner: guest_physical_addr: 0x45000000 to 0x45000fff overlaps \"mem0\", "
	       "0x40000000 to 0x45ffffff\n");
}

TEST(host_addresses)
{
	region(REAL "device_type = \"ram\"; " AT("0xc0000000", "0x1000"), 1,
	       E "host_physical_addr: is missing\n");
	region(REAL "device_type = \"ram\"; " AT("0xc0000000",
						 "0x1000") "host_physical_addr = <0x40000000>;",
	       0, "");
	region(REAL "device_type = \"ram\"; " AT("0xc0000000",
						 "0x1000") "host_physical_addr = <0x7ffff000>;",
	       0, "");
	region(REAL "device_type = \"ram\"; " AT("0xc0000000",
						 "0x2000") "host_physical_addr = <0x7ffff000>;",
	       1,
	       E "host_physical_addr: 0x7ffff000 to "
		 "0x80000fff is not memory of this host; see host ram\n");
	region(REAL "device_type = \"ram\"; " AT("0xc0000000",
						 "0x1000") "host_physical_addr = <0x40000010>;",
	       1,
	       E "host_physical_addr: 0x40000010 is not a "
		 "multiple of the page size, 0x1000\n");
	region(REAL "device_type = \"ram\"; " AT(
		       "0xc0000000", "0x2000") "host_physical_addr = <0xffffffff 0xfffff000>;",
	       1,
	       E "host_physical_addr: "
		 "0xfffffffffffff000 with 0x2000 bytes goes beyond the end of addresses\n");
	region(REAL "device_type = \"misc\"; " AT("0xc0000000",
						  "0x2000") "host_physical_addr = <0x3ffff000>;",
	       1,
	       E "host_physical_addr: 0x3ffff000 to "
		 "0x40000fff is memory of this host, but device_type is that of a device\n");
	region(REAL "device_type = \"misc\"; " AT("0xc0000000",
						  "0x800") "host_physical_addr = <0x3ffff000>;",
	       1,
	       E "physical_size: 0x800 is not a multiple of "
		 "the page size, 0x1000\n");
}

TEST(meaningless_properties)
{
	region(RAM AT("0xc0000000", "0x1000") "host_physical_addr = <0x50000000>;", 1,
	       E "host_physical_addr: has no meaning where the hypervisor chooses the memory "
		 "(device_type \"ram\" names it); remove it\n");
	region(RAM AT("0xc0000000", "0x1000") "shared_mem = \"x\";", 1,
	       E "shared_mem: has no meaning "
		 "without device_type \"shared_ram\" or \"shared_rom\"; remove it\n");
	region(RAM AT("0xc0000000", "0x1000") "compatible = \"x\";", 1,
	       E "compatible: has no meaning for memory; remove it\n");
	region(RAM AT("0xc0000000", "0x1000") "interrupts = <33>;", 1,
	       E "interrupts: has no meaning for memory; remove it\n");
	region(RAM AT("0xc0000000", "0x1000") "alias_physical_addr = <0>;", 1,
	       E
	       "alias_physical_addr: has no meaning without manifest_type \"alias\"; remove it\n");
	region(VIRT "device_type = \"serial\"; compatible = \"primecell,arm,pl011\"; " AT(
		       "0xc0000000", "0x1000") "host_physical_addr = <0>; align_order = <12>;",
	       2,
	       E "host_physical_addr: has no meaning for an emulated device; remove it\n" E
		 "align_order: has no meaning for a device; remove it\n");
	region(REAL "device_type = \"shared_rom\"; shared_mem = \"s\"; " AT(
		       "0xc0000000", "0x1000") "host_physical_addr = <0>;",
	       1, E "host_physical_addr: has no meaning for shared memory; remove it\n");
}

TEST(aliases)
{
	region(ALIAS "device_type = \"ram\"; " AT("0xc0000000", "0x1000"), 1,
	       E "alias_physical_addr: is missing\n");
	region(ALIAS "device_type = \"ram\"; " AT("0xc0000000",
						  "0x2000") "alias_physical_addr = <0x45fff000>;",
	       1,
	       E "alias_physical_addr: there is no region "
		 "that has all of 0x45fff000 to 0x46000fff\n");
	region(ALIAS "device_type = \"ram\"; " AT("0xc0000000",
						  "0x2000") "alias_physical_addr = <0xc0000000>;",
	       1,
	       E "alias_physical_addr: leads through more "
		 "than 4 aliases; point it to the region itself\n");
	region(ALIAS "device_type = \"ram\"; " AT(
		       "0xc0000000", "0x2000") "alias_physical_addr = <0xffffffff 0xfffff000>;",
	       2,
	       E "alias_physical_addr: "
		 "0xfffffffffffff000 with 0x2000 bytes goes beyond the end of addresses\n" E
		 "alias_physical_addr: there is no region that has all of 0xfffffffffffff000 to "
		 "0xfff\n");
	region(ALIAS "device_type = \"ram\"; " AT("0xc0000000",
						  "0x1000") "alias_physical_addr = <0x40000080>;",
	       1,
	       E "alias_physical_addr: 0x40000080 is not a "
		 "multiple of the page size, 0x1000\n");
	region(ALIAS "device_type = \"ram\"; compatible = \"x\"; " AT(
		       "0xc0000000", "0x1000") "alias_physical_addr = <0x40000000>;",
	       1, E "compatible: has no meaning for an alias; remove it\n");
}

TEST(interrupts)
{
	ONE("interrupts = <33>;", "interrupts = <256>;",
	    "/g/aspace/uart0: interrupts: 256 is too high: guest_irq_count is 256");
	ONE("interrupts = <33>;", "interrupts = <33 1000>;",
	    "/g/aspace/uart0: interrupts: 1000 is too high: guest_irq_count is 256");
	ONE("interrupts = <33>;", "interrupts = [00 21];",
	    "/g/aspace/uart0: interrupts: must be a list of numbers, a cell each");
	ONE("interrupts = <33>;", "interrupts;",
	    "/g/aspace/uart0: interrupts: must be a list of numbers, a cell each");
	ONE("guest_irq_count = <256>;", "", "/g/aspace: guest_irq_count: is missing");
	ONE("guest_irq_count = <256>;", "guest_irq_count = <1025>;",
	    "/g/aspace: guest_irq_count: is 1025, must be 1 to 1024");
	ONE("guest_irq_count = <256>;", "guest_irq_count = <256>; guest_irq_cnt = <5>;",
	    "/g/aspace: guest_irq_cnt: unknown property; did you mean \"guest_irq_count\"?");
}

TEST(emulator_check)
{
	region(VIRT "device_type = \"misc\"; compatible = \"picky\"; " AT("0xc0000000", "0x1000"),
	       2, "/g/aspace/extra: picky says two things.\n/g/aspace/extra: the second.\n");
}

TEST(no_memory)
{
	static const char empty[] =
		"/dts-v1/; / { device_type = \"guest\"; vcpu_template { count = <1>; "
		"device_type = \"vcpu\"; compatible = \"armv8,generic\"; };"
		" aspace { guest_irq_count = <64>; }; };";
	static const char none[] =
		"/dts-v1/; / { device_type = \"guest\"; vcpu_template { count = <1>; "
		"device_type = \"vcpu\"; compatible = \"armv8,generic\"; }; };";
	struct guest_desc d;

	if (load(empty, "g")) {
		CHECK_EQ(guest_desc_read(node, &d, &fake_out), 1);
		CHECK_STR(fake_out_text(), "/g: aspace: there is no memory; add a region with "
					   "device_type \"alloced_ram\"\n");
		guest_desc_free(&d);
	}
	unload();
	if (load(none, "g")) {
		CHECK_EQ(guest_desc_read(node, &d, &fake_out), 1);
		CHECK_STR(fake_out_text(), "/g: aspace: the node is missing: it holds the guest's "
					   "memory and devices\n");
		guest_desc_free(&d);
	}
	unload();
}

TEST(too_many_regions)
{
	char *source = malloc(sizeof(sound) + 513 * 16), *end;
	const char *at = strstr(sound, "\t\tMEM0");
	struct guest_desc d;

	end = source;
	append(&end, sound, (size_t)(at - sound));
	for (unsigned i = 0; i < 513; i++)
		end += sprintf(end, "r%u { };\n", i);
	append(&end, at, strlen(at));
	if (load(source, "g")) {
		CHECK_EQ(guest_desc_read(node, &d, &fake_out), 1);
		CHECK_STR(fake_out_text(),
			  "/g/aspace: 521 regions are too many; at most 512 can be\n");
		guest_desc_free(&d);
	}
	unload();
	free(source);
}

/* Text of a tree cannot send control sequences to the terminal. */
TEST(unprintable)
{
	struct guest_desc d;

	REQUIRE(load(sound, "g"));
	CHECK_EQ(dt_set_string(node, "endianness", "\x1b[2J\xff"), 0);
	CHECK_EQ(guest_desc_read(node, &d, &fake_out), 1);
	CHECK_STR(fake_out_text(), "/g: endianness: is \"?[2J?\", must be \"little\" or \"big\"\n");
	guest_desc_free(&d);
	unload();
}

TEST(out_of_memory)
{
	struct guest_desc d;
	unsigned n;

	REQUIRE(load(sound, "g"));
	for (n = 1; n < 100; n++) {
		unsigned errors;
		bool failed;

		fake_out_clear();
		fake_heap_fail_at(n);
		errors = guest_desc_read(node, &d, &fake_out);
		failed = fake_heap_failed();
		fake_heap_fail_at(0);
		guest_desc_free(&d);
		if (!failed)
			break;
		CHECK(errors > 0);
		CHECK(strstr(fake_out_text(), "not enough memory to read"));
	}
	CHECK(n == 5);
	unload();
}

TEST(several_at_once)
{
	expect("guest_irq_count = <256>;", "guest_irq_count = <20>; x;", 4,
	       "/g/aspace: x: unknown property; remove it\n"
	       "/g/aspace/uart0: interrupts: 33 is too high: guest_irq_count is 20\n"
	       "/g/aspace/passed: interrupts: 40 is too high: guest_irq_count is 20\n"
	       "/g/aspace/passed: interrupts: 41 is too high: guest_irq_count is 20\n");
}
