package memory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const profiles = `
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS profile (user INTEGER PRIMARY KEY, profile TEXT NOT NULL) STRICT;
`

// Profiles stores what is known of the users of one data set, a text for each. It is a file like a Store's, but another one: what
// is known of items can be passed on, what users have said cannot.
type Profiles struct{ store Store }

// CreateProfiles opens a file of profiles, or makes one, for the data set of that name and checksum.
func CreateProfiles(ctx context.Context, path, dataset, checksum string) (*Profiles, error) {
	s, err := open(path, "_txlock=immediate&_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	p := &Profiles{store: Store{db: s.db, path: path}}
	if err := p.store.build(ctx, profiles, [][2]string{{"profiles", fmt.Sprint(Version)}, {"dataset", dataset}, {"checksum", checksum}}); err != nil {
		return nil, errors.Join(fmt.Errorf("memory: %s: %w", path, err), p.Close())
	}
	return p, nil
}

// Close closes it.
func (p *Profiles) Close() error { return p.store.Close() }

// Profile is what is known of a user, "" where nothing is.
func (p *Profiles) Profile(ctx context.Context, user int32) (text string, err error) {
	err = p.store.db.QueryRowContext(ctx, "SELECT profile FROM profile WHERE user = ?", user).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return text, p.store.wrap(err)
}

// Change puts a text in the place of a user's, which it is given, in one transaction: of two at the same time none is lost.
func (p *Profiles) Change(ctx context.Context, user int32, change func(text string) (string, error)) error {
	return p.store.wrap(p.store.write(ctx, func(tx *sql.Tx) error {
		var text string
		err := tx.QueryRowContext(ctx, "SELECT profile FROM profile WHERE user = ?", user).Scan(&text)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if text, err = change(text); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO profile VALUES (?, ?) ON CONFLICT DO UPDATE SET profile = excluded.profile", user, plain(text))
		return err
	}))
}

// Users are those of whom something is known, ascending.
func (p *Profiles) Users(ctx context.Context) (users []int32, err error) {
	rows, err := p.store.db.QueryContext(ctx, "SELECT user FROM profile ORDER BY user")
	if err != nil {
		return nil, p.store.wrap(err)
	}
	defer func() { err = errors.Join(err, p.store.wrap(rows.Close())) }()
	for rows.Next() {
		var u int32
		if err := rows.Scan(&u); err != nil {
			return nil, p.store.wrap(err)
		}
		users = append(users, u)
	}
	return users, p.store.wrap(rows.Err())
}
