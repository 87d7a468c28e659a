package operation

// About is what the public document says of the API as a whole. One module declares it:
// the one that knows the credentials.
type About struct {
	// Summary is a sentence on what the API is for.
	Summary string
	// The rest says of each credential what it is and where to get it.
	Bearer   string // an access token
	Password string // an access token by the password grant of OAuth 2
	Session  string // a browser's cookie
	APIKey   string
	Guest    string // identity.GuestHeader
}

// Describe declares what the document says of the API as a whole.
func (a *API) Describe(about About) { a.about = about }

// About is what Describe declared, the zero value when nothing was.
func (a *API) About() About { return a.about }
