// Package generator writes what protoc-gen-souk generates: for each service of a
// contract a client whose every method goes through the guard of package rpc, and for
// each message of the service a copy that does for a local call what encoding and
// decoding do for a remote one.
package generator

import (
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// Run generates a .souk.go file beside the messages of each file that has services. It
// refuses streams and packages that are not named like souk.<module>.v1.
func Run(p *protogen.Plugin) error {
	p.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL |
		pluginpb.CodeGeneratorResponse_FEATURE_SUPPORTS_EDITIONS)
	p.SupportedEditionsMinimum = descriptorpb.Edition_EDITION_PROTO2
	p.SupportedEditionsMaximum = descriptorpb.Edition_EDITION_2024
	copied := copies{}
	for _, file := range p.Files {
		if !file.Generate || len(file.Services) == 0 {
			continue
		}
		if err := generateFile(p, file, copied); err != nil {
			return err
		}
	}
	return nil
}
