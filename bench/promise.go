package main

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"app/platform/events/rabbit/rabbittest"
)

// What MariaDB and RabbitMQ promise is read back where they run, which is often in a
// benchmark. It tells the harness by values of its result, and the harness takes no
// figure of a benchmark that does not.

// engine is something that keeps data beside SQLite.
type engine struct {
	name string
	// promise judges what was read back, by setting, and puts it into words. What does
	// not keep data is errNotDurable.
	promise func(values map[string]float64) (string, error)
}

var (
	overMariaDB  = engine{"MariaDB", mariaDBPromise}
	overRabbitMQ = engine{"RabbitMQ", rabbitMQPromise}
)

// mariaDBSettings decide whether a commit is on the disk when it is acknowledged, and
// whether a torn page can be mended. A binary log, if there is one, is part of a
// commit.
var mariaDBSettings = []string{"innodb_flush_log_at_trx_commit", "innodb_doublewrite", "log_bin", "sync_binlog"}

// readMariaDB reads the settings of a server.
func readMariaDB(ctx context.Context, db *sql.DB) (map[string]float64, error) {
	values := map[string]float64{}
	for _, name := range mariaDBSettings {
		var text string
		if err := db.QueryRowContext(ctx, "SELECT @@GLOBAL."+name).Scan(&text); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		value, err := setting(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %s=%s", errNotDurable, name, text)
		}
		values[name] = value
	}
	return values, nil
}

// setting reads a number or a switch, which some versions show as a number and others
// as a word.
func setting(text string) (float64, error) {
	switch strings.ToUpper(text) {
	case "ON":
		return 1, nil
	case "OFF":
		return 0, nil
	}
	return strconv.ParseFloat(text, 64) //nolint:wrapcheck // the caller names the setting
}

func mariaDBPromise(values map[string]float64) (string, error) {
	for _, name := range mariaDBSettings {
		if _, read := values[name]; !read {
			return "", fmt.Errorf("%w: %s was not read back", errNotDurable, name)
		}
	}
	for _, name := range mariaDBSettings[:2] {
		if values[name] != 1 {
			return "", fmt.Errorf("%w: %s=%s", errNotDurable, name, number(values[name]))
		}
	}
	text := "innodb_flush_log_at_trx_commit=1, innodb_doublewrite=ON, "
	switch {
	case values["log_bin"] == 0:
		return text + "no binary log", nil
	case values["sync_binlog"] == 1:
		return text + "sync_binlog=1", nil
	}
	return "", fmt.Errorf("%w: a binary log with sync_binlog=%s", errNotDurable, number(values["sync_binlog"]))
}

// rabbitMQPromise only sees to it that the benchmark has asked: one with another answer
// has failed.
func rabbitMQPromise(values map[string]float64) (string, error) {
	if values[rabbittest.QueuesUnit] < 1 || values[rabbittest.ChannelsUnit] < 1 {
		return "", fmt.Errorf("%w: it was not read back whether queues and channels are", errNotDurable)
	}
	return "all queues durable quorum queues, all that publish in confirm mode", nil
}

// hold judges what was read back of an engine and keeps it for the report.
func (b *bench) hold(e engine, values map[string]float64) error {
	text, err := e.promise(values)
	if err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	if b.promises == nil {
		b.promises = map[string]string{}
	}
	b.promises[e.name] = text
	return nil
}

// holdAll does so for every line of a benchmark.
func (b *bench) holdAll(samples []sample, engines []engine) error {
	for _, s := range samples {
		for _, e := range engines {
			if err := b.hold(e, s.values); err != nil {
				return err
			}
		}
	}
	return nil
}

// assertMariaDB reads a server's settings back and refuses any but the durable ones.
func assertMariaDB(ctx context.Context, db *sql.DB) (map[string]float64, error) {
	values, err := readMariaDB(ctx, db)
	if err != nil {
		return nil, err
	}
	_, err = mariaDBPromise(values)
	return values, err
}
