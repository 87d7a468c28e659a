package cli

// For tests.
var (
	MemoryLimit = memoryLimit
	Reachable   = localURL
)
