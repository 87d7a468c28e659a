package generator

import (
	"math/bits"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const slicesPackage = protogen.GoImportPath("slices")

// lengthPrefix bounds the bytes that tell the length of a string, of bytes or of a
// message.
const lengthPrefix = 5

// copies holds the names of the copying functions already written, per Go package: two
// files of one package share them.
type copies map[protogen.GoIdent]bool

// queueCopy queues the copy of a message unless it is written already.
func (w *writer) queueCopy(m *protogen.Message) {
	key := protogen.GoIdent{GoName: w.copyName(m), GoImportPath: w.file.GoImportPath}
	if !w.copied[key] {
		w.copied[key] = true
		w.queue = append(w.queue, m)
	}
}

// copyName names the copy of a message: copyOrder for an own one,
// copyTimestamppbTimestamp for a foreign one.
func (w *writer) copyName(m *protogen.Message) string {
	if m.GoIdent.GoImportPath == w.file.GoImportPath {
		return "copy" + m.GoIdent.GoName
	}
	pkg := protogen.GoIdent{GoName: "x", GoImportPath: m.GoIdent.GoImportPath}
	qualified := w.QualifiedGoIdent(pkg) // "timestamppb.x"
	name := qualified[:len(qualified)-len(".x")]
	return "copy" + string(name[0]-'a'+'A') + name[1:] + m.GoIdent.GoName
}

// writeCopies writes the queued functions, and those of the messages their fields hold.
func (w *writer) writeCopies() {
	for len(w.queue) > 0 {
		m := w.queue[0]
		w.queue = w.queue[1:]
		w.P("func ", w.copyName(m), "(c *", rpcPackage.Ident("Copier"), ", to, from *", m.GoIdent, ") {")
		if hasPlainFields(m) {
			w.plainCopy(m)
		} else {
			w.P("c.Encode(to, from)")
		}
		w.P("}")
		w.P()
	}
}

// hasPlainFields reports whether every field is in an exported Go field whose zero
// value means absence; it is so in proto3.
func hasPlainFields(m *protogen.Message) bool {
	return m.Desc.ParentFile().Syntax() == protoreflect.Proto3
}

func (w *writer) plainCopy(m *protogen.Message) {
	w.P("if from == nil {")
	w.P("return")
	w.P("}")
	fixed := 0
	for _, f := range m.Fields {
		if !f.Desc.IsList() && !f.Desc.IsMap() {
			fixed += tagSize(f) + maxValueSize(f.Desc.Kind())
		}
	}
	if fixed > 0 {
		w.P("c.Grow(", fixed, ")")
	}
	for _, f := range m.Fields {
		w.writeField(f)
	}
	if m.GoIdent.GoImportPath == w.file.GoImportPath {
		w.P("to.unknownFields = c.Bytes(from.unknownFields)")
	} else {
		w.P("c.Unknown(to, from)")
	}
}

func (w *writer) writeField(f *protogen.Field) {
	name := f.GoName
	switch {
	case f.Oneof != nil && !f.Oneof.Desc.IsSynthetic():
		if f == f.Oneof.Fields[0] {
			w.writeOneof(f.Oneof)
		}
	case f.Desc.IsMap():
		w.writeMap(f)
	case f.Desc.IsList():
		w.writeList(f)
	case f.Message != nil:
		w.queueCopy(f.Message)
		w.P("if from.", name, " != nil {")
		w.P("if to.", name, " == nil {") // a list has made room already
		w.P("to.", name, " = new(", f.Message.GoIdent, ")")
		w.P("}")
		w.P(w.copyName(f.Message), "(c, to.", name, ", from.", name, ")")
		w.P("}")
	case f.Desc.HasPresence():
		w.P("if from.", name, " != nil {")
		if f.Desc.Kind() == protoreflect.BytesKind {
			w.P("to.", name, " = c.Present(from.", name, ")")
		} else {
			w.P("v := ", scalarCopy(f.Desc.Kind(), "*from."+name, false))
			w.P("to.", name, " = &v")
		}
		w.P("}")
	default:
		w.P("to.", name, " = ", scalarCopy(f.Desc.Kind(), "from."+name, true))
	}
}

// writeMessageList copies a repeated field of messages with one allocation for all of
// them, and one for each message that their first holds.
func (w *writer) writeMessageList(f *protogen.Field) {
	to, from := "to."+f.GoName, "from."+f.GoName
	w.queueCopy(f.Message)
	held := singleMessageFields(f.Message)
	w.P("all := make([]", f.Message.GoIdent, ", n)")
	for _, h := range held {
		w.P("var all", h.GoName, " []", h.Message.GoIdent)
		w.P("if ", from, "[0].Get", h.GoName, "() != nil {")
		w.P("all", h.GoName, " = make([]", h.Message.GoIdent, ", n)")
		w.P("}")
	}
	w.P(to, " = make([]*", f.Message.GoIdent, ", n)")
	w.P("for i, v := range ", from, " {")
	for _, h := range held {
		w.P("if all", h.GoName, " != nil && v.Get", h.GoName, "() != nil {")
		w.P("all[i].", h.GoName, " = &all", h.GoName, "[i]")
		w.P("}")
	}
	w.P(w.copyName(f.Message), "(c, &all[i], v)")
	w.P(to, "[i] = &all[i]")
	w.P("}")
}

// singleMessageFields are the fields of a message that hold one message each, of
// another type: a tree is not laid out in advance.
func singleMessageFields(m *protogen.Message) []*protogen.Field {
	var fields []*protogen.Field
	for _, f := range m.Fields {
		if hasPlainFields(m) && f.Message != nil && f.Message != m && f.Oneof == nil && !f.Desc.IsList() && !f.Desc.IsMap() {
			fields = append(fields, f)
		}
	}
	return fields
}

// writeList copies a repeated field.
func (w *writer) writeList(f *protogen.Field) {
	to, from := "to."+f.GoName, "from."+f.GoName
	w.P("if n := len(", from, "); n > 0 {")
	w.P("c.Grow(n * ", tagSize(f)+maxValueSize(f.Desc.Kind()), ")")
	switch {
	case f.Message != nil:
		w.writeMessageList(f)
	case f.Desc.Kind() == protoreflect.StringKind || f.Desc.Kind() == protoreflect.BytesKind:
		w.P(to, " = make([]", goType(f.Desc.Kind()), ", n)")
		w.P("for i, v := range ", from, " {")
		w.P(to, "[i] = ", scalarCopy(f.Desc.Kind(), "v", false))
		w.P("}")
	default:
		w.P(to, " = ", slicesPackage.Ident("Clone"), "(", from, ")")
	}
	w.P("}")
}

func (w *writer) writeMap(f *protogen.Field) {
	key, value := f.Message.Fields[0], f.Message.Fields[1]
	w.P("if n := len(from.", f.GoName, "); n > 0 {")
	w.P("c.Grow(n * ", tagSize(f)+lengthPrefix+2+maxValueSize(key.Desc.Kind())+maxValueSize(value.Desc.Kind()), ")")
	switch {
	case value.Message != nil:
		w.queueCopy(value.Message)
		w.P("to.", f.GoName, " = make(map[", goType(key.Desc.Kind()), "]*", value.Message.GoIdent, ", n)")
	case value.Enum != nil:
		w.P("to.", f.GoName, " = make(map[", goType(key.Desc.Kind()), "]", value.Enum.GoIdent, ", n)")
	default:
		w.P("to.", f.GoName, " = make(map[", goType(key.Desc.Kind()), "]", goType(value.Desc.Kind()), ", n)")
	}
	w.P("for k, v := range from.", f.GoName, " {")
	target := "to." + f.GoName + "[" + scalarCopy(key.Desc.Kind(), "k", false) + "]"
	if value.Message != nil {
		w.P("e := new(", value.Message.GoIdent, ")")
		w.P(w.copyName(value.Message), "(c, e, v)")
		w.P(target, " = e")
	} else {
		w.P(target, " = ", scalarCopy(value.Desc.Kind(), "v", false))
	}
	w.P("}")
	w.P("}")
}

func (w *writer) writeOneof(o *protogen.Oneof) {
	w.P("switch v := from.", o.GoName, ".(type) {")
	for _, f := range o.Fields {
		w.P("case *", f.GoIdent, ":")
		w.P("if v != nil {")
		if f.Message != nil {
			w.queueCopy(f.Message)
			w.P("e := new(", f.Message.GoIdent, ")")
			w.P(w.copyName(f.Message), "(c, e, v.", f.GoName, ")")
			w.P("to.", o.GoName, " = &", f.GoIdent, "{", f.GoName, ": e}")
		} else {
			w.P("to.", o.GoName, " = &", f.GoIdent, "{", f.GoName, ": ", scalarCopy(f.Desc.Kind(), "v."+f.GoName, false), "}")
		}
		w.P("}")
	}
	w.P("}")
}

// scalarCopy is the expression of a copied value. Where emptyIsAbsent, empty bytes
// become nil as they do on the wire.
func scalarCopy(k protoreflect.Kind, from string, emptyIsAbsent bool) string {
	switch {
	case k == protoreflect.StringKind:
		return "c.Text(" + from + ")"
	case k == protoreflect.BytesKind && emptyIsAbsent:
		return "c.Bytes(" + from + ")"
	case k == protoreflect.BytesKind:
		return "c.Present(" + from + ")"
	default:
		return from
	}
}

func tagSize(f *protogen.Field) int {
	return (bits.Len(uint(f.Desc.Number())<<3) + 6) / 7
}

// maxValueSize bounds the encoded size of a value, without what is inside strings,
// bytes and messages.
func maxValueSize(k protoreflect.Kind) int {
	switch k {
	case protoreflect.BoolKind:
		return 1
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return 4
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return 8
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind, protoreflect.GroupKind:
		return lengthPrefix
	default: // a varint
		return 10
	}
}

func goType(k protoreflect.Kind) string {
	switch k {
	case protoreflect.BoolKind:
		return "bool"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return "int32"
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return "uint32"
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return "int64"
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return "uint64"
	case protoreflect.FloatKind:
		return "float32"
	case protoreflect.DoubleKind:
		return "float64"
	case protoreflect.BytesKind:
		return "[]byte"
	default:
		return "string"
	}
}
