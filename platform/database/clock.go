package database

import "time"

// ClockSkew is how much further ahead than a rule ever sets it a stored time may be
// before it is taken for the work of a wrong clock: the clocks of processes that share
// a database differ, by less than this. A time beyond that was stored before the clock
// went back, and nobody has to wait until the clock has come up again. Every rule with
// a time to come says what it makes of one.
const ClockSkew = time.Minute
