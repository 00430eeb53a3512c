# SPDX-License-Identifier: Apache-2.0
"""Compiled exact flow table: one small hash table per open minute, flushed when a later minute begins.

A table is dense rows in the order of arrival and an index of tag and row number, so a minute's working set stays in the cache.
All memory is given by flowtuple.CompiledFlows and fixed; hash multipliers are random, so that no sender can aim at one chain.
"""

from __future__ import annotations

from teiten.packets.jit import byte, compiled, load64, prefetch, store64
from teiten.packets.layout import (
    KEY_BITS,
    KEY_MASK,
    LARGE_TABLE,
    MINUTE_NS,
    MOST_ROWS4,
    MOST_ROWS6,
    OPEN_MINUTES,
    SEEN_SHIFT,
    WORDS4,
    WORDS6,
    Array,
    Decoded,
    Outcome,
    Records,
)

IPV4, IPV6 = int(Outcome.IPV4), int(Outcome.IPV6)
AHEAD = 16  # packets between the prefetch of an index entry and its use
ROWS_AHEAD = 16 * WORDS4 * 8  # bytes between the row that is made and the one whose memory is fetched
# Words of a control line, one per open minute and version.
ROWS, INDEX, MASK, FILL, OUT, OUT_FILL = 0, 8, 16, 24, 32, 40
LINE_WORDS = 8
LOW32, VOLUME = 0xFFFFFFFF, (1 << SEEN_SHIFT) - 1
ROW4, ROW6 = WORDS4 * 8, WORDS6 * 8
KEY4, KEY6 = ROW4 - 32, ROW6 - 32  # where the key's word stands in a row
# Odd 64-bit constants of the payload hash; stored values depend on them.
M1, M2, M3, M4 = -0x61C8864680B583EB, -0x2917014799A6026D, -0x3D4D51C2D82B14B1, -0x4B47D0C5A6D9C9A3


@compiled
def mix(x: int, odd: int) -> int:
    x ^= x >> 32
    x *= odd
    x ^= x >> 32
    return x * odd


@compiled
def hash4(a: int, key: int, odd: int) -> int:
    return mix(a * odd ^ key, odd)


@compiled
def hash6(w0: int, w1: int, w2: int, w3: int, key: int, odd: int) -> int:
    return mix(mix(mix(w0 * odd ^ w1, odd) ^ w2, odd) * odd ^ mix(w3 ^ key * odd, odd), odd)


@compiled
def lane(value: int, at: int) -> int:
    value = (value ^ load64(at)) * M1
    return value ^ ((value >> 29) & 0x7FFFFFFFF)


@compiled
def payload_hash(at: int, size: int) -> int:
    """64 bits over all captured payload bytes, never 0. Not for security: it groups equal payloads. Four lanes, so that no step waits."""
    first = second = third = fourth = size * M1
    end = at + size
    while at + 32 <= end:
        first, second, third, fourth = lane(first, at), lane(second, at + 8), lane(third, at + 16), lane(fourth, at + 24)
        at += 32
    value = first ^ second * M2 ^ third * M3 ^ fourth * M4
    while at + 8 <= end:
        value = lane(value, at)
        at += 8
    if at < end:
        tail = load64(end - 8) if size >= 8 else load_short(at, end)
        value = (value ^ tail) * M2
        value ^= (value >> 32) & LOW32
    return value if value != 0 else 1


@compiled
def load_short(at: int, end: int) -> int:
    value = 0
    while end > at:
        end -= 1
        value = value << 8 | byte(end)
    return value


@compiled
def row_hash(row: int, size: int, odd: int) -> int:
    if size == ROW4:
        return hash4(load64(row), load64(row + KEY4) & KEY_MASK, odd)
    return hash6(load64(row), load64(row + 8), load64(row + 16), load64(row + 24), load64(row + KEY6) & KEY_MASK, odd)


@compiled
def place(line: int, hashed: int, number: int) -> None:
    """Put the row number (1, 2 …) into the first free entry of its chain."""
    index, mask = load64(line + INDEX), load64(line + MASK)
    i = hashed & mask
    while load64(index + i * 8) != 0:
        i = (i + 1) & mask
    store64(index + i * 8, (hashed & ~LOW32) | number)


@compiled
def zero(at: int, count: int) -> None:
    for i in range(count):
        store64(at + i * 8, 0)


@compiled
def grow(line: int, size: int, odd: int) -> None:
    """Double the index, in place: it is rebuilt from the rows."""
    mask = load64(line + MASK) * 2 + 1
    store64(line + MASK, mask)
    zero(load64(line + INDEX), mask + 1)
    rows = load64(line + ROWS)
    for number in range(load64(line + FILL)):
        place(line, row_hash(rows + number * size, size, odd), number + 1)


@compiled
def clear(line: int, size: int, odd: int) -> None:
    """Forget all rows; a sparse index is cleared chain by chain."""
    index, mask, fill, rows = load64(line + INDEX), load64(line + MASK), load64(line + FILL), load64(line + ROWS)
    if fill * 8 > mask:
        zero(index, mask + 1)
    else:
        for number in range(fill):
            i = row_hash(rows + number * size, size, odd) & mask
            while load64(index + i * 8) != 0:
                store64(index + i * 8, 0)
                i = (i + 1) & mask
    store64(line + FILL, 0)


@compiled
def emit(line: int, size: int, odd: int) -> None:
    """Append the rows to the output, and clear the table."""
    rows, fill, filled = load64(line + ROWS), load64(line + FILL), load64(load64(line + OUT_FILL))
    target = load64(line + OUT) + filled * size
    for word in range(0, fill * size, 8):
        store64(target + word, load64(rows + word))
    store64(load64(line + OUT_FILL), filled + fill)
    clear(line, size, odd)


@compiled
def append(line: int, entry: int, hashed: int, size: int, odd: int) -> int:
    """Address of a new row; the caller fills it. `entry`: address of the free index entry at the end of its chain."""
    fill, mask = load64(line + FILL), load64(line + MASK)
    if (fill + 1) * 5 > (mask + 1) * 3:
        grow(line, size, odd)
        place(line, hashed, fill + 1)
    else:
        store64(entry, (hashed & ~LOW32) | (fill + 1))
    store64(line + FILL, fill + 1)
    return load64(line + ROWS) + fill * size


@compiled
def find4(index: int, mask: int, rows: int, hashed: int, a: int, key: int) -> int:
    """Address of the row; or, negative, that of the free index entry where its chain ends."""
    i = hashed & mask
    while True:
        entry = load64(index + i * 8)
        if entry == 0:
            return -(index + i * 8)
        if (entry ^ hashed) >> 32 == 0:
            row = rows + ((entry & LOW32) - 1) * ROW4
            if load64(row) == a and load64(row + KEY4) & KEY_MASK == key:
                return row
        i = (i + 1) & mask


@compiled
def find6(line: int, hashed: int, w0: int, w1: int, w2: int, w3: int, key: int) -> int:
    index, mask, rows = load64(line + INDEX), load64(line + MASK), load64(line + ROWS)
    i = hashed & mask
    while True:
        entry = load64(index + i * 8)
        if entry == 0:
            return -(index + i * 8)
        if (entry ^ hashed) >> 32 == 0:
            row = rows + ((entry & LOW32) - 1) * ROW6
            same = load64(row) == w0 and load64(row + 8) == w1 and load64(row + 16) == w2 and load64(row + 24) == w3
            if same and load64(row + KEY6) & KEY_MASK == key:
                return row
        i = (i + 1) & mask


@compiled
def add_values(row: int, original: int, seen: int, payload: int, size: int) -> None:
    """One more packet in the row whose key's word is at `row`; the hash only if no packet before had a payload."""
    store64(row + 16, load64(row + 16) + 1)
    volume = load64(row + 24)
    store64(row + 24, (volume & ~VOLUME) | ((volume + original) & VOLUME) | seen << SEEN_SHIFT)
    if size > 0 and load64(row + 8) == 0:
        store64(row + 8, payload_hash(payload, size))


@compiled
def new_values(row: int, key: int, microsecond: int, minute: int, original: int, seen: int, payload: int, size: int) -> None:
    store64(row, microsecond << KEY_BITS | key)
    store64(row + 8, payload_hash(payload, size) if size > 0 else 0)
    store64(row + 16, minute << 32 | 1)
    store64(row + 24, original | seen << SEEN_SHIFT)


@compiled
def slot_of(lines: int, minutes: int, minute: int, odd: int) -> int:
    """The slot of the minute, made free by flushing the oldest if need be; or, if that one is large, minus one minus its slot."""
    slot = 0
    for k in range(OPEN_MINUTES):
        if load64(minutes + k * 8) == minute:
            return k
        if load64(minutes + k * 8) < load64(minutes + slot * 8):
            slot = k
    if load64(lines + slot * 2 * LINE_WORDS * 8 + FILL) > LARGE_TABLE:
        return -1 - slot
    flush(lines, minutes, slot, odd)
    store64(minutes + slot * 8, minute)
    return slot


@compiled
def flush(lines: int, minutes: int, slot: int, odd: int) -> None:
    line = lines + slot * 2 * LINE_WORDS * 8
    emit(line, ROW4, odd)
    emit(line + LINE_WORDS * 8, ROW6, odd)
    store64(minutes + slot * 8, -1)


@compiled
def hash_all(decoded: Decoded, n: int, odd: int, hashes: Array) -> None:
    outcomes, addresses, wide, keys = decoded.outcome, decoded.addresses, decoded.wide, decoded.key
    for i in range(n):
        if outcomes[i] == IPV4:
            hashes[i] = hash4(addresses[i], keys[i], odd)
        elif outcomes[i] == IPV6:
            hashes[i] = hash6(wide[i, 0], wide[i, 1], wide[i, 2], wide[i, 3], keys[i], odd)
        else:
            hashes[i] = 0


@compiled
def room_of(line: int) -> int:
    """Rows that the IPv4 table takes before its index must grow."""
    return min(MOST_ROWS4, (load64(line + MASK) + 1) * 3 // 5)


@compiled
def count6(line: int, base: int, records: Records, decoded: Decoded, i: int, hashed: int, low: int, minute: int, odd: int) -> bool:
    """Add one IPv6 packet; False when the table is full."""
    w0, w1, w2, w3 = decoded.wide[i, 0], decoded.wide[i, 1], decoded.wide[i, 2], decoded.wide[i, 3]
    key, original, seen = decoded.key[i], records.original[i], decoded.seen[i]
    payload, size = base + decoded.payload_start[i], decoded.payload_size[i]
    row = find6(line, hashed, w0, w1, w2, w3, key)
    if row > 0:
        add_values(row + KEY6, original, seen, payload, size)
        return True
    if load64(line + FILL) == MOST_ROWS6:
        return False
    row = append(line, -row, hashed, ROW6, odd)
    for word in range(4):
        store64(row + word * 8, decoded.wide[i, word])
    new_values(row + KEY6, key, (records.at_ns[i] - low) // 1000, minute, original, seen, payload, size)
    return True


@compiled
def count_flows(
    base: int, records: Records, decoded: Decoded, first: int, n: int, lines: int, minutes: int, odd: int, hashes: Array
) -> tuple[int, int]:
    """Add the packets from `first` to `n`. `base`: the window's address, for payloads; `lines`, `minutes`: addresses of control words.

    (n, -1), or the place of the packet before which the large table of that slot must be handed over.
    The open minute's IPv4 table is held in local variables: a control word would be loaded again after every store to a row.
    """
    times, originals, outcomes, seens = records.at_ns, records.original, decoded.outcome, decoded.seen
    addresses, keys, payloads, sizes = decoded.addresses, decoded.key, decoded.payload_start, decoded.payload_size
    minute, low, slot, line, fill, room = -1, 0, -1, lines, load64(lines + FILL), 0
    rows, index, mask = 0, load64(lines + INDEX), load64(lines + MASK)
    for i in range(first, n):
        prefetch(index + (hashes[min(i + AHEAD, n - 1)] & mask) * 8)
        time, outcome = times[i], outcomes[i]
        if outcome < IPV4 or time < 0:
            continue
        if slot < 0 or time - low >= MINUTE_NS or time < low:
            store64(line + FILL, fill)
            minute = time // MINUTE_NS
            slot, low = slot_of(lines, minutes, minute, odd), minute * MINUTE_NS
            if slot < 0:
                return i, -1 - slot
            line = lines + slot * 2 * LINE_WORDS * 8
            index, mask, rows, fill = load64(line + INDEX), load64(line + MASK), load64(line + ROWS), load64(line + FILL)
            room = room_of(line)
        if outcome == IPV6:
            if not count6(line + LINE_WORDS * 8, base, records, decoded, i, hashes[i], low, minute, odd):
                store64(line + FILL, fill)
                return i, slot
            continue
        hashed, a, key = hashes[i], addresses[i], keys[i]
        row = find4(index, mask, rows, hashed, a, key)
        if row > 0:
            add_values(row + 8, originals[i], seens[i], base + payloads[i], sizes[i])
            continue
        if fill >= room:
            store64(line + FILL, fill)
            if fill == MOST_ROWS4:
                return i, slot
            grow(line, ROW4, odd)
            mask, room = load64(line + MASK), room_of(line)
            row = find4(index, mask, rows, hashed, a, key)
        fill += 1
        store64(-row, (hashed & ~LOW32) | fill)
        row = rows + (fill - 1) * ROW4
        prefetch(row + ROWS_AHEAD)
        store64(row, a)
        new_values(row + 8, key, (time - low) // 1000, minute, originals[i], seens[i], base + payloads[i], sizes[i])
    store64(line + FILL, fill)
    return n, -1
