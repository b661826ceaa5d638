/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host: the machine that the hypervisor runs on.
 */
#include <core/shell.h>

#include <core/cpu.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/mem.h>
#include <core/pci.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

static void show_ram_total(struct shell *sh)
{
	struct frame_stats st;
	char total[16], free[16], own[16];

	frame_stats_get(&st);
	sh_printf(sh, "memory:   %s, %s free, %s used by the hypervisor\n",
		  format_size(total, sizeof(total), st.total * PAGE_SIZE),
		  format_size(free, sizeof(free), st.free * PAGE_SIZE),
		  format_size(own, sizeof(own), st.own * PAGE_SIZE));
}

static int run_info(struct shell *sh, int argc, char **argv)
{
	const char *model = dt_string(dt_root(), "model", 0);
	char buf[64];

	if (!model)
		model = dt_string(dt_root(), "compatible", 0);
	sh_printf(sh, "machine:  %s\n", model ? model : "unknown");
	cpu_describe(buf, sizeof(buf));
	sh_printf(sh, "CPUs:     %u; this one is %s\n", cpu_count(), buf);
	show_ram_total(sh);
	sh_printf(sh, "counter:  %u.%06u MHz\n", (unsigned)(time_counter_freq() / 1000000),
		  (unsigned)(time_counter_freq() % 1000000));
	sh_printf(sh, "uptime:   %s\n", format_time_ns(buf, sizeof(buf), time_now()));
	return 0;
}

static int run_cpu_info(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create(">CPU|>HARDWARE ID|>READY|>INTERRUPTS");
	struct cpu *cpu;
	char buf[64];

	for (unsigned i = 0; (cpu = cpu_get(i)); i++)
		table_row(t, "%u|0x%" PRIx64 "|%s|%" PRIu64, i, cpu_hwid(i),
			  cpu->online ? "yes" : "no", irq_count(i));
	table_print(t, shell_output(sh));
	cpu_describe(buf, sizeof(buf));
	sh_printf(sh, "%s\n", buf);
	return 0;
}

static int run_cpu_stats(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create(">CPU|>IDLE|>BUSY|>WAITING|>INTERRUPTS|RUNS");
	uint64_t now = time_now();
	struct cpu *cpu;

	for (unsigned i = 0; (cpu = cpu_get(i)); i++) {
		uint64_t idle = thread_run_time(cpu->idle), up = now - cpu->boot_time;
		struct thread *current = READ_ONCE(cpu->current);
		unsigned permille;

		permille = up ? (unsigned)(MIN(idle, up) * 1000 / up) : 0;
		table_row(t, "%u|%u.%u %%|%u.%u %%|%u|%" PRIu64 "|%s", i, permille / 10,
			  permille % 10, (1000 - permille) / 10, (1000 - permille) % 10,
			  cpu->nr_ready, irq_count(i), current ? current->name : "-");
	}
	table_print(t, shell_output(sh));
	return 0;
}

static int run_irq_stats(struct shell *sh, int argc, char **argv)
{
	irq_show(shell_output(sh));
	return 0;
}

static void show_bars(struct pci_dev *dev, char *buf, size_t size)
{
	size_t at = 0;
	char text[16];

	buf[0] = '\0';
	for (unsigned i = 0; i < PCI_BARS && at < size; i++)
		if (dev->bars[i].address)
			at += (size_t)snprintf(buf + at, size - at, "%s0x%" PRIx64 " %s",
					       at ? ", " : "", dev->bars[i].pa,
					       format_size(text, sizeof(text), dev->bars[i].size));
}

static int run_pci(struct shell *sh, int argc, char **argv)
{
	static const char *const kinds[] = { "-", "INTx", "MSI", "MSI-X" };
	struct table *t = table_create("ADDRESS|DEVICE|CLASS|DRIVER|INTERRUPT|>VECTORS|MEMORY");
	struct pci_dev *dev = NULL;
	char bars[160];

	while (IS_ENABLED(CONFIG_PCI) && (dev = pci_next(dev))) {
		show_bars(dev, bars, sizeof(bars));
		table_row(t, "%s|%04x:%04x|%06x|%s|%s|%u|%s", dev->name, dev->vendor, dev->device,
			  dev->class,
			  dev->driver ? dev->driver->name : dev->is_bridge ? "bridge" : "-",
			  kinds[dev->irq_kind], dev->nr_vectors, bars);
	}
	table_print(t, shell_output(sh));
	return 0;
}

static int run_ram_info(struct shell *sh, int argc, char **argv)
{
	struct frame_stats st;
	char a[16];
	hpa_t start;
	uint64_t size;

	for (unsigned i = 0; mem_ram_range(i, &start, &size); i++)
		sh_printf(sh, "RAM:      0x%" PRIx64 " ... 0x%" PRIx64 ", %s\n", start,
			  start + size - 1, format_size(a, sizeof(a), size));
	show_ram_total(sh);
	frame_stats_get(&st);
	sh_printf(sh, "largest:  %s free in one piece\n",
		  format_size(a, sizeof(a), st.largest * PAGE_SIZE));
	sh_printf(sh,
		  "pages:    %" PRIu64 ", %" PRIu64 " free, %" PRIu64 " used by the hypervisor\n",
		  st.total, st.free, st.own);
	return 0;
}

#define BLOCK_PAGES (BLOCK_SIZE / PAGE_SIZE)
#define MAP_COLUMNS 64

/* How full a block is: free, tenths of it, all. */
static char fullness(hpa_t pa)
{
	int used = frame_block_used(pa);

	if (used <= 0)
		return used ? ' ' : '.';
	if (used == BLOCK_PAGES)
		return '#';
	return (char)('0' + (unsigned)used * 10 / BLOCK_PAGES);
}

static void show_blocks(struct shell *sh, hpa_t at, hpa_t end, unsigned columns)
{
	char line[MAP_COLUMNS + 1], last[MAP_COLUMNS + 1] = "";
	bool same = false;

	while (at < end) {
		hpa_t from = at;
		unsigned n = 0;

		for (; n < columns && at < end; at += BLOCK_SIZE)
			line[n++] = fullness(at);
		line[n] = '\0';
		/* The last one is always told, to show where it ends. */
		if (at >= end || strcmp(line, last)) {
			sh_printf(sh, "0x%010" PRIx64 "  %s\n", from, line);
			same = false;
		} else if (!same) {
			sh_printf(sh, "*\n");
			same = true;
		}
		memcpy(last, line, sizeof(last));
	}
}

static int run_ram_bitmap(struct shell *sh, int argc, char **argv)
{
	uint64_t columns = argc ? arg_u64(argv[0]) : MAP_COLUMNS, size;
	hpa_t start;

	if (!columns || columns > MAP_COLUMNS)
		return sh_error(sh, -EINVAL, "1 to %u columns are possible", MAP_COLUMNS);
	sh_printf(sh, "A character is 2 MiB: . free, # in use, 0 to 9 tenths of it; * as above\n");
	for (unsigned i = 0; mem_ram_range(i, &start, &size); i++)
		show_blocks(sh, ALIGN_DOWN(start, BLOCK_SIZE), start + size, (unsigned)columns);
	return 0;
}

static const struct command_sub subs[] = {
	{ "info", "machine, CPUs and memory in short", NULL, run_info },
	{ "cpu info", "each CPU", NULL, run_cpu_info },
	{ "cpu stats", "what the CPUs do", NULL, run_cpu_stats },
	{ "irq stats", "interrupts and how often they came", NULL, run_irq_stats },
	{ "pci", "functions on PCI buses: who drives them, interrupts, memory", NULL, run_pci },
	{ "ram info", "memory ranges and what is free", NULL, run_ram_info },
	{ "ram bitmap", "which blocks of memory are in use", ARGS(ARG_OPT(U64, "columns")),
	  run_ram_bitmap },
	{ .run = NULL },
};

COMMAND(host) { "host", "the machine that the hypervisor runs on", subs };
