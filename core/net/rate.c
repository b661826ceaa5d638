/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rate limits of ports: a moment for bytes and one for frames, at which the port will have paid
 * for all that it sent; a frame passes while that is not far ahead of now. Each limit has its own
 * spin lock. And the fair sharing of a receiver's last room, which its lock guards.
 */
#include "net_priv.h"

#include <core/mem.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/string.h>

#define NS_PER_S 1000000000ull
#define AHEAD	 (NS_PER_S / 20) /* what may be sent at once after silence */
#define FRACTION 16		 /* bits of a byte's time below a nanosecond */

struct net_rate {
	spinlock_t lock;
	uint64_t bytes, frames;	     /* a second; 0: no limit */
	uint64_t byte_ns, frame_ns;  /* time of one; bytes with a fraction */
	uint64_t bytes_at, frames_at;
};

bool net_rate_pass(struct net_rate *rate, uint32_t len)
{
	uint64_t now = time_now();
	unsigned long flags = spin_lock_irqsave(&rate->lock);
	bool pass = rate->bytes_at <= now + AHEAD && rate->frames_at <= now + AHEAD;

	if (pass) {
		rate->bytes_at = MAX(rate->bytes_at, now) + (len * rate->byte_ns >> FRACTION);
		rate->frames_at = MAX(rate->frames_at, now) + rate->frame_ns;
	}
	spin_unlock_irqrestore(&rate->lock, flags);
	return pass;
}

void net_port_rate(const struct net_port *port, uint64_t *bytes, uint64_t *frames)
{
	*bytes = port->rate ? port->rate->bytes : 0;
	*frames = port->rate ? port->rate->frames : 0;
}

/* --- fairness ------------------------------------------------------------------------------ */

#define PERIOD_SHIFT 22 /* of nanoseconds */

bool net_fair_begin(struct net_fair *fair)
{
	uint32_t period = (uint32_t)(time_now() >> PERIOD_SHIFT);

	if (fair->period == period)
		return false;
	fair->period = period;
	memset(fair->had, 0, sizeof(fair->had));
	return true;
}

bool net_fair_pass(struct net_fair *fair, const struct net_port *from, unsigned quota)
{
	/* Who shares a place with whom changes, so that nobody suffers from another for long. */
	unsigned place = from ? from->index + from->index / NET_FAIR_SLOTS * fair->period : 0;
	uint8_t *had = &fair->had[place % NET_FAIR_SLOTS];

	if (*had >= MIN(quota, 255u))
		return false;
	(*had)++;
	return true;
}

/* --- making them --------------------------------------------------------------------------- */

struct net_rate *net_rate_create(uint64_t bytes, uint64_t frames)
{
	struct net_rate *rate = heap_zalloc(sizeof(*rate));

	if (!rate)
		return NULL;
	spin_init(&rate->lock);
	rate->bytes = bytes;
	rate->frames = frames;
	rate->byte_ns = bytes ? (NS_PER_S << FRACTION) / bytes : 0;
	rate->frame_ns = frames ? NS_PER_S / frames : 0;
	return rate;
}
