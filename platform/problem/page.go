package problem

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strconv"

	"app/platform/fault"
	"app/platform/httpheader"
	"app/platform/markup"
)

// PagePath is where Page has to be mounted; the type of every problem points there.
const PagePath = "/docs/problems"

var pageTemplate = markup.Must(markup.ParseHTML(markup.Source{Name: "problems", Text: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Problems</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; color: #1d1d1f; background: #fff }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .25rem }
h2 small { font-weight: normal; color: #55606e }
code { font-family: ui-monospace, monospace }
p { margin: .25rem 0 }
:target { background: #fff3c4 }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #16181c } h2 small { color: #9aa7b5 } :target { background: #4a3f12 }
}
</style>
</head>
<body>
<h1>Problems</h1>
<p>Every error reply is <code>application/problem+json</code> (RFC 9457). Decide by <code>code</code>; quote <code>request_id</code> when you ask for help.</p>
{{range .codes}}<h2 id="{{.code}}"><code>{{.code}}</code> <small>{{.status}} {{.title}}</small></h2>
<p>{{.help}}</p>
{{end}}</body>
</html>
`}))

// Page serves the page that the type of every problem points to: the codes of the
// platform and those given, of the modules. Mount it at PagePath.
func Page(reasons ...fault.Reason) http.Handler {
	infos := slices.Concat(catalogue, reasons)
	slices.SortStableFunc(infos, func(a, b fault.Reason) int {
		return cmp.Or(cmp.Compare(statusOf(a), statusOf(b)), cmp.Compare(a.Code, b.Code))
	})
	infos = slices.CompactFunc(infos, func(a, b fault.Reason) bool { return a.Code == b.Code && statusOf(a) == statusOf(b) })
	codes := make([]map[string]any, len(infos))
	for i, info := range infos {
		codes[i] = map[string]any{"code": info.Code, "status": strconv.Itoa(statusOf(info)), "title": info.Title, "help": info.Help}
	}
	page, err := pageTemplate.Execute("problems", map[string]any{"codes": codes})
	if err != nil {
		panic(err) // the template is part of the program
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", httpheader.PagePolicy)
		_, _ = io.WriteString(w, page)
	})
}
