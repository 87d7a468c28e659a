package apikey

// The conversions that tests fill and compare.
var (
	ToKey     = toKey
	RenderKey = renderKey
)
