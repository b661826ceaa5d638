/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands: what they ask of guests, what they say when that fails, and the console of a guest.
 */
#include "../../core/dt/dt_priv.h"
#include "../../core/shell/shell_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/log.h>
#include <core/mem.h>
#include <core/vfs.h>
#include <core/vserial.h>
#include <libfdt.h>
#include <libs/errno.h>

#include "fake.h"
#include "fake_guests.h"
#include "term.h"
#include "unit.h"

static struct shell *sh;
static struct guest *web;
static void *image;
static size_t heap_before;

static void begin(void)
{
	static uint64_t blob[64];
	size_t size;

	heap_before = fake_heap_live();
	fdt_create_empty_tree(blob, sizeof(blob));
	if (dt_init(blob) || !dt_add_node(dt_root(), "guests"))
		abort();
	term_begin(true);
	fake_guests_clear();
	web = fake_guests_add("web", 2);
	web->node = dt_find("/guests");
	sh = shell_create(&term);
	image = unit_data("tree.cpio", &size);
	if (!image || vfs_mount_image("/", image, size))
		abort();
}

static void end(void)
{
	CHECK_EQ(fake_guests_held(), 0);
	shell_destroy(sh);
	CHECK_EQ(vfs_unmount("/"), 0);
	free(image);
	term_end();
	dt_forget();
	CHECK_EQ(fake_heap_live(), heap_before);
}

static void check_run(const char *line, int status, const char *output)
{
	CHECK_STR(term_run(sh, line), output);
	CHECK_EQ(shell_status(sh), status);
}

static void check_asked(const char *line, const char *asked)
{
	fake_guests_asked();
	check_run(line, 0, "");
	CHECK_STR(fake_guests_asked(), asked);
}

/*
 * --- guests -------------------------------------------------------------------------------------
 */

TEST(lives)
{
	begin();
	fake_guests_add("db", 1);
	check_asked("guest start web db", "start web\nstart db\n");
	check_asked("guest kick web", "start web\n");
	check_asked("guest pause web", "pause web\n");
	check_asked("guest resume web", "resume web\n");
	check_asked("guest reset web", "reset web\n");
	check_asked("guest stop web", "stop web\n");
	check_asked("guest halt db", "stop db\n");
	check_asked("guest power web", "power web\n");
	check_asked("guest destroy web db", "destroy web\ndestroy db\n");
	fake_guests_fail(-ENOMEM);
	check_run("guest start web", 128 + ENOMEM, "guest start: web: not enough memory\r\n");
	check_run("guest destroy web", 128 + ENOMEM, "guest destroy: web: not enough memory\r\n");
	fake_guests_fail(-EBUSY);
	check_run("guest pause web", 128 + EBUSY, "guest pause: guest web is stopped\r\n");
	check_run("guest destroy web", 128 + EBUSY,
		  "guest destroy: guest web is being destroyed already\r\n");
	fake_guests_fail(-ENODEV);
	check_run("guest power web", 128 + ENODEV,
		  "guest power: guest web has no power button; 'guest stop web' ends it\r\n");
	fake_guests_fail(0);
	end();
}

TEST(making)
{
	begin();
	check_asked("guest create new board=virt mem=64M cmdline=\"a b\"",
		    "parse <new> <board=virt> <mem=64M> <cmdline=a b>\ncreate\n");
	check_run(
		"guest create guest0", 128 + ENOENT,
		"guest create: no node /guests/guest0; with key=value words "
		"a guest is made of a board: "
		"guest create guest0 board=<Tab> mem=256M kernel=/boot/vmlinuz\r\n");
	REQUIRE(dt_add_node(dt_find("/guests"), "guest0"));
	check_asked("guest create guest0", "create guest0\n");
	check_asked("guest create /guests/guest0", "create guest0\n");
	check_run("guest check guest0", 0, "guest0: no errors\r\n");
	fake_guests_fail(-EINVAL);
	check_run("guest create guest0", 128 + EINVAL,
		  "guest create: /guests/guest0: nothing is right\r\n");
	check_run("guest create x mem=x", 128 + EINVAL, "guest create: mem=: \"x\" is no size\r\n");
	check_run("guest check guest0", 128 + EINVAL,
		  "guest check: /guests/guest0: wrong\r\nguest check: guest0: 1 error\r\n");
	check_run("guest check nowhere", 128 + ENOENT,
		  "guest check: nowhere: neither a node under /guests nor a DTB file\r\n");
	fake_guests_fail(0);
	end();
}

static bool end_guest(uint64_t deadline)
{
	if (term_now < 3000000000u)
		return false; /* time passes first */
	if (web->exit != GUEST_EXIT_NONE)
		return false;
	fake_guests_end(web, GUEST_EXIT_CRASH, "crashed in its first instruction");
	return true;
}

TEST(waiting)
{
	begin();
	check_run("guest wait web", 128 + EINVAL, "guest wait: guest web has not been started\r\n");
	web->state = GUEST_RUNNING;
	check_run("guest wait web 500ms", 128 + ETIMEDOUT,
		  "guest wait: guest web is still running\r\n");
	CHECK_EQ(term_now, 1500000000);
	term_input("\x03");
	check_run("guest wait web", 128 + EINTR, "");
	term_idle = end_guest;
	check_run("guest wait web", GUEST_EXIT_CRASH, "web: crashed in its first instruction\r\n");
	check_run("guest wait web 1", GUEST_EXIT_CRASH,
		  "web: crashed in its first instruction\r\n");
	CHECK(strstr(term_run(sh, "guest status web"),
		     "web: stopped; crashed in its first instruction (exit code 2)\r\n"));
	CHECK(strstr(term_run(sh, "guest list"), "crashed in its first"));
	end();
}

TEST(memory_of_a_guest)
{
	begin();
	check_run("guest dumpmem web 0x40000000 20", 0,
		  "40000000: 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f  ................\r\n"
		  "40000010: 10 11 12 13                                      ....\r\n");
	check_run("guest dumpmem web 0x400000f8 16", 128 + EFAULT,
		  "400000f8: f8 f9 fa fb fc fd fe ff                          ........\r\n"
		  "guest dumpmem: guest web has no memory at 0x40000100\r\n");
	check_run("guest dumpmem web 0", 128 + EFAULT,
		  "guest dumpmem: guest web has no memory at 0x0\r\n");
	end();
}

TEST(loading)
{
	begin();
	check_asked("vfs guest_load web 0x40080000 /boot/hello",
		    "load web 0x40080000 /boot/hello\n");
	check_asked("vfs guest_load web 0x40080000 /boot/hello 2 3", "mem_load 0x40080000 3 llo\n");
	check_asked("vfs guest_load web 0x40080000 /boot/hello 7",
		    "mem_load 0x40080000 6 world\n\n");
	check_run("vfs guest_load web 0 /boot/hello 99", 128 + ERANGE,
		  "vfs guest_load: /boot/hello has 13 bytes, less than the offset\r\n");
	check_run("vfs guest_load web 0 /none 1", 128 + ENOENT,
		  "vfs guest_load: /none: not found\r\n");
	check_asked("vfs guest_load_list web /list", "load_list web /list\n");
	check_asked("vfs host_load 0x80000000 /list", "host_load 0x80000000 /list 0 "
						     "ffffffffffffffff\n");
	check_asked("vfs host_load 0x80000000 /list 1K 2K",
		    "host_load 0x80000000 /list 1024 800\n");
	check_asked("vfs host_load_list /list", "load_list - /list\n");
	check_asked("vfs fdt_load /guests g /boot/x.dtb a,b,string,c d,e,uint32,1",
		    "fdt_load /guests g /boot/x.dtb <a,b,string,c> <d,e,uint32,1>\n");
	check_asked("vfs guest_fdt_load g /boot/x.dtb 4 a,b,string,c",
		    "guest_fdt_load g /boot/x.dtb 4 <a,b,string,c>\n");
	end();
}

TEST(vcpus)
{
	const char *text;

	begin();
	text = term_run(sh, "vcpu list");
	CHECK(strstr(text, "web/vcpu0  ready") && strstr(text, "web/vcpu1  ready"));
	web->vcpus[0]->exits[EXIT_MMIO] = 1000;
	web->vcpus[1]->exits[EXIT_MMIO] = 500;
	web->vcpus[1]->exits[EXIT_IDLE] = 7;
	web->started_at = 0;
	text = term_run(sh, "vcpu stats web");
	CHECK(strstr(text, "device access   1500        1500\r\n"));
	CHECK(strstr(text, "all             1507        1507\r\n"));
	CHECK(!strstr(text, "hypercall"));
	text = term_run(sh, "vcpu stats web/vcpu1 2s");
	CHECK(strstr(text, "device access      0           0\r\n"));
	CHECK_EQ(term_now, 3000000000);
	check_run("vcpu stats nobody", 128 + ENOENT,
		  "vcpu stats: 'nobody' is neither a guest nor a vCPU\r\n");
	check_asked("vcpu pause web/vcpu1", "control 1 0\n");
	check_asked("vcpu resume web/vcpu1", "control 1 1\n");
	check_asked("vcpu halt web/1", "control 1 2\n");
	check_asked("vcpu kick web/vcpu0", "control 0 3\n");
	check_asked("vcpu reset web/vcpu0", "control 0 4\n");
	web->vcpus[0]->stopped = false;
	web->state = GUEST_RUNNING;
	fake_guests_asked();
	term_run(sh, "vcpu dumpreg web/vcpu0");
	CHECK_STR(fake_guests_asked(), "stop 0\nrun 0\n");
	end();
}

/*
 * --- console
 * --------------------------------------------------------------------------------------
 */

static char typed[256];
static size_t typed_len, room;

static size_t take_input(void *priv, const uint8_t *buf, size_t n)
{
	n = n < room ? n : room;
	memcpy(typed + typed_len, buf, n);
	typed_len += n;
	typed[typed_len] = '\0';
	return n;
}

static struct vserial *port;

static void begin_console(void)
{
	begin();
	typed_len = 0;
	typed[0] = '\0';
	room = sizeof(typed) - 1;
	web->state = GUEST_RUNNING;
	port = vserial_create(web, "uart0", 1024, take_input, NULL);
	if (!port)
		abort();
}

static void end_console(void)
{
	vserial_destroy(port);
	end();
}

#define ENTRY "[web/uart0; ESC x q leaves]\r\n"
#define LEFT "[left web/uart0; 'console web' comes back]\r\n"

TEST(console)
{
	begin_console();
	vserial_output(port, (const uint8_t *)"before\n", 7);
	term_input("ab\x03\x1bxq");
	check_run("console web", 0, ENTRY "before\n" LEFT);
	CHECK_STR(typed, "ab\x03");
	term_input("\x1bxq");
	check_run("vserial bind web/uart0; echo again", 0, ENTRY LEFT "again\r\n");
	end_console();
}

TEST(console_escape)
{
	static const struct {
		const char *keys, *guest;
	} cases[] = {
		{ "\x1b[A\x1bxq", "\x1b[A" },
		{ "\x1bx\x1bxq", "\x1bx" },
		{ "\x1b\x1bxq", "\x1b" },
		{ "\x1bxx\x1bxq", "\x1bxx" },
		{ "xq\x1b" "q\x1bxq", "xq\x1b" "q" },
		{ "\x1bxq", "" },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin_console();
		term_input(cases[i].keys);
		check_run("console web", 0, ENTRY LEFT);
		CHECK_STR(typed, cases[i].guest);
		end_console();
	}
}

static unsigned idles;

/* A lone ESC: it is the guest's after a moment, and what follows later does not leave. */
static bool lone_escape(uint64_t deadline)
{
	switch (idles++) {
	case 0:
		CHECK_STR(typed, "");
		CHECK(deadline <= term_now + 500000000);
		return false; /* time passes */
	case 1:
		CHECK_STR(typed, "\x1b");
		term_receive("xq\x1bxq");
		return true;
	}
	return false;
}

TEST(console_lone_escape)
{
	begin_console();
	idles = 0;
	term_idle = lone_escape;
	term_input("\x1b");
	check_run("console web", 0, ENTRY LEFT);
	CHECK_STR(typed, "\x1bxq");
	end_console();
}

static bool finish(uint64_t deadline)
{
	if (web->exit != GUEST_EXIT_NONE)
		return false;
	vserial_output(port, (const uint8_t *)"last words", 10);
	log_notice("guest web ended"); /* not amidst its screen */
	fake_guests_end(web, GUEST_EXIT_OFF, "powered off");
	return true;
}

TEST(console_ends_with_the_guest)
{
	begin_console();
	term_idle = finish;
	check_run("console", 0, ENTRY "last words\r\n[web: powered off]\r\n");
	fake_guests_end(web, GUEST_EXIT_CRASH, "crashed");
	check_run("console web || echo $?", 0, ENTRY "[web: crashed]\r\n2\r\n");
	web->state = GUEST_PAUSED;
	web->exit = GUEST_EXIT_NONE;
	term_input("\x1bxq");
	check_run("console web", 0, ENTRY LEFT);
	fake_guests_add("other", 1);
	check_run("console", 128 + EINVAL, "console: say which of 2 guests\r\n");
	end_console();
}

TEST(output_of_a_guest)
{
	begin_console();
	vserial_output(port, (const uint8_t *)"one\ntwo\x01\x7f", 9);
	check_run("vserial dump web", 0, "one\r\ntwo..\r\n");
	check_run("vserial dump web/uart0 3", 0, "o..\r\n");
	CHECK(strstr(term_run(sh, "vserial list"), "web/uart0     9         0     "));
	check_run("vserial bind web/uart7", 128 + ENOENT,
		  "vserial bind: no serial port 'web/uart7' of a guest; "
		  "'vserial list' shows them\r\nusage: vserial bind <port>\r\n");
	end_console();
}

/*
 * --- tree and files
 * ---------------------------------------------------------------------------------
 */

TEST(device_tree)
{
	begin();
	check_run("devtree add /guests g", 0, "");
	check_run("devtree set /guests/g reg uint32 1 0x20", 0, "");
	check_run("devtree attr set /guests/g size physsize 256M", 0, "");
	check_run("devtree set /guests/g name string one two", 0, "");
	check_run("devtree set /guests/g mac bytes 1 2 0xff", 0, "");
	check_run("devtree set /guests/g flag string", 0, "");
	check_run("devtree get /guests/g reg", 0, "<0x1 0x20>\r\n");
	check_run("devtree attr get /guests/g size", 0, "<0x0 0x10000000>\r\n");
	check_run("devtree get /guests/g name", 0, "\"one\", \"two\"\r\n");
	check_run("devtree get /guests/g mac", 0, "[01 02 ff]\r\n");
	check_run(
		"devtree print /guests", 0,
		"guests {\r\n  g {\r\n    reg = <0x1 0x20>;\r\n    size = <0x0 0x10000000>;\r\n"
		"    name = \"one\", \"two\";\r\n    mac = [01 02 ff];\r\n"
		"    flag;\r\n  };\r\n};\r\n");
	check_run("devtree ls /", 0, "guests/\r\n");
	check_run("devtree set /guests/g reg uint32 0x100000000", 128 + ERANGE,
		  "devtree set: '0x100000000' as uint32: out of range\r\n");
	check_run("devtree set /guests/g reg uint32 x", 128 + EINVAL,
		  "devtree set: 'x' as uint32: not a valid value\r\n");
	check_run("devtree add /guests g", 128 + EEXIST,
		  "devtree add: /guests has a node 'g' already\r\n");
	check_run("devtree add /guests a/b", 128 + EINVAL,
		  "devtree add: 'a/b' is no name of a node\r\n");
	check_run("devtree get /guests/g none", 128 + ENOENT,
		  "devtree get: /guests/g has no attribute 'none'\r\n");
	check_run("devtree node copy / copy /guests/g", 0, "");
	check_run("devtree get /copy reg", 0, "<0x1 0x20>\r\n");
	check_run("devtree del /guests/g reg", 0, "");
	check_run("devtree attr del /guests/g reg", 128 + ENOENT,
		  "devtree attr del: attribute 'reg' of /guests/g: not found\r\n");
	check_run("devtree del /guests/g", 0, "");
	check_run("devtree del /", 128 + EINVAL, "devtree del: the root cannot be removed\r\n");
	dt_get(dt_find("/guests"));
	check_run("devtree node del /guests", 128 + EBUSY,
		  "devtree node del: /guests is in use by a guest or a device\r\n");
	dt_put(dt_find("/guests"));
	end();
}

TEST(files)
{
	begin();
	check_run("vfs cat /boot/hello", 0, "hello, world\r\n");
	check_run("vfs cat /boot", 128 + EISDIR, "vfs cat: /boot: is a directory\r\n");
	CHECK(strstr(term_run(sh, "vfs cat /big.bin"), "this is no text"));
	CHECK(strstr(term_run(sh, "vfs ls /boot"),
		     "-rwxr-xr-x         13 2023-11-14 22:13 hello\r\n"));
	CHECK(strstr(term_run(sh, "vfs ls /boot"), " link -> hello\r\n"));
	CHECK(strstr(term_run(sh, "vfs ls /boot"), "total 3\r\n"));
	CHECK(strstr(term_run(sh, "vfs ls"), "drwxr-xr-x"));
	CHECK(strstr(term_run(sh, "vfs ls /boot/hello"), "22:13 hello\r\n"));
	check_run(
		"vfs stat /boot/hello", 0,
		"/boot/hello: file, 13 bytes (13 B), mode -rwxr-xr-x, "
		"changed 2023-11-14 22:13\r\n");
	check_run("vfs ls /none", 128 + ENOENT, "vfs ls: /none: not found\r\n");
	check_run("vfs mount initrd /", 0, "");
	check_run("vfs mount sda /mnt", 128 + ENODEV,
		  "vfs mount: no block device 'sda'; 'blockdev list' shows them\r\n");
	check_run("vfs umount /mnt", 128 + ENOENT, "vfs umount: nothing is mounted at /mnt\r\n");
	CHECK(strstr(term_run(sh, "vfs mplist"), "initrd  cpio"));
	end();
}

TEST(logs)
{
	begin();
	log_clear();
	log_set_console_level(LOG_ERROR);
	log_info("something");
	check_run("log show", 0, "[    1.000000] something\r\n");
	check_run("log show error", 0, "");
	check_run("log level", 0, "error\r\n");
	check_run("log level debug; log level", 0, "debug\r\n");
	check_run(
		"log level loud", 128 + EINVAL,
		"log level: 'loud' is none of error|warning|info|debug\r\n"
		"usage: log level [error|warning|info|debug]\r\n");
	check_run("log clear; log show", 0, "");
	end();
}
