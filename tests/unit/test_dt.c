/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live device tree: from blobs of dtc to nodes, values and addresses, and back.
 */
#include "dtc.h"
#include "fake.h"

#include <libfdt.h>
#include <string.h>

#include <core/dt.h>
#include <libs/errno.h>

#include "../../core/dt/dt_priv.h"

static const char machine[] =
	"/dts-v1/;\n"
	"/ {\n"
	"	#address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;\n"
	"	compatible = \"acme,board\", \"acme,soc\";\n"
	"	aliases { serial0 = \"/soc@8000000/uart@1000\"; odd = <1>;\n"
	"		bus = \"/soc@8000000\"; };\n"
	"	chosen { stdout-path = \"serial0:115200n8\"; empty = \"\"; };\n"
	"	gic: intc@1000000 { reg = <0 0x1000000 0 0x10000>; };\n"
	"	memory@40000000 { device_type = \"memory\";\n"
	"		reg = <0x0 0x40000000 0x1 0x80000000>, <0x8 0 0 0x1000>; };\n"
	"	soc@8000000 {\n"
	"		#address-cells = <1>; #size-cells = <1>; compatible = \"simple-bus\";\n"
	"		ranges = <0x0 0x0 0x8000000 0x100000>, <0x80000000 0x10 0x0 0x10000>;\n"
	"		uart@1000 { compatible = \"acme,uart2\", \"ns16550a\";\n"
	"			reg = <0x1000 0x100>, <0x80000100 0x10>, <0x200000 4>,\n"
	"				<0xffff0 0x20>, <0xfffffffe 4>; };\n"
	"		uart@2000 { compatible = \"ns16550a\"; reg = <0x2000 0x100>;\n"
	"			status = \"disabled\"; };\n"
	"		timer@3000 { status = \"okay\"; values = <1 2 3>;\n"
	"			big = /bits/ 64 <0x123456789abc>;\n"
	"			names = \"one\", \"\", \"three\"; bytes = [01 02 03]; flag; };\n"
	"		whole@0 { reg = <0x0 0x100000>; };\n"
	"		inner { ranges; #address-cells = <1>; #size-cells = <1>;\n"
	"			leaf@10 { reg = <0x10 0x10>; }; };\n"
	"		closed { #address-cells = <1>; #size-cells = <0>;\n"
	"			leaf@1 { reg = <1>; }; };\n"
	"		strange { #address-cells = <3>; #size-cells = <1>; ranges;\n"
	"			leaf@1 { reg = <0 0 1 1>; }; };\n"
	"	};\n"
	"};\n";

static size_t live_before;

static void setup(void)
{
	size_t size;
	void *blob = dtc(machine, &size);

	live_before = fake_heap_live();
	REQUIRE(blob);
	REQUIRE(dt_init(blob) == 0);
	/* the boot loader's memory is used for something else now */
	memset(blob, 0xee, size);
	free(blob);
}

static void teardown(void)
{
	if (dt_root())
		dt_forget();
	CHECK_EQ(fake_heap_live(), live_before);
}

static void check_path(const char *path, const char *expected)
{
	struct dt_node *node = dt_find(path);
	char buf[100] = "(none)";

	if (node)
		CHECK_EQ(dt_path(node, buf, sizeof(buf)), strlen(buf));
	CHECK_STR(buf, expected);
}

TEST(paths)
{
	setup();
	check_path("/", "/");
	check_path("/soc@8000000/uart@1000", "/soc@8000000/uart@1000");
	check_path("/soc/timer", "/soc@8000000/timer@3000");
	check_path("/soc//timer/", "/soc@8000000/timer@3000");
	check_path("/soc/uart", "(none)");	/* two of them */
	check_path("/soc/uart@3000", "(none)");
	check_path("/soc/tim", "(none)");
	check_path("/nothing/else", "(none)");
	check_path("serial0", "/soc@8000000/uart@1000");
	check_path("serial0:115200n8", "/soc@8000000/uart@1000");
	check_path("bus/timer", "/soc@8000000/timer@3000");
	check_path("/soc/timer:9600", "/soc@8000000/timer@3000");
	check_path("odd", "(none)");
	check_path("serial", "(none)");
	check_path("", "(none)");
	CHECK(dt_find_from(dt_find("/soc"), "inner/leaf") == dt_find("/soc/inner/leaf@10"));
	CHECK(dt_child(dt_root(), "soc") == dt_find("/soc@8000000"));
	CHECK(!dt_child(dt_root(), "uart"));
	teardown();
}

TEST(path_is_cut_like_snprintf)
{
	const char *full = "/soc@8000000/inner/leaf@10";
	struct dt_node *leaf;
	size_t size;

	setup();
	leaf = dt_find(full);
	REQUIRE(leaf);
	for (size = 0; size <= strlen(full) + 2; size++) {
		char *buf = malloc(size + 1), expected[64] = "";

		buf[size] = 'x';
		CHECK_EQ(dt_path(leaf, buf, size), strlen(full));
		CHECK_EQ(buf[size], 'x');
		if (size) {
			snprintf(expected, size < 64 ? size : 64, "%s", full);
			CHECK_STR(buf, expected);
		}
		free(buf);
	}
	teardown();
}

TEST(values)
{
	struct dt_node *timer;
	uint32_t v = 77;
	uint64_t big = 0;

	setup();
	timer = dt_find("/soc/timer");
	REQUIRE(timer);
	CHECK_EQ(dt_u32(timer, "values", 2, &v), 0);
	CHECK_EQ(v, 3);
	CHECK_EQ(dt_u32(timer, "values", 3, &v), -ERANGE);
	CHECK_EQ(dt_u32(timer, "bytes", 0, &v), -ERANGE);
	CHECK_EQ(dt_u32(timer, "nothing", 0, &v), -ENOENT);
	CHECK_EQ(v, 3);
	CHECK_EQ(dt_u32_or(timer, "values", 9), 1);
	CHECK_EQ(dt_u32_or(timer, "nothing", 9), 9);
	CHECK_EQ(dt_u64(timer, "big", &big), 0);
	CHECK_EQ(big, 0x123456789abc);
	CHECK_EQ(dt_u64(timer, "values", &big), -ERANGE);
	CHECK_EQ(dt_u64(dt_find("/soc/inner"), "#size-cells", &big), 0);
	CHECK_EQ(big, 1);
	CHECK_STR(dt_string(timer, "names", 0), "one");
	CHECK_STR(dt_string(timer, "names", 1), "");
	CHECK_STR(dt_string(timer, "names", 2), "three");
	CHECK(!dt_string(timer, "names", 3));
	CHECK(!dt_string(timer, "bytes", 0));	/* not terminated */
	CHECK(!dt_string(timer, "flag", 0));
	CHECK(dt_has(timer, "flag") && !dt_has(timer, "flags"));
	CHECK(dt_available(timer) && dt_available(dt_root()));
	CHECK(!dt_available(dt_find("/soc/uart@2000")));
	teardown();
}

TEST(compatible)
{
	struct dt_node *first, *second;

	setup();
	first = dt_find_compatible(NULL, "ns16550a");
	CHECK(first == dt_find("/soc/uart@1000"));
	second = dt_find_compatible(first, "ns16550a");
	CHECK(second == dt_find("/soc/uart@2000"));
	CHECK(!dt_find_compatible(second, "ns16550a"));
	CHECK(dt_find_compatible(NULL, "acme,soc") == dt_root());
	CHECK(!dt_compatible(first, "ns16550") && !dt_compatible(first, "acme,uart"));
	teardown();
}

static void check_reg(const char *path, unsigned n, int result, uint64_t addr, uint64_t size)
{
	uint64_t a = 5, s = 6;
	struct dt_node *node = dt_find(path);

	REQUIRE(node);
	CHECK_EQ(dt_reg(node, n, &a, &s), result);
	CHECK_EQ(a, result ? 5 : addr);
	CHECK_EQ(s, result ? 6 : size);
}

TEST(addresses)
{
	setup();
	check_reg("/memory", 0, 0, 0x40000000, 0x180000000);
	check_reg("/memory", 1, 0, 0x800000000, 0x1000);
	check_reg("/memory", 2, -ENOENT, 0, 0);
	check_reg("/soc", 0, -ENOENT, 0, 0);
	check_reg("/soc/uart@1000", 0, 0, 0x8001000, 0x100);
	check_reg("/soc/uart@1000", 1, 0, 0x1000000100, 0x10);
	check_reg("/soc/uart@1000", 2, -EINVAL, 0, 0);	/* in no range */
	check_reg("/soc/uart@1000", 3, -EINVAL, 0, 0);	/* over the end of one */
	check_reg("/soc/whole", 0, 0, 0x8000000, 0x100000);	/* exactly its range */
	check_reg("/soc/inner/leaf@10", 0, 0, 0x8000010, 0x10);
	check_reg("/soc/closed/leaf@1", 0, -EINVAL, 0, 0);
	check_reg("/soc/strange/leaf@1", 0, -EINVAL, 0, 0);
	teardown();
}

TEST(phandles)
{
	struct dt_node *gic, *timer, *guests, *copy = NULL, *tree;

	setup();
	gic = dt_find("/intc");
	timer = dt_find("/soc/timer");
	REQUIRE(gic && timer);
	CHECK(gic->phandle && dt_find_phandle(gic->phandle) == gic);
	CHECK(!dt_find_phandle(0) && !dt_find_phandle(UINT32_MAX) && !dt_find_phandle(4711));
	CHECK_EQ(dt_phandle(gic), gic->phandle);
	CHECK(dt_phandle(timer) && dt_phandle(timer) != gic->phandle);
	CHECK(dt_find_phandle(timer->phandle) == timer);
	CHECK_EQ(dt_u32_or(timer, "phandle", 0), timer->phandle);
	/* a copy keeps its numbers, but they do not count for the host */
	guests = dt_add_node(dt_root(), "guests");
	REQUIRE(guests);
	REQUIRE(dt_copy(guests, "a", dt_find("/soc"), &copy) == 0);
	CHECK(dt_find_phandle(timer->phandle) == timer);
	CHECK_EQ(dt_del_prop(timer, "phandle"), 0);
	CHECK_EQ(timer->phandle, 0);
	CHECK_EQ(dt_child(copy, "timer")->phandle, 2);
	CHECK(!dt_find_phandle(2));
	CHECK_EQ(dt_phandle(dt_child(copy, "inner")), 3);
	/* and those of a tree of its own begin at 1 */
	tree = dt_new_tree();
	REQUIRE(tree);
	CHECK_EQ(dt_phandle(dt_add_node(tree, "x")), 1);
	CHECK_EQ(dt_phandle(dt_add_node(tree, "y")), 2);
	CHECK_EQ(dt_del_node(tree), 0);
	teardown();
}

TEST(document_order)
{
	static const char *const names[] = {
		"inner", "leaf@10", "closed", "leaf@1", "strange", "leaf@1",
	};
	struct dt_node *soc, *node;
	unsigned n = 0;

	setup();
	soc = dt_find("/soc");
	REQUIRE(soc);
	for (node = dt_find("/soc/inner"); node; node = dt_next(node, soc)) {
		REQUIRE(n < 6);
		CHECK_STR(node->name, names[n]);
		n++;
	}
	CHECK_EQ(n, 6);
	CHECK(!dt_next(dt_find("/soc/timer"), dt_find("/soc/timer")));
	teardown();
}

/* --- loading ----------------------------------------------------------------------------- */

static bool same(const struct dt_node *a, const struct dt_node *b, bool names)
{
	struct list *x, *y;

	if (names && strcmp(a->name, b->name))
		return false;
	for (x = a->props.next, y = b->props.next; x != &a->props && y != &b->props;
	     x = x->next, y = y->next) {
		struct dt_prop *p = list_entry(x, struct dt_prop, link);
		struct dt_prop *q = list_entry(y, struct dt_prop, link);

		if (strcmp(p->name, q->name) || p->len != q->len ||
		    memcmp(p->data, q->data, p->len))
			return false;
	}
	if (x != &a->props || y != &b->props)
		return false;
	for (x = a->children.next, y = b->children.next; x != &a->children && y != &b->children;
	     x = x->next, y = y->next)
		if (!same(list_entry(x, struct dt_node, link), list_entry(y, struct dt_node, link),
			  true))
			return false;
	return x == &a->children && y == &b->children;
}

TEST(load_flatten_load)
{
	static uint64_t buf[2048], small[2048];
	struct dt_node *a, *b;
	size_t size, room;
	int used;
	void *blob = dtc(machine, &size);

	setup();
	REQUIRE(blob);
	REQUIRE(dt_load(dt_root(), "a", blob, size, &a) == 0);
	CHECK(dt_find("/a") == a && dt_find("/a/soc/timer"));
	CHECK_EQ(dt_load(dt_root(), "a", blob, size, NULL), -EEXIST);
	CHECK_EQ(dt_load(dt_root(), "a/b", blob, size, NULL), -EINVAL);
	CHECK_EQ(dt_load(dt_root(), "", blob, size, NULL), -EINVAL);
	memset(blob, 0, size);
	free(blob);
	used = dt_flatten(a, buf, sizeof(buf));
	REQUIRE(used > 0);
	CHECK_EQ(fdt_check_full(buf, (size_t)used), 0);
	REQUIRE(dt_load(dt_root(), "b", buf, (size_t)used, &b) == 0);
	CHECK(same(a, b, false));
	CHECK(!same(a, dt_child(b, "soc"), false));
	for (room = 0; room < (size_t)used; room++)
		if (dt_flatten(a, small, room) != -ENOSPC)
			break;
	CHECK_EQ(room, used);
	CHECK_EQ(dt_flatten(a, (char *)buf + 1, sizeof(buf) - 8), -EINVAL);
	/* not aligned */
	memmove((char *)buf + 3, buf, (size_t)used);
	CHECK_EQ(dt_load(dt_root(), "c", (char *)buf + 3, (size_t)used, NULL), 0);
	CHECK_EQ(dt_del_node(a), 0);
	CHECK_EQ(dt_del_node(b), 0);
	CHECK(!dt_find("/a") && dt_find("/c/soc/timer"));
	teardown();
}

TEST(load_refuses_what_is_broken)
{
	size_t size, cut, live;
	char *blob = dtc(machine, &size);

	setup();
	REQUIRE(blob);
	live = fake_heap_live();
	for (cut = 0; cut < size; cut++) {
		void *part = malloc(cut + 1);

		memcpy(part, blob, cut);
		CHECK_EQ(dt_load(dt_root(), "x", part, cut, NULL), -EINVAL);
		free(part);
	}
	CHECK_EQ(dt_load(dt_root(), "x", "not a blob at all, is it? no, it is not one at all", 48,
			 NULL), -EINVAL);
	CHECK_EQ(fake_heap_live(), live);
	free(blob);
	teardown();
}

/* A blob by libfdt's own writer, which does not check names. */
static int bad_blob(uint64_t *buf, size_t size, const char *child, const char *prop)
{
	int i;

	memset(buf, 0, size);
	if (fdt_create(buf, (int)size) || fdt_finish_reservemap(buf) || fdt_begin_node(buf, ""))
		return -1;
	for (i = 0; i < 2; i++)
		if (fdt_property_u32(buf, i ? "twice" : prop, 1))
			return -1;
	for (i = 0; i < 2; i++)
		if (fdt_begin_node(buf, i ? "n@2" : child) || fdt_end_node(buf))
			return -1;
	return fdt_end_node(buf) || fdt_finish(buf) ? -1 : (int)fdt_totalsize(buf);
}

TEST(load_refuses_double_and_odd_names)
{
	uint64_t buf[64];

	setup();
	CHECK_EQ(dt_load(dt_root(), "ok", buf, (size_t)bad_blob(buf, sizeof(buf), "n@1", "once"),
			 NULL), 0);
	CHECK_EQ(dt_load(dt_root(), "x", buf, (size_t)bad_blob(buf, sizeof(buf), "n@2", "once"),
			 NULL), -EINVAL);
	CHECK_EQ(dt_load(dt_root(), "x", buf, (size_t)bad_blob(buf, sizeof(buf), "n@1", "twice"),
			 NULL), -EINVAL);
	CHECK_EQ(dt_load(dt_root(), "x", buf, (size_t)bad_blob(buf, sizeof(buf), "a/b", "once"),
			 NULL), -EINVAL);
	CHECK_EQ(dt_load(dt_root(), "x", buf, (size_t)bad_blob(buf, sizeof(buf), "\33[2J", "once"),
			 NULL), -EINVAL);
	CHECK_EQ(dt_load(dt_root(), "x", buf, (size_t)bad_blob(buf, sizeof(buf), "n@1", "a b"),
			 NULL), -EINVAL);
	CHECK(!dt_find("/x"));
	teardown();
}

/* Firmware's tree is taken as far as it can be: the machine shall start. */
TEST(init_takes_odd_names)
{
	uint64_t buf[64];

	live_before = fake_heap_live();
	REQUIRE(bad_blob(buf, sizeof(buf), "n@2", "twice") > 0);
	CHECK_EQ(dt_init(buf), 0);
	CHECK(dt_find("/n@2"));
	CHECK_EQ(dt_u32_or(dt_root(), "twice", 0), 1);
	teardown();
	((unsigned char *)buf)[0] ^= 1;
	CHECK_EQ(dt_init(buf), -EINVAL);
	CHECK(!dt_root());
}

TEST(depth_needs_no_stack)
{
	enum { DEPTH = 50000 };
	size_t size = DEPTH * 16 + 4096;
	char *path = malloc(4 * DEPTH + 1);
	uint64_t *buf = calloc(1, size);
	struct dt_node *node, *copy;
	int i;

	setup();
	node = dt_add_node(dt_root(), "deep");
	for (i = 1; i < DEPTH && node; i++)
		node = dt_add_node(node, "n");
	REQUIRE(node);
	CHECK_EQ(dt_path(node, path, 4 * DEPTH), 2 * (DEPTH - 1) + 5);
	CHECK(dt_find(path) == node);
	node = dt_find("/deep");
	i = dt_flatten(node, buf, size);
	CHECK(i > 0);
	/* a file so deep is refused: there are more nodes than any machine has */
	CHECK_EQ(dt_load(dt_root(), "again", buf, (size_t)i, NULL), -E2BIG);
	CHECK_EQ(dt_copy(node, "copy", node, &copy), 0);
	CHECK_EQ(dt_del_node(node), 0);
	free(buf);
	free(path);
	teardown();
}

TEST(out_of_memory_leaves_nothing)
{
	size_t size, n, live;
	void *blob = dtc(machine, &size);
	int err = -ENOMEM;

	setup();
	REQUIRE(blob);
	live = fake_heap_live();
	for (n = 1; err == -ENOMEM && n < 1000; n++) {
		fake_heap_fail_at(n);
		err = dt_load(dt_root(), "x", blob, size, NULL);
		if (err)
			CHECK_EQ(fake_heap_live(), live);
	}
	fake_heap_fail_at(0);
	CHECK_EQ(err, 0);
	CHECK(n > 10);
	live = fake_heap_live();
	for (n = 1, err = -ENOMEM; err == -ENOMEM && n < 1000; n++) {
		fake_heap_fail_at(n);
		err = dt_copy(dt_root(), "y", dt_find("/x"), NULL);
		if (err)
			CHECK_EQ(fake_heap_live(), live);
	}
	fake_heap_fail_at(0);
	CHECK_EQ(err, 0);
	CHECK(same(dt_find("/x"), dt_find("/y"), false));
	teardown();
	for (n = 1, err = -ENOMEM; err == -ENOMEM && n < 1000; n++) {
		fake_heap_fail_at(n);
		err = dt_init(blob);
		if (err)
			CHECK_EQ(fake_heap_live(), live_before);
	}
	fake_heap_fail_at(0);
	CHECK_EQ(err, 0);
	teardown();
	free(blob);
}
