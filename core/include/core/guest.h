/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests: memory, devices, vCPUs, life. A guest is made of a device-tree node
 * under /guests and lives until guest_destroy().
 *
 * Locks: guests_mutex (list, create and destroy), guest->life (state changes),
 * both mutexes of thread context. Regions and devices do not change while
 * the guest exists, so the exit path reads them without a lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arch/guest.h>
#include <arch/types.h>
#include <core/pgtable.h>
#include <core/thread.h>
#include <core/vcpu.h>
#include <libs/list.h>
#include <libs/util.h>

struct dt_node;
struct emu_dev;
struct guest;
struct guest_balloon;
struct kernel_image;
struct shell_out;
struct vserial;
struct vintc_ops;

enum guest_state {
	GUEST_READY,   /**< reset, not started */
	GUEST_RUNNING,
	GUEST_PAUSED,
	GUEST_STOPPED, /**< halted or powered off; start resets it first */
};

/** Why a guest ended; becomes the exit code of `guest wait` and `console`. */
enum guest_exit {
	GUEST_EXIT_NONE = -1, /**< has not ended */
	GUEST_EXIT_OFF = 0,   /**< powered itself off */
	GUEST_EXIT_STOPPED = 1, /**< stopped from the shell */
	GUEST_EXIT_CRASH = 2, /**< a fault that it cannot go on from (said in the log) */
	GUEST_EXIT_RESET = 3, /**< asked for a reset and `on_reset=stop` was set */
	GUEST_EXIT_DESTROYED = 4,
};

/* Region flags, from manifest_type, address_type, device_type. */
#define REGION_REAL    BIT32(0)
#define REGION_VIRTUAL BIT32(1)
#define REGION_ALIAS   BIT32(2)
#define REGION_MEMORY  BIT32(3)
#define REGION_IO      BIT32(4)
#define REGION_RAM     BIT32(5)
#define REGION_ROM     BIT32(6)
#define REGION_ALLOCED BIT32(7) /**< the hypervisor chooses the frames */
#define REGION_SHARED  BIT32(8) /**< named shared memory */
#define REGION_DEVICE  BIT32(9)

/** Contiguous host memory behind a part of a region. */
struct extent {
	uint64_t offset; /* in the region, bytes */
	hpa_t hpa;
	uint64_t size;
};

struct region {
	struct dt_node *node;
	uint32_t flags;
	unsigned nr_extents;
	gpa_t gpa;
	uint64_t size;
	gpa_t alias;		/* REGION_ALIAS: where it points */
	struct extent *extents; /* memory */
	struct shared_mem *shared;
	struct emu_dev *dev;	/* REGION_VIRTUAL */
};

/** Frames on their way back to the host. */
struct frame_run {
	hpa_t hpa;
	uint64_t size; /* bytes */
};

struct frame_runs {
	struct frame_run *run;
	unsigned n, room;
};

#define GUEST_NAME_MAX 32

struct guest {
	struct list link;	/* guests; guests_mutex */
	char name[GUEST_NAME_MAX];
	unsigned id;
	struct dt_node *node;
	struct mutex life;
	enum guest_state state;
	enum guest_exit exit;
	enum guest_exit last_exit; /* as exit, but not forgotten when it begins again */
	unsigned ends;		/* so many times */
	bool resetting;		/* asked for a reset, which is to come */
	char exit_text[96];	/* one sentence: why it ended last */
	struct waitq ended;
	struct arch_guest arch;
	struct pgtable stage2;
	struct region *regions; /* memory sorted by gpa, then ports by number */
	unsigned nr_regions;
	struct region *ports;	/* those of regions that are of the port space */
	unsigned nr_ports;
	struct list devices;	/* emu_dev.link */
	struct region *msi_region; /* a hint: the doorbell that was used last */
	struct vcpu **vcpus;
	unsigned nr_vcpus;
	/* interrupt controller */
	const struct vintc_ops *vintc;
	void *vintc_priv;
	unsigned nr_irqs;
	/* firmware interface */
	uint32_t psci_version;	/* 0x00010001 = 1.1 */
	bool big_endian;
	uint64_t start_count;	/* counter value at reset: guest time zero */
	uint64_t started_at;	/* time_now() */
	unsigned resets;
	struct log_limit *log_limit;
	struct work reset_work;	/* asked for by the guest itself */
	uint64_t reset_after;	/* time_now(): the next of these, when they come too often */
	/* what was loaded into memory at create: applied again at each reset */
	struct list images;
	void *board;		/* board template's own data */
	bool own_node;		/* node was made for this guest only: guest_destroy() removes it */
	spinlock_t lock;	/* state and exit */
	unsigned refs;		/* guests_mutex: guest_find() without guest_put() */
	bool destroying;	/* guests_mutex */
	bool reset_stops;	/* on_reset="stop" */
	struct mutex map_lock;	/* stage2 after create: memory of devices, of holes; pins, freed */
	/*
	 * RAM may go back to the host and come again. Set by a device at its probe, before anybody
	 * looks at memory.
	 */
	bool mem_moves;
	spinlock_t mem_lock;	/* copies, if it moves */
	struct list pins;	/* guest_mem_pin.link */
	struct frame_runs freed; /* taken away since the last guest_mem_settle() */
	uint64_t hole_bytes;
	struct mutex watch_lock; /* above map_lock */
	struct list watches;	/* guest_mem_watch.link */
	struct frame_runs stuck; /* frames that somebody uses still */
	struct guest_balloon *balloon; /* NULL: there is none */
};

/** May RAM go back to the host and come again? */
static inline bool guest_mem_moves(const struct guest *guest)
{
	return IS_ENABLED(CONFIG_EMU_VIRTIO_BALLOON) && guest->mem_moves;
}

/** Is at gpa memory that goes and comes, whatever is there now? Any context. */
bool guest_gpa_moves(struct guest *guest, gpa_t gpa);

/** Description of a guest to be made by the one-line form: key=value words. */
struct guest_config;

/* --- life ------------------------------------------------------------------------- */

/**
 * Create from a node under /guests; everything is checked before anything is taken.
 * Errors are printed to out as sentences with the node's path. Thread context.
 * @param guest  held for the caller, who puts it; NULL when it does not want it
 */
must_check int guest_create(struct dt_node *node, struct shell_out *out, struct guest **guest);
/** Find all errors of a node without creating anything. @return number of errors, all printed */
unsigned guest_check(struct dt_node *node, struct shell_out *out);
/**
 * Stop if need be and free all, after everybody else has put it. The caller holds it
 * (guest_find(), or guest_create()) and does not any more afterwards. @return 0 or -EBUSY when
 * somebody else is destroying it (it stays held then)
 */
must_check int guest_destroy(struct guest *guest);
must_check int guest_start(struct guest *guest);
must_check int guest_pause(struct guest *guest);
must_check int guest_resume(struct guest *guest);
/** Back to the state after create; runs on if it was running. */
must_check int guest_reset(struct guest *guest);
/** Halt; memory stays to be looked at. */
must_check int guest_stop(struct guest *guest);
/**
 * The guest asks for its own end or reset, or cannot go on: from a vCPU's own thread
 * (exit handler, emulator). Does not return to the guest: all vCPUs stop as soon as they exit.
 */
void guest_end(struct guest *guest, enum guest_exit why, const char *fmt, ...) printf_like(3, 4);
void guest_request_reset(struct guest *guest);
/**
 * Wait until it ends, or is seen to have ended: it may have begun again since.
 * @param ends  guest->ends when the wait began
 * @return enum guest_exit, -ETIMEDOUT
 */
int guest_wait(struct guest *guest, unsigned ends, uint64_t deadline);

/** Find by name and hold: it is not destroyed before guest_put(). NULL if none. */
struct guest *guest_find(const char *name);
void guest_put(struct guest *guest);
/** Iterate under guests_mutex, which guest_list_lock() takes. */
void guest_list_lock(void);
void guest_list_unlock(void);
struct guest *guest_next(struct guest *prev);
const char *guest_state_name(enum guest_state state);

/* --- memory ------------------------------------------------------------------------- */

/**
 * Region that contains gpa (aliases resolved by the caller), by binary search. NULL: nothing
 * there.
 */
struct region *guest_region(struct guest *guest, gpa_t gpa);
/** Region of a port, by binary search. NULL: nothing there. */
struct region *guest_port(struct guest *guest, unsigned port);
/**
 * Direct pointer to guest memory. It stays valid as long as the guest exists, unless the guest's
 * memory moves: then for those who pin it, and for those who watch until they are asked.
 * @param guest whose memory
 * @param gpa   where
 * @param write fails on ROM
 * @param avail gets how many contiguous bytes there are (>= 1)
 * @return NULL when gpa is not memory, or is none just now: the host has none, or interrupts are
 *         masked and it had to be made
 */
void *guest_mem_ptr(struct guest *guest, gpa_t gpa, bool write, uint64_t *avail);
/** Copy; stops at the first byte that is no memory. @return 0 or -EFAULT */
must_check int guest_mem_read(struct guest *guest, gpa_t gpa, void *buf, size_t len);
must_check int guest_mem_write(struct guest *guest, gpa_t gpa, const void *buf, size_t len);
/** Hypervisor's own loading: writes ROM too, and makes it visible to a guest with caches off. */
must_check int guest_mem_load(struct guest *guest, gpa_t gpa, const void *buf, size_t len);
/**
 * Take away what the guest reaches directly of a virtual region (emulator.mem) in [offset,
 * offset+size): the next accesses come to the emulator again. Thread context; takes the lock of
 * the guest's stage 2.
 */
void guest_region_unmap(struct guest *guest, struct region *region, uint64_t offset, uint64_t size);
/**
 * Map pages of a host device at a region's place (GICV). At probe. Thread context.
 * @return 0, -ENOMEM, -EEXIST
 */
must_check int guest_map_device(struct guest *guest, gpa_t gpa, hpa_t hpa, uint64_t size);
/** Bytes of RAM that the guest has at this moment. */
uint64_t guest_mem_held(const struct guest *guest);
/** Total bytes of RAM regions. */
uint64_t guest_ram_size(const struct guest *guest);

/* --- images ------------------------------------------------------------------------------ */

/*
 * What is loaded into a guest is kept in a list (guest->images; guest->life) and loaded anew at
 * each reset. Files stay open, so that their file system stays mounted. What is loaded over all
 * of an older image takes its place. The first four take guest->life.
 */

/**
 * Load a file of the VFS as it is, byte for byte. Thread context.
 * @return 0 or negative errno; the reason is a sentence on out
 */
must_check int guest_load_file(struct guest *guest, gpa_t gpa, const char *path,
			       struct shell_out *out);
/**
 * Load the content of a recognised image, decompressed and in its parts, what is behind the
 * content of a part zeroed. Thread context.
 * @param gpa  load address; of no meaning for an image that is `fixed`
 * @return 0 or negative errno; the reason is a sentence on out
 */
must_check int guest_load_image(struct guest *guest, gpa_t gpa, const char *path,
				const struct kernel_image *image, struct shell_out *out);
/**
 * Load a copy of data. Thread context. @return 0, -ENOMEM, -EFAULT (no memory of the guest there)
 */
must_check int guest_keep_blob(struct guest *guest, gpa_t gpa, const void *data, size_t size);
/** Call fn for each image, oldest first: what it is (path, or NULL for a blob) and where. */
void guest_images_for_each(struct guest *guest,
			   void (*fn)(const char *path, gpa_t gpa, uint64_t size, void *arg),
			   void *arg);
/**
 * Load all again, oldest first. The caller holds guest->life.
 * @param out  NULL: the reason of a failure is logged
 * @return 0 or negative errno
 */
must_check int guest_images_load(struct guest *guest, struct shell_out *out);
/** Forget all; at destruction. The caller is the guest's only user. */
void guest_images_free(struct guest *guest);
/**
 * Where the first vCPU begins, now and after each reset, and its first argument (the device tree's
 * address). The guest does not run. Thread context; takes guest->life.
 * @return 0, -EBUSY (it runs), -ENOMEM
 */
must_check int guest_set_start(struct guest *guest, uint64_t pc, uint64_t arg);

/* --- interrupts ----------------------------------------------------------------------- */

/**
 * Level of a shared interrupt line (number of the guest's interrupt controller). Any context.
 * Only changes cost something.
 */
void guest_irq_set(struct guest *guest, unsigned irq, bool level);
/** An edge. */
void guest_irq_pulse(struct guest *guest, unsigned irq);
/** The same for a private interrupt of one vCPU. */
void vcpu_irq_set(struct vcpu *vcpu, unsigned irq, bool level);

/**
 * What the guest's interrupt controller (an emulator) supplies; it sets guest->vintc at its
 * probe.
 */
struct vintc_ops {
	/** @param vcpu NULL: shared line. Any context. */
	void (*set_line)(struct guest *guest, struct vcpu *vcpu, unsigned irq, bool level);
	void (*pulse)(struct guest *guest, struct vcpu *vcpu, unsigned irq);
	/** Before entry when VCPU_REQ_VINTC was set: fill slots. IRQs masked, vCPU loaded. */
	void (*flush)(struct vcpu *vcpu);
	/** Maintenance interrupt of the virtual CPU interface. IRQs masked, vCPU loaded. */
	void (*maintenance)(struct vcpu *vcpu);
	/** Is there an interrupt that the vCPU would take? (ends idle) IRQs masked, vCPU loaded. */
	bool (*pending)(struct vcpu *vcpu);
	/**
	 * A hardware-linked private interrupt (guest timer) fired: put it into a slot. IRQs
	 * masked, vCPU loaded.
	 */
	void (*linked)(struct vcpu *vcpu, unsigned virq, unsigned hwirq);
	/**
	 * The vCPU is about to be saved / has been loaded on this CPU. IRQs masked. May be NULL.
	 */
	void (*save)(struct vcpu *vcpu);
	void (*load)(struct vcpu *vcpu);
	/**
	 * Trapped software-generated interrupt register (ICC_SGI1R_EL1, SGI0R, ASGI1R): value as
	 * written.
	 */
	void (*sgi)(struct vcpu *vcpu, unsigned group, uint64_t value);
	/** Trapped deactivation (ICC_DIR_EL1, see arch_vintc_trap_dir()): value as written. */
	void (*dir)(struct vcpu *vcpu, uint64_t value);
	/**
	 * Access to a system register of the controller's: ICC_* in mode VINTC_GICV3_SOFT, IRQs
	 * masked, vCPU loaded; model-specific registers of a local APIC, IRQs enabled, thread
	 * context.
	 * @param reg VINTC_ICC(), or the number of the model-specific register
	 * @return 0, -ENOENT: there is no such register in this direction
	 */
	int (*sysreg)(struct vcpu *vcpu, unsigned reg, bool is_write, uint64_t *value);
	/** A vCPU begins (CPU_ON, start) or is reset: its private state to reset values. */
	void (*reset_vcpu)(struct vcpu *vcpu);
};
