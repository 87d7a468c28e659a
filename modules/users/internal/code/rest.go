package code

// AskInput asks for a code to be sent to an address.
type AskInput struct {
	Body struct {
		Email string `json:"email" example:"ada@example.com"`
	}
}

// AskedOutput names the request that a code was asked for with.
type AskedOutput struct {
	Body struct {
		Status  string `json:"status" enum:"accepted"`
		Request string `json:"request" example:"cod_01kan4v6e8fx2s1gq0vj5t3x7c" doc:"Send it along with the code: the code is good for this request only"`
	}
}

// Asked renders the end of asking for a code. It is the same for every address.
func Asked(request string, err error) (*AskedOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &AskedOutput{}
	out.Body.Status, out.Body.Request = "accepted", request
	return out, nil
}
