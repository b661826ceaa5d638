/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * thread and heap: what the hypervisor itself runs and holds.
 */
#include <core/thread.h>

#include <core/mem.h>
#include <core/shell.h>
#include <libs/parse.h>
#include <libs/printf.h>

/* The list's lock is held. */
static void add_row(struct thread *thread, void *arg)
{
	static const char *const states[] = { "new", "ready", "running", "blocked", "dead" };
	char time[24];

	table_row(arg, "%u|%s|%u|%d|%s|%" PRIu64 "|%s", thread->id, states[thread->state],
		  thread->cpu, thread->prio,
		  format_time_ns(time, sizeof(time), thread_run_time(thread)), thread->switches,
		  thread->name);
}

static int run_thread_list(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create(">ID|STATE|>CPU|>PRIO|>RUN TIME|>SWITCHES|NAME");

	if (t)
		thread_for_each(add_row, t);
	table_print(t, shell_output(sh));
	return 0;
}

static int run_heap_info(struct shell *sh, int argc, char **argv)
{
	struct heap_stats st;
	char held[16], used[16];

	heap_stats_get(&st);
	sh_printf(sh, "heap: %s held, %s in use by %" PRIu64 " blocks\n",
		  format_size(held, sizeof(held), st.pages * PAGE_SIZE),
		  format_size(used, sizeof(used), st.used), st.allocs);
	return 0;
}

static const struct command_sub thread_subs[] = {
	{ "list", "list threads", NULL, run_thread_list },
	{ .run = NULL },
};
static const struct command_sub heap_subs[] = {
	{ "info", "how large the heap is", NULL, run_heap_info },
	{ "state", "the same", NULL, run_heap_info },
	{ .run = NULL },
};

COMMAND(thread) { "thread", "threads of the hypervisor", thread_subs };
COMMAND(heap) { "heap", "memory of the hypervisor", heap_subs };
