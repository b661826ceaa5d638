/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that several guests see, by name: regions of the kinds shared_ram and shared_rom. Thread
 * context.
 */
#pragma once

#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>

struct shared_mem_info {
	const char *name;
	uint64_t size;	 /**< bytes */
	unsigned guests; /**< regions that have it */
	hpa_t hpa;	 /**< of its first part */
};

/**
 * Make it before a guest has it, and keep it when no guest has it any more.
 * @param size   bytes, whole pages
 * @param align  of its physical address, a power of 2; 0: any
 * @return 0, -EINVAL (name or size), -EEXIST, -ENOMEM
 */
must_check int shared_mem_create(const char *name, uint64_t size, uint64_t align);
/** @return 0, -ENOENT, -EBUSY: guests have it */
must_check int shared_mem_destroy(const char *name);
/** All that there is, under a lock: fn must not come here again. */
void shared_mem_for_each(void (*fn)(const struct shared_mem_info *info, void *arg), void *arg);
