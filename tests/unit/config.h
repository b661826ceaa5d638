/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration of the files that unit tests compile, in the place of what openconf.cfg gives an
 * image. Included in front of every file.
 */
#pragma once

#define CONFIG_HOST 1
#define CONFIG_BLOCK_FAULT 1
#define CONFIG_BLOCK_FILE 1
#define CONFIG_BLOCK_PARTITIONS 1
#define CONFIG_EMU_GICV3_ITS 1
#define CONFIG_EMU_VIRTIO_PACKED 1
#define CONFIG_VFS_WRITE 1
#define CONFIG_LOG_BUFFER_SHIFT 14
#define CONFIG_LOG_DEFAULT_LEVEL 1
