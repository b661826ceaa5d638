/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bank of NOR flash: two x16 chips side by side on a 32-bit bus, with the Intel command set (as
 * QEMU's "virt" machine has it). While the bank is in read-array mode the guest reads and executes
 * its pages directly; a command takes the mapping away until the bank is back in that mode.
 *
 * A mutex guards the command state. Pages are only ever added, by an atomic operation, so that the
 * mapping path (flash_mem) reads them and the mode without a lock. Pages that were never programmed
 * do not exist: one page of ones stands for all of them, of all banks. Tables of pages are made by
 * need too.
 */
#include <core/emu.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/thread.h>
#include <libs/atomic.h>
#include <libs/bitmap.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "flash_store.h"

#define CHIPS	       2	/* side by side, 16 bits each */
#define BANK_WIDTH     4	/* bytes */
#define FLASH_PAGE     4096u
#define SECTOR_DEFAULT (256 * 1024u)
#define LOAD_PIECE     65536u
#define BUFFER_SIZE    1024u	/* of both chips' write buffers, bytes */
#define BUFFER_ORDER   9	/* of one chip's, as the query tells */

/* Commands (Intel StrataFlash, table "Command codes and definitions"). */
#define CMD_PROGRAM_ALT	 0x10
#define CMD_ERASE	 0x20
#define CMD_ERASE_ALT	 0x28
#define CMD_PROGRAM	 0x40
#define CMD_CLEAR_STATUS 0x50
#define CMD_LOCK	 0x60
#define CMD_READ_STATUS	 0x70
#define CMD_READ_ID	 0x90
#define CMD_QUERY	 0x98
#define CMD_CONFIRM	 0xd0
#define CMD_BUFFER	 0xe8
#define CMD_READ_ARRAY	 0xff
#define LOCK_SET	 0x01
#define LOCK_DOWN	 0x2f

/* Status register. */
#define SR_LOCKED  0x02
#define SR_PROGRAM 0x10
#define SR_ERASE   0x20
#define SR_READY   0x80

#define ID_MAKER  0x89 /* Intel */
#define ID_DEVICE 0x18

enum mode { READ_ARRAY, READ_STATUS, READ_ID, READ_QUERY };
/** What the next write is. */
enum cycle { COMMAND, PROGRAM_DATA, ERASE_CONFIRM, LOCK_WHAT, BUFFER_COUNT, BUFFER_DATA,
	     BUFFER_CONFIRM };

struct flash {
	struct emu_dev *dev;
	struct mutex lock;
	enum mode mode;		/* written under the lock, read without */
	bool mapped;		/* pages were given to be mapped since the mode was set */
	enum cycle cycle;
	uint8_t status;
	uint32_t sector_size;
	uint32_t nr_sectors;
	unsigned long *locked;	/* sectors; NULL: none yet */
	uint8_t ***sectors;	/* tables of pages; NULL: all erased */
	uint32_t words_left;	/* write buffer */
	uint64_t buffer_base;
	bool buffer_bad;
	uint8_t *buffer;	/* ones where nothing is programmed; NULL: not used yet */
	struct flash_store *store; /* where contents stay beyond the guest; NULL: nowhere */
};

/* --- pages ---------------------------------------------------------------------------- */

/** Put a new pointer where there is none yet. @return the one that is there now */
static void *publish(void *slot, void *fresh)
{
	void **p = slot, *found = NULL;

	if (__atomic_compare_exchange_n(p, &found, fresh, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return fresh;
	return found;
}

static uint8_t *page_of_ones(void)
{
	uint8_t *page = page_alloc(1);

	return page ? memset(page, 0xff, FLASH_PAGE) : NULL;
}

/* The page that stands for all erased ones; made when first needed, freed with the last bank. */
static uint8_t *erased_page;
static struct mutex users_lock = MUTEX_INIT(users_lock);
static unsigned users;

static uint8_t *erased(void)
{
	uint8_t *page = load_acquire(&erased_page), *fresh;

	if (page)
		return page;
	fresh = page_of_ones();
	if (!fresh)
		return NULL;
	page = publish(&erased_page, fresh);
	if (page != fresh)
		page_free(fresh, 1);
	return page;
}

static void user_came(void)
{
	mutex_lock(&users_lock);
	users++;
	mutex_unlock(&users_lock);
}

static void user_went(void)
{
	mutex_lock(&users_lock);
	if (!--users && erased_page) {
		page_free(erased_page, 1);
		erased_page = NULL;
	}
	mutex_unlock(&users_lock);
}

static unsigned pages_per_sector(const struct flash *s)
{
	return s->sector_size / FLASH_PAGE;
}

/** The page that contains offset, NULL where it is erased. Any context. */
static uint8_t *page_at(const struct flash *s, uint64_t offset)
{
	uint8_t ***sectors = load_acquire(&s->sectors), **pages;

	if (!sectors)
		return NULL;
	pages = load_acquire(&sectors[offset / s->sector_size]);
	return pages ? load_acquire(&pages[offset % s->sector_size / FLASH_PAGE]) : NULL;
}

/** The table behind a pointer, made of n null pointers where there is none. NULL: out of memory */
static void *table_make(void *slot, size_t n)
{
	void **p = slot, *table = load_acquire(p), *fresh;

	if (table)
		return table;
	fresh = heap_calloc(n, sizeof(void *));
	if (!fresh)
		return NULL;
	table = publish(slot, fresh);
	if (table != fresh)
		heap_free(fresh);
	return table;
}

/** The page that contains offset, made of ones where it is erased. NULL: out of memory */
static uint8_t *page_make(struct flash *s, uint64_t offset)
{
	uint8_t ***sectors = table_make(&s->sectors, s->nr_sectors), **pages, *page, *found;
	size_t n = offset % s->sector_size / FLASH_PAGE;

	if (!sectors)
		return NULL;
	pages = table_make(&sectors[offset / s->sector_size], pages_per_sector(s));
	if (!pages)
		return NULL;
	page = load_acquire(&pages[n]);
	if (page)
		return page;
	page = page_of_ones();
	if (!page)
		return NULL;
	found = publish(&pages[n], page);
	if (found != page) {
		page_free(page, 1);
	} else if (READ_ONCE(s->mapped)) {
		/* The guest may have the page of ones here. */
		guest_region_unmap(s->dev->guest, s->dev->region,
				   ALIGN_DOWN(offset, FLASH_PAGE), FLASH_PAGE);
	}
	return found;
}

static void *flash_mem(struct emu_dev *dev, uint64_t offset, bool alloc)
{
	struct flash *s = dev->priv;
	uint8_t *page;

	if (alloc)
		return page_make(s, offset);
	WRITE_ONCE(s->mapped, true);
	/* Whoever leaves this mode sets it first and looks at `mapped` then. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (READ_ONCE(s->mode) != READ_ARRAY)
		return NULL;
	page = page_at(s, offset);
	return page ? page : erased();
}

static void free_pages(struct flash *s)
{
	uint32_t sector;
	unsigned n;

	for (sector = 0; s->sectors && sector < s->nr_sectors; sector++) {
		uint8_t **pages = s->sectors[sector];

		for (n = 0; pages && n < pages_per_sector(s); n++) {
			if (pages[n])
				page_free(pages[n], 1);
		}
		heap_free(pages);
	}
	heap_free(s->sectors);
}

/* --- reading ---------------------------------------------------------------------------- */

static uint64_t read_array(const struct flash *s, uint64_t offset, unsigned size)
{
	const uint8_t *page = page_at(s, offset);
	uint64_t v = 0;

	if (!page)
		return UINT64_MAX;
	memcpy(&v, page + offset % FLASH_PAGE, size);
	return v;
}

/** The query table of one chip (JEDEC JEP137, Intel's primary command set). */
static uint8_t query(const struct flash *s, unsigned n)
{
	static const uint8_t head[] = {
		'Q', 'R', 'Y', 0x01, 0x00, 0x31, 0x00, 0x00, 0x00, 0x00, 0x00, /* 0x10 … 0x1a */
		0x45, 0x55, 0x00, 0x00, /* supply 4.5 V … 5.5 V, none for programming */
		/* Times, typical and maximum, which a disk of the host may need: seconds. */
		0x07, 0x07, 0x0a, 0x00, 0x0f, 0x0f, 0x04, 0x00,
	};
	static const uint8_t primary[] = {
		'P', 'R', 'I', '1', '0', 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
	};
	uint32_t blocks = s->nr_sectors - 1, block = s->sector_size / CHIPS / 256;

	if (n >= 0x10 && n < 0x10 + sizeof(head))
		return head[n - 0x10];
	if (n >= 0x31 && n < 0x31 + sizeof(primary))
		return primary[n - 0x31];
	switch (n) {
	case 0x27:
		return (uint8_t)order_of((uint64_t)s->sector_size / CHIPS * s->nr_sectors);
	case 0x28: /* interface: x16 */
		return 0x02;
	case 0x2a:
		return BUFFER_ORDER;
	case 0x2c: /* one region of equal blocks */
		return 0x01;
	case 0x2d:
		return (uint8_t)blocks;
	case 0x2e:
		return (uint8_t)(blocks >> 8);
	case 0x2f:
		return (uint8_t)block;
	case 0x30:
		return (uint8_t)(block >> 8);
	default:
		return 0;
	}
}

static uint16_t read_id(const struct flash *s, uint64_t offset)
{
	switch (offset / BANK_WIDTH & 0xff) {
	case 0:
		return ID_MAKER;
	case 1:
		return ID_DEVICE;
	case 2: /* lock state of the block */
		return s->locked && bitmap_test(s->locked, offset / s->sector_size);
	default:
		return 0;
	}
}

/** The chip is ready, and has done it well, when what it was told is on stable storage. */
static uint8_t read_status(struct flash *s)
{
	int err = s->store ? flash_store_settled(s->store) : 0;

	if (err == -EBUSY)
		return s->status & (uint8_t)~SR_READY;
	if (err)
		s->status |= SR_PROGRAM | SR_ERASE;
	return s->status;
}

static uint64_t flash_read(struct flash *s, const struct emu_access *acc)
{
	uint64_t v;

	if (s->mode == READ_ARRAY)
		return read_array(s, acc->offset, acc->size);
	if (s->mode == READ_ID)
		v = read_id(s, acc->offset);
	else if (s->mode == READ_QUERY)
		v = query(s, (unsigned)MIN_T(uint64_t, acc->offset / BANK_WIDTH, 0xff));
	else
		v = read_status(s);
	/* Both chips answer the same, on their halves of the bus. */
	v *= 0x0001000100010001ull;
	return v >> 8 * (acc->offset & 1);
}

/* --- writing ---------------------------------------------------------------------------- */

static void set_mode(struct flash *s, enum mode mode)
{
	if (s->mode == mode)
		return;
	WRITE_ONCE(s->mode, mode);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (mode != READ_ARRAY && READ_ONCE(s->mapped)) {
		WRITE_ONCE(s->mapped, false);
		guest_region_unmap(s->dev->guest, s->dev->region, 0, s->dev->region->size);
	}
}

static void sequence_error(struct flash *s, const struct emu_access *acc, const char *what)
{
	emu_complain(s->dev, acc, "flash command 0x%x at offset 0x%llx is %s",
		     (unsigned)(acc->value & 0xff), (unsigned long long)acc->offset, what);
	s->status |= SR_PROGRAM | SR_ERASE;
	s->cycle = COMMAND;
	set_mode(s, READ_STATUS);
}

static bool is_locked(struct flash *s, uint64_t offset, uint8_t error)
{
	if (!s->locked || !bitmap_test(s->locked, offset / s->sector_size))
		return false;
	s->status |= SR_LOCKED | error;
	return true;
}

/** Bytes that lie in one page have changed: to where they are kept. @return false: they are not */
static bool keep(struct flash *s, uint64_t offset, size_t n)
{
	uint64_t from = ALIGN_DOWN(offset, FLASH_STORE_UNIT);
	const uint8_t *page = page_at(s, offset);
	int err;

	if (!s->store || !page)
		return true;
	n = (size_t)(ALIGN_UP(offset + n, FLASH_STORE_UNIT) - from);
	err = flash_store_write(s->store, from, page + from % FLASH_PAGE, n);
	if (err)
		log_guest(LOG_ERROR, s->dev->guest, NULL, "%s: flash at 0x%llx cannot be kept: %s",
			  s->dev->name, (unsigned long long)offset, error_text(err));
	return !err;
}

/** Program bytes that lie in one page: ones become zeros, never the other way. */
static void program(struct flash *s, uint64_t offset, const uint8_t *data, size_t n)
{
	uint64_t first = UINT64_MAX, end = 0;
	const uint8_t *page = page_at(s, offset);
	uint8_t bytes[64];
	size_t i;

	for (; n; data += i, offset += i, n -= i) {
		bool change = false;

		for (i = 0; i < n && i < sizeof(bytes); i++) {
			uint8_t old = page ? page[offset % FLASH_PAGE + i] : 0xff;

			bytes[i] = old & data[i];
			change |= bytes[i] != old;
		}
		if (!change)
			continue;
		/* Loading makes the page, and what is in it visible to a guest without caches. */
		if (guest_mem_load(s->dev->guest, s->dev->region->gpa + offset, bytes, i)) {
			s->status |= SR_PROGRAM;
			log_guest(LOG_ERROR, s->dev->guest, NULL,
				  "%s: no memory for what is programmed into flash", s->dev->name);
			return;
		}
		page = page_at(s, offset);
		first = MIN(first, offset);
		end = offset + i;
	}
	if (end && !keep(s, first, (size_t)(end - first)))
		s->status |= SR_PROGRAM;
}

static void program_word(struct flash *s, const struct emu_access *acc)
{
	uint64_t v = acc->value;

	if (!is_locked(s, acc->offset, SR_PROGRAM))
		program(s, acc->offset, (const uint8_t *)&v, acc->size);
	s->cycle = COMMAND;
}

static void erase(struct flash *s, uint64_t offset)
{
	uint64_t base = offset - offset % s->sector_size;
	const uint8_t *ones = erased();
	unsigned n;

	if (is_locked(s, offset, SR_ERASE))
		return;
	if (!ones) {
		s->status |= SR_ERASE;
		return;
	}
	/* Pages stay where they are: somebody may be looking at them through flash_mem(). */
	for (n = 0; n < pages_per_sector(s); n++) {
		uint64_t at = base + n * FLASH_PAGE;

		if (!page_at(s, at))
			continue;
		if (guest_mem_load(s->dev->guest, s->dev->region->gpa + at, ones, FLASH_PAGE) ||
		    !keep(s, at, FLASH_PAGE))
			s->status |= SR_ERASE;
	}
}

static void lock_sector(struct flash *s, const struct emu_access *acc)
{
	uint64_t sector = acc->offset / s->sector_size;

	switch (acc->value & 0xff) {
	case LOCK_SET:
	case LOCK_DOWN:
		if (!s->locked)
			s->locked = heap_calloc(BITMAP_WORDS(s->nr_sectors), sizeof(*s->locked));
		if (s->locked)
			bitmap_set(s->locked, sector);
		else
			s->status |= SR_PROGRAM | SR_ERASE;
		break;
	case CMD_CONFIRM:
		if (s->locked)
			bitmap_clear(s->locked, sector);
		break;
	case CMD_READ_ARRAY:
		s->cycle = COMMAND;
		set_mode(s, READ_ARRAY);
		return;
	default:
		sequence_error(s, acc, "no lock command");
		return;
	}
	s->cycle = COMMAND;
}

static void buffer_start(struct flash *s, const struct emu_access *acc)
{
	uint32_t words = (uint16_t)acc->value + 1u;

	if (!s->buffer)
		s->buffer = heap_alloc(BUFFER_SIZE);
	if (!s->buffer || words > BUFFER_SIZE / BANK_WIDTH) {
		sequence_error(s, acc, "a count beyond the write buffer");
		return;
	}
	memset(s->buffer, 0xff, BUFFER_SIZE);
	s->words_left = words;
	s->buffer_base = UINT64_MAX;
	s->buffer_bad = false;
	s->cycle = BUFFER_DATA;
}

static void buffer_data(struct flash *s, const struct emu_access *acc)
{
	uint64_t base = acc->offset & ~(uint64_t)(BUFFER_SIZE - 1), v = acc->value;
	uint32_t words = acc->size > BANK_WIDTH ? acc->size / BANK_WIDTH : 1;

	if (s->buffer_base == UINT64_MAX)
		s->buffer_base = base;
	if (base == s->buffer_base)
		memcpy(s->buffer + acc->offset % BUFFER_SIZE, &v, acc->size);
	else
		s->buffer_bad = true;
	s->words_left -= words < s->words_left ? words : s->words_left;
	if (!s->words_left)
		s->cycle = BUFFER_CONFIRM;
}

static void buffer_confirm(struct flash *s, const struct emu_access *acc)
{
	if ((acc->value & 0xff) != CMD_CONFIRM) {
		sequence_error(s, acc, "not the confirmation of a buffered write");
		return;
	}
	if (s->buffer_bad) {
		sequence_error(s, acc, "a buffered write to more than one buffer's range");
		return;
	}
	if (!is_locked(s, s->buffer_base, SR_PROGRAM))
		program(s, s->buffer_base, s->buffer, BUFFER_SIZE);
	s->cycle = COMMAND;
}

static void begin(struct flash *s, enum mode mode, enum cycle next)
{
	s->cycle = next;
	set_mode(s, mode);
}

static void command(struct flash *s, const struct emu_access *acc)
{
	switch (acc->value & 0xff) {
	case CMD_PROGRAM:
	case CMD_PROGRAM_ALT:
		begin(s, READ_STATUS, PROGRAM_DATA);
		break;
	case CMD_ERASE:
	case CMD_ERASE_ALT:
		begin(s, READ_STATUS, ERASE_CONFIRM);
		break;
	case CMD_LOCK:
		begin(s, READ_STATUS, LOCK_WHAT);
		break;
	case CMD_BUFFER:
		begin(s, READ_STATUS, BUFFER_COUNT);
		break;
	case CMD_READ_STATUS:
		begin(s, READ_STATUS, COMMAND);
		break;
	case CMD_READ_ID:
		begin(s, READ_ID, COMMAND);
		break;
	case CMD_QUERY:
		begin(s, READ_QUERY, COMMAND);
		break;
	case CMD_CLEAR_STATUS:
		/* QEMU's goes back to reading the array, and programs rely on it. */
		s->status = SR_READY;
		begin(s, READ_ARRAY, COMMAND);
		break;
	default:
		/* Probing for other command sets (0xf0, 0xaa, 0x55, …) ends here too. */
		begin(s, READ_ARRAY, COMMAND);
		break;
	}
}

static void flash_write(struct flash *s, const struct emu_access *acc)
{
	switch (s->cycle) {
	case COMMAND:
		command(s, acc);
		break;
	case PROGRAM_DATA:
		program_word(s, acc);
		break;
	case ERASE_CONFIRM:
		s->cycle = COMMAND;
		if ((acc->value & 0xff) == CMD_CONFIRM)
			erase(s, acc->offset);
		else if ((acc->value & 0xff) == CMD_READ_ARRAY)
			set_mode(s, READ_ARRAY);
		else
			sequence_error(s, acc, "not the confirmation of an erasure");
		break;
	case LOCK_WHAT:
		lock_sector(s, acc);
		break;
	case BUFFER_COUNT:
		buffer_start(s, acc);
		break;
	case BUFFER_DATA:
		buffer_data(s, acc);
		break;
	case BUFFER_CONFIRM:
		buffer_confirm(s, acc);
		break;
	}
}

static enum emu_result flash_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct flash *s = dev->priv;

	if (acc->offset & (acc->size - 1))
		return EMU_WIDTH;
	mutex_lock(&s->lock);
	if (acc->is_write)
		flash_write(s, acc);
	else
		acc->value = flash_read(s, acc) & (~0ULL >> (64 - 8 * acc->size));
	mutex_unlock(&s->lock);
	return EMU_OK;
}

/* --- life --------------------------------------------------------------------------------- */

/** Contents stay, as they do in flash; the command state does not. */
static void flash_reset(struct emu_dev *dev)
{
	struct flash *s = dev->priv;

	mutex_lock(&s->lock);
	s->status = SR_READY;
	s->cycle = COMMAND;
	if (s->locked)
		bitmap_zero(s->locked, s->nr_sectors);
	set_mode(s, READ_ARRAY);
	mutex_unlock(&s->lock);
}

static unsigned flash_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	uint32_t sector = dt_u32_or(node, "sector_size", SECTOR_DEFAULT);
	uint32_t width = dt_u32_or(node, "bank-width", BANK_WIDTH);
	unsigned errors = 0;
	uint64_t size;

	if (!is_pow2(sector) || sector < 2 * FLASH_PAGE || sector > 16 * MIB) {
		out_printf(out, "%s: sector_size is 0x%x: give a power of two from 8 KiB to "
			   "16 MiB.\n", path, sector);
		errors++;
		sector = 0;
	}
	if (dt_string(node, "file", 0) && dt_string(node, "blkdev", 0)) {
		out_printf(out, "%s: has both file and blkdev: give one place to keep the "
			   "contents.\n", path);
		errors++;
	}
	if (width != BANK_WIDTH) {
		out_printf(out, "%s: bank-width is %u: only banks of 4 bytes (two x16 chips) are "
			   "supported.\n", path, width);
		errors++;
	}
	if (sector && !dt_u64(node, "physical_size", &size) &&
	    (!size || size % sector || size / sector > 65536)) {
		out_printf(out, "%s: physical_size 0x%llx is not 1 to 65536 sectors of 0x%x "
			   "bytes.\n", path, (unsigned long long)size, sector);
		errors++;
	}
	return errors;
}

static void flash_remove(struct emu_dev *dev)
{
	struct flash *s = dev->priv;

	if (s->mapped)
		guest_region_unmap(dev->guest, dev->region, 0, dev->region->size);
	flash_store_close(s->store);
	free_pages(s);
	heap_free(s->locked);
	heap_free(s->buffer);
	heap_free(s);
	dev->priv = NULL;
	user_went();
}

static int flash_probe(struct emu_dev *dev)
{
	uint32_t sector = dt_u32_or(dev->node, "sector_size", SECTOR_DEFAULT);
	struct flash *s;
	int err;

	if (!is_pow2(sector) || sector < 2 * FLASH_PAGE || !dev->region->size ||
	    dev->region->size % sector || dev->region->size / sector > 65536) {
		log_error("%s: size 0x%llx is not 1 to 65536 sectors of 0x%x bytes", dev->name,
			  (unsigned long long)dev->region->size, sector);
		return -EINVAL;
	}
	s = heap_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->dev = dev;
	mutex_init(&s->lock);
	s->status = SR_READY;
	s->sector_size = sector;
	s->nr_sectors = (uint32_t)(dev->region->size / sector);
	err = flash_store_open(dev, &s->store);
	if (err) {
		heap_free(s);
		return err;
	}
	user_came();
	dev->priv = s;
	return 0;
}

/** What was kept becomes the contents, where it is not erased. */
static int flash_ready(struct emu_dev *dev)
{
	struct flash *s = dev->priv;
	uint64_t size = s->store ? flash_store_size(s->store) : 0;
	uint8_t *piece = size ? heap_alloc(LOAD_PIECE) : NULL, *page;
	const uint8_t *ones = size ? erased() : NULL;
	int err = size && (!piece || !ones) ? -ENOMEM : 0;

	for (uint64_t at = 0; !err && at < size; at += FLASH_PAGE) {
		page = piece + at % LOAD_PIECE;
		if (page == piece)
			err = flash_store_read(s->store, at, piece, LOAD_PIECE);
		if (!err && memcmp(page, ones, FLASH_PAGE))
			err = guest_mem_load(dev->guest, dev->region->gpa + at, page, FLASH_PAGE);
	}
	heap_free(piece);
	if (err)
		return emu_fail(dev, err, "what was kept cannot be loaded: %s", error_text(err));
	return 0;
}

static void flash_show(struct emu_dev *dev, struct shell_out *out)
{
	static const char *const modes[] = { "reading", "status", "identification", "query" };
	const struct flash *s = dev->priv;
	uint64_t at, used = 0;

	for (at = 0; at < dev->region->size; at += FLASH_PAGE)
		used += page_at(s, at) ? 1 : 0;
	out_printf(out, "%u sectors of %u KiB, %llu KiB of memory used, mode: %s, status 0x%02x\n",
		   s->nr_sectors, s->sector_size / 1024, (unsigned long long)used * 4,
		   modes[s->mode], s->status);
	if (s->store)
		out_printf(out, "kept: the first %llu KiB\n",
			   (unsigned long long)flash_store_size(s->store) / 1024);
}

static const struct dt_match matches[] = {
	{ "cfi-flash", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { "sector_size", "bank-width", FLASH_STORE_PROPS, NULL };

EMULATOR(cfi_flash) {
	.name = "cfi-flash",
	.match = matches,
	.check = flash_check,
	.props = props,
	.probe = flash_probe,
	.ready = flash_ready,
	.remove = flash_remove,
	.reset = flash_reset,
	.access = flash_access,
	.mem = flash_mem,
	.show = flash_show,
};
