/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of the guest whose interrupt controller is tested: one piece, for the tables and
 * queues of LPIs. See vgic_mem.h.
 */
#include "vgic_mem.h"

#include <string.h>

#include <core/guest.h>
#include <core/thread.h>
#include <libs/errno.h>

static uint8_t ram[VGIC_MEM_SIZE];
static unsigned yields;

uint8_t *vgic_mem(uint64_t gpa)
{
	return &ram[gpa - VGIC_MEM];
}

void vgic_mem_clear(void)
{
	memset(ram, 0, sizeof(ram));
}

static bool is_ram(uint64_t gpa, size_t len)
{
	return gpa - VGIC_MEM < VGIC_MEM_SIZE && len <= VGIC_MEM_SIZE - (gpa - VGIC_MEM);
}

int guest_mem_read(struct guest *guest, gpa_t gpa, void *buf, size_t len)
{
	if (!is_ram(gpa, len))
		return -EFAULT;
	memcpy(buf, vgic_mem(gpa), len);
	return 0;
}

int guest_mem_write(struct guest *guest, gpa_t gpa, const void *buf, size_t len)
{
	if (!is_ram(gpa, len))
		return -EFAULT;
	memcpy(vgic_mem(gpa), buf, len);
	return 0;
}

void thread_yield(void)
{
	yields++;
}

unsigned vgic_yields(void)
{
	return yields;
}
