package rpc

import "sync"

// maxIdle bounds the workers that wait for work.
const maxIdle = 64

// workerPool runs jobs in goroutines that it keeps: a callee's stack, grown once for
// its database calls, serves the next callee too. There is no bound on workers; calls
// are bounded at their edges.
type workerPool struct {
	mu     sync.Mutex
	idle   []*worker
	closed bool
}

type worker struct{ jobs chan job }

type job interface{ do() }

// runJob starts the job in the worker that was idle for the shortest time, or in a new
// one.
func (c *workerPool) runJob(j job) {
	c.mu.Lock()
	n := len(c.idle)
	if n == 0 {
		c.mu.Unlock()
		w := &worker{jobs: make(chan job, 1)}
		w.jobs <- j
		go w.runJobs(c)
		return
	}
	w := c.idle[n-1]
	c.idle[n-1] = nil
	c.idle = c.idle[:n-1]
	c.mu.Unlock()
	w.jobs <- j
}

func (w *worker) runJobs(c *workerPool) {
	for j := range w.jobs {
		j.do()
		if !c.parkWorker(w) {
			return
		}
	}
}

// parkWorker puts a worker among the idle ones; false tells it to go.
func (c *workerPool) parkWorker(w *worker) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.idle) >= maxIdle {
		return false
	}
	c.idle = append(c.idle, w)
	return true
}

// stopWorkers sends the idle workers home, and the others after their work.
func (c *workerPool) stopWorkers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, w := range c.idle {
		close(w.jobs)
	}
	c.idle = nil
}
