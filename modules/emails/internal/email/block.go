package email

import "time"

// longestBlock bounds how long a transport is left alone that takes no e-mails.
const longestBlock = time.Minute

// blockTransport leaves the transport alone for a while, longer each time, and returns
// how long. E-mails that were on their way to it together count as one time.
func (s *Service) blockTransport() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := s.remainingBlock(); left > 0 {
		return left
	}
	d := min(firstPause<<min(s.strikes, 10), longestBlock)
	s.strikes++
	s.until = s.Now().Add(d)
	s.metrics.setTransportBlocked(s.Transport.Name(), true)
	return d
}

// unblockTransport is called after each e-mail that was taken.
func (s *Service) unblockTransport() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.strikes > 0 {
		s.strikes = 0
		s.metrics.setTransportBlocked(s.Transport.Name(), false)
	}
}

// transportBlockedFor is how long the transport is left alone yet.
func (s *Service) transportBlockedFor() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remainingBlock()
}

// remainingBlock is how long the transport is left alone yet; s.mu is held. More than
// the longest block is from before the clock went back, and none.
func (s *Service) remainingBlock() time.Duration {
	if left := s.until.Sub(s.Now()); left <= longestBlock {
		return left
	}
	return 0
}
