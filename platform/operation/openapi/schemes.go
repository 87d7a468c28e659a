package openapi

import (
	"github.com/danielgtaylor/huma/v2"

	"app/platform/identity"
	"app/platform/operation"
)

// aboutOf is what the first of the modules that says something of the API says.
func aboutOf(apis []*operation.API) operation.About {
	for _, a := range apis {
		if about := a.About(); about != (operation.About{}) {
			return about
		}
	}
	return operation.About{}
}

// securitySchemes are the credentials that the operations name.
func securitySchemes(about operation.About) map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: about.Bearer},
		"password": {
			Type: "oauth2", Description: about.Password,
			Flows: &huma.OAuthFlows{Password: &huma.OAuthFlow{TokenURL: "/v1/auth/token", RefreshURL: "/v1/auth/token", Scopes: map[string]string{}}},
		},
		"session":            {Type: "apiKey", In: "cookie", Name: identity.SessionCookie, Description: about.Session},
		"apiKey":             {Type: "http", Scheme: "bearer", BearerFormat: "souk_...", Description: about.APIKey},
		identity.GuestScheme: {Type: "apiKey", In: "header", Name: identity.GuestHeader, Description: about.Guest},
	}
}
