package idempotency_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"app/platform/database/dbtest"
	"app/platform/idempotency"
	"app/platform/operation/operationtest"
)

const grants = "CREATE DATABASE `@module@` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n" +
	"CREATE USER '@module@'@'%' IDENTIFIED BY '@password@';\nGRANT ALL ON `@module@`.* TO '@module@'@'%';"

// The database goes away between the effect of a request and the storing of its reply.
// The client gets the reply all the same, and the key is not left in flight.
func TestReplyIsStoredWhenTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	server := dbtest.Start(t)
	r := replicas(dbtest.OpenURL(t, server.Account(t, "orders", grants), idempotency.Migrations), 1, time.Hour)[0]
	r.work = func(context.Context) error {
		server.Pause(t)
		return nil
	}
	first := r.post(operationtest.Alice, "k1")
	if first.Status != http.StatusCreated {
		t.Errorf("the first request got %+v", first)
	}
	if again := r.post(operationtest.Alice, "k1"); again.Status != http.StatusServiceUnavailable || again.Header.Get("Retry-After") == "" {
		t.Errorf("without its database the repetition got %+v", again)
	}
	server.Resume(t)
	deadline := time.After(time.Minute)
	for again := r.post(operationtest.Alice, "k1"); again.Header.Get("Idempotent-Replayed") != "true"; again = r.post(operationtest.Alice, "k1") {
		select {
		case <-deadline:
			t.Fatalf("the repetition got %+v", again)
		case <-time.After(50 * time.Millisecond):
		}
	}
	r.mustRun(t, 1)
}
