/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world for emulators: one guest with some memory, whose interrupt lines, resets and unmappings
 * are recorded; a clock that the test moves; timers, work and threads that run when the test says
 * so. Device nodes and serial ports are the real ones.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <core/emu.h>
#include <core/guest.h>
#include <core/vserial.h>

/* The guest's RAM: two pieces that lie apart in the hypervisor, and one of ROM. */
#define WORLD_RAM	0x40000000ull
#define WORLD_PIECE	0x10000ull
#define WORLD_RAM_SIZE	(2 * WORLD_PIECE)
#define WORLD_ROM	0x50000000ull
#define WORLD_ROM_SIZE	0x1000ull
#define WORLD_DEVICE	0x09000000ull	/* first device */
#define WORLD_IRQS	128

/** Begins anew: guest "g" with zeroed memory and without devices. */
void world_begin(void);
/** Removes all devices. @return blocks of memory that were lost */
long world_end(void);
struct guest *world_guest(void);

/** A node for a device; properties are added by dt_set*(). */
struct dt_node *world_node(const char *name, const char *compatible);
/** Makes the device of a node. @return NULL when probe failed; *err has its error */
struct emu_dev *world_probe(struct dt_node *node, uint64_t size, int *err);
/** Both, with `interrupts = <irq>`; the test fails when there is no device. */
struct emu_dev *world_device(const char *name, const char *compatible, uint64_t size, uint32_t irq);
/** A device on a bus. @return NULL when probe failed; *err has its error */
struct emu_dev *world_child(struct emu_dev *bus, const char *name, const char *compatible,
			    int *err);
void world_remove(struct emu_dev *dev);

/** Accesses as from the guest. A read that is not served gives WORLD_BAD | result. */
#define WORLD_BAD	0xbad00000ull
uint64_t world_read(struct emu_dev *dev, uint64_t offset, unsigned size);
enum emu_result world_write(struct emu_dev *dev, uint64_t offset, unsigned size, uint64_t value);
static inline uint32_t world_r32(struct emu_dev *dev, uint64_t offset)
{
	return (uint32_t)world_read(dev, offset, 4);
}
static inline void world_w32(struct emu_dev *dev, uint64_t offset, uint32_t value)
{
	world_write(dev, offset, 4, value);
}

/** Level of an interrupt line, and how often it changed. */
bool world_line(unsigned irq);
unsigned world_changes(unsigned irq);
/** Edges since the beginning. */
unsigned world_pulses(unsigned irq);

/** Lets time pass; timers run at their moments. */
void world_advance(uint64_t ns);
/** Time passes, but timers are late: they run with the next world_advance(). */
void world_stall(uint64_t ns);
/** Moment of the next timer, UINT64_MAX if none. */
uint64_t world_next_timer(void);
/** The host's clock: seconds since 1970 at boot. */
void world_set_epoch(uint64_t seconds);
/** Runs queued work. @return how many ran */
unsigned world_work(void);
/**
 * Runs threads until they block, or give way so many times. @return true while one has more to do
 */
bool world_threads(unsigned yields);
unsigned world_thread_count(void);
/** Guest resets asked for. */
unsigned world_resets(void);

/** Guest memory as the hypervisor sees it; NULL outside. */
uint8_t *world_mem(uint64_t gpa);
/** Where a byte of RAM is, and how many follow there; a harness may have its own. */
uint8_t *world_ram(uint64_t off, uint64_t *avail);
/** Between the files of the world. */
void world_mem_begin(void);
void world_mem_end(void);
/** Calls fn whenever the hypervisor looks for guest memory: another vCPU that changes it. */
void world_on_access(void (*fn)(void));
/** Calls of guest_region_unmap(), and bytes of the last one. */
unsigned world_unmaps(uint64_t *size);

/** Text collected from a port since the last call. */
void world_listen(const char *port);
const char *world_heard(void);
/** Types input at a port. @return bytes accepted */
size_t world_type(const char *port, const char *text);

/** The one file that the file system has; NULL removes it. */
void world_file(const char *path, const void *data, size_t size);
/** The same, which can be written and grow up to the room there is. */
void world_file_rw(const char *path, void *data, size_t size, size_t room);
/** Let it fail to reach stable storage; 0: not any more. */
void world_file_sync_fails(int err);
/** Bytes that it has now. */
size_t world_file_size(void);
/** What check functions printed. */
const char *world_out_text(void);
struct shell_out *world_out(void);
/** Pages handed out by page_alloc(). */
size_t world_pages(void);
/** Let page_alloc() fail. */
void world_pages_fail(bool fail);
