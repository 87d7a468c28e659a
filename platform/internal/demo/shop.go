package demo

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"testing/fstest"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"app/platform/database"
	"app/platform/events"
	"app/platform/host"
	"app/platform/ids"
	"app/platform/internal/demo/bankv1"
	"app/platform/internal/demo/shopevents"
	"app/platform/operation"
	"app/platform/rpc"
)

// Shop sells. OnWait, when not nil, is what GET /v1/wait does before it answers.
type Shop struct {
	OnWait func(ctx context.Context)

	bank bankv1.BankClient
	db   *database.DB
	now  func() time.Time
}

// Name implements lifecycle.Module.
func (*Shop) Name() string { return "shop" }

// Migrations implements host.DatabaseOwner.
func (*Shop) Migrations() fs.FS {
	return fstest.MapFS{"0001_create_sales.up.sql": {Data: []byte(
		`CREATE TABLE shop_sales (id VARCHAR(64) NOT NULL PRIMARY KEY, account VARCHAR(64) NOT NULL, amount BIGINT NOT NULL)`,
	)}}
}

// Calls implements host.Caller.
func (s *Shop) Calls() []rpc.Dependency { return []rpc.Dependency{bankv1.NeedBank(&s.bank)} }

// Emits implements host.Emitter.
func (*Shop) Emits() []proto.Message { return []proto.Message{&shopevents.Sold{}} }

// Open implements host.Opener.
func (s *Shop) Open(_ context.Context, env host.Env) error {
	s.db, s.now = env.DB, env.Now
	return nil
}

type saleInput struct {
	Body struct {
		Account string `json:"account" minLength:"1" maxLength:"64"`
		Amount  int64  `json:"amount" minimum:"1"`
	}
}

type saleOutput struct {
	Body sale
}

type sale struct {
	ID string `json:"id"`
	// Before is what the account held before the sale.
	Before int64 `json:"before"`
	// Caller is the module that the bank was asked by.
	Caller string `json:"caller"`
}

// Operations implements host.Publisher.
func (s *Shop) Operations(api *operation.API) {
	operation.Register(api, operation.Operation{
		Method: http.MethodPost, Path: "/v1/sales", Summary: "Sell something", Status: http.StatusCreated,
		Access: operation.Optional, Rate: operation.RateDefault,
	}, func(ctx context.Context, in *saleInput) (*saleOutput, error) {
		return s.recordSale(ctx, in.Body.Account, in.Body.Amount)
	})
	api.Raw(operation.Operation{
		Method: http.MethodGet, Path: "/v1/wait", Summary: "Wait", Access: operation.Public, Rate: operation.RateDefault,
	}, http.HandlerFunc(s.handleWait))
}

func (s *Shop) handleWait(w http.ResponseWriter, r *http.Request) {
	if s.OnWait != nil {
		s.OnWait(r.Context())
	}
	_, _ = fmt.Fprint(w, "done")
}

func (s *Shop) recordSale(ctx context.Context, account string, amount int64) (*saleOutput, error) {
	before, err := s.bank.Balance(ctx, &bankv1.BalanceRequest{Account: account})
	if err != nil {
		return nil, fmt.Errorf("ask the bank: %w", err)
	}
	id := ids.For(ctx, "sal", s.now())
	err = s.db.Write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO shop_sales (id, account, amount) VALUES (?, ?, ?)`, id, account, amount); err != nil {
			return fmt.Errorf("insert sale: %w", err)
		}
		return events.Emit(ctx, tx, events.Key{Aggregate: "account", ID: account}, &shopevents.Sold{Account: account, Amount: amount})
	})
	return &saleOutput{sale{ID: id, Before: before.GetAmount(), Caller: before.GetCaller()}}, err
}

// Commands implements host.Commander.
func (s *Shop) Commands(tool host.Tool) []*cobra.Command {
	var account string
	c := &cobra.Command{
		Use: "sell", Short: "Sell something for one cent", Example: "  app sell --account=a", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return tool.Run(c.Context(), func(ctx context.Context) error {
				out, err := s.recordSale(ctx, account, 1)
				if err == nil {
					_, _ = fmt.Fprintln(c.OutOrStdout(), out.Body.ID)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "the account to credit")
	return []*cobra.Command{c}
}
