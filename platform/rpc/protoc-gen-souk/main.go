// Command protoc-gen-souk is the protoc plugin of the house. For each service of a contract it writes a client
// whose every method goes through the guard of package rpc, and copies of the messages that do for a local call what
// encoding and decoding do for a remote one. It reads a CodeGeneratorRequest from standard input, as protoc and buf
// send it.
package main

import (
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	protogen.Options{}.Run(func(p *protogen.Plugin) error {
		p.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL |
			pluginpb.CodeGeneratorResponse_FEATURE_SUPPORTS_EDITIONS)
		p.SupportedEditionsMinimum = descriptorpb.Edition_EDITION_PROTO2
		p.SupportedEditionsMaximum = descriptorpb.Edition_EDITION_2024
		copied := copies{}
		for _, file := range p.Files {
			if !file.Generate || len(file.Services) == 0 {
				continue
			}
			if err := generate(p, file, copied); err != nil {
				return err
			}
		}
		return nil
	})
}
