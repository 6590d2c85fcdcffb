//! The allocator: sizes are rounded up to powers of two, and what is freed is
//! kept for the next of that size, so that memory stops growing when the batches
//! do.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::UnsafeCell;

const PAGE: usize = 65_536;
const SMALLEST: usize = 16; // also the alignment of every block

struct Heap(UnsafeCell<Blocks>);

struct Blocks {
    free: [*mut u8; usize::BITS as usize], // by log2 of the size; each points to the next
    next: usize,                           // first byte never given out, 0 before the first
}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(Blocks { free: [core::ptr::null_mut(); usize::BITS as usize], next: 0 }));

// A guest has one thread.
unsafe impl Sync for Heap {}

/// The power of two a block has, or None if there is none that large.
fn class(layout: Layout) -> Option<usize> {
    let size = layout.size().max(SMALLEST).checked_next_power_of_two()?;
    (layout.align() <= SMALLEST).then_some(size.trailing_zeros() as usize)
}

unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = class(layout) else {
            return core::ptr::null_mut();
        };
        let heap = unsafe { &mut *self.0.get() };
        let block = heap.free[class];
        if block.is_null() {
            return heap.fresh(1 << class);
        }
        heap.free[class] = unsafe { *block.cast::<*mut u8>() };
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(class) = class(layout) {
            let heap = unsafe { &mut *self.0.get() };
            unsafe { *block.cast::<*mut u8>() = heap.free[class] };
            heap.free[class] = block;
        }
    }
}

impl Blocks {
    /// Takes a block from the end of memory.
    fn fresh(&mut self, size: usize) -> *mut u8 {
        unsafe extern "C" {
            static __heap_base: u8;
        }
        if self.next == 0 {
            self.next = (&raw const __heap_base as usize).next_multiple_of(SMALLEST);
        }
        let end = match self.next.checked_add(size) {
            Some(end) => end,
            None => return core::ptr::null_mut(),
        };
        let pages = end.div_ceil(PAGE).saturating_sub(memory_size(0));
        if pages > 0 && memory_grow(0, pages) == usize::MAX {
            return core::ptr::null_mut();
        }
        let block = self.next as *mut u8;
        self.next = end;
        block
    }
}
