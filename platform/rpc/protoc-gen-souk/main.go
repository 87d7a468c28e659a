// Command protoc-gen-souk is the protoc plugin of the house; package generator says
// what it writes. It reads a CodeGeneratorRequest from standard input and writes a
// CodeGeneratorResponse, as protoc and buf expect.
package main

import (
	"google.golang.org/protobuf/compiler/protogen"

	"app/platform/rpc/internal/generator"
)

func main() {
	protogen.Options{}.Run(generator.Run)
}
