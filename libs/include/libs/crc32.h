/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CRC-32 of Ethernet, gzip and zip (reflected polynomial 0xedb88320, RFC 1952 section 8).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * Continues a checksum. Any context.
 *
 * @param crc   result for the bytes before these; 0 at the start
 * @param data  the bytes
 * @param n     how many
 * @return checksum of all bytes so far
 */
uint32_t crc32_update(uint32_t crc, const void *data, size_t n);
