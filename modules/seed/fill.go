package seed

import (
	"context"
	"errors"
	"fmt"

	"app/modules/catalog/catalogv1"
	"app/modules/merchants/merchantsv1"
	"app/modules/users/usersv1"
	"app/platform/money/moneyv1"
)

// password of everybody the seed makes. It is printed: a seeded shop is for looking at.
const password = "Souk-Demo-2026!"

// summary counts what was made and what was there.
type summary struct {
	made, there map[string]int
}

// String writes the summary for people.
func (s summary) String() string {
	line := func(what string) string {
		return fmt.Sprintf("%-10s %3d made, %3d there before\n", what, s.made[what], s.there[what])
	}
	return line("accounts") + line("merchants") + line("products") +
		"Sign in as ada@example.com, bob@example.com (buyers) or owner1@example.com (merchant); the password is " + password
}

func (s summary) countEnsured(what string, created bool) {
	if created {
		s.made[what]++
	} else {
		s.there[what]++
	}
}

// person is an account to be.
type person struct{ email, first, last string }

var buyers = []person{{usersv1.DemoAddresses[0], "Ada", "Lovelace"}, {usersv1.DemoAddresses[1], "Robert", "Noyce"}}

// seedAll makes what is missing.
func (m *Module) seedAll(ctx context.Context) (summary, error) {
	done := summary{map[string]int{}, map[string]int{}}
	if m.public {
		return done, errors.New("PUBLIC_URL is https: this shop is for the public, and everybody knows the password of the accounts that seed makes")
	}
	for _, b := range buyers {
		if _, err := m.ensureAccount(ctx, done, b); err != nil {
			return done, err
		}
	}
	for i, s := range stalls {
		owner, err := m.ensureAccount(ctx, done, person{usersv1.DemoAddresses[len(buyers)+i], s.owner, "Merchant"})
		if err != nil {
			return done, err
		}
		if err := m.seedStall(ctx, done, s, owner); err != nil {
			return done, err
		}
	}
	return done, nil
}

func (m *Module) ensureAccount(ctx context.Context, done summary, p person) (id string, err error) {
	reply, err := m.users.Ensure(ctx, &usersv1.EnsureRequest{Email: p.email, Password: password, FirstName: p.first, LastName: p.last})
	if err != nil {
		return "", fmt.Errorf("account %s: %w", p.email, err)
	}
	done.countEnsured("accounts", reply.GetCreated())
	return reply.GetUser().GetId(), nil
}

// seedStall makes a merchant and its products.
func (m *Module) seedStall(ctx context.Context, done summary, s stall, owner string) error {
	merchant, err := m.merchants.Ensure(ctx, &merchantsv1.EnsureRequest{Slug: s.slug, Name: s.name, OwnerId: owner})
	if err != nil {
		return fmt.Errorf("merchant %s: %w", s.slug, err)
	}
	done.countEnsured("merchants", merchant.GetCreated())
	for _, p := range s.generateProducts() {
		reply, err := m.catalog.Ensure(ctx, &catalogv1.EnsureRequest{
			MerchantId: merchant.GetMerchantId(), Sku: p.sku, Title: p.title, Description: p.description,
			Price: &moneyv1.Money{Amount: p.price, Currency: "EUR"}, Stock: p.stock,
		})
		if err != nil {
			return fmt.Errorf("product %s: %w", p.sku, err)
		}
		done.countEnsured("products", reply.GetCreated())
	}
	return nil
}
