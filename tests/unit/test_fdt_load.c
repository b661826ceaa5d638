/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device trees from files, attributes changed on the way, vCPUs of a template, lists of files.
 */
#include "boot_tree.h"
#include "dtc.h"
#include "fake.h"
#include "fake_files.h"
#include "fake_guest.h"
#include "unit.h"

#include <string.h>

#include <core/dt.h>
#include <core/emu.h>
#include <core/fdt_load.h>
#include <core/guest_desc.h>
#include <libs/errno.h>

const struct emulator *emu_find(const struct dt_node *node, const void **match_data)
{
	return NULL;
}

static const char source[] =
	"/dts-v1/; / { device_type = \"guest\";\n"
	"	aliases { mem0 = &MEM0; net0 = &NET0; };\n"
	"	vcpu_template { device_type = \"vcpu\"; compatible = \"armv8,generic\"; poweroff;\n"
	"		count = <7>;\n"
	"		start_pc = <0x80>; };\n"
	"	aspace { guest_irq_count = <64>;\n"
	"		MEM0: mem0 { manifest_type = \"real\"; address_type = \"memory\";\n"
	"			device_type = \"alloced_ram\"; guest_physical_addr = "
	"<0x40000000>;\n"
	"			physical_size = <0>; };\n"
	"	};\n"
	"	NET0: net { };\n"
	"};\n";

static size_t live_before;
static void *blob;

static bool setup(void)
{
	size_t size;

	boot_tree();
	fake_out_clear();
	fake_files_clear();
	blob = dtc(source, &size);
	fake_file("/g.dtb", blob, size);
	live_before = fake_heap_live();
	return blob;
}

static void teardown(void)
{
	struct dt_node *node = dt_find("/guests/g");

	if (node)
		CHECK_EQ(dt_del_node(node), 0);
	free(blob);
	CHECK_EQ(fake_heap_live(), live_before);
}

static int load(char *override, struct dt_node **node)
{
	struct fdt_overrides o = { &override, override ? 1 : 0 };

	fake_out_clear();
	return fdt_load_file("/guests", "g", "/g.dtb", o, &fake_out, node);
}

static void sets(char *override, const char *path, const char *prop, const char *bytes, size_t n)
{
	struct dt_node *node;
	const struct dt_prop *p;

	CHECK_EQ(load(override, &node), 0);
	CHECK_STR(fake_out_text(), "");
	node = dt_find(path);
	p = node ? dt_prop(node, prop) : NULL;
	if (p && p->len == n)
		CHECK_MEM(p->data, bytes, n);
	else
		unit_fail(__FILE__, __LINE__, "%s: no %s of that size", override, prop);
	CHECK_EQ(dt_del_node(dt_find("/guests/g")), 0);
}

TEST(overrides)
{
	REQUIRE(setup());
	sets("mem0,physical_size,physsize,0x06000000", "/guests/g/aspace/mem0", "physical_size",
	     "\0\0\0\0\6\0\0\0", 8);
	sets("mem0,physical_size,physsize,96M", "/guests/g/aspace/mem0", "physical_size",
	     "\0\0\0\0\6\0\0\0", 8);
	sets("mem0,guest_physical_addr,physaddr,0x100000000", "/guests/g/aspace/mem0",
	     "guest_physical_addr", "\0\0\0\1\0\0\0\0", 8);
	sets("net0,switch,string,br0,with,commas", "/guests/g/net", "switch", "br0,with,commas",
	     16);
	sets("net0,mac,bytes,0a1BfF", "/guests/g/net", "mac", "\x0a\x1b\xff", 3);
	sets("net0,mac,bytes,0x0a1b", "/guests/g/net", "mac", "\x0a\x1b", 2);
	sets("net0,n,uint32,7", "/guests/g/net", "n", "\0\0\0\7", 4);
	sets("net0,n,uint64,7", "/guests/g/net", "n", "\0\0\0\0\0\0\0\7", 8);
	sets("net0,n,virtaddr,7", "/guests/g/net", "n", "\0\0\0\0\0\0\0\7", 8);
	sets("net0,n,virtsize,1K", "/guests/g/net", "n", "\0\0\0\0\0\0\4\0", 8);
	sets("net0,n,string,", "/guests/g/net", "n", "", 1);
	teardown();
}

static void refused(char *override, int err, const char *text)
{
	CHECK_EQ(load(override, NULL), err);
	CHECK_STR(fake_out_text(), text);
	CHECK(!dt_find("/guests/g"));
}

TEST(override_mistakes)
{
	REQUIRE(setup());
	refused("mem0", -EINVAL,
		"\"mem0\": is not <alias>,<attribute>,<type>,<value>, such as "
		"mem0,physical_size,physsize,0x10000000\n");
	refused("mem0,,string,x", -EINVAL,
		"\"mem0,,string,x\": is not <alias>,<attribute>,<type>,"
		"<value>, such as mem0,physical_size,physsize,0x10000000\n");
	refused("mem0,a,strin,x", -EINVAL,
		"\"mem0,a,strin,x\": unknown type \"strin\"; did you mean "
		"\"string\"?\n");
	refused("mem0,a,whatever,x", -EINVAL,
		"\"mem0,a,whatever,x\": unknown type \"whatever\"; "
		"types are string, bytes, uint32, uint64, physaddr, physsize, virtaddr, "
		"virtsize\n");
	refused("mem7,a,uint32,1", -ENOENT,
		"\"mem7,a,uint32,1\": the tree has no alias \"mem7\" that "
		"leads to a node\n");
	refused("mem0,a,uint32,0x100000000", -ERANGE,
		"\"mem0,a,uint32,0x100000000\": "
		"\"0x100000000\" is no value of type uint32: it is too large\n");
	refused("mem0,a,uint32,x", -EINVAL,
		"\"mem0,a,uint32,x\": \"x\" is no value of type uint32\n");
	refused("mem0,a,bytes,123", -EINVAL,
		"\"mem0,a,bytes,123\": \"123\" is no value of type "
		"bytes\n");
	refused("mem0,a,bytes,1g", -EINVAL,
		"\"mem0,a,bytes,1g\": \"1g\" is no value of type bytes\n");
	teardown();
}

TEST(load_mistakes)
{
	struct fdt_overrides none = { NULL, 0 };

	REQUIRE(setup());
	CHECK_EQ(fdt_load_file("/nowhere", "g", "/g.dtb", none, &fake_out, NULL), -ENOENT);
	CHECK_STR(fake_out_text(),
		  "there is no node /nowhere in the device tree; see devtree print\n");
	fake_out_clear();
	CHECK_EQ(fdt_load_file("/guests", "g", "/h.dtb", none, &fake_out, NULL), -ENOENT);
	CHECK(strstr(fake_out_text(), "/h.dtb cannot be read: "));
	fake_out_clear();
	fake_file("/bad.dtb", "no device tree", 14);
	CHECK_EQ(fdt_load_file("/guests", "g", "/bad.dtb", none, &fake_out, NULL), -EINVAL);
	CHECK_STR(fake_out_text(),
		  "/bad.dtb is no device tree blob, or a damaged one (or \"g\" is no "
		  "name for a node); make it with dtc -I dts -O dtb\n");
	CHECK_EQ(load(NULL, NULL), 0);
	CHECK_EQ(load(NULL, NULL), -EEXIST);
	CHECK_STR(fake_out_text(),
		  "/guests/g is there already; take another name, or remove it with "
		  "devtree node del\n");
	teardown();
}

TEST(template)
{
	char *override = "mem0,physical_size,physsize,16M";
	struct fdt_overrides o = { &override, 1 };
	struct guest_desc d;
	struct dt_node *node;

	REQUIRE(setup());
	CHECK_EQ(guest_fdt_load("g", "/g.dtb", 3, o, &fake_out), 0);
	CHECK_STR(fake_out_text(), "");
	/* it stays, as an alias may lead there, but makes no more vCPUs */
	CHECK(!dt_has(dt_find("/guests/g/vcpu_template"), "count"));
	node = dt_find("/guests/g/vcpus");
	REQUIRE(node);
	CHECK_EQ(list_count(&node->children), 3);
	CHECK(!dt_has(dt_find("/guests/g/vcpus/vcpu0"), "poweroff"));
	CHECK(dt_has(dt_find("/guests/g/vcpus/vcpu1"), "poweroff"));
	CHECK(dt_has(dt_find("/guests/g/vcpus/vcpu2"), "poweroff"));
	/* only the node "net", which no guest has, is wrong with it */
	CHECK_EQ(guest_desc_read(dt_find("/guests/g"), &d, &fake_out), 1);
	CHECK_EQ(d.nr_vcpus, 3);
	CHECK_EQ(d.vcpus[2].start_pc, 0x80);
	guest_desc_free(&d);
	teardown();
}

TEST(template_mistakes)
{
	struct fdt_overrides none = { NULL, 0 };
	static const char two[] = "/dts-v1/; / { vcpu_template { }; vcpus { vcpu0 { }; }; };";
	static const char without[] = "/dts-v1/; / { vcpus { vcpu0 { }; }; };";
	void *other;
	size_t size;

	REQUIRE(setup());
	CHECK_EQ(guest_fdt_load("g", "/g.dtb", 0, none, &fake_out), -EINVAL);
	CHECK_STR(fake_out_text(), "0 vCPUs cannot be; a guest has 1 to 64\n");
	CHECK_EQ(guest_fdt_load("g", "/g.dtb", 65, none, &fake_out), -EINVAL);
	fake_out_clear();
	other = dtc(without, &size);
	fake_file("/o.dtb", other, size);
	CHECK_EQ(guest_fdt_load("g", "/o.dtb", 2, none, &fake_out), -ENOENT);
	CHECK_STR(fake_out_text(),
		  "/o.dtb has no node vcpu_template, so no vCPUs can be made; load it "
		  "with vfs fdt_load, which takes its vcpus as they are\n");
	CHECK(!dt_find("/guests/g"));
	free(other);
	fake_out_clear();
	other = dtc(two, &size);
	fake_file("/o.dtb", other, size);
	CHECK_EQ(guest_fdt_load("g", "/o.dtb", 2, none, &fake_out), -EEXIST);
	CHECK_STR(fake_out_text(), "/o.dtb has vCPUs of its own in vcpus; remove them or "
				   "vcpu_template\n");
	free(other);
	teardown();
}

TEST(template_out_of_memory)
{
	struct fdt_overrides none = { NULL, 0 };
	unsigned n;

	REQUIRE(setup());
	for (n = 1; n < 100; n++) {
		bool failed;
		int err;

		fake_out_clear();
		fake_heap_fail_at(n);
		err = guest_fdt_load("g", "/g.dtb", 2, none, &fake_out);
		failed = fake_heap_failed();
		fake_heap_fail_at(0);
		if (!failed)
			break;
		CHECK_EQ(err, -ENOMEM);
		CHECK(fake_out_text()[0]);
		CHECK(!dt_find("/guests/g"));
		CHECK_EQ(fake_heap_live(), live_before);
	}
	CHECK(n > 5 && n < 100);
	teardown();
}

/* --- lists ---------------------------------------------------------------------------------------
 */

static struct guest *guest;

static int list(const char *text, size_t size)
{
	fake_out_clear();
	fake_file("/list", text, size);
	return guest_load_list(guest, "/list", &fake_out);
}

#define LIST(text) list(text, sizeof(text) - 1)

TEST(lists)
{
	char *override = "mem0,physical_size,physsize,1M";
	struct fdt_overrides o = { &override, 1 };

	REQUIRE(setup());
	CHECK_EQ(guest_fdt_load("g", "/g.dtb", 1, o, &fake_out), 0);
	CHECK_EQ(dt_del_node(dt_find("/guests/g/net")), 0);
	CHECK_EQ(dt_del_node(dt_find("/guests/g/aliases")), 0);
	REQUIRE(guest_create(dt_find("/guests/g"), &fake_out, &guest) == 0);
	fake_file("/a", "AAAA", 4);
	fake_file("/b", "BBBB", 4);
	CHECK_EQ(LIST("0x40000000 /a\n\n# comment\n  1073745920\t /b \r\n"), 0);
	CHECK_STR(fake_out_text(), "");
	CHECK_MEM(fake_guest_ptr(guest, 0x40000000), "AAAA", 5);
	CHECK_MEM(fake_guest_ptr(guest, 0x40001000), "BBBB", 5);
	/* the last line needs no end */
	CHECK_EQ(LIST("0x40002000 /a"), 0);
	CHECK_MEM(fake_guest_ptr(guest, 0x40002000), "AAAA", 5);
	CHECK_EQ(LIST("0x40000000 /a\n0x40000000\n"), -EINVAL);
	CHECK_STR(fake_out_text(), "/list: line 2: must be <address> <path>\n");
	CHECK_EQ(LIST("here /a\n"), -EINVAL);
	CHECK_STR(fake_out_text(), "/list: line 1: \"here\" is no address\n");
	CHECK_EQ(LIST("0x40000000 /c\n0x40003000 /a\n"), -ENOENT);
	CHECK(strstr(fake_out_text(), "/list: line 1: not loaded\n"));
	CHECK_EQ(*fake_guest_ptr(guest, 0x40003000), 0);
	CHECK_EQ(LIST("0x1 /a\0\n"), -EINVAL);
	CHECK_STR(fake_out_text(), "/list is no text\n");
	CHECK_EQ(guest_load_list(guest, "/none", &fake_out), -ENOENT);
	CHECK_EQ(guest_destroy(guest), 0);
	teardown();
}
