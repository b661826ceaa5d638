/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guests of fake_guests.h, in the place of core/guest/.
 */
#include "fake_guests.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/board.h>
#include <core/dt.h>
#include <core/fdt_load.h>
#include <core/shell.h>
#include <core/time.h>
#include <core/vpower.h>
#include <libs/errno.h>

#define GUESTS_MAX 4

static struct guest guests[GUESTS_MAX];
static struct vcpu vcpus[GUESTS_MAX][4], *pointers[GUESTS_MAX][4];
static struct thread threads[GUESTS_MAX][4];
static unsigned count, held;
static bool listed;
static int result;
static char asked[2048], told[2048];

void fake_guests_clear(void)
{
	memset(guests, 0, sizeof(guests));
	memset(vcpus, 0, sizeof(vcpus));
	count = held = 0;
	result = 0;
	listed = false;
	asked[0] = '\0';
}

struct guest *fake_guests_add(const char *name, unsigned nr)
{
	struct guest *guest = &guests[count];

	strcpy(guest->name, name);
	guest->exit = GUEST_EXIT_NONE;
	guest->nr_vcpus = nr;
	guest->vcpus = pointers[count];
	waitq_init(&guest->ended);
	mutex_init(&guest->life);
	list_init(&guest->devices);
	for (unsigned i = 0; i < nr; i++) {
		struct vcpu *vcpu = &vcpus[count][i];

		if (arch_vcpu_init(vcpu))
			abort();
		vcpu->id = i;
		vcpu->guest = guest;
		vcpu->power = VCPU_ON;
		vcpu->thread = &threads[count][i];
		pointers[count][i] = vcpu;
	}
	count++;
	return guest;
}

static void note(const char *fmt, ...) printf_like(1, 2);

static void note(const char *fmt, ...)
{
	size_t used = strlen(asked);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(asked + used, sizeof(asked) - used, fmt, ap);
	va_end(ap);
}

const char *fake_guests_asked(void)
{
	strcpy(told, asked);
	asked[0] = '\0';
	return told;
}

void fake_guests_fail(int err)
{
	result = err;
}

unsigned fake_guests_held(void)
{
	return held;
}

void fake_guests_end(struct guest *guest, enum guest_exit why, const char *text)
{
	guest->state = GUEST_STOPPED;
	guest->exit = why;
	strcpy(guest->exit_text, text);
	waitq_wake_all(&guest->ended);
}

/* --- finding --------------------------------------------------------------------------------- */

struct guest *guest_find(const char *name)
{
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(guests[i].name, name))
			continue;
		held++;
		return &guests[i];
	}
	return NULL;
}

void guest_put(struct guest *guest)
{
	if (!held--)
		abort();
}

void guest_list_lock(void)
{
	if (listed)
		abort();
	listed = true;
}

void guest_list_unlock(void)
{
	if (!listed)
		abort();
	listed = false;
}

struct guest *guest_next(struct guest *prev)
{
	unsigned next = prev ? (unsigned)(prev - guests) + 1 : 0;

	if (!listed)
		abort();
	return next < count ? &guests[next] : NULL;
}

const char *guest_state_name(enum guest_state state)
{
	static const char *const names[] = { "ready", "running", "paused", "stopped" };

	return names[state];
}

uint64_t guest_ram_size(const struct guest *guest)
{
	return 256 << 20;
}

struct vcpu *vcpu_current(void)
{
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------ */

int guest_create(struct dt_node *node, struct shell_out *out, struct guest **guest)
{
	note("create %s\n", node->name);
	if (result)
		out_printf(out, "/guests/%s: nothing is right\n", node->name);
	return result;
}

unsigned guest_check(struct dt_node *node, struct shell_out *out)
{
	note("check %s\n", node->name);
	if (result)
		out_printf(out, "/guests/%s: wrong\n", node->name);
	return result != 0;
}

int guest_destroy(struct guest *guest)
{
	note("destroy %s\n", guest->name);
	if (!result)
		held--;
	return result;
}

#define LIFE(what, then)                                                                           \
	int guest_##what(struct guest *guest)                                                      \
	{                                                                                          \
		note(#what " %s\n", guest->name);                                                  \
		if (!result)                                                                       \
			guest->state = then;                                                       \
		return result;                                                                     \
	}
LIFE(start, GUEST_RUNNING)
LIFE(pause, GUEST_PAUSED)
LIFE(resume, GUEST_RUNNING)
LIFE(reset, GUEST_RUNNING)
LIFE(stop, GUEST_STOPPED)

int guest_power_button(struct guest *guest)
{
	note("power %s\n", guest->name);
	return result;
}

int guest_wait(struct guest *guest, unsigned ends, uint64_t deadline)
{
	bool ended = waitq_wait_until(&guest->ended, guest->exit != GUEST_EXIT_NONE, deadline);

	return ended ? (int)guest->exit : -ETIMEDOUT;
}

void vcpu_run(struct vcpu *vcpu)
{
	note("run %u\n", vcpu->id);
}

void vcpu_stop(struct vcpu *vcpu)
{
	note("stop %u\n", vcpu->id);
}

void vcpu_wait_parked(struct vcpu *vcpu)
{
}

const char *vcpu_control(struct vcpu *vcpu, enum vcpu_action action)
{
	note("control %u %u\n", vcpu->id, action);
	return result ? "is paused already" : NULL;
}

/*
 * --- making and loading ------------------------------------------------------------------------
 */

int guest_config_parse(int argc, char **argv, struct guest_config *cfg, struct shell_out *out)
{
	note("parse");
	for (int i = 0; i < argc; i++)
		note(" <%s>", argv[i]);
	note("\n");
	if (result)
		out_printf(out, "mem=: \"x\" is no size\n");
	return result;
}

int guest_create_config(const struct guest_config *cfg, struct shell_out *out, struct guest **guest)
{
	note("create\n");
	return 0;
}

const char *guest_arch_word(unsigned n)
{
	static const char *const words[] = { "wide", "narrow", NULL };

	return words[n];
}

const struct guest_board *guest_board_next(const struct guest_board *prev)
{
	static const struct guest_board virt = { .name = "virt" };

	return prev ? NULL : &virt;
}

int fdt_load_file(const char *parent, const char *name, const char *path,
		  struct fdt_overrides overrides, struct shell_out *out, struct dt_node **node)
{
	note("fdt_load %s %s %s", parent, name, path);
	for (unsigned i = 0; i < overrides.n; i++)
		note(" <%s>", overrides.words[i]);
	note("\n");
	return result;
}

int guest_fdt_load(const char *name, const char *path, unsigned nr, struct fdt_overrides overrides,
		   struct shell_out *out)
{
	note("guest_fdt_load %s %s %u", name, path, nr);
	for (unsigned i = 0; i < overrides.n; i++)
		note(" <%s>", overrides.words[i]);
	note("\n");
	return result;
}

int guest_load_file(struct guest *guest, gpa_t gpa, const char *path, struct shell_out *out)
{
	note("load %s %#llx %s\n", guest->name, (unsigned long long)gpa, path);
	return result;
}

int host_load_file(hpa_t at, const char *path, uint64_t offset, uint64_t bytes,
		   struct shell_out *out)
{
	note("host_load %#llx %s %llu %llx\n", (unsigned long long)at, path,
	     (unsigned long long)offset, (unsigned long long)bytes);
	return result;
}

int guest_load_list(struct guest *guest, const char *path, struct shell_out *out)
{
	note("load_list %s %s\n", guest ? guest->name : "-", path);
	return result;
}

int guest_mem_load(struct guest *guest, gpa_t gpa, const void *buf, size_t len)
{
	note("mem_load %#llx %zu %.*s\n", (unsigned long long)gpa, len, (int)(len < 20 ? len : 20),
	     (const char *)buf);
	return result;
}

int guest_mem_read(struct guest *guest, gpa_t gpa, void *buf, size_t len)
{
	if (gpa < FAKE_GUEST_MEM || gpa + len > FAKE_GUEST_MEM + 256)
		return -EFAULT;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = (uint8_t)(gpa + i);
	return 0;
}

void vcpu_dump(struct vcpu *vcpu, struct shell_out *out)
{
	arch_vcpu_dump(vcpu, out);
}

/* All of it is held, and nobody asks for some. */
uint64_t guest_mem_held(const struct guest *guest)
{
	return guest_ram_size(guest);
}

int balloon_run(struct shell *sh, int argc, char **argv)
{
	return -ENODEV;
}
