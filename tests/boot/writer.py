# SPDX-License-Identifier: GPL-2.0-only
"""What the tiny guest "writer" writes, and what is found of it after its machine was killed."""
import struct
import zlib

RECORD, SECTOR = 4096, 512
MAGIC = 0x5afe0001
MASK = (1 << 64) - 1
# Records that the guest may be ahead of what it was heard to say.
AHEAD = 2000
ZEROS = bytes(SECTOR)


def mix(seed, number, disk):
    """The same as in tests/guests/writer.c."""
    x = (seed * 0x9e3779b97f4a7c15 + number * 0xbf58476d1ce4e5b9 + disk) & MASK
    x ^= x >> 31
    x = x * 0x94d049bb133111eb & MASK
    return x ^ x >> 29


def firmware(program):
    """The guest's program as the contents of a flash: copied to where it runs, and entered."""
    blocks = (len(program) + 0xffff) >> 16
    code = [0x10008001,               # adr x1, payload
            0xd2a80102,               # mov x2, #0x40080000
            0xd2a00003 | blocks << 5, # mov x3, #size
            0xaa0203e5,               # mov x5, x2
            0xa8c11c26,               # 1: ldp x6, x7, [x1], #16
            0xa8811c46,               # stp x6, x7, [x2], #16
            0xf1004063,               # subs x3, x3, #16
            0x54ffffac,               # b.gt 1b
            0xd5033f9f, 0xd508751f, 0xd5033f9f, 0xd5033fdf,
            0xd2a80000,               # mov x0, #0x40000000
            0xd61f00a0]               # br x5
    return struct.pack("<%dI" % len(code), *code).ljust(0x1000, b"\0") + program


class Disk:
    """One disk of the guest: what was told to be safe on it."""

    def __init__(self, seed, number, size):
        self.seed, self.number, self.slots = seed, number, size // RECORD
        self.next = 0      # records below are safe
        self.must = {}     # slot -> the last safe record
        self.given = set() # slots whose last safe record is a discard
        self.maybe = set() # slots that an untold discard of an earlier life may have hit
        self.told = 0

    def what(self, number):
        """A record's slot, and whether it is a discard."""
        value = mix(self.seed, number, self.number)
        return value % self.slots, not value >> 40 & 15

    def safe(self, number):
        """The guest says that all below this are on the disk."""
        for n in range(self.next, number):
            slot, discard = self.what(n)
            self.must[slot] = n
            if discard:
                self.given.add(slot)
            else:
                self.given.discard(slot)
                self.maybe.discard(slot)
            self.told += 1
        self.next = number

    def start_again(self):
        """Where the next life of the guest begins: behind all that this one may have done."""
        self.maybe |= self.discarded_later()
        self.next += AHEAD
        return self.next

    def discarded_later(self):
        """Slots that discards which were not told may have hit."""
        later = (self.what(n) for n in range(self.next, self.next + AHEAD))
        return {slot for slot, discard in later if discard}

    def check(self, data):
        """Each sector is as it was told, or as it may have become since. Gives what is wrong."""
        assert len(data) == self.slots * RECORD
        later = self.discarded_later() | self.maybe
        wrong = []
        for slot in range(self.slots):
            record = data[slot * RECORD:(slot + 1) * RECORD]
            wrong += self.check_record(slot, record, slot in later)
        return wrong

    def check_record(self, slot, record, may_be_zero):
        """The same for the sectors of one record."""
        may_be_zero = may_be_zero or slot in self.given or slot not in self.must
        least = 0 if slot in self.given else self.must.get(slot, 0)
        wrong = []
        for index in range(RECORD // SECTOR):
            sector = record[index * SECTOR:(index + 1) * SECTOR]
            if sector == ZEROS:
                if not may_be_zero:
                    wrong.append("slot %d: sector %d is lost, %d was safe" % (slot, index, least))
                continue
            magic, disk, number, at, part = struct.unpack_from("<IIQII", sector)
            good = (magic == MAGIC and disk == self.number and at == slot and part == index and
                    zlib.crc32(sector[:-4]) == struct.unpack("<I", sector[-4:])[0])
            if not good:
                wrong.append("slot %d: sector %d is garbage: %s" % (slot, index, sector[:32].hex()))
            elif number < least or self.what(number) != (slot, False):
                wrong.append("slot %d: sector %d has %d, %d was safe" % (
                    slot, index, number, least))
        return wrong


class Flash:
    """The guest's flash: words that were told to be programmed since it was erased."""

    def __init__(self, seed):
        self.seed, self.erased, self.words = seed, 0, 0

    def safe(self, erased, words):
        """The guest says that so many are there."""
        self.erased, self.words = erased, words

    def check(self, data):
        """What is told is there; what is behind may be from now, or from after the next erasure."""
        found = struct.unpack_from("<512I", data.ljust(2048, b"\xff"))
        now = [mix(self.seed, i, 99 + self.erased) & 0xffffffff for i in range(512)]
        following = [mix(self.seed, i, 100 + self.erased) & 0xffffffff for i in range(512)]
        if not self.erased:
            return []
        if self.words >= 500 and found[:2] in ((following[0], following[1]),
                                               (following[0], 0xffffffff),
                                               (0xffffffff, 0xffffffff)):
            return []
        wrong = ["word %d of the flash is 0x%x, not 0x%x" % (i, found[i], now[i])
                 for i in range(self.words) if found[i] != now[i]]
        return wrong + ["word %d of the flash is 0x%x" % (i, found[i])
                        for i in range(self.words, 512) if found[i] not in (now[i], 0xffffffff)]
