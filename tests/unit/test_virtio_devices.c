/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtio devices: console and disk, what they do and what they refuse.
 */
#include "virtio_driver.h"

#include <libs/errno.h>

static void put_text(uint64_t gpa, const char *text)
{
	while (*text)
		*world_mem(gpa++) = (uint8_t)*text++;
}

/* --- console ------------------------------------------------------------------------------- */

TEST(console_sends)
{
	uint32_t id, len;

	start(3, ALL);
	world_listen("g/virtio");
	CHECK_EQ(vd_offered(&d), ALL | V_F_PACKED | V_F_RESET | 4);
	CHECK_EQ(world_r32(d.dev, V_CONFIG + 4), 1);
	put_text(BUFFERS, "Hello, ");
	put_text(BUFFERS + 0x100, "world\n");
	vd_desc(&d, 1, 0, BUFFERS, 7, V_NEXT, 1);
	vd_desc(&d, 1, 1, BUFFERS + 0x100, 6, 0, 0);
	vd_offer(&d, 1, 0);
	vd_notify(&d, 1);
	CHECK_STR(world_heard(), "Hello, world\n");
	REQUIRE(vd_used(&d, 1, &id, &len));
	CHECK_EQ(len, 0);
	/* The emergency character needs no queue. */
	CHECK_EQ(world_write(d.dev, V_CONFIG + 8, 4, '!'), EMU_OK);
	CHECK_EQ(world_write(d.dev, V_CONFIG, 4, 'x'), EMU_OK);
	CHECK_STR(world_heard(), "!");
	teardown();
}

TEST(console_receives)
{
	uint32_t id, len;
	unsigned i;

	start(3, ALL);
	/* Typed before there is a buffer: kept. */
	CHECK_EQ(world_type("g/virtio", "early"), 5);
	for (i = 0; i < 4; i++) {
		vd_desc(&d, 0, i, BUFFERS + 0x100 * i, 4, V_WRITE, 0);
		vd_offer(&d, 0, i);
	}
	vd_notify(&d, 0);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(id, 0);
	CHECK_EQ(len, 4);
	CHECK_MEM(world_mem(BUFFERS), "earl", 4);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(len, 1);
	CHECK_EQ(*world_mem(BUFFERS + 0x100), 'y');
	CHECK(!vd_used(&d, 0, &id, &len));
	CHECK(world_line(V_IRQ));
	world_w32(d.dev, V_ACK, 1);
	vd_write16(d.q[0].avail + 4 + 16, 2);
	/* More than the two buffers that are left. */
	CHECK_EQ(world_type("g/virtio", "0123456789"), 10);
	CHECK(world_line(V_IRQ));
	REQUIRE(vd_used(&d, 0, &id, &len) && vd_used(&d, 0, &id, &len));
	CHECK_MEM(world_mem(BUFFERS + 0x300), "4567", 4);
	/* We are to be told when there are buffers again. */
	CHECK_EQ(vd_read16(d.q[0].used + 4 + 64), 4);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(len, 2);
	CHECK_MEM(world_mem(BUFFERS), "89", 2);
	teardown();
}

TEST(console_input_before_the_driver)
{
	uint32_t id, len;

	make(3);
	CHECK_EQ(world_type("g/virtio", "x"), 1);
	CHECK(vd_negotiate(&d, V_F_VERSION1));
	vd_queue(&d, 0, 8, RINGS);
	vd_desc(&d, 0, 0, BUFFERS, 4, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	vd_ready(&d);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(*world_mem(BUFFERS), 'x');
	teardown();
}

TEST(console_huge_request)
{
	unsigned i;

	start(3, ALL);
	world_listen("g/virtio");
	for (i = 0; i < 8; i++)
		vd_desc(&d, 1, i, WORLD_RAM + WORLD_PIECE, 0x10000, i < 7 ? V_NEXT : 0, i + 1);
	vd_offer(&d, 1, 0);
	vd_notify(&d, 1);
	CHECK(!vd_broken(&d));
	for (i = 0; i < 17; i++)
		vd_desc_at(BUFFERS, i, WORLD_RAM + WORLD_PIECE, 0x10000, i < 16 ? V_NEXT : 0,
			   i + 1);
	vd_desc(&d, 1, 0, BUFFERS, 17 * 16, V_INDIRECT, 0);
	vd_offer(&d, 1, 0);
	vd_notify(&d, 1);
	CHECK(vd_broken(&d));
	CHECK(strstr(fake_log_text(), "more than 1 MiB"));
	teardown();
}

/* --- console with several ports ------------------------------------------------------------ */

/* Two consoles and one port by name: queues 0, 1; control 2, 3; 4, 5; 6, 7. */
static void start_ports(void)
{
	static const char names[] = "agent";
	struct dt_node *node;
	unsigned i;
	int err;

	world_begin();
	node = world_node("virtio", "virtio,mmio");
	CHECK_EQ(dt_set_u32(node, "interrupts", V_IRQ), 0);
	CHECK_EQ(dt_set_u32(node, "virtio_type", 3), 0);
	CHECK_EQ(dt_set_u32(node, "ports", 2), 0);
	CHECK_EQ(dt_set(node, "port_names", names, sizeof(names)), 0);
	memset(&d, 0, sizeof(d));
	d.dev = world_probe(node, 0x200, &err);
	REQUIRE(d.dev);
	CHECK_EQ(d.dev->emu->check(node, "p", world_out()), 0);
	CHECK_EQ(world_r32(d.dev, V_CONFIG + 4), 3);
	CHECK_EQ(vd_offered(&d) & 7, 6);
	CHECK(vd_negotiate(&d, ALL | 2));
	for (i = 0; i < 8; i++)
		vd_queue(&d, i, 8, RINGS + 0x200 * i);
	vd_ready(&d);
	for (i = 0; i < 8; i++) {
		vd_desc(&d, 2, i, BUFFERS + 0x1000 + 0x40 * i, 0x40, V_WRITE, 0);
		vd_desc(&d, 0, i, BUFFERS + 0x2000 + 0x40 * i, 0x40, V_WRITE, 0);
		vd_desc(&d, 4, i, BUFFERS + 0x3000 + 0x40 * i, 0x40, V_WRITE, 0);
		vd_desc(&d, 6, i, BUFFERS + 0x4000 + 0x40 * i, 0x40, V_WRITE, 0);
	}
}

static void say(uint32_t id, uint16_t event, uint16_t value, uint32_t len)
{
	uint32_t used, n;

	put_le32(world_mem(BUFFERS), id);
	put_le16(world_mem(BUFFERS + 4), event);
	put_le16(world_mem(BUFFERS + 6), value);
	vd_desc(&d, 3, 0, BUFFERS, len, 0, 0);
	vd_offer(&d, 3, 0);
	vd_notify(&d, 3);
	CHECK(vd_used(&d, 3, &used, &n));
}

/* The next message of the device is this one. */
static void expect_message(uint32_t id, uint16_t event, const char *name)
{
	uint32_t used, n;
	uint8_t *m;

	if (!vd_used(&d, 2, &used, &n)) {
		unit_fail(__FILE__, __LINE__, "no message %u for port %u", event, id);
		return;
	}
	m = world_mem(BUFFERS + 0x1000 + 0x40 * used);
	CHECK_EQ(get_le32(m), id);
	CHECK_EQ(get_le16(m + 4), event);
	CHECK_EQ(get_le16(m + 6), 1);
	CHECK_EQ(n, 8 + strlen(name));
	CHECK_MEM(m + 8, name, strlen(name));
}

static void offer_buffers(unsigned queue, unsigned from, unsigned n)
{
	while (n--)
		vd_offer(&d, queue, (uint16_t)(from++ % 8));
	vd_notify(&d, queue);
}

TEST(console_ports_come_up)
{
	uint32_t id, len;

	start_ports();
	say(0, 0, 1, 8);
	/* Told when there are buffers, in order. */
	CHECK(!vd_used(&d, 2, &id, &len));
	offer_buffers(2, 0, 2);
	expect_message(0, 1, "");
	expect_message(1, 1, "");
	CHECK(!vd_used(&d, 2, &id, &len));
	offer_buffers(2, 2, 6);
	expect_message(2, 1, "");
	say(0, 3, 1, 8);
	expect_message(0, 4, "");
	expect_message(0, 6, "");
	say(2, 3, 1, 8);
	expect_message(2, 6, "");
	offer_buffers(2, 0, 4);
	expect_message(2, 7, "agent");
	/* What is no message. */
	say(3, 3, 1, 8);
	say(0xffffffff, 6, 1, 8);
	say(1, 99, 1, 8);
	say(1, 3, 1, 7);
	say(1, 3, 0, 8);
	CHECK(!vd_used(&d, 2, &id, &len));
	CHECK(!vd_broken(&d));
	CHECK(strstr(fake_log_text(), "control message 3 for port 3, of 8 bytes: ignored"));
	teardown();
}

TEST(console_ports_are_apart)
{
	uint32_t id, len;

	start_ports();
	put_text(BUFFERS + 0x500, "to two");
	vd_desc(&d, 7, 0, BUFFERS + 0x500, 6, 0, 0);
	world_listen("g/virtio.agent");
	vd_offer(&d, 7, 0);
	vd_notify(&d, 7);
	CHECK_STR(world_heard(), "to two");
	offer_buffers(0, 0, 2);
	offer_buffers(4, 0, 2);
	/* Closed: input waits. */
	CHECK_EQ(world_type("g/virtio.1", "one"), 3);
	CHECK_EQ(world_type("g/virtio", "zero"), 4);
	CHECK(!vd_used(&d, 4, &id, &len));
	CHECK(!vd_used(&d, 0, &id, &len));
	say(1, 6, 1, 8);
	REQUIRE(vd_used(&d, 4, &id, &len));
	CHECK_MEM(world_mem(BUFFERS + 0x3000), "one", 3);
	CHECK(!vd_used(&d, 0, &id, &len));
	say(0, 6, 1, 8);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_MEM(world_mem(BUFFERS + 0x2000), "zero", 4);
	say(1, 6, 0, 8);
	CHECK_EQ(world_type("g/virtio.1", "again"), 5);
	CHECK(!vd_used(&d, 4, &id, &len));
	/* A driver that knows one port only. */
	CHECK(vd_negotiate(&d, ALL));
	vd_queue(&d, 0, 8, RINGS);
	vd_ready(&d);
	vd_desc(&d, 0, 0, BUFFERS + 0x2000, 8, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	CHECK_EQ(world_type("g/virtio", "alone"), 5);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(len, 5);
	teardown();
}

TEST(console_nodes_that_cannot_be)
{
	static const char bad[] = "good\0with/slash\0\0a name of more than thirty-one characters";
	struct dt_node *node;
	int err;

	world_begin();
	node = world_node("virtio", "virtio,mmio");
	CHECK_EQ(dt_set_u32(node, "interrupts", V_IRQ), 0);
	CHECK_EQ(dt_set_u32(node, "virtio_type", 3), 0);
	CHECK_EQ(dt_set(node, "port_names", bad, sizeof(bad)), 0);
	d.dev = world_probe(node, 0x200, &err);
	REQUIRE(d.dev);
	CHECK_EQ(d.dev->emu->check(node, "p", world_out()), 3);
	CHECK_EQ(dt_set_u32(node, "ports", 16), 0);
	CHECK_EQ(d.dev->emu->check(node, "p", world_out()), 4);
	world_remove(d.dev);
	CHECK(!world_probe(node, 0x200, &err));
	CHECK_EQ(err, -EINVAL);
	CHECK_EQ(dt_del_prop(node, "port_names"), 0);
	CHECK_EQ(dt_set_u32(node, "ports", 0), 0);
	CHECK(!world_probe(node, 0x200, &err));
	CHECK_EQ(world_end(), 0);
}

/*
 * --- disk
 * ------------------------------------------------------------------------------------------
 */

#define T_IN 0
#define T_OUT 1
#define T_FLUSH 4
#define T_ID 8
#define T_DISCARD 11
#define T_ZEROES 13

#define HEADER (BUFFERS)
#define STATUS (BUFFERS + 0x20)
#define DATA   (BUFFERS + 0x1000)

static void header(uint32_t type, uint64_t sector)
{
	put_le32(world_mem(HEADER), type);
	put_le32(world_mem(HEADER + 4), 0);
	put_le64(world_mem(HEADER + 8), sector);
	*world_mem(STATUS) = 0xee;
}

/* A request with one buffer of data, or none. @return its status; *written as the device says */
static uint8_t request(uint32_t type, uint64_t sector, uint32_t bytes, bool write,
		       uint32_t *written)
{
	uint32_t id = 0;

	*written = 0;
	header(type, sector);
	vd_desc(&d, 0, 0, HEADER, 16, V_NEXT, bytes ? 1 : 2);
	vd_desc(&d, 0, 1, DATA, bytes, V_NEXT | (write ? V_WRITE : 0), 2);
	vd_desc(&d, 0, 2, STATUS, 1, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	/* Without the feature for flushes a write ends when a flush behind it has. */
	if (type != T_IN && !(d.features & BIT(9)))
		world_work();
	if (!vd_used(&d, 0, &id, written))
		unit_fail(__FILE__, __LINE__, "request type %u was not given back", type);
	return *world_mem(STATUS);
}

static const uint64_t blk_all = ALL | BIT(2) | BIT(6) | BIT(9) | BIT(10) | BIT(12) | BIT(13) |
				BIT(14);

TEST(disk_configuration)
{
	start(2, blk_all);
	CHECK_EQ(vd_offered(&d), blk_all | V_F_PACKED | V_F_RESET);
	CHECK_EQ(world_r32(d.dev, V_CONFIG), DISK_SECTORS);
	CHECK_EQ(world_read(d.dev, V_CONFIG, 8), DISK_SECTORS);
	CHECK_EQ(world_r32(d.dev, V_CONFIG + 12), 126);
	CHECK_EQ(world_r32(d.dev, V_CONFIG + 20), 512);
	CHECK_EQ(world_r32(d.dev, V_CONFIG + 48), 2048);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 56, 1), 1);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 59, 1), 0);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 0xf8, 8), 0);
	CHECK_EQ(world_write(d.dev, V_CONFIG, 8, 1), EMU_OK);
	CHECK_EQ(world_read(d.dev, V_CONFIG, 8), DISK_SECTORS);
	d.dev->emu->show(d.dev, world_out());
	CHECK(strstr(world_out_text(), "disk rd0 of 512 sectors"));
	teardown();
}

TEST(disk_reads_and_writes)
{
	uint8_t sectors[2048];
	uint32_t n;
	unsigned i;

	start(2, ALL);
	for (i = 0; i < sizeof(sectors); i++)
		*world_mem(DATA + i) = sectors[i] = (uint8_t)(i * 13 + i / 512);
	CHECK_EQ(request(T_OUT, 7, 2048, false, &n), 0);
	CHECK_EQ(n, 1);
	memset(world_mem(DATA), 0, 2048);
	CHECK_EQ(request(T_IN, 7, 2048, true, &n), 0);
	CHECK_EQ(n, 2049);
	CHECK_MEM(world_mem(DATA), sectors, 2048);
	CHECK_EQ(request(T_IN, 6, 512, true, &n), 0);
	CHECK_EQ(*world_mem(DATA + 5), 0);
	CHECK_EQ(request(T_FLUSH, 0, 0, false, &n), 0);
	CHECK_EQ(n, 1);
	CHECK_EQ(request(T_ID, 0, 20, true, &n), 0);
	CHECK_EQ(n, 21);
	CHECK_MEM(world_mem(DATA), "virtio\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	CHECK(world_line(V_IRQ));
	teardown();
}

TEST(disk_errors)
{
	uint32_t n;

	start(2, ALL);
	CHECK_EQ(request(T_IN, DISK_SECTORS, 512, true, &n), 1);
	CHECK_EQ(n, 0);
	CHECK_EQ(request(T_IN, DISK_SECTORS - 1, 1024, true, &n), 1);
	CHECK_EQ(request(T_OUT, UINT64_MAX, 512, false, &n), 1);
	CHECK_EQ(request(T_OUT, UINT64_MAX - 1, 1024, false, &n), 1);
	CHECK_EQ(request(T_IN, 0, 511, true, &n), 1);
	CHECK_EQ(request(T_OUT, 0, 513, false, &n), 1);
	CHECK_EQ(request(99, 0, 512, true, &n), 2);
	/* Not agreed upon. */
	CHECK_EQ(request(T_DISCARD, 0, 16, false, &n), 2);
	CHECK_EQ(request(T_ZEROES, 0, 16, false, &n), 2);
	CHECK(!vd_broken(&d));
	teardown();
}

TEST(disk_broken_requests)
{
	start(2, ALL);
	header(T_IN, 0);
	vd_desc(&d, 0, 0, HEADER, 15, V_NEXT, 1);
	vd_desc(&d, 0, 1, STATUS, 1, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK(vd_broken(&d));
	teardown();
	start(2, ALL);
	header(T_OUT, 0);
	vd_desc(&d, 0, 0, HEADER, 16, 0, 1);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK(vd_broken(&d));
	teardown();
	start(2, ALL);
	header(T_OUT, 0);
	vd_desc(&d, 0, 0, HEADER, 16, V_NEXT, 1);
	vd_desc(&d, 0, 1, 0, 512, V_NEXT, 2);
	vd_desc(&d, 0, 2, STATUS, 1, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK(vd_broken(&d));
	CHECK_EQ(*world_mem(STATUS), 0xee);
	teardown();
}

TEST(disk_scattered_buffers)
{
	/* Header in three pieces, data in pieces that split sectors, status behind data. */
	static const struct {
		uint64_t at;
		uint32_t len;
	} out[] = { { 0, 4 }, { 4, 4 }, { 8, 8 } }, in[] = {
		{ 0x1000, 100 }, { 0x1100, 412 }, { 0x2000, 1024 },
		{ 0x3001, 511 }, { 0x4000, 514 },
	};
	uint8_t model[2560];
	uint32_t id, len, off = 0;
	unsigned i, n = 0, j;

	start(2, ALL);
	for (i = 0; i < sizeof(model); i++)
		model[i] = (uint8_t)(i * 31 >> 3);
	CHECK_EQ(blockdev_rw(disk, 100, model, 5, true), 0);
	header(T_IN, 100);
	for (i = 0; i < 3; i++, n++)
		vd_desc_at(RINGS + 0x800, n, HEADER + out[i].at, out[i].len, V_NEXT, n + 1);
	for (i = 0; i < 5; i++, n++)
		vd_desc_at(RINGS + 0x800, n, BUFFERS + in[i].at, in[i].len,
			   V_WRITE | (i < 4 ? V_NEXT : 0), n + 1);
	vd_desc(&d, 0, 0, RINGS + 0x800, n * 16, V_INDIRECT, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(len, 2561);
	for (i = 0; i < 5; i++) {
		for (j = 0; j < in[i].len && off < sizeof(model); j++, off++) {
			if (*world_mem(BUFFERS + in[i].at + j) != model[off]) {
				unit_fail(__FILE__, __LINE__, "byte %u differs", off);
				i = 5;
				break;
			}
		}
	}
	CHECK_EQ(*world_mem(BUFFERS + 0x4000 + 513), 0);
	teardown();
}

static uint8_t ranges(uint32_t type, unsigned n, const uint64_t (*r)[3])
{
	uint32_t written;
	unsigned i;

	for (i = 0; i < n; i++) {
		put_le64(world_mem(DATA + 16 * i), r[i][0]);
		put_le32(world_mem(DATA + 16 * i + 8), (uint32_t)r[i][1]);
		put_le32(world_mem(DATA + 16 * i + 12), (uint32_t)r[i][2]);
	}
	return request(type, 0, 16 * n, false, &written);
}

TEST(disk_discard_and_zeroes)
{
	static const uint64_t one[][3] = { { 2, 3, 0 } }, bad[][3] = { { DISK_SECTORS - 1, 2, 0 } };
	static const uint64_t two[][3] = { { 2, 3, 0 }, { 100, 1, 0 } };
	static const uint64_t none[][3] = { { 7, 0, 0 } }, many[][3] = { { 0, 0x100000, 0 } };
	static const uint64_t unmap[][3] = { { 2, 3, 1 } }, flags[][3] = { { 2, 3, 2 } };
	uint8_t sector[512], zeros[512] = { 0 };
	uint32_t n;
	unsigned i;

	start(2, blk_all);
	memset(sector, 0xab, sizeof(sector));
	for (i = 0; i < 128; i++)
		CHECK_EQ(blockdev_rw(disk, i, sector, 1, true), 0);
	CHECK_EQ(ranges(T_ZEROES, 1, bad), 1);
	CHECK_EQ(ranges(T_ZEROES, 2, two), 1);
	CHECK_EQ(ranges(T_ZEROES, 1, many), 1);
	CHECK_EQ(ranges(T_DISCARD, 1, many), 1);
	CHECK_EQ(ranges(T_ZEROES, 1, none), 0);
	CHECK_EQ(ranges(T_ZEROES, 1, flags), 2);
	CHECK_EQ(ranges(T_DISCARD, 1, unmap), 2);
	for (i = 0; i < 6; i++) {
		CHECK_EQ(blockdev_rw(disk, i, sector, 1, false), 0);
		CHECK_EQ(sector[9], 0xab);
	}
	CHECK_EQ(ranges(T_ZEROES, 1, one), 0);
	for (i = 0; i < 6; i++) {
		CHECK_EQ(blockdev_rw(disk, i, sector, 1, false), 0);
		CHECK_EQ(sector[9], i >= 2 && i < 5 ? 0 : 0xab);
	}
	CHECK_EQ(blockdev_rw(disk, 3, sector, 1, false), 0);
	CHECK_MEM(sector, zeros, 512);
	CHECK_EQ(ranges(T_ZEROES, 1, unmap), 0);
	CHECK_EQ(ranges(T_DISCARD, 1, one), 0);
	CHECK_EQ(request(T_ZEROES, 0, 17, false, &n), 1);
	CHECK_EQ(request(T_ZEROES, 0, 0, false, &n), 1);
	CHECK_EQ(request(T_ZEROES, 0, 17 * 16, false, &n), 1);
	CHECK(!vd_broken(&d));
	teardown();
}

TEST(disk_read_only_file)
{
	static uint8_t file[1024];
	struct dt_node *node;
	uint32_t n;
	int err;

	world_begin();
	memset(file, 0x5c, sizeof(file));
	world_file("/d.img", file, sizeof(file));
	node = world_node("disk", "virtio,mmio");
	CHECK_EQ(dt_set_u32(node, "interrupts", V_IRQ), 0);
	CHECK_EQ(dt_set_u32(node, "virtio_type", 2), 0);
	CHECK_EQ(dt_set_string(node, "blkdev", "/d.img"), 0);
	CHECK_EQ(dt_set_string(node, "serial", "a serial number of more than 20"), 0);
	CHECK_EQ(dt_set(node, "read-only", NULL, 0), 0);
	memset(&d, 0, sizeof(d));
	d.dev = world_probe(node, 0x200, &err);
	REQUIRE(d.dev);
	CHECK_EQ(d.dev->emu->check(node, "p", world_out()), 0);
	CHECK_EQ(vd_offered(&d) & (BIT(5) | BIT(13) | BIT(14)), BIT(5));
	CHECK(vd_negotiate(&d, ALL | BIT(5)));
	vd_queue(&d, 0, 8, RINGS);
	vd_ready(&d);
	CHECK_EQ(request(T_OUT, 0, 512, false, &n), 1);
	CHECK_EQ(request(T_IN, 1, 512, true, &n), 0);
	CHECK_EQ(*world_mem(DATA + 511), 0x5c);
	CHECK_EQ(request(T_ID, 0, 20, true, &n), 0);
	CHECK_MEM(world_mem(DATA), "a serial number of m", 20);
	CHECK_EQ(request(T_ID, 0, 4, true, &n), 0);
	CHECK_EQ(n, 5);
	teardown();
}

TEST(full_disk_memory)
{
	uint32_t n;

	start(2, ALL);
	*world_mem(DATA) = 1;
	world_pages_fail(true);
	CHECK_EQ(request(T_OUT, 0, 512, false, &n), 1);
	world_pages_fail(false);
	CHECK_EQ(request(T_OUT, 0, 512, false, &n), 0);
	teardown();
}

/* A driver that always has more: one exit ends, a thread goes on, and both can be stopped. */
TEST(endless_requests_go_to_a_thread)
{
	unsigned i, done;

	make(2);
	CHECK(vd_negotiate(&d, V_F_VERSION1));
	vd_queue(&d, 0, 128, RINGS);
	vd_ready(&d);
	header(T_IN, 0);
	vd_desc(&d, 0, 0, HEADER, 16, V_NEXT, 1);
	vd_desc(&d, 0, 1, WORLD_RAM + WORLD_PIECE, 0xfe00, V_WRITE | V_NEXT, 2);
	vd_desc(&d, 0, 2, STATUS, 1, V_WRITE, 0);
	for (i = 0; i < 128; i++)
		vd_offer(&d, 0, 0);
	CHECK_EQ(world_thread_count(), 0);
	vd_notify(&d, 0);
	done = vd_read16(d.q[0].used + 2);
	CHECK(done > 10 && done < 100);
	CHECK_EQ(world_thread_count(), 1);
	/* Notifications are off meanwhile; the guest is told of what is done. */
	CHECK_EQ(vd_read16(d.q[0].used), 1);
	CHECK(world_line(V_IRQ));
	CHECK(world_threads(0));
	CHECK(vd_read16(d.q[0].used + 2) > done);
	CHECK(!world_threads(100));
	CHECK_EQ(vd_read16(d.q[0].used + 2), 128);
	CHECK_EQ(vd_read16(d.q[0].used), 0);
	/* Left over when the device goes. */
	for (i = 0; i < 128; i++)
		vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	teardown();
	CHECK_EQ(world_thread_count(), 0);
}

TEST(reset_ends_what_is_left_over)
{
	unsigned i;

	make(2);
	CHECK(vd_negotiate(&d, V_F_VERSION1));
	vd_queue(&d, 0, 128, RINGS);
	vd_ready(&d);
	header(T_IN, 0);
	vd_desc(&d, 0, 0, HEADER, 16, V_NEXT, 1);
	vd_desc(&d, 0, 1, WORLD_RAM + WORLD_PIECE, 0xfe00, V_WRITE | V_NEXT, 2);
	vd_desc(&d, 0, 2, STATUS, 1, V_WRITE, 0);
	for (i = 0; i < 128; i++)
		vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	d.dev->emu->reset(d.dev);
	CHECK(!world_line(V_IRQ));
	i = vd_read16(d.q[0].used + 2);
	CHECK(!world_threads(10));
	CHECK_EQ(vd_read16(d.q[0].used + 2), i);
	teardown();
	/* No memory for the thread: the device stops, with a sentence. */
	make(2);
	CHECK(vd_negotiate(&d, V_F_VERSION1));
	vd_queue(&d, 0, 128, RINGS);
	vd_ready(&d);
	header(T_IN, 0);
	vd_desc(&d, 0, 0, HEADER, 16, V_NEXT, 1);
	vd_desc(&d, 0, 1, WORLD_RAM + WORLD_PIECE, 0xfe00, V_WRITE | V_NEXT, 2);
	vd_desc(&d, 0, 2, STATUS, 1, V_WRITE, 0);
	for (i = 0; i < 128; i++)
		vd_offer(&d, 0, 0);
	fake_heap_fail_at(1);
	vd_notify(&d, 0);
	fake_heap_fail_at(0);
	CHECK(vd_broken(&d));
	CHECK(strstr(fake_log_text(), "no memory for a thread"));
	teardown();
}
