# SPDX-License-Identifier: GPL-2.0-only

obj-y += cache.o
obj-y += file.o
obj-y += initrd.o
obj-y += mount.o
obj-y += path.o

obj-y += cpio.o
obj-$(CONFIG_FS_EXT2) += ext2.o
obj-$(CONFIG_FS_EXT2) += ext2_alloc.o
obj-$(CONFIG_FS_EXT2) += ext2_dir.o
obj-$(CONFIG_FS_EXT2) += ext2_extent.o
obj-$(CONFIG_FS_EXT2) += ext2_file.o
obj-$(CONFIG_FS_EXT2) += ext2_map.o
obj-$(CONFIG_FS_EXT2) += ext2_name.o

obj-$(CONFIG_FS_FAT) += fat.o
obj-$(CONFIG_FS_FAT) += fat_dir.o
obj-$(CONFIG_FS_FAT) += fat_file.o
obj-$(CONFIG_FS_FAT) += fat_name.o
obj-$(CONFIG_FS_FAT) += fat_short.o
obj-$(CONFIG_FS_FAT) += fat_table.o

obj-$(CONFIG_FS_ISO9660) += iso9660.o
obj-$(CONFIG_FS_ISO9660) += iso9660_rock.o

# not on the way of any exit: small before fast
cflags-y := $(small)
