// Package seed fills a shop with something to look at: `app seed`. It owns nothing and
// serves nothing; it asks the other modules for what they have, over the same contracts
// as anybody, so it works on a split shop too.
package seed

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/host"
	"app/platform/rpc"
)

// Module is the seed module.
type Module struct {
	users     usersv1.UsersClient
	merchants merchantsv1.MerchantsClient
	catalog   catalogv1.CatalogClient
	public    bool // people come over TLS: the shop is not for trying out
}

// New makes the module.
func New() *Module { return &Module{} }

// Name implements lifecycle.Module.
func (*Module) Name() string { return "seed" }

// Calls implements host.Caller.
func (m *Module) Calls() []rpc.Dependency {
	return []rpc.Dependency{
		usersv1.NeedUsers(&m.users).Only("Ensure"), merchantsv1.NeedMerchants(&m.merchants).Only("Ensure"), catalogv1.NeedCatalog(&m.catalog).Only("Ensure"),
	}
}

// Open implements host.Opener.
func (m *Module) Open(_ context.Context, env host.Env) error {
	m.public = env.Config.Secure()
	return nil
}

// Commands implements host.Commander.
func (m *Module) Commands(tool host.Tool) []*cobra.Command {
	return []*cobra.Command{{
		Use:   "seed",
		Short: "Fill the shop with three merchants, 200 products and two buyers",
		Long: "Fill the shop with three merchants, 200 products with stock and two buyers, to have something to look at.\n" +
			"What is there already is left as it is: running it twice changes nothing.",
		Example: "  app seed\n  DATA_DIR=/srv/souk app seed",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return tool.Run(cmd.Context(), func(ctx context.Context) error {
				done, err := m.seedAll(ctx)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), done)
				return err
			})
		},
	}}
}
