// Command lura stands in the gateway's place with the core of KrakenD: its router (gin)
// and its proxy, which pass requests on and do nothing else. The reply goes through as
// it comes ("no-op"), connections to the module are kept, nothing is logged, counted or
// recovered.
//
//	lura configuration.json
package main

import (
	"fmt"
	"os"

	engine "github.com/gin-gonic/gin"
	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"
	"github.com/luraproject/lura/v2/router/gin"
	"github.com/luraproject/lura/v2/transport/http/server"
)

func main() {
	if len(os.Args) != 2 {
		fail("usage: lura configuration.json")
	}
	service, err := config.NewParser().Parse(os.Args[1])
	if err != nil {
		fail(err)
	}
	engine.SetMode(engine.ReleaseMode)
	router := gin.NewFactory(gin.Config{
		Engine:         bare(),
		HandlerFactory: gin.EndpointHandler,
		ProxyFactory:   proxy.DefaultFactory(logging.NoOp),
		Logger:         logging.NoOp,
		RunServer:      server.RunServer,
	}).New()
	router.Run(service)
	fail("the server ended") // it serves until the process is stopped, or cannot listen
}

// bare is gin without what it brings by default, which logs each request and looks for
// proxies in front of it.
func bare() *engine.Engine {
	e := engine.New()
	e.ForwardedByClientIP = false
	return e
}

func fail(reason any) {
	fmt.Fprintln(os.Stderr, "lura:", reason)
	os.Exit(1)
}
