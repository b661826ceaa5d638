/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest's driver of an ITS does, for tests: tables, queue, commands, messages of devices. */
#pragma once

#include <libs/bits.h>
#include <libs/byteorder.h>

#include "unit.h"
#include "vgic_mem.h"
#include "vgic_world.h"

#define LPI	   8192u
#define PROP_TABLE (VGIC_MEM + 0x10000) /* 8192 bytes */
#define PEND_TABLE(v) (VGIC_MEM + 0x20000 + 0x10000 * (v))
#define QUEUE	   (VGIC_MEM + 0x80000) /* 64 KiB */
#define QUEUE_SIZE 0x10000u

#define CTLR	0x0000
#define TYPER	0x0008
#define CBASER	0x0080
#define CWRITER 0x0088
#define CREADR	0x0090
#define BASER	0x0100

#define RD_CTLR	    0x00
#define RD_PROPBASE 0x70
#define RD_PENDBASE 0x78

static inline uint64_t its_r(uint64_t offset)
{
	return vw_read(0, vw_its(), offset, 8);
}

static inline void its_w(uint64_t offset, uint64_t value)
{
	CHECK_EQ(vw_write(0, vw_its(), offset, 8, value), EMU_OK);
}

static inline void rd_w64(unsigned vcpu, uint64_t offset, uint64_t value)
{
	CHECK_EQ(vw_write(vcpu, vw_cpu(), vcpu * 0x20000 + offset, 8, value), EMU_OK);
}

static inline void lpis(unsigned vcpu, bool on)
{
	vw_rw(vcpu, RD_CTLR, on);
	CHECK_EQ(vw_rr(vcpu, RD_CTLR) & 1, on);
}

/* The table of an LPI; the hypervisor knows of it after INV. */
static inline void lpi_config(unsigned lpi, unsigned prio, bool on)
{
	*vgic_mem(PROP_TABLE + lpi - LPI) = (uint8_t)(prio | on);
}

static inline uint8_t *lpi_pending(unsigned vcpu, unsigned lpi)
{
	return vgic_mem(PEND_TABLE(vcpu) + lpi / 8);
}

/* --- commands --------------------------------------------------------------------------- */

static inline void put_command(unsigned at, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	uint8_t *p = vgic_mem(QUEUE + at);

	put_le64(p, w0);
	put_le64(p + 8, w1);
	put_le64(p + 16, w2);
	put_le64(p + 24, w3);
}

static inline void command(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	unsigned at = (unsigned)its_r(CWRITER);

	put_command(at, w0, w1, w2, w3);
	at = (at + 32) % QUEUE_SIZE;
	its_w(CWRITER, at);
	CHECK_EQ(its_r(CREADR), at);
}

static inline void mapd(uint64_t device, unsigned bits, bool valid)
{
	command(0x08 | device << 32, bits - 1, (uint64_t)valid << 63, 0);
}

static inline void mapc(unsigned collection, uint64_t vcpu, bool valid)
{
	command(0x09, 0, (uint64_t)valid << 63 | vcpu << 16 | collection, 0);
}

static inline void mapti(uint64_t device, uint64_t event, uint64_t lpi, unsigned collection)
{
	command(0x0a | device << 32, event | lpi << 32, collection, 0);
}

static inline void movi(uint64_t device, uint64_t event, unsigned collection)
{
	command(0x01 | device << 32, event, collection, 0);
}

static inline void event_command(unsigned number, uint64_t device, uint64_t event)
{
	command(number | device << 32, event, 0, 0);
}

#define CMD_INT	    0x03
#define CMD_CLEAR   0x04
#define CMD_INV	    0x0c
#define CMD_DISCARD 0x0f

static inline void invall(unsigned collection)
{
	command(0x0d, 0, collection, 0);
}

static inline void movall(uint64_t from, uint64_t to)
{
	command(0x0e, 0, from << 16, to << 16);
}

/* A device writes to the doorbell. */
static inline void message(uint32_t device, uint32_t event)
{
	vw_its()->emu->msi(vw_its(), 0x10040, device, event);
}

/* --- setting up ------------------------------------------------------------------------- */

static inline void its_on(void)
{
	its_w(BASER, 1ull << 63 | (VGIC_MEM + 0x1000));
	its_w(BASER + 8, 1ull << 63 | (VGIC_MEM + 0x2000));
	its_w(CBASER, 1ull << 63 | QUEUE | (QUEUE_SIZE / 0x1000 - 1));
	vw_write(0, vw_its(), CTLR, 4, 1);
}

/* A guest with an ITS that is on, LPIs enabled on all of its vCPUs, each the collection of its
 * number, and no device. */
static inline void its_begin(const struct vw_config *config)
{
	vgic_mem_clear();
	vw_begin(config);
	vw_w(0, 3);
	for (unsigned v = 0; v < config->vcpus && vw_loaded(v); v++) {
		vw_interface(v, 3, 0xf8, false);
		rd_w64(v, RD_PROPBASE, PROP_TABLE | 13);
		rd_w64(v, RD_PENDBASE, PEND_TABLE(v));
		lpis(v, true);
	}
	its_on();
	for (unsigned v = 0; v < config->vcpus; v++)
		mapc(v, v, true);
}
