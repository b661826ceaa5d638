/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making guests' nodes: properties, regions, vCPUs and virtio devices. No data, no lock; the nodes
 * are the caller's.
 */
#include "build.h"

#include "disk_value.h"
#include "net_value.h"

#include <core/board.h>
#include <core/dt.h>
#include <core/shell.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define ALIGN_ORDER_2M 21

/* Virtio device numbers (Virtio 1.2, section 5). */
enum { VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_CONSOLE = 3, VIRTIO_RNG = 4, VIRTIO_BALLOON = 5 };

struct dt_node *build_node(struct board_build *b, struct dt_node *parent, const char *name)
{
	struct dt_node *node = b->err ? NULL : dt_add_node(parent, name);

	if (!node && !b->err)
		b->err = -ENOMEM;
	return node;
}

void build_string(struct board_build *b, struct dt_node *node, const char *prop, const char *s)
{
	if (!b->err)
		b->err = dt_set_string(node, prop, s);
}

void build_u32(struct board_build *b, struct dt_node *node, const char *prop, uint32_t v)
{
	if (!b->err)
		b->err = dt_set_u32(node, prop, v);
}

void build_u64(struct board_build *b, struct dt_node *node, const char *prop, uint64_t v)
{
	if (!b->err)
		b->err = dt_set_u64(node, prop, v);
}

void build_flag(struct board_build *b, struct dt_node *node, const char *prop)
{
	if (!b->err)
		b->err = dt_set(node, prop, NULL, 0);
}

void build_cells(struct board_build *b, struct dt_node *node, const char *prop,
		 const uint32_t *cells, unsigned n)
{
	if (!b->err)
		b->err = dt_set_cells(node, prop, cells, n);
}

static struct dt_node *region(struct board_build *b, const struct board_device *d,
			      const char *manifest)
{
	struct dt_node *node = build_node(b, b->aspace, d->name);

	build_string(b, node, "manifest_type", manifest);
	build_string(b, node, "address_type", d->port ? "io" : "memory");
	build_u64(b, node, "guest_physical_addr", d->at);
	build_u64(b, node, "physical_size", d->size);
	return node;
}

struct dt_node *build_region(struct board_build *b, const char *name, const char *manifest,
			     uint64_t at, uint64_t size)
{
	const struct board_device d = { .name = name, .at = at, .size = size };

	return region(b, &d, manifest);
}

struct dt_node *build_device(struct board_build *b, const struct board_device *d)
{
	struct dt_node *node = region(b, d, "virtual");

	build_string(b, node, "device_type", d->type);
	build_string(b, node, "compatible", d->compatible);
	if (d->irq >= 0)
		build_u32(b, node, "interrupts", (uint32_t)d->irq);
	return node;
}

void build_ram(struct board_build *b, const char *name, uint64_t at, uint64_t size)
{
	struct dt_node *node = build_region(b, name, "real", at, size);

	build_string(b, node, "device_type", "alloced_ram");
	build_u32(b, node, "align_order", ALIGN_ORDER_2M);
}

void build_alias(struct board_build *b, const char *name, const char *node)
{
	char path[48];

	snprintf(path, sizeof(path), "/aspace/%s", node);
	build_string(b, b->aliases, name, path);
}

/* All but the first wait to be started. */
static void add_vcpus(struct board_build *b, const char *compatible)
{
	struct dt_node *vcpus = build_node(b, b->guest, "vcpus");

	for (unsigned i = 0; i < b->cfg->vcpus; i++) {
		struct dt_node *node;
		uint32_t list[64];
		unsigned n = 0;
		char name[16];

		snprintf(name, sizeof(name), "vcpu%u", i);
		node = build_node(b, vcpus, name);
		build_string(b, node, "device_type", "vcpu");
		build_string(b, node, "compatible", compatible);
		build_u32(b, node, "priority", b->cfg->prio);
		for (uint64_t mask = b->cfg->affinity; mask; mask &= mask - 1)
			list[n++] = ctz64(mask);
		if (n)
			build_cells(b, node, "affinity", list, n);
		if (i)
			build_flag(b, node, "poweroff");
	}
}

void build_begin(struct board_build *b, const char *model, const char *cpu)
{
	build_string(b, b->guest, "device_type", "guest");
	build_string(b, b->guest, "model", model);
	if (b->cfg->on_reset && strcmp(b->cfg->on_reset, "restart"))
		build_string(b, b->guest, "on_reset", b->cfg->on_reset);
	add_vcpus(b, cpu);
	b->aspace = build_node(b, b->guest, "aspace");
	b->aliases = build_node(b, b->guest, "aliases");
}

int build_end(struct board_build *b, struct shell_out *out)
{
	build_alias(b, "mem0", "mem0");
	build_alias(b, "uart0", "uart0");
	if (b->err)
		out_printf(out, "the description of \"%s\" cannot be made: %s\n", b->cfg->name,
			   error_text(b->err));
	return b->err;
}

void build_handed(struct board_build *b, struct dt_node *fw_cfg)
{
	const struct guest_config *cfg = b->cfg;

	if (!cfg->firmware || !cfg->kernel)
		return;
	build_string(b, fw_cfg, "kernel", cfg->kernel);
	if (cfg->initrd)
		build_string(b, fw_cfg, "initrd", cfg->initrd);
	if (cfg->cmdline)
		build_string(b, fw_cfg, "cmdline", cfg->cmdline);
}

/* --- virtio ------------------------------------------------------------------------------ */

static struct dt_node *virtio(struct board_build *b, const char *name, uint32_t type)
{
	struct board_slots *s = b->slots;
	struct dt_node *node;

	if (s) {
		node = build_region(b, name, "virtual", s->at + s->used * s->size, s->size);
		build_u32(b, node, "interrupts", s->irq + s->used);
		s->used++;
	} else {
		node = build_node(b, b->pci, name);
	}
	build_string(b, node, "device_type", "virtio");
	build_string(b, node, "compatible", s ? "virtio,mmio" : "virtio,pci");
	build_u32(b, node, "virtio_type", type);
	return node;
}

static void add_disk(struct board_build *b, unsigned i)
{
	char name[24], alias[16], path[32];
	struct disk_value disk;
	struct dt_node *node;

	if (disk_value_parse(b->cfg->disks[i], &disk)) {
		b->err = -EINVAL; /* build_check() has said why */
		return;
	}
	snprintf(name, sizeof(name), "virtio-blk%u", i);
	node = virtio(b, name, VIRTIO_BLOCK);
	build_string(b, node, "blkdev", disk.source);
	if (disk.serial[0])
		build_string(b, node, "serial", disk.serial);
	if (disk.read_only)
		build_flag(b, node, "read-only");
	snprintf(alias, sizeof(alias), "disk%u", i);
	snprintf(path, sizeof(path), "%s%s", b->slots ? "" : "pci/", name);
	build_alias(b, alias, path);
}

static void add_net(struct board_build *b, unsigned i)
{
	struct net_value net;
	struct dt_node *node;
	char name[24];

	if (net_value_parse(b->cfg->nets[i], &net)) {
		b->err = -EINVAL;
		return;
	}
	snprintf(name, sizeof(name), "virtio-net%u", i);
	node = virtio(b, name, VIRTIO_NET);
	build_string(b, node, "switch", net.sw);
	if (net.queues)
		build_u32(b, node, "queues", net.queues);
	if (net.mtu)
		build_u32(b, node, "mtu", net.mtu);
	if (net.has_mac && !b->err)
		b->err = dt_set(node, "local-mac-address", net.mac, sizeof(net.mac));
}

static void add_console(struct board_build *b)
{
	struct dt_node *node = virtio(b, "virtio-con0", VIRTIO_CONSOLE);
	char names[BOARD_LIST_MAX * 40];
	size_t len = 0;

	if (b->cfg->console > 1)
		build_u32(b, node, "ports", b->cfg->console);
	/* A list of strings, each with its NUL; names that are too long are said by the device. */
	for (unsigned i = 0; i < b->cfg->nr_ports; i++) {
		strlcpy(names + len, b->cfg->ports[i], 40);
		len += strlen(names + len) + 1;
	}
	if (len && !b->err)
		b->err = dt_set(node, "port_names", names, (unsigned)len);
}

void build_virtio(struct board_build *b)
{
	for (unsigned i = 0; i < b->cfg->nr_disks; i++)
		add_disk(b, i);
	for (unsigned i = 0; i < b->cfg->nr_nets; i++)
		add_net(b, i);
	if (b->cfg->console || b->cfg->nr_ports)
		add_console(b);
	if (b->cfg->rng)
		virtio(b, "virtio-rng0", VIRTIO_RNG);
	if (b->cfg->balloon)
		virtio(b, "virtio-balloon0", VIRTIO_BALLOON);
}

int build_check(const struct guest_config *cfg, struct shell_out *out)
{
	struct disk_value disk;
	struct net_value net;
	const char *wrong = NULL;

	if (!cfg->kernel && !cfg->firmware)
		wrong = "there is nothing to boot: give kernel=<file> or firmware=<file>";
	else if (cfg->initrd && !cfg->kernel)
		wrong = "initrd= needs kernel=: firmware loads an initial RAM disk from a disk by "
			"itself";
	else if (cfg->firmware && cfg->load_addr)
		wrong = "load= is for kernel= without firmware=, which has its own place";
	if (wrong) {
		out_printf(out, "%s\n", wrong);
		return -EINVAL;
	}
	for (unsigned i = 0; i < cfg->nr_nets; i++) {
		wrong = net_value_parse(cfg->nets[i], &net);
		if (wrong) {
			out_printf(out, "net=: \"%.60s\" %s\n", cfg->nets[i], wrong);
			return -EINVAL;
		}
	}
	for (unsigned i = 0; i < cfg->nr_disks; i++) {
		wrong = disk_value_parse(cfg->disks[i], &disk);
		if (wrong) {
			out_printf(out, "disk=: \"%.60s\" %s\n", cfg->disks[i], wrong);
			return -EINVAL;
		}
	}
	return 0;
}
