/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Learned addresses of a switch: an open hash table whose slots are two words. A frame's way reads
 * it without a lock; at worst, when a slot changes hands meanwhile, a frame reaches a port of its
 * own VLAN that it was not for, as when the address were not known. Changes are made under the
 * switch's mac_lock, which nobody waits for: what cannot be learned now will be from a later frame.
 *
 * Each port may have so many addresses, a share of the machine's memory, and never takes the place
 * of a port that has fewer: a flood of source addresses harms only its sender. Nothing ticks: the
 * age of an address is looked at when it is, and each new address looks at a few old ones.
 */
#include "net_priv.h"

#include <core/mem.h>
#include <core/random.h>
#include <core/time.h>
#include <libs/bits.h>
#include <libs/errno.h>

#define WINDOW	    8	/* slots in which an address can be */
#define SLOTS_FIRST 64
#define SWEEP	    16	/* slots that a new address has looked at for old ones */

/* Memory of the machine for which a port may have one address, and the least that it may have. */
#define RAM_PER_MAC	   (8 * MIB)
#define RAM_PER_UPLINK_MAC (512 * KIB)
#define QUOTA_MIN	   16
#define QUOTA_MAX	   32768

static void grow_work_fn(struct work *work);
static struct work grow_work = { .fn = grow_work_fn };

uint32_t net_moment(void)
{
	return (uint32_t)(time_now() >> 30);
}

static uint32_t quota_of(const struct net_port *port)
{
	static uint64_t ram;
	struct frame_stats stats;

	if (!ram) {
		frame_stats_get(&stats);
		ram = stats.total * PAGE_SIZE;
	}
	return (uint32_t)CLAMP(ram / (port->uplink ? RAM_PER_UPLINK_MAC : RAM_PER_MAC),
			       (uint64_t)QUOTA_MIN, (uint64_t)QUOTA_MAX);
}

static struct mac_table *table_create(uint32_t slots)
{
	struct mac_table *table = heap_zalloc(sizeof(*table) + slots * sizeof(table->slots[0]));

	if (!table)
		return NULL;
	table->count = slots;
	table->shift = 64 - ilog2(slots);
	random_bytes(&table->secret, sizeof(table->secret));
	table->secret |= 1;
	return table;
}

int macs_init(struct net_switch *sw)
{
	spin_init(&sw->mac_lock);
	sw->macs = table_create(SLOTS_FIRST);
	return sw->macs ? 0 : -ENOMEM;
}

void macs_fini(struct net_switch *sw)
{
	heap_free(sw->macs);
}

/* --- a frame's way ------------------------------------------------------------------------- */

static inline struct mac_slot *slot_at(struct mac_table *table, uint32_t i)
{
	return &table->slots[i & (table->count - 1)];
}

static inline uint32_t home_of(const struct mac_table *table, uint64_t key)
{
	/* Twice: addresses are mostly in a row, which one product may keep. */
	key *= table->secret;
	key = (key ^ key >> 32) * table->secret;
	return (uint32_t)(key >> table->shift);
}

static inline uint64_t load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void store(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static struct mac_slot *find_slot(struct mac_table *table, uint64_t key)
{
	uint32_t home = home_of(table, key), i;

	for (i = home; i < home + WINDOW; i++) {
		struct mac_slot *slot = slot_at(table, i);

		if (load(&slot->key) == key)
			return slot;
	}
	return NULL;
}

static inline uint16_t port_of(uint64_t value)
{
	return (uint16_t)(value >> 32);
}

static inline uint64_t value_of(const struct net_port *port, uint32_t now)
{
	return (uint64_t)port->index << 32 | now;
}

static inline bool too_old(const struct net_switch *sw, uint64_t value, uint32_t now)
{
	/* Signed: another burst may have heard it after this one began. */
	return (int32_t)(now - (uint32_t)value) > (int32_t)READ_ONCE(sw->age);
}

struct net_port *macs_find(struct net_switch *sw, uint64_t key, uint32_t now)
{
	struct mac_slot *slot = find_slot(__atomic_load_n(&sw->macs, __ATOMIC_ACQUIRE), key);
	struct net_ports *ports;
	uint64_t value;

	if (!slot)
		return NULL;
	value = load(&slot->value);
	if (unlikely(too_old(sw, value, now)))
		return NULL;
	ports = __atomic_load_n(&sw->ports, __ATOMIC_ACQUIRE);
	return port_of(value) < ports->n ? __atomic_load_n(&ports->at[port_of(value)],
							   __ATOMIC_ACQUIRE) : NULL;
}

/* --- changes: mac_lock --------------------------------------------------------------------- */

/*
 * Those who learn only try to take the lock, with IRQs masked for the moment that they have it.
 * Hence who has net_mutex may hold it as long as it likes, IRQs on.
 */
static void lock_macs(struct net_switch *sw)
{
	while (!spin_trylock(&sw->mac_lock))
		arch_relax();
}

static void unlock_macs(struct net_switch *sw)
{
	spin_unlock(&sw->mac_lock);
}

static struct net_port *owner(const struct net_switch *sw, const struct mac_slot *slot)
{
	uint16_t i = port_of(slot->value);

	return i < sw->ports->n ? sw->ports->at[i] : NULL;
}

static void clear(struct net_switch *sw, struct mac_slot *slot)
{
	struct net_port *port = owner(sw, slot);

	store(&slot->key, 0);
	sw->nr_macs--;
	if (port)
		port->macs--;
}

/** Forget what is too old in a few places. */
static void sweep(struct net_switch *sw, uint32_t now)
{
	unsigned i;

	for (i = 0; i < SWEEP; i++) {
		struct mac_slot *slot = slot_at(sw->macs, sw->sweep++);

		if (slot->key && too_old(sw, slot->value, now))
			clear(sw, slot);
	}
}

static unsigned macs_of(const struct net_switch *sw, const struct mac_slot *slot)
{
	const struct net_port *port = owner(sw, slot);

	return port ? port->macs : UINT32_MAX;
}

/**
 * A place for one more address of a port that has `has` of them: an empty one, or that of the port
 * that has most, if it has more. NULL: neither.
 */
static struct mac_slot *place_for(const struct net_switch *sw, struct mac_table *table,
				  uint64_t key, unsigned has)
{
	uint32_t home = home_of(table, key), i;
	struct mac_slot *richest = NULL;

	for (i = home; i < home + WINDOW; i++) {
		struct mac_slot *slot = slot_at(table, i);

		if (!slot->key)
			return slot;
		if (macs_of(sw, slot) > has) {
			has = macs_of(sw, slot);
			richest = slot;
		}
	}
	return richest;
}

/** The port's own address in this window that it heard of longest ago. */
static struct mac_slot *own_place(const struct net_switch *sw, uint64_t key,
				  const struct net_port *port)
{
	uint32_t home = home_of(sw->macs, key), i;
	struct mac_slot *own = NULL;

	for (i = home; i < home + WINDOW; i++) {
		struct mac_slot *slot = slot_at(sw->macs, i);

		if (slot->key && port_of(slot->value) == port->index &&
		    (!own || (int32_t)((uint32_t)slot->value - (uint32_t)own->value) < 0))
			own = slot;
	}
	return own;
}

/** It is getting tight; memory is taken elsewhere than on a frame's way. */
static void ask_to_grow(struct net_switch *sw)
{
	if (sw->grow_asked || sw->macs->count >= sw->macs_max ||
	    sw->nr_macs * 4 < sw->macs->count)
		return;
	sw->grow_asked = true;
	work_queue(&grow_work);
}

static void learn_locked(struct net_switch *sw, uint64_t key, struct net_port *port, uint32_t now)
{
	struct mac_slot *slot = find_slot(sw->macs, key);

	sweep(sw, now);
	if (slot && slot->key == key) {
		if (port_of(slot->value) == port->index) {
			store(&slot->value, value_of(port, now));
			return;
		}
		clear(sw, slot); /* it moved */
	}
	slot = port->macs < quota_of(port) ? place_for(sw, sw->macs, key, port->macs) : NULL;
	if (!slot)
		slot = own_place(sw, key, port);
	if (!slot || slot->key || sw->nr_macs * 2 > sw->macs->count)
		ask_to_grow(sw);
	if (!slot)
		return;
	if (slot->key)
		clear(sw, slot);
	store(&slot->value, value_of(port, now));
	__atomic_store_n(&slot->key, key, __ATOMIC_RELEASE);
	sw->nr_macs++;
	port->macs++;
}

void macs_learn(struct net_switch *sw, uint64_t key, struct net_port *port, uint32_t now)
{
	struct mac_slot *slot = find_slot(__atomic_load_n(&sw->macs, __ATOMIC_ACQUIRE), key);
	unsigned long flags;
	uint64_t value;

	if (likely(slot)) {
		value = load(&slot->value);
		if (likely(port_of(value) == port->index)) {
			/* Once a second, not for each frame; not if it changes hands now. */
			if (unlikely((uint32_t)value != now))
				__atomic_compare_exchange_n(&slot->value, &value,
							    value_of(port, now), false,
							    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
			return;
		}
	}
	flags = arch_irq_save();
	if (spin_trylock(&sw->mac_lock)) {
		learn_locked(sw, key, port, now);
		spin_unlock(&sw->mac_lock);
	}
	arch_irq_restore(flags);
}

/* --- by those who change the switch: net_mutex --------------------------------------------- */

void macs_forget(struct net_switch *sw, const struct net_port *port)
{
	uint32_t i;

	lock_macs(sw);
	for (i = 0; i < sw->macs->count; i++) {
		struct mac_slot *slot = &sw->macs->slots[i];

		if (slot->key && (!port || port_of(slot->value) == port->index))
			clear(sw, slot);
	}
	unlock_macs(sw);
}

/** Put an address of the smaller table into the larger one, or forget it. */
static void carry_over(struct net_switch *sw, struct mac_table *table, struct mac_slot *from)
{
	struct mac_slot *slot = place_for(sw, table, from->key, macs_of(sw, from));

	if (!slot) {
		clear(sw, from);
		return;
	}
	if (slot->key)
		clear(sw, slot);
	slot->value = from->value;
	slot->key = from->key;
}

static void replace_table(struct net_switch *sw, struct mac_table *larger)
{
	struct mac_table *old = sw->macs;
	uint32_t i;

	lock_macs(sw);
	for (i = 0; i < old->count; i++) {
		if (old->slots[i].key)
			carry_over(sw, larger, &old->slots[i]);
	}
	__atomic_store_n(&sw->macs, larger, __ATOMIC_RELEASE);
	sw->grow_asked = false;
	unlock_macs(sw);
	net_synchronize();
	heap_free(old);
}

/** As many slots as all ports' quotas want, twice. */
static uint32_t slots_max(const struct net_switch *sw)
{
	uint64_t n = 0;
	unsigned i;

	for (i = 0; i < sw->ports->n; i++) {
		if (sw->ports->at[i])
			n += quota_of(sw->ports->at[i]);
	}
	return (uint32_t)MIN(roundup_pow2(MAX_T(uint64_t, 2 * n, SLOTS_FIRST)), BIT(24));
}

void macs_limit(struct net_switch *sw)
{
	sw->macs_max = slots_max(sw);
}

static void grow_asked_tables(void)
{
	struct net_switch *sw;

	list_for_each_entry(sw, &net_switches, link) {
		struct mac_table *larger;

		if (!READ_ONCE(sw->grow_asked))
			continue;
		larger = sw->macs->count < sw->macs_max ? table_create(2 * sw->macs->count) : NULL;
		if (larger)
			replace_table(sw, larger);
		else
			WRITE_ONCE(sw->grow_asked, false); /* asked again at the next address */
	}
}

static void grow_work_fn(struct work *work)
{
	mutex_lock(&net_mutex);
	grow_asked_tables();
	mutex_unlock(&net_mutex);
}

void net_switch_macs(struct net_switch *sw, void (*fn)(const struct net_mac_info *mac, void *arg),
		     void *arg)
{
	uint32_t now = net_moment(), i;
	unsigned b;

	for (i = 0; i < sw->macs->count; i++) {
		uint64_t key = load(&sw->macs->slots[i].key);
		uint64_t value = load(&sw->macs->slots[i].value);
		struct net_mac_info info = { .vlan = (uint16_t)(key >> 48) };

		if (!key || too_old(sw, value, now) || port_of(value) >= sw->ports->n ||
		    !sw->ports->at[port_of(value)])
			continue;
		for (b = 0; b < NET_MAC_LEN; b++)
			info.mac[b] = (uint8_t)(key >> 8 * b);
		info.port = sw->ports->at[port_of(value)];
		info.age = (uint32_t)(((uint64_t)(now - (uint32_t)value) << 30) / 1000000000);
		fn(&info, arg);
	}
}
