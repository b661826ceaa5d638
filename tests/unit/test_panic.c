/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end, and what the command line says of it and of the log.
 */
#include "../../core/dt/dt_priv.h"

#include <core/log.h>

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <core/chardev.h>
#include <core/dt.h>
#include <core/symbol.h>
#include <core/vcpu.h>
#include <libfdt.h>
#include <port/host.h>

#include "fake.h"
#include "unit.h"

unsigned cpus_online = 1;

static char text[1024];
static jmp_buf ended;
static enum host_end how;
static bool begun;

void symbol_backtrace(va_t fp)
{
	log_error("  in a function");
	/* A fault on the way: nothing more is said. */
	if (strstr(text, "twice"))
		panic("again");
}

void console_write(const char *s, size_t n)
{
	strncat(text, s, n);
}

struct chardev *chardev_console(void)
{
	return NULL;
}

void chardev_write_text(struct chardev *cd, const char *s, size_t n)
{
	abort(); /* there is no screen */
}

/* The clock of time_now(): whatever the counter says. */
uint64_t time_boot_ticks;
bool time_same_unit;
uint64_t time_from_ticks(uint64_t ticks)
{
	return 0;
}

static void on_end(enum host_end end)
{
	how = end;
	longjmp(ended, 1);
}

static void begin(const char *bootargs)
{
	static uint64_t blob[64];
	struct dt_node *chosen;

	if (begun)
		dt_forget();
	begun = true;
	fdt_create_empty_tree(blob, sizeof(blob));
	if (dt_init(blob))
		abort();
	chosen = dt_add_node(dt_root(), "chosen");
	if (dt_set_string(chosen, "bootargs", bootargs))
		abort();
	text[0] = '\0';
	how = HOST_RUNS;
	log_init();
}

struct vcpu *vcpu_current(void)
{
	return NULL;
}

/* In a program of its own, because there is no way back from a panic. @return its exit code */
static int panic_alone(const char *bootargs, const char *message)
{
	int status = -1;
	pid_t child = fork();

	if (child) {
		CHECK_EQ(waitpid(child, &status, 0), child);
		return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	begin(bootargs);
	host_on_end(on_end);
	if (!setjmp(ended))
		panic("%s", message);
	if (!panic_active() || !strstr(text, message) || !strstr(text, "in a function") ||
	    strstr(text, "again"))
		_exit(99);
	_exit((int)how);
}

TEST(ends)
{
	CHECK_EQ(panic_alone("", "broken"), HOST_HALTED);
	CHECK_EQ(panic_alone("vmm.panic=stop", "broken"), HOST_HALTED);
	CHECK_EQ(panic_alone("vmm.panic=reset", "broken"), HOST_RESET);
	CHECK_EQ(panic_alone("vmm.panic=off", "broken"), HOST_OFF);
	/* A second one on the way to the end: no further words, no reset. */
	CHECK_EQ(panic_alone("vmm.panic=reset", "twice"), HOST_HALTED);
}

TEST(levels_of_the_command_line)
{
	log_set_console_level(LOG_WARN);
	begin("quiet");
	CHECK_EQ(log_console_level(), LOG_WARN);
	begin("vmm.log=debug");
	CHECK_EQ(log_console_level(), LOG_DEBUG);
	begin("vmm.log=loud vmm.panic=loudly");
	CHECK_EQ(log_console_level(), LOG_DEBUG);
	CHECK(strstr(text, "vmm.log=loud is no level"));
	CHECK(strstr(text, "vmm.panic=loudly is none of stop, reset, off"));
	dt_forget();
}
