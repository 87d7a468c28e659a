package mysql

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	defaultConns = 16
	// connectLimit bounds the making of a connection, from the name's look-up to the
	// end of the log-in: well within the time that a request has.
	connectLimit = 2 * time.Second
	// Connections are renewed before a server's or a proxy's own limits close them
	// under us.
	connLifetime = 3 * time.Minute
	connIdle     = time.Minute
	// lockWait is how many seconds a statement waits for a row before it is tried again
	// as a deadlock would be.
	lockWait = "10"
	// statementLimit bounds how long a statement waits for its answer, which is longer
	// than it may wait for a row. A connection that takes longer is dead, even where
	// the server answers others: something on the way has forgotten it.
	statementLimit = 13 * time.Second
	// sqlMode makes the server as strict as SQLite's CHECKs expect, and || join strings
	// as it does there.
	sqlMode = "'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT'"
)

// Server is where a schema is and how to log in.
type Server struct {
	Name           string // for logs and errors, without the password
	Host           string // as its certificate has it
	Address        string // host:port
	Socket         string // used instead of Address when it is not empty
	Schema         string
	User, Password string
	TLS            string // "", true, false, skip-verify or preferred
	CA             string // a file of authorities, used instead of the system's
	Pool           Pool
}

// Pool bounds the connections of one pool; what is 0 has a default.
type Pool struct {
	Conns          int
	Lifetime, Idle time.Duration
}

// poolSize is the size that the server's location asks for; conns, when positive,
// is used where it asks for none.
func (s Server) poolSize(conns int) Pool {
	return Pool{
		Conns:    cmp.Or(s.Pool.Conns, max(conns, 0), defaultConns),
		Lifetime: cmp.Or(s.Pool.Lifetime, connLifetime),
		Idle:     cmp.Or(s.Pool.Idle, connIdle),
	}
}

func (s Server) config(logger *slog.Logger) (*mysql.Config, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = s.User, s.Password, s.Schema
	c.Net, c.Addr = "tcp", s.Address
	if s.Socket != "" {
		c.Net, c.Addr = "unix", s.Socket
	}
	c.Timeout, c.ReadTimeout, c.WriteTimeout = connectLimit, statementLimit, statementLimit
	c.Collation = "utf8mb4_bin"
	c.ParseTime, c.Loc = true, time.UTC
	c.InterpolateParams = true // one trip per statement instead of three
	c.ClientFoundRows = true   // an UPDATE counts what it matched, as on SQLite
	c.Params = map[string]string{"sql_mode": sqlMode, "innodb_lock_wait_timeout": lockWait}
	c.Logger = driverLog{logger}
	return c, s.setTLS(c)
}

func (s Server) setTLS(c *mysql.Config) error {
	switch s.TLS {
	case "", "false":
		if s.CA == "" {
			return nil
		}
	case "skip-verify", "preferred":
		c.TLSConfig = s.TLS
		return nil
	case "true":
	default:
		return fmt.Errorf("unknown tls=%q (known: true, false, skip-verify, preferred)", s.TLS)
	}
	c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.Host}
	if s.CA == "" {
		return nil
	}
	pem, err := os.ReadFile(s.CA)
	if err != nil {
		return fmt.Errorf("read ca: %w", err)
	}
	c.TLS.RootCAs = x509.NewCertPool()
	if !c.TLS.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", s.CA)
	}
	return nil
}

// driverLog keeps the driver's remarks on broken connections out of standard error.
type driverLog struct{ logger *slog.Logger }

// Print implements mysql.Logger.
func (l driverLog) Print(v ...any) { l.logger.Debug("mysql driver", "remark", fmt.Sprint(v...)) }
