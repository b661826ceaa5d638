/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading frames that lie in pieces. No data of its own, no lock. What the pieces hold may be
 * another guest's to change at any time: whoever decides by it reads it once, into memory of its
 * own.
 */
#include <core/net.h>

#include <libs/copy.h>
#include <libs/string.h>

/** Go on to the next piece that is not empty. @return false: there is none */
static bool next_piece(struct net_iter *it)
{
	while (it->segs_left) {
		it->at = it->seg->va;
		it->here = it->seg->len;
		it->seg++;
		it->segs_left--;
		if (it->here)
			return true;
	}
	return false;
}

/** The segments from byte `skip` on. */
static void begin_segs(struct net_iter *it, const struct net_frame *frame, uint32_t skip)
{
	it->seg = frame->segs;
	it->segs_left = frame->nr_segs;
	it->here = 0;
	while (it->segs_left && it->seg->len <= skip) {
		skip -= it->seg->len;
		it->seg++;
		it->segs_left--;
	}
	if (next_piece(it)) {
		it->at += skip;
		it->here -= skip;
	}
}

void net_iter_init(struct net_iter *it, const struct net_frame *frame, uint32_t off)
{
	it->frame = frame;
	if (off < frame->head_len) {
		it->seg = NULL; /* the segments come behind the head */
		it->at = (const uint8_t *)frame->head + off;
		it->here = frame->head_len - off;
		it->segs_left = 0;
	} else {
		begin_segs(it, frame, frame->skip + (off - frame->head_len));
	}
}

/** Something is left in the current piece, or in the next, to which it goes. */
static bool more(struct net_iter *it)
{
	if (likely(it->here))
		return true;
	if (!it->seg) {
		begin_segs(it, it->frame, it->frame->skip);
		return it->here;
	}
	return next_piece(it);
}

void net_iter_copy(struct net_iter *it, void *dst, size_t n)
{
	const uint8_t *at = it->at;
	size_t here = it->here;
	uint8_t *to = dst;

	while (n > here) {
		if (here) {
			copy_data(to, at, here);
			to += here;
			n -= here;
		}
		if (likely(it->segs_left)) {
			at = it->seg->va;
			here = it->seg->len;
			it->seg++;
			it->segs_left--;
			continue;
		}
		it->here = 0;
		if (!more(it)) {
			memset(to, 0, n);
			return;
		}
		at = it->at;
		here = it->here;
	}
	copy_data(to, at, n);
	it->at = at + n;
	it->here = (uint32_t)(here - n);
}

size_t net_iter_piece(struct net_iter *it, const uint8_t **p)
{
	size_t n = more(it) ? it->here : 0;

	*p = it->at;
	it->here = 0;
	return n;
}

size_t net_frame_read(const struct net_frame *frame, uint32_t off, void *dst, size_t n)
{
	size_t there = off < frame->len ? MIN_T(size_t, n, frame->len - off) : 0;
	struct net_iter it;

	net_iter_init(&it, frame, off);
	net_iter_copy(&it, dst, there);
	memset((uint8_t *)dst + there, 0, n - there);
	return there;
}
