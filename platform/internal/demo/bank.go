package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"testing/fstest"
	"time"

	"app/platform/database"
	"app/platform/events"
	"app/platform/fault"
	"app/platform/host"
	"app/platform/identity"
	"app/platform/internal/demo/bankv1"
	"app/platform/internal/demo/shopevents"
	"app/platform/operation"
	"app/platform/rpc"
)

// Bank keeps accounts. Its hooks are for tests and may be nil.
type Bank struct {
	OnStart func(ctx context.Context) error
	OnReady func(ctx context.Context) error

	cfg bankConfig
	db  *database.DB
}

type bankConfig struct {
	Interest time.Duration `env:"BANK_INTEREST" envDefault:"24h" doc:"how often interest is paid"`
	Limit    int64         `env:"BANK_LIMIT" envDefault:"1000000" doc:"most that an account may hold, in cents"`
	Vault    string        `env:"BANK_VAULT" secret:"true" doc:"what opens the vault"`
}

// Validate implements config.Validator.
func (c *bankConfig) Validate() error {
	if c.Limit < 1 {
		return errors.New("BANK_LIMIT: must be positive")
	}
	return nil
}

// Name implements lifecycle.Module.
func (*Bank) Name() string { return "bank" }

// Config implements host.Configurer.
func (b *Bank) Config() any { return &b.cfg }

// Asks implements host.Outgoing.
func (*Bank) Asks() string { return "other banks" }

// Migrations implements host.DatabaseOwner.
func (*Bank) Migrations() fs.FS {
	return fstest.MapFS{"0001_create_accounts.up.sql": {Data: []byte(
		`CREATE TABLE bank_accounts (id VARCHAR(64) NOT NULL PRIMARY KEY, amount BIGINT NOT NULL CHECK (amount >= 0))`,
	)}}
}

// Serves implements host.Callee.
func (b *Bank) Serves() []rpc.Service {
	return []rpc.Service{bankv1.ServeBank(func() bankv1.BankHandler { return b })}
}

// Subscriptions implements host.Subscriber.
func (*Bank) Subscriptions() []events.Subscription {
	return []events.Subscription{events.Subscribe("bank.credit", creditAccount)}
}

// Open implements host.Opener.
func (b *Bank) Open(_ context.Context, env host.Env) error {
	b.db = env.DB
	return nil
}

// Start implements lifecycle.Starter.
func (b *Bank) Start(ctx context.Context) error {
	if b.OnStart == nil {
		return nil
	}
	return b.OnStart(ctx)
}

// Ready implements lifecycle.Readier.
func (b *Bank) Ready(ctx context.Context) error {
	if b.OnReady == nil {
		return nil
	}
	return b.OnReady(ctx)
}

// Balance implements bankv1.BankHandler.
func (b *Bank) Balance(ctx context.Context, in *bankv1.BalanceRequest) (*bankv1.BalanceResponse, error) {
	if in.GetAccount() == "" {
		return nil, fault.Missing("account")
	}
	out := &bankv1.BalanceResponse{Caller: identity.Caller(ctx), UserId: identity.FromContext(ctx).UserID}
	err := b.db.Read(ctx, func(ctx context.Context, q *database.Tx) error {
		err := q.QueryRow(ctx, `SELECT amount FROM bank_accounts WHERE id = ?`, in.GetAccount()).Scan(&out.Amount)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return out, err
}

func creditAccount(ctx context.Context, tx *database.Tx, e events.Event[*shopevents.Sold]) error {
	if e.Body.GetAccount() == "cursed" {
		return errors.New("the account is cursed")
	}
	changed, err := tx.Exec(ctx, `UPDATE bank_accounts SET amount = amount + ? WHERE id = ?`, e.Body.GetAmount(), e.Body.GetAccount())
	if err != nil {
		return fmt.Errorf("credit: %w", err)
	}
	if n, err := changed.RowsAffected(); err != nil || n > 0 {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO bank_accounts (id, amount) VALUES (?, ?)`, e.Body.GetAccount(), e.Body.GetAmount())
	return err
}

type accountInput struct {
	ID string `path:"id"`
}

type accountOutput struct {
	Body account
}

type account struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"`
	UserID string `json:"user_id"`
	Caller string `json:"caller"`
}

// Operations implements host.Publisher.
func (b *Bank) Operations(api *operation.API) {
	operation.Register(api, operation.Operation{
		Method: http.MethodGet, Path: "/v1/accounts/{id}", Summary: "Read an account",
		Access: operation.Optional, Rate: operation.RateDefault,
	}, b.getAccount)
}

func (b *Bank) getAccount(ctx context.Context, in *accountInput) (*accountOutput, error) {
	balance, err := b.Balance(ctx, &bankv1.BalanceRequest{Account: in.ID})
	if err != nil {
		return nil, err
	}
	return &accountOutput{account{ID: in.ID, Amount: balance.GetAmount(), UserID: balance.GetUserId(), Caller: balance.GetCaller()}}, nil
}
