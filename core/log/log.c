/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log: a ring of records. `lock` guards the ring; printing is done outside it, from the
 * copy that was formatted on the caller's stack, so that a slow console holds up nobody else.
 */
#include <core/log.h>

#include <core/chardev.h>
#include <core/guest.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define RING_SIZE (1u << CONFIG_LOG_BUFFER_SHIFT)
#define TEXT_MAX  232 /* of one record; callers may be deep in their stack */

struct record {
	uint64_t time; /* ns */
	uint16_t len;  /* of the text behind it */
	uint8_t level;
	uint8_t unused[5];
};

static uint8_t ring[RING_SIZE];
static uint32_t head, tail; /* offsets that only grow: where to write next, oldest record */
static spinlock_t lock = SPINLOCK_INIT;

static enum log_level console_level = CONFIG_LOG_DEFAULT_LEVEL;
static bool attached;
static struct chardev *screen; /* beside the console; NULL: none */

static const char *const level_names[] = { "error", "warning", "info", "debug" };

/* --- ring ------------------------------------------------------------------------------ */

/* In a panic the lock's owner may never let go: after a while, go without. */
static bool ring_lock(unsigned long *flags)
{
	unsigned tries = 0;

	*flags = arch_irq_save();
	while (!spin_trylock(&lock)) {
		if (panic_active() && tries++ > 100000)
			return false;
		arch_relax();
	}
	return true;
}

static void ring_unlock(bool locked, unsigned long flags)
{
	if (locked)
		spin_unlock(&lock);
	arch_irq_restore(flags);
}

static void ring_put(const void *data, uint32_t n)
{
	uint32_t at = head & (RING_SIZE - 1);
	uint32_t first = MIN(n, RING_SIZE - at);

	memcpy(ring + at, data, first);
	memcpy(ring, (const uint8_t *)data + first, n - first);
	head += n;
}

static void ring_get(uint32_t pos, void *data, uint32_t n)
{
	uint32_t at = pos & (RING_SIZE - 1);
	uint32_t first = MIN(n, RING_SIZE - at);

	memcpy(data, ring + at, first);
	memcpy((uint8_t *)data + first, ring, n - first);
}

static void ring_append(const struct record *rec, const char *text)
{
	uint32_t need = sizeof(*rec) + rec->len;
	unsigned long flags;
	bool locked = ring_lock(&flags);

	while (RING_SIZE - (head - tail) < need) {
		struct record old;

		ring_get(tail, &old, sizeof(old));
		tail += sizeof(old) + old.len;
	}
	ring_put(rec, sizeof(*rec));
	ring_put(text, rec->len);
	ring_unlock(locked, flags);
}

/* Copy the record at or after *pos, and step behind it. @return false at `end` */
static bool ring_next(uint32_t *pos, uint32_t end, struct record *rec, char *text)
{
	unsigned long flags;
	bool locked = ring_lock(&flags);
	bool found;

	if ((int32_t)(tail - *pos) > 0) /* overwritten meanwhile */
		*pos = tail;
	found = (int32_t)(end - *pos) > 0;
	if (found) {
		ring_get(*pos, rec, sizeof(*rec));
		ring_get(*pos + sizeof(*rec), text, rec->len);
		text[rec->len] = '\0';
		*pos += sizeof(*rec) + rec->len;
	}
	ring_unlock(locked, flags);
	return found;
}

/* --- records ---------------------------------------------------------------------------- */

/* "[    1.234567] warning: " */
static int format_prefix(char *buf, size_t size, const struct record *rec)
{
	uint64_t us = rec->time / 1000;
	bool tell = rec->level <= LOG_WARN;

	return snprintf(buf, size, "[%5u.%06u] %s%s", (unsigned)(us / 1000000),
			(unsigned)(us % 1000000), tell ? level_names[rec->level] : "",
			tell ? ": " : "");
}

static void record_emit(enum log_level level, bool show, const char *fmt, va_list ap)
{
	char buf[40 + TEXT_MAX + 1];
	struct record rec = { .time = time_now(), .level = (uint8_t)level };
	int prefix = format_prefix(buf, 40, &rec);
	struct chardev *cd = READ_ONCE(screen);
	char *text = buf + prefix;
	int len = vsnprintf(text, TEXT_MAX, fmt, ap);

	if (len < 0)
		len = 0;
	if (len >= TEXT_MAX) { /* the end is missing: show that */
		len = TEXT_MAX - 1;
		memcpy(text + len - 3, "...", 3);
	}
	while (len && text[len - 1] == '\n')
		len--;
	rec.len = (uint16_t)len;
	ring_append(&rec, text);
	text[len] = '\n';
	if (level <= LOG_INFO && cd && cd != chardev_console())
		chardev_write_text(cd, buf, (size_t)(prefix + len + 1));
	if (show)
		console_write(buf, (size_t)(prefix + len + 1));
}

void log_vprint(enum log_level level, const char *fmt, va_list ap)
{
	enum log_level limit = READ_ONCE(console_level);

	if (READ_ONCE(attached) && limit > LOG_ERROR)
		limit = LOG_ERROR;
	record_emit(level, level <= limit || panic_active(), fmt, ap);
}

void log_print(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprint(level, fmt, ap);
	va_end(ap);
}

void log_notice(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record_emit(LOG_INFO, !READ_ONCE(attached), fmt, ap);
	va_end(ap);
}

/* --- what guests cause -------------------------------------------------------------------- */

bool log_allowed(struct log_limit *limit, uint32_t *left_out)
{
	uint32_t now = (uint32_t)(time_now() >> 20);
	uint32_t last = __atomic_load_n(&limit->last, __ATOMIC_RELAXED);

	/* 954 units of 2^20 ns are a second. A quiet minute gives the burst back. */
	if (now - last >= 60 * 954)
		__atomic_store_n(&limit->count, 0, __ATOMIC_RELAXED);
	if (__atomic_fetch_add(&limit->count, 1, __ATOMIC_RELAXED) >= LOG_BURST) {
		__atomic_store_n(&limit->count, LOG_BURST, __ATOMIC_RELAXED);
		/* one caller at most gets the second's turn */
		if (now - last < 954 ||
		    !__atomic_compare_exchange_n(&limit->last, &last, now, false, __ATOMIC_RELAXED,
						 __ATOMIC_RELAXED)) {
			__atomic_fetch_add(&limit->suppressed, 1, __ATOMIC_RELAXED);
			return false;
		}
	}
	__atomic_store_n(&limit->last, now, __ATOMIC_RELAXED);
	last = __atomic_exchange_n(&limit->suppressed, 0, __ATOMIC_RELAXED);
	if (left_out)
		*left_out = last;
	return true;
}

void log_guest(enum log_level level, struct guest *guest, struct vcpu *vcpu, const char *fmt, ...)
{
	char buf[TEXT_MAX];
	uint32_t left_out = 0;
	size_t at;
	va_list ap;

	if (guest->log_limit && !log_allowed(guest->log_limit, &left_out))
		return;
	at = (size_t)snprintf(buf, sizeof(buf), "guest %s", guest->name);
	if (vcpu)
		at += (size_t)snprintf(buf + at, sizeof(buf) - at, "/vcpu%u", vcpu->id);
	/* The registers of a vCPU that runs elsewhere are not in memory. */
	if (vcpu && vcpu == vcpu_current())
		at += (size_t)snprintf(buf + at, sizeof(buf) - at, " pc=0x%" PRIx64,
				       arch_vcpu_pc(vcpu));
	at += (size_t)snprintf(buf + at, sizeof(buf) - at, ": ");
	va_start(ap, fmt);
	vsnprintf(buf + at, sizeof(buf) - at, fmt, ap);
	va_end(ap);
	if (left_out)
		log_print(level, "%s (%u messages left out)", buf, left_out);
	else
		log_print(level, "%s", buf);
}

/* --- reading and settings ----------------------------------------------------------------- */

void log_show(struct shell_out *out, enum log_level level)
{
	char text[TEXT_MAX + 1], prefix[40];
	uint32_t pos = READ_ONCE(tail), end = READ_ONCE(head);
	struct record rec;

	while (ring_next(&pos, end, &rec, text)) {
		if (rec.level > level)
			continue;
		format_prefix(prefix, sizeof(prefix), &rec);
		out_printf(out, "%s%s\n", prefix, text);
	}
}

void log_set_screen(struct chardev *cd)
{
	char buf[40 + TEXT_MAX + 1], text[TEXT_MAX + 1];
	uint32_t pos = READ_ONCE(tail), end = READ_ONCE(head);
	struct record rec;

	while (cd && ring_next(&pos, end, &rec, text)) {
		int n = format_prefix(buf, 40, &rec);

		n += snprintf(buf + n, TEXT_MAX + 1, "%s\n", text);
		if (rec.level <= LOG_INFO)
			chardev_write_text(cd, buf, (size_t)n);
	}
	WRITE_ONCE(screen, cd);
}

void log_clear(void)
{
	unsigned long flags;
	bool locked = ring_lock(&flags);

	tail = head;
	ring_unlock(locked, flags);
}

void log_set_console_level(enum log_level level)
{
	WRITE_ONCE(console_level, level);
}

enum log_level log_console_level(void)
{
	return READ_ONCE(console_level);
}

void log_set_attached(bool on)
{
	WRITE_ONCE(attached, on);
}

const char *log_level_name(enum log_level level)
{
	return (unsigned)level < ARRAY_SIZE(level_names) ? level_names[level] : "?";
}

int log_parse_level(const char *s, enum log_level *level)
{
	uint64_t n;

	for (n = 0; n < ARRAY_SIZE(level_names); n++)
		if (!strcasecmp(s, level_names[n]))
			break;
	if (n == ARRAY_SIZE(level_names) && (parse_u64(s, &n) || n >= ARRAY_SIZE(level_names)))
		return -EINVAL;
	*level = (enum log_level)n;
	return 0;
}
