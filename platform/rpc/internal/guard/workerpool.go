package guard

import "sync"

// maxIdle bounds the workers that wait for work.
const maxIdle = 64

// WorkerPool runs jobs in goroutines that it keeps: a callee's stack, grown once for
// its database calls, serves the next callee too. There is no bound on workers; calls
// are bounded at their edges. The zero value is ready.
type WorkerPool struct {
	mu     sync.Mutex
	idle   []*worker
	closed bool
}

type worker struct{ jobs chan job }

type job interface{ do() }

// runJob starts the job in the worker that was idle for the shortest time, or in a new
// one.
func (p *WorkerPool) runJob(j job) {
	p.mu.Lock()
	n := len(p.idle)
	if n == 0 {
		p.mu.Unlock()
		w := &worker{jobs: make(chan job, 1)}
		w.jobs <- j
		go w.runJobs(p)
		return
	}
	w := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	p.mu.Unlock()
	w.jobs <- j
}

func (w *worker) runJobs(p *WorkerPool) {
	for j := range w.jobs {
		j.do()
		if !p.parkWorker(w) {
			return
		}
	}
}

// parkWorker puts a worker among the idle ones; false tells it to go.
func (p *WorkerPool) parkWorker(w *worker) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= maxIdle {
		return false
	}
	p.idle = append(p.idle, w)
	return true
}

// Stop sends the idle workers home, and the others after their work.
func (p *WorkerPool) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, w := range p.idle {
		close(w.jobs)
	}
	p.idle = nil
}
