package device

import (
	"context"
	"fmt"

	"app/platform/database"
)

const (
	knownNetwork = `SELECT COUNT(*) FROM users_sessions WHERE account_id = ? AND network = ?`
)

// IsFamiliarNetwork reports whether the account has a sign-in from the network.
func IsFamiliarNetwork(ctx context.Context, tx *database.Tx, accountID, network string) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, knownNetwork, accountID, network).Scan(&n)
	return n > 0, database.Found("networks", err)
}

const (
	networkInUseSQL = `SELECT COUNT(*) FROM (SELECT 1 FROM users_sessions WHERE network = ? LIMIT 1) AS known`
)

// NetworkInUse reports whether any account is signed in, or was until lately, from the
// network.
func NetworkInUse(ctx context.Context, tx *database.Tx, network string) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, networkInUseSQL, network).Scan(&n)
	return n > 0, database.Found("networks", err)
}

const (
	familiarAt = `SELECT COUNT(*) FROM (SELECT 1 FROM users_sessions WHERE account_id = ? AND network = ? AND user_agent = ? LIMIT 1) AS known`
)

const (
	devicesOf = `SELECT user_agent, network FROM users_sessions WHERE account_id = ? UNION
		SELECT user_agent, network FROM users_audit WHERE account_id = ? AND event = 'sign_in' AND outcome = 'ok'`
)

// IsFamiliar reports whether the account has signed in from the network with the
// same program.
func IsFamiliar(ctx context.Context, tx *database.Tx, accountID, network, agent string) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, familiarAt, accountID, network, agent).Scan(&n)
	return n > 0, database.Found("devices", err)
}

// KnownTo lists what the account is remembered to have been signed in to with, each
// once.
func KnownTo(ctx context.Context, tx *database.Tx, accountID string) (out []Device, err error) {
	rows, err := tx.Query(ctx, devicesOf, accountID, accountID)
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d Device
		if err := rows.Scan(&d.UserAgent, &d.Network); err != nil {
			return nil, fmt.Errorf("list devices: %w", err)
		}
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	return out, nil
}
