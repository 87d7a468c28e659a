package sqlite

import (
	"sync"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
)

// keepMemory makes the allocator under SQLite keep some memory at hand.
//
// A savepoint copies every page it is about to change into blocks of 1 KiB, some 30 for
// a small transaction, and splitting a page takes scratch of one page; all of it is
// freed at once. modernc.org/memory gives an arena of 64 KiB back to the system when
// its last block is freed, so that each savepoint would map and unmap arenas: a fifth
// of the processor time of a write. A block that stays in use holds its arena. The cost
// is under one MiB, once.
var keepMemory = sync.OnceFunc(func() {
	tls := libc.NewTLS()
	defer tls.Close()
	holdArenas(tls, 1032, 8, 31) // a chunk of a savepoint's journal, with SQLite's header
	holdArenas(tls, 4104, 8, 7)  // the scratch of a split
	holdArenas(tls, 12288, 2, 3) // the list of its cells
})

// holdArenas fills arenas with blocks of one size and leaves one block in each.
func holdArenas(tls *libc.TLS, size types.Size_t, arenas, perArena int) {
	taken := make([]uintptr, arenas*perArena)
	for i := range taken {
		taken[i] = libc.Xmalloc(tls, size)
	}
	for i, block := range taken {
		if i%perArena != 0 {
			libc.Xfree(tls, block)
		}
	}
}
