"""The CUDA caching allocator, replayed: what it hands out is a little more than what was asked for."""

import bisect
from collections.abc import Iterable, Iterator

KIB, MIB = 1 << 10, 1 << 20
SMALL = MIB
"""Requests up to this size share segments of 2 MiB; larger ones are cut from segments of their own kind."""


class Block:
    """A piece of a segment, with its neighbours."""

    __slots__ = ("after", "before", "free", "name", "size", "small")

    def __init__(self, name: int, size: int, small: bool, before: "Block | None" = None) -> None:
        """Begin as a piece in use."""
        self.name, self.size, self.small, self.free = name, size, small, False
        self.before = before
        self.after: Block | None = None if before is None else before.after


class Allocator:
    """Blocks as `c10/cuda/CUDACachingAllocator.cpp` cuts and joins them: best fit, rests of up to 1 MiB stay on."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.pools: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
        self.blocks: dict[int, Block] = {}
        self.names = 0
        self.allocated = self.reserved = 0

    def take(self, asked: int) -> Block:
        """Return a block that holds so many bytes."""
        size = max(512, -(-asked // 512) * 512)
        small = size <= SMALL
        block = self._fitting(size, small) or self._segment(size, small)
        left = block.size - size
        if left >= 512 if small else left > SMALL:
            rest = self._made(left, small, block)
            block.after, block.size = rest, size
            if rest.after is not None:
                rest.after.before = rest
            self._offer(rest)
        self.allocated += block.size
        return block

    def give(self, block: Block) -> None:
        """Take a block back, joined with its free neighbours."""
        self.allocated -= block.size
        if (before := block.before) is not None and before.free:
            self._withdraw(before)
            block = self._joined(before, block)
        if (after := block.after) is not None and after.free:
            self._withdraw(after)
            block = self._joined(block, after)
        self._offer(block)

    def _made(self, size: int, small: bool, before: Block | None = None) -> Block:
        self.names += 1
        self.blocks[self.names] = block = Block(self.names, size, small, before)
        return block

    def _fitting(self, size: int, small: bool) -> Block | None:
        pool = self.pools[small]
        place = bisect.bisect_left(pool, (size, -1))
        if place == len(pool):
            return None
        block = self.blocks[pool[place][1]]
        self._withdraw(block)
        return block

    def _segment(self, size: int, small: bool) -> Block:
        least = 20 * MIB if size < 10 * MIB else -(-size // (2 * MIB)) * 2 * MIB
        block = self._made(2 * MIB if small else least, small)
        self.reserved += block.size
        return block

    def _joined(self, first: Block, second: Block) -> Block:
        first.size += second.size
        first.after = second.after
        if second.after is not None:
            second.after.before = first
        del self.blocks[second.name]
        return first

    def _offer(self, block: Block) -> None:
        block.free = True
        bisect.insort(self.pools[block.small], (block.size, block.name))

    def _withdraw(self, block: Block) -> None:
        block.free = False
        pool = self.pools[block.small]
        del pool[bisect.bisect_left(pool, (block.size, block.name))]


def replay(events: Iterable[int], sizes: list[int]) -> Iterator[tuple[int, int]]:
    """Yield what is allocated and reserved after every birth (index) and death (~index)."""
    allocator, held = Allocator(), dict[int, Block]()
    for event in events:
        if event >= 0:
            held[event] = allocator.take(sizes[event])
        else:
            allocator.give(held.pop(~event))
        yield allocator.allocated, allocator.reserved
