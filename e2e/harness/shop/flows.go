package shop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// The shapes of the wire, as the API documents them.
type (
	// Money is an amount in minor units.
	Money struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	}
	// Product is one product of the catalog.
	Product struct {
		ID         string    `json:"id"`
		MerchantID string    `json:"merchant_id"`
		Title      string    `json:"title"`
		SKU        string    `json:"sku"`
		Price      Money     `json:"price"`
		Available  int64     `json:"available"`
		CreatedAt  time.Time `json:"created_at"`
	}
	// Line is one product of a cart or an order.
	Line struct {
		ProductID string `json:"product_id"`
		Quantity  int64  `json:"quantity"`
		Price     Money  `json:"price"`
		Total     Money  `json:"total"`
	}
	// Cart is a cart; Token is there only for guests and only at creation.
	Cart struct {
		ID    string `json:"id"`
		Token string `json:"token"`
		Lines []Line `json:"lines"`
		Total Money  `json:"total"`
	}
	// Order is an order as its buyer sees it.
	Order struct {
		ID      string `json:"id"`
		CartID  string `json:"cart_id"`
		Status  string `json:"status"`
		Email   string `json:"email"`
		Lines   []Line `json:"lines"`
		Total   Money  `json:"total"`
		Payment struct {
			ID     string `json:"id"`
			Status string `json:"status"`
		} `json:"payment"`
		Timeline []struct {
			At    time.Time `json:"at"`
			Event string    `json:"event"`
		} `json:"timeline"`
	}
	// Stock is what a product's merchant sees of it.
	Stock struct {
		OnHand    int64 `json:"on_hand"`
		Held      int64 `json:"held"`
		Sold      int64 `json:"sold"`
		Available int64 `json:"available"`
	}
	// Letter is an e-mail in the development mailbox.
	Letter struct {
		ID      string `json:"id"`
		To      string `json:"to"`
		Subject string `json:"subject"`
		Text    string `json:"text"`
		HTML    string `json:"html"`
	}
	// Tokens is the answer to a sign-in.
	Tokens struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int    `json:"expires_in"`
	}
)

// Password passes the password policy.
const Password = "Correct-Horse-9"

// codePattern finds the one-time code in a letter.
var codePattern = regexp.MustCompile(`\b\d{6}\b`)

// As returns a client for the same shop that calls with the token.
func (c *Client) As(token string) *Client {
	other := *c
	other.Token, other.CartToken = token, ""
	return &other
}

// SignUp registers the address, reads the code from the mailbox, verifies, signs in,
// and returns a client that is signed in.
func (c *Client) SignUp(ctx context.Context, email string) (*Client, error) {
	body := map[string]string{
		"email": email, "password": Password, "confirm_password": Password,
		"first_name": "Ada", "middle_name": "", "last_name": "Lovelace",
	}
	var accepted struct{ Registration string }
	if err := c.Call(ctx, http.StatusAccepted, http.MethodPost, "/v1/auth/register", body, &accepted); err != nil {
		return nil, err
	}
	letter, err := c.AwaitLetter(ctx, email, codePattern)
	if err != nil {
		return nil, err
	}
	proof := map[string]string{"email": email, "code": codePattern.FindString(letter.Text), "registration": accepted.Registration}
	if err := c.Call(ctx, http.StatusOK, http.MethodPost, "/v1/auth/verify", proof, nil); err != nil {
		return nil, err
	}
	tokens, err := c.SignIn(ctx, email, Password)
	if err != nil {
		return nil, err
	}
	return c.As(tokens.AccessToken), nil
}

// SignIn exchanges a password for tokens.
func (c *Client) SignIn(ctx context.Context, email, password string) (t Tokens, err error) {
	err = c.Call(ctx, http.StatusOK, http.MethodPost, "/v1/auth/login", map[string]string{"email": email, "password": password}, &t)
	return t, err
}

// OpenMerchant opens a merchant account and returns its id.
func (c *Client) OpenMerchant(ctx context.Context, name string) (string, error) {
	var m struct {
		ID string `json:"id"`
	}
	err := c.Call(ctx, http.StatusCreated, http.MethodPost, "/v1/merchants", map[string]string{"name": name}, &m)
	return m.ID, err
}

// List puts a product on sale.
func (c *Client) List(ctx context.Context, merchant, sku string, price Money, stock int64) (p Product, err error) {
	err = c.Call(ctx, http.StatusCreated, http.MethodPost, "/v1/products", map[string]any{
		"merchant_id": merchant, "title": "Product " + sku, "description": "A thing worth having.", "price": price, "sku": sku, "stock": stock,
	}, &p)
	return p, err
}

// NewCart makes a cart, a guest's when the client is anonymous, and returns a client
// that may use it. The key makes a repetition meet the same cart.
func (c *Client) NewCart(ctx context.Context, key string) (*Client, Cart, error) {
	var cart Cart
	if err := c.Call(ctx, http.StatusCreated, http.MethodPost, "/v1/carts", struct{}{}, &cart, Key(key)); err != nil {
		return nil, Cart{}, err
	}
	mine := *c
	mine.CartToken = cart.Token
	return &mine, cart, nil
}

// Put sets the quantity of a product in a cart.
func (c *Client) Put(ctx context.Context, cart, product string, quantity int64) error {
	return c.Call(ctx, http.StatusOK, http.MethodPut, "/v1/carts/"+cart+"/lines/"+product, map[string]any{"quantity": quantity}, nil)
}

// Checkout completes a cart.
func (c *Client) Checkout(ctx context.Context, cart, email, method, key string) (o Order, err error) {
	err = c.Call(ctx, http.StatusCreated, http.MethodPost, "/v1/carts/"+cart+"/checkout",
		map[string]string{"email": email, "payment_method": method}, &o, Key(key))
	return o, err
}

// Order reads an order.
func (c *Client) Order(ctx context.Context, id string) (o Order, err error) {
	err = c.Call(ctx, http.StatusOK, http.MethodGet, "/v1/orders/"+id, nil, &o)
	return o, err
}

// Stock reads a product's stock.
func (c *Client) Stock(ctx context.Context, product string) (s Stock, err error) {
	err = c.Call(ctx, http.StatusOK, http.MethodGet, "/v1/products/"+product+"/stock", nil, &s)
	return s, err
}

// Letters reads the development mailbox, newest first.
func (c *Client) Letters(ctx context.Context, to string) ([]Letter, error) {
	var box struct {
		Data []Letter `json:"data"`
	}
	err := c.Call(ctx, http.StatusOK, http.MethodGet, "/dev/mailbox.json?to="+url.QueryEscape(to), nil, &box)
	return box.Data, err
}

// errWaiting is what Await's condition returns while it does not hold yet.
var errWaiting = errors.New("not yet")

// awaitPatience is for a machine that does much else: the first start of a shop on a
// server runs two hundred migrations.
const awaitPatience = 3 * time.Minute

// Await asks until the condition holds, for awaitPatience at most; the last reason is
// in the error.
func Await(ctx context.Context, what string, condition func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, awaitPatience)
	defer cancel()
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// AwaitLetter waits for a letter whose text or subject matches.
func (c *Client) AwaitLetter(ctx context.Context, to string, match *regexp.Regexp) (found Letter, err error) {
	err = Await(ctx, fmt.Sprintf("an e-mail to %s matching %s", to, match), func(ctx context.Context) error {
		letters, err := c.Letters(ctx, to)
		if err != nil {
			return err
		}
		for _, l := range letters {
			if match.MatchString(l.Text) || match.MatchString(l.Subject) {
				found = l
				return nil
			}
		}
		return fmt.Errorf("%w: %d e-mails", errWaiting, len(letters))
	})
	return found, err
}

// AwaitOrder waits until the order has the status.
func (c *Client) AwaitOrder(ctx context.Context, id, status string) (o Order, err error) {
	err = Await(ctx, "order "+id+" to be "+status, func(ctx context.Context) error {
		if o, err = c.Order(ctx, id); err != nil {
			return err
		}
		if o.Status != status {
			return fmt.Errorf("%w: %s, payment %s", errWaiting, o.Status, o.Payment.Status)
		}
		return nil
	})
	return o, err
}
