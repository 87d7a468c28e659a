package main

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"app/e2e/harness/shop"
	"app/platform/database/dbtest"
	"app/platform/events/rabbit/rabbittest"
)

// durableMaria are settings that nothing is wrong with.
func durableMaria(change string, value float64) map[string]float64 {
	values := map[string]float64{"innodb_flush_log_at_trx_commit": 1, "innodb_doublewrite": 1, "log_bin": 0, "sync_binlog": 0}
	if change != "" {
		values[change] = value
	}
	return values
}

func TestMariaDBPromise(t *testing.T) {
	t.Parallel()
	binlog, synced, unread := durableMaria("log_bin", 1), durableMaria("log_bin", 1), durableMaria("", 0)
	synced["sync_binlog"] = 1
	delete(unread, "innodb_doublewrite")
	cases := map[string]struct {
		values map[string]float64
		want   string // "" for a refusal
	}{
		"OK":                      {durableMaria("", 0), "innodb_flush_log_at_trx_commit=1, innodb_doublewrite=ON, no binary log"},
		"BinaryLogSynced":         {synced, "innodb_flush_log_at_trx_commit=1, innodb_doublewrite=ON, sync_binlog=1"},
		"ErrBinaryLogNotSynced":   {binlog, ""},
		"ErrFlushedOnceASecond":   {durableMaria("innodb_flush_log_at_trx_commit", 0), ""},
		"ErrWrittenAndNotFlushed": {durableMaria("innodb_flush_log_at_trx_commit", 2), ""},
		"ErrTornPages":            {durableMaria("innodb_doublewrite", 0), ""},
		"ErrNotReadBack":          {unread, ""},
		"ErrBenchmarkSaysNothing": {nil, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := mariaDBPromise(tc.values)
			if got != tc.want || errors.Is(err, errNotDurable) == (tc.want != "") {
				t.Errorf("mariaDBPromise = %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestRabbitMQPromise(t *testing.T) {
	t.Parallel()
	asked := map[string]float64{rabbittest.QueuesUnit: 7, rabbittest.ChannelsUnit: 5}
	if text, err := rabbitMQPromise(asked); err != nil || !strings.Contains(text, "confirm mode") {
		t.Errorf("rabbitMQPromise = %q, %v", text, err)
	}
	for missing := range asked {
		values := maps.Clone(asked)
		delete(values, missing)
		if text, err := rabbitMQPromise(values); !errors.Is(err, errNotDurable) {
			t.Errorf("without %s: %q, %v", missing, text, err)
		}
	}
}

func TestSetting(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"ON": 1, "off": 0, "1": 1, "0": 0, "2": 2} {
		if got, err := setting(text); err != nil || got != want {
			t.Errorf("setting(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	if got, err := setting("fast"); err == nil {
		t.Errorf("setting of an unknown word = %v", got)
	}
}

// A real server that does not flush each commit is refused, one that does is not.
func TestAssertMariaDB(t *testing.T) {
	t.Parallel()
	for argument, refused := range map[string]bool{"--innodb-flush-log-at-trx-commit=1": false, "--innodb-flush-log-at-trx-commit=2": true, "--skip-innodb-doublewrite": true} {
		t.Run(argument, func(t *testing.T) {
			t.Parallel()
			server := dbtest.Start(t, argument)
			running := &shop.Shop{Databases: shop.Accounts(t, server.Account)}
			db := running.Database(t, "orders")
			if values, err := assertMariaDB(t.Context(), db); errors.Is(err, errNotDurable) != refused || err != nil && !refused {
				t.Errorf("assertMariaDB = %v, %v, refused: %t", values, err, refused)
			}
		})
	}
}

// A row gets no figures from a benchmark whose engines have not been read back, in any
// of its lines.
func TestHoldAll(t *testing.T) {
	t.Parallel()
	good, silent := sample{values: durableMaria("", 0)}, sample{}
	b := &bench{}
	if err := b.holdAll([]sample{good, good}, []engine{overMariaDB}); err != nil {
		t.Error(err)
	}
	if got := (Durability{Synchronous: "FULL", Others: b.promises}).String(); !strings.HasSuffix(got, "; MariaDB: innodb_flush_log_at_trx_commit=1, innodb_doublewrite=ON, no binary log") {
		t.Errorf("in the report: %s", got)
	}
	if err := b.holdAll([]sample{good, silent}, []engine{overMariaDB}); !errors.Is(err, errNotDurable) {
		t.Errorf("with a line that says nothing: %v", err)
	}
	if err := b.holdAll([]sample{good}, []engine{overMariaDB, overRabbitMQ}); !errors.Is(err, errNotDurable) {
		t.Errorf("with an engine that was not asked: %v", err)
	}
}
