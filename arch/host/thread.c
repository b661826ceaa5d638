/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads of the fake port: contexts of the C library. A thread runs on a stack of the fake's own,
 * because the sanitizers and the C library need more than the hypervisor gives; the stack that core
 * allocated only names it. The list of contexts belongs to one thread of the test program.
 */
#include <arch/thread.h>

#include <inttypes.h>
#include <stdlib.h>
#include <ucontext.h>

#include <core/cpu.h>
#include <port/host.h>

#define STACK_BYTES	(256 * 1024)
#define CONTEXT_MAGIC	0x686f737463747874ull

/* Told to the address sanitizer, which keeps track of stacks. */
void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *save, const void **bottom, size_t *size);

struct context {
	struct context *next;
	uint64_t magic;
	va_t stack_top;		/* that core gave; 0: the test program's own stack */
	ucontext_t ucontext;
	void *fake_stack;	/* the sanitizer's */
	const void *bottom;	/* of the stack that it runs on */
	size_t size;
	char stack[];
};

static struct context *contexts;
static struct context *running;
/* Left by the switch for the thread that it went to. */
static struct context *came_from;

void host_reset_thread(void)
{
	/* Stacks of threads that were never ended are given back here. */
	while (contexts) {
		struct context *c = contexts;

		contexts = c->next;
		free(c);
	}
	running = NULL;
	came_from = NULL;
}

static struct context *context_new(va_t stack_top, size_t stack_bytes)
{
	struct context *c = calloc(1, sizeof(*c) + stack_bytes);

	if (!c)
		host_violation("no memory for a thread");
	c->magic = CONTEXT_MAGIC;
	c->stack_top = stack_top;
	c->next = contexts;
	contexts = c;
	return c;
}

/* The same stack serves one thread after the other. */
static struct context *context_of(va_t stack_top)
{
	struct context *c;

	for (c = contexts; c; c = c->next) {
		if (c->stack_top == stack_top)
			return c;
	}
	return context_new(stack_top, STACK_BYTES);
}

/* Arrived on a stack: the first thing that runs there. */
static void arrived(struct context *here)
{
	struct context *from = came_from;

	came_from = NULL;
	__sanitizer_finish_switch_fiber(here->fake_stack, from->bottom ? NULL : &from->bottom,
					from->size ? NULL : &from->size);
	running = here;
}

static void first_frame(void)
{
	arrived(running);
	host_check_masked("arch_thread_switch");
	thread_entry();
}

static void make_first_frame(ucontext_t *ucontext, char *stack)
{
	getcontext(ucontext);
	ucontext->uc_stack.ss_sp = stack;
	ucontext->uc_stack.ss_size = STACK_BYTES;
	ucontext->uc_link = NULL;
	makecontext(ucontext, first_frame, 0);
}

va_t arch_thread_init(va_t stack_top)
{
	struct context *c;

	if (!stack_top || stack_top % 16)
		host_violation("%s(%#" PRIxPTR "): not aligned to 16", __func__, stack_top);
	c = context_of(stack_top);
	if (c == running)
		host_violation("%s(): a thread is running on this stack", __func__);
	make_first_frame(&c->ucontext, c->stack);
	c->bottom = c->stack;
	c->size = STACK_BYTES;
	c->fake_stack = NULL;
	return (va_t)c;
}

void arch_thread_switch(va_t *old_sp, va_t new_sp)
{
	struct context *from = running, *to = (struct context *)new_sp;

	host_check_masked(__func__);
	if (!to || new_sp % sizeof(void *) || to->magic != CONTEXT_MAGIC)
		host_violation("%s(): %#" PRIxPTR " is no saved stack pointer", __func__, new_sp);
	if (!from)
		from = context_new(0, 0);
	if (to == from)
		host_violation("%s() to the running thread", __func__);
	*old_sp = (va_t)from;
	came_from = from;
	running = to;
	__sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->size);
	swapcontext(&from->ucontext, &to->ucontext);
	arrived(from);
}
