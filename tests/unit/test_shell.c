/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shell: lines, exit codes, checking of arguments, help, completion, scripts, and the
 * terminal's loop. Commands are some made for this test, and echo and vfs.
 */
#include "../../core/shell/shell_priv.h"
#include "../../core/dt/dt_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/dt.h>
#include <core/mem.h>
#include <core/vfs.h>
#include <libfdt.h>
#include <libs/errno.h>

#include "fake.h"
#include "fake_block.h"
#include "fake_guests.h"
#include "term.h"
#include "unit.h"

/*
 * --- commands ----------------------------------------------------------------------------------
 */

static char seen[512];

static int run_note(struct shell *shell, int argc, char **argv)
{
	strcpy(seen, "");
	for (int i = 0; i < argc; i++) {
		strcat(seen, i ? " " : "");
		strcat(seen, argv[i]);
	}
	return 0;
}

static int run_code(struct shell *shell, int argc, char **argv)
{
	return (int)arg_u64(argv[0]);
}

static int run_errno(struct shell *shell, int argc, char **argv)
{
	return -(int)arg_u64(argv[0]);
}

static int run_sentence(struct shell *shell, int argc, char **argv)
{
	out_printf(shell_errors(shell), "one\ntwo");
	out_puts(shell_errors(shell), " more\n");
	return -EINVAL;
}

static int run_spin(struct shell *shell, int argc, char **argv)
{
	term_receive("\x03");
	return shell_interrupted(shell) ? -EINTR : 0;
}

static int run_wait(struct shell *shell, int argc, char **argv)
{
	return shell_sleep(shell, term_now + arg_time(argv[0]));
}

static const struct command_sub try_subs[] = {
	{ "note", "keep words", ARGS(ARG_ANY(WORD, "word")), run_note },
	{ "code", "exit with a code", ARGS(ARG(U64, "code")), run_code },
	{ "errno", "fail", ARGS(ARG(U64, "errno")), run_errno },
	{ "sentence", "fail with words", NULL, run_sentence },
	{ "spin", "is interrupted", NULL, run_spin },
	{ "wait", "a while", ARGS(ARG(TIME, "time")), run_wait },
	{ "size", "of memory", ARGS(ARG(SIZE, "bytes"), ARG_OPT(U64, "count")), run_note },
	{ "some", "guests", ARGS({ .name = "guest", .type = ARG_GUEST, .rest = true }), run_note },
	{ "vcpu", "one", ARGS(ARG(VCPU, "vcpu")), run_note },
	{ "choice", "of three", ARGS(ARG_ONE_OF("kind", "red|green|grey")), run_note },
	{ "node", "of the tree", ARGS(ARG(DTPATH, "node")), run_note },
	{ "dir", "path", ARGS(ARG(DIR, "path")), run_note },
	{ "keys", "key=value",
	  ARGS(ARG(WORD, "name"), { .name = "key=value", .choices = "board=#|kernel=@|mem=|gic=2,3",
				    .type = ARG_KEYS, .optional = true, .rest = true }), run_note },
	{ "cpu info", "two words", NULL, run_note },
	{ "cpu irq", "two words", ARGS(ARG_OPT(CHARDEV, "chardev")), run_note },
	{ .run = NULL },
};
COMMAND(try) { "try", "things", try_subs };

static const struct command_sub both_subs[] = {
	{ NULL, "without", ARGS(ARG_OPT(WORD, "word")), run_note },
	{ "named", "with a name", NULL, run_note },
	{ .run = NULL },
};
COMMAND(both) { "both", "with and without a subcommand", both_subs };

/*
 * --- frame ---------------------------------------------------------------------------------------
 */

static struct shell *sh;
static void *image;
static size_t heap_before;

static void begin(void)
{
	static uint64_t blob[64];
	size_t size;

	heap_before = fake_heap_live();
	fdt_create_empty_tree(blob, sizeof(blob));
	if (dt_init(blob))
		abort();
	term_begin(true);
	fake_guests_clear();
	sh = shell_create(&term);
	image = unit_data("tree.cpio", &size);
	if (!image || vfs_mount_image("/", image, size))
		abort();
	strcpy(seen, "-");
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

/*
 * --- lines
 * -----------------------------------------------------------------------------------------
 */

TEST(lines)
{
	begin();
	check_run("echo one two", 0, "one two\r\n");
	check_run("echo -n one; echo \" two\"", 0, "one two\r\n");
	check_run("echo a;;echo b;", 0, "a\r\nb\r\n");
	check_run("", 0, "");
	check_run("   # nothing", 0, "");
	check_run("echo 'a b' \"c  d\" e\\ f # g", 0, "a b c  d e f\r\n");
	end();
}

TEST(exit_codes)
{
	begin();
	check_run("try code 7", 7, "");
	check_run("echo $?", 0, "7\r\n");
	check_run("try code 3; echo $?; echo $?", 0, "3\r\n0\r\n");
	check_run("nonsense", 127, "nonsense: no such command; help lists all\r\n");
	check_run("try errno 12", 128 + ENOMEM, "try errno: not enough memory\r\n");
	check_run("try errno 517", 255, "try errno: waits for another device\r\n");
	check_run("try sentence", 128 + EINVAL, "try sentence: one\r\ntry sentence: two more\r\n");
	check_run("try code 1 && echo no", 1, "");
	check_run("try code 0 && echo yes", 0, "yes\r\n");
	check_run("try code 1 || echo yes", 0, "yes\r\n");
	check_run("try code 0 || echo no", 0, "");
	check_run("try code 1 && echo no || echo yes", 0, "yes\r\n");
	check_run("try code 2 || try code 3 && echo no", 3, "");
	check_run("try code 1 && echo no ; echo $?", 0, "1\r\n");
	end();
}

TEST(syntax_errors)
{
	begin();
	check_run("echo \"open", 128 + EINVAL, "a \" is not closed: \"open\r\n");
	check_run("echo a && ; echo b", 128 + EINVAL,
		  "a\r\na command is missing beside && or ||\r\n");
	check_run("&& echo a", 128 + EINVAL, "a command is missing beside && or ||\r\n");
	check_run("echo a ||", 128 + EINVAL, "a\r\na command is missing beside && or ||\r\n");
	/* Too many words. */
	{
		char line[400] = "try note";

		for (unsigned i = 0; i < 70; i++)
			strcat(line, " w");
		check_run(line, 128 + EINVAL, "more than 64 words in a command\r\n");
	}
	end();
}

TEST(arguments)
{
	begin();
	check_run("try note a 'b c' \"\"", 0, "");
	CHECK_STR(seen, "a b c ");
	check_run("try size 4K 0x10", 0, "");
	check_run("try size", 128 + EINVAL,
		  "try size: <bytes> is missing\r\nusage: try size <bytes> [count]\r\n");
	check_run(
		"try size 4X", 128 + EINVAL,
		"try size: '4X' is no size (bytes, or with K, M, G)\r\n"
		"usage: try size <bytes> [count]\r\n");
	check_run("try size 1 2 3", 128 + EINVAL,
		  "try size: '3' is one word too many\r\nusage: try size <bytes> [count]\r\n");
	check_run("try code x", 128 + EINVAL,
		  "try code: 'x' is no number (decimal, or 0x...)\r\nusage: try code <code>\r\n");
	check_run("try code 99999999999999999999", 128 + ERANGE,
		  "try code: '99999999999999999999' is too large\r\nusage: try code <code>\r\n");
	check_run(
		"try wait soon", 128 + EINVAL,
		"try wait: 'soon' is no time (seconds, or with ns, us, ms, s)\r\n"
		"usage: try wait <time>\r\n");
	check_run(
		"try choice blue", 128 + EINVAL,
		"try choice: 'blue' is none of red|green|grey\r\n"
		"usage: try choice <red|green|grey>\r\n");
	check_run(
		"try choice gre", 128 + EINVAL,
		"try choice: 'gre' is none of red|green|grey\r\n"
		"usage: try choice <red|green|grey>\r\n");
	check_run("try choice grey", 0, "");
	check_run("try node /none", 128 + ENOENT,
		  "try node: no device-tree node '/none'\r\nusage: try node <node>\r\n");
	check_run("try cpu irq uart9", 128 + ENOENT,
		  "try cpu irq: no character device 'uart9'; 'chardev list' "
		  "shows them\r\nusage: try cpu irq [chardev]\r\n");
	check_run("try cpu irq term0", 0, "");
	check_run("try cpu", 128 + EINVAL,
		  "try: 'cpu' is no subcommand; 'help try' lists them\r\n");
	check_run("try nothing", 128 + EINVAL,
		  "try: 'nothing' is no subcommand; 'help try' lists them\r\n");
	CHECK(strstr(term_run(sh, "try"), "try: a subcommand is missing:\r\n"));
	check_run("both x", 0, "");
	CHECK_STR(seen, "x");
	check_run("both named", 0, "");
	CHECK_STR(seen, "");
	check_run("both x y", 128 + EINVAL,
		  "both: 'y' is one word too many\r\nusage: both [word]\r\n");
	end();
}

TEST(guests_as_arguments)
{
	begin();
	check_run("try some web", 128 + ENOENT,
		  "try some: no guest 'web'; there are none\r\nusage: try some <guest> ...\r\n");
	fake_guests_add("web", 2);
	fake_guests_add("db", 1);
	check_run("try some web db", 0, "");
	check_run("try some", 128 + EINVAL,
		  "try some: <guest> is missing\r\nusage: try some <guest> ...\r\n");
	check_run("try some web x", 128 + ENOENT,
		  "try some: no guest 'x'; there are: web, db\r\nusage: try some <guest> ...\r\n");
	check_run("try vcpu web/vcpu1", 0, "");
	check_run("try vcpu web/1", 0, "");
	check_run("try vcpu db", 0, "");
	check_run("try vcpu web/vcpu2", 128 + ENOENT,
		  "try vcpu: no vCPU 'web/vcpu2'; they are called guest/vcpu0, "
		  "...; 'vcpu list' shows them\r\nusage: try vcpu <vcpu>\r\n");
	CHECK(strstr(term_run(sh, "try vcpu web"), "no vCPU 'web'"));
	CHECK(strstr(term_run(sh, "try vcpu web/"), "no vCPU 'web/'"));
	CHECK(strstr(term_run(sh, "try vcpu web/vcpu"), "no vCPU"));
	CHECK(strstr(term_run(sh, "try vcpu xx/vcpu0"), "no vCPU"));
	end();
}

TEST(help)
{
	const char *text;

	begin();
	text = term_run(sh, "help");
	CHECK(strstr(text, "echo       print words\r\n"));
	CHECK(strstr(text, "try        things\r\n"));
	CHECK(strstr(text, "both ") < strstr(text, "echo ") &&
	      strstr(text, "echo ") < strstr(text, "try "));
	text = term_run(sh, "help try");
	CHECK(strstr(text, "try: things\r\n"));
	CHECK(strstr(text, "try size <bytes> [count]                  of memory\r\n"));
	CHECK(strstr(text, "try note [word ...]                       keep words\r\n"));
	text = term_run(sh, "try help");
	CHECK(strstr(text, "try choice <red|green|grey>               of three\r\n"));
	check_run("help nonsense", 128 + ENOENT, "help: no command 'nonsense'\r\n");
	end();
}

TEST(interrupts)
{
	begin();
	check_run("try spin; echo not reached", 128 + EINTR, "");
	CHECK_EQ(term_now, 1000000000);
	check_run("try wait 250ms", 0, "");
	CHECK_EQ(term_now, 1250000000);
	check_run("try wait 2", 0, "");
	CHECK_EQ(term_now, 3250000000);
	term_input("typed\x03more");
	check_run("try wait 1", 128 + EINTR, "");
	CHECK_EQ(term_now, 3250000000);
	/* What was typed besides is still there for who reads next. */
	{
		uint8_t buf[20];

		CHECK_EQ(chardev_read(&term, buf, sizeof(buf), 0), 5);
		CHECK_MEM(buf, "typed", 5);
	}
	/* When no command runs, Ctrl-C is a key. */
	term_receive("\x03");
	CHECK(chardev_readable(&term));
	end();
}

/*
 * --- terminal
 * ----------------------------------------------------------------------------------------
 */

TEST(interaction)
{
	begin();
	term_input("echo hello\r\necho x\x03" "echo two\n\n");
	CHECK_STR(term_interact(sh),
		  "XVisor# echo hello\r\nhello\r\nXVisor# echo x^C\r\nXVisor# echo two\r\n"
		  "two\r\nXVisor# \r\nXVisor# ");
	CHECK(!term_screen.error);
	end();
}

TEST(input_before_anybody_reads)
{
	char line[2000] = "";

	begin();
	/* 100 commands at once: what fits the FIFO is not lost. */
	for (unsigned i = 0; i < 100; i++)
		sprintf(line + strlen(line), "echo %u\n", i);
	term_receive(line);
	CHECK_EQ(term.rx_dropped, 0);
	CHECK(strstr(term_interact(sh), "echo 99\r\n99\r\nXVisor# "));
	memset(line, 'x', CHARDEV_RX + 10);
	line[CHARDEV_RX + 10] = '\0';
	term_receive(line);
	CHECK_EQ(term.rx_dropped, 10);
	end();
}

/*
 * --- completion
 * ----------------------------------------------------------------------------------------
 */

static const char *completed(const char *line)
{
	static char text[1200];
	char insert[160];

	complete_line(line, strlen(line), insert, sizeof(insert), NULL);
	snprintf(text, sizeof(text), "%s%s", line, insert);
	return text;
}

static const char *candidates(const char *line)
{
	char insert[160];

	term_text();
	complete_line(line, strlen(line), insert, sizeof(insert), shell_output(sh));
	return term_text();
}

TEST(completion_of_commands)
{
	begin();
	CHECK_STR(completed("ec"), "echo ");
	CHECK_STR(completed("xyz"), "xyz");
	CHECK_STR(completed("echo a; ec"), "echo a; echo ");
	CHECK_STR(completed("echo a && ec"), "echo a && echo ");
	CHECK_STR(completed("echo # ec"), "echo # ec");
	CHECK_STR(completed("help ec"), "help echo ");
	CHECK_STR(completed("try no"), "try no");
	CHECK_STR(candidates("try no"), "note  node  \r\n");
	CHECK_STR(completed("try not"), "try note ");
	CHECK_STR(completed("try cp"), "try cpu ");
	CHECK_STR(completed("try cpu i"), "try cpu i");
	CHECK_STR(candidates("try cpu i"), "info  irq  \r\n");
	CHECK_STR(completed("try cpu in"), "try cpu info ");
	CHECK_STR(completed("try choice "), "try choice ");
	CHECK_STR(candidates("try choice "), "red  green  grey  \r\n");
	CHECK_STR(completed("try choice g"), "try choice gre");
	CHECK_STR(completed("try choice r"), "try choice red ");
	CHECK_STR(completed("try cpu irq t"), "try cpu irq term0 ");
	CHECK_STR(completed("both n"), "both named ");
	CHECK_STR(completed("nonsense x"), "nonsense x");
	CHECK_STR(completed(""), "");
	end();
}

TEST(completion_of_guests)
{
	begin();
	CHECK_STR(completed("try some w"), "try some w");
	fake_guests_add("web", 2);
	fake_guests_add("worker", 1);
	CHECK_STR(completed("try some we"), "try some web ");
	CHECK_STR(completed("try some web wo"), "try some web worker ");
	CHECK_STR(candidates("try some w"), "web  worker  \r\n");
	CHECK_STR(completed("try vcpu we"), "try vcpu web/vcpu");
	CHECK_STR(candidates("try vcpu web/"), "web/vcpu0  web/vcpu1  \r\n");
	end();
}

TEST(completion_of_paths)
{
	begin();
	CHECK_STR(completed("vfs cat "), "vfs cat /");
	CHECK_STR(completed("vfs cat /bo"), "vfs cat /boot");
	CHECK_STR(candidates("vfs cat /bo"), "boot/  boot.xscript  \r\n");
	CHECK_STR(completed("vfs cat /boot."), "vfs cat /boot.xscript ");
	CHECK_STR(completed("vfs cat /boot/h"), "vfs cat /boot/hello ");
	CHECK_STR(completed("vfs cat \"/boot/h"), "vfs cat \"/boot/hello\" ");
	CHECK_STR(completed("vfs cat '/boot/h"), "vfs cat '/boot/hello' ");
	CHECK_STR(completed("vfs cat /many/file-with-a-long-name-29"),
		  "vfs cat /many/file-with-a-long-name-29");
	CHECK(strstr(candidates("vfs cat /many/"), "... and 200 more"));
	CHECK_STR(completed("vfs cat /nothing/x"), "vfs cat /nothing/x");
	CHECK_STR(completed("try dir /b"), "try dir /boot/");
	CHECK_STR(completed("try keys web k"), "try keys web kernel=");
	CHECK_STR(completed("try keys web kernel="), "try keys web kernel=/");
	CHECK_STR(completed("try keys web kernel=/boot/he"), "try keys web kernel=/boot/hello ");
	CHECK_STR(candidates("try keys web kernel=/boot/"), "empty  hello  link  \r\n");
	CHECK_STR(completed("try keys web b"), "try keys web board=");
	CHECK_STR(completed("try keys web board=v"), "try keys web board=virt ");
	CHECK_STR(candidates("try keys web gic="), "gic=2  gic=3  \r\n");
	CHECK_STR(completed("try keys web mem="), "try keys web mem=");
	CHECK_STR(completed("try keys web none="), "try keys web none=");
	CHECK_STR(candidates("try keys web "), "board=  kernel=  mem=  gic=  \r\n");
	end();
}

TEST(completion_of_nodes)
{
	struct dt_node *node;

	begin();
	node = dt_add_node(dt_root(), "guests");
	REQUIRE(node && dt_add_node(dt_root(), "gpio@1000") && dt_add_node(node, "guest0"));
	CHECK_STR(completed("try node "), "try node /");
	CHECK_STR(completed("try node /"), "try node /g");
	CHECK_STR(completed("try node /gu"), "try node /guests");
	CHECK_STR(completed("try node /gp"), "try node /gpio@1000 ");
	CHECK_STR(completed("try node /guests/"), "try node /guests/guest0 ");
	CHECK_STR(candidates("try node /"), "guests  gpio@1000  \r\n");
	end();
}

TEST(completion_at_the_terminal)
{
	begin();
	term_input("ec\thello; try cpu i\t\x15" "echo done\n");
	term_interact(sh);
	CHECK_STR(screen_row(&term_screen, 0), "XVisor# echo hello; try cpu i");
	CHECK_STR(screen_row(&term_screen, 1), "info  irq");
	CHECK_STR(screen_row(&term_screen, 2), "XVisor# echo done");
	CHECK_STR(screen_row(&term_screen, 3), "done");
	CHECK(!term_screen.error);
	end();
}

/*
 * --- scripts
 * --------------------------------------------------------------------------------------------
 */

/* An archive of one file. */
static void archive_of(const char *name, const char *text)
{
	static char archive[4096];
	int n;

	(void)!vfs_unmount("/");
	memset(archive, 0, sizeof(archive));
	n = sprintf(archive, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X%s", 1,
		    0100644, 0, 0, 1, 0, strlen(text), 0, 0, 0, 0, strlen(name) + 1, 0, name);
	strcpy(archive + (n + 4) / 4 * 4, text);
	n = (int)((n + 4) / 4 * 4 + (strlen(text) + 3) / 4 * 4);
	n += sprintf(archive + n,
		     "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08XTRAILER!!!", 0, 0,
		     0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0) +
	     1;
	if (vfs_mount_image("/", archive, (size_t)n))
		abort();
}

static void script(const char *text)
{
	archive_of("s", text);
}

TEST(completion_escapes)
{
	char line[80] = "";

	begin();
	/* Whatever a candidate has in it, the line that comes out is one word again. */
	archive_of("a b;c\"d'e#f$g", "");
	strcpy(line, completed("try note x; try note /a"));
	CHECK_STR(line, "try note x; try note /a");
	strcpy(line, completed("try dir /a"));
	CHECK_STR(line, "try dir /a");
	strcpy(line, completed("vfs cat /a"));
	CHECK_STR(line, "vfs cat /a\\ b\\;c\\\"d\\'e\\#f$g ");
	memcpy(line, "try dir", 7);
	term_run(sh, line);
	CHECK_STR(seen, "/a b;c\"d'e#f$g");
	end();
}

TEST(scripts)
{
	begin();
	script("# a script\n\necho one\r\n  echo two\n-try code 5\necho $?\n"
	       "try code 1 || echo three\nlast=\n");
	check_run("vfs run /s", 127,
		  "one\r\ntwo\r\n5\r\nthree\r\nlast=: no such command; help lists all\r\n"
		  "/s:8: stopped, exit code 127: last=\r\n");
	script("echo one \\\n two\necho 'a # b' \\\r\n three\ntry code 9\necho no\n");
	check_run("vfs run /s", 9,
		  "one two\r\na # b three\r\n/s:5: stopped, exit code 9: try code 9\r\n");
	check_run("vfs run /s || echo failed", 0,
		  "one two\r\na # b three\r\n/s:5: stopped, exit code 9: try code 9\r\nfailed\r\n");
	script("echo no newline at the end");
	check_run("vfs run /s", 0, "no newline at the end\r\n");
	script("# ends in a backslash \\\necho two");
	check_run("vfs run /s", 0, "two\r\n");
	script("");
	check_run("vfs run /s", 0, "");
	check_run("vfs run /none", 128 + ENOENT, "vfs run: /none: not found\r\n");
	check_run("vfs run /", 128 + EISDIR, "vfs run: /: is a directory\r\n");
	/* One that runs itself ends. */
	script("echo x; vfs run /s");
	CHECK(strstr(term_run(sh, "vfs run /s"), "scripts run each other more than"));
	CHECK_EQ(shell_status(sh), 128 + ELOOP);
	script("try spin\necho no");
	check_run("vfs run /s", 128 + EINTR, "");
	end();
}

static void set_bootargs(const char *text)
{
	struct dt_node *chosen = dt_child(dt_root(), "chosen");

	if (!chosen)
		chosen = dt_add_node(dt_root(), "chosen");
	if (dt_set_string(chosen, "bootargs", text))
		abort();
}

TEST(boot_arguments)
{
	char buf[40];

	begin();
	CHECK(!bootarg("vmm.log", buf, sizeof(buf)));
	set_bootargs(
		"quiet vmm.log=debug vmm.bootcmd=\"echo one; echo 'two'\" "
		"xvmm.x=1 vmm.empty= vmm.x=a\"b c\"d");
	CHECK_STR(bootarg("vmm.log", buf, sizeof(buf)), "debug");
	CHECK_STR(bootarg("vmm.bootcmd", buf, sizeof(buf)), "echo one; echo 'two'");
	CHECK_STR(bootarg("vmm.x", buf, sizeof(buf)), "ab cd");
	CHECK_STR(bootarg("vmm.empty", buf, sizeof(buf)), "");
	CHECK_STR(bootarg("vmm.bootcmd", buf, 5), "echo");
	CHECK(!bootarg("vmm", buf, sizeof(buf)));
	CHECK(!bootarg("vmm.bootcm", buf, sizeof(buf)));
	set_bootargs("vmm.open=\"never closed");
	CHECK_STR(bootarg("vmm.open", buf, sizeof(buf)), "never closed");
	end();
}

TEST(boot)
{
	const char *text;

	begin();
	term_input("echo typed\n");
	shell_start();
	text = term_text();
	CHECK_STR(text, "one\r\nXVisor# echo typed\r\ntyped\r\nXVisor# ");
	console_set_line(NULL);
	shell_destroy(term_thread_arg);
	set_bootargs("vmm.bootcmd=\"echo two && vfs run /boot.xscript; try code 4\"");
	shell_start();
	text = term_text();
	CHECK_STR(
		text,
		"two\r\none\r\nvmm.bootcmd: exit code 4: "
		"echo two && vfs run /boot.xscript; try code 4\r\nXVisor# ");
	console_set_line(NULL);
	shell_destroy(term_thread_arg);
	end();
}

TEST(memory_runs_out)
{
	static const char *const lines[] = {"echo hello", "vfs run /boot.xscript", "vfs ls /",
					    "help try", "vfs mplist"};

	begin();
	for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		for (size_t n = 1; n < 20; n++) {
			fake_heap_fail_at(n);
			term_run(sh, lines[i]);
			CHECK(!fake_heap_failed() || shell_status(sh) ||
			      strstr(lines[i], "mplist"));
			fake_heap_fail_at(0);
		}
	}
	fake_heap_fail_at(1);
	CHECK_STR(completed("vfs cat /boot/h"), "vfs cat /boot/h");
	fake_heap_fail_at(2);
	CHECK_STR(completed("vfs cat /boot/h"), "vfs cat /boot/h");
	fake_heap_fail_at(0);
	end();
}

/* --- tables
 * ------------------------------------------------------------------------------------------------
 */

TEST(tables)
{
	struct table *t;

	begin();
	t = table_create("NAME|>SIZE|WHAT");
	table_row(t, "a|%u|x", 5);
	table_row(t, "longer name|%u|y|z", 123456);
	table_row(t, "||");
	table_row(t, "only");
	term_text();
	table_print(t, shell_output(sh));
	CHECK_STR(term_text(), "NAME           SIZE  WHAT\r\n"
			       "a                 5  x\r\n"
			       "longer name  123456  y|z\r\n"
			       "                     \r\n"
			       "only                 \r\n");
	table_print(NULL, shell_output(sh));
	CHECK_STR(term_text(), "not enough memory for the whole table\r\n");
	end();
}

TEST(dumps)
{
	begin();
	term_text();
	sh_hexdump(sh, 0x1000, "0123456789abcde\x01", 16, 1);
	sh_hexdump(sh, 0x1010, "\x01\x02\x03\x04\x05\x06\x07\x08", 8, 4);
	sh_hexdump(sh, 0x40000000, "ab", 2, 1);
	sh_hexdump(sh, 0, "\x01\x02\x03\x04\x05\x06\x07\x08", 8, 8);
	CHECK_STR(term_text(),
		  "00001000: 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 01  0123456789abcde.\r\n"
		  "00001010: 04030201 08070605\r\n"
		  "40000000: 61 62                                            ab\r\n"
		  "00000000: 0807060504030201\r\n");
	end();
}
