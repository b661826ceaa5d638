/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vcpu: the virtual CPUs of guests, what they do and why they come to the hypervisor.
 */
#include "stats.h"

#include <core/vcpu.h>

#include <core/guest.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

static const char *const exit_names[EXIT_KINDS] = {
	[EXIT_IRQ] = "host interrupt",	[EXIT_MMIO] = "device access",
	[EXIT_HYPERCALL] = "hypercall", [EXIT_SYSREG] = "system register",
	[EXIT_IDLE] = "idle",		[EXIT_YIELD] = "yield",
	[EXIT_FAULT] = "fault",		[EXIT_DEBUG] = "debug",
	[EXIT_PIO] = "port access",
};

/* --- list ------------------------------------------------------------------------------------- */

static const char *state_of(const struct guest *guest, const struct vcpu *vcpu)
{
	if (guest->state != GUEST_RUNNING)
		return guest_state_name(guest->state);
	if (vcpu->power != VCPU_ON)
		return "off";
	if (vcpu->held)
		return "paused";
	if (vcpu->idle)
		return "idle";
	return vcpu->thread->state == THREAD_RUNNING ? "running" :
	       vcpu->thread->state == THREAD_READY ? "ready" : "waiting";
}

static void add_row(struct table *t, const struct guest *guest, const struct vcpu *vcpu)
{
	const struct thread *thread = vcpu->thread;
	uint64_t run = thread_run_time(thread), exits = 0;
	char time[24], slice[24], cpus[24] = "any";

	if (thread->affinity != UINT64_MAX && thread->affinity)
		snprintf(cpus, sizeof(cpus), "0x%" PRIx64, thread->affinity);
	for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
		exits += READ_ONCE(vcpu->exits[kind]);
	table_row(t, "%s/vcpu%u|%s|%u|%s|%d|%s|%s|%" PRIu64, guest->name, vcpu->id,
		  state_of(guest, vcpu), thread->cpu, cpus, thread->prio,
		  format_time_ns(slice, sizeof(slice), thread->slice),
		  format_time_ns(time, sizeof(time), run), exits);
}

static int run_list(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("VCPU|STATE|>CPU|AFFINITY|>PRIO|>SLICE|>RUN TIME|>EXITS");
	struct guest *guest = NULL;

	guest_list_lock();
	while ((guest = guest_next(guest)))
		for (unsigned i = 0; i < guest->nr_vcpus; i++)
			add_row(t, guest, guest->vcpus[i]);
	guest_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

/* --- registers -------------------------------------------------------------------------------- */

static int run_dumpreg(struct shell *sh, int argc, char **argv)
{
	struct guest *guest;
	struct vcpu *vcpu = arg_vcpu(argv[0], &guest);
	bool running;

	if (!vcpu)
		return -ENOENT;
	/* Its registers are in memory while it is parked; nobody else starts it meanwhile. */
	mutex_lock(&guest->life);
	running = !vcpu->stopped;
	if (running) {
		vcpu_stop(vcpu);
		vcpu_wait_parked(vcpu);
	}
	vcpu_dump(vcpu, shell_output(sh));
	if (running)
		vcpu_run(vcpu);
	mutex_unlock(&guest->life);
	guest_put(guest);
	return 0;
}

/* --- one of them by itself -------------------------------------------------------------------- */

static int control(struct shell *sh, const char *name, enum vcpu_action action)
{
	struct guest *guest;
	struct vcpu *vcpu = arg_vcpu(name, &guest);
	const char *why;

	if (!vcpu)
		return -ENOENT;
	why = vcpu_control(vcpu, action);
	if (why)
		sh_error(sh, -EINVAL, "%s/vcpu%u %s", guest->name, vcpu->id, why);
	guest_put(guest);
	return why ? -EINVAL : 0;
}

static int run_pause(struct shell *sh, int argc, char **argv)
{
	return control(sh, argv[0], VCPU_PAUSE);
}

static int run_resume(struct shell *sh, int argc, char **argv)
{
	return control(sh, argv[0], VCPU_RESUME);
}

static int run_halt(struct shell *sh, int argc, char **argv)
{
	return control(sh, argv[0], VCPU_HALT);
}

static int run_kick(struct shell *sh, int argc, char **argv)
{
	return control(sh, argv[0], VCPU_KICK);
}

static int run_reset(struct shell *sh, int argc, char **argv)
{
	return control(sh, argv[0], VCPU_RESET);
}

/* --- exits ------------------------------------------------------------------------------------ */

struct sample {
	uint64_t time, exits[EXIT_KINDS];
};

static void take_sample(const struct guest *guest, const char *word, struct sample *s)
{
	const char *slash = strchr(word, '/');
	uint64_t id = 0;
	bool one = false;

	memset(s, 0, sizeof(*s));
	s->time = time_now();
	if (slash)
		one = !parse_u64(slash + (strncmp(slash, "/vcpu", 5) ? 1 : 5), &id);
	for (unsigned i = 0; i < guest->nr_vcpus; i++)
		for (unsigned kind = 0; kind < EXIT_KINDS && (!one || i == id); kind++)
			s->exits[kind] += READ_ONCE(guest->vcpus[i]->exits[kind]);
}

static void print_exits(struct shell *sh, const struct sample *from, const struct sample *to)
{
	struct table *t = table_create("EXIT|>COUNT|>PER SECOND");
	uint64_t ms = (to->time - from->time) / 1000000, total = 0;

	for (unsigned kind = 0; kind < EXIT_KINDS; kind++) {
		uint64_t n = to->exits[kind] - from->exits[kind];

		total += n;
		if (to->exits[kind])
			table_row(t, "%s|%" PRIu64 "|%" PRIu64, exit_names[kind], n,
				  ms ? n * 1000 / ms : 0);
	}
	table_row(t, "all|%" PRIu64 "|%" PRIu64, total, ms ? total * 1000 / ms : 0);
	table_print(t, shell_output(sh));
}

/* One guest or one of its vCPUs: since it was started, or during an interval. */
static int print_stats(struct shell *sh, struct guest *guest, const char *word, uint64_t interval)
{
	struct {
		struct sample from, to;
	} *s = heap_zalloc(sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->from.time = guest->started_at;
	if (interval) {
		take_sample(guest, word, &s->from);
		err = shell_sleep(sh, s->from.time + MIN(interval, UINT64_MAX / 2));
	}
	take_sample(guest, word, &s->to);
	if (!err) {
		sh_printf(sh, "%s:\n", word);
		print_exits(sh, &s->from, &s->to);
	}
	heap_free(s);
	return err;
}

int stats_run(struct shell *sh, int argc, char **argv)
{
	uint64_t interval = argc > 1 ? arg_time(argv[1]) : 0;
	struct guest *guest = NULL;
	char name[GUEST_NAME_MAX];
	int err = 0;

	if (argc) {
		size_t n = strcspn(argv[0], "/");

		strlcpy(name, argv[0], MIN(n + 1, sizeof(name)));
		guest = argv[0][n] ? NULL : guest_find(name);
		if (!guest && !arg_vcpu(argv[0], &guest))
			return sh_error(sh, -ENOENT, "'%s' is neither a guest nor a vCPU", argv[0]);
		err = print_stats(sh, guest, argv[0], interval);
		guest_put(guest);
		return err;
	}
	guest_list_lock();
	while ((guest = guest_next(guest)) && !err)
		err = print_stats(sh, guest, guest->name, 0);
	guest_list_unlock();
	return err;
}

static const struct command_sub subs[] = {
	{ "list", "list virtual CPUs", NULL, run_list },
	{ "dumpreg", "registers of one", ARGS(ARG(VCPU, "vcpu")), run_dumpreg },
	{ "pause", "hold one, the others go on", ARGS(ARG(VCPU, "vcpu")), run_pause },
	{ "resume", "let it go on", ARGS(ARG(VCPU, "vcpu")), run_resume },
	{ "halt", "switch one off, as it may itself", ARGS(ARG(VCPU, "vcpu")), run_halt },
	{ "reset", "the same, with its registers as after reset", ARGS(ARG(VCPU, "vcpu")),
	  run_reset },
	{ "kick", "switch one on, where it starts with its guest", ARGS(ARG(VCPU, "vcpu")),
	  run_kick },
	{ "stats", "why guests came to the hypervisor: in all, or during a time",
	  ARGS(ARG_OPT(WORD, "guest|vcpu"), ARG_OPT(TIME, "time")), stats_run },
	{ "dumpstat", "the same", ARGS(ARG_OPT(WORD, "guest|vcpu"), ARG_OPT(TIME, "time")),
	  stats_run },
	{ .run = NULL },
};

COMMAND(vcpu) { "vcpu", "virtual CPUs", subs };
