package httpserver

import "bytes"

// header is what the server sees of a request's header as it arrives, before net/http
// reads it: how many lines it has, and whether its framing has more than one reading.
// net/http takes a bare LF for the end of a line and Transfer-Encoding without a word
// about the Content-Length beside it, while a proxy in front may take the other; each
// then finds another end of the request (request smuggling, RFC 9112 section 11.2).
type header struct {
	count int
	blank bool // the last line so far is empty
	ended bool

	last byte                // of what came before
	name [longestFramed]byte // the beginning of the line, in lower case
	size int                 // how much of name is used

	bareLF, length, coded bool
}

const (
	lengthField   = "content-length:"
	codingField   = "transfer-encoding:"
	longestFramed = len(codingField)
)

// hasTooManyLines reports whether there are more fields than anybody needs.
func (h *header) hasTooManyLines() bool { return h.count > maxHeaderLines }

// isAmbiguous reports whether the header is to be refused: it has a line that ends
// without CR (RFC 9112 section 2.2), a Content-Length beside a Transfer-Encoding
// (section 6.1), or a Transfer-Encoding under HTTP/1.0, which has none (likewise).
func (h *header) isAmbiguous(minor int) bool { return h.bareLF || h.coded && (h.length || minor == 0) }

// scanBytes takes the next bytes.
func (h *header) scanBytes(b []byte) {
	for !h.ended && len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			h.blank = h.blank && onlyReturn(b)
			h.appendToLine(b)
			break
		}
		h.appendToLine(b[:end])
		h.endLine()
		if h.blank && onlyReturn(b[:end]) && h.count > 0 {
			h.ended = true
			break
		}
		h.count++
		h.blank, b = true, b[end+1:]
	}
}

// appendToLine takes a part of a line.
func (h *header) appendToLine(b []byte) {
	if len(b) == 0 {
		return
	}
	for i := 0; i < len(b) && h.size < longestFramed; i++ {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		h.name[h.size] = c
		h.size++
	}
	h.last = b[len(b)-1]
}

// endLine ends a line.
func (h *header) endLine() {
	h.bareLF = h.bareLF || h.last != '\r'
	name := h.name[:h.size]
	h.length = h.length || bytes.HasPrefix(name, []byte(lengthField))
	h.coded = h.coded || bytes.HasPrefix(name, []byte(codingField))
	h.last, h.size = 0, 0
}

// onlyReturn reports whether a line has nothing but the carriage return of its end.
func onlyReturn(b []byte) bool { return len(b) == 0 || len(b) == 1 && b[0] == '\r' }
