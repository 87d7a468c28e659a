package generator_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	"app/platform/rpc/internal/generator"
	"app/platform/rpc/rpctest/parityv1"
)

// request asks for the code of a file, which change may alter first.
func request(file protoreflect.FileDescriptor, change func(*descriptorpb.FileDescriptorProto)) *pluginpb.CodeGeneratorRequest {
	r := &pluginpb.CodeGeneratorRequest{FileToGenerate: []string{file.Path()}, Parameter: proto.String("paths=source_relative")}
	seen := map[string]bool{}
	var add func(f protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i).FileDescriptor)
		}
		d := protodesc.ToFileDescriptorProto(f)
		if f.Path() == file.Path() {
			change(d)
		}
		r.ProtoFile = append(r.ProtoFile, d)
	}
	add(file)
	return r
}

// generated runs the generator.
func generated(t *testing.T, r *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorResponse, error) {
	t.Helper()
	p, err := protogen.Options{}.New(r)
	if err != nil {
		t.Fatal(err)
	}
	err = generator.Run(p)
	return p.Response(), err
}

func TestRun(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("../../rpctest/parityv1/parity.souk.go")
	if err != nil {
		t.Fatal(err)
	}
	res, err := generated(t, request(parityv1.File_platform_rpc_rpctest_parityv1_parity_proto, func(*descriptorpb.FileDescriptorProto) {}))
	if err != nil || len(res.GetFile()) != 1 {
		t.Fatalf("%v: %d files", err, len(res.GetFile()))
	}
	if name := res.GetFile()[0].GetName(); name != "platform/rpc/rpctest/parityv1/parity.souk.go" {
		t.Errorf("wrote %s", name)
	}
	if diff := cmp.Diff(string(want), res.GetFile()[0].GetContent()); diff != "" {
		t.Errorf("the committed file is another (make generate), -want +got\n%s", diff)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*descriptorpb.FileDescriptorProto){
		"ServerStream":     func(f *descriptorpb.FileDescriptorProto) { f.Service[0].Method[0].ServerStreaming = proto.Bool(true) },
		"ClientStream":     func(f *descriptorpb.FileDescriptorProto) { f.Service[0].Method[0].ClientStreaming = proto.Bool(true) },
		"PackageNoVersion": func(f *descriptorpb.FileDescriptorProto) { rename(f, "souk.parity") },
		"PackageTooShort":  func(f *descriptorpb.FileDescriptorProto) { rename(f, "souk.v1") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := generated(t, request(parityv1.File_platform_rpc_rpctest_parityv1_parity_proto, change))
			if err == nil {
				t.Error("generated")
			}
		})
	}
}

// rename moves the file's service to another package, without its messages' fields,
// which would name the former one.
func rename(f *descriptorpb.FileDescriptorProto, pkg string) {
	f.Package = proto.String(pkg)
	f.MessageType = []*descriptorpb.DescriptorProto{{Name: proto.String("M")}}
	f.EnumType = nil
	f.Service = []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("S"), Method: []*descriptorpb.MethodDescriptorProto{{
		Name: proto.String("Do"), InputType: proto.String("." + pkg + ".M"), OutputType: proto.String("." + pkg + ".M"),
	}}}}
}
