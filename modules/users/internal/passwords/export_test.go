package passwords

// RawHash is a hash as it was made before passwords were put in one form: of the bytes
// that were typed.
func RawHash(p Params, password string) string {
	salt := []byte("0123456789abcdef")
	return phc{p, salt, NewHasher(p, nil).argon2Sum(p, password, salt, sumBytes)}.String()
}
