let asked = false;

/** Just below glibc's largest threshold, with room for its own header. */
const largestThreshold = 32 * 1024 * 1024 - 64 * 1024;

/**
 * Lets the process keep memory that is freed, up to 64 MiB in each of its arenas, for what is allocated next. Bodies and their rows are
 * blocks of a megabyte that come and go with every request; glibc gives such blocks back to the system each time, and getting them again
 * costs a page fault for every 4 KiB, until one block of the largest size was freed: its threshold follows what is freed
 * (mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD). No byte of that block is touched, so that it takes no memory. With another
 * allocator this does nothing.
 */
export function keepFreedMemory(): void {
  if (asked) return;
  asked = true;
  Buffer.allocUnsafeSlow(largestThreshold);
}
